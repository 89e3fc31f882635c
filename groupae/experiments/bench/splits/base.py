"""Interface of the splits: what a model is trained on, and what it is asked afterwards."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.data import FixedSteps, OrbitDataset, Reflections, ViewSampler, view_samplers
from groupae.experiments.bench.result import Condition
from groupae.groups import O2, Cyclic, Group
from groupae.groups.products.packed import Packed
from groupae.protocols import PairBatch

__all__ = ["GeneralisationSplit", "HeldOut", "angle_conditions"]

ANGLES = (10, 30, 45, 60, 90, 120, 150, 180)
"""Relative angles that models are asked, in degrees."""


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """Held-out pairs under one condition.

    Args:
        condition: The condition.
        pairs: The pairs, of originals that no training sees.
        steps: Elements that are applied one after the other instead of their product, shape
            ``(m, n, *element_shape)``; ``None`` for the element itself.
        orders: Order of the rotational symmetry of each original, shape ``(n,)``, if asked for.

    Example:
        >>> from groupae import RotatedDigits
        >>> from groupae.experiments.bench import get_split
        >>> conditions = get_split("whole").conditions(lambda s: RotatedDigits(s, size="tiny"), 8)
        >>> held_out = next(conditions)
        >>> type(held_out).__name__, len(held_out.pairs.x1)
        ('HeldOut', 8)
    """

    condition: Condition
    pairs: PairBatch
    steps: Tensor | None = None
    orders: Tensor | None = None


class GeneralisationSplit(abc.ABC):
    """A question to a model: a restricted training set, and conditions on held-out data.

    Restrictions are those of pairs, such as small relative elements, and of originals. Validation
    is restricted as the training is, so that nothing outside is seen before the test.

    Attributes:
        keyword: First part of the name.
        version: Number that grows when other data are trained on or asked, so that results of
            before are not taken for those of now.

    Example:
        >>> from groupae.experiments.bench import get_split
        >>> get_split("steps-45").name, isinstance(get_split("steps-45"), GeneralisationSplit)
        ('steps-45', True)
    """

    keyword: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """Name on the command line, with the parameter if it has one, such as "steps-45"."""
        return self.keyword

    @property
    @abc.abstractmethod
    def question(self) -> str:
        """The question, in one clause."""

    def obstacle(self, data: OrbitDataset) -> str:
        """Return why a data set cannot have this split; ``""`` if it can."""
        if not data.has_any_view:
            return "its views are recorded"
        return "" if view_samplers.has_angles(data.group) else f"{data.group} has no angles"

    def training_obstacle(self, load: Callable[[], OrbitDataset]) -> str:
        """Return why the training part of a data set is no good for this split; ``""`` if it is.

        Args:
            load: The training part, which is loaded only where it matters.
        """
        del load
        return ""

    def check(
        self, name: str, data: OrbitDataset, load: Callable[[], OrbitDataset] | None = None
    ) -> None:
        """Raise ``ValueError`` unless a data set can have this split.

        Args:
            name: Name of the data set.
            data: The data set.
            load: Its training part; not looked at unless given.
        """
        if why := self.obstacle(data) or (self.training_obstacle(load) if load else ""):
            what = f"a split that {name} can have"
            raise ValueError(expected("groupae bench", what, f"{self.name}: {why}"))

    @abc.abstractmethod
    def restrict(self, data: OrbitDataset) -> OrbitDataset:
        """Return a data set of the pairs that training and validation see."""

    def train(self, data: OrbitDataset, seed: int) -> OrbitDataset:
        """Return the training set; ``seed`` draws the originals where only some are seen."""
        del seed
        return self.restrict(data)

    @abc.abstractmethod
    def conditions(self, load: Callable[[str], OrbitDataset], count: int) -> Iterator[HeldOut]:
        """Yield what is asked.

        Args:
            load: The data set of a split, "train" or "test", unrestricted.
            count: Largest number of pairs per condition.
        """


def seen(data: OrbitDataset, sampler: ViewSampler, count: int) -> PairBatch:
    """Return fixed pairs whose elements are those of a sampler, ``count`` at most."""
    return data.with_sampler(sampler).fixed(min(count, len(data)))


def angle_conditions(data: OrbitDataset, most: float, count: int) -> Iterator[HeldOut]:
    """Yield one condition per relative angle, and one for reflections where the group has them.

    Args:
        data: Held-out data.
        most: Largest angle of training pairs, in degrees.
        count: Largest number of pairs per condition.
    """
    for degrees in sorted({*ANGLES, most}):
        if not has_angle(data.group, degrees):
            continue
        pairs = seen(data, FixedSteps(data.group, math.radians(degrees)), count)
        yield HeldOut(Condition(f"{degrees:g} deg", float(degrees), "deg", degrees <= most), pairs)
    if has_reflections(data.group):
        pairs = seen(data, Reflections(data.group), count)
        yield HeldOut(Condition("mirrored", None, "", False), pairs)


def has_reflections(group: Group) -> bool:
    """Return whether a group is O(2) or a product with it."""
    parts = group.parts if isinstance(group, Packed) else (group,)
    return any(isinstance(part, O2) for part in parts)


def has_angle(group: Group, degrees: float) -> bool:
    """Return whether there are elements of an angle, in C(n) multiples of its step."""
    parts = group.parts if isinstance(group, Packed) else (group,)
    orders = [part.order for part in parts if isinstance(part, Cyclic)]
    return all(order is not None and (degrees * order) % 360 == 0 for order in orders)


def keep_originals(data: OrbitDataset, rows: Tensor) -> OrbitDataset:
    """Return a data set of some of the originals, in ascending order."""
    return data.subset(torch.sort(rows).values)


def check_number(keyword: str, what: str, value: float, low: float, high: float) -> None:
    """Raise `ValueError` unless a parameter is above ``low`` and at most ``high``."""
    if not low < value <= high:
        form = f"{what} of {keyword}-... above {low:g} and at most {high:g}"
        raise ValueError(expected("groupae bench", form, f"{value:g}"))
