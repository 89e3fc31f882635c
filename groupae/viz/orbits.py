"""Orbits of predictions beside the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.evaluation import evaluation_mode
from groupae.protocols import Orbits
from groupae.viz.figures import GAP, draw, mosaic, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_orbit"]


@torch.no_grad()
def plot_orbit(
    model: Orbits,
    x: Tensor,
    gs: Tensor,
    truth: Tensor | None = None,
    *,
    title: Callable[[Tensor], str] | None = None,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
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
            data.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
    """
    from matplotlib import pyplot as plt

    with evaluation_mode(model):
        prediction = model.orbit(x, gs).cpu()
    n, m = prediction.shape[:2]
    if truth is not None and truth.shape != prediction.shape:
        got = tuple(truth.shape)
        raise ShapeError(expected("plot_orbit", f"truth of shape {tuple(prediction.shape)}", got))
    layers = [prediction] if truth is None else [prediction, truth.cpu()]
    rows = torch.stack(layers, 1).flatten(0, 1)
    column = x.cpu().repeat_interleave(len(layers), 0)[:, None]
    drawn = draw(torch.cat([column, rows], 1), to_pictures)
    height, width = drawn.shape[-2:]
    figure, axes = plt.subplots(figsize=(0.75 * (m + 1) + 0.9, 0.75 * len(rows) + 0.4))
    show(axes, mosaic(drawn))
    step_x, step_y = width + GAP, height + GAP
    is_own = gs.ndim - len(model.group.element_shape) == 2
    labels = ["x", *_titles(gs.cpu() if is_own else gs.cpu().expand(n, *gs.shape), title)]
    axes.set_xticks([i * step_x + width / 2 for i in range(m + 1)], labels, fontsize=8)
    ticks = [] if truth is None else [i * step_y + height / 2 for i in range(len(rows))]
    axes.set_yticks(ticks, ["model", "truth"] * (len(ticks) // 2), fontsize=7)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.tight_layout(pad=0.3)
    return figure


def _titles(gs: Tensor, title: Callable[[Tensor], str] | None) -> list[str]:
    """Return one title per column of elements ``(n, m, ...)``, all empty if rows differ."""
    if title is None or not torch.allclose(gs, gs[:1].expand_as(gs)):
        return [""] * gs.shape[1]
    return [title(g) for g in gs[0]]
