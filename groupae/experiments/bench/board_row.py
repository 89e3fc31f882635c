"""Row of the public table: one model on one task, over all its seeds."""

from __future__ import annotations

import dataclasses
import math
import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from groupae.experiments.bench.result import BenchResult, Condition
from groupae.experiments.bench.seed_estimate import SeedEstimate

__all__ = ["BoardRow", "is_in_decibels"]

_PRODUCT = re.compile(r"product of \d+")
_DECIBELS = {"psnr", "own_psnr", "seen_psnr", "snr", "atom_snr", "relative_snr"}


def is_in_decibels(score: str) -> bool:
    """Return whether a score is -10 log10 of a mean squared error, up to a constant.

    Example:
        >>> is_in_decibels("psnr"), is_in_decibels("ssim")
        (True, False)
    """
    return score in _DECIBELS


_TOLERATED = 1.25  # of the budget; the last step and a validation end after it


@dataclasses.dataclass(frozen=True)
class BoardRow:
    """One model on one task.

    Args:
        model: Name of the model.
        results: Its results, one per seed, ordered by seed.
        score: Name of the score that conditions are compared by.
        handed_in_by: Authors of a submission; empty for results of groupae itself.
    """

    model: str
    results: tuple[BenchResult, ...]
    score: str
    handed_in_by: str = ""

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the trainings."""
        return tuple(result.seed for result in self.results)

    @property
    def budget(self) -> float:
        """Processor time of a training, in minutes."""
        return self.results[0].task.cpu_minutes

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return self.results[0].parameters

    @property
    def cpu_seconds(self) -> float:
        """Mean processor time of the trainings."""
        return statistics.fmean(result.cpu_seconds for result in self.results)

    @property
    def is_over_budget(self) -> bool:
        """Whether trainings took a quarter more processor time than the budget, or yet more."""
        return self.cpu_seconds > 60 * _TOLERATED * self.budget

    # --- scores ---------------------------------------------------------------------------------
    def estimate(self, is_of: Callable[[Condition], bool]) -> SeedEstimate | None:
        """Return the mean over the conditions that are asked for; ``None`` if there are none."""
        found = [
            [entry.scores[self.score] for entry in result.conditions if is_of(entry.condition)]
            for result in self.results
        ]
        return SeedEstimate.of_scores(found) if found[0] else None

    @property
    def inside(self) -> SeedEstimate | None:
        """Score inside the trained elements, mean over conditions."""
        return self.estimate(lambda condition: condition.is_inside)

    @property
    def outside(self) -> SeedEstimate | None:
        """Score outside the trained elements, mean over conditions."""
        return self.estimate(lambda condition: not condition.is_inside)

    def by_condition(self) -> Iterator[tuple[Condition, SeedEstimate]]:
        """Yield each condition with the score under it."""
        for i, entry in enumerate(self.results[0].conditions):
            scores = [[result.conditions[i].scores[self.score]] for result in self.results]
            yield entry.condition, SeedEstimate.of_scores(scores)

    @property
    def loss_outside(self) -> SeedEstimate | None:
        """Score inside less score outside, per seed, in decibels; ``None`` where it says nothing.

        Its interval over pairs takes those inside and outside to be independent. They are of the
        same originals, so the true one is narrower.
        """
        inside, outside = self.inside, self.outside
        if inside is None or outside is None or not is_in_decibels(self.score):
            return None
        losses = [
            _mean(result, self.score, True) - _mean(result, self.score, False)
            for result in self.results
        ]
        width = (inside.over_pairs**2 + outside.over_pairs**2) ** 0.5
        return SeedEstimate.of(losses, [width] * len(losses))

    @property
    def error_ratio(self) -> tuple[float, float | None, float | None] | None:
        """Squared error outside over inside, and the limits of its 95 % interval.

        The ratio of geometric means over pairs: scores are means of logarithms.
        """
        loss = self.loss_outside
        if loss is None:
            return None
        if loss.limits is None:
            return _ratio(loss.mean), None, None
        low, high = loss.limits
        return _ratio(loss.mean), _ratio(low), _ratio(high)

    @property
    def composition_loss(self) -> tuple[int, SeedEstimate] | None:
        """Score of the longest product less that of its steps in a row, and their number.

        ``None`` where a task does not ask for both. Its interval over pairs takes the two scores to
        be independent. They are of the same pairs, so the true one is narrower.
        """
        names = [entry.condition.name for entry in self.results[0].conditions]
        lengths = [int(name.split()[-1]) for name in names if _PRODUCT.fullmatch(name)]
        asked = [n for n in lengths if f"{n} steps" in names]
        if not asked:
            return None
        at_once, in_a_row = f"product of {max(asked)}", f"{max(asked)} steps"
        losses, widths = [], []
        for result in self.results:
            scores = {e.condition.name: e.scores[self.score] for e in result.conditions}
            losses.append(scores[at_once].mean - scores[in_a_row].mean)
            widths.append(math.hypot(scores[at_once].half_width, scores[in_a_row].half_width))
        return max(asked), SeedEstimate.of(losses, widths)

    def further(self) -> dict[str, SeedEstimate]:
        """Return the scores of the task as a whole that all seeds have."""
        names = [n for n in self.results[0].scores if all(n in r.scores for r in self.results)]
        return {
            name: SeedEstimate.of_scores([[r.scores[name]] for r in self.results]) for name in names
        }

    def data(self) -> dict[str, Any]:
        """Return the row as plain data."""
        ratio, low, high = self.error_ratio or (None, None, None)
        return {
            "model": self.model,
            "handed_in_by": self.handed_in_by,
            "seeds": list(self.seeds),
            "cpu_minutes": self.budget,
            "score": self.score,
            "inside": self.inside and self.inside.data(),
            "outside": self.outside and self.outside.data(),
            "error_ratio": {"ratio": ratio, "low": low, "high": high},
            "composition_loss": _composition_data(self.composition_loss),
            "conditions": [
                {
                    "name": c.name,
                    "value": c.value,
                    "unit": c.unit,
                    "inside": c.is_inside,
                    **estimate.data(),
                }
                for c, estimate in self.by_condition()
            ],
            "scores": {name: estimate.data() for name, estimate in self.further().items()},
            "parameters": self.parameters,
            "steps": statistics.fmean(result.steps for result in self.results),
            "cpu_seconds": self.cpu_seconds,
            "versions": _versions(self.results),
        }


def _mean(result: BenchResult, score: str, is_inside: bool) -> float:
    return statistics.fmean(
        entry.scores[score].mean
        for entry in result.conditions
        if entry.condition.is_inside is is_inside
    )


def _composition_data(found: tuple[int, SeedEstimate] | None) -> dict[str, Any] | None:
    return None if found is None else {"steps": found[0], **found[1].data()}


def _ratio(decibels: float) -> float:
    return float(10 ** (decibels / 10))


def _versions(results: Sequence[BenchResult]) -> dict[str, str]:
    """Return the versions of all results; several of one name are joined."""
    found: dict[str, set[str]] = {}
    for result in results:
        for name, version in result.versions.items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}
