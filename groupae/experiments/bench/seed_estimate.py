"""Score over the seeds of a training, with 95 % intervals over seeds and over test pairs.

* Over seeds: Student's t interval of the scores of the seeds, n - 1 degrees of freedom. It says how
  much a training from other weights would differ; our trainings see the same pairs in the same
  order. With three seeds the factor is 4.3.
* Over pairs: the mean half width of the intervals of the seeds. All seeds are tested on the same
  pairs, so more seeds do not make it smaller. It says how much other test data would differ.
* Both: the root of the sum of both squares. One seed has no interval over seeds, so none over
  both.

Where several conditions are averaged, their half widths over pairs are averaged too, as if all
pairs moved together: the same originals are tested at each element.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Sequence

from groupae._validation import expected
from groupae.experiments.bench.result import ScoreResult

__all__ = ["SeedEstimate", "student_factor"]

# 97.5 % points of Student's t distribution with 1 to 10 degrees of freedom, three digits
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_NORMAL = 1.959964


def student_factor(seeds: int) -> float:
    """Return the 97.5 % point of Student's t distribution with ``seeds - 1`` degrees of freedom.

    Above ten degrees it is expanded about the normal one, to three digits.

    Raises:
        ValueError: If there are less than two seeds.

    Example:
        >>> student_factor(3), round(student_factor(31), 3)
        (4.303, 2.042)

    References:
        Abramowitz, Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    if seeds < 2:
        raise ValueError(expected("student_factor", "at least two seeds", seeds))
    n, x = seeds - 1, _NORMAL
    if n <= len(_STUDENT):
        return _STUDENT[n - 1]
    first, second = (x**3 + x) / 4, (5 * x**5 + 16 * x**3 + 3 * x) / 96
    third = (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384
    return x + first / n + second / n**2 + third / n**3


@dataclasses.dataclass(frozen=True)
class SeedEstimate:
    """Mean of a score over seeds.

    Args:
        mean: Mean over seeds.
        over_seeds: Half width of the 95 % interval over seeds; ``None`` with one seed.
        over_pairs: Half width of the 95 % interval over test pairs.
        seeds: Number of seeds.

    Example:
        >>> found = SeedEstimate.of([29.0, 29.4, 29.2], [0.3, 0.3, 0.3])
        >>> f"{found.mean:.1f} {found.over_seeds:.2f} {found.over_pairs:.2f} {found.both:.2f}"
        '29.2 0.50 0.30 0.58'
    """

    mean: float
    over_seeds: float | None
    over_pairs: float
    seeds: int

    @classmethod
    def of(cls, means: Sequence[float], half_widths: Sequence[float]) -> SeedEstimate:
        """Return the estimate from a mean and a half width over pairs per seed."""
        n = len(means)
        over_seeds = None
        if n > 1:
            over_seeds = student_factor(n) * statistics.stdev(means) / math.sqrt(n)
        return cls(statistics.fmean(means), over_seeds, statistics.fmean(half_widths), n)

    @classmethod
    def of_scores(cls, scores: Sequence[Sequence[ScoreResult]]) -> SeedEstimate:
        """Return the estimate of the mean over conditions, from one list of scores per seed."""
        means = [statistics.fmean(score.mean for score in found) for found in scores]
        widths = [statistics.fmean(score.half_width for score in found) for found in scores]
        return cls.of(means, widths)

    @property
    def both(self) -> float | None:
        """Half width of the 95 % interval over seeds and pairs; ``None`` with one seed."""
        return None if self.over_seeds is None else math.hypot(self.over_seeds, self.over_pairs)

    @property
    def limits(self) -> tuple[float, float] | None:
        """Limits of the 95 % interval over seeds and pairs; ``None`` with one seed."""
        both = self.both
        return None if both is None else (self.mean - both, self.mean + both)

    def data(self) -> dict[str, float | int | None]:
        """Return mean, half widths and limits as plain data."""
        low, high = self.limits or (None, None)
        return {**dataclasses.asdict(self), "low": low, "high": high}
