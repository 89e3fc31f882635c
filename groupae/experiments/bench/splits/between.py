"""Views on a grid: does a model know the poses between those that it saw?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

from typing_extensions import override

from groupae.data import OnGrid, OrbitDataset
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut, seen
from groupae.groups import Cyclic
from groupae.groups.products.packed import Packed

__all__ = ["Between"]

_VIEWS = 24
_OFFSETS = (0.0, 2.5, 5.0, 7.5)


@dataclasses.dataclass(frozen=True)
class Between(GeneralisationSplit):
    """Training on 24 poses spread over the group, in SO(2) 15 degrees apart; asked between them.

    Example:
        >>> Between().name
        'between'
    """

    keyword: ClassVar[str] = "between"

    @property
    @override
    def question(self) -> str:
        return f"trained on {_VIEWS} poses spread over the group, asked between them"

    @override
    def obstacle(self, data: OrbitDataset) -> str:
        if isinstance(data.group, Cyclic):
            return f"{data.group} has no elements between"
        if isinstance(data.group, Packed):
            return f"a grid of {data.group} has too many elements"
        return super().obstacle(data)

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data.with_sampler(OnGrid(data.group, _VIEWS))

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        for degrees in _OFFSETS:
            sampler = OnGrid(data.group, _VIEWS, math.radians(degrees))
            name = f"{degrees:g} deg off"
            condition = Condition(name, degrees, "deg", degrees == 0)
            yield HeldOut(condition, seen(data, sampler, count))
