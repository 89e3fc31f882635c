"""Table of laws as a figure: errors of each law in units of its tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupae._validation import expected
from groupae.viz.figures import contain
from groupae.viz.style import WIDTH, Style, Theme, figure_style, fitting_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupae.testing import LawReport, LawResult

__all__ = ["plot_laws"]

_MOST = 8  # reports side by side; more cannot be read
_ROW, _NAME = 0.24, 1.25  # inches of a law, and of its name


def plot_laws(reports: LawReport | Sequence[LawReport], *, theme: Theme = "light") -> Figure:
    """Return a figure of checked laws: one row per law, one column per report.

    A cell holds the largest error in units of its tolerance, at most 1 where the law holds; where
    it fails the cell is filled. A dash is a law that does not apply. Of more than eight reports,
    those with the largest errors are drawn.

    Args:
        reports: Results of `groupae.testing`'s checks, such as `check_group`.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ValueError: If there is no report.

    Example:
        >>> from groupae import SO2
        >>> from groupae.testing import check_group
        >>> figure = plot_laws(check_group(SO2()))
        >>> figure.axes[0].get_title()
        '1 report, all laws hold'
    """
    from matplotlib import pyplot as plt

    given = list(reports) if isinstance(reports, Sequence) else [reports]
    if not given:
        raise ValueError(expected("plot_laws", "at least one report", "none"))
    shown = _worst(given)
    laws = list(dict.fromkeys(result.law for report in shown for result in report.results))
    titles = [f"{report.subject}\n{str(report.dtype).removeprefix('torch.')}" for report in shown]
    column = (WIDTH - _NAME - 0.3) / len(shown)
    letters = fitting_size(titles, column, 9) if len(shown) < 4 else 8.0
    slant = 0 if len(shown) < 4 else 40
    height = 0.9 + _ROW * len(laws) + (0.9 if slant else 0)
    with figure_style(theme, "plot_laws") as style:
        figure, axes = plt.subplots(figsize=(WIDTH, height))
        for j, report in enumerate(shown):
            found = {result.law: result for result in report.results}
            for i, law in enumerate(laws):
                _draw_cell(axes, (j, i), found.get(law), style)
        names = [title.replace("\n", ", ") for title in titles] if slant else titles
        axes.set_xticks(range(len(shown)), names, fontsize=letters, rotation=slant)
        for label in axes.get_xticklabels() if slant else ():
            label.set(ha="left", rotation_mode="anchor")
        axes.set_yticks(range(len(laws)), laws)
        axes.set(xlim=(-0.5, len(shown) - 0.5), ylim=(len(laws) - 0.5, -0.5))
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(_verdict(given, shown), pad=10)
        axes.set_xlabel("largest error in units of the tolerance")
        figure.tight_layout()
        contain(figure)
    return figure


def _draw_cell(axes: Axes, place: tuple[int, int], result: LawResult | None, style: Style) -> None:
    """Write one error; a failure is filled and has a cross."""
    from matplotlib.patches import Rectangle

    x, y = place
    if result is None:
        axes.text(x, y, "-", ha="center", va="center", fontsize=8, color=style.muted)
        return
    color = style.shade if result.passed else style.bad
    axes.add_patch(Rectangle((x - 0.47, y - 0.42), 0.94, 0.84, color=color, linewidth=0))
    text = _number(result.in_tolerances) + ("" if result.passed else " ✗")
    ink = style.ink if result.passed else style.ground
    axes.text(x, y, text, ha="center", va="center", fontsize=8, color=ink)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "inf"
    return f"{value:.2f}" if value < 10 else f"{value:.1e}"


def _worst(reports: Sequence[LawReport]) -> list[LawReport]:
    """Return the reports with the largest errors, in the order given."""

    def worst(report: LawReport) -> float:
        return max((result.in_tolerances for result in report.results), default=0.0)

    order = sorted(range(len(reports)), key=lambda i: -worst(reports[i]))[:_MOST]
    return [reports[i] for i in sorted(order)]


def _verdict(given: Sequence[LawReport], shown: Sequence[LawReport]) -> str:
    failed = sum(not report.passed for report in given)
    counted = f"{len(given)} report{'s' if len(given) > 1 else ''}"
    counted += f", the {len(shown)} worst" if len(shown) < len(given) else ""
    return f"{counted}, {f'{failed} with laws that fail' if failed else 'all laws hold'}"
