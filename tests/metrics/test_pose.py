"""Pose errors of estimates that are wrong by known amounts, of data with known symmetries."""

import math

import pytest
import torch

from groupae import O2, SO2, SO3, AffineAction, Cyclic, ShapeError, VectorAction, get_group
from groupae.metrics.pose import code_change, pose_error, symmetric_pose_error, typical_change

ACTIONS = (
    VectorAction(SO2().rep("2x1 + 1x3")),
    VectorAction(SO3().rep("2x1 + 1x2")),
    VectorAction(O2().rep("2x1 + 1x2")),
    VectorAction(Cyclic(6).regular()),
    VectorAction(get_group("s(4)").standard()),
    VectorAction((SO2() * Cyclic(3)).standard()),
    AffineAction(varying=3),
)


def symmetric(action, g, found, z):
    change = code_change(action, z)
    return symmetric_pose_error(action.group, g, found, change, typical_change(change, g))


@pytest.mark.parametrize("action", ACTIONS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_perfect_code_has_no_error_and_a_collapsed_one_that_of_chance(action, dtype):
    draw, group = torch.Generator().manual_seed(0), action.group
    g = group.sample(60, generator=draw, dtype=dtype)
    z = action.random_latent(60, generator=draw, dtype=dtype)
    found = action.align(z, action(g, z))
    slack = 2e-3 if dtype == torch.float32 else 1e-5
    assert pose_error(group, g, found).max() < slack
    assert symmetric(action, g, found, z).max() < slack
    nothing = torch.zeros_like(z)
    guess = group.identity(60, dtype=dtype)
    plain = pose_error(group, g, guess)
    if not isinstance(action, AffineAction):  # of which scalings fix zero, others move it
        assert torch.equal(symmetric(action, g, guess, nothing), plain)  # nothing is no symmetry
    assert (symmetric(action, g, guess, z) > 0.5 * plain).sum() > 30  # nor is a wrong element


def test_an_error_of_a_known_angle_is_that_angle():
    action, g, z = ACTIONS[0], SO2().sample(50), torch.randn(50, 6)
    assert pose_error(SO2(), g, g + 0.1).mean() == pytest.approx(0.1, abs=1e-5)
    assert symmetric(action, g, g + 0.1, z).mean() == pytest.approx(0.1, abs=5e-4)
    assert pose_error(SO2(), g, SO2().sample(50)).dtype == torch.float32


def test_noise_on_the_angle_gives_its_mean_absolute_value():
    g, noise = SO2().sample(20_000), 0.2 * torch.randn(20_000)
    expected = 0.2 * math.sqrt(2 / math.pi)
    assert pose_error(SO2(), g, g + noise).mean() == pytest.approx(expected, 0.02)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_a_datum_with_m_fold_symmetry_has_m_right_poses(m):
    action = VectorAction(SO2().rep(f"2x{m} + 1x{2 * m}"))
    g, z = SO2().sample(100), torch.randn(100, 6)
    turned = g + 2 * math.pi / m * torch.randint(m, (100,))
    assert pose_error(SO2(), g, turned).mean() > 0.5
    assert symmetric(action, g, turned, z).max() < 1e-3
    assert symmetric(action, g, turned + 0.1, z).mean() == pytest.approx(0.1, abs=1e-3)
    asymmetric = VectorAction(SO2().rep("3x1"))
    assert torch.equal(symmetric(asymmetric, g, turned, z), pose_error(SO2(), g, turned))


def test_an_axis_of_symmetry_in_space_is_found():
    action, group = VectorAction(SO3().rep("1x1 + 1x2")), SO3()
    axis = torch.tensor([0.0, 0, 1])
    about = group.exp(torch.linspace(-3, 3, 30)[:, None] * axis)
    z = torch.randn(1, 8)
    z = action.orbit(z, group.exp(torch.arange(90)[:, None] * 2 * math.pi / 90 * axis)).mean(1)
    z, g = z.expand(30, 8), group.sample(30)
    assert action(about, z).sub(z).abs().max() < 1e-5
    found = group.compose(g, about)
    assert pose_error(group, g, found).mean() > 1
    assert symmetric(action, g, found, z).max() < 2e-3
    tilted = group.compose(found, group.exp(torch.tensor([0.2, 0, 0])).expand_as(found))
    assert symmetric(action, g, tilted, z).mean() == pytest.approx(0.2, abs=0.01)


def test_symmetries_of_the_data_count_not_those_that_a_code_has_lost():
    """The code has frequency 4 alone, the data none."""
    lost, data = VectorAction(SO2().rep("2x4")), VectorAction(SO2().rep("2x1"))
    g, x, z = SO2().sample(50), torch.randn(50, 4), torch.randn(50, 4)
    found = g + math.pi / 2
    assert symmetric(lost, g, found, z).max() < 1e-3
    assert symmetric(data, g, found, x).mean() == pytest.approx(math.pi / 2, abs=1e-3)


def test_permutations_count_moved_points_and_their_symmetries():
    group = get_group("s(4)")
    points = VectorAction(group.rep("1x[4] + 1xstd"))
    z = points.random_latent(1)
    stabiliser = points(group.elements(), z.expand(24, -1)).sub(z).abs().amax(-1) < 1e-5
    assert stabiliser.sum() == 1
    g, swap = group.identity(1), torch.tensor([[1, 0, 2, 3]])
    assert pose_error(group, g, swap).tolist() == [2.0]
    fixed = (z + points(swap, z)) / 2  # both points alike
    change = code_change(points, fixed)
    assert symmetric_pose_error(group, g, swap, change, torch.tensor(1.0)).tolist() == [0.0]


def test_shapes_are_compared():
    with pytest.raises(ShapeError, match="of one shape"):
        pose_error(SO2(), torch.zeros(3), torch.zeros(2))
