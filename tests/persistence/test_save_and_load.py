"""Saved models come back bit-equal, and files that are not ours end in one sentence."""

import pytest
import torch
import yaml
from torch import nn

import groupae
from groupae import SO2, LatentActionAE, PartsAction, VectorAction
from groupae._files import sealed
from groupae.models import UNetDecoder, UNetEncoder

RHO = SO2().rep("4x0 + 2x1")


@groupae.configurable
class Scaled(nn.Module):
    def __init__(self, inner, *, factor=1.0):
        super().__init__()
        self.inner, self.factor = inner, factor
        self.register_buffer("seen", torch.zeros(2))

    def forward(self, x):
        return self.factor * self.inner(x)


@groupae.configurable
def size(crossed):
    return crossed.prediction.square().mean()


def linear_model(**options):
    return LatentActionAE(nn.Linear(6, 8), nn.Linear(8, 6), VectorAction(RHO), **options)


def assert_equal(model, again):
    own, new = model.state_dict(), again.state_dict()
    assert list(own) == list(new)
    for name, value in own.items():
        assert new[name].dtype == value.dtype
        assert new[name].stride() == value.stride()
        assert torch.equal(new[name], value)


def unet():
    shape = {"size": 8, "widths": (8, 16)}
    action = PartsAction({"code": VectorAction(RHO), "skip0": None})
    return LatentActionAE(UNetEncoder(8, [2], **shape), UNetDecoder(8, [2], **shape), action)


def conv():
    return LatentActionAE.conv(RHO, (1, 8, 8), widths=(8,), objective={"log_mse": 0.5, "mse": 2.0})


@pytest.mark.parametrize("make", [unet, conv])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_predicts_the_same_after_saving(make, dtype, tmp_path):
    model = make().to(dtype).eval()
    again = groupae.load(groupae.save(model, tmp_path / "model"))
    assert_equal(model, again)
    assert not again.encoder.training
    g, x = torch.rand(3, dtype=dtype), torch.rand(3, 1, 8, 8, dtype=dtype)
    assert torch.equal(again.transform(g, x), model.transform(g, x))
    batch = groupae.PairBatch(x, g, x.flip(0))
    assert again.loss(batch).keys() == model.loss(batch).keys()
    assert all(torch.equal(v, model.loss(batch)[k]) for k, v in again.loss(batch).items())


def test_tied_and_frozen_weights_and_modes_come_back(tmp_path):
    encoder = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 8), nn.ELU(), nn.Linear(8, 8))
    encoder[3].weight = encoder[1].weight
    encoder[0].weight.requires_grad_(False)
    model = LatentActionAE(encoder, nn.Linear(8, 6), VectorAction(RHO))
    model.decoder.eval()
    again = groupae.load(groupae.save(model, tmp_path / "model"))
    assert_equal(model, again)
    assert again.encoder[3].weight is again.encoder[1].weight
    assert not again.encoder[0].weight.requires_grad
    assert again.encoder[0].bias.requires_grad
    assert (again.training, again.encoder.training, again.decoder.training) == (True, True, False)


def test_own_classes_are_given_to_load(tmp_path):
    model = linear_model(objective={"mse": 1.0, "size": (0.1, size)})
    model = LatentActionAE(
        Scaled(nn.Linear(6, 8), factor=2.0), model.decoder, model.action, model.objective
    )
    model.encoder.seen += 3
    folder = groupae.save(model, tmp_path / "model")
    with pytest.raises(ValueError, match=r"'Scaled', which is none of groupae's.*classes="):
        groupae.load(folder)
    again = groupae.load(folder, classes=[Scaled, size])
    assert_equal(model, again)
    assert again.encoder.factor == 2.0
    assert again.objective.terms["size"] == (0.1, size)


class Unmarked(nn.Linear):
    pass


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: linear_model(objective={"own": (1.0, lambda c: c.prediction.mean())}), "own"),
        (lambda: LatentActionAE(Unmarked(6, 8), nn.Linear(8, 6), VectorAction(RHO)), "encoder"),
        (
            lambda: LatentActionAE(nn.Linear(6, 8), nn.Sequential(nn.GRU(8, 6)), VectorAction(RHO)),
            r"decoder\.0",
        ),
    ],
)
def test_a_part_that_cannot_be_described_is_named_when_saving(make, named, tmp_path):
    with pytest.raises(TypeError, match=named):
        groupae.save(make(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_model_changed_after_it_was_made_is_refused(tmp_path):
    model = conv()
    model.encoder.more = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=r"encoder\.more"):
        groupae.save(model, tmp_path / "model")


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(FileExistsError, match="thesis"):
        groupae.save(linear_model(), tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def edited(folder, change):
    file = folder / "model.yaml"
    values = yaml.safe_load(file.read_text())
    change(values)
    file.write_text(yaml.safe_dump(sealed(values)))


DAMAGES = {
    "newer": (lambda v: v.update(groupae_model=3), "update groupae"),
    "class": (lambda v: v["model"].update({"class": "os.system"}), "none of groupae's"),
    "layer": (lambda v: v["model"]["arguments"]["encoder"].update(torch="load"), "simple ones"),
    "argument": (lambda v: v["model"]["arguments"].update(depth=3), "does not take"),
    "shape": (
        lambda v: v["model"]["arguments"]["encoder"]["arguments"].update(in_features=5),
        r"encoder.weight' of shape \(8, 6\), not \(8, 5\)",
    ),
    "frozen": (lambda v: v["state"].update(frozen=["nothing"]), "nothing"),
    "bytes": (lambda v: v["weights"].update(bytes=3), "size"),
    "no state": (lambda v: v.update(state=[]), "description of a model"),
}


@pytest.mark.parametrize("name", tuple(DAMAGES))
def test_a_changed_description_ends_in_a_sentence(name, tmp_path):
    change, words = DAMAGES[name]
    folder = groupae.save(linear_model(), tmp_path / "model")
    edited(folder, change)
    with pytest.raises(ValueError, match=words):
        groupae.load(folder)


def test_damaged_files_end_in_a_sentence(tmp_path):
    folder = groupae.save(linear_model(), tmp_path / "model")
    file = folder / "model.yaml"
    text = file.read_text()
    for content, words in (
        (text.replace("in_features: 6", "in_features: 7"), "a changed one"),
        ("[" * 500, "levels"),
        ("a: &x 1\nb: *x", "alias"),
        ("!!python/object/apply:os.system ['true']", "YAML"),
        ("#" * 2**21, "bytes"),
        ("", "groupae_model"),
    ):
        file.write_text(content)
        with pytest.raises(ValueError, match=words):
            groupae.load(folder)
    file.write_text(text)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ValueError, match="SHA-256"):
        groupae.load(folder)
    weights.unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors"):
        groupae.load(folder)


def test_a_run_folder_is_pointed_to_run_open(tmp_path):
    (tmp_path / "config.yaml").write_text("groupae_run: 1")
    with pytest.raises(FileNotFoundError, match=r"Run\.open"):
        groupae.load(tmp_path)


def test_the_identity_of_torch_comes_back(tmp_path):
    groupae.save(torch.nn.Identity(), tmp_path / "model")
    assert type(groupae.load(tmp_path / "model")) is torch.nn.Identity


def test_saving_and_loading_leave_the_global_generator_alone(tmp_path):
    model = torch.nn.Linear(3, 2)
    state = torch.get_rng_state()
    groupae.save(model, tmp_path / "model")
    groupae.load(tmp_path / "model")
    assert torch.equal(state, torch.get_rng_state())
