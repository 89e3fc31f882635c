"""Choice of the elements of an audit, and their angles and axes."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.groups import (
    O2,
    O3,
    SO2,
    SO3,
    Cyclic,
    Dihedral,
    Group,
    Icosahedral,
    Octahedral,
    Tetrahedral,
)
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.testing.samples import seeded

__all__ = ["Elements", "check_given", "choose_elements", "rotations"]

_RANDOM = 4  # beside a grid, for a law of a finite subgroup can hold on a whole grid
_MOST_EXACT = 48  # elements of an exact subgroup; the symmetries of the cube
_CLOSE = 1e-5


@dataclasses.dataclass(frozen=True)
class Elements:
    """Elements of an audit.

    Args:
        group: The group.
        values: Elements, shape ``(m, *element_shape)``.
        note: Origin of the elements, in words.
    """

    group: Group
    values: Tensor
    note: str

    def __len__(self) -> int:
        return len(self.values)

    @property
    def is_identity(self) -> Tensor:
        """Mask of the elements that are the identity, shape ``(m,)``."""
        g = self.values
        unit = self.group.identity(1, dtype=g.dtype, device=g.device)
        return (self.group.distance(g, unit) <= _CLOSE).cpu()


def check_given(owner: str, group: Group, elements: object) -> Tensor:
    """Return elements given by the caller.

    Raises:
        TypeError: If they are no elements of the group.
        ShapeError: If they are not of shape ``(m, *element_shape)`` with m at least 1.
    """
    assert isinstance(elements, Tensor) or not hasattr(elements, "shape")
    group.check_elements(elements)  # type: ignore[arg-type]  # it raises
    assert isinstance(elements, Tensor)
    if elements.ndim != 1 + len(group.element_shape) or len(elements) == 0:
        form = ", ".join(["m", *map(str, group.element_shape)])
        what = f"elements of shape ({form}) with m of at least 1"
        raise ShapeError(expected(owner, what, tuple(elements.shape)))
    return elements


def choose_elements(group: Group, count: int, inclusions: list[Homomorphism]) -> Elements:
    """Return the elements of an audit: all, a grid, or a sample, and those of exact subgroups.

    Args:
        group: The group.
        count: Number of elements of a grid or a sample.
        inclusions: Subgroups that act without resampling.
    """
    if group.order is not None and group.order <= max(count, _MOST_EXACT):
        return Elements(group, group.elements(), f"all {group.order} elements of {group}")
    parts = [_members(inclusion) for inclusion in inclusions]
    parts = parts or [group.identity(1, dtype=torch.float64)]
    words = f"{count} random elements"
    if group.has_grid and group.is_compact:
        parts += [group.grid(count)]
        parts += [group.sample(_RANDOM, generator=seeded(0), dtype=torch.float64)]
        words = f"{counted(count, 'element')} of a grid and {_RANDOM} random ones"
    else:
        parts += [group.sample(count, generator=seeded(0), dtype=torch.float64)]
    values = _distinct(group, torch.cat([part.to(parts[-1].dtype) for part in parts]))
    if not group.is_compact:
        words += f"; {group} is not compact: no average over the group is claimed"
    return Elements(group, values, words)


def _members(inclusion: Homomorphism) -> Tensor:
    """Return elements of a subgroup: all of a small one, else some."""
    source = inclusion.source
    if source.order is not None and source.order <= _MOST_EXACT:
        return inclusion(source.elements())
    return inclusion(source.hard_elements())


def _distinct(group: Group, g: Tensor) -> Tensor:
    """Return the elements without repetitions, in order."""
    same = group.distance(g[:, None], g[None]) <= _CLOSE
    first = torch.tril(same, diagonal=-1).any(1).logical_not()
    return g[first]


_PLANE = (SO2, O2, Cyclic, Dihedral)
_SPACE = (SO3, O3, Tetrahedral, Octahedral, Icosahedral)


def rotations(
    group: Group, g: Tensor
) -> list[tuple[float | None, tuple[float, float, float] | None, bool]]:
    """Return angle, axis and whether it is a reflection, for each element.

    The angle is in (-pi, pi] in the plane and in [0, pi] in space; of a reflection in the plane it
    is that of ``g`` after the flip of y, in space that of ``-g``.
    """
    if not isinstance(group, (*_PLANE, *_SPACE)):
        return [(None, None, False)] * len(g)
    if isinstance(group, (SO2, Cyclic)):
        native = g if isinstance(group, SO2) else group.convert(g, "index", "angle")
        return [(a, None, False) for a in _wrapped(native.double()).tolist()]
    m = g.double() if g.is_floating_point() else group.convert(g, "index", "matrix").double()
    flipped = (torch.linalg.det(m) < 0).tolist()
    if isinstance(group, _PLANE):
        angles = _wrapped(torch.atan2(m[:, 1, 0], m[:, 0, 0]))
        return [(a, None, f) for a, f in zip(angles.tolist(), flipped, strict=True)]
    m = m * torch.linalg.det(m).sign()[:, None, None]
    vectors = SO3().convert(SO3().project(m), "matrix", "rotvec")
    return [(float(v.norm()), _axis(v), f) for v, f in zip(vectors, flipped, strict=True)]


def _wrapped(angles: Tensor) -> Tensor:
    """Return angles in (-pi, pi], where -pi but for rounding of float32 counts as pi."""
    angles = torch.remainder(angles + math.pi, 2 * math.pi) - math.pi
    angles = torch.where(angles < _CLOSE - math.pi, angles + 2 * math.pi, angles)
    return angles.clamp(max=math.pi)


def _axis(v: Tensor) -> tuple[float, float, float] | None:
    """Return the direction of a rotation vector, ``None`` without one."""
    if float(v.norm()) < _CLOSE:
        return None
    x, y, z = (v / v.norm()).tolist()
    return (x, y, z)
