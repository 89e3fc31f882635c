"""Tied weights are saved once and tied again; entries that cannot be saved raise at once."""

import functools
import json

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, evaluate, fit
from groupae.metrics import Score
from groupae.training import CheckpointError, KeepBest, load_best, load_checkpoint, save_checkpoint

RHO = SO2().rep("2x0 + 3x1")
CONFIG = TrainingConfig(steps=12, batch_size=16, learning_rate=1e-2, validations=3)
G = torch.Generator().manual_seed(0)
TRAIN = OrbitPairs(torch.randn(64, 8, generator=G), SO2(), RHO.act)


class Affine(nn.Module):
    """A linear layer by a weight that others may have too."""

    def __init__(self, weight, *, transposed=False):
        super().__init__()
        self.weight, self.transposed = weight, transposed

    def forward(self, x):
        return x @ (self.weight if self.transposed else self.weight.mT)


class WithState(nn.Linear):
    """A layer with extra state, as `torch.nn.Module.get_extra_state` allows."""

    def __init__(self, state):
        super().__init__(8, 8)
        self.state = state

    def get_extra_state(self):
        return self.state

    def set_extra_state(self, state):
        self.state = state


def model(encoder, decoder):
    return LatentActionAE(encoder, decoder, VectorAction(RHO))


def tied():
    weight = nn.Parameter(torch.randn(8, 8))
    return model(Affine(weight), Affine(weight, transposed=True))


def one_layer_under_two_names():
    layer = nn.Linear(8, 8)
    return model(layer, layer)


def views_of_one_storage():
    storage = torch.randn(2, 8, 8)
    return model(Affine(nn.Parameter(storage[0])), Affine(nn.Parameter(storage[1])))


def overlapping_views():
    storage = torch.randn(12, 8)
    return model(Affine(nn.Parameter(storage[:8])), Affine(nn.Parameter(storage[4:])))


def not_contiguous():
    return model(Affine(nn.Parameter(torch.randn(8, 8).mT)), nn.Linear(8, 8))


def transposed_parameter():
    weight = torch.randn(8, 8)
    return model(Affine(nn.Parameter(weight)), Affine(nn.Parameter(weight.mT)))


def shared_buffers():
    made = model(nn.Linear(8, 8), nn.Linear(8, 8))
    steps = torch.zeros(3)
    made.encoder.register_buffer("steps", steps)
    made.decoder.register_buffer("steps", steps)
    made.decoder.register_buffer("none", None)
    made.decoder.register_buffer("empty", torch.zeros(0))
    made.encoder.register_buffer("empty", torch.zeros(0))
    made.decoder.register_buffer("count", torch.tensor(3))
    return made


def weight_norm():
    return model(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8)), nn.Linear(8, 8))


def extra_state():
    state = {"vocabulary": ["a", "b"], "rate": 0.5, "on": True}
    return model(WithState(state), WithState(torch.ones(3)))


class LateBuffer(nn.Linear):
    """A layer that makes a buffer when it is first trained."""

    def __init__(self):
        super().__init__(8, 8)
        self.register_buffer("seen", None)

    def forward(self, x):
        if self.training:
            self.seen = x.detach().mean(0)
        return super().forward(x)


def expanded_but_not_kept():
    made = model(nn.Linear(8, 8), nn.Linear(8, 8))
    made.decoder.register_buffer("mask", torch.ones(1).expand(8), persistent=False)
    return made


def late_buffer():
    return model(LateBuffer(), nn.Linear(8, 8))


class Changing(nn.Linear):
    """A layer whose buffers grow, go and come while it is trained."""

    def __init__(self):
        super().__init__(8, 8)
        self.register_buffer("grows", torch.zeros(1))
        self.register_buffer("goes", torch.zeros(1))
        self.register_buffer("comes", None)

    def forward(self, x):
        if self.training:
            self.grows = torch.cat([self.grows, torch.ones(1)])
            self.goes, self.comes = None, torch.ones(2)
        return super().forward(x)


def test_buffers_that_change_in_kind_are_put_back():
    torch.manual_seed(0)
    made = model(Changing(), nn.Linear(8, 8))
    sinking = Score("sinking", "sinking", 1, lambda p, b: -made.encoder.grows.sum().expand(len(b)))
    with pytest.warns(UserWarning, match="expected a validation better"):
        fit(made, TRAIN, TRAIN.fixed(8), CONFIG, score=sinking)
    assert torch.equal(made.encoder.grows, torch.zeros(1))
    assert torch.equal(made.encoder.goes, torch.zeros(1))
    assert torch.equal(made.encoder.comes, torch.ones(2))  # made since: left as it is


class Versioned(nn.Linear):
    """A layer whose state dicts had the other sign before its second version."""

    _version = 2

    def _load_from_state_dict(self, state, prefix, metadata, *rest):
        if metadata.get("version", 1) < 2:
            state[f"{prefix}weight"] = -state[f"{prefix}weight"]
        super()._load_from_state_dict(state, prefix, metadata, *rest)


def test_versions_of_modules_are_put_back_with_their_weights():
    torch.manual_seed(0)
    made = model(Versioned(8, 8), nn.Linear(8, 8))
    best = fit(made, TRAIN, TRAIN.fixed(8), CONFIG)
    assert best.best_step > 0
    assert evaluate(made, TRAIN.fixed(8))[best.score].mean == best.validation_score


def test_sparse_buffers_are_trained_with():
    class Averages(nn.Linear):
        def __init__(self):
            super().__init__(8, 8)
            self.register_buffer("neighbours", torch.eye(8).to_sparse())

        def forward(self, x):
            return super().forward(torch.sparse.mm(self.neighbours, x.mT).mT)

    torch.manual_seed(0)
    assert fit(model(Averages(), nn.Linear(8, 8)), TRAIN, TRAIN.fixed(8), CONFIG).best_step > 0


MODELS = [
    tied, one_layer_under_two_names, views_of_one_storage, overlapping_views, not_contiguous,
    transposed_parameter, shared_buffers, expanded_but_not_kept, weight_norm, extra_state,
    late_buffer,
]  # fmt: skip


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_it_is_trained_saved_and_read_again(make, tmp_path):
    torch.manual_seed(0)
    trained = make()
    names = list(trained.state_dict())
    fit(trained, TRAIN, TRAIN.fixed(32), CONFIG, callbacks=[KeepBest(str(tmp_path))])
    kept = load_best(tmp_path)
    assert kept.step > 0
    assert set(names) <= set(kept.weights)
    fresh = make()
    fresh.load_state_dict(kept.weights, strict=make is not late_buffer)
    x, g = torch.randn(5, 8), torch.zeros(5)
    torch.testing.assert_close(fresh.eval().transform(g, x), trained.transform(g, x))
    found = trained.state_dict()
    for name, value in fresh.state_dict().items():
        wanted = found[name]
        same = torch.equal(value, wanted) if isinstance(value, torch.Tensor) else value == wanted
        assert same, name


@pytest.mark.parametrize("make", [tied, one_layer_under_two_names], ids=lambda make: make.__name__)
def test_shared_weights_lie_in_the_file_once_and_are_one_tensor_again(make, tmp_path):
    made = make()
    path = save_checkpoint(tmp_path, made.state_dict(), step=3, score=1.0)
    once = sum(parameter.numel() for parameter in made.parameters()) * 4
    assert once <= (path / "model.safetensors").stat().st_size < once + 600
    shared = json.loads((path / "manifest.json").read_text())["shared"]
    assert shared["decoder.weight"] == "encoder.weight"
    weights = load_checkpoint(path).weights
    assert weights["decoder.weight"] is weights["encoder.weight"]


def test_plain_checkpoints_say_nothing_of_it(tmp_path):
    path = save_checkpoint(tmp_path, nn.Linear(2, 2).state_dict(), step=3, score=1.0)
    assert not {"shared", "extra"} & set(json.loads((path / "manifest.json").read_text()))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"shared": {"other": "gone"}}, "'shared' names 'gone', which is no weight"),
        ({"shared": {"weight": "bias"}}, "'shared' names the weights 'weight' again"),
        ({"shared": {"other": 3}}, "'shared' names 3, which is no weight"),
        ({"shared": ["weight"]}, "'shared' is no mapping"),
        ({"extra": 7}, "'extra' is no mapping"),
    ],
)
def test_a_manifest_that_does_not_fit_is_damaged(entry, words, tmp_path):
    path = save_checkpoint(tmp_path, nn.Linear(2, 2).state_dict(), step=3, score=1.0)
    file = path / "manifest.json"
    manifest = {**json.loads(file.read_text()), **entry}
    manifest.pop("sha256")
    file.write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(path)


# --- what cannot be kept, or not trained ------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"weights": torch.zeros(2)}, "JSON, got a dict; let get_extra_state return JSON"),
        ((1, 2), "got a tuple"),
        ({1: 2}, "got a dict"),
        (object(), "got a object"),
        (float("nan"), "got a float"),
        (torch.eye(2).to_sparse(), "a tensor of layout torch.sparse_coo; make it dense"),
    ],
)
def test_state_that_no_file_can_hold_is_refused_before_the_first_step(state, words, tmp_path):
    steps = []

    class Source:
        def batch(self, step, size):
            steps.append(step)
            return TRAIN.batch(step, size)

    made = model(WithState(state), nn.Linear(8, 8))
    with pytest.raises(ValueError, match=r"checkpoint: expected 'encoder._extra_state' .*" + words):
        fit(made, Source(), TRAIN.fixed(8), CONFIG, callbacks=[KeepBest(tmp_path)])
    assert not steps


def test_extra_state_is_small_enough_for_a_manifest(tmp_path):
    words = ["word"] * 2 * 10**5
    with pytest.raises(ValueError, match="at most 1048576 bytes, got"):
        save_checkpoint(tmp_path, {"words": words}, step=0, score=0.0)
    nested = functools.reduce(lambda inner, _: [inner], range(10**5), [])
    with pytest.raises(ValueError, match="to be a dense tensor or JSON, got a list"):
        save_checkpoint(tmp_path, {"nested": nested}, step=0, score=0.0)
    path = save_checkpoint(tmp_path, {"words": words[:6000]}, step=0, score=0.0)
    assert load_checkpoint(path).weights["words"] == words[:6000]


def expanded_buffer(made):
    made.decoder.register_buffer("mask", torch.ones(1).expand(8))


def expanded_parameter(made):
    made.decoder.bias = nn.Parameter(torch.ones(1).expand(8))


def lazy(made):
    made.decoder = nn.LazyLinear(8)


def meta(made):
    made.decoder = nn.Linear(8, 8, device="meta")


def frozen(made):
    made.requires_grad_(False)


def empty(made):
    made.encoder = made.decoder = nn.Identity()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            expanded_buffer,
            r"the buffer 'decoder.mask' of shape \(8,\), which is expanded; register",
        ),
        (expanded_parameter, r"the parameter 'decoder.bias' of shape \(8,\), which is expanded"),
        (lazy, r"the parameter 'decoder.weight' without values; run the model once on data"),
        (meta, r"the parameter 'decoder.weight' without values; leave the meta device"),
        (frozen, r"parameters to train, got all of them frozen; model.requires_grad_\(True\)"),
        (empty, "LatentActionAE: expected parameters to train, got none"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_weights_that_cannot_be_trained_and_put_back_are_named(spoil, words, tmp_path):
    made = model(nn.Linear(8, 8), nn.Linear(8, 8))
    spoil(made)
    with pytest.raises(ValueError, match=words):
        fit(made, TRAIN, TRAIN.fixed(8), CONFIG, callbacks=[KeepBest(tmp_path)])
    assert not list(tmp_path.iterdir())
