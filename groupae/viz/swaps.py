"""Figures of swaps: the invariant part of one datum with the varying part of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.evaluation import evaluation_mode
from groupae.protocols import Swaps
from groupae.viz.figures import GAP, draw, mosaic, show
from groupae.viz.predictions import plot_predictions

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
) -> Figure:
    """Return a figure of swaps: one column per pair, with x, y, the swap and the truth.

    Args:
        model: Anything with ``swap(x, y)``; a module is evaluated in evaluation mode.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``.
        y: Data that give their varying parts, same shape.
        truth: True results of the swaps, same shape; or several readings of them, by label.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.

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
    return plot_predictions({**rows, **(truth or {})}, bold="swap", to_pictures=to_pictures)


@torch.no_grad()
def plot_swap_table(
    model: Swaps,
    x: Tensor,
    y: Tensor,
    *,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
) -> Figure:
    """Return a figure of all swaps between two sets of data: one row per x, one column per y.

    The invariant part is the same along a row, the varying part along a column.

    Args:
        model: Anything with ``swap(x, y)``; a module is evaluated in evaluation mode.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``; drawn on the left.
        y: Data that give their varying parts, shape ``(m, *x_shape)``; drawn on top.
        to_pictures: As for `plot_swap`.

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
    picture = _framed(
        mosaic(beside[:, None]), mosaic(above[None]), mosaic(swaps.unflatten(0, (n, m)))
    )
    height, width = picture.shape[:2]
    scale = _INCHES / drawn.shape[-1]
    size = (width * scale + _MARGIN, height * scale + _MARGIN)
    figure = plt.figure(figsize=size)
    across, down = width * scale / size[0], height * scale / size[1]
    axes = figure.add_axes((1 - across, 0, across, down))
    show(axes, picture, "auto")
    axes.set_axis_off()
    inner = drawn.shape[-1] + _DIVIDE
    axes.text((inner + width) / 2, -2 * GAP, "y: what varies", ha="center", va="bottom", fontsize=8)
    axes.text(
        *(-2 * GAP, (drawn.shape[-2] + _DIVIDE + height) / 2, "x: what stays"),
        rotation=90, ha="right", va="center", fontsize=8,
    )  # fmt: skip
    return figure


def _framed(left: Tensor, top: Tensor, inside: Tensor) -> Tensor:
    """Return one picture with data on the left and on top, set apart from the table of swaps."""
    row, column = top.shape[0] + _DIVIDE, left.shape[1] + _DIVIDE
    shape = (row + inside.shape[0], column + inside.shape[1], *inside.shape[2:])
    whole = torch.ones(shape)
    whole[: top.shape[0], column:] = top
    whole[row:, : left.shape[1]] = left
    whole[row:, column:] = inside
    return whole
