"""Figures of swaps: the invariant part of one datum with the varying part of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.evaluation import evaluation_mode
from groupae.protocols import Swaps
from groupae.viz.figures import GAP, channels_of, contain, draw, mosaic, show
from groupae.viz.predictions import plot_predictions
from groupae.viz.style import Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_swap", "plot_swap_table"]

_INCHES, _MARGIN, _DIVIDE = 0.75, 0.3, 2 * GAP  # of a picture; of the axes' names; white pixels


@torch.no_grad()
def plot_swap(
    model: Swaps,
    x: Tensor,
    y: Tensor,
    truth: Tensor | Mapping[str, Tensor] | None = None,
    *,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
) -> Figure:
    """Return a figure of swaps: one column per pair, with x, y, the swap and the truth.

    Args:
        model: Anything with ``swap(x, y)``; a module is evaluated in evaluation mode.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``.
        y: Data that give their varying parts, same shape.
        truth: True results of the swaps, same shape; or several readings of them, by label.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ShapeError: If shapes differ.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> identity = torch.nn.Identity()
        >>> ae = LatentActionAE(identity, identity, VectorAction(SO2().rep("4x0 + 2x1")))
        >>> figure = plot_swap(ae, torch.rand(3, 1, 8, 8), torch.rand(3, 1, 8, 8))
    """
    if isinstance(truth, Tensor):
        truth = {"truth": truth}
    with evaluation_mode(model):
        rows = {"x: what stays": x, "y: what varies": y, "swap": model.swap(x, y)}
    rows = {**rows, **(truth or {})}
    return plot_predictions(rows, bold="swap", to_pictures=to_pictures, theme=theme)


@torch.no_grad()
def plot_swap_table(
    model: Swaps,
    x: Tensor,
    y: Tensor,
    *,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
) -> Figure:
    """Return a figure of all swaps between two sets of data: one row per x, one column per y.

    The invariant part is the same along a row, the varying part along a column.

    Args:
        model: Anything with ``swap(x, y)``; a module is evaluated in evaluation mode.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``; drawn on the left.
        y: Data that give their varying parts, shape ``(m, *x_shape)``; drawn on top.
        to_pictures: As for `plot_swap`.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ShapeError: If data differ in shape.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> identity = torch.nn.Identity()
        >>> ae = LatentActionAE(identity, identity, VectorAction(SO2().rep("4x0 + 2x1")))
        >>> figure = plot_swap_table(ae, torch.rand(3, 1, 8, 8), torch.rand(5, 1, 8, 8))
    """
    from matplotlib import pyplot as plt

    n, m = len(x), len(y)
    if not n or not m or x.shape[1:] != y.shape[1:]:
        got = f"{tuple(x.shape)} and {tuple(y.shape)}"
        what = "x of shape (n, *x_shape) and y of shape (m, *x_shape)"
        raise ShapeError(expected("plot_swap_table", what, got))
    with evaluation_mode(model):
        swapped = model.swap(x.repeat_interleave(m, 0), y.repeat(n, *(1,) * (y.ndim - 1)))
    drawn = draw(torch.cat([x, y, swapped])[None], to_pictures)[0]
    beside, above, swaps = drawn.split([n, m, n * m])
    scale = _INCHES / drawn.shape[-1]
    with figure_style(theme, "plot_swap_table") as style:
        parts = (beside[:, None], above[None], swaps.unflatten(0, (n, m)))
        left, top, inside = (mosaic(part, ground=style.ground) for part in parts)
        picture = _framed(left, top, inside, style.ground)
        height, width = picture.shape[:2]
        size = (width * scale + _MARGIN, height * scale + _MARGIN)
        figure = plt.figure(figsize=size)
        across, down = width * scale / size[0], height * scale / size[1]
        axes = figure.add_axes((1 - across, 0, across, down))
        show(axes, picture, "auto")
        axes.set_axis_off()
        middle = (drawn.shape[-1] + _DIVIDE + width) / 2
        axes.text(middle, -2 * GAP, "y: what varies", ha="center", va="bottom", fontsize=9)
        axes.text(
            *(-2 * GAP, (drawn.shape[-2] + _DIVIDE + height) / 2, "x: what stays"),
            rotation=90, ha="right", va="center", fontsize=9,
        )  # fmt: skip
        contain(figure)
    return figure


def _framed(left: Tensor, top: Tensor, inside: Tensor, ground: str) -> Tensor:
    """Return one picture with data on the left and on top, set apart from the table of swaps."""
    row, column = top.shape[0] + _DIVIDE, left.shape[1] + _DIVIDE
    colour = channels_of(ground, inside.shape[2] if inside.ndim == 3 else 1)
    whole = colour.repeat(row + inside.shape[0], column + inside.shape[1], 1)
    whole = whole.squeeze(-1) if inside.ndim == 2 else whole
    whole[: top.shape[0], column:] = top
    whole[row:, : left.shape[1]] = left
    whole[row:, column:] = inside
    return whole
