"""Direct products of groups.

Conventions: an element of a `Product` is the numbers of its factors, flattened and concatenated,
shape ``(*batch, size)``, as in ``packed``; `Packed.pack` and `Packed.unpack` convert.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.constants import kept
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie.so2 import FrequencyIrreps
from groupae.groups.lie_group import LieGroup
from groupae.groups.products.packed import FinitePacked, Packed, are_finite, are_lie, split_outside
from groupae.kernels.dispatch import uses_fast_path

__all__ = ["FiniteProduct", "LieProduct", "Product"]


@dataclasses.dataclass(frozen=True)
class Sense:
    """A frequency with the sign by which it turns a plane that it shares with another factor."""

    label: IrrepLabel
    sign: int


_SIGNS = {"+": 1, "-": -1}


@dataclasses.dataclass(frozen=True)
class _ProductIrreps(Irreps):
    """External tensor products ``(label, label, ...)`` of one irrep per factor.

    Over the reals such a product is irreducible unless two of its factors are of complex or
    quaternionic type; the dimension of the commutant is the product of theirs either way.
    A product of frequencies splits into halves with signs: ``(1,2)`` is the sum of ``(1,+2)``, a
    plane that turns by s + 2t, and ``(1,-2)``, which turns by s - 2t. These are not listed.
    """

    group: Product

    @property
    def factors(self) -> list[Irreps]:
        return [factor.irreps for factor in self.group.factors]

    @property
    @override
    def trivial(self) -> IrrepLabel:
        return tuple(irreps.trivial for irreps in self.factors)

    def _pairs(self, label: IrrepLabel) -> list[tuple[Irreps, IrrepLabel]]:
        """Return the irreps and the label of each factor, the label without its sign."""
        return list(zip(self.factors, whole_label(label), strict=True))

    def _turning(self, label: IrrepLabel) -> list[int]:
        """Return the positions of factors that turn a plane at a frequency."""
        return [
            i
            for i, (irreps, part) in enumerate(self._pairs(label))
            if isinstance(irreps, FrequencyIrreps) and irreps.dim(part) == 2
        ]

    @override
    def halves(self, label: IrrepLabel) -> list[IrrepLabel]:
        """Return the irreps in a product of turning planes, one per choice of signs.

        There are none if at most one factor turns a plane: then the product is irreducible.
        """
        assert isinstance(label, tuple)
        _, *others = (not _senses(label) and self._turning(label)) or [0]
        found: list[IrrepLabel] = []
        for signs in itertools.product((1, -1), repeat=len(others)):
            parts = list(label)
            for i, sign in zip(others, signs, strict=True):
                parts[i] = Sense(parts[i], sign)
            found.append(tuple(parts))
        return found if others else []

    @override
    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]] | None:
        if _senses(a) or _senses(b):
            return None
        every = []
        for (irreps, first), (_, second) in zip(self._pairs(a), self._pairs(b), strict=True):
            one = irreps.couplings(first, second)
            if one is None:
                return None
            every.append(one)
        return [
            (tuple(c for c, _ in parts), functools.reduce(_kronecker_all, [x for _, x in parts]))
            for parts in itertools.product(*every)
        ]

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        return tuple(itertools.product(*(irreps.labels(cutoff) for irreps in self.factors)))

    @override
    def parse(self, text: str) -> IrrepLabel:
        parts = split_outside(text[1:-1], ",") if text[:1] == "(" and text[-1:] == ")" else []
        if len(parts) != len(self.group.factors):
            form = "(" + ",".join(str(irreps.trivial) for irreps in self.factors) + ")"
            raise ValueError(
                expected(self.group, f"an irrep of each factor, such as {form}", repr(text))
            )
        pairs = list(zip(self.factors, parts, strict=True))
        signs = [
            _SIGNS.get(part[:1] if isinstance(irreps, FrequencyIrreps) else "")
            for irreps, part in pairs
        ]
        if not any(signs):
            return tuple(irreps.parse(part) for irreps, part in pairs)
        bare = tuple(
            irreps.parse(part[1:] if sign else part)
            for (irreps, part), sign in zip(pairs, signs, strict=True)
        )
        label = tuple(Sense(x, sign) if sign else x for x, sign in zip(bare, signs, strict=True))
        if label not in self.halves(bare):
            what = "signs on all frequencies of planes that turn but the first"
            raise ValueError(expected(self.group, what, repr(text)))
        return label

    @override
    def format(self, label: IrrepLabel) -> str:
        assert isinstance(label, tuple)
        signs = ["" if not isinstance(x, Sense) else "+" if x.sign > 0 else "-" for x in label]
        pairs = zip(signs, self._pairs(label), strict=True)
        return "(" + ",".join(sign + irreps.format(part) for sign, (irreps, part) in pairs) + ")"

    @override
    def dim(self, label: IrrepLabel) -> int:
        whole = math.prod([irreps.dim(part) for irreps, part in self._pairs(label)])
        return whole >> len(_senses(label))

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        whole = math.prod([irreps.commutant_dim(part) for irreps, part in self._pairs(label)])
        return whole >> len(_senses(label))

    @property
    @override
    def is_complete(self) -> bool:
        """Whether the lists of all factors are complete."""
        return all(irreps.is_complete for irreps in self.factors)

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        pairs = self._pairs(label)
        parts = all(irreps.is_irreducible(part) for irreps, part in pairs)
        not_real = sum(irreps.commutant_dim(part) > 1 for irreps, part in pairs)
        return parts and not_real - len(_senses(label)) < 2

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        return all(irreps.is_orthogonal(part) for irreps, part in self._pairs(label))

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        return sum(irreps.error_growth(part) for irreps, part in self._pairs(label))

    def _factor_matrices(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[tuple[Tensor, ...]]:
        columns = []
        for i, (irreps, h) in enumerate(zip(self.factors, self.group.unpack(g), strict=True)):
            parts = [whole_label(label)[i] for label in labels]
            columns.append(irreps.matrices(parts, h, dtype))
        rows = zip(labels, zip(*columns, strict=True), strict=True)
        return [self._joined(label, factors) for label, factors in rows]

    def _joined(self, label: IrrepLabel, factors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the factors of an irrep in which several factors rotate one common plane."""
        senses = _senses(label)
        if not senses:
            return factors
        first = self._turning(label)[0]
        joined = list(factors)
        for i, sign in senses.items():
            joined[first] = joined[first] @ (factors[i] if sign > 0 else factors[i].mT)
        return tuple([x for i, x in enumerate(joined) if i not in senses])

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        return [
            functools.reduce(_kronecker, factors)
            for factors in self._factor_matrices(labels, g, dtype)
        ]

    @override
    def apply(
        self, labels: Sequence[IrrepLabel], g: Tensor, blocks: Sequence[Tensor]
    ) -> list[Tensor]:
        every = self._factor_matrices(labels, g, blocks[0].dtype)
        return [
            _apply_factors(factors, block) for factors, block in zip(every, blocks, strict=True)
        ]

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors, one factor at a time, each to all terms at once."""
        if any(_senses(label) for label in terms.labels):
            return super().act(terms, g, x)
        steps = _kept_steps(self, terms) if uses_fast_path(g, x) else _steps(self, terms)
        for irreps, step, h in zip(self.factors, steps, self.group.unpack(g), strict=True):
            x = irreps.act(step, h, x)
            if _has_order(step, terms.copies):
                order = kept(_order, x, step, terms.copies, dtype=torch.int64)
                x = x.index_select(-2, order)
        return x


def _steps(irreps: _ProductIrreps, terms: Terms) -> tuple[Terms, ...]:
    """Return the terms on which each factor acts: the rest of a block counts as further copies.

    A factor acts on the leading axis of a block ``(d, rest)``, which then moves behind the axes of
    the other factors, before the copies.
    """
    steps = []
    for i, factor in enumerate(irreps.factors):
        labels = tuple([whole_label(label)[i] for label in terms.labels])
        dims = tuple([factor.dim(label) for label in labels])
        sizes = zip(terms.dims, terms.copies, dims, strict=True)
        steps.append(Terms(labels, dims, tuple([d * c // own for d, c, own in sizes])))
    return tuple(steps)


_kept_steps = functools.lru_cache(maxsize=64)(_steps)


def _has_order(step: Terms, copies: tuple[int, ...]) -> bool:
    """Return whether entries change places when the leading axes move behind the others."""
    sizes = zip(step.dims, step.copies, copies, strict=True)
    return any(d > 1 and rest > c for d, rest, c in sizes)


def _order(step: Terms, copies: tuple[int, ...]) -> Tensor:
    """Return the source of each entry when the leading axes move behind the others."""
    start, parts = 0, []
    for d, rest, c in zip(step.dims, step.copies, copies, strict=True):
        block = torch.arange(start, start + d * rest).view(d, rest // c, c)
        parts.append(block.transpose(0, 1).flatten())
        start += d * rest
    return torch.cat(parts)


def whole_label(label: IrrepLabel) -> tuple[IrrepLabel, ...]:
    """Return the labels of the factors of a product without their signs."""
    if not isinstance(label, tuple):
        return ()
    return tuple([part.label if isinstance(part, Sense) else part for part in label])


def _senses(label: IrrepLabel) -> dict[int, int]:
    """Return the sign of each factor that turns a plane together with the first."""
    assert isinstance(label, tuple)
    return {i: part.sign for i, part in enumerate(label) if isinstance(part, Sense)}


def _kronecker_all(a: Tensor, b: Tensor) -> Tensor:
    """Return the Kronecker product in all four axes of two tensors."""
    both = torch.einsum("aijk,bxyz->abixjykz", a, b)
    return both.flatten(6, 7).flatten(4, 5).flatten(2, 3).flatten(0, 1)


def _kronecker(a: Tensor, b: Tensor) -> Tensor:
    """Return the Kronecker product of batches of matrices."""
    both = a[..., :, None, :, None] * b[..., None, :, None, :]
    return both.flatten(-4, -3).flatten(-2)


def _apply_factors(factors: Sequence[Tensor], block: Tensor) -> Tensor:
    """Apply ``A (x) B (x) ...`` to ``(*batch, a b ..., m)``, one factor at a time."""
    size, copies = block.shape[-2:]
    for matrix in factors:  # each turns the leading axis and moves it behind the other factors
        d = matrix.shape[-1]
        block = matrix @ block.unflatten(-2, (d, size // d)).flatten(-2)
        block = block.unflatten(-1, (size // d, copies)).transpose(-3, -2).flatten(-3, -2)
    return block


@dataclasses.dataclass(frozen=True)
class Product(Packed):
    """The direct product of groups; ``G * H`` makes one.

    A product of finite groups is a `FiniteProduct`, of Lie groups a `LieProduct`.

    Args:
        factors: At least two groups, none of them a product (`Product.of` flattens).

    Example:
        >>> from groupae import SO2, Cyclic
        >>> G = SO2() * Cyclic(8)
        >>> g = G.pack(torch.tensor(0.5), torch.tensor(3))
        >>> G.unpack(G.inverse(g))[1].item()
        5
        >>> G.rep("4x(0,0) + 2x(1,0) + 1x(2,3)").dim
        12
    """

    factors: tuple[Group, ...]

    def __new__(cls, factors: tuple[Group, ...] = ()) -> Product:
        """Return a product of the class that fits the factors (a copy is made without factors)."""
        if cls is Product and isinstance(factors, tuple):
            if are_finite(factors):
                cls = FiniteProduct
            elif are_lie(factors):
                cls = LieProduct
        return super().__new__(cls)

    def __post_init__(self) -> None:
        groups = isinstance(self.factors, tuple) and all(
            isinstance(factor, Group) and not isinstance(factor, Product) for factor in self.factors
        )
        if not groups or len(self.factors) < 2:
            got = repr(self.factors)
            raise TypeError(expected("Product", "a tuple of two or more groups", got, "use G * H"))

    @classmethod
    def of(cls, *groups: Group) -> Product:
        """Return the product, with nested products flattened."""
        parts = (g.factors if isinstance(g, Product) else (g,) for g in groups)
        return cls(tuple(itertools.chain.from_iterable(parts)))

    @property
    @override
    def parts(self) -> tuple[Group, ...]:
        """The factors."""
        return self.factors

    @property
    @override
    def name(self) -> str:
        """The names of the factors joined by ``*``."""
        return " * ".join(str(factor) for factor in self.factors)

    @property
    @override
    def irreps(self) -> Irreps:
        """External tensor products of the irreps of the factors."""
        return _ProductIrreps(self) if self.has_irreps else super().irreps

    @property
    @override
    def has_irreps(self) -> bool:
        """Whether all factors have irreps."""
        return all(factor.has_irreps for factor in self.factors)

    @property
    @override
    def has_standard(self) -> bool:
        """Whether all factors have a standard representation."""
        return all(factor.has_standard for factor in self.factors)

    @property
    @override
    def standard_text(self) -> str:
        """The direct sum of the standard representations of the factors."""
        labels = self.irreps.trivial
        assert isinstance(labels, tuple)
        terms = []
        for i, factor in enumerate(self.factors):
            for term in factor.standard_text.split("+"):
                copies, _, label = term.strip().partition("x")
                texts = [f.irreps.format(t) for f, t in zip(self.factors, labels, strict=True)]
                texts[i] = label
                terms.append(f"{copies}x({','.join(texts)})")
        return " + ".join(terms)

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether all factors are abelian."""
        return all(factor.is_abelian for factor in self.factors)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the product, factor by factor."""
        return self._map("compose", g, h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverse, factor by factor."""
        return self._map("inverse", g)

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the exponentials of the factors; raise if one is discrete."""
        self._require_lie("exp")
        self.check_coordinates(v, "one entry per Lie-algebra axis")
        parts = v.split([factor.lie_dim for factor in self.factors], -1)
        pairs = zip(self.factors, parts, strict=True)
        return self.pack(*(factor.exp(part) for factor, part in pairs))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the logarithms of the factors, concatenated."""
        self._require_lie("log")
        pairs = zip(self.factors, self.unpack(g), strict=True)
        return torch.cat([factor.log(part) for factor, part in pairs], -1)


class FiniteProduct(Product, FinitePacked):
    """A direct product of finite groups.

    Example:
        >>> from groupae import Cyclic, FiniteGroup
        >>> G = Cyclic(2) * Cyclic(2)
        >>> isinstance(G, FiniteGroup), G.order
        (True, 4)
    """


class LieProduct(Product, LieGroup):
    """A direct product of Lie groups.

    Example:
        >>> from groupae import SO2, SO3
        >>> isinstance(SO2() * SO3(), LieGroup)
        True
    """
