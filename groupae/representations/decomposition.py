"""Decomposition of representations of compact groups into irreps."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from groupae._moved import lazy_names
from groupae._validation import expected
from groupae.groups import O2, SO2, Cyclic, Dihedral, Group, Product
from groupae.groups.class_algebra import generic_numbers
from groupae.groups.constants import Constant
from groupae.groups.irreps import IrrepLabel
from groupae.groups.products.product import Sense, whole_label
from groupae.representations.algebra import (
    BasisChange,
    Copies,
    Derived,
    Subrepresentation,
    TensorProduct,
)
from groupae.representations.base import Representation
from groupae.representations.haar_average import (
    averaged_intertwiners,
    copies_inside,
    require_compact,
    unitarised,
)
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = ["decompose", "fixed_dim", "half_embedding", "is_listed_label"]

_HIGHEST_CUTOFF = 128  # up to which the irreps of an infinite group are looked for
_NOT_LISTED = _HIGHEST_CUTOFF + 1

# names of this module up to groupae 0.2
if TYPE_CHECKING:
    from groupae.representations.equivariant_maps import clebsch_gordan as clebsch_gordan
    from groupae.representations.equivariant_maps import intertwiners as intertwiners
else:  # or every misspelt name would have a type
    __getattr__ = lazy_names(
        __name__, {"representations.equivariant_maps": "clebsch_gordan intertwiners"}
    )


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
    """Return the frequencies of turns with a nonzero part in the character."""
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
    """Restriction of a representation of a product to one factor, by ``(1, .., g, .., 1)``."""

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
    """Return the result of `_split` for a product of irreps by known formulas, else ``None``."""
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
        if is_listed_label(rho.group, label):
            return [(label, torch.eye(rho.dim, dtype=torch.float64)[None])]
    if isinstance(rho, TensorProduct):
        coupled = _coupled(rho)
        if coupled is not None:
            return coupled
    orthogonal, root = unitarised(rho)
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
    """Return the labelled irreps inside, and the number of dimensions left over."""
    found: list[tuple[IrrepLabel, Tensor]] = []
    left = orthogonal.dim
    labels = _labels_inside(orthogonal)
    halves: list[IrrepLabel] = []
    for label in itertools.chain(labels, halves):
        if left <= 0:
            break
        copies = copies_inside(orthogonal, label, found)
        if len(copies):
            found.append((label, copies))
            left -= len(copies) * copies.shape[2]
        halves.extend(orthogonal.group.irreps.halves(label))
    return found, left


@functools.lru_cache(maxsize=256)
def half_embedding(group: Group, whole: IrrepLabel, half: IrrepLabel) -> Tensor:
    """Return the isometry of one of the irreps into which a listed product splits, ``(d, d')``."""
    return copies_inside(IrrepSum(group, (Term(1, whole),)), half)[0]


def _joined(group: Group, copies: dict[IrrepLabel, Tensor]) -> dict[IrrepLabel, Tensor]:
    """Return the embeddings with halves joined to a listed product where all of them are there."""
    found = dict(copies)
    for label in copies if isinstance(group, Product) else ():
        whole = whole_label(label)
        halves = group.irreps.halves(whole)
        if label not in halves[:1] or not all(half in found for half in halves):
            continue
        k = min(len(found[half]) for half in halves)
        pairs = [found[half][:k] @ half_embedding(group, whole, half).mT for half in halves]
        both = torch.stack(pairs).sum(0)
        found[whole] = torch.cat([found[whole], both]) if whole in found else both
        for half in halves:
            found[half] = found[half][k:]
    return {label: inside for label, inside in found.items() if len(inside)}


def decompose(rho: Representation) -> Representation:
    """Return ``rho`` as a sum of irreps in a basis; see `Representation.decompose`."""
    require_compact(rho, f"decompose({rho})")
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


def is_listed_label(group: Group, label: IrrepLabel) -> bool:
    """Return whether a label is in the list of irreps, not another name such as ``std``."""
    return _rank(group, label)[0] < _NOT_LISTED


def _is_listed(part: Representation) -> bool:
    """Return whether all irreps inside are known to have labels."""
    irreps = part.group.irreps
    if irreps.is_complete:
        return True
    if not isinstance(part, IrrepSum):
        return False
    are_listed = all(is_listed_label(part.group, label) for label in part.labels)
    return are_listed and all(map(irreps.is_irreducible, part.labels))


def _decompose_partly_listed(rho: Representation) -> Representation:
    """Return ``rho`` as a sum of irreps where the group lists some of them.

    The others are parts of rho itself, equal where they are equivalent.
    """
    orthogonal, root = unitarised(rho)
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
    """Return an orthonormal basis of the complement of orthonormal columns."""
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


def fixed_dim(rho: Representation) -> int:
    """Return the dimension of the invariant vectors of a representation of a compact group."""
    orthogonal, _ = unitarised(rho)
    return len(copies_inside(orthogonal, rho.group.irreps.trivial))
