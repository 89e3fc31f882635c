"""Signs that elements are written in another unit or order than they are read in.

Numbers alone do not say whether 90 is degrees or radians, nor four columns whether w comes first.
Headings and sizes often do; where they contradict the chart, that is an error, not a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from torch import Tensor

from groupae._validation import expected
from groupae.groups import SO2, Group
from groupae.groups.products.packed import Packed

__all__ = ["check_angles", "check_columns"]

_FORMS: dict[str, str] = {
    "quat_wxyz": "w x y z",
    "quat_wxyz_sign": "w x y z sign",
    "xyz_quat_wxyz": "x y z qw qx qy qz",
    "rotvec": "x y z",
    "rotvec_sign": "x y z sign",
    "xy_angle": "x y angle",
    "angle_sign": "angle sign",
    "scale_shift": "scale shift",
    "euler_yxy": "alpha beta gamma",
}
_ANGLES = {  # which numbers of a chart are angles in radians
    "angle": slice(0, 1),
    "angle_sign": slice(0, 1),
    "xy_angle": slice(2, 3),
    "rotvec": slice(0, 3),
    "rotvec_sign": slice(0, 3),
    "euler_yxy": slice(0, 3),
}
_DEGREES = {"deg", "degs", "degree", "degrees"}
_RADIANS = {"rad", "rads", "radian", "radians"}
_ANGLE_NAMES = {"angle", "theta", "phi", "azimuth", "yaw", "pitch", "roll"} | _RADIANS
_STEP_NAMES = {"index", "step", "steps"}
_TURN = 2 * math.pi + 1e-3  # written numbers are rounded


def check_columns(owner: object, group: Group, columns: Sequence[str], chart: str | None) -> None:
    """Raise where the names of columns contradict the chart their numbers are read in.

    Args:
        owner: Who complains.
        group: The group.
        columns: Names of the columns of an element, from left to right.
        chart: How elements are written; ``group.charts[0]`` by default.

    Raises:
        ValueError: If units, the kind of number or the order of columns differ.

    Example:
        >>> from groupae import SO2
        >>> check_columns("table", SO2(), ["element_deg"], None)
        Traceback (most recent call last):
        ValueError: table: expected radians for 'angle', got the column 'element_deg'; say ...
    """
    read_in = chart or (group.charts[0] if group.charts else "")
    words = [re.findall(r"[a-z]+", name.lower().removeprefix("element")) for name in columns]
    for name, parts in zip(columns, words, strict=True):
        found = set(parts)
        got = f"the column {name!r}"
        if found & _DEGREES and not read_in.endswith("_deg"):
            remedy = "convert them to radians"
            if "angle_deg" in group.charts:
                remedy = 'say chart="angle_deg"'
            elif "angle" in group.charts and read_in != "angle":
                remedy = 'convert them to radians and say chart="angle"'
            what = "radians" if read_in in _ANGLES else "no degrees"
            raise ValueError(expected(owner, f"{what} for {read_in!r}", got, remedy))
        if found & _RADIANS and read_in.endswith("_deg"):
            raise ValueError(expected(owner, f"degrees for {read_in!r}", got, 'say chart="angle"'))
        if found & _ANGLE_NAMES and read_in == "index":
            remedy = 'say chart="angle" if they are radians' if "angle" in group.charts else ""
            raise ValueError(expected(owner, "numbers of elements for 'index'", got, remedy))
        if found & _STEP_NAMES and read_in in ("angle", "angle_deg"):
            remedy = "multiply steps by their angle"
            raise ValueError(expected(owner, f"angles for {read_in!r}", got, remedy))
        if found & {"yaw", "pitch", "roll"} and read_in == "euler_yxy":
            remedy = 'compose the rotations and write them as "quat_wxyz"'
            raise ValueError(expected(owner, "angles about y, x and y", got, remedy))
    _check_order(owner, read_in, columns, words)


def _check_order(
    owner: object, chart: str, columns: Sequence[str], words: Sequence[Sequence[str]]
) -> None:
    form = _FORMS.get(chart, "x y z w" if chart == "vector" else "").split()
    if chart == "vector":
        form = form[: len(columns)]
    found = [_as_in(form, parts) for parts in words]
    numbers = [re.sub(r"\D", "", name) for name in columns]
    order = None
    if sorted(found) == sorted(form) and found != form:
        order = [columns[found.index(word)] for word in form]
    elif all(numbers) and len(set(numbers)) == len(numbers):
        order = sorted(columns, key=lambda name: int(re.sub(r"\D", "", name)))
    if order is not None and order != list(columns):
        what = f"columns in the order {', '.join(order)}" + (f" of {chart!r}" if chart else "")
        names = ", ".join(f'"{name}"' for name in order)
        got = ", ".join(columns)
        raise ValueError(expected(owner, what, got, f"name them in it, elements=[{names}]"))


def _as_in(form: Sequence[str], parts: Sequence[str]) -> str:
    """Return which word of a form a column is named by; ``qx`` and ``tx`` are x too."""
    joined = "".join(parts[-2:])
    last = parts[-1] if parts else ""
    return next((word for word in (joined, last, last[1:]) if word in form), "")


def check_angles(
    owner: object, group: Group, numbers: Tensor, chart: str | None, *, has_chart: bool = True
) -> None:
    """Raise where numbers read as radians look like degrees.

    Radians are hardly ever whole numbers above a turn, nor beyond two turns. Who has such names the
    chart: ``chart="angle"`` of SO(2) takes any.

    Args:
        owner: Who complains.
        group: The group.
        numbers: As they are written, shape ``(n, k)``.
        chart: How elements are written; ``group.charts[0]`` by default.
        has_chart: Whether the caller can name one.

    Raises:
        ValueError: If they do.

    Example:
        >>> import torch; from groupae import SO2
        >>> check_angles("table", SO2(), torch.tensor([[0.0], [90.0]]), None)
        Traceback (most recent call last):
        ValueError: table: expected radians for 'angle', got 90; say chart="angle_deg" if ...
    """
    if isinstance(group, SO2) and chart is not None:
        return
    found = _like_degrees(group, numbers, chart)
    if found is None:
        return
    read_in, number = found
    remedy = "convert degrees by torch.deg2rad, take radians modulo 2 pi"
    if isinstance(group, SO2) and has_chart:
        remedy = 'say chart="angle_deg" if they are degrees, chart="angle" if they are not'
    raise ValueError(expected(owner, f"radians for {read_in!r}", f"{number:g}", remedy))


def _like_degrees(group: Group, numbers: Tensor, chart: str | None) -> tuple[str, float] | None:
    """Return what the farthest angle is read in, and the angle, if angles look like degrees."""
    if isinstance(group, Packed):
        sizes = [math.prod(part.element_shape) for part in group.parts]
        parts = zip(group.parts, numbers.split(sizes, -1), strict=True)
        found = (_like_degrees(part, own, None) for part, own in parts)
        return next((one for one in found if one is not None), None)
    read_in = chart or (group.charts[0] if group.charts else "")
    angles = numbers[:, _ANGLES.get(read_in, slice(0))]
    if angles.numel() == 0:
        return None
    far = float(angles.flatten()[angles.abs().argmax()])
    are_whole = bool((angles == angles.round()).all())
    return (read_in, far) if abs(far) > (_TURN if are_whole else 2 * _TURN) else None
