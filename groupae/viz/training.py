"""Figure of a training run over time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_training"]

_NO_TERMS = {"step", "seconds", "threads", "learning_rate"}
_LARGEST = 1e300  # above it matplotlib cannot scale an axis


def plot_training(metrics: Path) -> Figure:
    """Return a figure of a run's ``metrics.jsonl``: loss terms and validation score over time.

    Incomplete lines, left by a crash, are skipped.
    """
    from matplotlib import pyplot as plt

    lines = list(_measurements(metrics))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    keys = {key for line in lines for key in line} - _NO_TERMS
    judged = sorted(key for key in keys if key.startswith("validation_"))
    terms = sorted(keys - set(judged))
    for term in terms:
        points = [(line["seconds"], line[term]) for line in lines if term in line]
        left.plot(*zip(*points, strict=True), label=term, linewidth=1)
    left.set(xlabel="seconds", ylabel="loss term")
    if terms:
        left.legend(frameon=False)
    for key in judged:
        points = [(line["seconds"], line[key]) for line in lines if key in line]
        right.plot(*zip(*points, strict=True), marker="o", markersize=3)
    right.set(xlabel="seconds", ylabel=" ".join(judged).replace("_", " "))
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    return figure


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
