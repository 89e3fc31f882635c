"""Orbits of predictions beside the truth, at rest and moving."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected
from groupae.data.orbit_path import orbit_path
from groupae.groups import Group
from groupae.metrics.evaluation import evaluation_mode
from groupae.protocols import Orbits
from groupae.viz.element_titles import element_title
from groupae.viz.figures import GAP, channels_of, contain, draw, mosaic, show
from groupae.viz.frames import draw_frames
from groupae.viz.moving import check_ending, write_moving
from groupae.viz.style import Style, Theme, figure_style, fitting_size, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_orbit", "save_orbit"]

_INCHES = 0.75  # of a picture
_LINE = 1.25 / 72  # inches of a line of text, per point
_FRAMES = 36  # of a path by default: ten degrees each in a full turn
_LEAST_PIXELS = 84  # width of a picture in a frame by default


@torch.no_grad()
def plot_orbit(
    model: Orbits,
    x: Tensor,
    gs: Tensor,
    truth: Tensor | None = None,
    *,
    title: Callable[[Tensor], str] | None = None,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
) -> Figure:
    """Return a figure of orbits: one row per datum, one column per element, above the truth.

    Args:
        model: Anything with ``orbit(x, gs)`` and ``group``; a module is evaluated in evaluation
            mode.
        x: Data, shape ``(n, *x_shape)``; drawn in the first column.
        gs: Elements, shape ``(m, *element_shape)``, or ``(n, m, *element_shape)`` if each datum has
            its own.
        truth: True data under each element, shape ``(n, m, *x_shape)``; drawn below each
            prediction.
        title: A function from an element to the title of its column, or of its picture if each
            datum has elements of its own; by default `element_title`.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
        theme: ``"light"`` or ``"dark"``.
    """
    with evaluation_mode(model):
        prediction = model.orbit(x, gs).cpu()
    n = len(prediction)
    _check_truth("plot_orbit", truth, prediction)
    layers = [prediction] if truth is None else [prediction, truth.cpu()]
    rows = torch.stack(layers, 1).flatten(0, 1)
    column = x.cpu().repeat_interleave(len(layers), 0)[:, None]
    drawn = draw(torch.cat([column, rows], 1), to_pictures)
    is_own = gs.ndim - len(model.group.element_shape) == 2
    titles = _titles(model.group, gs.cpu() if is_own else gs.cpu().expand(n, *gs.shape), title)
    names = ["model", "truth"] if len(layers) > 1 else [""]
    with figure_style(theme, "plot_orbit") as style:
        return _strip(drawn.unflatten(0, (n, len(layers))), titles, names, style)


def _strip(
    drawn: Tensor, titles: Sequence[Sequence[str]], names: Sequence[str], style: Style
) -> Figure:
    """Return a figure of pictures ``(n, layers, 1 + m, C, H, W)``, the first column the data.

    Titles of columns come on top if there is one row of them, else above the pictures of each
    datum.
    """
    from matplotlib import pyplot as plt

    n, layers, columns, _, height, width = drawn.shape
    step_x, step_y, scale = width + GAP, height + GAP, _INCHES / width
    letters = fitting_size(["x", *chain(*titles)], _INCHES, max(9.0, 1.05 * (columns + 1)))
    lines = max(title.count("\n") + 1 for title in chain(*titles))
    between = GAP if len(titles) == 1 else GAP + math.ceil(_LINE * lines * letters / scale)
    block = layers * step_y - GAP + between
    picture = _stacked([mosaic(rows, ground=style.ground) for rows in drawn], between, style.ground)
    # the size is that of the pictures alone: labels come around them
    figure = plt.figure(figsize=(picture.shape[1] * scale, picture.shape[0] * scale))
    axes = figure.add_axes((0, 0, 1, 1))
    show(axes, picture, "auto")
    middles = [i * step_x + width / 2 for i in range(columns)]
    on_top = titles[0] if len(titles) == 1 else [""] * (columns - 1)
    axes.set_xticks(middles, ["x", *on_top], fontsize=letters)
    for i, row in enumerate(titles if len(titles) > 1 else []):
        for x, title in zip(middles[1:], row, strict=True):
            axes.text(x, i * block - 1, title, ha="center", va="bottom", fontsize=letters)
    ticks = [i * block + j * step_y + height / 2 for i in range(n) for j in range(layers)]
    axes.set_yticks(ticks, list(names) * n, fontsize=fitting_size(names, _INCHES, letters))
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return contain(figure)


def _stacked(blocks: Sequence[Tensor], between: int, ground: str) -> Tensor:
    """Return pictures ``(H, W)`` or ``(H, W, C)`` one below the other, with ground between them."""
    first = blocks[0]
    colour = channels_of(ground, first.shape[2] if first.ndim == 3 else 1)
    strip = colour.expand(between, first.shape[1], -1)
    strip = strip.squeeze(-1) if first.ndim == 2 else strip
    return torch.cat([first, *(part for block in blocks[1:] for part in (strip, block))])


def _titles(group: Group, gs: Tensor, title: Callable[[Tensor], str] | None) -> list[list[str]]:
    """Return a title per column of elements ``(n, m, ...)``; a row per datum if they differ."""
    is_shared = bool(group.equal(gs, gs[:1].expand_as(gs), 1e-4).all())
    return [
        [title(g) if title else element_title(group, g) for g in row]
        for row in (gs[:1] if is_shared else gs)
    ]


# --- moving --------------------------------------------------------------------------------------
@torch.no_grad()
def save_orbit(
    model: Orbits,
    x: Tensor,
    path: str | Path,
    gs: Tensor | None = None,
    truth: Tensor | None = None,
    *,
    title: Callable[[Tensor], str] | None = None,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
    seconds: float = 4.0,
    scale: int | None = None,
    colours: int | None = None,
) -> None:
    """Write a moving picture: data at rest, below them their predictions along a path of elements.

    It repeats for ever as GIF and WebP, so a path that is closed has no seam.

    Args:
        model: Anything with ``orbit(x, gs)`` and ``group``; a module is evaluated in evaluation
            mode.
        x: Data, shape ``(n, *x_shape)``, one per column.
        path: The file, which ends in ``.gif``, ``.webp`` or ``.mp4``. MP4 needs ffmpeg.
        gs: Elements, one per frame, shape ``(m, *element_shape)``, or ``(n, m, *element_shape)`` if
            each datum has its own; by default 36 of `groupae.data.orbit_path`.
        truth: True data under each element, shape ``(n, m, *x_shape)``; the lowest row.
        title: A function from an element to the title of its frame, for elements shared by all
            data; by default `element_title`.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
        theme: ``"light"`` or ``"dark"``.
        seconds: Length of a cycle.
        scale: Pixels per pixel of a picture; by default enough for 84 pixels or more.
        colours: Colours of a GIF, from 2 to 255; by default 32 for grey pictures, else 128.

    Raises:
        ValueError: If the ending is none of these, or a number is out of range.
        ShapeError: If ``truth`` has another shape.
        FileNotFoundError: If there is no ffmpeg for MP4.

    Example:
        >>> import tempfile
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> identity = torch.nn.Identity()
        >>> model = LatentActionAE(identity, identity, VectorAction(SO2().rep("4x0 + 2x1")))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_orbit(model, torch.rand(3, 1, 8, 8), Path(folder) / "orbit.gif")
    """
    path = Path(path)
    check_ending("save_orbit", path)
    _check_numbers(seconds, scale, colours)
    style_of(theme, "save_orbit")
    gs = orbit_path(model.group, _FRAMES) if gs is None else gs
    with evaluation_mode(model):
        prediction = model.orbit(x, gs).cpu()
    n = len(prediction)
    _check_truth("save_orbit", truth, prediction)
    rows = {"input": x.cpu()[:, None].expand_as(prediction), "model": prediction}
    if truth is not None:
        rows["truth"] = truth.cpu()
    drawn = draw(torch.stack(list(rows.values())).flatten(0, 1), to_pictures)
    pictures = drawn.unflatten(0, (len(rows), n)).permute(2, 0, 1, 3, 4, 5)
    is_own = gs.ndim - len(model.group.element_shape) == 2
    titles = _titles(model.group, gs.cpu() if is_own else gs.cpu().expand(n, *gs.shape), title)
    if len(titles) > 1:  # no title is that of all data
        titles = [[""] * len(row) for row in titles[:1]]
    scale = scale or max(1, -(-_LEAST_PIXELS // pictures.shape[-1]))
    colours = colours or (32 if pictures.shape[-3] == 1 else 128)
    frames = list(draw_frames(pictures, list(rows), titles[0], theme, scale))
    write_moving("save_orbit", frames, path, seconds, colours)


def _check_numbers(seconds: float, scale: int | None, colours: int | None) -> None:
    if not 0 < seconds < float("inf"):
        raise ValueError(expected("save_orbit", "seconds above 0", repr(seconds)))
    if scale is not None:
        check_count("save_orbit", "scale", scale)
    if colours is not None and not (type(colours) is int and 2 <= colours <= 255):
        raise ValueError(expected("save_orbit", "colours from 2 to 255", colours))


def _check_truth(owner: str, truth: Tensor | None, prediction: Tensor) -> None:
    if truth is not None and truth.shape != prediction.shape:
        what = f"truth of shape {tuple(prediction.shape)}"
        raise ShapeError(expected(owner, what, tuple(truth.shape)))
