r"""Real irreps of any finite group, computed from its multiplication table.

The regular representation holds every irrep. A generic symmetric matrix that commutes with it (a
symmetric element of the group algebra acting from the right) has one irreducible copy in each of
its eigenspaces. Each copy is then written in a basis that does not depend on the eigenvectors the
solver happened to return: the orbit of a canonical vector, orthogonalised in the order of the
elements; so codes made on one machine mean the same on another.

References:
    Dixon, Computing irreducible representations of groups, Math. Comp. 24 (1970), 707-712.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.class_algebra import generic_numbers, ideals
from groupae.groups.constants import Constant, look_up
from groupae.groups.finite.tabulated_irreps import TabulatedIrreps
from groupae.groups.irreps import IrrepLabel
from groupae.groups.matrices import nearer_isometry, unit_like

if TYPE_CHECKING:
    from groupae.groups.finite.enumerated_group import EnumeratedGroup

__all__ = ["MAX_ORDER", "FoundIrreps", "find_irreps"]

MAX_ORDER = 2000
"""Largest order of a group whose irreps are computed, with dense matrices of that size."""

_TRIES = 8  # random maps; one nearly always is generic enough
_LARGE = 64  # dimension of an ideal from which all functions are decomposed at once
_TRANSLATIONS = 32  # random translations; enough for a generic map that separates copies


@dataclasses.dataclass(frozen=True)
class FoundIrreps(TabulatedIrreps):
    """Irreps of a finite group with index elements, labelled 0, 1, 2, ... by size.

    Args:
        group: The group, with the table for `find_irreps`; its natural representation, if there
            is one, is written ``std``.
    """

    group: EnumeratedGroup

    @property
    @override
    def order(self) -> int:
        """Order of the group."""
        return self.group.order

    @override
    def elements(self) -> Tensor:
        """Return ``0..order-1``."""
        return torch.arange(self.group.order)

    @override
    def row(self, g: Tensor) -> Tensor:
        """Return the element itself, an index."""
        return g.long()

    @functools.cached_property
    def _found(self) -> tuple[Constant, ...]:
        return find_irreps(self.group.table)

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        """Return ``0..cutoff``, by default all of them."""
        count = len(self._found)
        return tuple(range(count if cutoff is None else min(cutoff + 1, count)))

    @override
    def parse(self, text: str) -> IrrepLabel:
        """Return the label: a number, or ``std``."""
        if text == "std" and self.group.has_natural:
            return text
        count = len(self._found)
        if text.isdecimal() and int(text) < count:
            return int(text)
        names = f"0..{count - 1}" + (" or 'std'" if self.group.has_natural else "")
        raise ValueError(expected(self.group.name, f"an irrep among {names}", repr(text)))

    def _of(self, label: IrrepLabel) -> Constant:
        if label == "std":
            natural = self.group.natural
            assert natural is not None
            return natural
        assert isinstance(label, int)
        return self._found[label]

    @override
    def dim(self, label: IrrepLabel) -> int:
        """Return the degree."""
        return self._of(label).shape[-1]

    def _character(self, label: IrrepLabel) -> Tensor:
        return self._of(label).values.diagonal(dim1=-2, dim2=-1).sum(-1)

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        """Return 1, 2 or 4 (real, complex, quaternionic): the mean of the squared character."""
        return _mean_square(self._character(label))

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        """Return whether the label is that of an irrep, or ``std`` has the character of one."""
        if label != "std":
            return True
        natural = self._character(label)
        return any(
            self.dim(k) == self.dim(label) and torch.allclose(self._character(k), natural)
            for k in self.labels()
        )

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        """Return whether the matrices are orthogonal, as all but those of ``std`` are."""
        if label != "std":
            return True
        m = self._of(label).values
        eye = unit_like(m)
        return bool((m.mT @ m - eye).abs().amax() < 1e-9)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """Return the matrices of ``g``, looked up, shapes ``(*batch, d, d)``."""
        return [look_up(self._of(label).to(dtype), g) for label in labels]


def _clusters(values: Tensor) -> list[slice]:
    """Return runs of equal numbers in an ascending list."""
    gap = 1e-8 * max(1.0, float(values.abs().amax()))
    cuts = [0, *((values[1:] - values[:-1] > gap).nonzero().flatten() + 1).tolist(), len(values)]
    return [slice(a, b) for a, b in itertools.pairwise(cuts)]


@functools.lru_cache(maxsize=32)
def find_irreps(table: Constant) -> tuple[Constant, ...]:
    """Return the real irreps of the group with this table, the trivial one first.

    Args:
        table: Products ``table[g, h]``, the identity is element 0; shape ``(n, n)``.

    Returns:
        Orthogonal matrices, float64, shape ``(n, d, d)`` each; sorted by degree, then by the size
        of the commutant, then by character.

    Raises:
        ValueError: If the group is larger than `MAX_ORDER`.
    """
    product = table.values
    n = len(product)
    if n > MAX_ORDER:
        remedy = "give matrices by Representation.from_generators or from_callable"
        raise ValueError(expected("find_irreps", f"at most {MAX_ORDER} elements", n, remedy))
    inverse = (product == 0).int().argmax(1)
    centre = ideals(product, inverse)
    squares = product.diagonal()
    kinds = []
    for shape, size in zip(centre.shapes, centre.sizes, strict=True):
        indicator = float(shape[squares].mean())  # Frobenius and Schur, over the degree
        commutant = 2 if abs(indicator) < 1e-6 else 1 if indicator > 0 else 4
        kinds.append(_Kind(shape, size, math.isqrt(size * commutant)))
    kinds.sort(key=lambda kind: kind.order)
    large = [kind for kind in kinds if kind.size > _LARGE]
    copies = iter(_copies_in_regular(large, product, inverse))
    found = []
    for kind in kinds:
        if kind.degree == 1:
            matrices = kind.shape.sign()[:, None, None]
        elif kind.size > _LARGE:
            matrices = _on_functions(next(copies), product, inverse)
        else:
            matrices = _on_points(*_copy_in_ideal(kind, product, inverse), product, inverse)
        found.append(Constant(_canonical(matrices)))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class _Kind:
    """A real irrep before its matrices are computed: character over degree, and sizes."""

    shape: Tensor
    size: int
    degree: int

    @property
    def order(self) -> tuple[int, int, list[float]]:
        falling = (-self.degree * self.shape).round(decimals=6)
        return self.degree, self.degree**2 // self.size, falling.tolist()


def _mean_square(character: Tensor) -> int:
    return round(float(character.square().mean()))


def _copy_in_ideal(kind: _Kind, product: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
    """Return a basis ``(n, d)`` of one irreducible space of functions, with sampling points.

    The columns of a pivoted Cholesky decomposition of the projector onto the ideal are a basis;
    an eigenspace of a generic symmetric map that acts from the other side is one copy.
    """
    n, size = len(product), kind.size
    kernel = kind.shape * (size / n)
    columns = torch.zeros(n, size, dtype=torch.float64)
    left = torch.full((n,), size / n, dtype=torch.float64)
    points = []
    for i in range(size):
        points.append(int((left > left.amax() - 1e-6).int().argmax()))  # the first of equals
        row = kernel[product[inverse[points[-1]]]]
        row = row - columns[:, :i] @ columns[points[-1], :i]
        columns[:, i] = row / row[points[-1]].sqrt()
        left = left - columns[:, i].square()
    if size == kind.degree:
        return columns, torch.tensor(points)
    for seed in range(_TRIES):
        weight = generic_numbers(_TRANSLATIONS, 2 * seed)
        steps = (generic_numbers(_TRANSLATIONS, 2 * seed + 1).abs() * n).long()
        moved = columns[product[:, steps]]  # (n, t, size)
        mixed = columns.mT @ torch.einsum("t,nts->ns", weight, moved)
        copy = _best_cluster(mixed + mixed.mT, kind.degree)
        if copy is not None:
            return columns @ copy, torch.tensor(points)
    raise ValueError(expected("find_irreps", "eigenspaces of one irrep", "none"))


def _best_cluster(matrix: Tensor, degree: int) -> Tensor | None:
    """Return the eigenvectors of the best separated eigenvalue of a given multiplicity."""
    values, vectors = torch.linalg.eigh(matrix)
    gaps = torch.full((len(values) + 1,), math.inf, dtype=torch.float64)
    gaps[1:-1] = values.diff()
    best: tuple[float, slice] | None = None
    for cluster in _clusters(values):
        alone = float(min(gaps[cluster.start], gaps[cluster.stop]))
        if cluster.stop - cluster.start == degree and (best is None or alone > best[0]):
            best = (alone, cluster)
    return None if best is None else vectors[:, best[1]]


def _on_points(copy: Tensor, points: Tensor, product: Tensor, inverse: Tensor) -> Tensor:
    """Return the matrices of translations on functions given by values at sampling points."""
    others = torch.arange(0, len(product), max(1, len(product) // _TRANSLATIONS))
    points = torch.cat([points, others])
    moved = copy[product[inverse[:, None], points]]  # (n, points, d): f(g^-1 x)
    matrices: Tensor = torch.linalg.pinv(copy[points]) @ moved
    return matrices


def _on_functions(copy: Tensor, product: Tensor, inverse: Tensor) -> Tensor:
    """Return the matrices of translations on functions, by inner products."""
    rows = max(1, 2**23 // copy.numel())
    parts = [copy.mT @ copy[product[part]] for part in inverse.split(rows)]
    return torch.cat(parts)


def _copies_in_regular(kinds: list[_Kind], product: Tensor, inverse: Tensor) -> list[Tensor]:
    """Return one copy ``(n, d)`` of each kind among all functions on the group.

    They are eigenspaces of a generic symmetric map that acts from the right; a central map gives
    their kinds.
    """
    if not kinds:
        return []
    n = len(product)
    translated = product[inverse]  # row g: g^-1 h for all h
    kernels = [i * kind.size / n * kind.shape for i, kind in enumerate(kinds, 1)]
    number = torch.stack(kernels).sum(0)[translated]
    best: dict[int, tuple[float, Tensor]] = {}
    for seed in range(_TRIES):
        weight = generic_numbers(n, 2 * seed)
        values, vectors = torch.linalg.eigh((weight + weight[inverse])[translated])
        gaps = torch.full((n + 1,), math.inf, dtype=torch.float64)
        gaps[1:-1] = values.diff()
        clusters = _clusters(values)
        firsts = vectors[:, [cluster.start for cluster in clusters]]
        which = (firsts * (number @ firsts)).sum(0).round().long().tolist()
        for cluster, k in zip(clusters, which, strict=True):
            alone = float(min(gaps[cluster.start], gaps[cluster.stop]))
            copy = vectors[:, cluster]
            right = k > 0 and copy.shape[1] == kinds[k - 1].degree
            if right and (k not in best or alone > best[k][0]):
                best[k] = (alone, copy)
        if len(best) == len(kinds):
            return [best[k + 1][1] for k in range(len(kinds))]
    raise ValueError(expected("find_irreps", "eigenspaces of each irrep", "too few"))


def _canonical(matrices: Tensor) -> Tensor:
    """Return the irrep in the basis of an orbit, made orthogonal to rounding.

    The orbit starts at the eigenvector of the best separated eigenvalue of a generic symmetric
    group-algebra element. It is unique up to the commutant, which commutes with the whole orbit.
    """
    n, d = len(matrices), matrices.shape[-1]
    if d == 1:
        return matrices
    element = torch.einsum("g,gij->ij", generic_numbers(n, 1), matrices)
    values, vectors = torch.linalg.eigh(element + element.mT)
    clusters = _clusters(values)
    middles = torch.stack([values[c].mean() for c in clusters])
    gaps = (middles[:, None] - middles[None]).abs() + 1e9 * torch.eye(len(middles))
    start = vectors[:, clusters[int(gaps.amin(1).argmax())]][:, 0]
    orbit = matrices @ start  # (n, d)
    basis: list[Tensor] = []
    for _ in range(d):
        rest = orbit
        for _ in range(2):
            for b in basis:
                rest = rest - (rest @ b)[:, None] * b
        norms = rest.norm(dim=1)
        best = int((norms > norms.amax() - 1e-6).int().argmax())  # the first of equals
        basis.append(rest[best] / norms[best])
    q = torch.stack(basis, 1)
    turned = q.mT @ matrices @ q
    turned = nearer_isometry(nearer_isometry(turned))
    turned[0] = unit_like(turned)
    return turned
