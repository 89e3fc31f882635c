"""Pictures of what a model does, drawn with matplotlib; every function returns a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Orbits", "plot_orbit", "plot_training", "save_figure"]

_GAP = 2  # white pixels between pictures


class Orbits(Protocol):
    """What a picture of orbits needs of a model."""

    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return predictions ``(n, m, *x_shape)``."""
        ...


def _mosaic(rows: Tensor) -> Tensor:
    """Return one picture ``(H, W, C)`` of pictures ``(r, c, C, h, w)``, white between them."""
    padded = torch.nn.functional.pad(rows, (0, _GAP, 0, _GAP), value=1.0)
    r, c, channels, h, w = padded.shape
    whole = padded.permute(0, 3, 1, 4, 2).reshape(r * h, c * w, channels)
    return whole[:-_GAP, :-_GAP].clamp(0, 1)


@torch.no_grad()
def plot_orbit(
    model: Orbits,
    x: Tensor,
    gs: Tensor,
    truth: Tensor | None = None,
    *,
    titles: tuple[str, ...] | None = None,
) -> Figure:
    """Return a figure of orbits: a row a picture, a column an element, predictions above truth.

    Args:
        model: Anything with ``orbit(x, gs)``.
        x: Pictures, shape ``(n, C, H, W)``, values in [0, 1]; drawn in the first column.
        gs: Elements, shape ``(m, *element_shape)``.
        truth: What each picture becomes, shape ``(n, m, C, H, W)``; drawn below each prediction.
        titles: A title for each element.
    """
    from matplotlib import pyplot as plt

    prediction = model.orbit(x, gs).cpu()
    n, m, channels, height, width = prediction.shape
    if truth is not None and truth.shape != prediction.shape:
        got = tuple(truth.shape)
        raise ShapeError(expected("plot_orbit", f"truth of shape {tuple(prediction.shape)}", got))
    layers = [prediction] if truth is None else [prediction, truth.cpu()]
    rows = torch.stack(layers, 1).flatten(0, 1)
    column = x.cpu().repeat_interleave(len(layers), 0)[:, None]
    whole = _mosaic(torch.cat([column, rows], 1))
    figure, axes = plt.subplots(figsize=(0.75 * (m + 1) + 0.9, 0.75 * len(rows) + 0.4))
    axes.imshow(whole.squeeze(-1).numpy(), cmap="gray" if channels == 1 else None, vmin=0, vmax=1)
    step_x, step_y = width + _GAP, height + _GAP
    labels = ("x", *(titles or [""] * m))
    axes.set_xticks([i * step_x + width / 2 for i in range(m + 1)], labels, fontsize=8)
    names = ["model"] if truth is None else ["model", "truth"]
    ticks = [i * step_y + height / 2 for i in range(len(rows))]
    axes.set_yticks(ticks, names * n, fontsize=7)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.tight_layout(pad=0.3)
    return figure


def plot_training(metrics: Path) -> Figure:
    """Return a figure of a run's ``metrics.jsonl``: loss terms and validation PSNR over time."""
    from matplotlib import pyplot as plt

    lines = [json.loads(line) for line in metrics.read_text().splitlines() if line]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    terms = {key for line in lines for key in line} - {
        *("step", "seconds", "learning_rate", "validation_psnr")
    }
    for term in sorted(terms):
        points = [(line["seconds"], line[term]) for line in lines if term in line]
        left.plot(*zip(*points, strict=True), label=term, linewidth=1)
    left.set(xlabel="seconds", ylabel="loss term")
    if terms:
        left.legend(frameon=False)
    key = "validation_psnr"
    scores = [(line["seconds"], line[key]) for line in lines if key in line]
    if scores:
        right.plot(*zip(*scores, strict=True), marker="o", markersize=3)
    right.set(xlabel="seconds", ylabel="validation PSNR (dB)")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure and free it."""
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=110)
    plt.close(figure)
