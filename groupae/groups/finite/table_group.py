"""Finite groups given by their multiplication table.

Conventions: an element is an int64 index; ``table[i, j]`` is the index of i after j. Index 0 is the
identity.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.groups.constants import Constant
from groupae.groups.finite.enumerated_group import EnumeratedGroup, parse_json

__all__ = ["TableGroup", "parse_table"]


@dataclasses.dataclass(frozen=True)
class TableGroup(EnumeratedGroup):
    """A finite group given by its multiplication table; made by `FiniteGroup.from_table`.

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
        """Multiplication table."""
        return self.products

    @property
    @override
    def name(self) -> str:
        """The table as text, which `get_group` reads."""
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
    """Return elements that generate the group under products of any length."""
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
