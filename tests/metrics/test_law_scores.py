"""Scores of laws on models whose answer is known."""

import math

import pytest
import torch

from groupae import (
    O2,
    SE2,
    SO2,
    SO3,
    AffineAction,
    Cyclic,
    Dihedral,
    LatentAction,
    LatentActionAE,
    LeftMultiplication,
    PairBatch,
    SetAction,
    Translation,
    VectorAction,
    evaluate,
    get_group,
)
from groupae.experiments.baselines import MeanImage, Unchanged
from groupae.metrics import MODEL_SCORES, Evaluated
from groupae.metrics.drift_scores import DRIFT_SCORES
from groupae.metrics.law_scores import LAW_SCORES, passes, root_of_identity
from groupae.metrics.lie_derivative_scores import LIE_DERIVATIVE_SCORES
from groupae.theory import realise_data_action

MINE = [score.name for score in (*LAW_SCORES, *LIE_DERIVATIVE_SCORES, *DRIFT_SCORES)]
ERRORS = [name for name in MINE if name.endswith("_error")]
RHO = SO2().rep("3x1")


def identity_model(action):
    return LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), action)


def turned_vectors(n=200, dtype=torch.float64):
    """Unit vectors with mean zero and their turns, so that spreads are exactly one."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n // 2, 6, generator=generator, dtype=dtype)
    x = x / x.norm(dim=1, keepdim=True)
    g = SO2().sample(n // 2, generator=generator, dtype=dtype)
    x, g = torch.cat([x, -x]), torch.cat([g, g])
    return PairBatch(x, g, RHO.act(g, x), group=SO2())


def values(model, pairs, names=None, **options):
    found = evaluate(model, pairs, names, resamples=0, **options)
    return {name: estimate.mean for name, estimate in found.items()}


class Offset(LatentAction):
    """Turn by an angle too much: wrong by a known amount."""

    code_shape = (6,)

    def __init__(self, delta):
        super().__init__(SO2())
        self.delta = delta

    def forward(self, g, z):
        return RHO.act(g + self.delta, z)


def test_a_perfect_model_has_no_errors_and_full_skill():
    found = values(identity_model(VectorAction(RHO)), turned_vectors(), data_action=RHO.act)
    for name in ERRORS:
        assert found[name] < 1e-9, name
    assert found["skill_score"] == pytest.approx(1)
    assert found["faithfulness_score"] == pytest.approx(1)


def test_a_realised_action_of_a_finite_group_is_perfect():
    shifts = Cyclic(5).regular(on_elements=True)
    generator = torch.Generator().manual_seed(0)
    x, g = torch.randn(50, 5, generator=generator), Cyclic(5).sample(50, generator=generator)
    found = evaluate(realise_data_action(shifts), PairBatch(x, g, shifts.act(g, x)))
    assert found["skill_score"].mean == pytest.approx(1, abs=1e-9)
    for name in set(ERRORS) & set(found):
        assert found[name].mean < 1e-6, name
    lie = {score.name for score in LIE_DERIVATIVE_SCORES}
    assert lie & set(found.left_out) == lie
    assert "no one-parameter subgroups" in found.left_out["lie_derivative_error"]
    assert "closure_error" in found


@pytest.mark.parametrize("delta", [0.02, 0.3])
def test_an_offset_shows_by_its_angle(delta):
    def turn(angle):
        return 2 - 2 * math.cos(angle)

    found = values(identity_model(Offset(delta)), turned_vectors(), data_action=RHO.act)
    for name in ("reconstruction", "identity", "inverse", "homomorphism", "code_homomorphism"):
        assert found[f"{name}_error"] == pytest.approx(turn(delta)), name
    assert found["closure_error"] == pytest.approx(turn(5 * delta))
    assert found["code_closure_error"] == pytest.approx(turn(6 * delta))
    for steps in (1, 10, 100, 1000):
        assert found[f"drift_{steps}_error"] == pytest.approx(turn(steps * delta), abs=1e-9)
        code = found[f"code_drift_{steps}_error"]
        assert code == pytest.approx(turn((steps - 1) * delta), abs=1e-9)
    assert found["lie_derivative_error"] == pytest.approx(1 - math.cos(delta))
    assert found["data_lie_derivative_error"] == pytest.approx(1 - math.cos(delta), rel=1e-3)
    pairs = turned_vectors()
    nothing = (pairs.x1 - pairs.x2).square().sum(1).mean()
    assert found["skill_score"] == pytest.approx(1 - turn(delta) / float(nothing))


def test_a_trivial_action_obeys_all_laws_and_is_caught_by_faithfulness():
    found = values(identity_model(VectorAction(SO2().rep("6x0"))), turned_vectors())
    for name in ("identity", "inverse", "homomorphism", "closure", "code_drift_1000"):
        assert found[f"{name}_error"] == 0, name
    assert found["lie_derivative_error"] == 0
    assert found["faithfulness_score"] == 0
    assert found["code_faithfulness_score"] == 0
    assert found["skill_score"] == 0


def test_a_collapsed_encoder_does_not_win():
    class Collapsed(torch.nn.Module):
        def forward(self, x):
            return torch.ones_like(x)

    model = LatentActionAE(Collapsed(), torch.nn.Identity(), VectorAction(SO2().rep("6x0")))
    found = evaluate(model, turned_vectors())
    for name in ("code_homomorphism_error", "code_faithfulness_score", "code_drift_10_error"):
        assert found.left_out[name] == "all codes are equal: the encoder has collapsed"
    assert found["faithfulness_score"].mean == 0
    assert found["skill_score"].mean < 0
    with pytest.raises(ValueError, match="the encoder has collapsed"):
        evaluate(model, turned_vectors(), "code_homomorphism_error")


def test_shuffled_elements_leave_the_laws_and_take_the_skill():
    pairs = turned_vectors(2000)
    shuffled = pairs.g[torch.randperm(2000, generator=torch.Generator().manual_seed(1))]
    model = identity_model(VectorAction(RHO))
    found = values(
        model, PairBatch(pairs.x1, shuffled, pairs.x2), ["skill_score", "homomorphism_error"]
    )
    assert abs(found["skill_score"]) < 0.1
    assert found["homomorphism_error"] < 1e-9


def test_the_mean_of_all_data_has_error_one():
    pairs = turned_vectors()
    found = values(MeanImage(pairs.x1), pairs, ["drift_1_error", "reconstruction_error"])
    assert found["drift_1_error"] == pytest.approx(1)
    assert found["reconstruction_error"] == pytest.approx(1)


def test_a_model_without_codes_has_the_scores_of_its_predictions():
    found = evaluate(Unchanged(), turned_vectors())
    assert found["skill_score"].mean == 0
    assert found["drift_1000_error"].mean == pytest.approx(found["drift_1_error"].mean, rel=1)
    assert "the model has no latent action" in found.left_out["code_homomorphism_error"]


def test_pairs_and_models_that_know_no_group():
    pairs = turned_vectors()
    found = evaluate(Unchanged(), PairBatch(pairs.x1, pairs.g, pairs.x2))
    assert "know their group" in found.left_out["inverse_error"]
    assert found["skill_score"].mean == 0


def test_pairs_that_do_not_move_have_no_skill():
    pairs = turned_vectors()
    still = PairBatch(pairs.x1, torch.zeros_like(pairs.g), pairs.x1, group=SO2())
    found = evaluate(identity_model(VectorAction(RHO)), still)
    assert "x1 and x2 are equal" in found.left_out["skill_score"]


ACTIONS = {
    "SO(3)": lambda: VectorAction(SO3().rep("1x1 + 1x2")),
    "O(2)": lambda: VectorAction(O2().standard()),
    "D(4)": lambda: VectorAction(Dihedral(4).standard()),
    "S(4)": lambda: VectorAction(get_group("S(4)").standard()),
    "SE(2)": lambda: LeftMultiplication(SE2()),
    "T(2)": lambda: LeftMultiplication(Translation(2)),
    "Aff": lambda: AffineAction(varying=4),
    "product": lambda: VectorAction((SO2() * Cyclic(3)).rep("1x(0,1) + 1x(1,0) + 1x(2,1)")),
}


def that_apply(model, pairs):
    """Names of the scores that apply; a hundred steps show what a thousand do."""
    evaluated = Evaluated(model, pairs)
    applying = [name for name in MINE if MODEL_SCORES[name].obstacle(evaluated) is None]
    return [name for name in applying if "1000" not in name]


@pytest.mark.parametrize("name", tuple(ACTIONS))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_exact_actions_of_many_groups(name, dtype):
    action = ACTIONS[name]()
    model, generator = identity_model(action), torch.Generator().manual_seed(0)
    x = action.random_latent(12, generator=generator, dtype=dtype)
    g = action.group.sample(12, generator=generator)
    g = g.to(dtype) if g.is_floating_point() else g
    pairs = PairBatch(x, g, action(g, x))
    found = values(model, pairs, that_apply(model, pairs))
    assert len(found) > 10
    for score in found.keys() & set(ERRORS):
        assert found[score] < (1e-3 if dtype == torch.float32 else 1e-9), score
    assert found["skill_score"] == pytest.approx(1, abs=1e-4)


def test_sets_of_points_in_any_order():
    class Points(torch.nn.Module):
        def forward(self, x):
            order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(0))
            return {"points": x[:, order]}

    class Only(torch.nn.Module):
        def forward(self, z):
            return z["points"]

    generator = torch.Generator().manual_seed(0)
    action = SetAction(SO3())
    model = LatentActionAE(Points(), Only(), action)
    x, g = torch.randn(12, 9, 3, generator=generator), SO3().sample(12, generator=generator)
    pairs = PairBatch(x, g, SO3().rep("1x1").act(g[:, None], x))
    found = values(model, pairs, ["skill_score", "inverse_error", "drift_10_error"])
    assert found["skill_score"] == pytest.approx(1, abs=1e-6)
    assert found["inverse_error"] < 1e-9
    assert found["drift_10_error"] < 1e-9


def test_one_pair_and_noncontiguous_data():
    pairs = turned_vectors()
    found = values(identity_model(VectorAction(RHO)), pairs[3:4])
    assert found["homomorphism_error"] < 1e-9
    apart = PairBatch(
        torch.stack([pairs.x1] * 2, 2)[..., 0], pairs.g, torch.stack([pairs.x2] * 2, 2)[..., 0]
    )
    assert not apart.x1.is_contiguous()
    assert values(identity_model(VectorAction(RHO)), apart)["skill_score"] == pytest.approx(1)


def test_pairs_in_a_graph():
    pairs = turned_vectors()
    with_graph = PairBatch(pairs.x1.clone().requires_grad_(), pairs.g, pairs.x2)
    names = ["skill_score", "code_homomorphism_error", "lie_derivative_error"]
    found = values(identity_model(VectorAction(RHO)), with_graph, names)
    assert found["skill_score"] == pytest.approx(1)


def test_narrow_numbers():
    pairs = turned_vectors(dtype=torch.float32)
    parts = (part.to(torch.bfloat16) for part in (pairs.x1, pairs.g, pairs.x2))
    model = identity_model(VectorAction(RHO))
    found = values(model, PairBatch(*parts), that_apply(model, pairs))
    assert found["skill_score"] == pytest.approx(1, abs=1e-3)
    assert 0 < found["code_homomorphism_error"] < 1e-3


def test_codes_with_a_constant_entry():
    class Padded(torch.nn.Module):
        def forward(self, x):
            return torch.cat([torch.full_like(x[:, :1], 1e3), x], 1)

    class Cut(torch.nn.Module):
        def forward(self, z):
            return z[:, 1:]

    model = LatentActionAE(Padded(), Cut(), VectorAction(SO2().rep("1x0 + 3x1")))
    assert values(model, turned_vectors())["code_homomorphism_error"] < 1e-9


@pytest.mark.parametrize(
    ("name", "order"), [("C(12)", 12), ("C(17)", 17), ("D(4)", 4), ("S(4)", 4), ("SO(3)", 6)]
)
def test_an_element_of_known_order(name, order):
    group = get_group(name)
    element, found = root_of_identity(group, group.identity(dtype=None).dtype)
    assert found == order
    power = group.identity(dtype=element.dtype)
    for step in range(1, order + 1):
        power = group.compose(element, power)
        assert bool(group.equal(power, group.identity(dtype=element.dtype), atol=1e-5)) == (
            step == order
        )


def test_the_trivial_group_and_translations_have_no_closed_loop():
    assert root_of_identity(Cyclic(1), torch.int64) is None
    assert root_of_identity(Translation(2), torch.float32) is None


def test_every_score_costs_three_passes_at_most():
    calls = []

    class Counting(torch.nn.Module):
        def forward(self, x):
            calls.append(len(x))
            return x

    n = 1000
    model = LatentActionAE(Counting(), Counting(), VectorAction(RHO))
    for name in MINE:
        calls.clear()
        evaluate(model, turned_vectors(n), name, resamples=0, data_action=RHO.act)
        assert 0 < sum(calls) <= 6 * n + 100, name  # encoder and decoder, once each per pass


def test_the_table_says_over_how_many_items_an_interval_is():
    found = evaluate(identity_model(VectorAction(RHO)), turned_vectors(), "drift_100_error")
    assert found.items_of == {"drift_100_error": 6}
    (line,) = (line for line in str(found).splitlines() if "drift" in line)
    assert line.split()[-1] == "6"


def test_the_number_of_pairs_for_a_cost():
    evaluated = Evaluated(Unchanged(), turned_vectors(2))
    assert passes(evaluated, 1000) == 2


def test_a_model_without_forward_mode_is_told():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.square()

        @staticmethod
        def backward(ctx, slope):
            return 2 * ctx.saved_tensors[0] * slope

    class Layer(torch.nn.Module):
        def forward(self, x):
            return Square.apply(x)

    model = LatentActionAE(torch.nn.Identity(), Layer(), VectorAction(RHO))
    found = evaluate(model, turned_vectors())
    assert "no derivative by forward mode" in found.left_out["lie_derivative_error"]
