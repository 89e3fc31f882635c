"""Estimates of scores with intervals, from one row of numbers per item.

A score is the mean of its items, or a smooth function of the means of several numbers per item,
such as the ratio of two sums. Its interval is bootstrapped: items are drawn with replacement, and
the interval holds the middle 95 % of the scores of the draws.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

__all__ = ["Combination", "Estimate", "bootstrap_interval"]

Combination = Callable[[Tensor], Tensor]
"""Function from means ``(..., k)`` of k numbers per item to the score, ``(...,)``."""

_LARGEST_DRAW = 2**22  # indices of items at a time, to bound the memory
_TAIL = 0.025  # share of the draws below the interval, and above it


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Score of a sample, with its 95 % interval.

    Args:
        mean: Mean over items, or the combination of means that the score is.
        half_width: Half width of the 95 % interval by the normal approximation.
        interval: Limits of the bootstrapped 95 % interval; ``None`` if it was not asked for.

    Example:
        >>> f"{Estimate.of(torch.tensor([20.0, 22.0, 24.0])):.1f}"
        '22.0 ± 2.3'
    """

    mean: float
    half_width: float
    interval: tuple[float, float] | None = None

    @classmethod
    def of(
        cls,
        scores: Tensor,
        *,
        combine: Callable[[Tensor], Tensor] | None = None,
        resamples: int = 0,
        seed: int = 0,
    ) -> Estimate:
        """Return the estimate from one row of numbers per item.

        Args:
            scores: Shape ``(n,)``, or ``(n, k)`` for a combination of k means.
            combine: The combination; the mean of all numbers unless given.
            resamples: Number of draws of the bootstrap; 0 for no interval.
            seed: Seed of the draws.

        Example:
            >>> errors = torch.tensor([[1.0, 4.0], [2.0, 4.0]])  # of a model, of a reference
            >>> Estimate.of(errors, combine=lambda means: 1 - means[..., 0] / means[..., 1]).mean
            0.625
        """
        scores = scores.detach().double()
        if combine is None:
            spread = float(scores.std()) if len(scores) > 1 else math.nan
            mean, half_width = float(scores.mean()), 1.96 * spread / math.sqrt(len(scores))
        else:
            mean, half_width = float(combine(scores.mean(0))), _jackknife(scores, combine)
        if not resamples:
            return cls(mean, half_width)
        limits = bootstrap_interval(scores, combine, resamples=resamples, seed=seed)
        return cls(mean, half_width, limits)

    def data(self) -> dict[str, float]:
        """Return mean and half width as plain data, as files of comparisons hold them."""
        return {"mean": self.mean, "half_width": self.half_width}

    @override
    def __format__(self, spec: str) -> str:
        return f"{self.mean:{spec}} ± {self.half_width:{spec}}"


def _jackknife(rows: Tensor, combine: Combination) -> float:
    """Return 1.96 standard errors of a combination of means, each item left out in turn."""
    n = len(rows)
    if n < 2:
        return math.nan
    without = combine((rows.sum(0) - rows) / (n - 1))
    variance = (without - without.mean()).square().sum() * (n - 1) / n
    return 1.96 * float(variance.sqrt())


def bootstrap_interval(
    rows: Tensor, combine: Combination | None = None, *, resamples: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """Return the limits of the 95 % interval of a mean, or of a combination of means.

    Args:
        rows: One number per item, shape ``(n,)``, or k of them, ``(n, k)``.
        combine: The combination of the k means; the mean itself unless given.
        resamples: Number of draws with replacement.
        seed: Seed of the draws.

    Returns:
        Lower and upper limit, the percentiles 2.5 and 97.5 of the draws; both NaN for one item.

    References:
        Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Example:
        >>> low, high = bootstrap_interval(torch.arange(100.0))
        >>> 42 < low < 46 < 53 < high < 57
        True
    """
    n, rows = len(rows), rows.detach().double().cpu()
    if n < 2:
        return math.nan, math.nan
    generator, step, found = torch.Generator().manual_seed(seed), max(_LARGEST_DRAW // n, 1), []
    for start in range(0, resamples, step):
        count = min(step, resamples - start)
        means = rows[torch.randint(n, (count, n), generator=generator)].mean(1)
        found.append(means if combine is None else combine(means))
    values = torch.cat(found)
    low, high = values.quantile(torch.tensor([_TAIL, 1 - _TAIL], dtype=values.dtype)).tolist()
    return low, high
