"""Elements written as numbers, in a table or a file from elsewhere.

Conventions: numbers of a matrix stand row by row. ``chart`` says how an element is written, by one
of the names in ``group.charts``; the first of them is the library's own.

Numbers alone do not say whether 90 is degrees or radians, nor four columns whether w comes first.
Headings and sizes often do; where they contradict the chart, that is an error, not a guess.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae._validation import expected, unknown_choice
from groupae.groups import SO2, Group, MatrixLieGroup, Packed

__all__ = ["are_elements", "check_angles", "check_columns", "parse_elements"]

_TOLERANCE = 1e-3  # written numbers are rounded
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
_TURN = 2 * math.pi + _TOLERANCE


# --- reading ----------------------------------------------------------------------------------
def parse_elements(
    group: Group, numbers: Tensor, chart: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return the elements written as rows of numbers, and the mask of rows that are elements.

    Args:
        group: The group.
        numbers: float64, shape ``(n, k)``.
        chart: The chart of the numbers; ``group.charts[0]`` by default.

    Returns:
        Elements, shape ``(n, *element_shape)``, integers or float32, projected to the group to
        undo rounding; and bool, shape ``(n,)``, false where a row is no element.

    Raises:
        ValueError: If the chart is unknown, or its elements do not have ``k`` numbers.

    Example:
        >>> from groupae import SO2
        >>> parse_elements(SO2(), torch.tensor([[90.0], [450.0]]), "angle_deg")
        (tensor([1.5708, 1.5708]), tensor([True, True]))
    """
    native = group.charts[0] if group.charts else None
    unit = group.identity(dtype=torch.float64)
    if chart not in (None, native):
        if chart not in group.charts:
            raise ValueError(unknown_choice(group, "a chart", chart, group.charts))
        unit = group.convert(unit, native or "", chart or "")
    if unit.is_complex():
        raise ValueError(expected(group, "a chart of real numbers", repr(chart)))
    if numbers.shape[1] != unit.numel():
        form = chart or native
        what = f"{unit.numel()} numbers for an element" + (f" as {form!r}" if form else "")
        fitting = [name for name in group.charts if _size(group, name) == numbers.shape[1]]
        remedy = f"say chart={' or '.join(map(repr, fitting))}" if fitting and not chart else ""
        raise ValueError(expected(group, what, numbers.shape[1], remedy))
    written = numbers.reshape(len(numbers), *unit.shape)
    is_one = numbers.isfinite().all(1)
    if not unit.is_floating_point():
        is_one &= (numbers == numbers.round()).all(1)
    g, converted = _from_chart(group, written.to(unit.dtype), chart, native)
    is_one &= converted & g.isfinite().reshape(len(g), -1).all(1)
    g = _else_identity(group, is_one, g)
    is_one &= are_elements(group, g)
    g = group.project(_else_identity(group, is_one, g))
    return (g.float() if g.is_floating_point() else g), is_one


def _size(group: Group, chart: str) -> int:
    """Return the number of real numbers per element in a chart; 0 for a complex chart."""
    unit = group.convert(group.identity(dtype=torch.float64), group.charts[0], chart)
    return 0 if unit.is_complex() else unit.numel()


def _else_identity(group: Group, is_one: Tensor, g: Tensor) -> Tensor:
    mask = is_one.reshape(-1, *(1,) * (g.ndim - 1))
    return torch.where(mask, g, group.identity(dtype=g.dtype))


def _from_chart(
    group: Group, written: Tensor, chart: str | None, native: str | None
) -> tuple[Tensor, Tensor]:
    """Return elements in the native chart, and the mask of those that could be converted."""
    good = torch.ones(len(written), dtype=torch.bool)
    if chart in (None, native):
        return written, good
    there, back = chart or "", native or ""
    try:
        return group.convert(written, there, back), good
    except ValueError:  # at least one cannot be converted: find it
        g = group.identity(len(written), dtype=torch.float64).clone()
        for i, one in enumerate(written):
            try:
                g[i] = group.convert(one, there, back)
            except ValueError:
                good[i] = False
        return g, good


def are_elements(group: Group, g: Tensor) -> Tensor:
    """Return the mask of elements among ``g``, up to the rounding of a table, shape ``(n,)``.

    Any angle is an element, also beyond a turn; an index must be in its range.

    Args:
        group: The group.
        g: Shape ``(n, *element_shape)``.

    Example:
        >>> from groupae import SO3
        >>> are_elements(SO3(), torch.stack([torch.eye(3), 2 * torch.eye(3), -torch.eye(3)]))
        tensor([ True, False, False])
    """
    if isinstance(group, MatrixLieGroup):
        return group.membership_error(g) <= _TOLERANCE
    if isinstance(group, Packed):
        parts = group.unpack(g)
        of_parts = [are_elements(part, h) for part, h in zip(group.parts, parts, strict=True)]
        rounded = (group.pack(*parts) - g).abs().amax(-1) <= _TOLERANCE
        return torch.stack([*of_parts, rounded]).all(0)
    nearest = group.project(g)
    if not g.is_floating_point():
        return (nearest == g).flatten(1).all(1) if g.ndim > 1 else nearest == g
    # the inverses tell a factor of 0 from the smallest positive one
    near = _agree(group, g, nearest)
    return near & _agree(group, group.inverse(g), group.inverse(nearest))


def _agree(group: Group, g: Tensor, nearest: Tensor) -> Tensor:
    """Return the mask of rows whose coordinates agree, modulo their period where they have one."""
    off = g - nearest
    period = group.representatives(nearest) - nearest
    turns = torch.where(period == 0, 0.0, (off / period).round())
    error = (off - turns * period).abs() / g.abs().clamp(min=1)
    return (error.reshape(len(g), -1) <= _TOLERANCE).all(1)


# --- units and orders ---------------------------------------------------------------------------
def check_columns(owner: object, group: Group, columns: Sequence[str], chart: str | None) -> None:
    """Raise if names of columns contradict the chart in which their numbers are read.

    Args:
        owner: Beginning of the error message.
        group: The group.
        columns: Names of the columns of an element, from left to right.
        chart: The chart of the numbers; ``group.charts[0]`` by default.

    Raises:
        ValueError: If units, the kind of number or the order of columns differ.

    Example:
        >>> from groupae import SO2
        >>> check_columns("table", SO2(), ["element_deg"], None)
        Traceback (most recent call last):
        ValueError: table: expected radians for 'angle', got the column 'element_deg'; say ...
    """
    read_in = _chart_read(group, chart)
    words = [re.findall(r"[a-z]+", name.lower().removeprefix("element")) for name in columns]
    for name, parts in zip(columns, words, strict=True):
        complaint = _contradiction(group, read_in, set(parts))
        if complaint is not None:
            what, remedy = complaint
            raise ValueError(expected(owner, what, f"the column {name!r}", remedy))
    _check_order(owner, read_in, columns, words)


def _chart_read(group: Group, chart: str | None) -> str:
    return chart or (group.charts[0] if group.charts else "")


def _contradiction(group: Group, read_in: str, words: set[str]) -> tuple[str, str] | None:
    """Return the expected unit and the remedy if words of a heading contradict a chart."""
    if words & _DEGREES and not read_in.endswith("_deg"):
        remedy = "convert them to radians"
        if "angle_deg" in group.charts:
            remedy = 'say chart="angle_deg"'
        elif "angle" in group.charts and read_in != "angle":
            remedy = 'convert them to radians and say chart="angle"'
        return f"{'radians' if read_in in _ANGLES else 'no degrees'} for {read_in!r}", remedy
    if words & _RADIANS and read_in.endswith("_deg"):
        return f"degrees for {read_in!r}", 'say chart="angle"'
    if words & _ANGLE_NAMES and read_in == "index":
        remedy = 'say chart="angle" if they are radians' if "angle" in group.charts else ""
        return "numbers of elements for 'index'", remedy
    if words & _STEP_NAMES and read_in in ("angle", "angle_deg"):
        return f"angles for {read_in!r}", "multiply steps by their angle"
    if words & {"yaw", "pitch", "roll"} and read_in == "euler_yxy":
        return "angles about y, x and y", 'compose the rotations and write them as "quat_wxyz"'
    return None


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
    """Return the component that a column name denotes, ``""`` if none; ``qx`` and ``tx`` are x."""
    joined = "".join(parts[-2:])
    last = parts[-1] if parts else ""
    return next((word for word in (joined, last, last[1:]) if word in form), "")


def check_angles(
    owner: object, group: Group, numbers: Tensor, chart: str | None, *, has_chart: bool = True
) -> None:
    """Raise if numbers read as radians look like degrees.

    Radians are hardly ever whole numbers above a turn, nor beyond two turns. To read such radians,
    name the chart: ``chart="angle"`` of SO(2) takes any.

    Args:
        owner: Beginning of the error message.
        group: The group.
        numbers: The written numbers, shape ``(n, k)``.
        chart: The chart of the numbers; ``group.charts[0]`` by default.
        has_chart: Whether the caller can name one, for the remedy.

    Raises:
        ValueError: If whole numbers exceed a turn, or others two turns.

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
    """Return the chart and the farthest angle if angles look like degrees, else ``None``."""
    if isinstance(group, Packed):
        sizes = [math.prod(part.element_shape) for part in group.parts]
        parts = zip(group.parts, numbers.split(sizes, -1), strict=True)
        found = (_like_degrees(part, own, None) for part, own in parts)
        return next((one for one in found if one is not None), None)
    read_in = _chart_read(group, chart)
    angles = numbers[:, _ANGLES.get(read_in, slice(0))]
    if angles.numel() == 0:
        return None
    far = float(angles.flatten()[angles.abs().argmax()])
    are_whole = bool((angles == angles.round()).all())
    return (read_in, far) if abs(far) > (_TURN if are_whole else 2 * _TURN) else None
