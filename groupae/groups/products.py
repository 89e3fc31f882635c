"""Products of groups.

Conventions: an element of a `Product` is the numbers of its factors, flattened and concatenated,
shape ``(*batch, size)``; `Product.pack` and `Product.unpack` go both ways. If any factor has
floating elements, indices of the others are stored as floats and rounded back by `unpack`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import operator
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_axis_size, expected
from groupae.groups.base import Group, LieGroup
from groupae.groups.irreps import IrrepLabel, Irreps

__all__ = ["Product"]


def _split_labels(text: str) -> list[str]:
    """Split ``"(1,(2,3))"`` at the commas of its outer parentheses."""
    depth, parts = 0, [""]
    for character in text[1:-1]:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


@dataclasses.dataclass(frozen=True)
class _ProductIrreps(Irreps):
    """External products ``(label, label, ...)``: one irrep of each factor, tensored.

    Over the reals such a product is irreducible unless two of its factors are of complex or
    quaternionic type; the dimension of the commutant is the product of theirs either way.
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
        assert isinstance(label, tuple)
        return list(zip(self.factors, label, strict=True))

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        return tuple(itertools.product(*(irreps.labels(cutoff) for irreps in self.factors)))

    @override
    def parse(self, text: str) -> IrrepLabel:
        parts = _split_labels(text) if text[:1] == "(" and text[-1:] == ")" else []
        if len(parts) != len(self.group.factors):
            form = "(" + ",".join(str(irreps.trivial) for irreps in self.factors) + ")"
            raise ValueError(
                expected(self.group, f"an irrep of each factor, such as {form}", repr(text))
            )
        return tuple(irreps.parse(part) for irreps, part in zip(self.factors, parts, strict=True))

    @override
    def format(self, label: IrrepLabel) -> str:
        return "(" + ",".join(irreps.format(part) for irreps, part in self._pairs(label)) + ")"

    @override
    def dim(self, label: IrrepLabel) -> int:
        return math.prod(irreps.dim(part) for irreps, part in self._pairs(label))

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        return math.prod(irreps.commutant_dim(part) for irreps, part in self._pairs(label))

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        pairs = self._pairs(label)
        whole = all(irreps.is_irreducible(part) for irreps, part in pairs)
        return whole and sum(irreps.commutant_dim(part) > 1 for irreps, part in pairs) < 2

    @override
    def depth(self, label: IrrepLabel) -> int:
        return sum(irreps.depth(part) for irreps, part in self._pairs(label))

    def _factor_matrices(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[tuple[Tensor, ...]]:
        columns = []
        for i, (irreps, h) in enumerate(zip(self.factors, self.group.unpack(g), strict=True)):
            parts = [label[i] for label in labels if isinstance(label, tuple)]
            columns.append(irreps.matrices(parts, h, dtype))
        return list(zip(*columns, strict=True))

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
class Product(LieGroup):
    """The direct product of groups; ``G * H`` makes one.

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

    def __post_init__(self) -> None:
        groups = isinstance(self.factors, tuple) and all(
            isinstance(factor, Group) and not isinstance(factor, Product) for factor in self.factors
        )
        if not groups or len(self.factors) < 2:
            got = repr(self.factors)
            raise TypeError(expected("Product", "a tuple of two or more groups", got, "use G * H"))

    @classmethod
    def of(cls, *groups: Group) -> Product:
        """Return the product, with factors that are products flattened."""
        parts = (g.factors if isinstance(g, Product) else (g,) for g in groups)
        return cls(tuple(itertools.chain.from_iterable(parts)))

    @property
    @override
    def name(self) -> str:
        """The factors' names joined by ``*``."""
        return " * ".join(str(factor) for factor in self.factors)

    @property
    @override
    def irreps(self) -> Irreps:
        """External products of the factors' irreps."""
        return _ProductIrreps(self)

    @property
    @override
    def standard_text(self) -> str:
        """The direct sum of the factors' standard representations."""
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
    def sizes(self) -> tuple[int, ...]:
        """How many numbers each factor's element takes."""
        return tuple(math.prod(factor.element_shape) for factor in self.factors)

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """One axis with the numbers of all factors."""
        return (sum(self.sizes),)

    @property
    @override
    def is_discrete(self) -> bool:
        """Whether all factors are."""
        return all(factor.is_discrete for factor in self.factors)

    @property
    @override
    def has_integer_elements(self) -> bool:
        """Whether all factors have integer elements."""
        return all(factor.has_integer_elements for factor in self.factors)

    @property
    @override
    def is_compact(self) -> bool:
        """Whether all factors are."""
        return all(factor.is_compact for factor in self.factors)

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether all factors are."""
        return all(factor.is_abelian for factor in self.factors)

    @property
    @override
    def lie_dim(self) -> int:
        """Sum over the factors."""
        return sum(factor.lie_dim for factor in self.factors)

    @property
    @override
    def order(self) -> int | None:
        """Product of the factors' orders, ``None`` if one is infinite."""
        orders = [factor.order for factor in self.factors]
        if any(order is None for order in orders):
            return None
        return math.prod(order for order in orders if order is not None)

    def pack(self, *elements: Tensor) -> Tensor:
        """Return the product element made of one element of each factor; batch axes broadcast."""
        if len(elements) != len(self.factors):
            wanted = f"{len(self.factors)} elements, one of each factor"
            raise ValueError(expected(f"{self}.pack", wanted, len(elements)))
        for factor, element in zip(self.factors, elements, strict=True):
            factor.check_elements(element)
        flat = [
            element.reshape((*element.shape[: element.ndim - len(factor.element_shape)], size))
            for factor, element, size in zip(self.factors, elements, self.sizes, strict=True)
        ]
        batch = torch.broadcast_shapes(*(part.shape[:-1] for part in flat))
        dtype = functools.reduce(torch.promote_types, (part.dtype for part in flat))
        return torch.cat([part.to(dtype).expand(*batch, -1) for part in flat], -1)

    def unpack(self, g: Tensor) -> tuple[Tensor, ...]:
        """Return one element of each factor."""
        check_axis_size(Method(self, "unpack"), g, -1, sum(self.sizes), "make elements with pack")
        return tuple(
            (part.round().long() if factor.has_integer_elements else part).reshape(
                (*g.shape[:-1], *factor.element_shape)
            )
            for factor, part in zip(self.factors, g.split(self.sizes, -1), strict=True)
        )

    def _map(self, method: str, *elements: Tensor) -> Tensor:
        parts = zip(*(self.unpack(g) for g in elements), strict=True)
        return self.pack(
            *(
                operator.methodcaller(method, *part)(factor)
                for factor, part in zip(self.factors, parts, strict=True)
            )
        ).to(elements[0].dtype)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return the identity of every factor."""
        parts = (factor.identity(*batch, dtype=dtype, device=device) for factor in self.factors)
        return self._of_dtype(self.pack(*parts), dtype)

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return a sample of every factor, independent."""
        parts = (
            factor.sample(*batch, generator=generator, dtype=dtype, device=device)
            for factor in self.factors
        )
        return self._of_dtype(self.pack(*parts), dtype)

    def _of_dtype(self, g: Tensor, dtype: torch.dtype | None) -> Tensor:
        # at least float32: bfloat16 holds no index above 256
        wanted = torch.promote_types(dtype or torch.float32, torch.float32)
        return g if self.has_integer_elements else g.to(wanted)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Compose factor by factor."""
        return self._map("compose", g, h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Invert factor by factor."""
        return self._map("inverse", g)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Project factor by factor."""
        return self._map("project", x)

    @override
    def representatives(self, g: Tensor) -> Tensor:
        """Return other coordinates in every factor."""
        return self._map("representatives", g)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the root of the sum of squared distances of the factors."""
        parts = zip(self.factors, self.unpack(g), self.unpack(h), strict=True)
        distances = (factor.distance(a, b) for factor, a, b in parts)
        dtype = g.dtype if g.is_floating_point() else torch.float32
        # a norm, whose gradient at zero is zero; that of a square root is NaN
        stacked = torch.stack([d.to(dtype) for d in distances])
        length: Tensor = torch.linalg.vector_norm(stacked, dim=0)
        return length

    @override
    def elements(self) -> Tensor:
        """Return all combinations, the last factor fastest."""
        if self.order is None:
            return super().elements()
        return self._combine([factor.elements() for factor in self.factors])

    def _combine(self, parts: Sequence[Tensor]) -> Tensor:
        """Return every combination of the factors' elements."""
        n = len(parts)
        spread = (
            part.reshape(*(len(part) if j == i else 1 for j in range(n)), *part.shape[1:])
            for i, part in enumerate(parts)
        )
        return self.pack(*spread).flatten(0, n - 1)

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return combinations of the factors' hard elements, at most 64, well mixed."""
        every = self._combine([factor.hard_elements(dtype) for factor in self.factors])
        return self._of_dtype(every[:: max(1, len(every) // 64)], dtype)

    @override
    def grid(self, n: int) -> Tensor:
        """Return ``n`` elements: a grid of each factor, shuffled against each other."""
        steps = torch.arange(n, dtype=torch.float64)
        orders = (torch.frac(steps * math.sqrt(2 + 3 * i)).argsort() for i in range(1, n + 1))
        first, *rest = self.factors
        others = [factor.grid(n)[order] for factor, order in zip(rest, orders, strict=False)]
        return self.pack(first.grid(n), *others)

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the exponential in the Lie factors; discrete factors have none."""
        self._require_lie("exp")
        check_axis_size(Method(self, "exp"), v, -1, self.lie_dim, "one entry per Lie-algebra axis")
        parts = v.split([factor.lie_dim for factor in self.factors], -1)
        pairs = zip(self.factors, parts, strict=True)
        return self.pack(*(factor.exp(part) for factor, part in pairs))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the logarithms of the factors, concatenated."""
        self._require_lie("log")
        pairs = zip(self.factors, self.unpack(g), strict=True)
        return torch.cat([factor.log(part) for factor, part in pairs], -1)

    def _require_lie(self, method: str) -> None:
        discrete = [str(factor) for factor in self.factors if not factor.lie_dim]
        if discrete:
            raise TypeError(
                expected(self, f"Lie groups for {method}", f"the discrete {', '.join(discrete)}")
            )
