"""Reports of checks: one result per law, with the elements of the largest error.

A law that does not apply is left out with a reason. A law has failed if the code of the subject
raises any exception during its check.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec

import torch
from torch import Tensor
from typing_extensions import override

from groupae._plugins import describe

__all__ = ["LawBook", "LawReport", "LawResult", "LawViolationError", "LeftOut", "run_laws"]


_Arguments = ParamSpec("_Arguments")


class LawViolationError(AssertionError):
    """Error for laws that do not hold.

    Example:
        >>> issubclass(LawViolationError, AssertionError)
        True
    """


@dataclasses.dataclass(frozen=True)
class LawResult:
    """Result of one law on all samples.

    Args:
        law: Name of the law.
        error: Largest error over the samples; NaN counts as infinite.
        tolerance: Largest error allowed.
        offending: Elements at the largest error.
        note: Description of the violation.

    Example:
        >>> LawResult("associativity", error=2e-7, tolerance=1e-5).passed
        True
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
class LeftOut:
    """Record of a law that does not apply.

    Args:
        law: Name of the law.
        reason: Reason, as the subject declares it: ``"has_log is False"``.

    Example:
        >>> LeftOut("exp_log", "the group is finite")
        LeftOut(law='exp_log', reason='the group is finite')
    """

    law: str
    reason: str

    @override
    def __str__(self) -> str:
        return f"{self.law:<16} left out: {self.reason}"


@dataclasses.dataclass(frozen=True)
class LawReport:
    """Results of all laws for one subject in one dtype.

    Args:
        subject: Name of the subject.
        dtype: Precision of the check.
        results: One entry per law.
        left_out: Laws that do not apply, with reasons.

    Example:
        >>> from groupae import SO2
        >>> from groupae.testing import check_group
        >>> report = check_group(SO2())
        >>> report.passed, report.worst.law in {result.law for result in report.results}
        (True, True)
    """

    subject: str
    dtype: torch.dtype
    results: tuple[LawResult, ...]
    left_out: tuple[LeftOut, ...] = ()

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
        """Result with the largest error in units of the tolerance."""
        return max(self.results, key=lambda result: result.in_tolerances)

    def __getitem__(self, law: str) -> LawResult:
        return next(result for result in self.results if result.law == law)

    @override
    def __str__(self) -> str:
        lines = [f"{self.subject} in {str(self.dtype).removeprefix('torch.')}"]
        return "\n".join([*lines, *(f"  {law}" for law in (*self.results, *self.left_out))])

    def raise_if_failed(self) -> None:
        """Raise unless every law holds.

        Raises:
            LawViolationError: If not; the message contains the whole report.
        """
        if not self.passed:
            raise LawViolationError(f"{', '.join(self.failures)} failed\n{self}")


def _told(error: Exception) -> str:
    """Return type and message of an exception, and its innermost frame outside torch."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = [f for f in frames if f.f_globals.get("__name__", "").partition(".")[0] != "torch"]
    code = own[-1].f_code
    return f"{describe(error)} (in {code.co_name} of {Path(code.co_filename).name})"


class LawBook:
    """Record of results while a check runs.

    Args:
        dtype: Precision of the check.
        error_growth: Factor by which the subject amplifies rounding errors.
    """

    def __init__(self, dtype: torch.dtype, error_growth: int = 1) -> None:
        self.dtype = dtype
        self.error_growth = error_growth
        self._results: dict[str, LawResult] = {}
        self._left_out: dict[str, LeftOut] = {}

    @property
    def tolerance(self) -> float:
        """Largest error allowed unless a law gives another: 64 eps times the error growth."""
        return 64 * torch.finfo(self.dtype).eps * self.error_growth

    def measure(
        self,
        law: str,
        errors: Tensor,
        *elements: Tensor,
        tolerance: float | None = None,
        note: str = "",
    ) -> None:
        """Record the largest of ``errors`` (one per sample), its elements and a note."""
        if errors.numel() == 0:
            return
        errors = errors.detach().double().flatten().abs()
        errors = torch.nan_to_num(errors, nan=math.inf, posinf=math.inf)
        worst = int(errors.argmax())
        offending = tuple(g[worst] for g in elements)
        allowed = self.tolerance if tolerance is None else tolerance
        self._record(LawResult(law, float(errors[worst]), allowed, offending, note))

    def require(self, law: str, holds: bool, note: str = "") -> None:
        """Record whether a law holds; ``note`` describes the violation."""
        error, note = (0.0, "") if holds else (math.inf, note)
        self._record(LawResult(law, error, self.tolerance, note=note))

    def leave_out(self, reason: str, *laws: str) -> None:
        """Record that laws do not apply, with the reason."""
        for law in laws:
            self._left_out.setdefault(law, LeftOut(law, reason))

    @contextlib.contextmanager
    def law(self, *laws: str) -> Iterator[None]:
        """Record an exception in the block as a failure of its laws."""
        try:
            yield
        except Exception as error:
            for law in laws:
                self.require(law, False, _told(error))

    def run(
        self,
        law: str,
        check: Callable[Concatenate[LawBook, _Arguments], None],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> None:
        """Run the check of one law, with this record as its first argument."""
        with self.law(law):
            check(self, *args, **kwargs)

    def _record(self, result: LawResult) -> None:
        """Keep the largest of several errors of one law."""
        known = self._results.get(result.law)
        if known is None or result.in_tolerances > known.in_tolerances:
            self._results[result.law] = result

    def report(self, subject: str) -> LawReport:
        """Return the report; a law with any result counts as applied."""
        left_out = (law for name, law in self._left_out.items() if name not in self._results)
        return LawReport(subject, self.dtype, tuple(self._results.values()), tuple(left_out))


def run_laws(
    subject: Callable[[], str], dtype: torch.dtype, check: Callable[[LawBook], None]
) -> LawReport:
    """Return the report of a check; an exception outside all laws is a failure of ``runs``.

    Args:
        subject: Function that returns the name of the subject; it may raise.
        dtype: Precision of the check.
        check: Function that records the laws.
    """
    book, name = LawBook(dtype), "unnamed"
    with book.law("runs"):
        name = subject()
        check(book)
    return book.report(name)
