"""Public table of the benchmark: our results and those handed in, per data set and split."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from groupae._validation import expected
from groupae.experiments.bench.board_row import BoardRow
from groupae.experiments.bench.fields import BenchFileError
from groupae.experiments.bench.result import BenchResult, Condition, TaskKey
from groupae.experiments.bench.submission import Submission
from groupae.metrics.registry import MODEL_SCORES, SCORES

__all__ = ["Board", "BoardTable"]

_LOWER_IS_BETTER = {s.name for s in (*SCORES.values(), *MODEL_SCORES.values()) if s.lower_is_better}


@dataclasses.dataclass(frozen=True)
class BoardTable:
    """All models on one task, best first outside the trained elements.

    Args:
        task: The task; its budget is that of the first result.
        rows: The models.
    """

    task: TaskKey
    rows: tuple[BoardRow, ...]

    @property
    def score(self) -> str:
        """Name of the score that conditions are compared by."""
        return self.rows[0].score

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Conditions of the task."""
        return tuple(entry.condition for entry in self.rows[0].results[0].conditions)

    @property
    def budgets(self) -> tuple[float, ...]:
        """Processor minutes of a training, each budget once."""
        return tuple(sorted({row.budget for row in self.rows}))

    def best(self, side: str) -> set[str]:
        """Return models that are better than all others of the same budget.

        A model is better than another if their 95 % intervals over seeds and pairs do not overlap.
        So none is best alone, or beside one with a single seed; nor is one that is over budget.

        Args:
            side: ``"inside"`` or ``"outside"``.
        """
        found = set()
        for budget in self.budgets:
            within = [row for row in self.rows if row.budget == budget and not row.is_over_budget]
            rivals = [(row.model, getattr(row, side)) for row in within]
            limits = {name: entry.limits for name, entry in rivals if entry is not None}
            if len(limits) > 1 and (name := _winner(limits, self.score)) is not None:
                found.add(name)
        return found

    def data(self) -> dict[str, Any]:
        """Return the table as plain data."""
        return {
            "dataset": self.task.dataset,
            "split": self.task.split,
            "size": self.task.size,
            "pixels": self.task.pixels,
            "best_inside": sorted(self.best("inside")),
            "best_outside": sorted(self.best("outside")),
            "models": [row.data() for row in self.rows],
        }


@dataclasses.dataclass(frozen=True)
class Board:
    """Tables of all tasks, and the results that are missing.

    Args:
        tables: Tables by data set and split.
        missing: Sentences about results that are asked for and not there.
        left_out: Reasons why a model, or a split, does not apply, by task or task and model.
        submissions: Results of others, for their sources.
        facts: Circumstances, name to text.

    Example:
        >>> from groupae.experiments.bench.result import ConditionResult, ScoreResult
        >>> task = TaskKey("glyphs", "steps", "small", 28, 5.0)
        >>> near = Condition("10 deg", 10.0, "deg", True)
        >>> far = Condition("90 deg", 90.0, "deg", False)
        >>> found = (
        ...     ConditionResult(near, {"psnr": ScoreResult(30.0, 29.0, 31.0, 9)}),
        ...     ConditionResult(far, {"psnr": ScoreResult(20.0, 19.0, 21.0, 9)}),
        ... )
        >>> result = BenchResult(task, "mine", 0, found, {}, 9, 5, 300.0, {})
        >>> board = Board.of([result])
        >>> board.tables[0].rows[0].error_ratio[0]
        10.0
    """

    tables: tuple[BoardTable, ...]
    missing: tuple[str, ...] = ()
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    submissions: tuple[Submission, ...] = ()
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        results: Sequence[BenchResult],
        submissions: Sequence[Submission] = (),
        *,
        asked: Collection[tuple[str, str, str, int]] | None = None,
        left_out: Mapping[str, str] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Board:
        """Return the board of results and submissions.

        Args:
            results: Our results.
            submissions: Results of others.
            asked: Data set, split, model and seed of each result that should be there; unless
                given, all models on all tasks with all seeds of ``results``.
            left_out: Reasons why something does not apply, by ``data/split`` or
                ``data/split: model``; it is not missing then.
            facts: Circumstances, name to text.

        Raises:
            BenchFileError: If results of one task differ in conditions or have no score in common.
        """
        authors = {entry.model: entry.authors for entry in submissions}
        every = [*results, *(result for entry in submissions for result in entry.results)]
        groups: dict[tuple[str, str, str, int | None], list[BenchResult]] = {}
        for result in every:
            task = result.task
            key = (task.dataset, task.split, task.size, task.pixels)
            groups.setdefault(key, []).append(result)
        left_out = left_out or {}
        datasets = list(dict.fromkeys(dataset for dataset, *_ in groups))
        ordered = sorted(groups, key=lambda key: datasets.index(key[0]))
        return cls(
            tuple(_table(groups[key], authors) for key in ordered),
            tuple(_missing(every, _all(results) if asked is None else asked, left_out)),
            left_out,
            tuple(submissions),
            facts or {},
        )

    def data(self) -> dict[str, Any]:
        """Return the board as plain data."""
        names = ("model", "authors", "source", "code")
        return {
            "groupae_bench": 1,
            "facts": dict(self.facts),
            "tables": [table.data() for table in self.tables],
            "missing": list(self.missing),
            "left_out": dict(self.left_out),
            "submissions": [{n: getattr(s, n) for n in names} for s in self.submissions],
        }


# --- tables --------------------------------------------------------------------------------------
def _table(results: Sequence[BenchResult], authors: Mapping[str, str]) -> BoardTable:
    score = _common_score(results)
    by_model: dict[tuple[str, float], list[BenchResult]] = {}
    for result in results:
        by_model.setdefault((result.model, result.task.cpu_minutes), []).append(result)
    rows = [
        BoardRow(name, tuple(sorted(found, key=lambda r: r.seed)), score, authors.get(name, ""))
        for (name, _), found in by_model.items()
    ]
    rows.sort(key=lambda row: (-_goodness(row), row.model))
    return BoardTable(results[0].task, tuple(rows))


def _common_score(results: Sequence[BenchResult]) -> str:
    """Return the first score that all conditions of all results have, which are the same ones."""
    first = results[0]
    owner = f"groupae bench, {first.task.name}"
    conditions = [entry.condition for entry in first.conditions]
    for result in results:
        if [entry.condition for entry in result.conditions] != conditions:
            what = f"the conditions of {first.model} with seed {first.seed} from all results"
            got = f"others from {result.model} with seed {result.seed}"
            raise BenchFileError(expected(owner, what, got, "train it again"))
    entries = [entry for result in results for entry in result.conditions]
    for name in entries[0].scores:
        if all(name in entry.scores for entry in entries):
            return name
    got = "; ".join(sorted({", ".join(entry.scores) for entry in entries}))
    raise BenchFileError(expected(owner, "a score that all conditions of all results have", got))


def _goodness(row: BoardRow) -> float:
    estimate = row.outside or row.inside
    mean = estimate.mean if estimate else 0.0
    return -mean if row.score in _LOWER_IS_BETTER else mean


def _winner(limits: Mapping[str, tuple[float, float] | None], score: str) -> str | None:
    """Return the model whose interval is better than, and apart from, all others."""
    known = {name: found for name, found in limits.items() if found is not None}
    if len(known) < len(limits):
        return None
    sign = -1 if score in _LOWER_IS_BETTER else 1
    worst = {name: min(sign * low, sign * high) for name, (low, high) in known.items()}
    best = {name: max(sign * low, sign * high) for name, (low, high) in known.items()}
    name = max(worst, key=lambda name: worst[name])
    return name if all(worst[name] > best[other] for other in best if other != name) else None


# --- missing results -----------------------------------------------------------------------------
def _all(results: Sequence[BenchResult]) -> set[tuple[str, str, str, int]]:
    tasks = {(result.task.dataset, result.task.split) for result in results}
    models, seeds = {result.model for result in results}, {result.seed for result in results}
    return {(*task, model, seed) for task in tasks for model in models for seed in seeds}


def _missing(
    results: Sequence[BenchResult],
    asked: Collection[tuple[str, str, str, int]],
    left_out: Mapping[str, str],
) -> Iterator[str]:
    """Yield one sentence per model and task with the seeds that are asked for and not there."""
    there = {(r.task.dataset, r.task.split, r.model, r.seed) for r in results}
    lacking: dict[tuple[str, str], list[int]] = {}
    for dataset, split, model, seed in sorted(set(asked) - there):
        lacking.setdefault((f"{dataset}/{split}", model), []).append(seed)
    for (task, model), seeds in lacking.items():
        if task not in left_out and f"{task}: {model}" not in left_out:
            plural = "s" if len(seeds) > 1 else ""
            yield f"{task}: {model}, seed{plural} {', '.join(map(str, seeds))}"
