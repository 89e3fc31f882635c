"""Figure of a world model's audit: drift over the steps, and errors of its laws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from groupae.viz.figures import contain, draw_errors
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupae.testing.world_models import WorldModelReport

__all__ = ["plot_world_model"]

_CURVES: dict[str, tuple[str, str, dict[str, Any]]] = {  # label, colour of the style, line
    "codes": ("codes of the rollout", "blue", {"linewidth": 1.6}),
    "still": ("codes of the start", "muted", {"linewidth": 1.0}),
    "pictures": ("decoded pictures", "vermillion", {"linewidth": 1.6, "linestyle": "--"}),
    "reconstruction": ("decoded truth", "vermillion", {"linewidth": 1.0, "linestyle": ":"}),
}
_LEAST = 1e-8  # errors below are rounding, and would make the axis long


def plot_world_model(report: WorldModelReport, *, theme: Theme = "light") -> Figure:
    """Return a figure of a world model's audit: drift above its laws.

    The shade contains four of five trajectories. The dashed line is the tolerance; the dotted one
    is the length of a trajectory, beyond which it is walked back and forth.

    Args:
        report: Result of `groupae.testing.world_models.audit_world_model`.
        theme: ``"light"`` or ``"dark"``.

    Example:
        >>> import torch
        >>> from groupae import SO2, VectorAction
        >>> from groupae.protocols import Trajectories
        >>> from groupae.testing.world_models import WorldModel, audit_world_model
        >>> act, g = VectorAction(SO2().rep("2x1")), SO2().grid(5)[:, None].float()
        >>> x = torch.randn(5, 4)
        >>> walks = Trajectories(torch.stack([x, act(g[:, 0], x)], 1), g, group=SO2())
        >>> world = WorldModel(lambda x: x, lambda z, g: act(g + 0.01, z))
        >>> figure = plot_world_model(audit_world_model(world, walks))
    """
    from matplotlib import pyplot as plt

    verdict = f"failed {', '.join(report.failures)}" if report.failures else "passed"
    height = 4.0 + 0.24 * len(report.laws)
    heights = {"height_ratios": [3.2, 0.8 + 0.24 * len(report.laws)]}
    with figure_style(theme, "plot_world_model") as style:
        figure, (top, below) = plt.subplots(2, 1, figsize=(WIDTH, height), gridspec_kw=heights)
        _draw_drift(top, report, style)
        draw_errors(
            below,
            [law.law for law in report.laws],
            [law.error for law in report.laws],
            [law.tolerance for law in report.laws],
            [law.passed for law in report.laws],
            style,
        )
        below.set_title(f"{report.model}: {verdict}")
        figure.tight_layout()
        contain(figure)
    return figure


def _draw_drift(axes: Axes, report: WorldModelReport, style: Style) -> None:
    """Draw the curves, on logarithmic axes."""
    for name, curve in report.curves.items():
        label, role, line = _CURVES[name]
        color = getattr(style, role)
        low, error, high = (
            [max(e, _LEAST) if math.isfinite(e) else math.nan for e in part]
            for part in (curve.low, curve.error, curve.high)
        )
        marker = "o" if len(curve.steps) < 2 else ""
        axes.plot(curve.steps, error, label=label, marker=marker, color=color, **line)
        if name in ("codes", "pictures"):
            axes.fill_between(curve.steps, low, high, color=color, alpha=0.15, lw=0)
    limit: dict[str, Any] = {"color": style.ink, "linewidth": 0.9}
    axes.axhline(report.tolerance, linestyle=(0, (6, 3)), label="tolerance", **limit)
    axes.axvline(report.length, linestyle=":", label="end of the data", **limit)
    axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="relative error")
    if report.curves:
        axes.set_title(f"codes: {report.drift}")
        axes.legend(fontsize=7.5, frameon=True, framealpha=0.85, edgecolor="none")
        bottom = min(min(curve.error) for curve in report.curves.values())
        axes.set_ylim(bottom=max(min(bottom, report.tolerance) / 3, _LEAST))
    axes.grid()
