r"""Second moments of pairs of codes, accumulated in chunks: all that a fit needs of the data.

For pairs :math:`(z_1, g, z_2)` of whitened codes and an irrep :math:`\sigma` they are

.. math:: T^{\sigma}_{ij} = \mathrm{E}\,[\sigma_{ij}(g)\, z_2 z_1^\top].

A map W of codes to the irrep is equivariant on the pairs, :math:`W z_2 = \sigma(g) W z_1`, as far
as its correlation :math:`\sum_{ij} w_i^\top T_{ij} w_j` reaches :math:`\sum_i w_i^\top C w_i`, C
the covariance. The moments of folds are kept apart, for they add up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.actions.fitted.pairs import Pairs
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel

__all__ = [
    "CodeBasis",
    "IrrepCoefficients",
    "PairMoments",
    "code_basis",
    "folded",
    "pair_moments",
]

_PRODUCT = 2**24  # entries of one operand of a product of matrices
_ELEMENTS = 50_000  # beyond so many fewer and fewer are kept


@dataclasses.dataclass(frozen=True)
class CodeBasis:
    """Principal directions of a code, scaled to unit variance.

    Args:
        mean: Mean code, float64, shape ``(size,)``.
        axes: Principal directions with the largest variances, orthonormal, ``(size, rank)``.
        scales: Standard deviations along them, shape ``(rank,)``.
        variance: Variance of the whole code, the sum over all directions.
        count: Number of pairs.
        elements: Elements of the pairs, thinned out where there are very many.
    """

    mean: Tensor
    axes: Tensor
    scales: Tensor
    variance: float
    count: int
    elements: Tensor

    @property
    def rank(self) -> int:
        """Number of directions."""
        return self.axes.shape[1]

    def leading(self, rank: int) -> CodeBasis:
        """Return the basis of the first directions, of largest variance."""
        return dataclasses.replace(self, axes=self.axes[:, :rank], scales=self.scales[:rank])

    @property
    def whitening(self) -> Tensor:
        """The map from codes, less their mean, to whitened ones, shape ``(size, rank)``."""
        return self.axes / self.scales

    def synthesis(self, rows: Tensor, covariance: Tensor) -> Tensor:
        """Return the regression of codes on their features, a right inverse of maps to these.

        Args:
            rows: Maps of whitened codes to features, shape ``(features, rank)``.
            covariance: Covariance of whitened codes, shape ``(rank, rank)``.
        """
        known = rows @ covariance
        dual: Tensor = torch.linalg.solve(known @ rows.mT, known).mT
        return (self.axes * self.scales) @ dual


def code_basis(owner: str, pairs: Pairs, most: int, tolerance: float) -> CodeBasis:
    """Return the principal directions of the codes of all pairs.

    Args:
        owner: Subject of the error message.
        pairs: The pairs; one pass is made.
        most: Largest number of directions.
        tolerance: Smallest variance of a direction, relative to the largest.

    Raises:
        ValueError: If codes are too large to be squared, or there are no pairs.
    """
    total = square = torch.zeros((), dtype=torch.float64)
    count = 0
    shift: Tensor | None = None
    elements: list[Tensor] = []
    for z1, g, z2 in pairs:
        elements.append(g[:: 1 + count // _ELEMENTS])
        both = torch.cat([z1, z2]).double()
        shift = both.mean(0) if shift is None else shift  # a large mean costs no digits
        both = both - shift
        total = total + both.sum(0)
        square = square + both.mT @ both
        count += len(z1)
    if shift is None or not count:
        raise ValueError(expected(owner, "pairs of codes", "none"))
    if not bool(torch.isfinite(square).all()):
        raise ValueError(expected(owner, "codes with finite squares", "entries above 1e150"))
    mean = total / (2 * count)
    covariance = square / (2 * count) - torch.outer(mean, mean)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)
    floor = max(tolerance * float(values[0]), 1e-24 * float((shift + mean).square().amax()))
    rank = min(most, int((values > floor).sum()))
    scales = values[:rank].sqrt()
    variance = float(values.sum())
    return CodeBasis(shift + mean, vectors[:, :rank], scales, variance, count, torch.cat(elements))


@dataclasses.dataclass(frozen=True)
class IrrepCoefficients:
    """Linearly independent functions that span the matrix entries of an irrep.

    For irreps of complex or quaternionic type there are fewer than entries: the cosine and sine of
    a frequency stand for four.

    Args:
        label: The irrep.
        picks: Positions of independent entries in the flattened matrix.
        mixing: All entries from those picked, float64, shape ``(d * d, picks)``.
        dim: Degree d.
    """

    label: IrrepLabel
    picks: tuple[int, ...]
    mixing: Tensor
    dim: int

    @classmethod
    def of(cls, group: Group, label: IrrepLabel) -> IrrepCoefficients:
        """Return those of an irrep, found on random elements unless they are all its entries."""
        d = group.irreps.dim(label)
        if group.irreps.commutant_dim(label) == 1:  # independent entries, by Burnside
            return cls(label, tuple(range(d * d)), torch.eye(d * d, dtype=torch.float64), d)
        generator = torch.Generator().manual_seed(5)
        g = group.sample(4 * d * d + 16, generator=generator, dtype=torch.float64)
        entries = group.irreps.matrices([label], g, torch.float64)[0].flatten(1)
        picks: list[int] = []
        left = entries.clone()
        for i in range(d * d):  # Gram-Schmidt with the first independent entries
            length = float(left[:, i].norm())
            if length > 1e-6 * len(g) ** 0.5:
                picks.append(i)
                unit = left[:, i] / length
                left = left - torch.outer(unit, unit @ left)
        mixing = torch.linalg.lstsq(entries[:, picks], entries).solution.mT
        return cls(label, tuple(picks), mixing, d)

    def values(self, group: Group, g: Tensor) -> Tensor:
        """Return the functions at elements, float64, shape ``(n, picks)``."""
        g = g.double() if g.is_floating_point() else g
        entries = group.irreps.matrices([self.label], g, torch.float64)[0]
        return entries.flatten(1)[:, list(self.picks)]


@dataclasses.dataclass(frozen=True)
class PairMoments:
    """Moments of the whitened codes of pairs, or of a fold of them.

    A 1 is appended to each code, so that first moments are among the second ones.

    Args:
        count: Number of pairs.
        second: Of first and second codes together, float64, shape ``(rank + 1, rank + 1)``.
        cross: Moments ``E[f(g) z2 z1^T]`` of each function f, ``(functions, rank + 1, rank + 1)``.
    """

    count: int
    second: Tensor
    cross: Tensor

    @property
    def covariance(self) -> Tensor:
        """Covariance of the codes, shape ``(rank, rank)``."""
        mean = self.second[:-1, -1]
        return self.second[:-1, :-1] - torch.outer(mean, mean)

    def without(self, fold: PairMoments) -> PairMoments:
        """Return the moments of the pairs that are not in a fold."""
        a, b = self.count, fold.count
        parts = (
            (x * a - y * b) / (a - b)
            for x, y in (
                (self.second, fold.second),
                (self.cross, fold.cross),
            )
        )
        return PairMoments(a - b, *parts)


def pair_moments(
    pairs: Pairs,
    group: Group,
    basis: CodeBasis,
    coefficients: list[IrrepCoefficients],
    folds: int,
) -> tuple[PairMoments, list[PairMoments]]:
    """Return the moments of all pairs, and of each fold.

    Args:
        pairs: The pairs; one pass is made.
        group: Their group.
        basis: Directions that the codes are whitened along.
        coefficients: Functions of the elements.
        folds: Number of folds.
    """
    size, rank = sum(len(c.picks) for c in coefficients), basis.rank + 1
    sums = [
        (torch.zeros(rank, rank).double(), torch.zeros(size, rank, rank).double())
        for _ in range(folds)
    ]
    counts = [0] * folds
    for fold, y1, g, y2, _ in folded(pairs, basis, folds):
        f = torch.cat([c.values(group, g) for c in coefficients], 1)
        second, cross = sums[fold]
        y1, y2 = (torch.cat([y, torch.ones_like(y[:, :1])], 1) for y in (y1, y2))
        second += ((y1.mT @ y1) + (y2.mT @ y2)).double() / 2
        _add_products(cross, f.to(y1.dtype), y1, y2)
        counts[fold] += len(y1)
    parts = [
        PairMoments(n, second / n, cross / n)
        for n, (second, cross) in zip(counts, sums, strict=True)
    ]
    n = sum(counts)
    total = PairMoments(
        n,
        *(
            torch.stack([part.count / n * getattr(part, name) for part in parts]).sum(0)
            for name in ("second", "cross")
        ),
    )
    return total, parts


def _add_products(total: Tensor, f: Tensor, y1: Tensor, y2: Tensor) -> None:
    """Add the sums of ``f y2 y1^T`` over pairs, several functions in one product of matrices."""
    n, rank = y1.shape
    step = max(1, _PRODUCT // (n * rank))
    for start in range(0, f.shape[1], step):
        some = slice(start, start + step)
        weighted = f[:, some, None] * y2[:, None]
        total[some] += (weighted.flatten(1).mT @ y1).view(-1, rank, rank)


def folded(
    pairs: Pairs, basis: CodeBasis, folds: int
) -> Iterator[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
    """Yield each fold's share of chunks: whitened codes, elements, second codes as they are.

    Folds are of one size and drawn with a fixed seed: elements may come in a rhythm.
    """
    draws = torch.Generator().manual_seed(7)
    for z1, g, z2 in pairs:
        order = torch.rand(1 + len(z1) // folds, folds, generator=draws).argsort(1).flatten()
        dtype = torch.promote_types(z1.dtype, torch.float32)
        whitening, mean = basis.whitening.to(dtype), basis.mean.to(dtype)
        y1, y2 = ((z.to(dtype) - mean) @ whitening for z in (z1, z2))
        for fold in range(folds):
            mine = (order[: len(z1)] == fold).nonzero().squeeze(1)
            if len(mine):
                yield fold, y1[mine], g[mine], y2[mine], z2[mine].to(dtype)
