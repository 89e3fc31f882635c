"""Equivariant directions of a code: per irrep a symmetric eigenvalue problem.

Maps W of whitened codes to an irrep are ranked by their correlation, ``<W y2, sigma(g) W y1>`` over
``<W y, W y>`` on average: 1 for exact ones, 0 by chance. By Schur's lemma those that are found come
with their products by the commutant of the irrep, which span the same functions of a code.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.actions.fitted.moments import IrrepCoefficients, PairMoments

__all__ = ["IrrepProblem", "correlations"]

_LARGEST_DENSE = 1600  # unknowns; above it the leading eigenvectors are found by iteration
_ROUNDS = 16  # of the iteration; what is well above chance has converged


@dataclasses.dataclass(frozen=True)
class IrrepProblem:
    """Search for the copies of one irrep.

    Args:
        coefficients: Functions that span the matrix entries of the irrep.
        place: Positions of these functions among all.
        commutant: Orthogonal basis of its commutant, shape ``(c, d, d)``, float64.
    """

    coefficients: IrrepCoefficients
    place: slice
    commutant: Tensor

    @property
    def dim(self) -> int:
        """Degree of the irrep."""
        return self.coefficients.dim

    def moments(self, moments: PairMoments) -> Tensor:
        """Return ``T[i, j] = E[sigma(g)[i, j] y2 y1^T]``, shape ``(d, d, rank, rank)``."""
        rank = moments.covariance.shape[0]
        entries = self.coefficients.mixing @ moments.cross[self.place].flatten(1)
        return entries.view(self.dim, self.dim, rank, rank)

    def directions(self, moments: PairMoments, ridge: float, least: float, most: int) -> Tensor:
        """Return the maps of highest correlation, best first, shape ``(copies, d, rank)``.

        Args:
            moments: Moments of the pairs to fit.
            ridge: Share of the unit matrix in the covariance, against overfitting.
            least: Smallest correlation on these pairs.
            most: Largest number of maps.
        """
        d, rank = self.dim, moments.covariance.shape[0]
        eye = torch.eye(rank, dtype=torch.float64)
        factor = torch.linalg.cholesky((1 - ridge) * moments.covariance + ridge * eye)
        inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
        matrix = inverse @ self.moments(moments) @ inverse.mT
        matrix = matrix.permute(0, 2, 1, 3).reshape(d * rank, d * rank)
        matrix = (matrix + matrix.mT) / 2
        if d == len(self.commutant) == 2:  # then maps are complex vectors, w1 + i w2
            values, complex_maps = torch.linalg.eigh(
                torch.complex(matrix[:rank, :rank], matrix[rank:, :rank])
            )
            best = complex_maps[:, values > least].flip(1)[:, :most].mT
            return torch.stack([best.real, best.imag], 1) @ inverse
        values, vectors = _leading(matrix, most * len(self.commutant))
        vectors = vectors[:, values > least]
        maps = self._without_repeats(vectors.mT.reshape(-1, d, rank), most)
        return maps @ inverse

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
        """Return the correlation of each map on other pairs, shape ``(copies,)``."""
        return correlations(maps, self.moments(moments), moments.covariance)


def correlations(maps: Tensor, cross: Tensor, covariance: Tensor) -> Tensor:
    """Return ``<W y2, sigma(g) W y1>`` over ``<W y, W y>`` on average, shape ``(copies,)``."""
    half = torch.einsum("pia,ijab->pjb", maps, cross)
    length = torch.einsum("pia,ab,pib->p", maps, covariance, maps)
    return torch.einsum("pjb,pjb->p", half, maps) / length


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
