"""Small relative elements: does a law that was learned on an arc hold on the whole group?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

from typing_extensions import override

from groupae.data import OrbitDataset, SmallSteps
from groupae.experiments.bench.splits.base import (
    GeneralisationSplit,
    HeldOut,
    angle_conditions,
    check_number,
)

__all__ = ["Steps"]


@dataclasses.dataclass(frozen=True)
class Steps(GeneralisationSplit):
    """Training on pairs at any absolute pose whose relative angle is small; asked for all angles.

    Args:
        degrees: Largest relative angle of a training pair, above 0 and at most 180.

    Raises:
        ValueError: If it is out of range.

    Example:
        >>> Steps(45.0).name
        'steps-45'
    """

    degrees: float = 45.0
    keyword: ClassVar[str] = "steps"

    def __post_init__(self) -> None:
        check_number("steps", "degrees", self.degrees, 0, 180)

    @property
    @override
    def name(self) -> str:
        return f"steps-{self.degrees:g}"

    @property
    @override
    def question(self) -> str:
        return f"trained on relative turns of at most {self.degrees:g} degrees, asked for all"

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data.with_sampler(SmallSteps(data.group, math.radians(self.degrees)))

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        return angle_conditions(load("test"), self.degrees, count)
