"""Colours, markers and lines of models in pictures, and names at the ends of curves.

A model has one colour, marker and style of line in all pictures, so that it is told apart without
colours too.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from groupae.viz.style import WIDTH, Style, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["WIDTH", "CurveEnd", "ModelStyle", "label_ends", "model_style", "ordered_models"]


class ModelStyle(NamedTuple):
    """Colour, marker and style of line of a model."""

    color: str
    marker: str
    line: str


class CurveEnd(NamedTuple):
    """Name of a curve, its colour and the height of its last point."""

    name: str
    color: str
    level: float


_STYLES = {  # name of a colour of `groupae.viz.Style`, marker, line
    "default": ("blue", "o", "-"),
    "small-steps": ("ink", "p", "--"),
    "equivariant": ("green", "s", "-"),
    "frequency-1": ("sky", "^", "--"),
    "conditional": ("vermillion", "D", "-"),
    "learned-mask": ("purple", "v", "--"),
    "plain": ("orange", "P", "-."),
    "winter": ("muted", "X", ":"),
}
_OTHERS = tuple(  # markers that ours do not have
    itertools.product(itertools.product(("muted", "sky", "orange"), "<>*h"), ("--", ":"))
)


def model_style(model: str, models: Collection[str], style: Style | None = None) -> ModelStyle:
    """Return the style of a model; those that are not ours differ by their order among ``models``.

    Args:
        model: Name of the model.
        models: Names of all models of a picture.
        style: Style of the picture; the light one unless given.

    Example:
        >>> model_style("default", ["default"]).marker
        'o'
    """
    if model in _STYLES:
        role, marker, line = _STYLES[model]
    else:
        others = sorted(set(models) - set(_STYLES))
        (role, marker), line = _OTHERS[others.index(model) * 5 % len(_OTHERS)]
    return ModelStyle(getattr(style or style_of("light"), role), marker, line)


def ordered_models(models: Iterable[str]) -> list[str]:
    """Return models, each once: ours in the order of their styles, then the others by name.

    Example:
        >>> ordered_models(["theirs", "conditional", "default", "theirs"])
        ['default', 'conditional', 'theirs']
    """
    found = set(models)
    return [name for name in _STYLES if name in found] + sorted(found - set(_STYLES))


def label_ends(axes: Axes, ends: Sequence[CurveEnd]) -> None:
    """Write names at the right of the axes, at the heights of the ends of their curves."""
    low, high = axes.get_ylim()
    least = 0.055 * (high - low)
    for (name, color, level), height in _spread(ends, least):
        axes.annotate(
            name,
            xy=(1, level),
            xytext=(1.03, height),
            xycoords=axes.get_yaxis_transform(),
            textcoords=axes.get_yaxis_transform(),
            color=color,
            fontsize=9,
            va="center",
            arrowprops={
                **{"arrowstyle": "-", "color": color, "linewidth": 0.6},
                **{"relpos": (0, 0.5), "shrinkA": 0, "shrinkB": 0},
            },
        )


def _spread(ends: Sequence[CurveEnd], least: float) -> Iterator[tuple[CurveEnd, float]]:
    """Yield labels with heights at least ``least`` apart, as near to their levels as can be."""
    ordered = sorted(ends, key=lambda end: end.level)
    groups: list[list[CurveEnd]] = []
    for end in ordered:
        groups.append([end])
        while len(groups) > 1 and _bottom(groups[-1], least) < _top(groups[-2], least) + least:
            groups[-2:] = [groups[-2] + groups[-1]]
    for group in groups:
        for i, end in enumerate(group):
            yield end, _bottom(group, least) + i * least


def _bottom(group: Sequence[CurveEnd], least: float) -> float:
    middle = sum(end.level for end in group) / len(group)
    return middle - least * (len(group) - 1) / 2


def _top(group: Sequence[CurveEnd], least: float) -> float:
    return _bottom(group, least) + least * (len(group) - 1)
