"""Few originals: how many does a model need?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from typing_extensions import override

from groupae._validation import expected
from groupae.data import OrbitDataset, keyed_generator
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import (
    GeneralisationSplit,
    HeldOut,
    check_number,
    keep_originals,
)

__all__ = ["Few"]


@dataclasses.dataclass(frozen=True)
class Few(GeneralisationSplit):
    """Training on a few originals, in all poses; asked for others.

    Args:
        originals: Number of originals; the seed of the training draws them.

    Raises:
        ValueError: If it is below 1.

    Example:
        >>> Few(350).name
        'few-350'
    """

    originals: float = 350
    keyword: ClassVar[str] = "few"

    def __post_init__(self) -> None:
        check_number("few", "originals", self.originals, 0, 1e9)
        if self.originals != int(self.originals):
            what = "a whole number of originals in few-..."
            raise ValueError(expected("groupae bench", what, f"{self.originals:g}"))

    @property
    @override
    def name(self) -> str:
        return f"few-{self.originals:g}"

    @property
    @override
    def question(self) -> str:
        return f"trained on {self.originals:g} originals in all poses, asked for others"

    @override
    def obstacle(self, data: OrbitDataset) -> str:
        return ""  # needs no choice of elements

    @override
    def training_obstacle(self, load: Callable[[], OrbitDataset]) -> str:
        n = len(load())
        return "" if self.originals <= n else f"its training part has {n} originals"

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data

    @override
    def train(self, data: OrbitDataset, seed: int) -> OrbitDataset:
        if self.originals >= len(data):
            return data
        rows = torch.randperm(len(data), generator=keyed_generator(_KEY, seed))
        return keep_originals(data, rows[: int(self.originals)])

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        pairs = data.fixed(min(count, len(data)))
        yield HeldOut(Condition("other originals", float(self.originals), "originals", True), pairs)


_KEY = 1919
