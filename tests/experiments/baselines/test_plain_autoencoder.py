"""Plain autoencoder: no element in its training, and the action that its code has by itself."""

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, OrbitPairs, PairBatch, TrainingConfig, fit
from groupae.experiments import EXPERIMENTS, build_model
from groupae.experiments.baselines import PlainAutoencoder
from groupae.experiments.presets.config import BaselineConfig
from groupae.models import TransformModel
from groupae.protocols import ClosedFormParts, Codec
from groupae.testing import check_action
from groupae.training import KeepBest, KeepSnapshots, load_best

RHO = SO2().rep("1x0 + 1x1 + 1x2")
LARGEST = SO2().rep("2x0 + 3x1 + 2x2 + 1x3")


def hidden_data(rho, count=300, seed=0):
    """Return pairs of vectors on which a representation acts behind a random matrix."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.linalg.qr(torch.randn(rho.dim, rho.dim, generator=generator)).Q
    x = torch.randn(count, rho.dim, generator=generator) @ mix.mT
    return OrbitPairs(x, rho.group, lambda g, v: rho.act(g, v @ mix) @ mix.mT)


def exact(rho=RHO, largest=LARGEST):
    """Return a model whose autoencoder is perfect, so that only the action is missing."""
    return PlainAutoencoder(torch.nn.Identity(), torch.nn.Identity(), largest, rho.dim, pairs=1500)


def small(seed=0):
    """Return a model with weights."""
    torch.manual_seed(seed)
    encoder, decoder = torch.nn.Linear(RHO.dim, RHO.dim), torch.nn.Linear(RHO.dim, RHO.dim)
    return PlainAutoencoder(encoder, decoder, LARGEST, RHO.dim, pairs=600)


@pytest.mark.parametrize(
    ("rho", "largest"),
    [
        (RHO, LARGEST),
        (SO3().rep("1x0 + 2x1"), SO3().rep("2x0 + 2x1 + 1x2")),
        (Cyclic(6).rep("1x0 + 1x1 + 1x3"), Cyclic(6).rep("1x0 + 2x1 + 1x2 + 2x3")),
    ],
    ids=lambda rho: str(rho.group),
)
def test_it_finds_the_action_of_its_code(rho, largest):
    data, model = hidden_data(rho), exact(rho, largest)
    assert isinstance(model, TransformModel)
    assert isinstance(model, ClosedFormParts)
    batch = data.fixed()
    before = model.transform(batch.g, batch.x1)
    assert torch.equal(before, torch.zeros_like(before))
    fitted = model.set_closed_form_parts(data)
    assert str(fitted.representation) == str(rho)
    assert torch.allclose(model.transform(batch.g, batch.x1), batch.x2, atol=2e-3)
    assert check_action(model.action).passed
    assert (model.encode(batch.x1).abs().amax(0) > 0).sum() == rho.dim  # others stay 0


def total(model, batch):
    """Return the loss, without gradients."""
    return torch.stack(list(model.loss(batch).values())).sum().detach()


def test_no_element_enters_the_loss():
    model, batch = small(), hidden_data(RHO).batch(0, 32)
    other = PairBatch(batch.x1, SO2().sample(32), batch.x2)
    assert torch.equal(*(total(model, pairs) for pairs in (batch, other)))
    assert float(total(exact(), batch)) == 0


def test_the_action_is_that_of_the_pairs_it_is_trained_on():
    rho = SO2().rep("1x1 + 1x3")

    def quarters(*batch, generator):
        return torch.randint(4, batch, generator=generator) * (torch.pi / 2)

    x = torch.randn(400, 4, generator=torch.Generator().manual_seed(0))
    data = OrbitPairs(x, SO2(), rho.act, sample=quarters)
    model = exact(rho, LARGEST)
    with pytest.warns(UserWarning, match=r"left out: 2 \(split\)|3 \(like 1\)"):
        model.set_closed_form_parts(data)
    everywhere = OrbitPairs(x, SO2(), rho.act).fixed()
    error = (model.transform(everywhere.g, everywhere.x1) - everywhere.x2).square().mean()
    assert float(error) > 0.3  # frequencies 1 and 3 cannot be told apart


def trained(data, folder, *, average, resume=None, stop=None):
    """Return a model after some steps, and what its callbacks kept."""
    config = TrainingConfig(steps=6, batch_size=16, validations=3, learning_rate=1e-2, **average)

    class Stop(KeepSnapshots):
        def on_step(self, state):
            if state.step == stop:
                raise KeyError("stopped")

    model = small()
    callbacks = [Stop(folder / "snapshots", every_steps=1), KeepBest(folder / "best")]
    options = {"score": "relative_snr", "callbacks": callbacks, "resume": resume}
    fit(model, data, data.fixed()[:100], config, **options)
    return model


@pytest.mark.parametrize("average", [{}, {"ema_share": 0.3}])
def test_a_checkpoint_holds_the_action_and_a_resumed_training_is_the_same(tmp_path, average):
    data = hidden_data(RHO)
    batch = data.fixed()[:50]
    model = trained(data, tmp_path / "a", average=average)
    moved = model.transform(batch.g, batch.x1).detach()
    assert float(moved.var(0).mean()) > 0.01
    loaded = small(seed=1)
    loaded.load_state_dict(load_best(tmp_path / "a" / "best").weights)
    assert torch.equal(loaded.transform(batch.g, batch.x1), moved)
    with pytest.raises(KeyError, match="stopped"):
        trained(data, tmp_path / "b", average=average, stop=4)
    resumed = trained(
        data, tmp_path / "b", average=average, resume=tmp_path / "b" / "snapshots"
    ).state_dict()
    for name, value in model.state_dict().items():
        assert torch.equal(resumed[name], value), name


def test_a_group_without_a_haar_average_is_refused():
    why = PlainAutoencoder.capabilities.obstacle(Affine(), has_data_action=False)
    assert why == "needs a compact group, not Aff+(1)"
    with pytest.raises(ValueError, match="PlainAutoencoder: expected a compact group, got Aff"):
        PlainAutoencoder(torch.nn.Identity(), torch.nn.Identity(), Affine().rep("1xstd"), 2)


def test_its_code_is_one_vector():
    data = EXPERIMENTS["rotated-digits"].data
    options = {"features": "2x1", "backbone": "unet", "representation": "4x0", "skips": ("2x0",)}
    with pytest.raises(ValueError, match="system 'plain': expected a code of one vector"):
        build_model(data, BaselineConfig("plain", {**options, "widths": (8,)}), seed=0)


def test_a_collapsed_encoder_is_one_sentence():
    data, model = hidden_data(RHO), small()
    torch.nn.init.zeros_(model.encoder[0].weight)
    with pytest.raises(ValueError, match="a collapsed encoder"):
        model.set_closed_form_parts(data)


def test_it_is_a_codec():
    model, data = exact(), hidden_data(RHO)
    model.set_closed_form_parts(data)
    codec: Codec = model
    batch = data.fixed()[:20]
    z = codec.encode(batch.x1)
    for _ in range(50):
        z = codec.action(batch.g / 50, z)
    assert torch.allclose(codec.decode(z), batch.x2, atol=2e-3)


def test_features_have_places_in_a_larger_code_only():
    data = hidden_data(RHO)
    fitted = exact().set_closed_form_parts(data)
    assert fitted.places_in(LARGEST).tolist() == [0, 2, 5, 8, 10]
    with pytest.raises(ValueError, match=r"places_in: expected a representation with all copies"):
        fitted.places_in(SO2().rep("1x0 + 1x1"))
    with pytest.raises(TypeError, match=r"places_in: expected a sum of irreps"):
        fitted.places_in("1x0")
