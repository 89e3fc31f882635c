r"""The real irreps of any finite group, found from its multiplication table.

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
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.constants import Constant, look_up
from groupae.groups.irreps import IrrepLabel, Irreps

__all__ = ["MAX_ORDER", "FoundIrreps", "find_irreps"]

MAX_ORDER = 2000
"""Largest order whose irreps are looked for; the regular representation is a dense matrix."""

_TRIES = 8


@dataclasses.dataclass(frozen=True)
class FoundIrreps(Irreps):
    """Irreps of a finite group with index elements, labelled 0, 1, 2, ... by size.

    Args:
        name: The group, for messages.
        table: Its multiplication table; `find_irreps` is asked for the matrices.
        standard: Matrices of the natural representation, written ``std``, if there is one.
    """

    name: str
    table: Constant
    standard: Constant | None = None

    @functools.cached_property
    def _found(self) -> tuple[Constant, ...]:
        return find_irreps(self.table)

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        """Return ``0..cutoff``, by default all of them."""
        count = len(self._found)
        return tuple(range(count if cutoff is None else min(cutoff + 1, count)))

    @override
    def parse(self, text: str) -> IrrepLabel:
        """Return the label: a number, or ``std``."""
        if text == "std" and self.standard is not None:
            return text
        count = len(self._found)
        if text.isdecimal() and int(text) < count:
            return int(text)
        names = f"0..{count - 1}" + (" or 'std'" if self.standard is not None else "")
        raise ValueError(expected(self.name, f"an irrep among {names}", repr(text)))

    def _of(self, label: IrrepLabel) -> Constant:
        if label == "std":
            assert self.standard is not None
            return self.standard
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
        """Return whether it is one of the found ones, or ``std`` with the character of one."""
        if label != "std":
            return True
        natural = self._character(label)
        return any(
            self.dim(k) == self.dim(label) and torch.allclose(self._character(k), natural)
            for k in self.labels()
        )

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        """Return whether it is a found one, or the natural one has orthogonal matrices."""
        if label != "std":
            return True
        m = self._of(label).values
        eye = torch.eye(m.shape[-1], dtype=torch.float64)
        return bool((m.mT @ m - eye).abs().amax() < 1e-9)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """Return the matrices of ``g``, looked up, shapes ``(*batch, d, d)``."""
        return [look_up(self._of(label).to(dtype), g) for label in labels]


def _coefficients(n: int, seed: int) -> Tensor:
    """Return numbers in [-1, 1] without symmetry, the same ones everywhere."""
    state, numbers = 1 + seed, []
    for _ in range(n + 8):  # Lehmer's generator in whole numbers; the first few are small
        state = state * 48271 % (2**31 - 1)
        numbers.append(2 * state / (2**31 - 1) - 1)
    return torch.tensor(numbers[8:], dtype=torch.float64)


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
    for seed in range(_TRIES):
        found = _irreducible_parts(product, seed)
        if sum(round(float(c[0])) ** 2 / _mean_square(c) for c, _ in found) == n:
            break  # Burnside: the squares over the commutants sum to the order
    else:
        raise ValueError(expected("find_irreps", "irreps that fill the group", "too few"))
    found.sort(key=_order)
    return tuple(Constant(matrices) for _, matrices in found)


def _mean_square(character: Tensor) -> int:
    return round(float(character.square().mean()))


def _irreducible_parts(product: Tensor, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Return character and matrices of each irrep among the eigenspaces of a generic matrix.

    By accident two eigenvalues may agree; then too few are found, and another seed helps.
    """
    inverse = (product == 0).int().argmax(1)
    translated = product[inverse]  # row g: g^-1 h for all h
    weight = _coefficients(len(product), 2 * seed)
    weight = weight + weight[inverse]
    values, vectors = torch.linalg.eigh(weight[translated])
    found: list[tuple[Tensor, Tensor]] = []
    for cluster in _clusters(values):
        copy = vectors[:, cluster]
        character = (copy @ copy.mT).gather(1, translated.mT).sum(0)
        known = any(torch.allclose(character, other, atol=1e-6) for other, _ in found)
        if not known and _mean_square(character) in (1, 2, 4):
            found.append((character, _canonical(copy.mT @ copy[translated], product, seed)))
    return found


def _order(item: tuple[Tensor, Tensor]) -> tuple[int, int, list[float]]:
    character = item[0]
    size, norm = round(float(character[0])), _mean_square(character)
    return size, norm, [-round(float(value), 6) for value in character]


def _canonical(matrices: Tensor, product: Tensor, seed: int) -> Tensor:
    """Return the irrep in the basis of an orbit, then polished to rounding.

    The orbit starts at the eigenvector of a generic symmetric group-algebra element whose value
    stands most alone. It is unique up to the commutant, which commutes with the whole orbit.
    """
    n, d = len(matrices), matrices.shape[-1]
    if d == 1:
        return matrices.sign()
    element = torch.einsum("g,gij->ij", _coefficients(n, 2 * seed + 1), matrices)
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
    return _polish(q.mT @ matrices @ q, product)


def _polish(matrices: Tensor, product: Tensor) -> Tensor:
    """Return the mean over h of ``rho(gh) rho(h)^T``, made orthogonal: a smaller error."""
    n, d = len(matrices), matrices.shape[-1]
    flipped = matrices.mT.contiguous()
    rows = [flipped[row].flatten(0, 1).mT @ flipped.flatten(0, 1) for row in product]
    sharper = torch.stack(rows) / n
    eye = torch.eye(d, dtype=torch.float64)
    for _ in range(2):  # Newton's step to the nearest orthogonal matrix
        sharper = sharper @ (1.5 * eye - 0.5 * sharper.mT @ sharper)
    sharper[0] = eye
    return sharper
