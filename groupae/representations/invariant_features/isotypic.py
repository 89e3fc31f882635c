"""Isotypic components of a representation: all copies of one irrep, as a matrix per code."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.groups.irreps import IrrepLabel
from groupae.representations.algebra import BasisChange
from groupae.representations.base import Representation
from groupae.representations.decomposition import decompose, half_embedding, is_listed_label
from groupae.representations.haar_average import require_compact
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["Isotypic", "Isotypics", "isotypics"]


@dataclasses.dataclass(frozen=True)
class Isotypic:
    """All copies of one irrep in a vector of coordinates.

    Args:
        irrep: The irrep, orthogonal.
        places: Start and number of copies of each of its blocks ``(dim, copies)``.
    """

    irrep: Representation
    places: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """Text of the irrep."""
        if isinstance(self.irrep, IrrepSum):
            return self.irrep.group.irreps.format(self.irrep.labels[0])
        return str(self.irrep)

    @property
    def dim(self) -> int:
        """Degree of the irrep."""
        return self.irrep.dim

    @property
    def copies(self) -> int:
        """Number of copies."""
        return sum(copies for _, copies in self.places)

    @property
    def is_trivial(self) -> bool:
        """Whether the irrep is the trivial one."""
        irrep = self.irrep
        return isinstance(irrep, IrrepSum) and irrep.labels == (irrep.group.irreps.trivial,)


@dataclasses.dataclass(frozen=True)
class Isotypics:
    """Isotypic components of a representation, the trivial one first.

    Args:
        basis: Matrix from vectors to coordinates; ``None`` if they are the same.
        parts: The components, whose places are in the coordinates.
    """

    basis: Tensor | None
    parts: tuple[Isotypic, ...]


def isotypics(rho: Representation, owner: object) -> Isotypics:
    """Return the isotypic components of a representation of a compact group.

    Raises:
        TypeError: If the group is not compact.
        ValueError: If the representation cannot be split into irreps.
    """
    require_compact(rho, str(owner))
    found = _as_written(rho)
    if found is None:
        found = _decomposed(rho)
    first = sorted(found.parts, key=lambda part: not part.is_trivial)
    return Isotypics(found.basis, tuple(first))


def _as_written(rho: Representation) -> Isotypics | None:
    """Return the components of a sum of listed irreps, which needs no decomposition."""
    inner = rho.inner if isinstance(rho, BasisChange) else rho
    if not (isinstance(inner, IrrepSum) and all(_is_plain(inner, x) for x in inner.labels)):
        return None
    places: dict[IrrepLabel, list[tuple[int, int]]] = {}
    for label, block in zip(inner.labels, inner.blocks, strict=True):
        places.setdefault(label, []).append((block.start, block.copies))
    parts = tuple(
        Isotypic(IrrepSum(rho.group, (Term(1, label),)), tuple(found))
        for label, found in places.items()
    )
    return Isotypics(rho.inverse.values if isinstance(rho, BasisChange) else None, parts)


def _is_plain(rho: IrrepSum, label: IrrepLabel) -> bool:
    irreps = rho.group.irreps
    is_orthogonal_irrep = irreps.is_irreducible(label) and irreps.is_orthogonal(label)
    listed = is_listed_label(rho.group, label)
    return listed and is_orthogonal_irrep and not irreps.halves(label)


def _decomposed(rho: Representation) -> Isotypics:
    split = decompose(rho)
    inner, basis = split, torch.eye(rho.dim, dtype=torch.float64)
    if isinstance(split, BasisChange):
        inner, basis = split.inner, split.inverse.values
    rows: dict[Representation, list[Tensor]] = {}
    for summand in inner.summands():
        for irrep, inside in _halves(summand.part):
            copies = (summand.embeddings @ inside).mT @ basis  # (copies, d, dim)
            rows.setdefault(irrep, []).append(copies.transpose(0, 1))
    parts, start = [], 0
    for irrep, some in rows.items():
        count = sum(x.shape[1] for x in some)
        parts.append(Isotypic(irrep, ((start, count),)))
        start += irrep.dim * count
    whole = torch.cat([torch.cat(some, 1).flatten(0, 1) for some in rows.values()])
    return Isotypics(whole, tuple(parts))


def _halves(part: Representation) -> list[tuple[Representation, Tensor]]:
    """Return the irreps of a summand: itself, or the halves of a reducible product."""
    if isinstance(part, IrrepSum):
        group, label = part.group, part.labels[0]
        halves = group.irreps.halves(label)
        if halves:
            return [
                (IrrepSum(group, (Term(1, half),)), half_embedding(group, label, half))
                for half in halves
            ]
    return [(part, torch.eye(part.dim, dtype=torch.float64))]
