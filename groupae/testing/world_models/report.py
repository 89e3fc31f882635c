"""Report of a world model's audit."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from typing_extensions import override

from groupae._printable import counted
from groupae.testing.report import LawResult, LeftOut

__all__ = ["DriftCurve", "WorldModelReport"]


@dataclasses.dataclass(frozen=True)
class DriftCurve:
    """Error against the number of steps.

    Args:
        steps: Numbers of steps, increasing.
        error: Root mean square error at each, relative to the spread of the truth: 0 if exact, 1
            for the mean of all data.
        low: The error that nine of ten trajectories exceed.
        high: The error that one of ten trajectories exceeds.

    Example:
        >>> curve = DriftCurve(steps=(1, 2), error=(0.1, 0.2), low=(0.1, 0.1), high=(0.2, 0.3))
        >>> curve.error[-1]
        0.2
    """

    steps: tuple[int, ...]
    error: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def at(self, step: int) -> float:
        """Return the error at a number of steps that the curve has.

        Raises:
            ValueError: If it has another.
        """
        return self.error[self.steps.index(step)]


@dataclasses.dataclass(frozen=True)
class WorldModelReport:
    """Results of `audit_world_model`; prints as a table.

    Args:
        model: Name of the model.
        group: Name of the group of its actions, if known.
        trajectories: Number of trajectories.
        length: Moves per trajectory; later steps go back and forth over it.
        tolerance: Largest relative error allowed.
        curves: Curves by name: ``"codes"`` (predicted against encoded), ``"still"`` (codes of the
            start, as if nothing had been done, over one trajectory), and with a decoder
            ``"pictures"`` and ``"reconstruction"`` (decoded codes of the truth, the least that can
            be had).
        laws: Laws with relative errors.
        left_out: Laws and curves that were not measured, with reasons.

    Example:
        >>> curve = DriftCurve(steps=(1, 2), error=(0.1, 0.2), low=(0.1, 0.2), high=(0.1, 0.2))
        >>> report = WorldModelReport("mine", None, 8, 2, 0.15, {"codes": curve}, laws=())
        >>> report.horizon
        1
    """

    model: str
    group: str | None
    trajectories: int
    length: int
    tolerance: float
    curves: dict[str, DriftCurve]
    laws: tuple[LawResult, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all laws, and the drift over one trajectory, are within the tolerance."""
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the laws that do not hold, and ``"drift"`` if codes drift too far."""
        failed = [law.law for law in self.laws if not law.passed]
        if "codes" not in self.curves:
            return tuple(failed)
        asked = min(self.length, self.curves["codes"].steps[-1])
        return (*failed, "drift") if self.horizon < asked else tuple(failed)

    @property
    def horizon(self) -> int:
        """Number of steps until codes are off by more than the tolerance; 0 if at once."""
        curve = self.curves["codes"]
        beyond = (s for s, e in zip(curve.steps, curve.error, strict=True) if e > self.tolerance)
        return next(beyond, curve.steps[-1] + 1) - 1

    @property
    def drift(self) -> str:
        """Errors of the codes after the first and the last step, in words; empty without codes."""
        if "codes" not in self.curves:
            return ""
        curve = self.curves["codes"]
        last = f", {curve.error[-1]:.2g} after {curve.steps[-1]}" if len(curve.steps) > 1 else ""
        return f"{curve.error[0]:.2g} after 1 step{last}"

    @property
    def growth(self) -> float:
        """Exponent p of the drift ``error ~ steps ** p``, NaN where there is none.

        1 if every step has the same bias, 0.5 if steps have independent errors, above 1 if errors
        amplify each other. A line through the logarithms of the errors in the first trajectory
        that are below 0.5; larger ones are near the spread and cannot grow further.
        """
        return _slope(self.curves["codes"], self.length)

    def __getitem__(self, law: str) -> LawResult:
        return next(result for result in self.laws if result.law == law)

    @override
    def __str__(self) -> str:
        by = f", actions of {self.group}" if self.group else ""
        many = counted(self.trajectories, "trajectory", "trajectories")
        lines = [f"{self.model}{by}: {many} of {counted(self.length, 'step')}"]
        lines += [f"  {law}" for law in (*self.laws, *self.left_out)]
        return "\n".join(lines + [f"  {line}" for line in self._drift()])

    def _drift(self) -> list[str]:
        """Return the table of the curves at a few steps, and their summary."""
        if "codes" not in self.curves:
            return []
        some = _few(self.curves["codes"].steps, self.length)
        lines = [f"{'steps':<16}" + "".join(f"{step:>10}" for step in some)]
        for name, curve in self.curves.items():
            cells = (f"{curve.at(s):10.2e}" if s in curve.steps else " " * 10 for s in some)
            lines.append(f"{name:<16}" + "".join(cells))
        grows = "" if math.isnan(self.growth) else f"; grows as steps^{self.growth:.2f}"
        within = f"within {self.tolerance:g} for {counted(self.horizon, 'step')}"
        return [*lines, f"{'drift':<16} {self.drift}; {within}{grows}"]

    def to_dict(self) -> dict[str, Any]:
        """Return all results as data for JSON; numbers that are not finite become text."""
        laws = {
            law.law: {
                "error": _plain(law.error),
                "tolerance": law.tolerance,
                "passed": law.passed,
                "note": law.note,
            }
            for law in self.laws
        }
        curves = {
            name: {
                "steps": list(curve.steps),
                **{k: [*map(_plain, getattr(curve, k))] for k in ("error", "low", "high")},
            }
            for name, curve in self.curves.items()
        }
        has_codes = "codes" in self.curves
        return {
            "model": self.model,
            "group": self.group,
            "trajectories": self.trajectories,
            "length": self.length,
            "tolerance": self.tolerance,
            "passed": self.passed,
            "horizon": self.horizon if has_codes else None,
            "growth": _plain(self.growth) if has_codes else None,
            "laws": laws,
            "left_out": {left.law: left.reason for left in self.left_out},
            "curves": curves,
        }

    def to_json(self) -> str:
        """Return all results as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)


def _plain(x: float) -> float | str:
    return x if math.isfinite(x) else str(x)


def _few(steps: tuple[int, ...], length: int) -> list[int]:
    """Return the powers of ten among steps, the length of a trajectory, and the last step."""
    wanted = {10**k for k in range(10)} | {length, steps[-1]}
    return [step for step in steps if step in wanted]


def _slope(curve: DriftCurve, length: int) -> float:
    points = [
        (math.log(step), math.log(error))
        for step, error in zip(curve.steps, curve.error, strict=True)
        if step <= length and 1e-9 < error < 0.5  # rounding and saturation have no slope
    ]
    if len(points) < 3:
        return math.nan
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    across = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return across / sum((x - mean_x) ** 2 for x, _ in points)
