"""Orbits of predictions beside the truth, at rest and moving."""

from __future__ import annotations

from collections.abc import Callable
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
from groupae.viz.figures import GAP, contain, draw, mosaic, show
from groupae.viz.frames import draw_frames
from groupae.viz.moving import check_ending, write_moving
from groupae.viz.style import Theme, figure_style, fitting_size, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_orbit", "save_orbit"]

_INCHES = 0.75  # of a picture
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
        title: A function from an element to the title of its column, for elements shared by all
            data; by default `element_title`.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
        theme: ``"light"`` or ``"dark"``.
    """
    from matplotlib import pyplot as plt

    with evaluation_mode(model):
        prediction = model.orbit(x, gs).cpu()
    n, m = prediction.shape[:2]
    _check_truth("plot_orbit", truth, prediction)
    layers = [prediction] if truth is None else [prediction, truth.cpu()]
    rows = torch.stack(layers, 1).flatten(0, 1)
    column = x.cpu().repeat_interleave(len(layers), 0)[:, None]
    drawn = draw(torch.cat([column, rows], 1), to_pictures)
    height, width = drawn.shape[-2:]
    step_x, step_y = width + GAP, height + GAP
    is_own = gs.ndim - len(model.group.element_shape) == 2
    labels = [
        "x",
        *_titles(model.group, gs.cpu() if is_own else gs.cpu().expand(n, *gs.shape), title),
    ]
    scale = _INCHES / width
    letters = fitting_size(labels, _INCHES, max(9.0, 1.05 * (m + 2)))
    # of the pictures alone: labels come around them
    size = (((m + 1) * step_x - GAP) * scale, (len(rows) * step_y - GAP) * scale)
    with figure_style(theme, "plot_orbit") as style:
        figure = plt.figure(figsize=size)
        axes = figure.add_axes((0, 0, 1, 1))
        show(axes, mosaic(drawn, ground=style.ground), "auto")
        axes.set_xticks([i * step_x + width / 2 for i in range(m + 1)], labels, fontsize=letters)
        ticks = [] if truth is None else [i * step_y + height / 2 for i in range(len(rows))]
        names = ["model", "truth"] * (len(ticks) // 2)
        axes.set_yticks(ticks, names, fontsize=fitting_size(names, _INCHES, letters))
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        contain(figure)
    return figure


def _titles(group: Group, gs: Tensor, title: Callable[[Tensor], str] | None) -> list[str]:
    """Return one title per column of elements ``(n, m, ...)``, all empty if rows differ."""
    if not torch.allclose(gs, gs[:1].expand_as(gs)):
        return [""] * gs.shape[1]
    return [title(g) if title else element_title(group, g) for g in gs[0]]


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
    scale = scale or max(1, -(-_LEAST_PIXELS // pictures.shape[-1]))
    colours = colours or (32 if pictures.shape[-3] == 1 else 128)
    frames = list(draw_frames(pictures, list(rows), titles, theme, scale))
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
