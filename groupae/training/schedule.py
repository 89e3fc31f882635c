"""Budget of a training, and the learning rate over it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping

from groupae.training.config import TrainingConfig

__all__ = ["Budget", "learning_rate_factor"]


class Budget:
    """Budget of a training in steps, or in time on a clock from the first step on.

    Clocks are monotonic: a change of the system's time has no effect.

    Args:
        config: The budget.
        clock: What an earlier part of the training spent, as `state_dict` returned it.

    Attributes:
        validating: Wall-clock seconds that went into validations.
    """

    def __init__(self, config: TrainingConfig, clock: Mapping[str, float] | None = None) -> None:
        self.steps: int | None = config.steps
        self._clock = time.perf_counter if config.cpu_minutes is None else time.process_time
        self.limit: float = (config.cpu_minutes or config.minutes) * 60
        before = clock or {}
        self.validating = before.get("validating", 0.0)
        self._reserve = before.get("reserve", 0.0)
        self._start = time.perf_counter() - before.get("seconds", 0.0)
        self._spent_before = self._clock() - before.get("spent", 0.0)

    def state_dict(self) -> dict[str, float]:
        """Return the seconds spent so far, for a later part of the training."""
        return {
            "seconds": self.seconds,
            "spent": self._spent,
            "validating": self.validating,
            "reserve": self._reserve,
        }

    @property
    def seconds(self) -> float:
        """Wall-clock seconds of the training so far."""
        return time.perf_counter() - self._start

    @property
    def _spent(self) -> float:
        """Seconds spent on the clock of the budget."""
        return self._clock() - self._spent_before

    @contextlib.contextmanager
    def reserving(self) -> Iterator[None]:
        """Measure the time of a validation, and reserve as much of the budget for the final one."""
        started, before = self.seconds, self._spent
        yield
        self.validating += self.seconds - started
        self._reserve = min(self._spent - before, self.limit / 2)

    def progress(self, step: int) -> float:
        """Return the spent fraction before ``step``; 1 or more when nothing is left."""
        if self.steps is not None:
            return step / self.steps
        return self._spent / (self.limit - self._reserve)


def learning_rate_factor(config: TrainingConfig, progress: float) -> float:
    """Return the rate relative to its peak: a linear rise, then a fall to zero or no change."""
    if progress < config.warmup:
        return (progress + 1e-3) / (config.warmup + 1e-3)
    if config.decay == "none":
        return 1.0
    rest = (progress - config.warmup) / (1 - config.warmup)
    if config.decay == "linear":
        return max(0.0, 1.0 - rest)
    return 0.5 + 0.5 * math.cos(math.pi * min(rest, 1.0))
