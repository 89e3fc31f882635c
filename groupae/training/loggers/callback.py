"""Callback that feeds a logger, and the protocol of loggers."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.training.callbacks import Callback, TrainingState

__all__ = ["LoggerCallback", "MetricsLogger"]


@runtime_checkable
class MetricsLogger(Protocol):
    """Protocol of loggers, a part of ``lightning_fabric.loggers.Logger``.

    Two more methods are called if a logger has them: ``log_hyperparams(params)`` before the first
    metrics, and ``resume(step)`` at the start of a resumed training, before anything is logged. The
    latter drops what was logged after ``step``, or ignores it when it is logged again.

    Example:
        >>> class Print:
        ...     def log_metrics(self, metrics, step=None):
        ...         print(step, metrics)
        ...     def finalize(self, status):
        ...         print(status)
        >>> logger: MetricsLogger = Print()
        >>> logger.log_metrics({"psnr": 30.0}, step=100)
        100 {'psnr': 30.0}
    """

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Log metrics of a step."""

    def finalize(self, status: str) -> None:
        """End the log; the status is ``"success"``, ``"failed"`` or ``"aborted"``."""


class LoggerCallback(Callback):
    """Loss terms, learning rate, validation scores and seconds for a logger.

    They have the names of ``metrics.jsonl``. Until the logger has accepted its first metrics, its
    errors end the training, as a setting is wrong. After that they do not: a warning names the
    first one and the training goes on, without the metrics of that step.

    It belongs before `KeepSnapshots` in the list of callbacks: a snapshot then has no step that is
    not logged, even if the process is killed between the two.

    Args:
        logger: One from `get_logger`, one of lightning-fabric or Lightning, or any
            `MetricsLogger`.
        every: Steps between loss terms.
        hyperparameters: Settings for ``logger.log_hyperparams``, which it must have then.

    Raises:
        TypeError: If the logger lacks a method.
        ValueError: If ``every`` is not at least 1.

    Example:
        >>> class Printed:
        ...     def log_metrics(self, metrics, step=None):
        ...         print(step, metrics)
        ...
        ...     def finalize(self, status):
        ...         print(status)
        >>> listener = LoggerCallback(Printed(), every=1)
    """

    def __init__(
        self,
        logger: MetricsLogger,
        *,
        every: int = 20,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> None:
        check_count("LoggerCallback", "every", every)
        needed = ["log_metrics", "finalize"]
        needed += [] if hyperparameters is None else ["log_hyperparams"]
        for name in needed:
            if isinstance(logger, type) or not callable(getattr(logger, name, None)):
                got = getattr(logger, "__name__", type(logger).__name__)
                remedy = "get_logger('csv', folder) makes one"
                what = f"an object with {name}() as logger"
                raise TypeError(expected("LoggerCallback", what, got, remedy))
        self.logger, self.every, self.hyperparameters = logger, every, hyperparameters
        self._begin()

    def _begin(self) -> None:
        self._metrics: dict[str, float] = {}
        self._has_logged = self._has_failed = self._is_interrupted = False
        self._last_step = -1

    @override
    def on_start(self, state: TrainingState) -> None:
        """Resume the log of a resumed training."""
        self._begin()
        resume = getattr(self.logger, "resume", None)
        if state.scores and callable(resume):
            resume(state.step)
        if self.hyperparameters is not None:
            logger: Any = self.logger  # checked to have the method
            logger.log_hyperparams(dict(self.hyperparameters))

    @override
    def on_step(self, state: TrainingState) -> None:
        """Take the loss terms and the learning rate."""
        if state.step % self.every == 0:
            self._metrics |= {"learning_rate": state.learning_rate, **state.terms}

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Take the validation score."""
        self._metrics[f"validation_{state.score.name}"] = state.validation_score

    @override
    def on_step_end(self, state: TrainingState) -> None:
        """Log all that was taken at this step."""
        if self._metrics:
            if state.step != self._last_step:
                self._metrics["seconds"] = round(state.seconds, 3)
            metrics, self._metrics = self._metrics, {}
            self._last_step = state.step
            with self._errors_shown(state):
                self.logger.log_metrics(metrics, step=state.step)
                self._has_logged = True

    @override
    def on_interrupt(self, state: TrainingState) -> None:
        """Remember the interruption for the status."""
        self._is_interrupted = True

    @override
    def on_end(self, state: TrainingState) -> None:
        """Log the last validation, and end the log."""
        self.on_step_end(state)
        status = "aborted" if self._is_interrupted else "failed"
        with self._errors_shown(state):
            self.logger.finalize("success" if state.is_finished else status)

    @contextlib.contextmanager
    def _errors_shown(self, state: TrainingState) -> Iterator[None]:
        """Turn an error of a logger that has worked into a warning, once."""
        try:
            yield
        except Exception as error:
            if not self._has_logged:
                raise
            if not self._has_failed:
                self._has_failed = True
                owner = type(self.logger).__name__
                got = f"{type(error).__name__}: {error}"
                remedy = "the training goes on, and later errors of this logger are not shown"
                what = f"metrics of step {state.step} to be logged"
                warnings.warn(expected(owner, what, got, remedy), stacklevel=2)
