r"""Alignment in closed form, from sums over the parts of a code.

For an orthogonal action the best element maximises the score :math:`\langle \rho(g) z, w\rangle`,
which depends on the codes only through one matrix per irrep,

.. math:: s(g) = \sum_\lambda \langle D^\lambda(g), M_\lambda \rangle, \qquad
    M_\lambda = W_\lambda Z_\lambda^\top,

where the columns of :math:`Z_\lambda` are the copies of the irrep. The M are the Fourier
coefficients of the score on the group; the cost of a search does not depend on the number of
copies. Affine and rigid motions have sums of their own. Each kind is an `Overlap`.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations import Representation
from groupae.representations.correlation import highest_element, in_irreps, moments_of

__all__ = ["AffineOverlap", "HarmonicOverlap", "Overlap", "harmonic_overlap", "in_irreps"]


class Overlap(abc.ABC):
    """Sums over two codes that determine the element from one to the other."""

    def plus(self, other: Overlap) -> Overlap | None:
        """Return the sums over both, or ``None`` if they are of different kinds."""
        del other
        return None

    @abc.abstractmethod
    def best(self) -> Tensor:
        """Return the best element, shape ``(*batch, *element_shape)``."""


@dataclasses.dataclass(frozen=True)
class HarmonicOverlap(Overlap):
    """Fourier coefficients of the score of a compact group.

    Args:
        group: The group.
        moments: The matrix M of each irrep, shape ``(*batch, d, d)``; at least one.
    """

    group: Group
    moments: Mapping[IrrepLabel, Tensor]

    @override
    def plus(self, other: Overlap) -> HarmonicOverlap | None:
        """Return the sum, ``None`` for an overlap of another kind."""
        if not isinstance(other, HarmonicOverlap):
            return None
        total = dict(self.moments)
        for label, moment in other.moments.items():
            total[label] = total[label] + moment if label in total else moment
        return HarmonicOverlap(self.group, total)

    @override
    def best(self) -> Tensor:
        """Return the element of the highest score, by the fastest method for the group."""
        return highest_element(self.group, self.moments)


def harmonic_overlap(rho: Representation, z: Tensor, w: Tensor, dim: int = -1) -> HarmonicOverlap:
    """Return the overlap of two codes under a sum of irreps of a compact group.

    Args:
        rho: A representation whose blocks are irreps.
        z: Codes, with the representation along axis ``dim``; axes behind it are further copies.
        w: Codes with equally many axes.
        dim: The axis, negative.
    """
    return HarmonicOverlap(rho.group, moments_of(rho, z, w, dim))


@dataclasses.dataclass(frozen=True)
class AffineOverlap(Overlap):
    """Sums for the regression of w on z.

    Args:
        count: Number of entries, a scalar.
        mean_z: Shape ``(*batch,)``.
        mean_w: Shape ``(*batch,)``.
        zz: Sum of squares of z about its mean, shape ``(*batch,)``.
        zw: Sum of products about the means, shape ``(*batch,)``.
    """

    count: int
    mean_z: Tensor
    mean_w: Tensor
    zz: Tensor
    zw: Tensor

    @classmethod
    def of(cls, z: Tensor, w: Tensor) -> AffineOverlap:
        """Return the sums over the last axis."""
        mean_z, mean_w = z.mean(-1), w.mean(-1)
        dz, dw = z - mean_z[..., None], w - mean_w[..., None]
        return cls(z.shape[-1], mean_z, mean_w, (dz * dz).sum(-1), (dz * dw).sum(-1))

    @override
    def plus(self, other: Overlap) -> AffineOverlap | None:
        """Return the sums over the entries of both, ``None`` for an overlap of another kind."""
        if not isinstance(other, AffineOverlap):
            return None
        count = self.count + other.count
        share = other.count / count
        dz, dw = other.mean_z - self.mean_z, other.mean_w - self.mean_w
        between = self.count * share
        return AffineOverlap(
            count,
            self.mean_z + share * dz,
            self.mean_w + share * dw,
            self.zz + other.zz + between * dz * dz,
            self.zw + other.zw + between * dz * dw,
        )

    @override
    def best(self) -> Tensor:
        """Return ``(a, b)`` by least squares, with a at least eps so that it is positive."""
        varies = self.zz > 0
        a = torch.where(varies, self.zw / torch.where(varies, self.zz, 1.0), 1.0)
        a = a.clamp(min=torch.finfo(a.dtype).eps)
        return torch.stack(torch.broadcast_tensors(a, self.mean_w - a * self.mean_z), -1)
