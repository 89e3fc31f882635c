"""Pictures of point clouds, molecules, series and outlines, as RGB ``(n, 3, H, W)`` in [0, 1].

The view is from the front left and slightly above (z up), in parallel projection. All data of a
call share one scale, so that they can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, check_count, check_floating, expected, unknown_choice
from groupae.experiments.datasets.molecules import ELEMENTS
from groupae.experiments.datasets.rendering import Camera, composite, render_points

__all__ = ["draw_molecules", "draw_outlines", "draw_points", "draw_series", "to_pictures"]

_SIZE = 96
_AZIMUTH, _ELEVATION = math.radians(35), math.radians(25)
_STEEL = (0.29, 0.47, 0.72)
_ELEMENT_COLORS = {  # after Corey, Pauling and Koltun
    "H": (0.86, 0.86, 0.86),
    "C": (0.28, 0.28, 0.30),
    "N": (0.20, 0.35, 0.90),
    "O": (0.88, 0.15, 0.12),
    "F": (0.35, 0.75, 0.30),
}
_ELEMENT_RADII = {"H": 0.45, "C": 0.72, "N": 0.68, "O": 0.65, "F": 0.60}  # angstrom
_LINES = ((0.12, 0.35, 0.70), (0.85, 0.40, 0.05), (0.15, 0.55, 0.25), (0.60, 0.20, 0.55))
_AXIS = (0.75, 0.75, 0.75)


def draw_points(x: Tensor, size: int = _SIZE) -> Tensor:
    """Return pictures of point clouds in the unit ball, with shaded balls for points.

    Args:
        x: Clouds, shape ``(n, N, 3)``.
        size: Width and height in pixels.

    Raises:
        ShapeError: If ``x`` has another shape.
        TypeError: If it is not floating.

    Example:
        >>> draw_points(torch.randn(2, 50, 3) / 4, size=32).shape
        torch.Size([2, 3, 32, 32])
    """
    _check("draw_points", x, "clouds (n, N, 3)", x.ndim == 3 and x.shape[-1] == 3)
    return _balls(x, torch.tensor(_STEEL), 0.035, reach=1.08, size=size)


def draw_molecules(x: Tensor, size: int = _SIZE) -> Tensor:
    """Return pictures of molecules, with balls in the colours of the elements for atoms.

    Hydrogen is light, carbon dark grey, nitrogen blue, oxygen red, fluorine green. A row shows
    the element of its largest column, or nothing if its columns add up to less than 0.5.

    Args:
        x: Molecules, shape ``(n, atoms, 8)``, laid out as in
            `groupae.experiments.datasets.molecules`.
        size: Width and height in pixels.

    Raises:
        ShapeError: If ``x`` has another shape.
        TypeError: If it is not floating.

    Example:
        >>> water = torch.zeros(1, 3, 8)
        >>> water[0, :, 0], water[0, :, 3], water[0, 1, 3:] = torch.tensor([-0.8, 0, 0.8]), 1, 0
        >>> water[0, 1, 6] = 1
        >>> draw_molecules(water, size=32).shape
        torch.Size([1, 3, 32, 32])
    """
    width = 3 + len(ELEMENTS)
    fits = x.ndim == 3 and x.shape[-1] == width
    _check("draw_molecules", x, f"molecules (n, atoms, {width})", fits)
    positions, types = x[..., :3], x[..., 3:]
    element = types.argmax(-1)
    present = types.sum(-1) >= 0.5
    colors = torch.tensor([_ELEMENT_COLORS[name] for name in ELEMENTS])[element]
    radii = torch.tensor([_ELEMENT_RADII[name] for name in ELEMENTS])[element] * present
    far = float((positions.norm(dim=-1) * present).max()) if x.numel() else 0.0
    return _balls(positions, colors, radii, reach=far + 0.8, size=size)


def _balls(x: Tensor, colors: Tensor, radius: Tensor | float, *, reach: float, size: int) -> Tensor:
    distance = 4 * reach
    camera = Camera.orbiting(_AZIMUTH, _ELEVATION, distance, reach=reach, perspective=False)
    inside = x.float().clamp(
        -2 * reach, 2 * reach
    )  # outliers of a prediction stay before the camera
    return composite(render_points(inside, colors, radius, camera, size), torch.ones(3, 1, 1))


def draw_series(x: Tensor, size: int = _SIZE) -> Tensor:
    """Return line plots of series, one colour per channel, with zero in the middle.

    Args:
        x: Series, shape ``(n, channels, T)``.
        size: Width and height in pixels.

    Raises:
        ShapeError: If ``x`` has another shape.
        TypeError: If it is not floating.

    Example:
        >>> draw_series(torch.linspace(0, 6, 128).sin().expand(2, 1, 128), size=32).shape
        torch.Size([2, 3, 32, 32])
    """
    _check("draw_series", x, "series (n, channels, T >= 2)", x.ndim == 3 and x.shape[-1] > 1)
    check_count("draw_series", "size", size)
    top = x.abs().max().clamp(min=1e-12) * 1.05
    edges = F.interpolate(x.float(), size + 1, mode="linear", align_corners=True)
    rows = (1 - edges / top) * (size / 2)
    picture = torch.ones(len(x), 3, size, size)
    zero = torch.full((len(x), size + 1), size / 2)
    picture = _inked(picture, zero, _AXIS, width=0.6)
    for channel in range(x.shape[1]):
        picture = _inked(picture, rows[:, channel], _LINES[channel % len(_LINES)], width=1.3)
    return picture


def draw_outlines(x: Tensor, size: int = _SIZE) -> Tensor:
    """Return closed outlines as lines with y upward, coloured from their first point to their last.

    The colour goes once round the hue circle from red, so that the point of beginning and the
    direction are seen.

    Args:
        x: Outlines, shape ``(n, 2, T)``, with the origin in the middle of the picture.
        size: Width and height in pixels.

    Raises:
        ShapeError: If ``x`` has another shape.
        TypeError: If it is not floating.

    Example:
        >>> t = torch.linspace(0, 6, 128)
        >>> draw_outlines(torch.stack([t.cos(), t.sin()])[None], size=32).shape
        torch.Size([1, 3, 32, 32])
    """
    _check("draw_outlines", x, "outlines (n, 2, T >= 3)", x.ndim == 3 and x.shape[1] == 2)
    check_count("draw_outlines", "size", size)
    reach = x.abs().amax().clamp(min=1e-12) * 1.08 if x.numel() else 1.0
    flipped = torch.tensor([1.0, -1.0]).view(2, 1)  # rows of a picture go down
    points = ((x.float() * flipped / reach + 1) * (size / 2)).mT
    hues = _hues(x.shape[-1])
    return torch.stack([_stroked(outline, hues, size) for outline in points])


def _hues(count: int) -> Tensor:
    """Return the colours once round the hue circle, not too light, shape ``(count, 3)``."""
    turn = torch.arange(count)[:, None] / count - torch.arange(3) / 3
    return 0.45 + 0.42 * (2 * math.pi * turn).cos()


def _stroked(points: Tensor, colors: Tensor, size: int, width: float = 1.6) -> Tensor:
    """Return one picture of a closed line through points ``(T, 2)`` in pixels."""
    middle = torch.arange(size) + 0.5
    pixels = torch.stack(torch.meshgrid(middle, middle, indexing="xy"), -1)[:, :, None]
    side = points.roll(-1, 0) - points
    squares = side.square().sum(-1).clamp(min=1e-12)
    share = (((pixels - points) * side).sum(-1) / squares).clamp(0, 1)
    away, nearest = (pixels - points - share[..., None] * side).norm(dim=-1).min(-1)
    ink = (0.5 + width / 2 - away).clamp(0, 1)[..., None]
    picture: Tensor = (1 - ink + ink * colors[nearest]).movedim(-1, 0)
    return picture


def _inked(
    picture: Tensor, rows: Tensor, color: tuple[float, float, float], *, width: float
) -> Tensor:
    """Return pictures with a line through the given rows at the edges of the columns."""
    size = picture.shape[-1]
    left, right = rows[:, None, :-1], rows[:, None, 1:]
    low, high = torch.minimum(left, right), torch.maximum(left, right)
    row = torch.arange(size)[:, None] + 0.5
    away = torch.maximum(low - row, row - high).clamp(min=0)
    ink = (0.5 + width / 2 - away).clamp(0, 1).unsqueeze(1)
    return picture * (1 - ink) + torch.tensor(color).view(3, 1, 1) * ink


def _check(owner: str, x: Tensor, form: str, fits: bool) -> None:
    check_floating(owner, "x", x)
    if not fits:
        raise ShapeError(expected(owner, form, tuple(x.shape)))


def _unchanged(x: Tensor) -> Tensor:
    return x


_KINDS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "pictures": _unchanged,
    "points": draw_points,
    "molecules": draw_molecules,
    "series": draw_series,
    "outlines": draw_outlines,
}


def to_pictures(kind: str) -> Callable[[Tensor], Tensor]:
    """Return the function that draws data of a kind, ``(n, *x_shape)`` to ``(n, C, H, W)``.

    Args:
        kind: ``"pictures"`` (returned unchanged), ``"points"``, ``"molecules"``, ``"series"``
            or ``"outlines"``.

    Raises:
        ValueError: If there is no such kind.

    Example:
        >>> to_pictures("series")(torch.randn(2, 2, 128)).shape
        torch.Size([2, 3, 96, 96])
    """
    if kind not in _KINDS:
        raise ValueError(unknown_choice("to_pictures", "kind", kind, _KINDS))
    return _KINDS[kind]
