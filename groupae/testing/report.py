"""What a check found: one result a law, with the elements that offended most."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor
from typing_extensions import override

__all__ = ["LawReport", "LawResult", "LawViolationError"]


class LawViolationError(AssertionError):
    """A law does not hold."""


@dataclasses.dataclass(frozen=True)
class LawResult:
    """One law on all samples.

    Args:
        law: Its name.
        error: Worst error over the samples; NaN counts as infinite.
        tolerance: What is allowed.
        offending: The elements at the worst error.
        note: What else there is to say of it.
    """

    law: str
    error: float
    tolerance: float
    offending: tuple[Tensor, ...] = ()
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance."""
        return self.error <= self.tolerance

    @property
    def in_tolerances(self) -> float:
        """Error over tolerance, at most 1 if the law holds."""
        return self.error / self.tolerance if self.tolerance else self.error

    @property
    def evidence(self) -> str:
        """The note and the offending elements, in one line; empty if there are none."""
        at = ", ".join(str(g.tolist()) for g in self.offending)
        return "; ".join(part for part in (self.note, f"at {at}" if at else "") if part)

    @override
    def __str__(self) -> str:
        verdict = "ok" if self.passed else "FAILED"
        line = f"{self.law:<16} {self.error:9.2e}  (allowed {self.tolerance:.1e})  {verdict}"
        return line if self.passed or not self.evidence else f"{line}\n    {self.evidence}"


@dataclasses.dataclass(frozen=True)
class LawReport:
    """All laws of one subject in one dtype.

    Args:
        subject: What was checked, as text.
        dtype: In which precision.
        results: One entry a law.
    """

    subject: str
    dtype: torch.dtype
    results: tuple[LawResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every law holds."""
        return not self.failures

    @property
    def failures(self) -> tuple[str, ...]:
        """Names of the laws that do not hold."""
        return tuple(result.law for result in self.results if not result.passed)

    @property
    def worst(self) -> LawResult:
        """The law with the largest error in units of its tolerance."""
        return max(self.results, key=lambda result: result.in_tolerances)

    def __getitem__(self, law: str) -> LawResult:
        return next(result for result in self.results if result.law == law)

    @override
    def __str__(self) -> str:
        lines = [f"{self.subject} in {str(self.dtype).removeprefix('torch.')}"]
        return "\n".join([*lines, *(f"  {result}" for result in self.results)])

    def raise_if_failed(self) -> None:
        """Raise unless every law holds.

        Raises:
            LawViolationError: With the whole report.
        """
        if not self.passed:
            raise LawViolationError(f"{', '.join(self.failures)} failed\n{self}")


class LawBook:
    """Collects results while a check runs."""

    def __init__(self, subject: object, dtype: torch.dtype, depth: int) -> None:
        self.subject = str(subject)
        self.dtype = dtype
        self.depth = depth
        self.tolerance = 64 * torch.finfo(dtype).eps * depth
        self._results: dict[str, LawResult] = {}

    def measure(
        self, law: str, errors: Tensor, *elements: Tensor, tolerance: float | None = None
    ) -> None:
        """Record the worst of ``errors`` (one a sample) and the elements there."""
        if errors.numel() == 0:
            return
        errors = errors.detach().double().flatten().abs()
        errors = torch.nan_to_num(errors, nan=math.inf, posinf=math.inf)
        worst = int(errors.argmax())
        offending = tuple(g[worst] for g in elements)
        allowed = self.tolerance if tolerance is None else tolerance
        self._record(LawResult(law, float(errors[worst]), allowed, offending))

    def require(self, law: str, holds: bool, note: str = "") -> None:
        """Record a law that holds or not, with nothing between; ``note`` says what is wrong."""
        error, note = (0.0, "") if holds else (math.inf, note)
        self._record(LawResult(law, error, self.tolerance, note=note))

    def _record(self, result: LawResult) -> None:
        """Keep the worst of several measurements of one law."""
        known = self._results.get(result.law)
        if known is None or result.in_tolerances > known.in_tolerances:
            self._results[result.law] = result

    def report(self) -> LawReport:
        """Return what was found."""
        return LawReport(self.subject, self.dtype, tuple(self._results.values()))
