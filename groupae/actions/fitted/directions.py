r"""Equivariant directions of a code: per irrep a symmetric eigenvalue problem.

Maps W of whitened codes to an irrep, with an offset b, have the residual
:math:`\mathrm{E}|W y_2 + b - \sigma(g) (W y_1 + b)|^2` over :math:`2\,\mathrm{E}|W y|^2`. The best
offset, which puts the fixed point of the action at 0, is eliminated; one less the residual is the
correlation by which maps are ranked: 1 for exact ones, 0 by chance. By Schur's lemma those that are
found come with their products by the commutant of the irrep, which span the same functions.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.actions.fitted.moments import IrrepCoefficients, PairMoments
from groupae.actions.fitted.phase_rate import PhaseRate

__all__ = ["IrrepProblem"]

_LARGEST_DENSE = 1600  # unknowns; above it the leading eigenvectors are found by iteration
_LEAST_VARIANCE = 1e-6  # on other pairs; maps that are constant there have no correlation
_ROUNDS = 16  # of the iteration; what is well above chance has converged


@dataclasses.dataclass(frozen=True)
class IrrepProblem:
    """Search for the copies of one irrep.

    Args:
        coefficients: Functions that span the matrix entries of the irrep.
        place: Positions of these functions among all.
        commutant: Orthogonal basis of its commutant, shape ``(c, d, d)``, float64.
        phase: Test of maps by the rate of their phase, where elements are small.
    """

    coefficients: IrrepCoefficients
    place: slice
    commutant: Tensor
    phase: PhaseRate | None = None

    @property
    def dim(self) -> int:
        """Degree of the irrep."""
        return self.coefficients.dim

    @property
    def _is_complex(self) -> bool:
        """Whether the irrep is a plane that is read as complex numbers."""
        return self.dim == len(self.commutant) == 2

    def residual(self, moments: PairMoments) -> Tensor:
        """Return the form whose value at (W, b) is half the squared residual.

        Shape ``(d, rank + 1, d, rank + 1)``, symmetric; the last column of a map is its offset.
        """
        d, size = self.dim, len(moments.second)
        entries = self.coefficients.mixing @ moments.cross[self.place].flatten(1)
        cross = entries.view(d, d, size, size).transpose(1, 2)
        form = -(cross + cross.permute(2, 3, 0, 1)) / 2
        for i in range(d):
            form[i, :, i] += moments.second
        return form

    def directions(self, moments: PairMoments, ridge: float, least: float, most: int) -> Tensor:
        """Return the maps of highest correlation, best first, shape ``(copies, d, rank + 1)``.

        Args:
            moments: Moments of the pairs to fit.
            ridge: Share of the unit matrix in the covariance, against overfitting.
            least: Smallest correlation on these pairs.
            most: Largest number of maps.
        """
        d, rank = self.dim, len(moments.second) - 1
        form, covariance = self.residual(moments), moments.covariance
        offsets = _best_offsets(form)  # (d, d, rank)
        form = form[:, :-1, :, :-1] + torch.einsum("iaj,jkb->iakb", form[:, :-1, :, -1], offsets)
        eye = torch.eye(rank, dtype=torch.float64)
        factor = torch.linalg.cholesky((1 - ridge) * covariance + ridge * eye)
        inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
        form = -form
        for i in range(d):
            form[i, :, i] += covariance
        columns = form[:, :, :1] if self._is_complex else form  # the first tells the other
        matrix = (inverse @ columns.transpose(1, 2) @ inverse.mT).transpose(1, 2)
        matrix = matrix.reshape(d * rank, -1)
        maps = self._leading_maps(matrix, least, most if self.phase is None else rank) @ inverse
        shift = torch.einsum("ijb,pjb->pi", offsets, maps)
        maps = torch.cat([maps, shift[..., None]], 2)
        return maps if self.phase is None else self.phase.in_step(maps, moments)[:most]

    def _leading_maps(self, matrix: Tensor, least: float, most: int) -> Tensor:
        if self._is_complex:
            return _complex_maps(matrix, least)[:most]
        values, vectors = _leading((matrix + matrix.mT) / 2, most * len(self.commutant))
        vectors = vectors[:, values > least]
        return self._without_repeats(
            vectors.mT.reshape(-1, self.dim, len(matrix) // self.dim), most
        )

    def _without_repeats(self, maps: Tensor, most: int) -> Tensor:
        """Return those of orthonormal maps that are no products of others by the commutant."""
        d, rank = self.dim, maps.shape[2]
        if len(self.commutant) == 1:
            return maps[:most]
        used = torch.zeros(0, d * rank, dtype=torch.float64)
        found: list[Tensor] = []
        for w in maps.flatten(1):
            left = w - used.mT @ (used @ w)
            if float(left.norm()) > 0.5 and len(found) < most:
                left = left / left.norm()
                found.append(left.view(d, rank))
                used = torch.cat([used, (self.commutant @ found[-1]).flatten(1)])
        return torch.stack(found) if found else maps[:0]

    def correlations(self, maps: Tensor, moments: PairMoments) -> Tensor:
        """Return the correlation of each map on other pairs, at least -1, shape ``(copies,)``."""
        flat = maps.flatten(1)
        form = self.residual(moments).reshape(flat.shape[1], flat.shape[1])
        residual = ((flat @ form) * flat).sum(1)
        inner = maps[..., :-1]
        variance = ((inner @ moments.covariance) * inner).sum((1, 2))
        found: Tensor = (variance - residual) / variance.clamp(min=_LEAST_VARIANCE)
        return found.clamp(min=-1)


def _best_offsets(form: Tensor) -> Tensor:
    """Return the offset of least residual as a function of the map, shape ``(d, d, rank)``."""
    inner: Tensor = torch.linalg.pinv(form[:, -1, :, -1], rtol=1e-9, atol=1e-9, hermitian=True)
    return -torch.einsum("ij,jkb->ikb", inner, form[:, -1, :, :-1])


def _leading(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return the largest eigenvalues of a symmetric matrix, descending, and eigenvectors."""
    size = len(matrix)
    if size <= _LARGEST_DENSE or 3 * count > size:
        values, vectors = torch.linalg.eigh(matrix)
        return values.flip(0)[:count], vectors.flip(1)[:, :count]
    generator = torch.Generator().manual_seed(6)
    start = torch.randn(size, count, generator=generator, dtype=matrix.dtype)
    values, vectors = torch.lobpcg(matrix, X=start, largest=True, niter=_ROUNDS)
    order = values.argsort(descending=True)
    return values[order], vectors[:, order]


def _complex_maps(matrix: Tensor, least: float) -> Tensor:
    """Return the maps to a plane that is read as complex numbers, w1 + i w2: half the unknowns.

    Args:
        matrix: First column of blocks of the form, shape ``(2 * rank, rank)``.
        least: Smallest eigenvalue.
    """
    rank = len(matrix) // 2
    hermitian = torch.complex(matrix[:rank], matrix[rank:])
    hermitian = (hermitian + hermitian.mH) / 2
    values, vectors = torch.linalg.eigh(hermitian)
    best = vectors[:, values > least].flip(1).mT
    return torch.stack([best.real, best.imag], 1)
