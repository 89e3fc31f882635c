"""Fits to pairs that come in a rhythm, in changing batches, or from a subgroup alone."""

import math
import warnings

import pytest
import torch

from groupae import O2, SO2, SO3, Cyclic, fit_action

from .hidden import hidden_pairs


def multiplicities(fitted):
    return {block.irrep: block.copies for block in fitted.representation.blocks}


def pairs_of_elements(group, counts, g):
    """Return pairs (z1, g, z2) of mixed codes without noise, with given elements."""
    rho, mix, _ = hidden_pairs(group, counts, 0)
    z = torch.randn(len(g), rho.dim, generator=torch.Generator().manual_seed(1)).double()
    return z @ mix.mT, g, rho.act(g, z) @ mix.mT


def assert_same_action(one, other, pairs):
    z, g, _ = pairs
    torch.testing.assert_close(one.action(g, z), other.action(g, z), atol=1e-8, rtol=1e-8)


# --- passes over the pairs ----------------------------------------------------------------------
class Changing:
    """Batches of other pairs on each pass."""

    def __init__(self, pairs, change):
        self.pairs, self.change, self.passes = pairs, change, 0

    def __iter__(self):
        self.passes += 1
        kept = self.change(self.passes)
        yield from zip(*(x[kept].split(50) for x in self.pairs), strict=True)


def shuffled(number):
    return torch.randperm(200, generator=torch.Generator().manual_seed(number))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shuffled, "others in the first chunk"),
        (lambda number: slice(200 - 50 * (number > 1)), "others in the first chunk"),
        (lambda number: slice(200 * (number == 1)), "0 pairs after 200"),
    ],
    ids=["shuffled", "fewer", "none"],
)
def test_other_pairs_on_another_pass_are_refused(change, words):
    _, _, pairs = hidden_pairs(SO2(), {"0": 1, "1": 2}, 0, n=200)
    with pytest.raises(ValueError, match=f"same pairs in the same order on each pass, got {words}"):
        fit_action(SO2(), Changing(pairs, change))


@pytest.mark.parametrize("sizes", [[1] * 200, [0, 3, 97, 0, 100], [199, 1]], ids=len)
def test_batches_of_any_size_give_the_same(sizes):
    _, _, pairs = hidden_pairs(SO2(), {"0": 1, "1": 2}, 0, n=200)
    one = fit_action(SO2(), *pairs, cutoff=2)
    other = fit_action(SO2(), list(zip(*(x.split(sizes) for x in pairs), strict=True)), cutoff=2)
    assert_same_action(one, other, pairs)
    assert one.held_out_error == pytest.approx(other.held_out_error, rel=1e-6)


def test_batches_that_share_memory():
    _, _, pairs = hidden_pairs(SO2(), {"0": 1, "1": 2}, 0, n=200)
    place = [x[:50].clone() for x in pairs]

    class Reused:
        def __iter__(self):
            for batch in zip(*(x.split(50) for x in pairs), strict=True):
                for kept, new in zip(place, batch, strict=True):
                    kept.copy_(new)
                yield tuple(place)

    assert_same_action(fit_action(SO2(), Reused()), fit_action(SO2(), *pairs), pairs)


def test_elements_in_a_rhythm():
    group, counts = Cyclic(4), {"0": 1, "1": 2, "2": 2}
    fitted = fit_action(group, *pairs_of_elements(group, counts, torch.arange(300) % 4))
    assert multiplicities(fitted) == counts


# --- elements of a subgroup ---------------------------------------------------------------------
def turns_about_one_axis(n):
    angle = torch.linspace(0, 2 * math.pi, n, dtype=torch.float64)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    rows = (angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero, zero, zero, one)
    return torch.stack(rows, -1).view(n, 3, 3)


SUBGROUPS = {  # copies, elements, irreps that these split
    "so3 about one axis": (SO3(), {"0": 3, "1": 2}, turns_about_one_axis(500), ("1", "2")),
    "o2 without reflections": (
        O2(),
        {"0": 1, "1": 2},
        turns_about_one_axis(500)[:, :2, :2],
        ("1", "2"),
    ),
    "so2 by quarters": (
        SO2(),
        {"0": 1, "1": 1, "2": 2},
        torch.arange(500).double() % 4 * (math.pi / 2),
        ("2",),
    ),
}


@pytest.mark.parametrize("name", SUBGROUPS)
def test_irreps_that_the_elements_split_are_left_out(name):
    group, counts, g, split = SUBGROUPS[name]
    with pytest.warns(UserWarning, match=r"2 \(split\); where all elements are of a subgroup"):
        fitted = fit_action(group, *pairs_of_elements(group, counts, g), cutoff=2)
    assert fitted.split == split
    assert not set(split) & set(multiplicities(fitted))
    assert "irrep 2 was left out: these elements split it into smaller ones" in str(fitted)


def test_a_small_range_of_angles_is_enough():
    g = torch.linspace(-0.35, 0.35, 600, dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = fit_action(SO2(), *pairs_of_elements(SO2(), {"0": 1, "1": 2, "2": 1}, g))
    assert multiplicities(fitted) == {"0": 1, "1": 2, "2": 1}


# --- numbers that hardly vary -------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("place", range(3))
def test_a_unit_that_fires_once(dtype, place):
    """A direction may vary in the pairs that are fitted to, or in those held out, alone."""
    counts = {"0": 2, "1": 2, "3": 1}
    z1, g, z2 = pairs_of_elements(SO2(), counts, SO2().sample(400, dtype=torch.float64))
    unit = torch.zeros(400, 1, dtype=torch.float64)
    unit[place] = 1
    z1, z2 = (torch.cat([z, part], 1).to(dtype) for z, part in ((z1, unit), (z2, 0 * unit)))
    fitted = fit_action(SO2(), z1, g, z2)
    assert multiplicities(fitted) == counts
    assert fitted.held_out_error < 0.05
    assert all(copy.residual < 0.1 for copy in fitted.spectrum if copy.is_used)


def test_a_threshold_that_no_copy_reaches_is_named():
    _, _, pairs = hidden_pairs(SO2(), {"0": 1, "1": 2}, 0, noise=0.3, n=300)
    with pytest.warns(UserWarning, match="none better than chance and with a residual below 0.001"):
        fit_action(SO2(), *pairs, max_residual=0.001)


def test_no_share_is_negative():
    fitted = fit_action(SO2(), *pairs_of_elements(SO2(), {"0": 1, "1": 2}, SO2().sample(400)))
    assert fitted.held_out_error >= 0
    assert all(copy.residual >= 0 for copy in fitted.spectrum)


# --- modes of the caller ------------------------------------------------------------------------
def test_a_fit_of_codes_for_inference_can_be_trained_on():
    pairs = pairs_of_elements(SO2(), {"0": 1, "1": 2}, SO2().sample(200, dtype=torch.float64))
    with torch.inference_mode():
        z1, g, z2 = (x.clone() for x in pairs)
        fitted = fit_action(SO2(), z1, g, z2)
    z = pairs[0].clone().requires_grad_()
    fitted.action(pairs[1], z).sum().backward()
    fitted.decode(fitted.encode(z)).sum().backward()
    assert z.grad is not None


def test_autocast_changes_nothing():
    z1, g, z2 = (x.float() for x in pairs_of_elements(SO2(), {"0": 1, "1": 2}, SO2().sample(300)))
    one = fit_action(SO2(), z1, g, z2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        other = fit_action(SO2(), z1, g, z2)
        found = other.action(g, z1), other.decode(other.encode(z1)), other.action.invariants(z1)
    wanted = one.action(g, z1), one.decode(one.encode(z1)), one.action.invariants(z1)
    for x, y in zip(found, wanted, strict=True):
        torch.testing.assert_close(x, y, atol=1e-4, rtol=1e-4)
