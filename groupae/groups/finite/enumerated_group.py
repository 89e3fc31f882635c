"""Finite groups with a multiplication table.

Conventions: an element is an int64 index, shape ``(*batch,)``; index 0 is the identity. Irreps are
found by the library (`groupae.groups.finite.found_irreps`).
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

from groupae._validation import Method, expected
from groupae.groups.charts import Chart, to_whole, within
from groupae.groups.constants import Constant, look_up
from groupae.groups.finite.found_irreps import FoundIrreps
from groupae.groups.finite.indexed_group import IndexedGroup
from groupae.groups.irreps import Irreps

__all__ = ["EnumeratedGroup", "parse_json"]


@dataclasses.dataclass(frozen=True)
class EnumeratedGroup(IndexedGroup):
    """A finite group whose elements are indices into a list; subclasses define `table`."""

    @property
    @abc.abstractmethod
    def table(self) -> Constant:
        """Products ``table[g, h]``, shape ``(order, order)``."""

    @property
    def natural(self) -> Constant | None:
        """Matrices of all elements if the group is given by matrices, shape ``(order, d, d)``."""
        return None

    @property
    def has_natural(self) -> bool:
        """Whether `natural` exists; it may be large, so it is computed on demand."""
        return False

    @functools.cached_property
    def _inverses(self) -> Tensor:
        return (self.table.values == 0).int().argmax(1)

    def _fill_caches(self) -> None:
        """Compute the lookup tables of operations, which torch.compile cannot trace."""
        self.__dict__["_inverses"] = self._inverses

    @property
    @override
    def order(self) -> int:
        """Number of elements."""
        return len(self.table)

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``index``, the position in the list."""
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
        """The irreps by the table, ``0, 1, 2, ...`` in order of size, and ``std`` for `natural`."""
        return self._irreps

    @property
    @override
    def standard_text(self) -> str:
        """The natural representation if there is one, else the last irrep (of largest degree)."""
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
        """Return the nearest whole number, clamped to the list."""
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


def parse_json(text: str) -> list[Any]:
    """Return nested lists written as JSON.

    Raises:
        ValueError: If the text is not valid.
    """
    try:
        values: list[Any] = json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(expected("get_group", "nested lists of numbers", repr(text))) from None
    return values
