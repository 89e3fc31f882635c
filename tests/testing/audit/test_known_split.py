"""The split beside its truth, known for pictures of blobs that can be drawn at any angle."""

import math

import pytest
import torch

from groupae import SO2, GridAction, audit

SIZE, COUNT = 24, 24
ANGLES = torch.tensor([0.2, 0.5, 0.9, 1.3, 2.0, 2.7, -0.4, -1.0, math.pi / 2])
PLACE = torch.arange(SIZE) - (SIZE - 1) / 2
X, Y = PLACE.expand(SIZE, SIZE), -PLACE[:, None].expand(SIZE, SIZE)
GENERATOR = torch.Generator().manual_seed(0)
CENTRES = 3 * torch.randn(COUNT, 4, 2, generator=GENERATOR)
HEIGHTS = 0.5 + torch.rand(COUNT, 4, 1, 1, generator=GENERATOR)
FOURFOLD = torch.cos(4 * torch.atan2(Y, X)) * torch.exp(-(((X**2 + Y**2).sqrt() - 5) ** 2) / 4)


def drawn(angle, width):
    """Return the pictures turned by an angle without any interpolation."""
    centres = SO2().rep("1x1").act(torch.as_tensor(float(angle)).expand(COUNT), CENTRES)
    d = (X - centres[..., 0, None, None]) ** 2 + (Y - centres[..., 1, None, None]) ** 2
    return (HEIGHTS * torch.exp(-d / (2 * width**2))).sum(1, keepdim=True)


def energy(x):
    return x.square().sum((1, 2, 3))


def fourfold(x):
    return (x.square() * FOURFOLD).sum((1, 2, 3))


def mixed(x):
    return energy(x) + 0.1 * fourfold(x)


def measured_and_true(f, width):
    """Return the split, and the true squared errors of discretisation and of one interpolation."""
    action, x = GridAction(SO2(), (SIZE, SIZE)), drawn(0, width)
    split = audit(f, action, "invariant", x, elements=ANGLES).errors["equivariance"].split
    variance, angles = f(x).var(correction=0), ANGLES[:-1]
    between = [(f(drawn(a, width)) - f(x)).square().mean() / variance for a in angles]
    lost = [
        (f(action(a.expand(COUNT), x)) - f(drawn(a, width))).square().mean() / variance
        for a in angles
    ]
    return split, float(torch.stack(between).mean()), float(torch.stack(lost).mean())


@pytest.mark.parametrize("width", [0.8, 1.2, 2.0])
def test_an_invariant_loses_by_resampling_what_one_turn_costs(width):
    split, _, lost = measured_and_true(energy, width)
    assert split.model < 1e-8
    assert split.resampling == pytest.approx(lost, rel=0.1)
    assert split.discretisation < 0.1 * split.total


@pytest.mark.parametrize("width", [1.2, 2.0])
def test_a_fourfold_function_loses_between_quarter_turns(width):
    split, between, lost = measured_and_true(fourfold, width)
    assert split.model < 1e-8
    assert split.discretisation == pytest.approx(between, rel=0.25)
    assert split.resampling < 6 * lost


@pytest.mark.parametrize("width", [0.8, 1.2, 2.0])
def test_a_mixture_has_both(width):
    split, between, lost = measured_and_true(mixed, width)
    assert split.resampling == pytest.approx(lost, rel=0.15)
    assert between / 3 < split.discretisation < 3 * between
