"""Figure of an audit: error by element, by law and by layer.

Where an error is split, its bar or area is as long as the error, and divided as its square is:
the parts of the square add up, those of the error do not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groupae._printable import counted
from groupae.viz.figures import contain, draw_errors
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupae.testing.audit import AuditReport, ElementError, ErrorSplit, LayerError

__all__ = ["plot_audit"]

_PARTS = (("model", "bad"), ("discretisation", "orange"), ("resampling", "muted"))
_MOST_BARS = 32  # layers or elements; more cannot be read
_LONGEST_NAME = 34  # characters of the name of a layer


def plot_audit(report: AuditReport, *, theme: Theme = "light") -> Figure:
    """Return a figure of an audit: error by element, then by law, then by layer.

    Rotations of the plane make a curve over the angle, with dots at the elements that move the data
    without interpolation and a dashed curve of reflections; rotations of space make a map over
    their axes; all other elements make bars. Of more than 32 layers, those that add most are drawn.

    Args:
        report: Result of `groupae.audit`.
        theme: ``"light"`` or ``"dark"``.

    Example:
        >>> from groupae.testing.audit import AuditedLaw, AuditReport, ErrorSplit
        >>> law = AuditedLaw("equivariance", 0.3, 1e-3, ErrorSplit(model=0.09), passed=False)
        >>> report = AuditReport("net", "SO(2)", "pictures", "invariant", 32, {law.law: law})
        >>> figure = plot_audit(report)
    """
    from matplotlib import pyplot as plt

    layers = _most(report.layers)
    heights = [2.3, 0.75 + 0.24 * len(report.errors), 1.3 + 0.19 * len(layers)]
    heights = heights if layers else heights[:2]
    is_map = any(entry.axis is not None for entry in report.by_element)
    verdict = "passed" if report.passed else "failed"
    with figure_style(theme, "plot_audit") as style:
        figure = plt.figure(figsize=(WIDTH, sum(heights) + 0.5))
        grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
        top = figure.add_subplot(grid[0, 0], projection="mollweide" if is_map else None)
        _draw_elements(top, report.by_element, style, is_map=is_map)
        _draw_laws(figure.add_subplot(grid[1, 0]), report, style)
        if layers:
            _draw_layers(figure.add_subplot(grid[2, 0]), layers, len(report.layers), style)
        figure.suptitle(f"{report.subject} under {report.group}: {verdict}", fontsize=10)
        figure.tight_layout()
        contain(figure)
    return figure


def _parts(split: ErrorSplit) -> list[float]:
    """Return lengths that add up to the error, in proportion to the parts of its square."""
    total = split.total
    if not math.isfinite(total) or total == 0:
        return [0.0] * len(_PARTS)
    return [getattr(split, name) / total * split.error for name, _ in _PARTS]


# --- by element ----------------------------------------------------------------------------------
def _draw_elements(
    axes: Axes, entries: Sequence[ElementError], style: Style, *, is_map: bool
) -> None:
    if not entries:
        axes.text(0.5, 0.5, "no elements", ha="center", va="center", transform=axes.transAxes)
        axes.set_axis_off()
    elif is_map:
        _draw_map(axes, entries, style)
    elif all(entry.angle is not None for entry in entries):
        _draw_curve(axes, entries, style)
    else:
        _draw_bars(axes, entries, style)


def _draw_curve(axes: Axes, entries: Sequence[ElementError], style: Style) -> None:
    """Draw the error over the angle, rotations as areas and reflections as a dashed line."""
    turns = sorted((entry for entry in entries if not entry.is_reflection), key=_angle)
    flips = sorted((entry for entry in entries if entry.is_reflection), key=_angle)
    if turns:
        angles = [math.degrees(_angle(entry)) for entry in turns]
        heights = list(zip(*(_parts(entry.split) for entry in turns), strict=True))
        axes.stackplot(angles, *heights, colors=[getattr(style, role) for _, role in _PARTS])
        axes.plot(angles, [entry.error for entry in turns], color=style.ink, linewidth=0.8)
    if flips:
        at = [math.degrees(_angle(entry)) for entry in flips]
        errors = [entry.error for entry in flips]
        axes.plot(at, errors, color=style.ink, ls="--", lw=1.4, label="reflections")
    exact = [entry for entry in entries if entry.is_exact]
    at = [math.degrees(_angle(entry)) for entry in exact]
    dots = [entry.error for entry in exact]
    axes.plot(at, dots, "o", color=style.ink, markersize=3.5, label="no interpolation")
    axes.set(xlabel="angle in degrees", ylabel="relative error")
    axes.set_ylim(bottom=0)
    axes.set_xticks(range(0, 361, 45))
    axes.grid()
    _add_legend(axes, style, is_above=True)


def _angle(entry: ElementError) -> float:
    return (entry.angle or 0.0) % (2 * math.pi)


def _draw_map(axes: Axes, entries: Sequence[ElementError], style: Style) -> None:
    """Draw the error over the axes of rotations, the largest one in front."""
    placed = sorted((e for e in entries if e.axis is not None), key=lambda e: e.error)
    points = [e.axis for e in placed if e.axis is not None]
    across = [math.atan2(y, x) for x, y, _ in points]
    up = [math.asin(max(-1.0, min(1.0, z))) for _, _, z in points]
    drawn = axes.scatter(across, up, c=[e.error for e in placed], s=22, cmap=style.colour_map)
    axes.set_xticklabels([])
    axes.set_yticklabels([])
    axes.grid()
    axes.set_title("by axis of the rotation")
    axes.figure.colorbar(drawn, ax=axes, shrink=0.7, label="relative error")


def _draw_bars(axes: Axes, entries: Sequence[ElementError], style: Style) -> None:
    shown = entries if len(entries) <= _MOST_BARS else sorted(entries, key=lambda e: -e.error)
    shown = shown[:_MOST_BARS]
    _stack(axes, [entry.split for entry in shown], style, is_upright=True)
    axes.set(xlabel="element", ylabel="relative error", xticks=[])
    if len(shown) < len(entries):
        axes.set_title(f"the {len(shown)} worst of {counted(len(entries), 'element')}")
    _add_legend(axes, style)


# --- by law and by layer -------------------------------------------------------------------------
def _draw_laws(axes: Axes, report: AuditReport, style: Style) -> None:
    laws = list(report.errors.values())
    names = [law.law.replace("_", " ") for law in laws]
    errors, limits = [law.error for law in laws], [law.tolerance for law in laws]
    for i, law in enumerate(laws):
        if law.passed and law.split is not None:  # the tolerance is for this part
            names[i], errors[i] = f"{names[i]}, model's part", math.sqrt(law.split.model)
    draw_errors(axes, names, errors, limits, [law.passed for law in laws], style)


def _most(layers: Sequence[LayerError]) -> list[LayerError]:
    """Return the layers that add most, in the order of the calls."""
    order = sorted(range(len(layers)), key=lambda i: -layers[i].adds)[:_MOST_BARS]
    return [layers[i] for i in sorted(order)]


def _draw_layers(axes: Axes, layers: Sequence[LayerError], count: int, style: Style) -> None:
    """Draw the added errors as bars, and the errors of the outputs as diamonds."""
    _stack(axes, [layer.added for layer in layers], style)
    errors = [layer.error if math.isfinite(layer.error) else math.nan for layer in layers]
    axes.plot(
        errors, range(len(layers)), "D", color=style.blue, markersize=3.5, label="at its output"
    )
    limits = [layer.tolerance for layer in layers]
    axes.scatter(limits, range(len(layers)), marker="|", s=60, color=style.ink, label="tolerance")
    axes.set_yticks(range(len(layers)), [_name(layer) for layer in layers], fontsize=7.5)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel("relative error that the layer adds")
    if len(layers) < count:
        axes.set_title(f"the {len(layers)} of {count} layers that add most", pad=34)
    axes.grid(axis="x")
    _add_legend(axes, style, is_above=True)


def _name(layer: LayerError) -> str:
    text = f"{layer.name} {layer.kind}".strip()
    return text if len(text) <= _LONGEST_NAME else f"...{text[-_LONGEST_NAME:]}"


def _stack(
    axes: Axes, splits: Sequence[ErrorSplit], style: Style, *, is_upright: bool = False
) -> None:
    """Draw a bar per error, divided into its parts."""
    places = range(len(splits))
    starts = [0.0] * len(splits)
    for i, (name, role) in enumerate(_PARTS):
        color = getattr(style, role)
        lengths = [_parts(split)[i] for split in splits]
        if is_upright:
            axes.bar(places, lengths, bottom=starts, color=color, width=0.7, label=name)
        else:
            axes.barh(places, lengths, left=starts, color=color, height=0.7, label=name)
        starts = [start + length for start, length in zip(starts, lengths, strict=True)]


def _add_legend(axes: Axes, style: Style, *, is_above: bool = False) -> None:
    """Add a legend of all parts, also of those in areas without labels."""
    from matplotlib.patches import Patch

    handles, labels = axes.get_legend_handles_labels()
    missing = [(name, role) for name, role in _PARTS if name not in labels]
    extra = [Patch(color=getattr(style, role), label=name) for name, role in missing]
    shown = [*extra, *handles]
    if is_above:  # an area may fill the axes
        axes.legend(
            handles=shown, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=7.5
        )
    else:
        axes.legend(handles=shown, fontsize=7.5)
