r"""Decomposition into irreps, intertwiners and Clebsch-Gordan coefficients of compact groups.

One tool: the Haar average :math:`X \mapsto \int \rho(g) X \sigma(g)^{-1} dg` projects any matrix
onto the intertwiners of sigma and rho. For a finite group it is a sum over the elements; for
others it is approached by averaging over fixed random elements again and again, which converges
geometrically, whatever the group. By Schur's lemma an intertwiner from an irrep is an isometry up
to scale, and its image is one copy of that irrep.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import Group, Product
from groupae.groups.intertwining import intertwiner_space
from groupae.groups.irreps import IrrepLabel
from groupae.groups.samples import sample_elements
from groupae.representations.algebra import BasisChange
from groupae.representations.base import Representation
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["clebsch_gordan", "decompose", "intertwiners"]

_HIGHEST_CUTOFF = 128
_MOST_ELEMENTS = 2000
_MOST_ROUNDS = 100  # each halves what is left or does better; rounding may keep it from 1e-12


def haar_average(rho: Representation, sigma: Representation, x: Tensor) -> Tensor:
    """Return the projections of ``x``, shape ``(k, rho.dim, sigma.dim)``, onto intertwiners."""
    group = rho.group
    if group.order is not None and group.order <= _MOST_ELEMENTS:
        return _average(rho, sigma, group.elements(), x)
    g = group.sample(16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = math.inf
    for _ in range(_MOST_ROUNDS):
        averaged = _average(rho, sigma, g, x)
        moved = float((averaged - x).abs().amax())
        x = averaged
        scale = max(1.0, float(x.abs().amax()))
        if moved <= 1e-15 * scale or before <= moved <= 1e-12 * scale:
            break
        before = moved
    return x


def _average(rho: Representation, sigma: Representation, g: Tensor, x: Tensor) -> Tensor:
    """Return the mean of ``rho(g) x sigma(g)^-1``, a chunk of elements at a time."""
    k, n, m = x.shape
    total = torch.zeros(n * k, m, dtype=torch.float64)
    vectors = x.transpose(0, 1).flatten(1)[None]  # (1, n, k m)
    for part in g.split(max(1, 2**22 // (k * n * m))):
        right = sigma.matrix(rho.group.inverse(part), torch.float64)  # (c, m, m)
        moved = rho._apply(part, vectors)  # (c, n, k m)
        moved = moved.unflatten(-1, (k, m)).movedim(0, 2).reshape(n * k, len(part) * m)
        total = total + moved @ right.flatten(0, 1)
    return torch.unflatten(total / len(g), 0, (n, k)).transpose(0, 1)


def _require_compact(rho: Representation, what: str) -> None:
    if not rho.group.is_compact:
        remedy = "representations of other groups need not split; intertwiners() still works"
        raise TypeError(expected(what, "a compact group", rho.group, remedy))


def _copies_inside(rho: Representation, label: IrrepLabel) -> Tensor:
    """Return embeddings of all copies of an irrep in ``rho``, shape ``(copies, rho.dim, d)``.

    The images are orthogonal to each other for the invariant inner product (the plain one if
    rho is orthogonal, which the caller has arranged).
    """
    d = rho.group.irreps.dim(label)
    found = torch.zeros(0, rho.dim, d, dtype=torch.float64)
    if rho.dim < d:
        return found
    irrep, generator = IrrepSum(rho.group, (Term(1, label),)), torch.Generator().manual_seed(1)
    tries = 2
    while True:  # as long as every random start leads to a new copy, there may be more
        start = torch.randn(tries, rho.dim, d, generator=generator, dtype=torch.float64)
        fresh = _extract(haar_average(rho, irrep, start), found)
        found = torch.cat([found, fresh])
        if len(fresh) < tries:
            return found
        tries = 2 * tries


def _extract(x: Tensor, known: Tensor) -> Tensor:
    """Return isometries with images orthogonal to each other and to the known ones."""
    fresh: list[Tensor] = []
    for copy in known:
        x = x - copy @ (copy.mT @ x)
    while True:
        u, values, vh = torch.linalg.svd(x, full_matrices=False)
        best = int(values[:, -1].argmax())  # equal singular values, by Schur, if irreducible
        if values[best, -1] < 1e-7:
            return torch.stack(fresh) if fresh else known[:0]
        copy = u[best] @ vh[best]  # the isometry of the polar factors
        fresh.append(copy)
        for _ in range(2):
            x = x - copy @ (copy.mT @ x)  # what is left lies in the orthogonal complement


def _unitarised(rho: Representation) -> tuple[Representation, Tensor]:
    """Return ``rho`` made orthogonal, ``S^-1 rho S``, and S; Weyl's averaged inner product."""
    if rho.is_orthogonal:
        return rho, torch.eye(rho.dim, dtype=torch.float64)
    form = haar_average(rho.dual, rho, torch.eye(rho.dim, dtype=torch.float64)[None])[0]
    values, vectors = torch.linalg.eigh((form + form.mT) / 2)
    if not values[0] > 1e-11 * values[-1]:
        what = "a basis of condition below 3e5"
        got = "invariant lengths that differ by more"
        raise ValueError(expected(f"decompose({rho})", what, got, "change_basis() it first"))
    root = (vectors * values.rsqrt()) @ vectors.mT
    return rho.change_basis((vectors * values.sqrt()) @ vectors.mT), root


def _candidates(group: Group) -> Iterator[IrrepLabel]:
    """Yield the labels of irreps, low ones first."""
    if group.order is not None:
        yield from group.irreps.labels()
        return
    seen: set[IrrepLabel] = set()
    for cutoff in range(_HIGHEST_CUTOFF + 1):
        labels = group.irreps.labels(cutoff)
        fresh = [label for label in labels if label not in seen]
        if not fresh or not all(_has_matrices(group, label) for label in fresh):
            return
        seen.update(fresh)
        yield from fresh


def _has_matrices(group: Group, label: IrrepLabel) -> bool:
    try:
        group.irreps.parse(group.irreps.format(label))
    except ValueError:  # beyond the last one: degree 13 of SO(3)
        return False
    return True


def _split(rho: Representation) -> list[tuple[IrrepLabel, Tensor]]:
    """Return ``(label, embeddings (copies, rho.dim, d))`` of all irreps inside."""
    if isinstance(rho, IrrepSum) and len(rho.terms) == 1 and rho.terms[0].copies == 1:
        (label,) = rho.labels
        if label in _candidates(rho.group):
            return [(label, torch.eye(rho.dim, dtype=torch.float64)[None])]
    orthogonal, root = _unitarised(rho)
    found, left = [], rho.dim
    for label in _candidates(rho.group):
        copies = _copies_inside(orthogonal, label)
        if len(copies):
            found.append((label, root @ copies))
            left -= len(copies) * copies.shape[2]
        if left <= 0:
            break
    if left:
        what = f"a sum of irreps that {rho.group} lists"
        remedy = "give it as a sum of listed irreps"
        if isinstance(rho.group, Product):
            remedy = "real irreps that are half of a product of two complex ones have no label"
        got = f"{left} dimensions left over"
        raise ValueError(expected(f"decompose({rho})", what, got, remedy))
    return found


def decompose(rho: Representation) -> Representation:
    """Return ``rho`` as a sum of irreps in a basis; see `Representation.decompose`."""
    _require_compact(rho, f"decompose({rho})")
    columns: dict[IrrepLabel, list[Tensor]] = {}
    for summand in rho.summands():
        for label, inside in _split(summand.part):
            both = torch.einsum("cxy,kyd->ckxd", summand.embeddings, inside).flatten(0, 1)
            columns.setdefault(label, []).append(both)
    order = [label for label in _candidates(rho.group) if label in columns]
    copies = {label: torch.cat(columns[label]) for label in order}
    terms = tuple(Term(len(copies[label]), label) for label in order)
    basis = torch.cat([copies[label].permute(1, 2, 0).flatten(1) for label in order], 1)
    plain = IrrepSum(rho.group, terms)
    if torch.equal(basis, torch.eye(rho.dim, dtype=torch.float64)):
        return plain
    return BasisChange.of(plain, basis)


def fixed_dim(rho: Representation) -> int:
    """Return the dimension of the vectors that no element changes, of a compact group."""
    orthogonal, _ = _unitarised(rho)
    return len(_copies_inside(orthogonal, rho.group.irreps.trivial))


@functools.lru_cache(maxsize=256)
def _commutant(group: Group, label: IrrepLabel) -> Tensor:
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

    For a compact group both are decomposed and Schur's lemma writes the maps down; for others the
    equations are solved on random elements.

    Args:
        rho: Where the maps start.
        sigma: Where they end, of the same group.

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
    source, target = _Isotypic(rho), _Isotypic(sigma)
    found = [torch.zeros(0, sigma.dim, rho.dim, dtype=torch.float64)]
    for label in source.into:
        if label in target.into:
            middle = _commutant(rho.group, label)
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
            self.into[term.label] = basis[:, block.slice].reshape(shape).permute(2, 0, 1)
            self.back[term.label] = inverse[block.slice].mT.reshape(shape).permute(2, 0, 1)


def clebsch_gordan(group: Group, a: str, b: str, c: str) -> Tensor:
    """Return how irrep ``c`` lies in the product of ``a`` and ``b``.

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
    first, second, third = (IrrepSum.from_text(group, f"1x{text}") for text in (a, b, c))
    _require_compact(first, f"clebsch_gordan({group})")
    copies = _copies_inside(first * second, third.labels[0])
    return torch.unflatten(copies, 1, (first.dim, second.dim))
