"""Figure of a world model's audit: drift over the steps, and errors of its laws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from groupae.viz.figures import draw_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from groupae.testing.world_models import WorldModelReport

__all__ = ["plot_world_model"]

_CURVES: dict[str, tuple[str, dict[str, Any]]] = {
    "codes": ("codes of the rollout", {"color": "C0"}),
    "still": ("codes of the start", {"color": "0.55", "linewidth": 1.0}),
    "pictures": ("decoded pictures", {"color": "C1"}),
    "reconstruction": ("decoded truth", {"color": "C1", "linewidth": 1.0, "linestyle": ":"}),
}
_LEAST = 1e-8  # errors below are rounding, and would make the axis long


def plot_world_model(report: WorldModelReport) -> Figure:
    """Return a figure of a world model's audit: drift on the left, laws on the right.

    The shade contains four of five trajectories. The dashed line is the tolerance; the dotted one
    is the length of a trajectory, beyond which it is walked back and forth.

    Args:
        report: Result of `groupae.testing.world_models.audit_world_model`.

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

    wide = {"width_ratios": [3, 2]}
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), gridspec_kw=wide)
    _draw_drift(left, report)
    draw_errors(
        right,
        [law.law for law in report.laws],
        [law.error for law in report.laws],
        [law.tolerance for law in report.laws],
        [law.passed for law in report.laws],
    )
    verdict = f"failed {', '.join(report.failures)}" if report.failures else "passed"
    right.set_title(f"{report.model}: {verdict}", fontsize=9)
    figure.tight_layout()
    return figure


def _draw_drift(axes: Axes, report: WorldModelReport) -> None:
    """Draw the curves, on logarithmic axes."""
    for name, curve in report.curves.items():
        label, style = _CURVES[name]
        low, error, high = (
            [max(e, _LEAST) if math.isfinite(e) else math.nan for e in part]
            for part in (curve.low, curve.error, curve.high)
        )
        marker = "o" if len(curve.steps) < 2 else ""
        axes.plot(curve.steps, error, label=label, marker=marker, **style)
        if name in ("codes", "pictures"):
            axes.fill_between(curve.steps, low, high, color=style["color"], alpha=0.15, lw=0)
    axes.axhline(report.tolerance, color="0.3", linewidth=0.8, linestyle="--", label="tolerance")
    axes.axvline(report.length, color="0.3", linewidth=0.8, linestyle=":", label="end of the data")
    axes.set(xscale="log", yscale="log", xlabel="steps", ylabel="relative error")
    if report.curves:
        axes.set_title(f"codes: {report.drift}", fontsize=9)
        axes.legend(fontsize=7, framealpha=0.9)
        bottom = min(min(curve.error) for curve in report.curves.values())
        axes.set_ylim(bottom=max(min(bottom, report.tolerance) / 3, _LEAST))
    axes.grid(alpha=0.3)
