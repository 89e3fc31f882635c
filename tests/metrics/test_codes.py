"""Scores of codes on constructed codes whose scores are known."""

import math

import pytest
import torch

from groupae import (
    O2,
    SO2,
    SO3,
    AffineAction,
    ChannelAction,
    Cyclic,
    PartsAction,
    ShapeError,
    VectorAction,
    get_group,
)
from groupae.metrics.chance import chance_error, code_rows
from groupae.metrics.invariance import invariance_ratio
from groupae.metrics.relative_equivariance import relative_equivariance_error
from groupae.metrics.retrieval import Ranks, orbit_ranks, retrieval_ranks

ACTIONS = (
    VectorAction(SO2().rep("2x0 + 2x1 + 1x3")),
    VectorAction(SO3().rep("2x0 + 2x1 + 1x2")),
    VectorAction(O2().rep("1x0 + 1x1")),
    VectorAction(Cyclic(6).regular()),
    VectorAction(get_group("s(4)").standard()),
    VectorAction((SO2() * Cyclic(3)).standard()),
    AffineAction(varying=3, invariant=2),
    ChannelAction(SO2().rep("2x0 + 2x1")),
    PartsAction({"pose": VectorAction(SO2().rep("3x1")), "skip": None}),
)
DTYPES = (torch.float32, torch.float64)


def codes(action, n=200, dtype=torch.float64):
    """Return elements and codes of pairs on one orbit."""
    draw = torch.Generator().manual_seed(1)
    g = action.group.sample(n, generator=draw, dtype=dtype)
    if isinstance(action, PartsAction):
        z = {
            "pose": torch.randn(n, 6, generator=draw),
            "skip": torch.randn(n, 2, 3, generator=draw),
        }
        z = {name: part.to(dtype) for name, part in z.items()}
    else:
        z = action.random_latent(n, generator=draw, dtype=dtype)
    return g, z, action(g, z)


def mapped(f, z):
    return {name: f(part) for name, part in z.items()} if isinstance(z, dict) else f(z)


every_action = pytest.mark.parametrize("action", ACTIONS, ids=str)


# --- chance -----------------------------------------------------------------------------------
def test_chance_is_the_mean_of_all_pairs_of_different_items():
    x, y = torch.randn(7, 3), torch.randn(7, 3)
    squares = (x[:, None] - y).square().sum(-1).double()
    off = squares[~torch.eye(7, dtype=torch.bool)].mean()
    assert chance_error(x, y) == pytest.approx(float(off), rel=1e-6)
    assert chance_error(x + 1e3, y + 1e3) == pytest.approx(float(off), rel=1e-3)


def test_parts_are_joined_by_name_and_half_precision_becomes_single():
    z = {"b": torch.ones(2, 1, 2), "a": torch.zeros(2)}
    assert code_rows(z).tolist() == [[0, 1, 1]] * 2
    assert code_rows(torch.zeros(2, 3, dtype=torch.float16)).dtype == torch.float32
    assert code_rows(torch.ones(2, 3, dtype=torch.int64)).dtype == torch.float32
    for bad in (torch.zeros(2, dtype=torch.complex64), torch.tensor(1.0), [1.0]):
        with pytest.raises(TypeError, match="codes as real tensors"):
            code_rows(bad)


# --- equivariance -------------------------------------------------------------------------------
@every_action
@pytest.mark.parametrize("dtype", DTYPES)
def test_an_equivariant_code_has_no_error_and_the_others_that_of_chance(action, dtype):
    g, z1, z2 = codes(action, dtype=dtype)
    eps = torch.finfo(dtype).eps
    perfect = relative_equivariance_error(action, g, z1, z2)
    assert perfect.shape == (200,)
    assert perfect.dtype == dtype
    assert perfect.max() < (1e3 * eps) ** 2 * (1e4 if isinstance(action, AffineAction) else 1)
    shuffled = relative_equivariance_error(action, g.roll(1, 0), z1, z2).mean()
    assert 0.8 < shuffled < 1.25  # elements of other pairs
    still = relative_equivariance_error(action, g, z1, z1).mean()
    assert still > 0.5  # constant along orbits: the action moves it away


@every_action
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_collapsed_code_is_at_chance(action, dtype):
    g, z1, _ = codes(action, dtype=dtype)
    nothing = mapped(torch.zeros_like, z1)
    error = relative_equivariance_error(action, g, nothing, nothing)
    assert error.dtype == dtype
    assert error.mean() == pytest.approx(1, abs=0.1)
    if not isinstance(action, AffineAction):  # which moves zero
        assert error.tolist() == [1] * 200


def test_a_code_in_the_invariants_alone_is_not_called_equivariant():
    action = VectorAction(SO2().rep("4x0 + 2x1"))
    g = SO2().sample(100)
    z = torch.cat([torch.randn(100, 4), torch.zeros(100, 4)], 1)
    assert torch.equal(relative_equivariance_error(action, g, z, z), torch.ones(100))
    trivial = VectorAction(SO2().rep("8x0"))
    z1, z2 = torch.randn(2, 100, 8)
    assert relative_equivariance_error(trivial, g, z1, z1).tolist() == [1] * 100
    assert relative_equivariance_error(trivial, g, z1, z2).mean() == pytest.approx(1, abs=1e-5)


def test_noise_of_known_variance_gives_the_known_error():
    action, n, s = VectorAction(SO2().rep("3x1 + 2x2")), 20_000, 0.3
    g, z1, z2 = codes(action, n)
    z1, z2 = (z + math.sqrt(s) * torch.randn_like(z) for z in (z1, z2))
    d = energy = 10
    expected = 2 * d * s / (2 * d * s + 2 * energy)
    assert relative_equivariance_error(action, g, z1, z2).mean() == pytest.approx(expected, 0.02)


def test_small_turns_do_not_hide_a_code_that_does_not_turn():
    action = VectorAction(SO2().rep("4x1"))
    g, z = 0.05 * torch.randn(2000), torch.randn(2000, 8)
    assert 0.9 < relative_equivariance_error(action, g, z, z).mean() < 1.1
    assert relative_equivariance_error(action, g, z, action(g, z)).mean() < 1e-9


def test_elements_that_are_all_equal_tell_nothing():
    action, z = VectorAction(SO2().rep("4x1")), torch.randn(5, 8)
    with pytest.raises(ValueError, match="elements that differ"):
        relative_equivariance_error(action, torch.full((5,), 0.3), z, z)
    with pytest.raises(ShapeError, match="at least 2 items"):
        relative_equivariance_error(action, torch.zeros(1), z[:1], z[:1])


# --- invariance ---------------------------------------------------------------------------------
@every_action
def test_invariants_of_a_perfect_code_do_not_vary_within_orbits(action):
    _, z1, z2 = codes(action)
    y1, y2 = action.invariants(z1), action.invariants(z2)
    if code_rows(y1).shape[1]:
        assert invariance_ratio(y1, y2).max() < 1e-20
        collapsed = mapped(torch.zeros_like, y1)
        assert invariance_ratio(collapsed, collapsed).tolist() == [1] * 200
    else:
        with pytest.raises(ShapeError, match="at least one invariant"):
            invariance_ratio(y1, y2)


def test_noise_on_invariants_gives_the_known_ratio():
    item = torch.randn(20_000, 5)
    y1, y2 = (item + 0.5 * torch.randn_like(item) for _ in range(2))
    assert invariance_ratio(y1, y2).mean() == pytest.approx(0.25 / 1.25, 0.03)
    assert invariance_ratio(item, torch.randn_like(item)).mean() == pytest.approx(1, 0.03)


def test_a_constant_far_from_zero_is_collapsed_too():
    y = torch.full((50, 3), 1000.1)
    assert invariance_ratio(y, y + 1e-4).tolist() == [1] * 50


# --- retrieval ----------------------------------------------------------------------------------
@every_action
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_perfect_code_finds_its_item_and_a_collapsed_one_scores_chance(action, dtype):
    g, z1, z2 = codes(action, dtype=dtype)
    found = retrieval_ranks(action(g, z1), z2)
    assert found.reciprocal().min() == 1
    assert found.hits(1).min() == 1
    nothing = mapped(lambda z: torch.full_like(z, 3.7), z1)
    chance = retrieval_ranks(nothing, nothing)
    assert chance.reciprocal().mean() == pytest.approx(chance.chance(), rel=1e-5)
    assert chance.hits(10).mean() == pytest.approx(10 / 200, rel=1e-5)


def test_unrelated_codes_score_chance():
    x, y = torch.randn(2, 1000, 8)
    ranks = retrieval_ranks(x, y)
    assert ranks.reciprocal().mean() == pytest.approx(ranks.chance(), abs=4e-3)
    assert ranks.hits(100).mean() == pytest.approx(0.1, abs=0.03)


def test_one_half_shuffled_is_half_right():
    z = torch.randn(400, 8)
    other = z.clone()
    other[200:] = z[200:].roll(1, 0)
    assert retrieval_ranks(z, other).hits(1).mean() == 0.5


def test_ranks_count_by_hand():
    ranks = retrieval_ranks(torch.tensor([[0.0], [1], [2]]), torch.tensor([[0.4], [0.4], [-3]]))
    # lists of distances: 0.4 0.4 3 (first of two equal), 0.6 0.6 4, 1.6 1.6 5
    assert ranks.reciprocal().tolist() == pytest.approx([0.75, 0.75, 1 / 3])
    assert ranks.hits(1).tolist() == [0.5, 0.5, 0]
    assert ranks.hits(2).tolist() == [1, 1, 0]


def test_chunks_do_not_matter(monkeypatch):
    x, y = torch.randn(2, 50, 3)
    whole = retrieval_ranks(x, y)
    monkeypatch.setattr("groupae.metrics.retrieval._NUMBERS", 150)
    assert torch.equal(retrieval_ranks(x, y).nearer, whole.nearer)


def test_codes_that_are_not_finite_have_no_rank():
    x = torch.randn(20, 3)
    y = x.clone()
    y[4] = torch.nan
    found = retrieval_ranks(x, y).reciprocal()
    assert found.isnan().nonzero().flatten().tolist() == [4]
    assert found[:4].tolist() == [1] * 4
    assert retrieval_ranks(x * torch.nan, y).reciprocal().isnan().all()


@pytest.mark.parametrize("action", ACTIONS[:4] + ACTIONS[-1:], ids=str)
def test_orbits_are_told_apart_without_elements(action):
    _, z1, z2 = codes(action, 40)
    assert orbit_ranks(action, z1, z2, count=8).reciprocal().min() == 1
    nothing = mapped(torch.zeros_like, z1)
    ranks = orbit_ranks(action, nothing, nothing, count=8)
    assert ranks.reciprocal().mean() == pytest.approx(ranks.chance(), rel=1e-5)
    assert ranks.count == 8


def test_ranks_of_random_places_have_the_chance_that_is_said():
    places = torch.arange(10.0)
    ranks = Ranks(places, torch.zeros(10), 10)
    assert ranks.reciprocal().mean() == pytest.approx(ranks.chance())
    assert ranks.hits(3).mean() == pytest.approx(0.3)
