"""Titles of elements in readable units, such as degrees.

Angles are in degrees in [0, 360), rotations of space an angle and an axis, steps of a cyclic group
``j/n``.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    Group,
    Packed,
    Permutation,
    Scaling,
    Translation,
)

__all__ = ["element_title"]


def element_title(group: Group, g: Tensor) -> str:
    """Return a short title of an element, on one or more lines.

    Args:
        group: The group.
        g: One element, shape ``element_shape``.

    Example:
        >>> element_title(SO2(), torch.tensor(math.pi / 2))
        '90°'
        >>> element_title(Affine(), torch.tensor([1.5, -0.25])).splitlines()
        ['a = 1.50', 'b = -0.25']
    """
    if tuple(g.shape) != group.element_shape:
        what = f"one element of {group}, of shape {group.element_shape}"
        raise ShapeError(expected("element_title", what, tuple(g.shape)))
    return _title(group, g.detach().cpu())


def _degrees(radians: float) -> str:
    return f"{round(math.degrees(radians)) % 360}°"


def _numbers(values: Tensor) -> str:
    """Return the numbers in a row, with two digits, without negative zeros."""
    return ", ".join(f"{x + 0.0:.2g}" for x in values.flatten().round(decimals=2).tolist())


@functools.singledispatch
def _title(group: Group, g: Tensor) -> str:
    return str(g.item()) if group.element_shape == () else f"({_numbers(g)})"


@_title.register
def _(group: SO2, g: Tensor) -> str:
    del group
    return _degrees(g.item())


@_title.register
def _(group: Cyclic, g: Tensor) -> str:
    return f"{int(g) % group.n}/{group.n}"


@_title.register
def _(group: Dihedral, g: Tensor) -> str:
    flip, turn = divmod(int(group.project(g)), group.n)
    return f"{turn}/{group.n}" + ("\nflipped" if flip else "")


@_title.register
def _(group: SO3, g: Tensor) -> str:
    vector = group.log(g.double())
    angle = vector.norm().item()
    if round(math.degrees(angle)) == 0:
        return "0°"
    axis = (vector / angle).round(decimals=1)
    for name, unit in zip("xyz", torch.eye(3, dtype=torch.float64), strict=True):
        if torch.equal(axis.abs(), unit):  # about -z by 90° is about z by 270°
            return f"{_degrees(angle * axis.sum().item())} {name}"
    return f"{_degrees(angle)}\n{_numbers(axis)}"


@_title.register
def _(group: O2, g: Tensor) -> str:
    angle, sign = group.convert(g.double(), "matrix", "angle_sign").tolist()
    return _degrees(angle) + ("\nflipped" if sign < 0 else "")


@_title.register
def _(group: O3, g: Tensor) -> str:
    mirrored = bool(torch.linalg.det(g.double()) < 0)
    return _title(SO3(), -g if mirrored else g) + ("\ninverted" if mirrored else "")


@_title.register
def _(group: SE2, g: Tensor) -> str:
    x, y, angle = group.convert(g.double(), "matrix", "xy_angle").tolist()
    return f"{_degrees(angle)}\n{_numbers(torch.tensor([x, y]))}"


@_title.register
def _(group: SE3, g: Tensor) -> str:
    del group
    return f"{_title(SO3(), g[:3, :3])}\n{_numbers(g[:3, 3])}"


@_title.register
def _(group: Affine, g: Tensor) -> str:
    del group
    a, b = (g.round(decimals=2) + 0.0).tolist()
    return f"a = {a:.2f}\nb = {b:.2f}"


@_title.register
def _(group: Scaling, g: Tensor) -> str:
    del group
    return f"x {g.item():.2f}"


@_title.register
def _(group: Translation, g: Tensor) -> str:
    del group
    return f"({_numbers(g)})"


@_title.register
def _(group: Permutation, g: Tensor) -> str:
    del group
    return " ".join(str(i) for i in g.tolist())


@_title.register
def _(group: Packed, g: Tensor) -> str:
    parts = zip(group.parts, group.unpack(g), strict=True)
    return "\n".join(_title(part, h) for part, h in parts)
