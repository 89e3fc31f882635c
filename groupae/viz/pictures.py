"""Pictures of what a model does, drawn with matplotlib; every function returns a figure."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._files import write_durably
from groupae._validation import ShapeError, expected
from groupae.metrics.evaluation import evaluation_mode
from groupae.protocols import Orbits
from groupae.viz.mosaics import GAP, mosaic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_orbit", "plot_training", "save_figure"]

_LARGEST = 1e300  # that an axis can be scaled to


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
    """Return a figure of orbits: a row a datum, a column an element, predictions above truth.

    Args:
        model: Anything with ``orbit(x, gs)`` and ``group``. A module is put in evaluation mode
            meanwhile.
        x: Data, shape ``(n, *x_shape)``; drawn in the first column.
        gs: Elements, shape ``(m, *element_shape)``, or ``(n, m, *element_shape)`` if each datum has
            its own.
        truth: What each datum becomes, shape ``(n, m, *x_shape)``; drawn below each prediction.
        title: What to write above an element that is the same for all.
        to_pictures: How data are drawn: a function from ``(k, *x_shape)`` to pictures
            ``(k, C, H, W)`` in [0, 1]; data are pictures unless given.
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
    drawn = torch.cat([column, rows], 1)
    if to_pictures is not None:
        drawn = to_pictures(drawn.flatten(0, 1)).unflatten(0, drawn.shape[:2])
    channels, height, width = drawn.shape[-3:]
    figure, axes = plt.subplots(figsize=(0.75 * (m + 1) + 0.9, 0.75 * len(rows) + 0.4))
    grey = "gray" if channels == 1 else None
    axes.imshow(mosaic(drawn).numpy(), cmap=grey, vmin=0, vmax=1)
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
    """Return a title for each column of ``(n, m, ...)``, empty where elements differ by row."""
    if title is None or not torch.allclose(gs, gs[:1].expand_as(gs)):
        return [""] * gs.shape[1]
    return [title(g) for g in gs[0]]


def plot_training(metrics: Path) -> Figure:
    """Return a figure of a run's ``metrics.jsonl``: loss terms and validation score over time.

    Lines that a crash has torn are passed over.
    """
    from matplotlib import pyplot as plt

    lines = list(_measurements(metrics))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    keys = {key for line in lines for key in line} - {"step", "seconds", "learning_rate"}
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
    """Yield the lines of a metrics file that are whole: numbers by name, a time among them."""
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


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and free it; a link of that name is replaced, not written through."""
    from matplotlib import pyplot as plt

    written = io.BytesIO()
    figure.savefig(written, dpi=110, format="png")
    plt.close(figure)
    write_durably(path, written.getvalue())
