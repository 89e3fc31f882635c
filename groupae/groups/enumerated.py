"""Finite groups with all elements listed, and those given by a multiplication table.

Conventions: an element is an int64 index, shape ``(*batch,)``; index 0 is the identity. Irreps are
found by the library (`groupae.groups.found_irreps`). Groups from permutations and matrices are in
``generated``.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import json
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, ShapeError, expected
from groupae.groups.charts import Chart, to_whole, within
from groupae.groups.constants import Constant, look_up
from groupae.groups.found_irreps import FoundIrreps
from groupae.groups.indexed import IndexedGroup
from groupae.groups.irreps import Irreps

__all__ = ["EnumeratedGroup", "TableGroup", "parse_json", "parse_table"]


@dataclasses.dataclass(frozen=True)
class EnumeratedGroup(IndexedGroup):
    """A finite group whose elements are indices into a list; a subclass gives `table`."""

    @property
    @abc.abstractmethod
    def table(self) -> Constant:
        """Products ``table[g, h]``, shape ``(order, order)``."""

    @property
    def natural(self) -> Constant | None:
        """Matrices of all elements if the group came with some, shape ``(order, d, d)``."""
        return None

    @property
    def has_natural(self) -> bool:
        """Whether `natural` is there; it may be large, and is made when it is asked for."""
        return False

    @functools.cached_property
    def _inverses(self) -> Tensor:
        return (self.table.values == 0).int().argmax(1)

    def _fill_caches(self) -> None:
        """Compute what operations look up: torch.compile cannot while it traces them."""
        self.__dict__["_inverses"] = self._inverses

    @property
    @override
    def order(self) -> int:
        """Number of elements."""
        return len(self.table)

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``index``, the place in the list."""
        return (self._index_chart,)

    @property
    def _index_chart(self) -> Chart:
        return Chart("index", (), "integer", f"0..{self.order - 1}", within(self.order))

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether the table is symmetric."""
        return torch.equal(self.table.values, self.table.values.mT)

    @functools.cached_property
    def _irreps(self) -> FoundIrreps:
        return FoundIrreps(self)

    @property
    @override
    def irreps(self) -> Irreps:
        """The irreps found from the table, ``0, 1, 2, ...`` by size, and ``std`` if natural."""
        return self._irreps

    @property
    @override
    def standard_text(self) -> str:
        """The natural representation, else the last irrep (of the largest degree)."""
        return f"1x{len(self.irreps.labels()) - 1}" if not self.has_natural else "1xstd"

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the product, looked up."""
        self.check_elements(g, h)
        return look_up(self.table.to(), g, h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverse, looked up."""
        self.check_elements(g)
        return look_up(self._inverses, g)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the index, to the nearest whole number, clamped to the list."""
        return to_whole(Method(self, "project"), x).clamp(0, self.order - 1)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return 0 where equal, else 1 (int64)."""
        self.check_elements(g, h)
        return (g != h).long()

    @override
    def index(self, g: Tensor) -> Tensor:
        """Return the element itself."""
        self.check_elements(g)
        return g.to(torch.int64, copy=True)


@dataclasses.dataclass(frozen=True)
class TableGroup(EnumeratedGroup):
    """A finite group by its multiplication table; `FiniteGroup.from_table` checks the axioms.

    Example:
        >>> from groupae import FiniteGroup
        >>> G = FiniteGroup.from_table([[0, 1], [1, 0]])
        >>> G.rep("1x0 + 2x1").matrix(torch.tensor(1)).diagonal().tolist()
        [1.0, -1.0, -1.0]
    """

    products: Constant

    def __post_init__(self) -> None:
        self._fill_caches()

    @classmethod
    def checked(cls, table: Tensor | list[list[int]]) -> TableGroup:
        """Return the group after checking the axioms."""
        products = Constant(table)
        _check_table(products.values)
        return cls(products)

    @property
    @override
    def table(self) -> Constant:
        """The table."""
        return self.products

    @property
    @override
    def name(self) -> str:
        """The table as text, read back by `get_group`."""
        return f"table{self.products}"


def _check_table(t: Tensor) -> None:
    what = "FiniteGroup.from_table"
    if t.ndim != 2 or t.shape[0] != t.shape[1] or len(t) == 0 or t.is_floating_point():
        got = f"{t.dtype} of shape {tuple(t.shape)}"
        raise ShapeError(expected(what, "a square table of whole numbers", got))
    n = len(t)
    every = torch.arange(n)
    outside = ((t < 0) | (t >= n)).nonzero()
    if len(outside):
        g, h = outside[0].tolist()
        got = f"{g} * {h} = {int(t[g, h])}"
        raise ValueError(expected(what, f"closure: products in 0..{n - 1}", got))
    if not (torch.equal(t[0], every) and torch.equal(t[:, 0], every)):
        bad = int(((t[0] != every) | (t[:, 0] != every)).int().argmax())
        got = f"0 * {bad} = {int(t[0, bad])} and {bad} * 0 = {int(t[bad, 0])}"
        raise ValueError(expected(what, "element 0 to be the identity", got))
    for side, sorted_table in (("right", t.sort(1).values), ("left", t.sort(0).values.mT)):
        missing = (sorted_table != every).any(1)
        if bool(missing.any()):
            bad = int(missing.int().argmax())
            line = "row" if side == "right" else "column"
            got = f"the element {bad}, in whose {line} one repeats"
            raise ValueError(expected(what, "an inverse of each element", got))
    # Light's test: the a with (x a) y = x (a y) for all x, y are closed under products
    if all(torch.equal(t[t[:, a]], t[:, t[a]]) for a in _generating(t)):
        return
    for g in range(n):
        different = t[t[g]] != t[g][t]  # (g h) k against g (h k)
        if bool(different.any()):
            h, k = different.nonzero()[0].tolist()
            left, right = int(t[t[g, h], k]), int(t[g, t[h, k]])
            got = f"({g} * {h}) * {k} = {left} but {g} * ({h} * {k}) = {right}"
            raise ValueError(expected(what, "associativity", got))


def _generating(t: Tensor) -> list[int]:
    """Return elements whose products, of any length, are all elements of the table."""
    reached = torch.zeros(len(t), dtype=torch.bool)
    reached[0] = True
    chosen: list[int] = []
    while not bool(reached.all()):
        chosen.append(int((~reached).int().argmax()))
        count = 0
        while count < (count := int(reached.sum())):
            reached[t[reached.nonzero()[:, 0]][:, chosen].flatten()] = True
    return chosen


def parse_table(text: str) -> TableGroup:
    """Return the group whose table is written as JSON."""
    return TableGroup.checked(parse_json(text))


def parse_json(text: str) -> list[Any]:
    """Return nested lists written as JSON.

    Raises:
        ValueError: If the text is none.
    """
    try:
        values: list[Any] = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(expected("get_group", "nested lists of numbers", repr(text))) from None
    return values
