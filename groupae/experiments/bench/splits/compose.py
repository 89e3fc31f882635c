"""Products of many small steps: do errors add up?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae.data import OrbitDataset, SmallSteps, ViewSampler, keyed_generator
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import (
    GeneralisationSplit,
    HeldOut,
    check_number,
    seen,
)

__all__ = ["Compose", "WalkEnds"]

_LENGTHS = (1, 3, 10, 30, 100)


@dataclasses.dataclass(frozen=True)
class WalkEnds(ViewSampler):
    """The two ends of walks of small steps, whose steps can be had too.

    Args:
        group: The group.
        most: Largest angle of a step, in radians.
        length: Number of steps.

    Example:
        >>> from groupae import SO2
        >>> walks = WalkEnds(SO2(), 0.1, 5)
        >>> walks(2, 3).shape, walks.steps(3).shape
        (torch.Size([2, 3]), torch.Size([5, 3]))
    """

    most: float
    length: int

    def _places(self, n: int) -> Tensor:
        walk = SmallSteps(self.group, self.most)
        return walk(self.length + 1, n, generator=keyed_generator(self.length))

    def steps(self, n: int) -> Tensor:
        """Return the steps of ``n`` walks, shape ``(length, n, *element_shape)``."""
        places = self._places(n)
        return self.group.compose(places[1:], self.group.inverse(places[:-1]))

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        del generator  # walks are a function of their number
        places = self._places(n)
        return places[[0] + [-1] * (m - 1)]


@dataclasses.dataclass(frozen=True)
class Compose(GeneralisationSplit):
    """Training on small relative angles; asked for many steps in a row, and for their product.

    Args:
        degrees: Largest angle of a step, above 0 and at most 180.

    Raises:
        ValueError: If it is out of range.

    Example:
        >>> Compose(15.0).name
        'compose-15'
    """

    degrees: float = 45.0
    keyword: ClassVar[str] = "compose"

    def __post_init__(self) -> None:
        check_number("compose", "degrees", self.degrees, 0, 180)

    @property
    @override
    def name(self) -> str:
        return f"compose-{self.degrees:g}"

    @property
    @override
    def question(self) -> str:
        return f"trained on turns of at most {self.degrees:g} degrees, asked for 1 to 100 in a row"

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data.with_sampler(SmallSteps(data.group, math.radians(self.degrees)))

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        n = min(count, len(data))
        for length in _LENGTHS:
            walks = WalkEnds(data.group, math.radians(self.degrees), length)
            pairs = seen(data, walks, n)
            steps = walks.steps(n)
            product = Condition(f"product of {length}", None, "", length == 1)
            yield HeldOut(product, pairs)
            if length > 1:
                in_a_row = Condition(f"{length} steps", float(length), "steps", False)
                yield HeldOut(in_a_row, pairs, steps=steps)
