"""Originals with a rotational symmetry: stabilisers that a code must have too."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from typing_extensions import override

from groupae.data import OrbitDataset
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut

__all__ = ["Symmetric"]


@dataclasses.dataclass(frozen=True)
class Symmetric(GeneralisationSplit):
    """Training on everything; asked for originals by the order of their symmetry.

    Errors of poses are counted modulo the symmetry.

    Example:
        >>> Symmetric().name
        'symmetric'
    """

    keyword: ClassVar[str] = "symmetric"

    @property
    @override
    def question(self) -> str:
        return "trained on everything, asked for originals with a symmetry"

    @override
    def obstacle(self, data: OrbitDataset) -> str:
        if getattr(data, "symmetry_orders", None) is None:
            return "its originals have no known symmetry"
        return ""

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        orders: torch.Tensor = getattr(data, "symmetry_orders")  # noqa: B009  # declared by some
        for order in orders.unique().tolist():
            rows = torch.nonzero(orders == order)[:, 0]
            some = data.subset(rows)
            pairs = some.fixed(min(count, len(some)))
            name = "no symmetry" if order == 1 else f"order {order}"
            shown = torch.full((len(pairs),), order)
            condition = Condition(name, float(order), "order", True)
            yield HeldOut(condition, pairs, orders=shown)
