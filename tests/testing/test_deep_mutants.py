"""Broken only in deep or empty batches, between the ends of a path, or off the orbit."""

import dataclasses
import math

import pytest
import torch

from groupae import SE3, SO2, SO3, Affine, Group, VectorAction
from groupae.groups import Homomorphism
from groupae.representations import IrrepSum
from groupae.testing import (
    assert_laws,
    check_action,
    check_group,
    check_homomorphism,
    check_representation,
)


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


class ConstantSpeed(SO3):
    def interpolate(self, g, h, t):
        return super().interpolate(g, h, 0.3 if isinstance(t, torch.Tensor) else t)


class ExpOfDeepBatches(SO3):
    def exp(self, v):
        return super().exp(v.flip(0) if v.ndim > 2 else v)


class ExpOfOne(SO2):
    def exp(self, v):
        return super().exp(2 * v if v.ndim == 1 else v)


class LogOfDeepBatches(SO2):
    def log(self, g):
        return super().log(g.flip(0) if g.ndim > 1 else g)


class OnceAroundOnly(SO2):
    def exp(self, v):
        return super().exp(torch.where(v.abs() > 6, 1.01 * v, v))


class ConjugatesTheOtherWay(SO3):
    def conjugate(self, g, h):
        return super().conjugate(self.inverse(g), h)


class AlwaysEqual(SO3):
    def equal(self, g, h, atol=None):
        return self.distance(g, h) < 10


class DeafToTolerance(SO2):
    def equal(self, g, h, atol=None):
        return super().equal(g, h)


def halved(g):
    """Return the same numbers, to which half of the gradient comes."""
    return (g + g.detach()) / 2


class ExpHalves(SO3):
    def exp(self, v):
        return super().exp(halved(v))


class ComposeHalves(SE3):
    def compose(self, g, h):
        return super().compose(g, halved(h))


class InverseHalves(Affine):
    def inverse(self, g):
        return super().inverse(halved(g))


class LogHalves(SO2):
    def log(self, g):
        return super().log(halved(g))


class DistanceHalves(SO3):
    def distance(self, g, h):
        return super().distance(halved(g), h)


class BentLog(torch.autograd.Function):
    """A logarithm of angles whose gradient is right and has a wrong gradient itself."""

    generate_vmap_rule = True

    @staticmethod
    def forward(g):
        return g - 2 * math.pi * (g / (2 * math.pi)).round()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        (g,) = ctx.saved_tensors
        return grad * (1 + g - g.detach())

    @staticmethod
    def jvp(ctx, tangent):
        return tangent.clone()


class LogBends(SO2):
    def log(self, g):
        return BentLog.apply(g)[..., None]


class NanSlopeAtZero(SO2):
    def exp(self, v):
        return super().exp(v + 0 * v.abs().sqrt())


@pytest.mark.parametrize(
    ("group", "law"),
    [
        (InverseOfDeepBatches(), "batching"),
        (StraightPath(), "interpolation"),
        (SlowStart(), "interpolation"),
        (ConstantSpeed(), "interpolation"),
        (ExpOfDeepBatches(), "batching"),
        (ExpOfOne(), "batching"),
        (LogOfDeepBatches(), "batching"),
        (OnceAroundOnly(), "one_parameter"),
        (ConjugatesTheOtherWay(), "conjugation"),
        (AlwaysEqual(), "distance"),
        (DeafToTolerance(), "distance"),
        (ExpHalves(), "derivative"),
        (ComposeHalves(), "derivative"),
        (InverseHalves(), "derivative"),
        (LogHalves(), "derivative"),
        (DistanceHalves(), "derivative"),
        (LogBends(), "second_derivative"),
        (NanSlopeAtZero(), "gradient"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, Group) else x,
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


class NegatedAlongLast(IrrepSum):
    def act(self, g, x, dim=-1):
        moved = super().act(g, x, dim)
        return -moved if dim == -1 and x.ndim == 2 else moved


class SwapsTheOtherWayAlongLast(IrrepSum):
    def swap(self, x, y, dim=-1):
        return super().swap(y, x, dim) if dim == -1 else super().swap(x, y, dim)


class MatrixOfDeepBatches(IrrepSum):
    def matrix(self, g, dtype=None):
        return super().matrix(g.flip(0) if g.ndim >= 3 else g, dtype)


class CharacterOfDeepBatches(IrrepSum):
    def character(self, g, dtype=None):
        return super().character(g.flip(0) if g.ndim >= 3 else g, dtype)


class MatrixHalves(IrrepSum):
    def matrix(self, g, dtype=None):
        return super().matrix(halved(g), dtype)


class CharacterHalves(IrrepSum):
    def character(self, g, dtype=None):
        return super().character(halved(g), dtype)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (DoubledDeep, "batching"),
        (DoubledHalf, "dtype"),
        (DetachedVector, "derivative"),
        (NegatedAlongLast, "act_is_matrix"),
        (SwapsTheOtherWayAlongLast, "swap"),
        (MatrixOfDeepBatches, "batching"),
        (CharacterOfDeepBatches, "batching"),
        (MatrixHalves, "derivative"),
        (CharacterHalves, "derivative"),
    ],
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


class InverseGivesHalf(Spoilt):
    def inverse(self, g, z):
        return super().inverse(halved(g), z)


class SwapGivesHalf(Spoilt):
    def swap(self, z, w):
        return super().swap(halved(z), w)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (InverseGivesHalf, "derivative"),
        (SwapGivesHalf, "derivative"),
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
    assert_laws(Spoilt())
