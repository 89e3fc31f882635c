"""Report of an audit: errors by law, by layer and by element, as plain data."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from groupae._printable import counted
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.report import LawViolationError

__all__ = ["AuditReport", "AuditedLaw", "ElementError", "LayerError"]


@dataclasses.dataclass(frozen=True)
class AuditedLaw:
    """Error of one law.

    Args:
        law: Name of the law.
        error: Relative error: root mean square over the samples and elements, in units of the
            standard deviation of the outputs. Infinite if the function returns no numbers.
        tolerance: Largest error allowed.
        split: Parts of the squared error, where the law can be split.
        note: Description of the violation; empty if there is none.
        passed: Whether the law holds.

    Example:
        >>> AuditedLaw("equivariance", error=3e-7, tolerance=1e-5).passed
        True
    """

    law: str
    error: float
    tolerance: float
    split: ErrorSplit | None = None
    note: str = ""
    passed: bool = True

    @override
    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        line = f"{self.law:<20} {self.error:9.2e}  (allowed {self.tolerance:.1e})  {verdict}"
        if self.split is not None and self.split.total > 0:
            line += f"\n    of its square: {_shares(self.split)}"
        return f"{line}\n    {self.note}" if self.note else line


def _shares(split: ErrorSplit) -> str:
    """Return the three parts in percent of the total."""
    if not math.isfinite(split.total):
        return "not finite"
    names = ("resampling", "discretisation", "model")
    return ", ".join(f"{name} {getattr(split, name) / split.total:.0%}" for name in names)


@dataclasses.dataclass(frozen=True)
class LayerError:
    """Error of the output of one layer.

    Args:
        name: Name of the module, with the number of the call if it is called several times and
            the part of its output if that has several; ``"(output)"`` is what the function
            returns.
        kind: Class of the module.
        action: Text of the action on its output.
        source: Origin of the action: ``"given"``, ``"fitted"``, or ``"output"`` for the action
            on what the function returns.
        error: Relative error of its output in the unchanged network: it contains the errors of
            all layers before.
        adds: Relative error that the layer adds, less what interpolation explains: that of its
            output when everything before it is transformed exactly, for a layer with a known
            action.
        added: Parts of the squared error that the layer adds.
        tolerance: Largest part of the model allowed.
        approximate_tolerance: Largest part of discretisation allowed.

    Example:
        >>> split = ErrorSplit(model=0.1)
        >>> layer = LayerError("conv", "Conv2d", "grid", "fitted", 0.1, 0.1, split, tolerance=1e-5)
        >>> layer.is_faulty
        True
    """

    name: str
    kind: str
    action: str
    source: str
    error: float
    adds: float
    added: ErrorSplit
    tolerance: float
    approximate_tolerance: float = 0.1

    @property
    def is_faulty(self) -> bool:
        """Whether the part of the model is above its tolerance."""
        return not math.sqrt(self.added.model) <= self.tolerance

    @property
    def passed(self) -> bool:
        """Whether the layer adds no more than the tolerances."""
        between = math.sqrt(self.added.discretisation)
        return not self.is_faulty and between <= self.approximate_tolerance


@dataclasses.dataclass(frozen=True)
class ElementError:
    """Error at one element.

    Args:
        element: Coordinates of the element, flattened.
        angle: Rotation angle in radians, where the element is a rotation.
        axis: Unit vector of the rotation in space, where there is one and the angle is not 0.
        is_reflection: Whether the element reverses orientation, where that is defined.
        is_exact: Whether the actions move the data without interpolation.
        split: Parts of the squared error.

    Example:
        >>> split = ErrorSplit(model=0.1)
        >>> ElementError((0.5,), 0.5, None, is_reflection=False, is_exact=False, split=split).angle
        0.5
    """

    element: tuple[float, ...]
    angle: float | None
    axis: tuple[float, float, float] | None
    is_reflection: bool
    is_exact: bool
    split: ErrorSplit

    @property
    def error(self) -> float:
        """Relative error."""
        return self.split.error


@dataclasses.dataclass(frozen=True)
class AuditReport:
    """Result of `groupae.audit`.

    Args:
        subject: Name of the function.
        group: Name of the group.
        action_in: Text of the action on the inputs.
        action_out: Text of the action on the outputs; it says if it was fitted.
        samples: Number of inputs.
        errors: The laws by name: ``equivariance``, ``identity``, ``composition``,
            ``input_action``, ``batch_independence``, ``no_mutation``, ``deterministic``,
            ``finite``.
        layers: One row per layer, in the order of the calls.
        by_element: One entry per element. For rotations of the plane a curve over ``angle``, for
            those of space a map over ``axis``.
        left_out: Laws and layers that were not audited, with reasons.
        notes: Choices and assumptions of the audit.
        is_constant: Whether the outputs do not vary at all over the samples: then they are
            invariant, trivially.
        passes: Number of calls of the function.
        seconds: Duration.

    Example:
        >>> import torch
        >>> from groupae import SO3, audit
        >>> rho = SO3().rep("2x0 + 3x1")
        >>> report = audit(torch.nn.Linear(11, 11), rho, rho, torch.randn(32, 11))
        >>> report.passed, report.failures, report.worst_layer.name
        (False, ('equivariance',), 'Linear')
    """

    subject: str
    group: str
    action_in: str
    action_out: str
    samples: int
    errors: Mapping[str, AuditedLaw]
    layers: tuple[LayerError, ...] = ()
    by_element: tuple[ElementError, ...] = ()
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    is_constant: bool = False
    passes: int = 0
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every law holds."""
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the laws that do not hold."""
        return tuple(law.law for law in self.errors.values() if not law.passed)

    @property
    def worst_layer(self) -> LayerError | None:
        """The layer that adds most, the first of several; ``None`` if all are within tolerance.

        Errors at exact elements go before those between them. A layer whose action was fitted
        counts only if the function itself is not equivariant: a network may well use codes on
        which the group does not act linearly.
        """
        law = self.errors.get("equivariance")
        fits_count = law is None or not law.passed
        failed = [row for row in self.layers if not row.passed]
        failed = [row for row in failed if fits_count or row.source != "fitted"]
        return max(failed, key=lambda row: (row.is_faulty, row.adds), default=None)

    @property
    def worst_element(self) -> ElementError | None:
        """The element of the largest error; ``None`` if there are no elements."""
        return max(self.by_element, key=lambda entry: entry.error, default=None)

    @property
    def left_out_lines(self) -> tuple[str, ...]:
        """What was left out and why, one line per reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            names.setdefault(reason, []).append(name)
        return tuple(f"{', '.join(some)} left out: {reason}" for reason, some in names.items())

    def raise_if_failed(self) -> None:
        """Raise unless every law holds.

        Raises:
            LawViolationError: If not; the message contains the whole report.
        """
        if not self.passed:
            raise LawViolationError(f"{', '.join(self.failures)} failed\n{self}")

    @override
    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        if self.is_constant:
            verdict += ", but the outputs are constant"
        lines = [
            f"audit of {self.subject} under {self.group}: {verdict}",
            f"  inputs {self.action_in}; outputs {self.action_out}",
            f"  {counted(self.samples, 'sample')}, {counted(len(self.by_element), 'element')}, "
            f"{counted(self.passes, 'call')}, "
            f"{self.seconds:.1f} s",
            *(_indented(law) for law in self.errors.values()),
            *self._layer_lines(),
            *(f"  {line}" for line in self.left_out_lines),
            *(f"  note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)

    def _layer_lines(self) -> list[str]:
        """Return the table of layers, with the worst one marked."""
        if not self.layers:
            return []
        width = max(len(layer.name) for layer in self.layers)
        kinds = max(len(layer.kind) for layer in self.layers)
        lines = [f"  {'layer':<{width}}  {'':<{kinds}}     error      adds"]
        for layer in self.layers:
            mark = "  <- worst" if layer is self.worst_layer else ""
            lines.append(
                f"  {layer.name:<{width}}  {layer.kind:<{kinds}} {layer.error:9.2e} "
                f"{layer.adds:9.2e}  {layer.source}: {layer.action}{mark}"
            )
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready data; numbers that are not finite become text."""
        data = dataclasses.asdict(self)
        worst = self.worst_layer
        data.update(passed=self.passed, worst_layer=worst.name if worst else None)
        plain: dict[str, Any] = _plain(data)
        return plain

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)


def _indented(law: AuditedLaw) -> str:
    return "\n".join(f"  {line}" for line in str(law).splitlines())


def _plain(data: Any) -> Any:
    """Return data with lists for tuples and text for numbers that are not finite."""
    if isinstance(data, Mapping):
        return {key: _plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_plain(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return str(data)
    return data
