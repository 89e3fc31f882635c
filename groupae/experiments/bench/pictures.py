"""Pictures of the public table: curves per task, scores over the number of originals, an overview.

Bands and bars of curves are 95 % intervals over seeds.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from groupae.experiments.bench.board import Board, BoardTable
from groupae.experiments.bench.board_row import BoardRow
from groupae.experiments.bench.board_text import score_title
from groupae.experiments.bench.overview import plot_overview
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.seed_estimate import SeedEstimate
from groupae.experiments.bench.styles import CurveEnd, ModelStyle, label_ends, model_style
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["bench_figures", "plot_curves", "plot_originals"]

_HEIGHT = 3.6  # inches
_LOG_FROM = 20.0  # ratio of largest to smallest value above which the axis is logarithmic

_AXES = {
    "steps": "angle of the relative element in degrees",
    "wedge": "angle of the second pose from the middle of the wedge, in degrees",
    "between": "angle between a pose and the trained ones, in degrees",
    "compose": "elements applied one after the other",
    "few": "originals in the training",
    "symmetric": "order of the rotational symmetry of an original",
}
_UNIT_AXES = {
    "deg": "angle in degrees",
    "steps": "steps",
    "originals": "originals",
    "order": "order",
}
_PRODUCT = re.compile(r"product of (\d+)")


@dataclasses.dataclass(frozen=True)
class _Point:
    """Score at a place of an axis."""

    x: float
    estimate: SeedEstimate


def bench_figures(board: Board, *, theme: Theme = "light") -> dict[str, Figure]:
    """Return the figures of a board by the names of their files, without ending.

    An overview; a curve per task that has more than one condition; scores over the number of
    originals per data set with several such tasks.

    Example:
        >>> bench_figures(Board(()))
        {}
    """
    figures = {"overview": plot_overview(board, theme=theme)} if board.tables else {}
    for table in board.tables:
        if len(table.conditions) > 1:
            figures[f"{table.task.dataset}-{table.task.split}"] = plot_curves(table, theme=theme)
    for dataset, tables in _by_originals(board).items():
        figures[f"{dataset}-originals"] = plot_originals(tables, theme=theme)
    return figures


# --- curves --------------------------------------------------------------------------------------
def plot_curves(table: BoardTable, *, theme: Theme = "light") -> Figure:
    """Return a figure of one task: one curve per model over its conditions.

    The trained range is shaded. Conditions without a value stand on the right, as points; products
    of many elements, where a task asks for them, as open points above their number.

    Args:
        table: The task.
        theme: ``"light"`` or ``"dark"``.
    """
    from matplotlib import pyplot as plt

    valued = [c for c in table.conditions if c.value is not None]
    named = [c for c in table.conditions if c.value is None and not _PRODUCT.fullmatch(c.name)]
    with figure_style(theme, "plot_curves") as style:
        figure, axes = plt.subplots(figsize=(WIDTH, _HEIGHT))
        _set_scale(axes, _values(valued))
        places = _named_places(valued, named)
        _shade(axes, valued, style)
        ends = _draw_rows(axes, table, valued, places, style)
        if not valued:
            axes.set_xlim(min(places.values()) - 0.5, max(places.values()) + 0.5)
        if named and valued:
            border = min(places.values()) - _gap(valued) / 2
            axes.axvline(border, color=style.muted, linewidth=0.8)
        axes.set(ylabel=score_title(table.score), xlabel=_x_label(table))
        _set_ticks(axes, valued, places)
        label_ends(axes, ends)
        _set_title(axes, table.task.name, _legend_of_marks(table))
        axes.grid()
        figure.tight_layout()
    return figure


def _draw_rows(
    axes: Axes,
    table: BoardTable,
    valued: Sequence[Condition],
    places: Mapping[str, float],
    style: Style,
) -> list[CurveEnd]:
    """Draw all models, side by side where conditions have no value."""
    models = list(dict.fromkeys(row.model for row in table.rows))
    ends = []
    for i, row in enumerate(table.rows):
        aside = 0.45 * _gap(valued) * (i - (len(table.rows) - 1) / 2) / len(table.rows)
        moved = {name: place + aside for name, place in places.items()}
        ends.append(_draw_row(axes, row, model_style(row.model, models, style), moved))
    return ends


def _set_title(axes: Axes, title: str, marks: str) -> None:
    """Write the title, and the meaning of marks in a line of its own."""
    axes.set_title(f"{title}\n{marks}" if marks else title, fontsize=8.5, loc="left")


def _draw_row(
    axes: Axes, row: BoardRow, style: ModelStyle, places: Mapping[str, float]
) -> CurveEnd:
    """Draw one model; return its name, colour and last score, for its label."""
    color, marker, line = style
    found = list(row.by_condition())
    curve = sorted((_Point(c.value, e) for c, e in found if c.value is not None), key=_x)
    if _starts_at_one(found):
        curve = [_Point(1.0, e) for c, e in found if c.name == "product of 1"] + curve
    _draw_points(axes, curve, color, marker, line)
    loose = [_Point(places[c.name], e) for c, e in found if c.name in places]
    _draw_points(axes, loose, color, marker, "none")
    for c, e in found:
        if (match := _PRODUCT.fullmatch(c.name)) and match[1] != "1":
            axes.plot(float(match[1]), e.mean, marker, color=color, markersize=7, fillstyle="none")
    last = (loose or curve)[-1]
    return CurveEnd(row.model, color, last.estimate.mean)


def _draw_points(axes: Axes, points: Sequence[_Point], color: str, marker: str, line: str) -> None:
    """Draw points, joined by a line with a band, or loose ones with bars, if there are any."""
    if not points:
        return
    x = [point.x for point in points]
    y = [point.estimate.mean for point in points]
    widths = [point.estimate.over_seeds or 0.0 for point in points]
    if line == "none":
        axes.errorbar(x, y, widths, fmt=marker, color=color, markersize=4.5, capsize=2)
        return
    axes.plot(x, y, marker=marker, linestyle=line, color=color, markersize=4.5, linewidth=1.6)
    low, high = ([a + sign * b for a, b in zip(y, widths, strict=True)] for sign in (-1, 1))
    axes.fill_between(x, low, high, color=color, alpha=0.18, linewidth=0)


def _x(point: _Point) -> float:
    return point.x


def _starts_at_one(found: Iterable[tuple[Condition, SeedEstimate]]) -> bool:
    """Return whether one step is asked for as a product only."""
    conditions = [condition for condition, _ in found]
    steps = [c.value for c in conditions if c.unit == "steps"]
    return bool(steps) and 1 not in steps and any(c.name == "product of 1" for c in conditions)


# --- originals -----------------------------------------------------------------------------------
def plot_originals(tables: Sequence[BoardTable], *, theme: Theme = "light") -> Figure:
    """Return a figure of scores over the number of originals in the training.

    Args:
        tables: Tasks of one data set that differ in the number of originals.
        theme: ``"light"`` or ``"dark"``.
    """
    from matplotlib import pyplot as plt

    curves: dict[str, list[_Point]] = {}
    for table in tables:
        for row in table.rows:
            for condition, estimate in row.by_condition():
                if condition.unit == "originals" and condition.value is not None:
                    curves.setdefault(row.model, []).append(_Point(condition.value, estimate))
    counts = sorted({point.x for points in curves.values() for point in points})
    with figure_style(theme, "plot_originals") as style:
        figure, axes = plt.subplots(figsize=(WIDTH, _HEIGHT))
        _set_scale(axes, counts)
        ends = []
        for name, points in curves.items():
            color, marker, line = model_style(name, curves, style)
            points.sort(key=_x)
            _draw_points(axes, points, color, marker, line)
            ends.append(CurveEnd(name, color, points[-1].estimate.mean))
        axes.set(xlabel=_AXES["few"], ylabel=score_title(tables[0].score))
        axes.set_xticks(counts, [f"{count:g}" for count in counts])
        axes.minorticks_off()
        label_ends(axes, ends)
        _set_title(axes, f"{tables[0].task.dataset}: other originals than trained", "")
        axes.grid()
        figure.tight_layout()
    return figure


def _by_originals(board: Board) -> dict[str, list[BoardTable]]:
    """Return tasks that differ in the number of originals, by data set, where there are several."""
    found: dict[str, list[BoardTable]] = {}
    for table in board.tables:
        if any(c.unit == "originals" for c in table.conditions):
            found.setdefault(table.task.dataset, []).append(table)
    return {name: tables for name, tables in found.items() if len(tables) > 1}


# --- axes ---------------------------------------------------------------------
def _values(valued: Sequence[Condition]) -> list[float]:
    """Return the values of conditions in ascending order; steps begin with one."""
    values = {c.value for c in valued if c.value is not None}
    return sorted(values | ({1.0} if valued and valued[0].unit == "steps" else set()))


def _set_scale(axes: Axes, values: Sequence[float]) -> None:
    if values and min(values) > 0 and max(values) / min(values) >= _LOG_FROM:
        axes.set_xscale("log")


def _gap(valued: Sequence[Condition]) -> float:
    """Return the distance between places of conditions without a value."""
    values = [c.value for c in valued if c.value is not None]
    return 0.14 * (max(values) - min(values)) if len(values) > 1 else 1.0


def _named_places(valued: Sequence[Condition], named: Sequence[Condition]) -> dict[str, float]:
    """Return places of conditions without a value, to the right of the others."""
    start = max((c.value for c in valued if c.value is not None), default=-1.0)
    gap = _gap(valued)
    return {condition.name: start + (i + 1) * gap for i, condition in enumerate(named)}


def _shade(axes: Axes, valued: Sequence[Condition], style: Style) -> None:
    """Shade the ranges of conditions that were trained, each from its first to its last value."""
    ordered = sorted(valued, key=lambda c: c.value or 0.0)
    for is_inside, run in itertools.groupby(ordered, key=lambda c: c.is_inside):
        values = [c.value for c in run if c.value is not None]
        if is_inside and len(ordered) > len(values):
            axes.axvspan(min(values), max(values), color=style.shade, zorder=0)
            axes.axvline(max(values), color=style.muted, linewidth=0.8, linestyle=":")


def _set_ticks(axes: Axes, valued: Sequence[Condition], places: Mapping[str, float]) -> None:
    values = _values(valued)
    names = [f"{value:g}" for value in values] + [_folded(name) for name in places]
    axes.set_xticks([*values, *places.values()], names, fontsize=8)
    axes.minorticks_off()


def _folded(name: str) -> str:
    """Return a name on several lines, at most ten letters each where words allow it."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) > 10:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _x_label(table: BoardTable) -> str:
    keyword = table.task.split.split("-")[0]
    unit = next((c.unit for c in table.conditions if c.value is not None), "")
    return _AXES.get(keyword, _UNIT_AXES.get(unit, ""))


def _legend_of_marks(table: BoardTable) -> str:
    """Return the meaning of shades, bands and open points in words."""
    marks = []
    if {c.is_inside for c in table.conditions if c.value is not None} == {True, False}:
        marks.append("shaded: trained")
    if any(len(row.results) > 1 for row in table.rows):
        drawn = "bands" if any(c.value is not None for c in table.conditions) else "bars"
        marks.append(f"{drawn}: 95 % over seeds")
    if any(_PRODUCT.fullmatch(c.name) for c in table.conditions):
        marks.append("open: their product, applied at once")
    return "; ".join(marks)
