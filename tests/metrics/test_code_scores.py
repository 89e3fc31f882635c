"""Scores of codes as `evaluate` reports them, on constructed models."""

import math

import pytest
import torch
from torch import nn

from groupae import SO2, Cyclic, LatentActionAE, VectorAction, evaluate
from groupae.metrics import MODEL_SCORES, Evaluated
from groupae.metrics.code_scores import CODE_SCORES
from groupae.protocols import PairBatch
from groupae.theory import realise_canonicalisation, realise_contrast, realise_data_action

NAMES = [score.name for score in CODE_SCORES]
ERRORS = [score.name for score in CODE_SCORES if score.name.endswith(("error", "ratio"))]
N = 60
RHO = SO2().rep("3x0 + 2x1 + 1x3")


def pairs(dtype=torch.float32, n=N):
    draw = torch.Generator().manual_seed(3)
    label = torch.arange(n) % 3
    x = torch.randn(n, RHO.dim, generator=draw, dtype=dtype)
    x[:, :3] = 5 * torch.eye(3, dtype=dtype)[label] + 0.1 * x[:, :3]
    g = SO2().sample(n, generator=draw, dtype=dtype)
    return PairBatch(x, g, RHO.act(g, x), label=label, group=SO2())


class Code(nn.Module):
    """Encoder by a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def model_of(function, rho=RHO):
    return LatentActionAE(Code(function), nn.Identity(), VectorAction(rho))


def means(model, batch, *, data_action=RHO.act, **options):
    """Return the scores of codes alone, and the reasons why others do not apply."""
    evaluated = Evaluated(model, batch, data_action=data_action)
    reasons = {score.name: score.obstacle(evaluated) for score in CODE_SCORES}
    left_out = {name: why for name, why in reasons.items() if why}
    chosen = [name for name in NAMES if name not in left_out]
    options = {"resamples": 0, "data_action": data_action, **options}
    found = evaluate(model, batch, chosen, **options)
    return {name: found[name].mean for name in chosen}, left_out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_perfect_model_has_perfect_scores(dtype):
    found, left_out = means(realise_data_action(RHO), pairs(dtype))
    assert set(left_out) & set(NAMES) == {"swap_error"}
    for name in set(ERRORS) - {"swap_error"}:
        assert found[name] < 3e-3, name
    for name in ("retrieval_score", "retrieval_hit_1", "orbit_retrieval_score", "class_skill"):
        assert found[name] == pytest.approx(1, abs=0.01), name
    assert found["retrieval_hit_5"] == 1
    assert found["invariant_retrieval_score"] == pytest.approx(1)
    assert found["element_leakage"] < 0.1


def test_a_collapsed_code_is_at_chance_everywhere():
    found, _ = means(model_of(lambda x: 0 * x), pairs())
    for name in ("relative_equivariance_error", "invariance_ratio", "swap_cycle_error"):
        assert found[name] == 1, name
    chance = sum(1 / k for k in range(1, N + 1)) / N
    assert found["retrieval_score"] == pytest.approx(chance, rel=1e-4)
    assert found["invariant_retrieval_score"] == pytest.approx(chance, rel=1e-4)
    assert found["retrieval_hit_5"] == pytest.approx(5 / N, rel=1e-4)
    assert found["orbit_retrieval_score"] == pytest.approx(
        sum(1 / k for k in range(1, 21)) / 20, rel=1e-4
    )
    assert found["class_skill"] == pytest.approx(0, abs=1e-6)
    assert found["element_leakage"] == pytest.approx(0, abs=0.02)
    assert found["pose_error"] > 1
    assert found["symmetric_pose_error"] == found["pose_error"]
    assert found["latent_cycle_error"] == 1


def test_an_action_that_does_nothing_is_caught():
    trivial = SO2().rep(f"{RHO.dim}x0")
    found, left_out = means(model_of(lambda x: x, trivial), pairs())
    assert found["relative_equivariance_error"] == pytest.approx(1, abs=1e-5)
    assert found["pose_error"] > 1
    assert left_out["swap_cycle_error"] == "the code has no varying entries"


def test_a_code_that_is_constant_along_orbits_is_not_called_equivariant():
    found, _ = means(model_of(lambda x: torch.cat([x[:, :3], 0 * x[:, 3:]], 1)), pairs())
    assert found["relative_equivariance_error"] == 1
    assert found["invariance_ratio"] < 1e-9
    assert found["swap_cycle_error"] == 0.5
    assert found["pose_error"] > 1


def test_elements_of_other_pairs_are_at_chance():
    batch = pairs()
    shuffled = PairBatch(batch.x1, batch.g.roll(9, 0), batch.x2, batch.label, group=SO2())
    found, _ = means(realise_data_action(RHO), shuffled)
    assert found["relative_equivariance_error"] == pytest.approx(1, abs=0.25)
    assert found["pose_error"] == pytest.approx(math.pi / 2, abs=0.35)
    assert found["orbit_retrieval_score"] == 1  # which asks for no element
    order = torch.randperm(N)
    wrong_items = PairBatch(batch.x1, batch.g, batch.x2[order], group=SO2())
    found, _ = means(realise_data_action(RHO), wrong_items)
    assert found["invariance_ratio"] == pytest.approx(1, abs=0.25)
    assert found["retrieval_score"] < 0.3


def test_elements_that_are_off_by_a_tenth_give_a_pose_error_of_a_tenth():
    batch = pairs()
    off = PairBatch(batch.x1, batch.g + 0.1, batch.x2, group=SO2())
    found, _ = means(realise_data_action(RHO), off)
    for name in ("pose_error", "symmetric_pose_error", "data_pose_error"):
        assert found[name] == pytest.approx(0.1, abs=1e-3), name


def test_a_pose_among_the_invariants_leaks():
    batch = pairs(n=300)
    leaky = SO2().rep("7x0 + 1x1")
    found, _ = means(model_of(lambda x: torch.cat([x[:, :7], x[:, 7:]], 1), leaky), batch)
    assert found["element_leakage"] > 0.5
    assert found["invariance_ratio"] > 0.1


def test_the_chunks_of_the_evaluation_do_not_matter():
    found = [means(realise_data_action(RHO), pairs(), batch_size=size)[0] for size in (7, 250)]
    for name in NAMES:
        if name in found[0]:
            assert found[0][name] == pytest.approx(found[1][name], abs=1e-5), name


def test_a_decoder_that_hides_a_number_has_a_gap():
    """Two codes with one picture differ after a quarter turn."""
    rho = SO2().rep("2x1")
    x = torch.randn(50, 4)
    g = torch.full((50,), math.pi / 2) + 0.01 * torch.randn(50)
    hides = LatentActionAE(
        nn.Identity(), Code(lambda z: z * torch.tensor([1, 1, 0.1, 1])), VectorAction(rho)
    )
    found = evaluate(hides, PairBatch(x, g, rho.act(g, x)), "consistency_gap", resamples=0)
    assert found["consistency_gap"].mean > 3
    whole = LatentActionAE(nn.Identity(), Code(lambda z: 0.9 * z), VectorAction(rho))
    found = evaluate(whole, PairBatch(x, g, rho.act(g, x)), "consistency_gap", resamples=0)
    assert found["consistency_gap"].mean == pytest.approx(1, abs=1e-5)


def test_other_groups_and_codes():
    contrast = realise_contrast(6)
    g = contrast.action.group.sample(30)
    x = torch.rand(30, 6) * 0.8 + 0.1
    batch = PairBatch(x, g, contrast.transform(g, x))
    found, left_out = means(contrast, batch, data_action=contrast.transform)
    assert found["relative_equivariance_error"] < 1e-6
    assert found["pose_error"] < 1e-3
    assert "invariance_ratio" in left_out
    group = Cyclic(5)
    shifts = group.regular(on_elements=True)
    parts = realise_canonicalisation(
        group, lambda x: x.sort(1).values, lambda x: x.argmax(1), lambda c: c, shifts.act
    )
    x, g = torch.randn(30, 5), group.sample(30)
    batch = PairBatch(x, g, shifts.act(g, x))
    found, _ = means(parts, batch, data_action=shifts.act)  # a pose that is an index
    for name in ("relative_equivariance_error", "invariance_ratio", "pose_error"):
        assert found[name] < 1e-9, name
    assert found["retrieval_score"] == 1
    off = PairBatch(x, (g + 2) % 5, batch.x2)
    assert evaluate(parts, off, "pose_error", resamples=0)["pose_error"].mean == 2


def test_reasons_are_given_where_a_score_does_not_apply():
    batch = pairs()
    one = PairBatch(batch.x1[:1], batch.g[:1], batch.x2[:1])
    _, left_out = means(realise_data_action(RHO), one)
    assert left_out["retrieval_score"] == "there are fewer than two pairs"
    same = PairBatch(batch.x1, torch.zeros(N), batch.x1)
    _, left_out = means(realise_data_action(RHO), same)
    assert left_out["relative_equivariance_error"].startswith("all pairs have one element")
    assert left_out["class_skill"] == "the pairs have no labels"
    with pytest.raises(ValueError, match="retrieval_score"):
        evaluate(realise_data_action(RHO), one, "retrieval_score")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_codes_that_are_not_finite_are_not_scored_well(value):
    found, left_out = means(model_of(lambda x: x * 0 + value), pairs())
    for name in ("relative_equivariance_error", "invariance_ratio", "retrieval_score"):
        assert math.isnan(found[name]), name
    assert "NaN or infinite" in left_out["class_skill"]
    assert "NaN or infinite" in left_out["element_leakage"]


def test_every_score_says_what_it_is():
    for score in CODE_SCORES:
        assert MODEL_SCORES[score.name] is score
        assert len(score.definition) > 60
        assert score.source
        assert score.range[0] < score.range[1]
