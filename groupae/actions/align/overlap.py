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
import math
from collections.abc import Mapping

import torch
from torch import Tensor
from typing_extensions import override

from groupae.actions.align.newton import climb
from groupae.groups import SO2, SO3, Cyclic, Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations import BasisChange, IrrepSum, Representation

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
        trivial = self.group.irreps.trivial
        *_, one = self.moments.values()
        batch = torch.broadcast_shapes(*(moment.shape[:-2] for moment in self.moments.values()))
        moments = {
            label: moment.expand(*batch, *moment.shape[-2:])
            for label, moment in self.moments.items()
            if label != trivial
        }
        if not moments:
            return self.group.identity(*batch, dtype=one.dtype, device=one.device)
        if isinstance(self.group, SO2):
            return _best_angle(moments)
        if isinstance(self.group, Cyclic):
            return _best_index(self.group.n, moments)
        if isinstance(self.group, SO3) and set(moments) == {1}:
            return self.group.project(moments[1])  # the nearest rotation has the largest product
        flat = {label: moment.reshape(-1, *moment.shape[-2:]) for label, moment in moments.items()}
        starts = []
        if isinstance(self.group, SO3) and 1 in moments:
            starts.append(self.group.project(flat[1]))
        return climb(self.group, flat, starts).reshape(*batch, *self.group.element_shape)


def in_irreps(rho: Representation) -> Representation | None:
    """Return an orthogonal ``rho`` written in irreps, or ``None`` if it cannot be."""
    if not (rho.group.is_compact and rho.is_orthogonal):
        return None
    inner = rho.inner if isinstance(rho, BasisChange) else rho
    if isinstance(inner, IrrepSum):
        return rho
    if not rho.group.has_irreps:
        return None
    try:
        return rho.decompose()
    except ValueError:  # it holds irreps that the group does not list
        return None


def harmonic_overlap(rho: Representation, z: Tensor, w: Tensor, dim: int = -1) -> HarmonicOverlap:
    """Return the overlap of two codes under a sum of irreps of a compact group.

    Args:
        rho: A representation whose blocks are irreps.
        z: Codes, with the representation along axis ``dim``; axes behind it are further copies.
        w: Codes with equally many axes.
        dim: The axis, negative.
    """
    dtype = torch.promote_types(z.dtype, torch.float32)
    z, w = (rho.to_blocks(x.to(dtype), dim) for x in (z, w))
    moments: dict[IrrepLabel, Tensor] = {}
    for block in rho.blocks:
        label = rho.group.irreps.parse(block.irrep)
        source, target = (
            x.narrow(dim, block.start, block.size)
            .unflatten(dim, (block.dim, block.copies))
            .flatten(dim)
            for x in (z, w)
        )
        moment = target @ source.mT
        moments[label] = moments[label] + moment if label in moments else moment
    return HarmonicOverlap(rho.group, moments)


def _frequencies(moments: Mapping[IrrepLabel, Tensor]) -> tuple[Tensor, Tensor]:
    """Return frequencies k and c_k with score(t) = Re sum_k c_k exp(i k t)."""
    *_, one = moments.values()
    coefficients = []
    for moment in moments.values():
        cosine = moment.diagonal(dim1=-2, dim2=-1).sum(-1)
        turned = moment.shape[-1] == 2
        sine = moment[..., 1, 0] - moment[..., 0, 1] if turned else torch.zeros_like(cosine)
        coefficients.append(torch.complex(cosine, -sine))
    labels = [label for label in moments if isinstance(label, int)]
    return torch.tensor(labels, device=one.device), torch.stack(coefficients, -1)


def _samples(k: Tensor, c: Tensor, n: int) -> Tensor:
    """Return the score at the angles ``2 pi j / n``, shape ``(*batch, n)``, by one transform."""
    spectrum = c.new_zeros(*c.shape[:-1], n // 2 + 1)
    if c.numel() == 0:  # a transform of nothing is an error
        return c.real.new_zeros(*c.shape[:-1], n)
    single = (k == 0) | (2 * k == n)  # their own mirror image
    spectrum = spectrum.index_copy(-1, k, torch.where(single, n, n / 2) * c)
    samples: Tensor = torch.fft.irfft(spectrum, n=n)
    return samples


def _best_index(n: int, moments: Mapping[IrrepLabel, Tensor]) -> Tensor:
    place: Tensor = _samples(*_frequencies(moments), n).argmax(-1)
    return place


def _best_angle(moments: Mapping[IrrepLabel, Tensor]) -> Tensor:
    """Return the angle at which a trigonometric polynomial is largest.

    It is sampled at 16 times its highest frequency, so that Newton's method converges from the
    highest samples. A sample may lie 2 % below its peak, so Newton's method starts from as many
    peaks as the highest frequency, at most 32, and the best result is kept.
    """
    k, c = _frequencies(moments)
    if len(k) == 1:
        return torch.atan2(-c.imag, c.real)[..., 0] / k[0]
    highest = max(label for label in moments if isinstance(label, int))
    n = 1 << (16 * highest).bit_length()
    values = _samples(k, c, n)
    is_peak = (values >= values.roll(1, -1)) & (values >= values.roll(-1, -1))
    peaks = torch.where(is_peak, values, -torch.inf).topk(min(max(4, highest), 32), -1).indices
    theta = peaks.to(values.dtype) * (2 * math.pi / n)
    steepest = (k * k * c.abs()).sum(-1)[..., None]
    steepest = torch.where(steepest > 0, steepest, 1.0)
    for _ in range(8):
        wave = c[..., None, :] * torch.exp(1j * theta[..., None] * k)
        slope, bend = -(k * wave.imag).sum(-1), (k * k * wave.real).sum(-1)
        concave = bend > 1e-6 * steepest
        step = slope / torch.where(concave, bend, steepest)
        theta = theta + step.clamp(-2 * math.pi / n, 2 * math.pi / n)
    values = (c[..., None, :] * torch.exp(1j * theta[..., None] * k)).real.sum(-1)
    best: Tensor = theta.take_along_dim(values.argmax(-1, keepdim=True), -1)[..., 0]
    return SO2().project(best)


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
