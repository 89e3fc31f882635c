r"""Decomposition into irreps, intertwiners and Clebsch-Gordan coefficients of compact groups.

One tool: the Haar average :math:`X \mapsto \int \rho(g) X \sigma(g)^{-1} dg` projects any matrix
onto the intertwiners of sigma and rho. For a finite group it is a sum over the elements; for
others it is approached by averaging over fixed random elements again and again, which converges
geometrically, whatever the group. By Schur's lemma an intertwiner from an irrep is an isometry up
to scale, and its image is one copy of that irrep.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups import O2, SO2, Cyclic, Dihedral, Group, Product
from groupae.groups.class_algebra import generic_numbers
from groupae.groups.constants import Constant
from groupae.groups.intertwining import intertwiner_space
from groupae.groups.irreps import IrrepLabel
from groupae.groups.products.product import Sense, whole_label
from groupae.groups.samples import sample_elements
from groupae.representations.algebra import (
    BasisChange,
    Copies,
    Derived,
    Subrepresentation,
    TensorProduct,
)
from groupae.representations.base import Representation
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["clebsch_gordan", "decompose", "intertwiners"]

_HIGHEST_CUTOFF = 128
_NOT_LISTED = _HIGHEST_CUTOFF + 1
_MOST_ELEMENTS = 2000
_HALVINGS = 11  # frequencies below 2048 are averaged to 0
_MOST_ROUNDS = 100  # each halves what is left or does better; rounding may keep it from 1e-12


def haar_average(rho: Representation, sigma: Representation, x: Tensor) -> Tensor:
    """Return the projections of ``x``, shape ``(k, rho.dim, sigma.dim)``, onto intertwiners."""
    group = rho.group
    if group.order is not None and group.order <= _MOST_ELEMENTS:
        return _average(rho, sigma, group.elements(), x)
    factors = group.factors if isinstance(group, Product) else (group,)
    if all(isinstance(factor, SO2) for factor in factors):  # exactly, by doubling a turn
        for step in _turns(len(factors)).reshape(-1, *group.element_shape):
            x = (x + _average(rho, sigma, step[None], x)) / 2
        return x
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


def _turns(factors: int) -> Tensor:
    """Return turns by 1/2, 1/4, ... of a circle, in each factor of a torus, one after another."""
    halvings = 2.0 ** -torch.arange(1, _HALVINGS + 1, dtype=torch.float64)
    each = 2 * math.pi * halvings[:, None, None] * torch.eye(factors, dtype=torch.float64)
    return each.flatten(0, 1)


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


def _copies_inside(
    rho: Representation, label: IrrepLabel, known: Sequence[tuple[IrrepLabel, Tensor]] = ()
) -> Tensor:
    """Return embeddings of all copies of an irrep in ``rho``, shape ``(copies, rho.dim, d)``.

    The images are orthogonal to each other for the invariant inner product (the plain one if
    rho is orthogonal, which the caller has arranged), and to copies of others already known.
    """
    d = rho.group.irreps.dim(label)
    found = torch.zeros(0, rho.dim, d, dtype=torch.float64)
    if rho.dim < d:
        return found
    irrep, generator = IrrepSum(rho.group, (Term(1, label),)), torch.Generator().manual_seed(1)
    tries = 2
    while True:  # as long as every random start leads to a new copy, there may be more
        start = torch.randn(tries, rho.dim, d, generator=generator, dtype=torch.float64)
        for _, copies in known:
            u = copies.movedim(0, -1).flatten(1)
            start = start - u @ (u.mT @ start)
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
        irreps = group.irreps  # one that lists some may list sums of others
        yield from (x for x in fresh if irreps.is_complete or irreps.is_irreducible(x))


def _has_matrices(group: Group, label: IrrepLabel) -> bool:
    try:
        group.irreps.parse(group.irreps.format(label))
    except ValueError:  # beyond the last one: degree 13 of SO(3)
        return False
    return True


def _labels_inside(rho: Representation) -> list[IrrepLabel]:
    """Return the labels of irreps that may lie in rho, low ones first; found from its factors."""
    group = rho.group
    if isinstance(group, (SO2, Cyclic, O2, Dihedral)):
        frequencies = _frequencies_inside(rho)
        labels = group.irreps.labels(max(frequencies, default=0))
        return [label for label in labels if int(str(label).removesuffix("-")) in frequencies]
    if not isinstance(group, Product):
        return [*_candidates(group)]
    parts = [_OnFactor(factor, rho, i) for i, factor in enumerate(group.factors)]
    every = [[label for label, _ in _listed(part)[0]] for part in parts]
    return sorted(itertools.product(*every), key=lambda label: _rank(group, label))


def _frequencies_inside(rho: Representation) -> list[int]:
    """Return the frequencies of turns whose part of the character is not zero."""
    group = rho.group
    if isinstance(group, (Cyclic, Dihedral)):
        g = group.elements()[: group.n]
    else:
        g = group.exp(SO2().grid(4 * _HIGHEST_CUTOFF)[:, None])
    copies = torch.fft.rfft(rho.character(g, torch.float64)).real / len(g)
    return [k for k, m in enumerate(copies.tolist()) if m > 0.25]


@functools.lru_cache(maxsize=4096)
def _rank(group: Group, label: IrrepLabel) -> tuple[int, ...]:
    """Return the key by which labels are sorted: the cutoff that reaches it, then its place."""
    if isinstance(group, Product):
        assert isinstance(label, tuple)
        pairs = zip(group.factors, whole_label(label), strict=True)
        ranks = [_rank(factor, part) for factor, part in pairs]
        signs = [-part.sign if isinstance(part, Sense) else -2 for part in label]
        level = max(rank[0] for rank in ranks)
        return (level, *(place for rank in ranks for place in rank[1:]), *signs)
    cutoffs: Iterable[int | None] = range(_HIGHEST_CUTOFF + 1) if group.order is None else [None]
    before = 0
    for cutoff in cutoffs:
        labels = group.irreps.labels(cutoff)
        if label in labels:
            return cutoff or 0, labels.index(label)
        if len(labels) == before:
            break
        before = len(labels)
    return _NOT_LISTED, 0


@dataclasses.dataclass(frozen=True, repr=False)
class _OnFactor(Derived):
    """A representation of a product, of one factor alone: ``g`` stands for (1, .., g, .., 1)."""

    index: int

    @override
    def __post_init__(self) -> None:
        product = self.inner.group
        assert isinstance(product, Product)
        assert product.factors[self.index] == self.group

    @override
    def __str__(self) -> str:
        return str(self.inner)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        product = self.inner.group
        assert isinstance(product, Product)
        dtype = g.dtype if g.is_floating_point() else torch.float64
        ones = [factor.identity(dtype=dtype, device=g.device) for factor in product.factors]
        return self.inner._apply(product.pack(*ones[: self.index], g, *ones[self.index + 1 :]), x)


def _coupled(rho: TensorProduct) -> list[tuple[IrrepLabel, Tensor]] | None:
    """Return what `_split` does for a product of irreps, by formulas, if they are known."""
    irreps = rho.group.irreps
    found: dict[IrrepLabel, Tensor] = {irreps.trivial: torch.ones(1, 1, 1, dtype=torch.float64)}
    for factor in rho.factors:
        if not (isinstance(factor, IrrepSum) and len(factor.terms) == factor.terms[0].copies == 1):
            return None
        pieces: dict[IrrepLabel, list[Tensor]] = {}
        for label, inside in found.items():
            couplings = irreps.couplings(label, factor.labels[0])
            if couplings is None:
                return None
            for c, isometries in couplings:
                both = torch.einsum("nxa,kabc->nkxbc", inside, isometries)
                pieces.setdefault(c, []).append(both.flatten(2, 3).flatten(0, 1))
        found = {label: torch.cat(parts) for label, parts in pieces.items()}
    return list(found.items())


def _split(rho: Representation) -> list[tuple[IrrepLabel, Tensor]]:
    """Return ``(label, embeddings (copies, rho.dim, d))`` of all irreps inside."""
    if isinstance(rho, IrrepSum) and len(rho.terms) == 1 and rho.terms[0].copies == 1:
        (label,) = rho.labels
        if _rank(rho.group, label)[0] < _NOT_LISTED:
            return [(label, torch.eye(rho.dim, dtype=torch.float64)[None])]
    if isinstance(rho, TensorProduct):
        coupled = _coupled(rho)
        if coupled is not None:
            return coupled
    orthogonal, root = _unitarised(rho)
    found, left = _listed(orthogonal)
    if left:
        what = f"a sum of irreps that {rho.group} lists"
        remedy = "give it as a sum of listed irreps"
        if isinstance(rho.group, Product):
            remedy = "real irreps that are half of a product of two complex ones have no label"
        got = f"{left} dimensions left over"
        raise ValueError(expected(f"decompose({rho})", what, got, remedy))
    return [(label, root @ copies) for label, copies in found]


def _listed(orthogonal: Representation) -> tuple[list[tuple[IrrepLabel, Tensor]], int]:
    """Return the irreps inside that have a label, and how many dimensions are left over."""
    found: list[tuple[IrrepLabel, Tensor]] = []
    left = orthogonal.dim
    labels = _labels_inside(orthogonal)
    halves: list[IrrepLabel] = []
    for label in itertools.chain(labels, halves):
        if left <= 0:
            break
        copies = _copies_inside(orthogonal, label, found)
        if len(copies):
            found.append((label, copies))
            left -= len(copies) * copies.shape[2]
        halves.extend(orthogonal.group.irreps.halves(label))
    return found, left


@functools.lru_cache(maxsize=256)
def _half(group: Group, whole: IrrepLabel, half: IrrepLabel) -> Tensor:
    """Return the isometry of one of the irreps into which a listed product splits, ``(d, d')``."""
    return _copies_inside(IrrepSum(group, (Term(1, whole),)), half)[0]


def _joined(group: Group, copies: dict[IrrepLabel, Tensor]) -> dict[IrrepLabel, Tensor]:
    """Return the embeddings with halves joined to a listed product where all of them are there."""
    found = dict(copies)
    for label in copies if isinstance(group, Product) else ():
        whole = whole_label(label)
        halves = group.irreps.halves(whole)
        if label not in halves[:1] or not all(half in found for half in halves):
            continue
        k = min(len(found[half]) for half in halves)
        both = torch.stack([found[half][:k] @ _half(group, whole, half).mT for half in halves]).sum(
            0
        )
        found[whole] = torch.cat([found[whole], both]) if whole in found else both
        for half in halves:
            found[half] = found[half][k:]
    return {label: inside for label, inside in found.items() if len(inside)}


def decompose(rho: Representation) -> Representation:
    """Return ``rho`` as a sum of irreps in a basis; see `Representation.decompose`."""
    _require_compact(rho, f"decompose({rho})")
    if not all(_is_listed(summand.part) for summand in rho.summands()):
        return _decompose_partly_listed(rho)
    columns: dict[IrrepLabel, list[Tensor]] = {}
    for summand in rho.summands():
        for label, inside in _split(summand.part):
            both = torch.einsum("cxy,kyd->ckxd", summand.embeddings, inside).flatten(0, 1)
            columns.setdefault(label, []).append(both)
    copies = _joined(rho.group, {label: torch.cat(parts) for label, parts in columns.items()})
    order = sorted(copies, key=lambda label: _rank(rho.group, label))
    terms = tuple(Term(len(copies[label]), label) for label in order)
    basis = torch.cat([copies[label].permute(1, 2, 0).flatten(1) for label in order], 1)
    plain = IrrepSum(rho.group, terms)
    if torch.equal(basis, torch.eye(rho.dim, dtype=torch.float64)):
        return plain
    return BasisChange.of(plain, basis)


def _is_listed(part: Representation) -> bool:
    """Return whether all irreps inside surely have labels."""
    irreps = part.group.irreps
    if irreps.is_complete:
        return True
    if not isinstance(part, IrrepSum):
        return False
    ranks = [_rank(part.group, label)[0] for label in part.labels]
    return max(ranks) < _NOT_LISTED and all(map(irreps.is_irreducible, part.labels))


def _decompose_partly_listed(rho: Representation) -> Representation:
    """Return ``rho`` as a sum of irreps where the group lists some of them.

    The others are parts of rho itself, equal where they are equivalent.
    """
    orthogonal, root = _unitarised(rho)
    found, left = _listed(orthogonal)
    parts: list[tuple[Representation, Tensor]] = [
        (IrrepSum(rho.group, (Term(len(copies), label),)), copies) for label, copies in found
    ]
    if left:
        known = [copies.movedim(0, -1).flatten(1) for _, copies in found]
        taken = torch.cat([torch.zeros(orthogonal.dim, 1, dtype=torch.float64), *known], 1)
        parts += _unlisted(orthogonal, _complement(taken))
    columns = torch.cat([copies.permute(1, 2, 0).flatten(1) for _, copies in parts], 1)
    inner = functools.reduce(operator.add, [part for part, _ in parts])
    return BasisChange.of(inner, root @ columns)


def _complement(columns: Tensor) -> Tensor:
    """Return an orthonormal basis of what is orthogonal to orthonormal columns."""
    values: Tensor
    vectors: Tensor
    values, vectors = torch.linalg.eigh(columns @ columns.mT)
    return vectors[:, values < 0.5]


def _unlisted(rho: Representation, inside: Tensor) -> list[tuple[Representation, Tensor]]:
    """Return irreps and their embeddings ``(copies, rho.dim, d)`` in an invariant subspace.

    Eigenspaces of a generic symmetric matrix that commutes with the group are irreducible.
    """
    rest = Subrepresentation(rho.group, rho, Constant(inside), "rest")
    commuting = averaged_intertwiners(rest, rest)
    generic = torch.einsum("k,kij->ij", generic_numbers(len(commuting), 0), commuting)
    values, vectors = torch.linalg.eigh(generic + generic.mT)
    cuts = (values.diff() > 1e-8).nonzero().flatten() + 1
    kinds: list[tuple[Subrepresentation, list[Tensor]]] = []
    for piece in vectors.tensor_split(cuts, dim=1):
        u = inside @ piece
        part = Subrepresentation(rho.group, rho, Constant(u), f"irrep({u.shape[1]})")
        for first, copies in kinds:
            maps = averaged_intertwiners(first, part) if first.dim == part.dim else u[None][:0]
            if len(maps):
                left, _, right = torch.linalg.svd(maps[0])
                copies.append(u @ left @ right)
                break
        else:
            same = sum(first.dim == part.dim for first, _ in kinds)
            title = f"{part.title}{'abcdefghijklmnopqrstuvwxyz'[same - 1] if same else ''}"
            kinds.append((dataclasses.replace(part, title=title), [u]))
    return [
        (Copies(rho.group, first, len(copies)) if copies[1:] else first, torch.stack(copies))
        for first, copies in kinds
    ]


def averaged_intertwiners(rho: Representation, sigma: Representation) -> Tensor:
    """Return an orthonormal basis of the equivariant maps, by averages of random matrices.

    It needs no irreps. Shape ``(k, sigma.dim, rho.dim)``.
    """
    generator, tries = torch.Generator().manual_seed(3), 4
    while True:  # as many as are found, there may be more
        shape = (min(tries, sigma.dim * rho.dim), sigma.dim, rho.dim)
        start = torch.randn(shape, generator=generator, dtype=torch.float64)
        averaged = haar_average(sigma, rho, start).flatten(1)
        vh: Tensor
        _, values, vh = torch.linalg.svd(averaged, full_matrices=False)
        rank = int((values > 1e-7).sum())
        if rank < tries:
            return vh[:rank].reshape(rank, sigma.dim, rho.dim)
        tries *= 4


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

    For a compact group both are decomposed and Schur's lemma writes the maps down, or random maps
    are averaged if it does not list all its irreps; for others the equations are solved on random
    elements.

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
    if not rho.group.irreps.is_complete:
        return averaged_intertwiners(rho, sigma)
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
            into = basis[:, block.slice].reshape(shape).permute(2, 0, 1)
            back = inverse[block.slice].mT.reshape(shape).permute(2, 0, 1)
            for half in rho.group.irreps.halves(term.label):
                u = _half(rho.group, term.label, half)
                self._add(half, into @ u, back @ u)
            if not rho.group.irreps.halves(term.label):
                self._add(term.label, into, back)

    def _add(self, label: IrrepLabel, into: Tensor, back: Tensor) -> None:
        known = label in self.into
        self.into[label] = torch.cat([self.into[label], into]) if known else into
        self.back[label] = torch.cat([self.back[label], back]) if known else back


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
    return _clebsch_gordan(group, a, b, c).clone()


@functools.lru_cache(maxsize=1024)
def _clebsch_gordan(group: Group, a: str, b: str, c: str) -> Tensor:
    first, second, third = (IrrepSum.from_text(group, f"1x{text}") for text in (a, b, c))
    _require_compact(first, f"clebsch_gordan({group})")
    (label,) = third.labels
    if not (group.irreps.is_complete or group.irreps.is_irreducible(label)):
        remedy = "intertwiners() finds the maps into a sum"
        what = "an irreducible third representation"
        raise ValueError(expected(f"clebsch_gordan({group})", what, repr(c), remedy))
    known = group.irreps.coupling(first.labels[0], second.labels[0], label)
    if known is not None:
        return known
    copies = _copies_inside(first * second, label)
    return torch.unflatten(copies, 1, (first.dim, second.dim))
