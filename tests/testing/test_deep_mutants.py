"""Broken only in deep or empty batches, between the ends of a path, or off the orbit."""

import dataclasses

import pytest
import torch

from groupae import SO2, SO3, VectorAction
from groupae.groups import Homomorphism
from groupae.representations import IrrepSum
from groupae.testing import check_action, check_group, check_homomorphism, check_representation


class InverseOfDeepBatches(SO3):
    def inverse(self, g):
        return g if g.ndim >= 5 else super().inverse(g)


class StraightPath(SO3):
    def interpolate(self, g, h, t):
        t = torch.as_tensor(t, dtype=g.dtype)[..., None, None]
        return g + (h - g) * t


class SlowStart(SO3):
    def interpolate(self, g, h, t):
        return super().interpolate(g, h, t * t)


class NanSlopeAtZero(SO2):
    def exp(self, v):
        return super().exp(v + 0 * v.abs().sqrt())


@pytest.mark.parametrize(
    ("group", "law"),
    [
        (InverseOfDeepBatches(), "batching"),
        (StraightPath(), "interpolation"),
        (SlowStart(), "interpolation"),
        (NanSlopeAtZero(), "gradient"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, SO3 | SO2) else x,
)
def test_a_group_is_rejected(group, law):
    assert law in check_group(group).failures


@dataclasses.dataclass(frozen=True)
class OffInDeepBatches(Homomorphism):
    def _map(self, g):
        return g + 0.5 if g.ndim > 2 else g


def test_a_homomorphism_is_rejected():
    assert "batching" in check_homomorphism(OffInDeepBatches(SO2(), SO2())).failures


class DoubledDeep(IrrepSum):
    def act(self, g, x, dim=-1):
        moved = super().act(g, x, dim)
        return 2 * moved if g.ndim >= 3 else moved


class DoubledHalf(IrrepSum):
    def act(self, g, x, dim=-1):
        moved = super().act(g, x, dim)
        return 2 * moved if x.dtype == torch.bfloat16 else moved


class DetachedVector(IrrepSum):
    def act(self, g, x, dim=-1):
        return super().act(g, x.detach(), dim)


@pytest.mark.parametrize(
    ("kind", "law"),
    [(DoubledDeep, "batching"), (DoubledHalf, "dtype"), (DetachedVector, "derivative")],
)
def test_a_representation_is_rejected(kind, law):
    plain = SO2().rep("1x0 + 2x1")
    assert law in check_representation(kind(plain.group, plain.terms)).failures


class Spoilt(VectorAction):
    def __init__(self):
        super().__init__(SO2().rep("1x0 + 2x1"))


class StillInDeepBatches(Spoilt):
    def forward(self, g, z):
        return z if z.ndim >= 4 else super().forward(g, z)


class NoEmptyBatch(Spoilt):
    def forward(self, g, z):
        return super().forward(g, z) if len(z) else z.new_zeros(0, 1)


class SwapsTheOtherWayInDeepBatches(Spoilt):
    def swap(self, z, w):
        return super().swap(w, z) if z.ndim > 2 else super().swap(z, w)


class DistanceDoubled(Spoilt):
    def distance(self, z, w):
        return 2 * super().distance(z, w) + 1


class AlignsExactOrbitsOnly(Spoilt):
    def align(self, z, w):
        g = super().align(z, w)
        hit = (self(g, z) - w).norm(dim=-1) < 1e-6
        return torch.where(hit, g, torch.zeros_like(g))


class SilentInvariants(Spoilt):
    def invariants(self, z):
        return 0 * super().invariants(z)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (StillInDeepBatches, "batching"),
        (NoEmptyBatch, "batching"),
        (SwapsTheOtherWayInDeepBatches, "batching"),
        (DistanceDoubled, "align"),
        (AlignsExactOrbitsOnly, "align"),
        (SilentInvariants, "invariants"),
    ],
)
def test_an_action_is_rejected(kind, law):
    assert law in check_action(kind()).failures


def test_the_unspoilt_action_passes():
    check_action(Spoilt()).raise_if_failed()
