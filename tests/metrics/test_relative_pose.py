"""Relative pose from codes: perfect codes score 1, codes that know nothing score 0 or chance."""

import math

import pytest
import torch

from groupae import (
    SO2,
    SO3,
    Cyclic,
    LatentActionAE,
    PairBatch,
    PartsAction,
    VectorAction,
    evaluate,
)
from groupae.metrics.relative_pose import PoseProbe, pose_r2, view_ranks

ACTION = VectorAction(SO3().rep("2x0 + 4x1 + 1x2"))


def views(n, m, *, base=None, seed=0):
    """Return elements and perfect codes of ``m`` views of ``n`` objects."""
    generator = torch.Generator().manual_seed(seed)
    g = SO3().sample(n * m, generator=generator).view(n, m, 3, 3)
    if base is None:
        base = torch.randn(n, 1, 19, generator=generator)
    return g, ACTION(g, base.expand(n, m, 19))


def relative(g):
    return g[:, 1] @ g[:, 0].mT


def mean(values):
    return float(values.mean())


# --- R2 -----------------------------------------------------------------------------------------
def test_r2_is_that_of_the_definition():
    g = SO3().sample(300)
    found = g + 0.1 * torch.randn(300, 3, 3)
    expected = 1 - (found - g).square().sum() / (g - g.mean(0)).square().sum()
    assert mean(pose_r2(SO3(), g, found)) == pytest.approx(float(expected), abs=1e-5)
    assert mean(pose_r2(SO3(), g, g.mean(0).expand_as(g))) == pytest.approx(0, abs=1e-6)
    assert mean(pose_r2(SO3(), g, SO3().sample(300))) == pytest.approx(-1, abs=0.15)


@pytest.mark.parametrize("degrees", [20, 90])
def test_an_error_of_an_angle_costs_what_it_should(degrees):
    """|R - I|^2 = 4 (1 - cos), and the variance of a Haar matrix is 3."""
    g = SO3().sample(2000)
    axis = torch.nn.functional.normalize(torch.randn(2000, 3), dim=1)
    off = SO3().exp(math.radians(degrees) * axis)
    expected = 1 - 4 * (1 - math.cos(math.radians(degrees))) / 3
    assert mean(pose_r2(SO3(), g, off @ g)) == pytest.approx(expected, abs=0.02)


def test_other_shapes_and_groups_are_refused():
    g = SO3().sample(5)
    with pytest.raises(ValueError, match=r"pose_r2: expected matrices of shape \(5, 3, 3\), got"):
        pose_r2(SO3(), g, g[:4])
    with pytest.raises(ValueError, match="pose_r2: expected elements that differ, got equal ones"):
        pose_r2(SO3(), g[:1].expand(5, 3, 3), g)


# --- probe --------------------------------------------------------------------------------------
def test_a_perfect_code_of_one_frame_is_read_exactly():
    base = torch.randn(1, 1, 19)
    probe = PoseProbe(SO3(), pairs=4000).fit(*views(60, 10, base=base))
    g, z = views(100, 2, base=base, seed=1)
    assert mean(pose_r2(SO3(), relative(g), probe(z[:, 0], z[:, 1]))) > 0.999


def test_frames_of_their_own_are_read_in_part():
    """Without a common frame no fixed regression is exact; it must still beat the mean by far."""
    probe = PoseProbe(SO3(), pairs=8000).fit(*views(300, 10))
    g, z = views(200, 2, seed=1)
    assert 0.4 < mean(pose_r2(SO3(), relative(g), probe(z[:, 0], z[:, 1]))) < 0.95


@pytest.mark.parametrize("code", ["random", "constant", "item"])
def test_a_code_that_does_not_know_the_pose_scores_nothing(code):
    found = {}
    for part, seed in (("train", 0), ("test", 1)):
        g, z = views(150, 8, seed=seed)
        z = torch.randn_like(z) if code == "random" else z[:, :1].expand_as(z)
        found[part] = g, (z if code != "constant" else torch.ones_like(z))
    probe = PoseProbe(SO3(), pairs=6000).fit(*found["train"])
    g, z = found["test"]
    assert abs(mean(pose_r2(SO3(), relative(g), probe(z[:, 0], z[:, 1])))) < 0.06


def test_a_probe_is_the_same_every_time_and_sees_one_pair_as_many():
    g, z = views(40, 6)
    first, second = (PoseProbe(SO3(), pairs=1000).fit(g, z) for _ in range(2))
    found = first(z[:, 0], z[:, 1])
    assert torch.equal(found, second(z[:, 0], z[:, 1]))
    torch.testing.assert_close(first(z[:1, 0], z[:1, 1]), found[:1], atol=1e-4, rtol=1e-4)


def test_large_and_named_codes_of_other_groups():
    pose = SO2().sample(400).view(40, 10)
    arrows = torch.stack([pose.cos(), pose.sin()], -1)
    z = {"a": arrows, "b": 0.1 * torch.randn(40, 10, 70, 80)}
    probe = PoseProbe(SO2(), components=4, pairs=2000).fit(pose, {"a": arrows})
    one = probe({"a": arrows[:, 0]}, {"a": arrows[:, 1]})
    assert mean(pose_r2(SO2(), pose[:, 1] - pose[:, 0], one)) > 0.99
    large = PoseProbe(SO2(), components=8, pairs=500).fit(pose, z)
    assert large(*({k: v[:, i] for k, v in z.items()} for i in (0, 1))).shape == (40, 2, 2)


def test_what_a_probe_cannot_take_is_said():
    g, z = views(10, 4)
    with pytest.raises(ValueError, match="PoseProbe: expected fit to be called before, got no fit"):
        PoseProbe(SO3())(z[:, 0], z[:, 1])
    with pytest.raises(ValueError, match="at least 5 objects, got 4"):
        PoseProbe(SO3()).fit(g[:4], z[:4])
    with pytest.raises(ValueError, match="finite codes, got NaN"):
        PoseProbe(SO3()).fit(g, z / 0)
    with pytest.raises(ValueError, match="codes of 10 objects with 4 views each, got 36 codes"):
        PoseProbe(SO3()).fit(g, z[:9])
    with pytest.raises(ValueError, match=r"elements of shape \(n, m, \*\(3, 3\)\), m at least 2"):
        PoseProbe(SO3()).fit(g[:, :1], z[:, :1])
    with pytest.raises(ValueError, match="pairs to be an integer of at least 1, got 0"):
        PoseProbe(SO3(), pairs=0)


# --- retrieval ----------------------------------------------------------------------------------
def test_a_perfect_code_finds_every_view():
    ranks = view_ranks(ACTION, *views(20, 9))
    assert mean(ranks.reciprocal()) == 1
    assert len(ranks.reciprocal()) == 20 * 8
    named = {"code": views(20, 9)[1]}
    ranks = view_ranks(PartsAction({"code": ACTION}), views(20, 9)[0], named)
    assert mean(ranks.hits(1)) == 1


def test_codes_that_do_not_move_rightly_are_at_chance():
    g, z = views(40, 9)
    for other in (torch.randn_like(z), z[:, :1].expand_as(z) * torch.ones(19), z.flip(1)):
        ranks = view_ranks(ACTION, g, other)
        assert mean(ranks.reciprocal()) == pytest.approx(ranks.chance(), abs=0.06)
    still = torch.cat([torch.randn(40, 9, 2), torch.ones(40, 9, 17) * 0], 2)
    ranks = view_ranks(ACTION, g, still)  # all views tie; the invariants do not count
    assert mean(ranks.reciprocal()) == pytest.approx(ranks.chance(), abs=1e-6)


def test_the_rank_is_that_of_a_search():
    g, z = views(3, 6)
    noisy = z + 0.7 * torch.randn_like(z)
    nearer = view_ranks(ACTION, g, noisy).nearer.view(3, 5)
    for n in range(3):
        for j in range(1, 6):
            query = ACTION.varying(ACTION((g[n, j] @ g[n, 0].T)[None], noisy[n, :1]))
            away = (ACTION.varying(noisy[n, 1:]) - query).norm(dim=1)
            assert nearer[n, j - 1] == (away < away[j - 1] - 1e-5).sum()


def test_codes_that_are_not_known_have_no_rank():
    g, z = views(5, 4)
    with pytest.raises(ValueError, match="at least three views of each object, got 2"):
        view_ranks(ACTION, g[:, :2], z[:, :2])


# --- score of estimates -------------------------------------------------------------------------
def test_the_score_of_estimates_is_in_the_table():
    rho = SO3().rep("4x1 + 2x2")
    model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(rho))
    x, g = torch.randn(60, rho.dim), SO3().sample(60)
    right = PairBatch(x, g, rho.act(g, x), group=SO3())
    assert evaluate(model, right, "pose_r2")["pose_r2"].mean > 0.999
    wrong = PairBatch(x, g, rho.act(SO3().sample(60), x), group=SO3())
    assert evaluate(model, wrong, "pose_r2")["pose_r2"].mean == pytest.approx(-1, abs=0.4)
    shifts = Cyclic(6).rep("2x1")
    steps = Cyclic(6).sample(40)
    x = torch.randn(40, shifts.dim)
    model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(shifts))
    batch = PairBatch(x, steps, shifts.act(steps, x), group=Cyclic(6))
    found = evaluate(model, batch, "pose_r2")
    assert found["pose_r2"].mean == pytest.approx(1, abs=1e-6)
