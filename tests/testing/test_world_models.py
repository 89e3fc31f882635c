"""World models with a drift, an order of actions and a start that are known."""

import json
import math

import pytest
import torch

from groupae import SO2, SO3, Cyclic, LatentActionAE, RotatedDigits, Translation, VectorAction
from groupae._validation import ShapeError
from groupae.protocols import Trajectories
from groupae.testing.world_models import WorldModel, audit_world_model

CIRCLE = VectorAction(SO2().rep("4x1"))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def walks(act, n=32, length=12, size=None, dtype=torch.float64, scale=None):
    """Return trajectories whose observations are codes."""
    group, draws = act.group, seeded()
    g = group.sample(n, length, generator=draws, dtype=None if group.order else dtype)
    x = [act.random_latent(n, generator=draws, dtype=dtype) if size is None else size]
    for t in range(length):
        x.append(act(g[:, t], x[-1]))
    return Trajectories(torch.stack(x, 1), g, group=group)


def world(act):
    return WorldModel(encode=lambda x: x, predict=lambda z, g: act(g, z), decode=lambda z: z)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    "act",
    [
        CIRCLE,
        VectorAction(SO3().rep("1x0 + 2x1 + 1x2")),
        VectorAction(Cyclic(6).rep("2x1 + 1x2")),
        VectorAction(Translation(2).standard()),
    ],
    ids=lambda act: str(act.group),
)
def test_an_exact_world_model_passes_and_stays_at_the_truth(act, dtype):
    report = audit_world_model(world(act), walks(act, dtype=dtype))
    assert report.passed, report
    assert report.horizon == 1000
    assert math.isnan(report.growth)
    eps = torch.finfo(dtype).eps
    assert all(law.error < 1e4 * eps for law in report.laws)
    assert max(report.curves["codes"].error) < 1e5 * eps
    assert {law.law for law in report.laws} == {
        *("spread", "repeatable", "effect", "identity", "inverse", "composition", "order", "loop")
    }


@pytest.mark.parametrize("late", [0.001, 0.01])
def test_a_model_that_turns_too_far_drifts_by_the_known_chord(late):
    data = walks(CIRCLE)
    report = audit_world_model(world(lambda g, z: CIRCLE(g + late, z)), data, steps=200)
    every = data.x.flatten(0, 1)
    radius = (data.x[:, 0].square().sum(1).mean() / every.var(0, correction=0).sum()).sqrt()
    for step in (1, 7, 12, 100, 200):
        chord = 2 * math.sin(step * late / 2) * float(radius)
        assert report.curves["codes"].at(step) == pytest.approx(chord, rel=1e-6)
    assert report.growth == pytest.approx(1, abs=0.01)
    assert report["identity"].error == pytest.approx(2 * math.sin(late / 2) * float(radius))
    assert report["inverse"].error == pytest.approx(2 * math.sin(late) * float(radius))
    assert report["composition"].error == pytest.approx(2 * math.sin(late / 2) * float(radius))
    assert report["order"].error < 1e-12  # turned too far, in whatever order
    assert report["loop"].error == pytest.approx(2 * math.sin(13 * late / 2) * float(radius))
    assert report.curves["pictures"].at(10) == pytest.approx(report.curves["codes"].at(10))
    assert report.curves["reconstruction"].at(10) == 0
    beyond = next(s for s in range(1, 201) if 2 * math.sin(s * late / 2) * float(radius) > 0.1)
    assert report.horizon == beyond - 1


def test_independent_noise_grows_as_the_root_of_the_steps():
    noisy = world(lambda g, z: CIRCLE(g, z) + 0.01 * torch.randn(z.shape, dtype=z.dtype))
    report = audit_world_model(noisy, walks(CIRCLE, n=200, length=40), tolerance=0.02)
    spread = math.sqrt(8)
    assert report.curves["codes"].at(1) == pytest.approx(0.01 * math.sqrt(8) / spread, rel=0.1)
    assert report.growth == pytest.approx(0.5, abs=0.05)
    assert report["repeatable"].error == pytest.approx(0.01 * math.sqrt(2), rel=0.1)
    assert "random" in report["repeatable"].note
    again = audit_world_model(noisy, walks(CIRCLE, n=200, length=40), tolerance=0.02)
    assert again == report  # seeded


def test_errors_that_an_inverse_undoes_show_in_the_first_pass():
    data = walks(CIRCLE, length=8)
    far = Trajectories(data.x[:, :1].expand(-1, 9, -1), data.g * 0 + 0.3, group=SO2())
    x = torch.stack([CIRCLE(torch.tensor(0.3 * t), data.x[:, 0]) for t in range(9)], 1)
    report = audit_world_model(
        world(lambda g, z: CIRCLE(1.1 * g, z)), Trajectories(x, far.g, group=SO2())
    )
    drift = report.curves["codes"]
    assert drift.at(15) == pytest.approx(drift.at(1), rel=1e-6)
    assert 0.2 < drift.at(8) == pytest.approx(drift.at(22), rel=1e-6)
    assert "drift" in report.failures
    assert report["inverse"].error < 1e-12
    assert report["composition"].error < 1e-12


def test_a_model_that_ignores_its_actions_keeps_all_laws_but_effect():
    report = audit_world_model(world(lambda g, z: z), walks(CIRCLE))
    assert report.failures == ("effect", "drift")
    assert report["effect"].error == pytest.approx(1)
    assert report.curves["codes"].error[:12] == report.curves["still"].error


@pytest.mark.parametrize("share", [0.5, 0.9, 1.2])
def test_effect_is_the_share_of_the_change_that_a_step_makes(share):
    def part(g, z):
        return z + share * (CIRCLE(g, z) - z)

    report = audit_world_model(world(part), walks(CIRCLE))
    assert report["effect"].error == pytest.approx(abs(share - 1))


def test_order_of_shifts_that_do_not_commute_by_a_known_amount():
    plane, off = Translation(2), 0.05

    def sheared(g, z):  # g h - h g = off * (g_x h_y - h_x g_y) in the second entry
        return torch.stack(
            [z[..., 0] + g[..., 0], z[..., 1] * (1 + off * g[..., 0]) + g[..., 1]], -1
        )

    draws = seeded()
    g = torch.randn(4000, 1, 2, dtype=torch.float64, generator=draws)
    x = torch.randn(4000, 2, dtype=torch.float64, generator=draws)
    data = Trajectories(torch.stack([x, x + g[:, 0]], 1), g, group=plane)
    report = audit_world_model(world(sheared), data, steps=1)
    spread = data.x.flatten(0, 1).var(0, correction=0).sum().sqrt()
    assert report["order"].error == pytest.approx(off * math.sqrt(2) / float(spread), rel=0.05)
    assert "4000 of 4000 pairs of actions commute" in report["order"].note


def test_actions_that_do_not_commute_are_compared_with_their_product():
    act = VectorAction(SO3().rep("3x1"))
    data = walks(act)
    right = world(lambda g, z: act(act.group.inverse(g), z))  # h first comes last
    report = audit_world_model(right, data)
    assert report["inverse"].error < 1e-12 < 0.5 < report["composition"].error
    assert report["order"].error > 0.5
    assert "0 of 32" in report["order"].note


def test_a_collapsed_encoder_is_named():
    constant = WorldModel(lambda x: torch.ones(len(x), 3), lambda z, g: z)
    report = audit_world_model(constant, walks(CIRCLE))
    assert report.failures == ("spread",)
    assert "collapsed" in report["spread"].note
    assert report.curves == {}
    assert json.loads(report.to_json())["horizon"] is None
    assert "left out: codes have no spread" in str(report)


def test_predictions_that_are_not_finite_are_infinite_errors():
    report = audit_world_model(world(lambda g, z: z / 0), walks(CIRCLE), steps=3)
    assert report.horizon == 0
    assert report.curves["codes"].error[0] == math.inf
    assert json.loads(report.to_json())["curves"]["codes"]["error"] == ["inf"] * 3


def test_without_a_group_the_drift_is_measured_alone():
    data = walks(CIRCLE)
    report = audit_world_model(world(CIRCLE), Trajectories(data.x, data.g))
    assert {law.law for law in report.laws} == {"spread", "repeatable", "effect"}
    assert report.curves["codes"].steps == tuple(range(1, 13))
    assert "identity         left out: the group of the actions is not known" in str(report)
    with pytest.raises(ValueError, match=r"expected at most 12 steps, got 13; longer rollouts"):
        audit_world_model(world(CIRCLE), Trajectories(data.x, data.g), steps=13)
    named = audit_world_model(world(CIRCLE), Trajectories(data.x, data.g), group=SO2(), steps=5)
    assert named.group == "SO(2)"
    assert named.passed
    assert len(named.laws) == 8


class Dreamer(torch.nn.Module):
    """Module of the shape of stable-worldmodel's: a code per frame, an embedding per action."""

    def __init__(self):
        super().__init__()
        self.project = torch.nn.Linear(8, 8, dtype=torch.float64)
        self.drop = torch.nn.Dropout(0.5)
        self.was_training = []

    def encode(self, x):
        self.was_training.append(self.training)
        return {"b": self.drop(x[:, :3]), "a": x[:, 3:]}

    def predict(self, z, action):
        moved = CIRCLE(action, torch.cat([z["b"], z["a"]], 1))
        return {"a": moved[:, 3:], "b": moved[:, :3]}


def test_modules_with_named_codes_are_in_evaluation_mode_and_seeds_stay():
    model = Dreamer().train()
    state = torch.get_rng_state()
    report = audit_world_model(model, walks(CIRCLE))
    assert report.passed
    assert report.model == "Dreamer"
    assert not any(model.was_training)
    assert model.training
    assert model.drop.training
    assert torch.equal(torch.get_rng_state(), state)
    assert "pictures         left out: the model has no decode(z)" in str(report)
    bound = audit_world_model(WorldModel(model.encode, model.predict), walks(CIRCLE))
    assert bound.passed
    assert not any(model.was_training)


def test_one_of_our_models_on_pictures():
    model = LatentActionAE.conv(SO2().rep("4x0 + 4x1"), (1, 28, 28), widths=(8,))
    data = RotatedDigits("test").trajectories(0, 8, 3)
    report = audit_world_model(model, data, steps=20)
    assert set(report.curves) == {"codes", "still", "pictures", "reconstruction"}
    assert all(report[law].passed for law in ("identity", "inverse", "composition", "order"))
    assert "drift" in report.failures  # it is not trained
    assert {1, 10, 20} <= set(report.curves["pictures"].steps)


@pytest.mark.parametrize("length", [1, 2, 3, 12])
def test_the_walk_goes_back_and_forth_without_the_start(length):
    data = walks(CIRCLE, length=length)
    report = audit_world_model(world(lambda g, z: z), data, steps=50)
    truth = [(x - data.x[:, 0]).square().sum(1).mean().sqrt() for x in data.x.unbind(1)]
    spread = data.x.flatten(0, 1).var(0, correction=0).sum().sqrt()
    round_trip = [*range(length, 1, -1), *range(1, length)] if length > 1 else [1, 0]
    places = [*range(1, length), *(round_trip * 50)][:50]
    wanted = [float(truth[place] / spread) for place in places]
    assert report.curves["codes"].error == pytest.approx(wanted)


def test_one_trajectory_of_one_move():
    report = audit_world_model(world(CIRCLE), walks(CIRCLE, n=1, length=1))
    assert report.passed
    assert report.curves["codes"].steps[-1] == 1000


def test_text_and_json():
    late = world(lambda g, z: CIRCLE(g + 0.02, z))
    report = audit_world_model(late, walks(CIRCLE), steps=100)
    lines = str(report).splitlines()
    assert lines[0] == "world model, actions of SO(2): 32 trajectories of 12 steps"
    assert lines[-1].endswith("grows as steps^1.00")
    assert any(line.split() == ["steps", "1", "10", "12", "100"] for line in lines)
    data = json.loads(report.to_json())
    assert data["passed"] is False
    assert data["horizon"] == report.horizon
    assert data["curves"]["codes"]["steps"] == list(range(1, 101))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda d: {"model": object()}, TypeError, r"a model with encode\(x\) and predict"),
        (lambda d: {"model": Dreamer}, TypeError, "got the class Dreamer"),
        (lambda d: {"trajectories": d.x}, TypeError, r"Trajectories\(x, g\) makes one"),
        (lambda d: {"tolerance": 0}, ValueError, "a tolerance above 0, got 0"),
        (lambda d: {"steps": 0}, ValueError, "steps to be an integer of at least 1"),
        (lambda d: {"batch_size": 0}, ValueError, "batch_size"),
        (lambda d: {"group": SO3()}, ValueError, r"got SO\(3\) beside trajectories of SO\(2\)"),
        (
            lambda d: {"trajectories": Trajectories(d.x.float(), d.g), "model": Dreamer()},
            TypeError,
            "dtype of the weights, torch.float64, got torch.float32",
        ),
        (
            lambda d: {"trajectories": Trajectories(d.x[:0], d.g[:0])},
            ShapeError,
            "at least one trajectory of one move, got 0 of 12",
        ),
        (
            lambda d: {"trajectories": Trajectories(d.x[:, :1], d.g[:, :0])},
            ShapeError,
            "got 32 of 0",
        ),
        (
            lambda d: {"model": WorldModel(lambda x: x, lambda z, g: z[:, :2])},
            ShapeError,
            "predict to return codes of 8 numbers",
        ),
        (
            lambda d: {"model": WorldModel(lambda x: x[:1], lambda z, g: z)},
            ShapeError,
            "encode to return one code for each of 32 data",
        ),
        (
            lambda d: {"model": WorldModel(lambda x: [x], lambda z, g: z)},
            TypeError,
            "encode to return a tensor, got list",
        ),
        (
            lambda d: {"model": WorldModel(lambda x: x, lambda z, g: z, lambda z: z[:, :1])},
            ShapeError,
            "decode to return observations of shape",
        ),
    ],
)
def test_bad_input_is_one_sentence(change, error, message):
    data = walks(CIRCLE)
    arguments = {"model": world(CIRCLE), "trajectories": data, **change(data)}
    with pytest.raises(error, match=message):
        audit_world_model(arguments.pop("model"), arguments.pop("trajectories"), **arguments)


def test_models_that_change_their_arguments_in_place_change_neither_data_nor_verdict():
    data = walks(CIRCLE)
    before = data.x.clone()
    model = WorldModel(
        encode=lambda x: x.mul_(2),
        predict=lambda z, g: z.copy_(CIRCLE(g, z)),
        decode=lambda z: z.div_(2),
    )
    assert audit_world_model(model, data).passed
    assert torch.equal(data.x, before)
