"""View samplers: which elements the views of an original are moved by.

A data set draws the elements of its views from Haar measure unless told otherwise. The samplers
here draw from a part of the group, so that one can ask how a model that was trained there fares on
the rest. Angles are in radians: that of the rotation in SO(2), O(2) and SO(3), ``2 pi j / n`` in
C(n). In a product each part moves by an angle of its own.
"""

from __future__ import annotations

import abc
import dataclasses
import math

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.groups import O2, SO2, SO3, Cyclic, Group
from groupae.groups.products.packed import Packed

__all__ = [
    "FixedSteps",
    "OnGrid",
    "Reflections",
    "SmallSteps",
    "ViewSampler",
    "Wedge",
    "at_angle",
    "parts_of",
]

_TABLE = 4096  # angles at which the distribution of rotation angles is tabulated


@dataclasses.dataclass(frozen=True)
class ViewSampler(abc.ABC):
    """Random elements of the views of originals, for `OrbitDataset.with_sampler`.

    Args:
        group: SO(2), O(2), SO(3), C(n), or a product of these.

    Raises:
        TypeError: If the group is another.

    Example:
        >>> from groupae import SO2
        >>> from groupae.data import SmallSteps
        >>> sampler = SmallSteps(SO2(), 0.1)
        >>> isinstance(sampler, ViewSampler), sampler(2, 5).shape
        (True, torch.Size([2, 5]))
    """

    group: Group

    def __post_init__(self) -> None:
        if not has_angles(self.group):
            what, remedy = "SO(2), O(2), SO(3), C(n) or a product of them", "write a sampler"
            raise TypeError(expected(type(self).__name__, what, str(self.group), remedy))

    @abc.abstractmethod
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Return elements of ``m`` views of ``n`` originals, shape ``(m, n, *element_shape)``."""


@dataclasses.dataclass(frozen=True)
class SmallSteps(ViewSampler):
    """First views anywhere, each later one near the one before.

    A step is a rotation about a uniform axis by an angle uniform in [-most, most]. Reflections are
    drawn with the first view; no step is one.

    Args:
        group: The group.
        most: Largest angle of a step, in radians, above 0 and at most pi.

    Raises:
        TypeError: If the group is none of those of `ViewSampler`.
        ValueError: If ``most`` is out of range, or smaller than every step of C(n).

    Example:
        >>> g = SmallSteps(SO2(), 0.1)(2, 1000, generator=torch.Generator().manual_seed(0))
        >>> float(SO2().distance(g[0], g[1]).max()) < 0.1001
        True
    """

    most: float

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        _check_angle("SmallSteps", "most", self.most)
        for part in parts_of(self.group):
            if isinstance(part, Cyclic) and self.most < 2 * math.pi / part.order - _ROUNDING:
                what = f"most at least {2 * math.pi / part.order:.4g}, one step of {part}"
                raise ValueError(expected("SmallSteps", what, self.most))

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        def steps(part: Group) -> Tensor:
            if isinstance(part, Cyclic):
                most = int(self.most * part.order / (2 * math.pi) + _ROUNDING)
                return _cyclic(part, most, m, n, generator)
            angle = self.most * (2 * _uniform(m, n, generator=generator) - 1)
            return _rotations(part, angle, generator)

        return _walk(self.group, _by_parts(self.group, steps), generator)


@dataclasses.dataclass(frozen=True)
class FixedSteps(ViewSampler):
    """First views anywhere, each later one at one angle from the one before.

    Args:
        group: The group.
        angle: Angle of every step, in radians, from 0 to pi; the axis is uniform.

    Raises:
        TypeError: If the group is none of those of `ViewSampler`.
        ValueError: If ``angle`` is out of range, or no multiple of the steps of C(n).

    Example:
        >>> g = FixedSteps(SO3(), 1.0)(2, 5, generator=torch.Generator().manual_seed(0))
        >>> SO3().distance(g[0], g[1]).round(decimals=3).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
    """

    angle: float

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        _check_angle("FixedSteps", "angle", self.angle, includes_zero=True)
        for part in parts_of(self.group):
            if not isinstance(part, Cyclic):
                continue
            steps = self.angle * part.order / (2 * math.pi)
            if abs(steps - round(steps)) > _ROUNDING:
                what = f"an angle that is a multiple of {2 * math.pi / part.order:.4g} in {part}"
                raise ValueError(expected("FixedSteps", what, self.angle))

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        return _walk(self.group, at_angle(self.group, self.angle, m, n, generator), generator)


@dataclasses.dataclass(frozen=True)
class Wedge(ViewSampler):
    """All views within a part of the group around the identity.

    That part has the given share of the group by Haar measure and, in O(2), its reflections too:
    rotations by at most an angle. Elements are uniform in it.

    Args:
        group: The group.
        share: Share of the group, above 0 and at most 1. In a product, of each part.

    Raises:
        TypeError: If the group is none of those of `ViewSampler`.
        ValueError: If ``share`` is out of range.

    Example:
        >>> sampler = Wedge(SO2(), 0.25)
        >>> g = sampler(2, 1000, generator=torch.Generator().manual_seed(0))
        >>> bool((sampler.group.distance(g, torch.tensor(0.0)) <= math.pi / 4).all())
        True
    """

    share: float

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not _is_number(self.share) or not 0 < self.share <= 1:
            raise ValueError(expected("Wedge", "share above 0 and at most 1", repr(self.share)))

    def angle(self, part: Group) -> float:
        """Return the largest angle of rotation in a part, in radians."""
        if not isinstance(part, SO3):
            return math.pi * self.share
        angles, shares = _so3_angles()
        place = int(torch.searchsorted(shares, self.share).clamp(max=_TABLE - 1))
        return float(angles[place])

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        def views(part: Group) -> Tensor:
            if isinstance(part, Cyclic):
                most = int(self.angle(part) * part.order / (2 * math.pi) + _ROUNDING)
                return _cyclic(part, most, m, n, generator)
            draws = _uniform(m, n, generator=generator)
            if isinstance(part, SO3):
                table, shares = _so3_angles()
                place = torch.searchsorted(shares, draws.double() * self.share)
                angle = table[place.clamp(max=_TABLE - 1)].float()
            else:
                angle = self.angle(part) * (2 * draws - 1)
            turned = _rotations(part, angle, generator)
            if isinstance(part, O2):
                is_mirrored = _uniform(m, n, generator=generator) < 0.5
                turned = torch.where(
                    is_mirrored[..., None, None], turned * torch.tensor([1.0, -1.0]), turned
                )
            return turned

        return _by_parts(self.group, views)


@dataclasses.dataclass(frozen=True)
class OnGrid(ViewSampler):
    """All views at ``n`` elements that are spread over the group, or at an angle from these.

    Args:
        group: The group.
        n: Number of elements, those of `Group.grid`; in SO(2) they are C(n).
        offset: Angle between the second view of each pair and an element of the grid, in radians,
            from 0 to pi; the first view is on the grid.

    Raises:
        TypeError: If the group is none of those of `ViewSampler`.
        ValueError: If ``n`` is not at least 1, or ``offset`` out of range or not 0 in C(n).

    Example:
        >>> g = OnGrid(SO2(), 4)(1, 5, generator=torch.Generator().manual_seed(0))
        >>> bool((g / (torch.pi / 2) % 1 < 1e-6).all())
        True
    """

    n: int
    offset: float = 0.0

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("OnGrid", "n", self.n)
        _check_angle("OnGrid", "offset", self.offset, includes_zero=True)
        if self.offset and any(isinstance(part, Cyclic) for part in parts_of(self.group)):
            raise ValueError(expected("OnGrid", f"offset 0 in {self.group}", self.offset))

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        elements = self.group.grid(self.n)
        if not self.group.has_integer_elements:
            elements = elements.float()
        chosen = elements[torch.randint(len(elements), (m, n), generator=generator)]
        if not self.offset:
            return chosen

        turns = at_angle(self.group, self.offset, m, n, generator)
        moved = self.group.compose(turns, chosen)
        return torch.cat([chosen[:1], moved[1:]])


@dataclasses.dataclass(frozen=True)
class Reflections(ViewSampler):
    """First views anywhere, each later one a reflection of the one before, then turned anyhow.

    Args:
        group: O(2), or a product with O(2).

    Raises:
        TypeError: If the group is another.

    Example:
        >>> g = Reflections(O2())(2, 3, generator=torch.Generator().manual_seed(0))
        >>> torch.linalg.det(g[1] @ g[0].mT).round().tolist()
        [-1.0, -1.0, -1.0]
    """

    @override
    def __post_init__(self) -> None:
        super().__post_init__()
        if not any(isinstance(part, O2) for part in parts_of(self.group)):
            raise TypeError(expected("Reflections", "a group with O(2)", str(self.group)))

    @override
    def __call__(self, m: int, n: int, *, generator: torch.Generator | None = None) -> Tensor:
        def steps(part: Group) -> Tensor:
            drawn = part.sample(m, n, generator=generator)
            if not isinstance(part, O2):
                return drawn
            return (
                drawn * torch.stack([torch.ones(m, n), -torch.linalg.det(drawn)], -1)[..., None, :]
            )

        return _walk(self.group, _by_parts(self.group, steps), generator)


# --- parts --------------------------------------------------------------------------------------
_ROUNDING = 1e-6


def parts_of(group: Group) -> tuple[Group, ...]:
    """Return the parts of a product, or the group itself."""
    return group.parts if isinstance(group, Packed) else (group,)


def has_angles(group: Group) -> bool:
    """Return whether a group is one of those of `ViewSampler`."""
    return all(isinstance(part, (SO2, O2, SO3, Cyclic)) for part in parts_of(group))


def _by_parts(group: Group, draw: object) -> Tensor:
    assert callable(draw)
    if isinstance(group, Packed):
        return group.pack(*map(draw, group.parts))
    drawn: Tensor = draw(group)
    return drawn


def _walk(group: Group, steps: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return the places of walks that begin anywhere; the first of the steps is not taken."""
    places = [group.sample(steps.shape[1], generator=generator)]
    for step in steps[1:]:
        places.append(group.compose(step, places[-1]))
    return torch.stack(places)


def at_angle(
    group: Group, angle: float, m: int, n: int, generator: torch.Generator | None = None
) -> Tensor:
    """Return elements at an angle from the identity, about uniform axes and in both directions.

    Args:
        group: A group of those of `ViewSampler`.
        angle: The angle, in radians.
        m: Number of views.
        n: Number of originals.
        generator: Source of randomness.

    Returns:
        Shape ``(m, n, *element_shape)``.

    Example:
        >>> at_angle(SO2(), 1.0, 2, 3).abs()
        tensor([[1., 1., 1.],
                [1., 1., 1.]])
    """

    def draw(part: Group) -> Tensor:
        sign = 2 * (_uniform(m, n, generator=generator) < 0.5).long() - 1
        if isinstance(part, Cyclic):
            return sign * round(angle * part.order / (2 * math.pi)) % part.order
        return _rotations(part, angle * sign.float(), generator)

    return _by_parts(group, draw)


def _rotations(group: Group, angle: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return rotations by angles, about uniform axes where there are several."""
    axis = torch.randn(*angle.shape, group.lie_dim, generator=generator, dtype=torch.float32)
    if group.lie_dim == 1:
        axis = torch.ones_like(axis)
    return group.exp(angle.unsqueeze(-1) * axis / axis.norm(dim=-1, keepdim=True))


def _cyclic(group: Cyclic, most: int, m: int, n: int, generator: torch.Generator | None) -> Tensor:
    """Return elements uniform among those by at most so many steps, the half turn once."""
    least = max(-most, most + 1 - group.order)
    return torch.randint(least, most + 1, (m, n), generator=generator) % group.order


def _uniform(*shape: int, generator: torch.Generator | None) -> Tensor:
    return torch.rand(*shape, generator=generator, dtype=torch.float32)


def _so3_angles() -> tuple[Tensor, Tensor]:
    """Return rotation angles, and the share of SO(3) below each, (w - sin w) / pi."""
    angles = torch.linspace(0, math.pi, _TABLE, dtype=torch.float64)
    return angles, (angles - angles.sin()) / math.pi


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_angle(owner: str, name: str, angle: object, *, includes_zero: bool = False) -> None:
    is_angle = _is_number(angle) and 0 <= angle <= math.pi + _ROUNDING  # type: ignore[operator]  # it is a number
    if not is_angle or (angle == 0 and not includes_zero):
        what = f"{name} in radians, {'from' if includes_zero else 'above'} 0 and at most pi"
        raise ValueError(expected(owner, what, repr(angle), "convert degrees by math.radians"))
