"""Poses within a part of the group: does a model know poses that it never saw?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae.data import OrbitDataset, Wedge, view_samplers
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits.base import (
    ANGLES,
    GeneralisationSplit,
    HeldOut,
    check_number,
    has_angle,
    seen,
)
from groupae.groups import Group

__all__ = ["FromWedge", "WedgeSplit"]


@dataclasses.dataclass(frozen=True)
class FromWedge(view_samplers.ViewSampler):
    """First views in a wedge, later ones at one angle from its middle.

    Args:
        group: The group.
        share: Share of the group that the wedge has.
        angle: Angle of later views from the identity, in radians; the axis is uniform.

    Example:
        >>> from groupae import SO2
        >>> g = FromWedge(SO2(), 0.25, math.pi)(2, 3, generator=torch.Generator().manual_seed(0))
        >>> bool((g[1].abs() - math.pi < 1e-5).all())
        True
    """

    share: float
    angle: float

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        views = Wedge(self.group, self.share)(m, n, generator=generator)
        moved = view_samplers.at_angle(self.group, self.angle, m - 1, n, generator)
        return torch.cat([views[:1], moved])


@dataclasses.dataclass(frozen=True)
class WedgeSplit(GeneralisationSplit):
    """Training on poses within a share of the group; asked for poses anywhere.

    In the conditions by angle the first view is in the wedge and the second one at that angle from
    its middle. In the last, both are anywhere.

    Args:
        share: Share of the group in per cent, above 0 and below 100.

    Raises:
        ValueError: If it is out of range.

    Example:
        >>> WedgeSplit().name
        'wedge'
    """

    share: float = 25.0
    keyword: ClassVar[str] = "wedge"

    def __post_init__(self) -> None:
        check_number("wedge", "per cent", self.share, 0, 99)

    @property
    @override
    def name(self) -> str:
        return "wedge" if self.share == WedgeSplit.share else f"wedge-{self.share:g}"

    @property
    @override
    def question(self) -> str:
        return f"trained on poses in {self.share:g} per cent of the group, asked for all"

    def most(self, group: Group) -> float:
        """Return the angle between the middle of the wedge and its border, in degrees."""
        sampler = Wedge(group, self.share / 100)
        return math.degrees(min(sampler.angle(part) for part in view_samplers.parts_of(group)))

    @override
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        return data.with_sampler(Wedge(data.group, self.share / 100))

    @override
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        data = load("test")
        group, share = data.group, self.share / 100
        for degrees in (0, *ANGLES):
            if has_angle(group, degrees):
                pairs = seen(data, FromWedge(group, share, math.radians(degrees)), count)
                is_inside = degrees <= self.most(group)
                yield HeldOut(
                    Condition(f"{degrees:g} deg", float(degrees), "deg", is_inside), pairs
                )
        anywhere = data.fixed(min(count, len(data)))
        yield HeldOut(Condition("both anywhere", None, "", False), anywhere)
