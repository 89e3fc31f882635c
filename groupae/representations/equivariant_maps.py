"""Equivariant linear maps between representations: intertwiners, Clebsch-Gordan coefficients."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import Group
from groupae.groups.intertwining import intertwiner_space
from groupae.groups.irreps import IrrepLabel
from groupae.groups.samples import sample_elements
from groupae.representations.algebra import BasisChange
from groupae.representations.base import Representation
from groupae.representations.decomposition import decompose, half_embedding
from groupae.representations.haar_average import (
    averaged_intertwiners,
    copies_inside,
    haar_average,
    require_compact,
)
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["clebsch_gordan", "commutant", "intertwiners"]


@functools.lru_cache(maxsize=256)
def commutant(group: Group, label: IrrepLabel) -> Tensor:
    """Return an orthogonal basis of the commutant of an irrep, shape ``(c, d, d)``."""
    irrep = IrrepSum(group, (Term(1, label),))
    d, c = irrep.dim, group.irreps.commutant_dim(label)
    eye = torch.eye(d, dtype=torch.float64)
    if c == 1:
        return eye[None]
    start = torch.randn(c, d, d, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    return _orthonormal(haar_average(irrep, irrep, start)) * math.sqrt(d)


def _orthonormal(x: Tensor) -> Tensor:
    """Return an orthonormal basis (Frobenius) of the span of matrices ``(k, n, m)``."""
    q: Tensor
    q, _ = torch.linalg.qr(x.flatten(1).mT)
    return q.mT.reshape(x.shape)


def intertwiners(rho: Representation, sigma: Representation) -> Tensor:
    """Return a basis of the maps W with ``W rho(g) = sigma(g) W``, the equivariant linear maps.

    For a compact group both are decomposed and Schur's lemma writes the maps down, or random maps
    are averaged if it does not list all its irreps; for others the equations are solved on random
    elements.

    Args:
        rho: Representation on the source of the maps.
        sigma: Representation on their target, of the same group.

    Returns:
        Float64, shape ``(k, sigma.dim, rho.dim)``; k may be 0.

    Raises:
        ValueError: If the groups differ.

    Example:
        >>> from groupae import SO2
        >>> intertwiners(SO2().rep("2x0 + 1x1"), SO2().rep("1x1")).shape
        torch.Size([2, 2, 4])
    """
    if rho.group != sigma.group:
        what = f"two representations of {rho.group}"
        raise ValueError(expected("intertwiners", what, f"one of {sigma.group}"))
    if not rho.group.is_compact:
        g = sample_elements(rho.group, random=6)
        return intertwiner_space(rho.matrix(g, torch.float64), sigma.matrix(g, torch.float64))
    if not rho.group.irreps.is_complete:
        return averaged_intertwiners(rho, sigma)
    source, target = _Isotypic(rho), _Isotypic(sigma)
    found = [torch.zeros(0, sigma.dim, rho.dim, dtype=torch.float64)]
    for label in source.into:
        if label in target.into:
            middle = commutant(rho.group, label)
            maps = torch.einsum(
                "axd,ude,bye->abuxy", target.into[label], middle, source.back[label]
            )
            found.append(maps.flatten(0, 2))
    return torch.cat(found)


class _Isotypic:
    """Embeddings of each irrep in a representation, and the maps back onto the copies."""

    def __init__(self, rho: Representation) -> None:
        split = decompose(rho)
        if isinstance(split, BasisChange):
            basis, inverse, plain = split.basis.values, split.inverse.values, split.inner
        else:
            plain = split
            basis = inverse = torch.eye(rho.dim, dtype=torch.float64)
        assert isinstance(plain, IrrepSum)
        self.into: dict[IrrepLabel, Tensor] = {}
        self.back: dict[IrrepLabel, Tensor] = {}
        for term, block in zip(plain.terms, plain.blocks, strict=True):
            shape = (rho.dim, block.dim, block.copies)
            into = basis[:, block.slice].reshape(shape).permute(2, 0, 1)
            back = inverse[block.slice].mT.reshape(shape).permute(2, 0, 1)
            for half in rho.group.irreps.halves(term.label):
                u = half_embedding(rho.group, term.label, half)
                self._add(half, into @ u, back @ u)
            if not rho.group.irreps.halves(term.label):
                self._add(term.label, into, back)

    def _add(self, label: IrrepLabel, into: Tensor, back: Tensor) -> None:
        known = label in self.into
        self.into[label] = torch.cat([self.into[label], into]) if known else into
        self.back[label] = torch.cat([self.back[label], back]) if known else back


def clebsch_gordan(group: Group, a: str, b: str, c: str) -> Tensor:
    """Return the embeddings of irrep ``c`` in the product of ``a`` and ``b``.

    Args:
        group: A compact group.
        a: Text of the first irrep.
        b: Text of the second.
        c: Text of the one looked for.

    Returns:
        Isometries, float64, shape ``(copies, dim a, dim b, dim c)``: the columns of one copy are
        orthonormal, and ``(rho_a (x) rho_b) C = C rho_c``. Each copy is fixed up to the commutant
        of c: a sign for irreps of real type.

    Example:
        >>> from groupae import SO3
        >>> clebsch_gordan(SO3(), "1", "1", "2").shape
        torch.Size([1, 3, 3, 5])
    """
    return _clebsch_gordan(group, a, b, c).clone()


@functools.lru_cache(maxsize=1024)
def _clebsch_gordan(group: Group, a: str, b: str, c: str) -> Tensor:
    first, second, third = (IrrepSum.from_text(group, f"1x{text}") for text in (a, b, c))
    require_compact(first, f"clebsch_gordan({group})")
    (label,) = third.labels
    if not (group.irreps.is_complete or group.irreps.is_irreducible(label)):
        remedy = "intertwiners() finds the maps into a sum"
        what = "an irreducible third representation"
        raise ValueError(expected(f"clebsch_gordan({group})", what, repr(c), remedy))
    known = group.irreps.coupling(first.labels[0], second.labels[0], label)
    if known is not None:
        return known
    copies = copies_inside(first * second, label)
    return torch.unflatten(copies, 1, (first.dim, second.dim))
