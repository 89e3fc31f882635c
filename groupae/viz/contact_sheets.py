"""Contact sheets: what is in a data set, at a glance; every function returns a figure.

Titles say elements in the units people read: angles in degrees in [0, 360), rotations of space as
an angle and an axis, steps of a cyclic group as ``j/n``.
"""

from __future__ import annotations

import functools
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._files import write_durably
from groupae._validation import ShapeError, expected
from groupae.data import Views
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
from groupae.protocols import PairBatch, check_pairs
from groupae.viz.mosaics import GAP, mosaic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["element_title", "plot_pairs", "plot_views", "save_figures"]

_INCHES, _LINE = 0.8, 0.11  # of a picture on the sheet, and of a line of its title


# --- titles ------------------------------------------------------------------------------------
def element_title(group: Group, g: Tensor) -> str:
    """Return an element in short, readable form, on one or more lines.

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
    """Return the numbers in a row, two digits behind the point, no negative zeros."""
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


# --- sheets ------------------------------------------------------------------------------------
def plot_pairs(
    batch: PairBatch,
    group: Group,
    *,
    n: int = 12,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    outline: bool = False,
) -> Figure:
    """Return a figure of the first pairs of a batch: x1, an arrow, x2, the element above.

    Args:
        batch: Pairs of pictures ``(C, H, W)`` in [0, 1], C = 1, 3 or 4, or of anything that
            ``to_pictures`` turns into some.
        group: The group, which says how to read the elements.
        n: How many pairs, at most.
        to_pictures: How data are drawn: a function from ``(k, *x_shape)`` to ``(k, C, H, W)``.
        outline: Draw the edge of the mask on x2: what the group moves, where that is known.

    Raises:
        TypeError: If ``batch`` are no pairs.
        ValueError: If they know their group and it is another one.

    Example:
        >>> from groupae import RotatedDigits
        >>> test = RotatedDigits("test")
        >>> figure = plot_pairs(test.fixed(), test.group)
    """
    from matplotlib import pyplot as plt

    check_pairs("plot_pairs", batch, group)
    n = min(n, len(batch))
    columns = min(4, n)
    rows = math.ceil(n / columns)
    titles = [element_title(group, g) for g in batch.g[:n]]
    above = 0.18 + _LINE * max(title.count("\n") + 1 for title in titles)
    size = (columns * (2.5 * _INCHES + 0.3), rows * (_INCHES + above))
    figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
    pictures = _pictures(torch.stack([batch.x1[:n], batch.x2[:n]]), to_pictures)
    height, width = pictures.shape[-2:]
    gap = width // 3
    for axes in grid.flat[n:]:
        axes.set_axis_off()
    for i, axes in enumerate(grid.flat[:n]):
        _show(axes, mosaic(pictures[None, :, i], (0, gap)))
        axes.set_title(titles[i], fontsize=7, pad=3)
        axes.text(width + gap / 2, height / 2, "→", ha="center", va="center", fontsize=11)
        if outline and batch.mask is not None:
            x, y = width + gap + torch.arange(width), torch.arange(height)
            axes.contour(x, y, batch.mask[i, 0], [0.5], colors="red", linewidths=0.6)
    figure.tight_layout(pad=0.4, w_pad=2.5)
    return figure


def plot_views(
    views: Views,
    group: Group,
    *,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """Return a figure of views: a row an original, a column a view.

    An element stands above its column if it is the same for all originals, else above each picture.

    Args:
        views: Pictures ``(m, n, C, H, W)`` in [0, 1], C = 1, 3 or 4, or what ``to_pictures`` draws.
        group: The group, which says how to read the elements.
        to_pictures: How data are drawn: a function from ``(k, *x_shape)`` to ``(k, C, H, W)``.

    Example:
        >>> from groupae import RotatedDigits
        >>> test = RotatedDigits("test")
        >>> figure = plot_views(test.orbit(torch.arange(3), 12), test.group)
    """
    from matplotlib import pyplot as plt

    pictures = _pictures(views.x.transpose(0, 1), to_pictures)
    n, m, _, height, width = pictures.shape
    g = views.g.transpose(0, 1)
    shared = all(
        torch.equal(group.equal(row, g[0], 1e-4), torch.tensor(True).expand(m)) for row in g
    )
    titles = [[element_title(group, h) for h in row] for row in (g[:1] if shared else g)]
    lines = max(title.count("\n") + 1 for row in titles for title in row)
    above = _LINE * lines
    beside = max(GAP, width // 24)
    gap = beside if shared else beside + math.ceil(height * above / _INCHES)
    size = (m * _INCHES + 0.1, n * _INCHES * (height + gap) / height + above + 0.1)
    figure, axes = plt.subplots(figsize=size)
    _show(axes, mosaic(pictures, (gap, beside)))
    for i, row in enumerate(titles):
        for j, title in enumerate(row):
            x, y = j * (width + beside) + width / 2, i * (height + gap) - 1
            axes.text(x, y, title, ha="center", va="bottom", fontsize=7, linespacing=1.0)
    figure.tight_layout(pad=0.3)
    return figure


def _pictures(x: Tensor, to_pictures: Callable[[Tensor], Tensor] | None) -> Tensor:
    """Return data ``(r, c, *x_shape)`` as pictures ``(r, c, C, H, W)``."""
    return x if to_pictures is None else to_pictures(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def _show(axes: Axes, picture: Tensor) -> None:
    """Draw a picture without a frame."""
    axes.imshow(picture.numpy(), cmap="gray" if picture.ndim == 2 else None, vmin=0, vmax=1)
    axes.set_axis_off()


def save_figures(figures: Sequence[Figure], path: Path) -> None:
    """Write figures one below the other as one PNG, and free them; a link there is replaced."""
    from matplotlib import pyplot as plt
    from PIL import Image

    drawn = []
    for figure in figures:
        written = io.BytesIO()
        figure.savefig(written, dpi=110, format="png")
        plt.close(figure)
        drawn.append(Image.open(written).convert("RGB"))
    size = (max(part.width for part in drawn), sum(part.height for part in drawn))
    whole = Image.new("RGB", size, "white")
    below = 0
    for part in drawn:
        whole.paste(part, (0, below))
        below += part.height
    written = io.BytesIO()
    whole.save(written, format="PNG")
    write_durably(path, written.getvalue())
