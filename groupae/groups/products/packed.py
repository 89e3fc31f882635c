"""Base class of products: elements of several groups, packed into one tensor.

Conventions: an element is the numbers of the parts, flattened and concatenated, shape
``(*batch, size)``; `Packed.pack` and `Packed.unpack` go both ways. If any part has floating
elements, indices of the others are stored as floats and rounded back by `Packed.unpack`: in float32
at least, in float64 where a part has more than 2^24 elements; smaller dtypes are refused.
"""

from __future__ import annotations

import abc
import functools
import math
import operator
import re
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.finite_group import FiniteGroup
from groupae.groups.lie_group import LieGroup

__all__ = ["FinitePacked", "Packed", "are_finite", "are_lie", "split_outside"]

_MOST_COMBINED = 10**7  # largest number of elements in one tensor


def split_outside(text: str, separator: str) -> list[str]:
    """Split at a separator outside parentheses and brackets, and strip the pieces.

    Example:
        >>> split_outside("(1,2), [3,-1]", ",")
        ['(1,2)', '[3,-1]']
    """
    depth, pieces = 0, [""]
    for token in re.split(f"({re.escape(separator)}|[()\\[\\]])", text):
        depth += (token in ("(", "[")) - (token in (")", "]"))
        if token == separator and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += token
    return [piece.strip() for piece in pieces]


def are_finite(parts: Sequence[object]) -> bool:
    """Return whether there are parts and all are finite groups, so that a product is one."""
    return bool(parts) and all(isinstance(part, Group) and part.order is not None for part in parts)


def are_lie(parts: Sequence[object]) -> bool:
    """Return whether there are parts and all are Lie groups, so that a product is one."""
    return bool(parts) and all(isinstance(part, LieGroup) for part in parts)


def _largest_index(group: Group) -> int:
    """Return the largest integer in an element, 0 if there are none."""
    if isinstance(group, Packed):
        return max(map(_largest_index, group.parts))
    if not group.has_integer_elements:
        return 0
    return max(group.element_shape) if group.element_shape else group.order or 0


class Packed(Group):
    """A group whose elements are one element of each of its `parts`.

    Subclasses are frozen dataclasses that define ``parts`` and ``compose``. A product is a
    `FiniteGroup` if all parts are finite, a `LieGroup` if all are Lie groups, else neither.

    Example:
        >>> from groupae import SO2, Product, Translation
        >>> G = Product((SO2(), Translation(2)))
        >>> g = G.pack(torch.tensor(0.5), torch.tensor([1.0, 2.0]))
        >>> G.sizes, G.unpack(g)
        ((1, 2), (tensor(0.5000), tensor([1., 2.])))
    """

    @property
    @abc.abstractmethod
    def parts(self) -> tuple[Group, ...]:
        """The groups whose elements are packed."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of entries of an element of each part."""
        return tuple([math.prod(part.element_shape) for part in self.parts])

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """``(size,)``, for the entries of all parts."""
        return (sum(self.sizes),)

    @property
    @override
    def is_discrete(self) -> bool:
        """Whether all parts are discrete."""
        return all(part.is_discrete for part in self.parts)

    @property
    @override
    def has_integer_elements(self) -> bool:
        """Whether all parts have integer elements."""
        return all(part.has_integer_elements for part in self.parts)

    @property
    @override
    def is_compact(self) -> bool:
        """Whether all parts are compact."""
        return all(part.is_compact for part in self.parts)

    @property
    @override
    def lie_dim(self) -> int:
        """Sum of the dimensions of the parts' Lie algebras."""
        return sum(part.lie_dim for part in self.parts)

    @property
    @override
    def has_exp(self) -> bool:
        """Whether all parts have an exponential, so that none is discrete."""
        return all(part.has_exp for part in self.parts)

    @property
    @override
    def has_log(self) -> bool:
        """Whether all parts have a logarithm."""
        return all(part.has_log for part in self.parts)

    @property
    @override
    def has_global_log(self) -> bool:
        """Whether all parts have a global logarithm."""
        return self.has_log and all(part.has_global_log for part in self.parts)

    @property
    @override
    def has_grid(self) -> bool:
        """Whether all parts have a grid, or the group is finite."""
        return self.order is not None or all(part.has_grid for part in self.parts)

    @property
    @override
    def order(self) -> int | None:
        """Product of the parts' orders, ``None`` if one is infinite."""
        orders = [part.order for part in self.parts]
        if any(order is None for order in orders):
            return None
        return math.prod([order for order in orders if order is not None])

    # --- elements ---------------------------------------------------------------------------
    def pack(self, *elements: Tensor) -> Tensor:
        """Return the element with the given elements of the parts; batch axes broadcast.

        Raises:
            ValueError: If there is not exactly one element per part, of the right shape.
        """
        if len(elements) != len(self.parts):
            wanted = f"{len(self.parts)} elements, one of each of its parts"
            raise ValueError(expected(f"{self}.pack", wanted, len(elements)))
        for part, element in zip(self.parts, elements, strict=True):
            part.check_elements(element)
        flat = [
            element.reshape((*element.shape[: element.ndim - len(part.element_shape)], size))
            for part, element, size in zip(self.parts, elements, self.sizes, strict=True)
        ]
        batch = torch.broadcast_shapes(*(numbers.shape[:-1] for numbers in flat))
        dtype = functools.reduce(torch.promote_types, (numbers.dtype for numbers in flat))
        dtype = self._wide_enough(dtype)
        return torch.cat([numbers.to(dtype).expand(*batch, -1) for numbers in flat], -1)

    def unpack(self, g: Tensor) -> tuple[Tensor, ...]:
        """Return the elements of the parts, the inverse of `pack`."""
        self.check_elements(g)
        return tuple(
            (_indices(numbers) if part.has_integer_elements else numbers)
            .clone()  # rows of their own, also of indices that need no rounding
            .reshape((*g.shape[:-1], *part.element_shape))
            for part, numbers in zip(self.parts, g.split(self.sizes, -1), strict=True)
        )

    @override
    def check_elements(self, *elements: Tensor) -> None:
        """Raise unless all have the shape of elements and a dtype that holds indices exactly."""
        super().check_elements(*elements)
        for dtype in {g.dtype for g in elements} - {torch.float64, torch.int64}:
            wanted = self._wide_enough(dtype)
            if wanted != dtype:
                what = f"elements of at least {wanted}, which holds the indices among them"
                raise TypeError(expected(self, what, dtype, "make them in it: a cast rounds"))

    def _wide_enough(self, dtype: torch.dtype) -> torch.dtype:
        """Return the dtype, or the next larger one that holds all indices exactly."""
        largest = 0 if self.has_integer_elements else _largest_index(self)
        if largest and dtype.is_floating_point:
            dtype = torch.promote_types(dtype, torch.float32)
            return torch.float64 if largest > 2 / torch.finfo(dtype).eps else dtype
        return dtype

    def _of_dtype(self, g: Tensor, dtype: torch.dtype | None) -> Tensor:
        wanted = torch.promote_types(dtype or torch.float32, torch.float32)
        return g if self.has_integer_elements else g.to(self._wide_enough(wanted))

    @override
    def _as_asked(
        self, g: Tensor, dtype: torch.dtype | None, device: torch.device | str | None
    ) -> Tensor:
        if dtype is not None:
            self._asked((), dtype)
            g = self._of_dtype(g, dtype)
        return g.to(device)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return the identities of all parts."""
        self._asked(batch, dtype)
        parts = (part.identity(*batch, dtype=dtype, device=device) for part in self.parts)
        return self._of_dtype(self.pack(*parts), dtype)

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return independent samples of all parts."""
        self._asked(batch, dtype, generator)
        parts = (
            part.sample(*batch, generator=generator, dtype=dtype, device=device)
            for part in self.parts
        )
        return self._of_dtype(self.pack(*parts), dtype)

    def _map(self, method: str, *elements: Tensor) -> Tensor:
        columns = zip(*(self.unpack(g) for g in elements), strict=True)
        return self.pack(
            *(
                operator.methodcaller(method, *column)(part)
                for part, column in zip(self.parts, columns, strict=True)
            )
        ).to(elements[0].dtype)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the nearest element, part by part."""
        return self._map("project", x)

    @override
    def representatives(self, g: Tensor) -> Tensor:
        """Return other coordinates in every part."""
        return self._map("representatives", g)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the root of the sum of squared distances in the parts."""
        triples = zip(self.parts, self.unpack(g), self.unpack(h), strict=True)
        distances = (part.distance(a, b) for part, a, b in triples)
        dtype = g.dtype if g.is_floating_point() else torch.float32
        # the gradient of a norm at zero is zero, that of a square root NaN
        stacked = torch.stack([d.to(dtype) for d in distances])
        length: Tensor = torch.linalg.vector_norm(stacked, dim=0)
        return length

    # --- sets of elements -------------------------------------------------------------------
    @override
    def elements(
        self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Tensor:
        """Return all combinations, the last part fastest.

        Raises:
            ValueError: If there are more than ten million.
        """
        if self.order is None:
            return super().elements()
        if self.order > _MOST_COMBINED:
            what = f"at most {_MOST_COMBINED} elements for a list of all"
            raise ValueError(expected(self, what, self.order, "use sample or grid"))
        every = self._combine([part.elements() for part in self.parts])
        return self._as_asked(every, dtype, device)

    @override
    def index(self, g: Tensor) -> Tensor:
        """Return the place of each element in `elements`, int64, shape ``(*batch,)``.

        Raises:
            TypeError: If the group is not finite.
        """
        self.check_elements(g)
        place = torch.zeros((), dtype=torch.int64, device=g.device)
        for part, numbers in zip(self.parts, self.unpack(g), strict=True):
            if part.order is None:
                raise TypeError(expected(self, "index() in a finite group", f"the part {part}"))
            place = place * part.order + part.index(numbers)
        return place

    def _combine(self, parts: Sequence[Tensor], step: int = 1) -> Tensor:
        """Return every ``step``-th combination of elements of the parts."""
        sizes = [len(part) for part in parts]
        places = torch.unravel_index(torch.arange(0, math.prod(sizes), step), sizes)
        return self.pack(*(part[place] for part, place in zip(parts, places, strict=True)))

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return combinations of the parts' hard elements, at most about 64, well mixed."""
        parts = [part.hard_elements(dtype) for part in self.parts]
        step = max(1, math.prod(len(part) for part in parts) // 64)
        return self._of_dtype(self._combine(parts, step), dtype)

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` elements: a grid of each part, in different orders."""
        if self.order is not None and self.order <= _MOST_COMBINED:
            # grids of finite parts repeat elements, so that their pairs could too
            every = self.elements()
            return every[torch.arange(n) * len(every) // n]
        steps = torch.arange(n, dtype=torch.float64)
        first, *rest = self.parts
        orders = [torch.frac(steps * math.sqrt(5 + 3 * i)).argsort() for i in range(len(rest))]
        others = [part.grid(n)[order] for part, order in zip(rest, orders, strict=True)]
        return self.pack(first.grid(n), *others)

    @override
    def interpolate(self, g: Tensor, h: Tensor, t: Tensor | float) -> Tensor:
        """Return ``g exp(t log(g^-1 h))``; raise unless all parts are Lie groups."""
        self._require_lie("interpolate")
        return super().interpolate(g, h, t)

    def _require_lie(self, method: str) -> None:
        discrete = [str(part) for part in self.parts if not part.lie_dim]
        if discrete:
            raise TypeError(
                expected(self, f"Lie groups for {method}", f"the discrete {', '.join(discrete)}")
            )


def _indices(numbers: Tensor) -> Tensor:
    """Return stored indices as int64; whole numbers are not rounded, for ONNX has no such step."""
    return numbers.round().long() if numbers.is_floating_point() else numbers.long()


class FinitePacked(Packed, FiniteGroup):
    """A packed group of finite groups, which is finite.

    Example:
        >>> from groupae import Cyclic, Product
        >>> G = Product((Cyclic(2), Cyclic(3)))
        >>> isinstance(G, FinitePacked), G.order
        (True, 6)
    """

    is_discrete = True

    @property
    @override
    def order(self) -> int:
        """Product of the orders of the parts."""
        return math.prod([part.order or 0 for part in self.parts])
