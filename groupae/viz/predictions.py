"""Predictions of many models side by side: one row per model, one column per pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.viz.figures import GAP, contain, draw, mosaic, show
from groupae.viz.style import Theme, figure_style, fitting_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_predictions"]

_INCHES, _LETTER, _LINE = 0.8, 0.084, 0.14  # of a picture, a letter of a label, a line of a title


def plot_predictions(
    rows: Mapping[str, Tensor],
    *,
    titles: Sequence[str] = (),
    bold: str | None = None,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
) -> Figure:
    """Return a figure with one labelled row per entry, all of the same pairs.

    Args:
        rows: Data by label, each of shape ``(n, *x_shape)``: say x1, x2, then predictions of x2.
        titles: One title per column, if any.
        bold: Label in bold.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)`` in [0, 1];
            data are pictures unless given.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ShapeError: If there are no rows, rows differ in shape, or titles and columns in number.

    Example:
        >>> x = torch.rand(8, 1, 28, 28)
        >>> figure = plot_predictions({"x1": x, "truth": x, "model": x / 2}, bold="model")
    """
    from matplotlib import pyplot as plt

    shapes = {tuple(row.shape) for row in rows.values()}
    if len(shapes) != 1:
        got = ", ".join(map(str, sorted(shapes))) or "no rows"
        raise ShapeError(expected("plot_predictions", "rows of one shape", got))
    drawn = draw(torch.stack([row.cpu() for row in rows.values()]), to_pictures)
    n, (height, width) = drawn.shape[1], drawn.shape[-2:]
    if titles and len(titles) != n:
        raise ShapeError(expected("plot_predictions", counted(n, "title"), len(titles)))
    beside = _LETTER * max(map(len, rows)) + 0.15
    above = _LINE * max((title.count("\n") + 1 for title in titles), default=0) + 0.05
    size = (beside + n * _INCHES, above + len(rows) * _INCHES * height / width)
    share = (beside / size[0], 0, 1 - beside / size[0], 1 - above / size[1])
    letters = fitting_size(list(titles), _INCHES, 9)
    with figure_style(theme, "plot_predictions") as style:
        figure = plt.figure(figsize=size)
        axes = figure.add_axes(share)
        show(axes, mosaic(drawn, ground=style.ground), "auto")
        axes.set_axis_off()
        for i, label in enumerate(rows):
            weight = "bold" if label == bold else "normal"
            y = i * (height + GAP) + height / 2
            axes.text(-width / 12, y, label, ha="right", va="center", fontsize=9, weight=weight)
        for i, title in enumerate(titles):
            x = i * (width + GAP) + width / 2
            centred: dict[str, Any] = {"ha": "center", "va": "bottom", "linespacing": 1.0}
            axes.text(x, -height / 24, title, fontsize=letters, **centred)
        contain(figure)
    return figure
