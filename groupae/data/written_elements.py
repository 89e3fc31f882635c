"""Elements written as numbers, in a table or a file of somebody else's.

Conventions: numbers of a matrix stand row by row. ``chart`` says how an element is written, by one
of the names in ``group.charts``; the first of them is the library's own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import expected, unknown_choice
from groupae.groups import Group, MatrixLieGroup, Packed

__all__ = ["are_elements", "parse_elements"]

_TOLERANCE = 1e-3  # written numbers are rounded


def parse_elements(
    group: Group, numbers: Tensor, chart: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return elements from the numbers they are written with, and which of them are elements.

    Args:
        group: The group.
        numbers: float64, shape ``(n, k)``.
        chart: How they are written; ``group.charts[0]`` by default.

    Returns:
        Elements, shape ``(n, *element_shape)``, integers or float32, brought back to the group from
        rounding; and bool, shape ``(n,)``: what is false there is no element.

    Raises:
        ValueError: If the chart is unknown or an element is written with more or less than k.

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
    """Return how many real numbers an element is written with; 0 if it is not with such."""
    unit = group.convert(group.identity(dtype=torch.float64), group.charts[0], chart)
    return 0 if unit.is_complex() else unit.numel()


def _else_identity(group: Group, is_one: Tensor, g: Tensor) -> Tensor:
    mask = is_one.reshape(-1, *(1,) * (g.ndim - 1))
    return torch.where(mask, g, group.identity(dtype=g.dtype))


def _from_chart(
    group: Group, written: Tensor, chart: str | None, native: str | None
) -> tuple[Tensor, Tensor]:
    """Return elements in the native chart, and for which there is one."""
    good = torch.ones(len(written), dtype=torch.bool)
    if chart in (None, native):
        return written, good
    there, back = chart or "", native or ""
    try:
        return group.convert(written, there, back), good
    except ValueError:  # one of them cannot be converted: find out which
        g = group.identity(len(written), dtype=torch.float64).clone()
        for i, one in enumerate(written):
            try:
                g[i] = group.convert(one, there, back)
            except ValueError:
                good[i] = False
        return g, good


def are_elements(group: Group, g: Tensor) -> Tensor:
    """Return which of ``g`` are elements up to the rounding of a table, shape ``(n,)``.

    An angle is one in any turn, an index only in its range.

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
    # The inverses tell a factor of 0 from the smallest positive one.
    near = _agree(group, g, nearest)
    return near & _agree(group, group.inverse(g), group.inverse(nearest))


def _agree(group: Group, g: Tensor, nearest: Tensor) -> Tensor:
    """Return where coordinates agree, modulo their period where they have one."""
    off = g - nearest
    period = group.representatives(nearest) - nearest
    turns = torch.where(period == 0, 0.0, (off / period).round())
    error = (off - turns * period).abs() / g.abs().clamp(min=1)
    return (error.reshape(len(g), -1) <= _TOLERANCE).all(1)
