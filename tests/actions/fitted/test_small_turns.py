"""Fits to pairs of small elements: what holds on the whole group is found from near it one."""

import math

import pytest
import torch

from groupae import SO2, SO3, fit_action
from groupae.actions.fitted.moments import code_basis
from groupae.actions.fitted.pairs import Pairs
from groupae.actions.fitted.search import Search

from .hidden import hidden_pairs

COUNTS = {"0": 2, "1": 3, "2": 3, "3": 2, "4": 2, "5": 1}


def multiplicities(fitted):
    return {block.irrep: block.copies for block in fitted.representation.blocks}


def near_one(group, n, most, seed=0):
    generator = torch.Generator().manual_seed(seed)
    if isinstance(group, SO3):
        axis = torch.randn(n, 3, generator=generator, dtype=torch.float64)
        angle = most * torch.rand(n, 1, generator=generator, dtype=torch.float64)
        return group.exp(angle * axis / axis.norm(dim=1, keepdim=True))
    return (2 * torch.rand(n, generator=generator, dtype=torch.float64) - 1) * most


def turned_codes(group, counts, g, noise, seed=0):
    """Return pairs (z1, g, z2) of mixed noisy codes, and the true action on them."""
    rho, mix, _ = hidden_pairs(group, counts, seed)
    generator = torch.Generator().manual_seed(seed)
    z, *e = torch.randn(3, len(g), rho.dim, generator=generator, dtype=torch.float64)
    z1, z2 = z + noise * e[0], rho.act(g, z) + noise * e[1]
    return (z1 @ mix.mT, g, z2 @ mix.mT), lambda h, z: rho.act(h, z @ mix.inverse().mT) @ mix.mT


@pytest.mark.parametrize("most_deg", [15, 45, 90])
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.15])
def test_frequencies_are_told_apart_by_small_turns(most_deg, noise):
    """At noise 0.15 a true copy has a residual of 0.04, a neighbour read as it one of 0.02."""
    g = near_one(SO2(), 6000, math.radians(most_deg))
    pairs, act = turned_codes(SO2(), COUNTS, g, noise)
    fitted = fit_action(SO2(), *pairs)
    assert multiplicities(fitted) == COUNTS
    z, half = pairs[0][:500], torch.full((500,), math.pi, dtype=torch.float64)
    error = (fitted.action(half, z) - act(half, z)).square().sum() / z.square().sum()
    assert error < max(5e-3, 4 * noise**2)


@pytest.mark.parametrize("start", [0, 3], ids=["from 0", "from 3"])
def test_irreps_that_are_named_are_enough(start):
    g = near_one(SO2(), 6000, math.radians(15))
    pairs, _ = turned_codes(SO2(), COUNTS, g, 0.1)
    wanted = {irrep: n for irrep, n in COUNTS.items() if int(irrep) >= start}
    assert multiplicities(fit_action(SO2(), *pairs, irreps=list(wanted))) == wanted


def test_degrees_are_told_apart_by_small_rotations_if_there_is_little_noise():
    counts = {"0": 1, "1": 2, "2": 1}
    g = near_one(SO3(), 4000, math.radians(30))
    pairs, act = turned_codes(SO3(), counts, g, 0.01)
    fitted = fit_action(SO3(), *pairs, cutoff=3)
    assert multiplicities(fitted) == counts
    z, far = pairs[0][:200], SO3().sample(200, dtype=torch.float64)
    torch.testing.assert_close(fitted.action(far, z), act(far, z), atol=0.1, rtol=0)


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("share", [0.05, 0.1])
def test_pairs_most_of_which_do_not_move_are_no_small_turns(share, noise):
    generator = torch.Generator().manual_seed(0)
    is_moved = torch.rand(3000, generator=generator) < share
    g = near_one(SO2(), 3000, math.pi) * is_moved
    counts = {"0": 2, "1": 3, "2": 2, "3": 1}
    pairs, _ = turned_codes(SO2(), counts, g, noise)
    assert multiplicities(fit_action(SO2(), *pairs)) == counts


def spread(group, g):
    pairs, _ = turned_codes(group, {"0": 2, "1": 2}, g, 0.0)
    search = Search(group, Pairs("test", group, *pairs), basis_of(group, pairs), 1.0)
    search.look_for(group.irreps.labels(2) if group.order is None else group.irreps.labels(None))
    return search.spread


def basis_of(group, pairs):
    return code_basis("test", Pairs("test", group, *pairs), 16, 1e-10)


def test_the_spread_of_elements_is_the_residual_of_the_nearest_neighbour():
    most = math.radians(20)
    wanted = 1 - math.sin(most) / most  # the mean of 1 - cos t, and five standard errors
    assert spread(SO2(), near_one(SO2(), 5000, most)) == pytest.approx(wanted, rel=0.15)


@pytest.mark.parametrize("group", [SO2(), SO3()], ids=str)
def test_elements_of_the_whole_group_have_a_spread_of_exactly_one(group):
    g = group.sample(3000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert spread(group, g) == 1


def test_quarter_turns_are_spread_over_their_own_group():
    g = torch.randint(4, (3000,), generator=torch.Generator().manual_seed(0)) * (math.pi / 2)
    assert spread(SO2(), g.double()) == 1


def test_directions_that_do_not_move_are_no_copies_of_a_frequency():
    """300 further directions stay as they are, which is nearly a small turn."""
    g = near_one(SO2(), 4000, math.radians(15))
    pairs, _ = turned_codes(SO2(), COUNTS, g, 0.05)
    generator = torch.Generator().manual_seed(3)
    still = 0.1 * torch.randn(4000, 300, generator=generator, dtype=torch.float64)
    z1, _, z2 = (torch.cat([z, still], 1) if z.ndim > 1 else z for z in pairs)
    fitted = fit_action(SO2(), z1, g, z2, cutoff=6)
    assert {k: n for k, n in multiplicities(fitted).items() if k != "0"} == {
        k: n for k, n in COUNTS.items() if k != "0"
    }
