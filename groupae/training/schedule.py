"""The budget of a training, and the learning rate over it."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator

from groupae.training.config import TrainingConfig

__all__ = ["Budget", "learning_rate_factor"]


class Budget:
    """How much of the budget is spent: by steps, or by the clock from the first step on.

    ``validating`` counts the seconds that went into validations.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self.steps = config.steps
        self.limit = config.minutes * 60
        self.validating = 0.0
        self._reserve = 0.0
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the budget was made."""
        return time.perf_counter() - self._start

    @contextlib.contextmanager
    def reserving(self) -> Iterator[None]:
        """Time a validation, and keep as much of the budget back for the last one."""
        before = self.seconds
        yield
        spent = self.seconds - before
        self.validating += spent
        self._reserve = min(spent, self.limit / 2)

    def progress(self, step: int) -> float:
        """Return the spent fraction before ``step``; 1 or more when nothing is left."""
        if self.steps is not None:
            return step / self.steps
        return self.seconds / (self.limit - self._reserve)


def learning_rate_factor(config: TrainingConfig, progress: float) -> float:
    """Return the rate over its peak: a linear rise, then a cosine to zero or no change."""
    if progress < config.warmup:
        return (progress + 1e-3) / (config.warmup + 1e-3)
    if config.decay == "none":
        return 1.0
    rest = (progress - config.warmup) / (1 - config.warmup)
    return 0.5 + 0.5 * math.cos(math.pi * min(rest, 1.0))
