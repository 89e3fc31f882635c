"""Control of a group: sliders, a trackball or steps."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.demo.controls import Control, Slider, Sliders, Steps, Trackball
from groupae.groups import (
    O2,
    O3,
    SE2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Group,
    LieGroup,
    Scaling,
    Translation,
)
from groupae.viz import element_title

__all__ = ["control_of"]

_MOST_STEPS = 240  # of a finite group: all of S(5); further ones would be no use on a page
_SHARE = 0.05  # of known elements left out at either end of a slider, where few data are
_ANGLE = Slider("angle", -180, 180, step=1, unit="deg", periodic=True)


def control_of(
    group: Group, *, elements: Tensor | None = None, frame: Tensor | None = None
) -> Control:
    """Return the control of a group on a page.

    SO(2) has a slider in degrees, O(2) a second one that mirrors; Scaling, Affine, Translation and
    SE(2) have one slider per coordinate; SO(3) and O(3) have a trackball. Finite groups of at most
    240 elements have one step per element, those of C(n) called by degrees. All others have steps
    along their one-parameter subgroups, or through the identity and 23 drawn elements if they have
    none.

    Args:
        group: The group.
        elements: Elements that move the data, shape ``(n, *element_shape)``: sliders reach from
            their 5th to their 95th percentile. Unless given, a scale goes from 1/2 to 2 and a
            translation from -1 to 1.
        frame: Frame of a `Trackball`.

    Raises:
        TypeError: If ``group`` is no group.
        ShapeError: If there are no elements, or of another shape.
        ValueError: If an element is not finite.

    Example:
        >>> from groupae import SO2, Cyclic
        >>> control_of(SO2()).start, control_of(Cyclic(24)).titles[3]
        ((0.0,), '45°')
    """
    if not isinstance(group, Group):
        raise TypeError(expected("control_of", "a group, such as SO2()", repr(group)))
    if elements is not None:
        _check_elements(group, elements)
    return _control(group, elements, frame)


def _check_elements(group: Group, elements: Tensor) -> None:
    shape = tuple(elements.shape) if isinstance(elements, Tensor) else type(elements).__name__
    if not isinstance(elements, Tensor) or elements.shape[1:] != group.element_shape or 0 in shape:
        form = ", ".join(map(str, ("n", *group.element_shape)))
        what = f"elements of {group}, shape ({form}), n of 1 or more"
        raise ShapeError(expected("control_of", what, shape))
    if not bool(elements.isfinite().all()):
        raise ValueError(expected("control_of", "finite elements", "NaN or infinity among them"))


@functools.singledispatch
def _control(group: Group, elements: Tensor | None, frame: Tensor | None) -> Control:
    del elements, frame
    if group.order is not None and group.order <= _MOST_STEPS:
        return _steps(group, group.elements())
    return _steps(group, _paths(group) if isinstance(group, LieGroup) else _draws(group))


@_control.register
def _(group: Cyclic, elements: Tensor | None, frame: Tensor | None) -> Control:
    del elements, frame
    shown = group.elements() if group.n <= _MOST_STEPS else _every(group)
    titles = [f"{round(360 * int(g) / group.n, 1):g}°" for g in shown]  # as turns of the plane
    return Steps(shown, titles, periodic=True)


@_control.register
def _(group: SO2, elements: Tensor | None, frame: Tensor | None) -> Control:
    del group, elements, frame
    return Sliders([_ANGLE], lambda p: torch.deg2rad(p[:, 0]))


@_control.register
def _(group: O2, elements: Tensor | None, frame: Tensor | None) -> Control:
    del elements, frame

    def element(p: Tensor) -> Tensor:
        sign = torch.where(p[:, 1] > 0.5, -1.0, 1.0)
        chart = torch.stack([torch.deg2rad(p[:, 0]), sign], -1)
        return group.convert(chart, "angle_sign", "matrix")

    return Sliders([_ANGLE, Slider("mirror", 0, 1, step=1)], element)


@_control.register
def _(group: SO3, elements: Tensor | None, frame: Tensor | None) -> Control:
    del group, elements
    return Trackball(frame)


@_control.register
def _(group: O3, elements: Tensor | None, frame: Tensor | None) -> Control:
    del group, elements
    return Trackball(frame, mirrored=True)


@_control.register
def _(group: Scaling, elements: Tensor | None, frame: Tensor | None) -> Control:
    del group, frame
    return Sliders([_scale("scale", elements)], lambda p: p[:, 0])


@_control.register
def _(group: Affine, elements: Tensor | None, frame: Tensor | None) -> Control:
    del group, frame
    parts = (None, None) if elements is None else elements.unbind(-1)
    return Sliders([_scale("scale", parts[0]), _shift("shift", parts[1])], lambda p: p)


@_control.register
def _(group: Translation, elements: Tensor | None, frame: Tensor | None) -> Control:
    del frame
    return Sliders(_shifts(math.prod(group.element_shape), elements), lambda p: p)


@_control.register
def _(group: SE2, elements: Tensor | None, frame: Tensor | None) -> Control:
    del frame

    def element(p: Tensor) -> Tensor:
        chart = torch.cat([p[:, :2], torch.deg2rad(p[:, 2:])], -1)
        return group.convert(chart, "xy_angle", "matrix")

    places = None if elements is None else elements[..., :2, 2]
    return Sliders([*_shifts(2, places), _ANGLE], element)


# --- ranges --------------------------------------------------------------------------------------
def _ends(values: Tensor) -> tuple[float, float]:
    low, high = torch.quantile(
        values.double().flatten(), torch.tensor([_SHARE, 1 - _SHARE]).double()
    )
    return float(low), float(high)


def _scale(name: str, values: Tensor | None) -> Slider:
    low, high = (0.5, 2.0) if values is None else _ends(values)
    low, high = _rounded(min(low, 0.99)), _rounded(max(high, 1.01))
    return Slider(name, low, high, start=1.0, scale="log")


def _shift(name: str, values: Tensor | None) -> Slider:
    low, high = (-1.0, 1.0) if values is None else _ends(values)
    return Slider(name, _rounded(min(low, -0.01)), _rounded(max(high, 0.01)))


def _shifts(count: int, values: Tensor | None) -> list[Slider]:
    names = "xyz" if count <= 3 else [f"x{i}" for i in range(count)]
    columns = [None] * count if values is None else values.reshape(-1, count).unbind(-1)
    return [_shift(name, column) for name, column in zip(names, columns, strict=False)]


def _rounded(value: float) -> float:
    return round(value, 2) if abs(value) >= 0.1 else float(f"{value:.2g}")  # never to zero


# --- lists of elements ---------------------------------------------------------------------------
def _steps(group: Group, elements: Tensor) -> Steps:
    if elements.is_floating_point():
        elements = elements.float()
    titles = [" ".join(element_title(group, g).splitlines()) for g in elements]
    return Steps(elements, titles)


def _every(group: Cyclic) -> Tensor:
    return group.elements()[torch.arange(_MOST_STEPS) * group.n // _MOST_STEPS]


def _paths(group: LieGroup, count: int = 8) -> Tensor:
    """Return the identity, then elements along each one-parameter subgroup."""
    basis = torch.eye(group.lie_dim)
    turns = torch.arange(1, count) * (2 * math.pi / count)
    turns = torch.where(turns > math.pi, turns - 2 * math.pi, turns)
    return torch.cat([group.identity(1), *(group.exp(turns[:, None] * v) for v in basis)])


def _draws(group: Group) -> Tensor:
    drawn = group.sample(23, generator=torch.Generator().manual_seed(0))
    return torch.cat([group.identity(1), drawn])
