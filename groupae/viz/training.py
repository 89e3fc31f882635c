"""Figure of a training run over time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groupae.metrics.registry import MODEL_SCORES, SCORES
from groupae.viz.figures import contain
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_training"]

_NO_TERMS = {"step", "seconds", "threads", "learning_rate"}
_LARGEST = 1e300  # above it matplotlib cannot scale an axis
_FEW = 25  # points up to which each has a mark, so that one alone is seen too
_LINES = ("-", "--", "-.", ":")
_WIDE = 10.0  # ratio of the largest to the smallest loss from which on the axis is logarithmic


def plot_training(metrics: Path, *, theme: Theme = "light") -> Figure:
    """Return a figure of a run's ``metrics.jsonl``: loss terms above validation scores, over time.

    The best validation has a ring and its value. Incomplete lines, left by a crash, are skipped.

    Args:
        metrics: The file.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If there is no such theme.
    """
    from matplotlib import pyplot as plt

    lines = list(_measurements(metrics))
    keys = {key for line in lines for key in line} - _NO_TERMS
    judged = sorted(key for key in keys if key.startswith("validation_"))
    terms = sorted(keys - set(judged))
    with figure_style(theme, "plot_training") as style:
        heights = [1.0 if terms else 0.2, 1.0 if judged else 0.2]
        figure, (top, below) = plt.subplots(
            2, 1, figsize=(WIDTH, 0.6 + 2.0 * sum(heights)), sharex=True, height_ratios=heights
        )
        _draw_terms(top, lines, terms, style)
        _draw_scores(below, lines, judged, style)
        below.set_xlabel(_time_label(lines))
        figure.align_ylabels()
        figure.tight_layout()
        contain(figure)
    return figure


def _draw_terms(
    axes: Axes, lines: Sequence[dict[str, float]], terms: Sequence[str], style: Style
) -> None:
    """Draw a curve per loss term."""
    drawn: list[float] = []
    for i, term in enumerate(terms):
        x, y = _points(lines, term)
        mark = "o" if len(x) <= _FEW else ""
        color, line = style.palette[i % len(style.palette)], _LINES[i % len(_LINES)]
        label = term.replace("_", " ")
        axes.plot(x, y, line, color=color, marker=mark, markersize=3.5, lw=1.4, label=label)
        drawn += y
    if drawn and min(drawn) > 0 and max(drawn) > _WIDE * min(drawn):
        axes.set_yscale("log")
    axes.set_ylabel("loss")
    axes.grid()
    if terms:
        axes.legend()
    else:
        _say(axes, "no step was logged")


def _draw_scores(
    axes: Axes, lines: Sequence[dict[str, float]], keys: Sequence[str], style: Style
) -> None:
    """Draw a curve per validation score, with a mark per validation and the value of the best."""
    for i, key in enumerate(keys):
        x, y = _points(lines, key)
        color, title = style.palette[i % len(style.palette)], _title(key)
        mark = "o" if len(x) <= 2 * _FEW else ""
        axes.plot(
            x, y, _LINES[i % len(_LINES)], color=color, marker=mark, markersize=4, label=title
        )
        best = (min if _is_error(key) else max)(range(len(y)), key=y.__getitem__)
        axes.plot(x[best], y[best], "o", color=color, markersize=9, fillstyle="none")
        away = 0.5 * (min(x) + max(x)) < x[best]
        axes.annotate(
            f"{y[best]:.4g}",
            (x[best], y[best]),
            xytext=(4 if away else -4, -7 if _is_error(key) else 7),
            textcoords="offset points",
            ha="right" if away else "left",
            va="top" if _is_error(key) else "bottom",
            fontsize=8,
        )
    axes.margins(y=0.22)
    axes.set_ylabel(_title(keys[0]) if len(keys) == 1 else "score")
    axes.grid()
    if len(keys) > 1:
        axes.legend()
    if not keys:
        _say(axes, "no validation yet")


def _points(lines: Sequence[dict[str, float]], key: str) -> tuple[list[float], list[float]]:
    found = [(line["seconds"], line[key]) for line in lines if key in line]
    return [x for x, _ in found], [y for _, y in found]


def _title(key: str) -> str:
    """Return the title of a validation score, with its unit where it is a known one."""
    name = key.removeprefix("validation_")
    known = SCORES.get(name) or MODEL_SCORES.get(name)
    return f"validation {known.title if known else name.replace('_', ' ')}"


def _is_error(key: str) -> bool:
    name = key.removeprefix("validation_")
    known = SCORES.get(name) or MODEL_SCORES.get(name)
    return known.lower_is_better if known else name.endswith(("error", "loss"))


def _time_label(lines: Sequence[dict[str, float]]) -> str:
    """Return the label of the axis of time, with the number of steps."""
    steps = max((int(line["step"]) for line in lines if "step" in line), default=0)
    return f"seconds of training ({steps:,} steps)" if steps else "seconds of training"


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    axes.set_yticks([])


def _measurements(metrics: Path) -> Iterator[dict[str, float]]:
    """Yield the complete lines of a metrics file: numbers by name, with a time among them."""
    for line in metrics.read_bytes().splitlines():
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if (
            isinstance(values, dict)
            and "seconds" in values
            and all(map(_is_number, values.values()))
        ):
            yield values


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and abs(value) < _LARGEST
