"""Overview picture of the public table: all tasks and all models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupae.experiments.bench.board import Board
from groupae.experiments.bench.board_row import BoardRow
from groupae.experiments.bench.board_text import score_title
from groupae.experiments.bench.styles import ModelStyle, model_style, ordered_models
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_overview"]

_TALL = 12  # tasks above which the axis is written at the top too


def plot_overview(board: Board, *, theme: Theme = "light") -> Figure:
    """Return a figure of all tasks: scores outside the trained elements, and ratios of errors.

    Tasks are rows. Scores stand on the left, as open points where nothing is outside. Squared
    errors outside over inside stand on the right, 1 for a model that is as good everywhere. Bars
    are 95 % intervals over seeds and pairs.

    Args:
        board: The board, with at least one table.
        theme: ``"light"`` or ``"dark"``.
    """
    from matplotlib import pyplot as plt

    tables = board.tables
    height = 1.3 + 0.36 * len(tables)
    with figure_style(theme, "plot_overview") as style:
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(WIDTH, height), sharey=True, width_ratios=[3, 2]
        )
        names = ordered_models(row.model for table in tables for row in table.rows)
        for i, table in enumerate(tables):
            for row in table.rows:
                offset = 0.5 * (names.index(row.model) / max(len(names) - 1, 1) - 0.5)
                _draw_overview(left, right, row, i + offset, model_style(row.model, names, style))
        left.set_yticks(range(len(tables)), [table.task.name for table in tables], fontsize=8)
        left.set_ylim(len(tables) - 0.5, -0.5)
        titles = sorted({score_title(table.score) for table in tables})
        has_open = any(row.outside is None for table in tables for row in table.rows)
        left.set_xlabel(f"{', '.join(titles)}\noutside{' (open: inside)' if has_open else ''}")
        right.set(xscale="log", xlabel="squared error\noutside / inside")
        right.xaxis.set_major_formatter("{x:g}")
        right.axvline(1, color=style.muted, linewidth=0.8)
        for axes in (left, right):
            axes.grid(axis="x")
            axes.tick_params(axis="x", top=True, labeltop=len(tables) > _TALL)
            for border in range(1, len(tables)):
                axes.axhline(border - 0.5, color=style.grid, linewidth=0.8)
        _draw_key(figure, names, style)
    return figure


def _draw_overview(left: Axes, right: Axes, row: BoardRow, y: float, style: ModelStyle) -> None:
    color, marker, _ = style
    found = row.outside or row.inside
    if found is not None:
        fill = "full" if row.outside is not None else "none"
        left.errorbar(
            *(found.mean, y),
            xerr=found.both or 0.0,
            fmt=marker,
            color=color,
            markersize=4.5,
            fillstyle=fill,
        )
    if row.error_ratio is not None:
        ratio, low, high = row.error_ratio
        right.plot(ratio, y, marker, color=color, markersize=4.5)
        if low is not None and high is not None:
            right.plot([low, high], [y, y], color=color, linewidth=1.3)


def _draw_key(figure: Figure, names: Sequence[str], style: Style) -> None:
    """Write the models above the axes, each in its colour behind its marker."""
    from matplotlib.lines import Line2D

    styles = [model_style(name, names, style) for name in names]
    marks = [
        Line2D([], [], color=c, marker=m, linestyle="none", markersize=5) for c, m, _ in styles
    ]
    columns = min(len(names), 3)
    lines = math.ceil(len(names) / columns)
    figure.legend(marks, names, loc="upper center", ncols=columns, frameon=False, fontsize=8)
    space = 0.24 * lines / figure.get_figheight()
    figure.tight_layout(rect=(0, 0, 1, 1 - space))
