"""A broken representation or action is rejected, by the law one would name."""

import dataclasses

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, VectorAction
from groupae.representations import IrrepSum
from groupae.testing import LawViolationError, assert_laws, check_action, check_representation


@dataclasses.dataclass(frozen=True)
class Mutant(IrrepSum):
    """A representation whose matrices are spoilt."""

    def spoil(self, g, matrix):
        raise NotImplementedError

    def matrix(self, g, dtype=None):
        return self.spoil(g, super().matrix(g, dtype))

    def act(self, g, x, dim=-1):
        if dim == -2 and x.shape[-2:] == (self.dim, self.dim):  # called by `matrix`
            return super().act(g, x, dim)
        axis = dim % x.ndim
        lead = g.ndim - len(self.group.element_shape)
        matrix = self.matrix(g, torch.promote_types(x.dtype, torch.float32))
        matrix = matrix.reshape(*matrix.shape[:lead], *(1,) * (axis - lead), *matrix.shape[-2:])
        moved = (
            matrix @ x.to(matrix.dtype).flatten(axis + 1)
            if axis + 1 < x.ndim
            else (matrix @ x.to(matrix.dtype)[..., None])
        )
        return moved.reshape(*moved.shape[:axis], *x.shape[axis:]).to(x.dtype)


class Transposed(Mutant):
    def spoil(self, g, matrix):
        return matrix.mT


class SignGlitch(Mutant):
    """A quaternion's double cover shows: the sign flips where the angle passes 3 radians."""

    def spoil(self, g, matrix):
        angle = self.group.distance(g, self.group.identity(dtype=g.dtype))
        return torch.where((angle > 3)[..., None, None], -matrix, matrix)


class Squared(Mutant):
    def spoil(self, g, matrix):
        return matrix @ matrix


class Scaled(Mutant):
    def spoil(self, g, matrix):
        return matrix * (1 + 1e-6)


class TruncatedToFloat16(Mutant):
    def spoil(self, g, matrix):
        return matrix.half().to(matrix.dtype)


class InverseForG(Mutant):
    def spoil(self, g, matrix):
        return IrrepSum.matrix(self, self.group.inverse(g), matrix.dtype)


class PeriodOff(Mutant):
    """2 pi taken as 6.28."""

    def spoil(self, g, matrix):
        return IrrepSum.matrix(self, g * (2 * torch.pi / 6.28), matrix.dtype)


class BlocksPermuted(Mutant):
    def spoil(self, g, matrix):
        order = torch.arange(self.dim).roll(1)
        return matrix[..., order, :][..., :, order]


class LayoutCopiesFirst(Mutant):
    """(copies, d) taken for (d, copies)."""

    def spoil(self, g, matrix):
        parts = [
            torch.arange(b.start, b.stop).view(b.dim, b.copies).T.flatten() for b in self.blocks
        ]
        order = torch.cat(parts)
        return matrix[..., order, :][..., :, order]


class ProjectionNotIdentity(Mutant):
    def spoil(self, g, matrix):
        keep = torch.ones(self.dim, dtype=matrix.dtype)
        keep[-1] = 0
        return matrix * keep


class LeaksIntoInvariants(Mutant):
    def spoil(self, g, matrix):
        matrix = matrix.clone()
        matrix[..., 0, -1] += 1e-3
        return matrix


class NanGradient(Mutant):
    """Correct values, but the gradient is NaN at the identity, as through Euler angles."""

    def spoil(self, g, matrix):
        distance = (g - torch.eye(3, dtype=g.dtype)).square().sum((-2, -1)).sqrt()
        return matrix + 0 * distance[..., None, None]


class NoGradient(Mutant):
    """Correct values, but nothing flows to the element."""

    def spoil(self, g, matrix):
        return matrix.detach() + 0 * g.sum()


class DoublesOneForMany(Mutant):
    """One element on many vectors is applied wrongly."""

    def spoil(self, g, matrix):
        return matrix

    def act(self, g, x, dim=-1):
        moved = IrrepSum.act(self, g, x, dim)
        many = g.ndim == len(self.group.element_shape) and x.ndim > 2
        return 2 * moved if many else moved


class ForgetsInvariants(Mutant):
    def spoil(self, g, matrix):
        return matrix

    def invariants(self, x, dim=-1):
        return x.narrow(dim, 0, 0)


def mutant(kind, group, text):
    return kind(group, group.rep(text).terms)


class FeaturesThatTurn(IrrepSum):
    """Its features are its entries."""

    def invariant_features(self, z, kind="gram", *, dim=-1, products=None, templates=None):
        return z


class FeaturesWithoutSlope(IrrepSum):
    """Its features are lengths, which have no derivative at zero."""

    def invariant_features(self, z, kind="gram", *, dim=-1, products=None, templates=None):
        return super().invariant_features(z, kind, dim=dim, products=products).abs().sqrt()


MUTANTS = [
    (Transposed, SO3(), "homomorphism"),
    (SignGlitch, SO3(), "homomorphism"),
    (Squared, SO3(), "homomorphism"),
    (Scaled, SO3(), "orthogonality"),
    (Scaled, SO2(), "identity"),
    (TruncatedToFloat16, SO3(), "homomorphism"),
    (TruncatedToFloat16, SO2(), "orthogonality"),
    (InverseForG, SO3(), "homomorphism"),
    (InverseForG, SO2(), "blocks"),
    (InverseForG, Cyclic(5), "blocks"),
    (PeriodOff, SO2(), "well_defined"),
    (BlocksPermuted, SO3(), "blocks"),
    (LayoutCopiesFirst, SO3(), "blocks"),
    (ProjectionNotIdentity, SO2(), "identity"),
    (LeaksIntoInvariants, SO3(), "invariants"),
    (NanGradient, SO3(), "gradient"),
    (NoGradient, SO3(), "derivative"),
    (NoGradient, SO2(), "derivative"),
    (DoublesOneForMany, SO2(), "batching"),
    (ForgetsInvariants, SO2(), "invariants"),
    (Scaled, SO2(), "invariant_features"),
    (LeaksIntoInvariants, SO3(), "invariant_features"),
    (FeaturesThatTurn, SO3(), "invariant_features"),
    (FeaturesWithoutSlope, SO2(), "invariant_features"),
]


@pytest.mark.parametrize(
    ("kind", "group", "law"), MUTANTS, ids=[f"{k.__name__}-{g}" for k, g, _ in MUTANTS]
)
def test_a_mutant_is_rejected_by_the_law_one_would_name(kind, group, law):
    report = check_representation(mutant(kind, group, "2x0 + 3x1 + 1x2"))
    assert law in report.failures
    assert report[law].error > report[law].tolerance
    with pytest.raises(LawViolationError, match=law):
        report.raise_if_failed()


class Unspoilt(Mutant):
    def spoil(self, g, matrix):
        return matrix


@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(5)], ids=str)
def test_the_unspoilt_one_passes(group):
    assert_laws(mutant(Unspoilt, group, "2x0 + 3x1 + 1x2"))


class SpoiltAction(VectorAction):
    """An action whose result is spoilt."""

    def __init__(self, rho, spoil):
        super().__init__(rho)
        self.spoil = spoil

    def forward(self, g, z):
        return self.spoil(self, super().forward, g, z)


ACTION_MUTANTS = {
    "inverse used for g": (SO3(), lambda a, act, g, z: act(a.group.inverse(g), z), "composition"),
    "scaled": (SO2(), lambda a, act, g, z: act(g, z) * (1 + 1e-6), "identity"),
    "float16": (SO2(), lambda a, act, g, z: act(g, z).half().to(z.dtype), "composition"),
    "invariants moved": (SO2(), lambda a, act, g, z: act(g, z).roll(1, -1), "invariants"),
    "period off": (SO2(), lambda a, act, g, z: act(g * 1.001, z), "well_defined"),
    "not linear": (SO2(), lambda a, act, g, z: act(g, z).tanh(), "linearity"),
    "wrong dtype": (SO2(), lambda a, act, g, z: act(g, z).float(), "dtype"),
    "cut from z": (SO2(), lambda a, act, g, z: act(g, z.detach()) + 0 * z, "derivative"),
    "rounded to quarter turns": (
        SO2(),
        lambda a, act, g, z: act((g / (torch.pi / 2)).round() * (torch.pi / 2), z),
        "composition",
    ),
}


@pytest.mark.parametrize("name", tuple(ACTION_MUTANTS))
def test_a_spoilt_action_is_rejected(name):
    group, spoil, law = ACTION_MUTANTS[name]
    report = check_action(SpoiltAction(group.rep("2x0 + 3x1 + 1x2"), spoil))
    assert law in report.failures
    assert law in str(report)


class Unsplit(VectorAction):
    """Says that nothing is invariant and nothing varies."""

    def invariants(self, z):
        return z[..., :0]

    def varying(self, z):
        return z[..., :0]


def test_an_action_must_split_the_whole_code():
    assert "splitting" in check_action(Unsplit(SO2().rep("2x0 + 3x1"))).failures


@pytest.mark.parametrize(
    "rho",
    [
        SO3().trivial(),
        (SO3() * Cyclic(3)).rep("1x(0,1)"),
        (Affine() * SO2()).rep("1x(-2,1) + 1x(std,3)"),
        SO2().rep("4x0"),
    ],
    ids=str,
)
def test_unusual_but_valid_ones_pass(rho):
    assert_laws(rho)
    assert_laws(rho, dtype=torch.float32)
    assert_laws(VectorAction(rho))


def test_the_report_names_the_offending_elements():
    report = check_representation(mutant(PeriodOff, SO2(), "1x1"))
    (g,) = report["well_defined"].offending
    assert g.shape == ()
    assert "FAILED" in str(report)
    assert str(g.tolist()) in str(report)
    assert report.worst.law in report.failures


class Aligned(VectorAction):
    """Finds the inverse of the element that carries one code to the other."""

    def align(self, z, w):
        return self.group.inverse(super().align(z, w))


@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(5)], ids=str)
def test_an_alignment_must_carry_one_code_to_the_other(group):
    assert check_action(Aligned(group.rep("2x0 + 3x1"))).failures == ("align",)
