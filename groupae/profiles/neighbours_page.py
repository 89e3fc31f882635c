"""Page of nearest neighbours as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from groupae.profiles.profiles import Floats, Profiles
from groupae.viz.style import Style, Theme, figure_style, style_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_item", "plot_neighbours"]


def plot_neighbours(
    profiles: Profiles,
    items: Sequence[Any],
    *,
    rows: int = 8,
    count: int = 6,
    theme: Theme = "light",
) -> Figure:
    """Return a figure with items as they were given, each beside its nearest neighbours.

    Args:
        profiles: Profiles of the items.
        items: The items as they were given, with their orientations.
        rows: Number of items shown, evenly spread over the list.
        count: Neighbours of each.
        theme: ``"light"`` or ``"dark"``.

    Example:
        >>> from groupae.profiles import OrbitProfiler
        >>> items = np.random.default_rng(0).random((12, 8, 8))
        >>> profiles = OrbitProfiler("so2", templates=4).fit(items).profile(items)
        >>> len(plot_neighbours(profiles, items, rows=2, count=3).axes)
        8
    """
    from matplotlib import pyplot as plt

    count = min(count, len(profiles) - 1)
    nearest, apart = profiles.neighbours(count)
    shown = np.unique(np.linspace(0, len(profiles) - 1, rows).round().astype(int))
    size = (1.15 * (count + 1), 1.25 * len(shown) + 0.4)
    with figure_style(theme, "plot_neighbours") as style:
        figure = plt.figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(shown), count + 1, squeeze=False)
        for row, item in zip(axes, shown, strict=True):
            for axis, j in zip(row, [item, *nearest[item]], strict=True):
                draw_item(axis, profiles.kind, np.asarray(items[j]), style)
            row[0].set_ylabel(profiles.names[item][-16:], fontsize=8)
            for axis, distance in zip(row[1:], apart[item], strict=True):
                axis.set_title(f"{distance:.1f}", fontsize=9)
        axes[0, 0].set_title("item", fontsize=9)
        figure.suptitle("nearest items, whatever their orientation (distance above)", fontsize=10)
    return figure


def draw_item(axis: Any, kind: str, item: Floats, style: Style | None = None) -> None:
    """Draw an item of a kind on axes without ticks."""
    style = style or style_of("light")
    axis.set_xticks([])
    axis.set_yticks([])
    if kind == "pictures":
        picture = item[None] if item.ndim == 2 else item
        is_colour = len(picture) == 3
        shown = np.moveaxis(picture, 0, -1) if is_colour else picture.mean(0)
        axis.imshow(shown.clip(0, 1) if is_colour else shown, cmap="gray")
    elif kind == "series":
        axis.plot(np.atleast_2d(item).T, linewidth=0.8)
    elif kind == "outlines":
        axis.fill(item[:, 0], item[:, 1], facecolor=style.sky, edgecolor=style.ink, lw=0.6)
        axis.set_aspect("equal")
    else:
        axis.plot(item[:, 0], item[:, 1], ".", color=style.blue, markersize=2)
        axis.set_aspect("equal")
