"""A start in closed form: exact on linear data, equivariant, resumed bit for bit."""

import math
import warnings

import pytest
import torch
from torch import nn

from groupae import (
    O2,
    SO2,
    LatentActionAE,
    OrbitPairs,
    ShapeError,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
    fit_action,
    get_group,
)
from groupae.data import FixedSteps, SmallSteps
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.registry import get_experiment
from groupae.models import LinearPath
from groupae.protocols import PairBatch
from groupae.training import KeepSnapshots, start_in_closed_form
from groupae.training.closed_form import pair_count

HIDDEN = {
    "so2": "2x0 + 2x1 + 1x3",
    "so3": "1x0 + 2x1",
    "s(3)": "2x[3] + 1x[2,1]",
    "o2": "1x0 + 2x1",
}


def hidden_data(group, rho, size, dtype=torch.float64, seed=0):
    """Return pairs of data on which a group acts linearly, in coordinates that hide it."""
    torch.manual_seed(seed)
    mix = torch.linalg.qr(torch.randn(size, rho.dim, dtype=dtype)).Q

    def act(g, x):
        return rho.act(g, x @ mix) @ mix.mT

    originals = torch.randn(300, rho.dim, dtype=dtype) @ mix.mT
    return OrbitPairs(originals, group, act)


def model_of(rho, size, *, network=False, dtype=torch.float64):
    torch.manual_seed(1)
    parts = [(nn.Linear(a, b) if network else None) for a, b in ((size, rho.dim), (rho.dim, size))]
    ends = LinearPath((size,), (rho.dim,), parts[0]), LinearPath((rho.dim,), (size,), parts[1])
    return LatentActionAE(*ends, VectorAction(rho)).to(dtype)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_linear_action_is_recovered_and_the_code_is_equivariant(name):
    group = get_group(name)
    rho = group.rep(HIDDEN[name])
    data = hidden_data(group, rho, rho.dim + 2)
    model = model_of(rho, rho.dim + 2, network=True)
    start_in_closed_form(model, data, count=3000)
    pairs = data.batch(99, 50)
    assert torch.allclose(model.transform(pairs.g, pairs.x1), pairs.x2, atol=1e-2)
    moved = model.action(pairs.g, model.encode(pairs.x1))
    assert torch.allclose(model.encode(pairs.x2), moved, atol=1e-4)
    assert bool((moved.std(0) > 0.1).all())  # no part of the code is empty


def test_features_are_reduced_to_those_that_tell_most():
    group = SO2()
    rho = group.rep("2x0 + 3x1")
    torch.manual_seed(0)
    scales = torch.tensor([3.0, 0.1, 2.0, 1.0, 0.2, 2.0, 1.0, 0.2])  # of copies; twice for planes
    z, g = torch.randn(4000, 8) * scales, group.sample(4000)
    pairs = (z, g, rho.act(g, z))
    fitted = fit_action(group, *pairs, size=5)
    assert str(fitted.representation) == "1x0 + 2x1"
    assert fitted.explained > 0.98
    assert str(fit_action(group, *pairs, size=4).representation) == "2x0 + 1x1"
    wanted = group.rep("1x1")
    fitted = fit_action(group, *pairs, representation=wanted)
    assert str(fitted.representation) == "1x1"
    assert fitted.explained == pytest.approx(8 / float(scales.square().sum()), rel=0.05)


def test_what_is_not_in_the_data_stays_zero():
    group = SO2()
    rho = group.rep("1x0 + 1x1")
    data = hidden_data(group, rho, 4)
    model = model_of(group.rep("1x0 + 1x2 + 2x1"), 4)
    fitted = start_in_closed_form(model, data, count=2000)
    assert str(fitted.representation) == "1x0 + 1x1"
    pairs = data.fixed()
    assert torch.allclose(model.transform(pairs.g, pairs.x1), pairs.x2, atol=1e-2)


def test_pairs_may_be_streamed_or_given_at_once():
    rho = SO2().rep("1x0 + 1x1")
    data = hidden_data(SO2(), rho, 3)
    codes = []
    for source in (data, data.batch(0, 1024)):
        model = model_of(rho, 3)
        start_in_closed_form(model, source, count=1024)
        codes.append(model.encode(data.fixed().x1))
    assert torch.equal(*codes)


class StopError(Exception):
    pass


@pytest.mark.parametrize("average", [{}, {"ema": 0.9}])
def test_a_training_begins_there_and_resumes_bit_for_bit(tmp_path, average):
    rho = SO2().rep("1x0 + 1x1")
    data = hidden_data(SO2(), rho, 4, torch.float32)
    config = TrainingConfig(
        steps=6, batch_size=8, validations=3, start="closed-form", learning_rate=1e-4, **average
    )
    whole, parts = (model_of(rho, 4, network=True, dtype=torch.float32) for _ in range(2))
    scores = []

    class Listen(KeepSnapshots):
        def on_validation(self, state):
            scores.append(state.validation_score)
            assert state.seconds > 0  # the start counts

        def on_step(self, state):
            if state.step == 4 and state.first_step == 0 and self.stops:
                raise StopError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # no better than the start, which is exact
        listen = Listen(tmp_path / "a", every_steps=1)
        listen.stops = False
        fit(whole, data, data.fixed(), config, score="relative_snr", callbacks=[listen])
        listen = Listen(tmp_path / "b", every_steps=1)
        listen.stops = True
        with pytest.raises(StopError):
            fit(parts, data, data.fixed(), config, score="relative_snr", callbacks=[listen])
        fit(parts, data, data.fixed(), config, score="relative_snr", resume=tmp_path / "b")
    assert scores[0] > 30  # dB, before the first step
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_bad_input_is_told():
    group = SO2()
    rho = group.rep("1x0 + 1x1")
    data = hidden_data(group, rho, 4)
    model = model_of(rho, 4)
    with pytest.raises(TypeError, match=r"LinearPath.*puts an affine map beside a network"):
        start_in_closed_form(
            LatentActionAE(nn.Linear(4, 3), nn.Linear(3, 4), VectorAction(rho)), data
        )
    with pytest.raises(TypeError, match="a LatentActionAE"):
        start_in_closed_form(nn.Linear(4, 3), data)
    with pytest.raises(ValueError, match="at least 16 pairs, got 10"):
        start_in_closed_form(model, data, count=10)
    with pytest.raises(TypeError, match="a source of pairs with batch"):
        start_in_closed_form(model, 3)
    with pytest.raises(ShapeError, match=r"data of shape \(n, 4\)"):
        start_in_closed_form(model, hidden_data(group, rho, 5))
    affine = get_group("se2")
    action = VectorAction(affine.rep("std"))
    ends = LinearPath((4,), (action.rho.dim,)), LinearPath((action.rho.dim,), (4,))
    with pytest.raises(TypeError):
        start_in_closed_form(LatentActionAE(*ends, action), data)
    x = torch.zeros(20, 4, dtype=torch.float64)
    with pytest.raises(ValueError, match="codes that vary"):
        start_in_closed_form(model, PairBatch(x, group.sample(20), x))
    with pytest.raises(ValueError, match="start"):
        TrainingConfig(start="warm")
    pairs = data.fixed()
    triple = (pairs.x1, pairs.g, pairs.x2)
    with pytest.raises(TypeError, match="as a sum of irreps"):
        fit_action(group, *triple, representation="1x0")
    with pytest.raises(ValueError, match="leave one out"):
        fit_action(group, *triple, representation=rho, cutoff=2)


def test_the_preset_of_turned_digits_predicts_before_its_first_step():
    experiment = get_experiment("rotated-digits")
    preset = experiment.preset("linear-path")
    model = build_model(experiment.data, preset.model, seed=0)
    train, test = (experiment.data.load(split, size="tiny") for split in ("train", "test"))
    pairs = test.fixed()
    before = evaluate(model, pairs, "psnr", resamples=0)["psnr"].mean
    start_in_closed_form(model, train, count=800)
    assert before < 13 < 16 < evaluate(model, pairs, "psnr", resamples=0)["psnr"].mean


def test_a_start_from_small_turns_holds_on_the_whole_circle():
    group = SO2()
    rho = group.rep(HIDDEN["so2"])
    data = hidden_data(group, rho, 9)
    model = model_of(rho, 9, dtype=torch.float64)
    near = data.with_sampler(SmallSteps(group, 0.25))
    start_in_closed_form(model, near, count=3000)
    far = data.with_sampler(FixedSteps(group, torch.pi)).fixed(200)
    error = (model.transform(far.g, far.x1) - far.x2).square().mean() / far.x2.square().mean()
    assert error < 1e-2


def _mixed_o2():
    """Return codes of O(2) behind an unknown mixture, as a data set."""
    rho = O2().rep("2x0 + 1x0- + 3x1 + 2x2 + 1x3")
    generator = torch.Generator().manual_seed(0)
    originals = torch.randn(400, rho.dim, generator=generator)
    mix = torch.linalg.qr(torch.randn(rho.dim, rho.dim, generator=generator))[0]
    return rho, OrbitPairs(originals, O2(), rho.act, show=lambda s, generator: s @ mix.T)


@pytest.mark.parametrize("degrees", [15, 180])
def test_pairs_of_o2_without_reflections_are_those_of_so2(degrees):
    """Rotations split the irreps of O(2) and show all of SO(2): the code turns as the data do."""
    rho, data = _mixed_o2()
    parts = [LinearPath((rho.dim,), (rho.dim,)) for _ in range(2)]
    model = LatentActionAE(*parts, VectorAction(rho))
    seen = data.with_sampler(SmallSteps(O2(), math.radians(degrees)))
    with pytest.warns(UserWarning, match="expected pairs with reflections, got rotations only"):
        fitted = start_in_closed_form(model, seen, count=4000)
    assert str(fitted.representation) == "3x0 + 3x1 + 2x2 + 1x3"
    asked = data.with_sampler(SmallSteps(O2(), math.pi)).fixed()
    error = (model.transform(asked.g, asked.x1) - asked.x2).square().mean()
    assert float(error / asked.x2.square().mean()) < 3e-3


def test_pairs_of_o2_with_reflections_are_fitted_as_they_are():
    rho, data = _mixed_o2()
    parts = [LinearPath((rho.dim,), (rho.dim,)) for _ in range(2)]
    model = LatentActionAE(*parts, VectorAction(rho))
    assert str(start_in_closed_form(model, data, count=4000).representation) == str(rho)
    asked = data.fixed()
    assert torch.allclose(model.transform(asked.g, asked.x1), asked.x2, atol=1e-3)


def test_small_turns_take_more_pairs():
    _, data = _mixed_o2()
    assert pair_count(data, 400) == 4000
    assert pair_count(data.with_sampler(SmallSteps(O2(), 0.2)), 400) == 14_000
