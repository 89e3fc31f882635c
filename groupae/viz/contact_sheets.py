"""Contact sheets: the pairs or views of a data set at a glance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae.data import Views
from groupae.groups import Group
from groupae.protocols import PairBatch, check_pairs
from groupae.viz.element_titles import element_title
from groupae.viz.figures import GAP, contain, draw, mosaic, show
from groupae.viz.style import Theme, figure_style, fitting_size

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_pairs", "plot_views"]

_INCHES = 0.8  # of a picture on the sheet
_LINE = 1.25 / 72  # inches of a line of text, per point


def plot_pairs(
    batch: PairBatch,
    group: Group,
    *,
    n: int = 12,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    outline: bool = False,
    theme: Theme = "light",
) -> Figure:
    """Return a figure of the first pairs of a batch: x1, an arrow, x2, the element above.

    Args:
        batch: Pairs of pictures ``(C, H, W)`` in [0, 1], C = 1, 3 or 4, or of data that
            ``to_pictures`` draws.
        group: The group of the elements.
        n: Largest number of pairs.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)``.
        outline: Draw the edge of the mask on x2, around the part that the group moves, where it is
            known.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        TypeError: If ``batch`` is no batch of pairs.
        ValueError: If the pairs are of another group.

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
    letters = fitting_size(titles, 2.3 * _INCHES, max(8.0, 3.5 * columns))
    above = 0.12 + _LINE * letters * max(title.count("\n") + 1 for title in titles)
    size = (columns * (2.5 * _INCHES + 0.3), rows * (_INCHES + above))
    pictures = draw(torch.stack([batch.x1[:n], batch.x2[:n]]), to_pictures)
    height, width = pictures.shape[-2:]
    gap = width // 3
    with figure_style(theme, "plot_pairs") as style:
        figure, grid = plt.subplots(rows, columns, figsize=size, squeeze=False)
        for axes in grid.flat[n:]:
            axes.set_axis_off()
        for i, axes in enumerate(grid.flat[:n]):
            show(axes, mosaic(pictures[None, :, i], (0, gap), style.ground))
            axes.set_axis_off()
            axes.set_title(titles[i], fontsize=letters, pad=3)
            axes.text(width + gap / 2, height / 2, "→", ha="center", va="center", fontsize=11)
            if outline and batch.mask is not None:
                x, y = width + gap + torch.arange(width), torch.arange(height)
                axes.contour(x, y, batch.mask[i, 0], [0.5], colors=style.bad, linewidths=0.8)
        figure.tight_layout(pad=0.4, w_pad=2.5)
        contain(figure)
    return figure


def plot_views(
    views: Views,
    group: Group,
    *,
    to_pictures: Callable[[Tensor], Tensor] | None = None,
    theme: Theme = "light",
) -> Figure:
    """Return a figure of views: one row per original, one column per view.

    An element stands above its column if it is the same for all originals, else above each picture.

    Args:
        views: Pictures ``(m, n, C, H, W)`` in [0, 1], C = 1, 3 or 4, or data that ``to_pictures``
            draws.
        group: The group of the elements.
        to_pictures: A function from data ``(k, *x_shape)`` to pictures ``(k, C, H, W)``.
        theme: ``"light"`` or ``"dark"``.

    Example:
        >>> from groupae import RotatedDigits
        >>> test = RotatedDigits("test")
        >>> figure = plot_views(test.orbit(torch.arange(3), 12), test.group)
    """
    from matplotlib import pyplot as plt

    pictures = draw(views.x.transpose(0, 1), to_pictures)
    n, m, _, height, width = pictures.shape
    g = views.g.transpose(0, 1)
    shared = all(
        torch.equal(group.equal(row, g[0], 1e-4), torch.tensor(True).expand(m)) for row in g
    )
    titles = [[element_title(group, h) for h in row] for row in (g[:1] if shared else g)]
    lines = max(title.count("\n") + 1 for row in titles for title in row)
    letters = fitting_size([t for row in titles for t in row], _INCHES, max(8.0, 1.1 * m))
    above = _LINE * letters * lines
    beside = max(GAP, width // 24)
    gap = beside if shared else beside + math.ceil(height * above / _INCHES)
    size = (m * _INCHES + 0.1, n * _INCHES * (height + gap) / height + above + 0.1)
    with figure_style(theme, "plot_views") as style:
        figure, axes = plt.subplots(figsize=size)
        show(axes, mosaic(pictures, (gap, beside), style.ground))
        axes.set_axis_off()
        for i, row in enumerate(titles):
            for j, title in enumerate(row):
                x, y = j * (width + beside) + width / 2, i * (height + gap) - 1
                centred: dict[str, Any] = {"ha": "center", "va": "bottom", "linespacing": 1.0}
                axes.text(x, y, title, fontsize=letters, **centred)
        figure.tight_layout(pad=0.3)
        contain(figure)
    return figure
