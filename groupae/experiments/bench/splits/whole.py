"""The whole training set, all poses: the scores that restrictions are compared with."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import ClassVar

from typing_extensions import override

from groupae.data import OrbitDataset
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut

__all__ = ["Whole"]


@dataclasses.dataclass(frozen=True)
class Whole(GeneralisationSplit):
    """Training without restriction.

    Example:
        >>> Whole().name
        'whole'
    """

    keyword: ClassVar[str] = "whole"

    @property
    @override
    def question(self) -> str:
        return "trained on all originals in all poses"

    @override
    def obstacle(self, data: OrbitDataset) -> str:
        return ""  # needs no choice of elements

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        yield HeldOut(Condition("all", None, "", True), data.fixed(min(count, len(data))))
