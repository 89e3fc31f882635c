"""Result of one training on one task of the benchmark, evaluated under all conditions of the task.

A task is a data set and a split of it. A condition is one set of test pairs, such as turns by 60
degrees; it lies inside or outside the trained elements, originals or factors.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from groupae.experiments.bench.fields import BenchFields
from groupae.metrics.registry import MODEL_SCORES, SCORES

__all__ = ["UNITS", "BenchResult", "Condition", "ConditionResult", "ScoreResult", "TaskKey"]

FORMAT = 1
UNITS = ("deg", "steps", "originals", "order", "")
"""Units of the value of a condition."""

_ROUNDED = 1e-6  # relative; a mean and limits that were rounded separately may cross by as much


@dataclasses.dataclass(frozen=True)
class ScoreResult:
    """Score on the test pairs of a condition.

    Args:
        mean: Mean over items.
        low: Lower limit of its 95 % interval.
        high: Upper limit.
        count: Number of items, mostly pairs.

    Example:
        >>> ScoreResult(22.0, 21.5, 22.5, 500).half_width
        0.5
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        """Half of the width of the interval."""
        return (self.high - self.low) / 2

    @classmethod
    def read(cls, fields: BenchFields, limits: tuple[float, float] = (-math.inf, math.inf)) -> Self:
        """Return a score from its fields, its mean within ``limits``."""
        fields.check_names("mean", "low", "high", "count")
        mean = fields.number("mean", *limits)
        low, high = fields.number("low"), fields.number("high")
        slack = _ROUNDED * max(1.0, abs(mean))
        if not low - slack <= mean <= high + slack:
            what = f"{fields.place('low')} and high to enclose the mean {mean:g}"
            raise fields.error(what, f"{low:g} and {high:g}")
        return cls(mean, low, high, fields.integer("count", 1))

    def data(self) -> dict[str, Any]:
        """Return the score as plain data."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class TaskKey:
    """Data set, split and budget.

    Args:
        dataset: Name of the data set.
        split: Name of the split.
        size: Size of the data set: tiny, small or full.
        pixels: Height and width of pictures; ``None`` for data that are none.
        cpu_minutes: Processor time of a training on one thread, in minutes.
    """

    dataset: str
    split: str
    size: str
    pixels: int | None
    cpu_minutes: float

    @property
    def name(self) -> str:
        """Data set and split, such as ``glyphs/steps``."""
        return f"{self.dataset}/{self.split}"

    @classmethod
    def read(cls, fields: BenchFields) -> Self:
        """Return a task from its fields."""
        fields.check_names("dataset", "split", "size", "pixels", "cpu_minutes")
        return cls(
            fields.text("dataset"),
            fields.text("split"),
            fields.text("size"),
            None if fields.is_null("pixels") else fields.integer("pixels", 1),
            fields.number("cpu_minutes", 0),
        )


@dataclasses.dataclass(frozen=True)
class Condition:
    """Condition under which a model is tested.

    Args:
        name: Name, one per task, such as ``60 deg``.
        value: Place on the axis of a picture; ``None`` if the condition is no number.
        unit: Unit of the value, one of `UNITS`.
        is_inside: Whether the like of it was trained.
    """

    name: str
    value: float | None
    unit: str
    is_inside: bool


@dataclasses.dataclass(frozen=True)
class ConditionResult:
    """Scores under one condition.

    Args:
        condition: The condition.
        scores: Scores by name; the first is the one of the table.
    """

    condition: Condition
    scores: Mapping[str, ScoreResult]

    @classmethod
    def read(cls, fields: BenchFields) -> Self:
        """Return scores under a condition from their fields."""
        fields.check_names("name", "value", "unit", "inside", "scores")
        if (unit := fields.text("unit", may_be_empty=True)) not in UNITS:
            names = ", ".join(map(repr, UNITS))
            raise fields.error(f"{fields.place('unit')} to be one of {names}", repr(unit))
        value = None if fields.is_null("value") else fields.number("value")
        condition = Condition(fields.text("name"), value, unit, fields.flag("inside"))
        scores = _read_scores(fields.inner("scores"))
        if not scores:
            raise fields.error(f"{fields.place('scores')} to have at least one score", "none")
        return cls(condition, scores)

    def data(self) -> dict[str, Any]:
        """Return condition and scores as plain data."""
        given = dataclasses.asdict(self.condition)
        given["inside"] = given.pop("is_inside")
        return {**given, "scores": {name: score.data() for name, score in self.scores.items()}}


@dataclasses.dataclass(frozen=True)
class BenchResult:
    """Result of one training on one task.

    Args:
        task: The task.
        model: Name of the model.
        seed: Seed of the training.
        conditions: Scores under each condition of the task.
        scores: Scores of the task as a whole, by name, such as R2 of the relative pose.
        parameters: Number of weights.
        steps: Steps taken.
        cpu_seconds: Processor time of the training.
        versions: Versions of the software, by name.
        digest: SHA-256 of the settings of model and training, by which a finished result is known
            again; empty for results of others.

    Example:
        >>> score = {"mean": 29.4, "low": 29.1, "high": 29.7, "count": 500}
        >>> turned = {"name": "60 deg", "value": 60.0, "unit": "deg", "inside": False}
        >>> names = {"dataset": "glyphs", "split": "steps", "size": "small"}
        >>> result = BenchResult.from_data("mine.json", {
        ...     "format": 1, "task": {**names, "pixels": 28, "cpu_minutes": 5.0}, "model": "mine",
        ...     "seed": 0, "conditions": [{**turned, "scores": {"psnr": score}}], "scores": {},
        ...     "parameters": 9, "steps": 5, "cpu_seconds": 300.0, "versions": {}})
        >>> result.task.name, result.conditions[0].scores["psnr"].mean
        ('glyphs/steps', 29.4)
    """

    task: TaskKey
    model: str
    seed: int
    conditions: tuple[ConditionResult, ...]
    scores: Mapping[str, ScoreResult]
    parameters: int
    steps: int
    cpu_seconds: float
    versions: Mapping[str, str]
    digest: str = ""

    @classmethod
    def from_data(cls, owner: str, values: object) -> Self:
        """Return a result from plain data.

        Args:
            owner: Name of the file, for errors.
            values: The data, as JSON gives them.

        Raises:
            BenchFileError: If a field is missing, not known, or of another type or range.
        """
        return cls.read(BenchFields(owner, values))

    @classmethod
    def read(cls, fields: BenchFields) -> Self:
        """Return a result from its fields."""
        names = [field.name for field in dataclasses.fields(cls) if field.name != "digest"]
        fields.check_names("format", *names, optional=("digest",))
        if fields.integer("format") != FORMAT:
            what = f"{fields.place('format')} to be {FORMAT}"
            raise fields.error(what, str(fields.integer("format")))
        versions = fields.inner("versions")
        conditions = tuple(ConditionResult.read(entry) for entry in fields.listed("conditions"))
        known: set[str] = set()
        for i, found in enumerate(conditions):
            if found.condition.name in known:
                what = f"{fields.place('conditions')}[{i}].name to be new"
                raise fields.error(what, f"a second {found.condition.name!r}")
            known.add(found.condition.name)
        return cls(
            task=TaskKey.read(fields.inner("task")),
            model=fields.text("model"),
            seed=fields.integer("seed"),
            conditions=conditions,
            scores=_read_scores(fields.inner("scores")),
            parameters=fields.integer("parameters"),
            steps=fields.integer("steps"),
            cpu_seconds=fields.number("cpu_seconds", 0),
            versions={name: versions.text(name) for name in versions.values},
            digest=fields.text("digest", may_be_empty=True) if "digest" in fields.values else "",
        )

    def data(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "format": FORMAT,
            "task": dataclasses.asdict(self.task),
            "model": self.model,
            "seed": self.seed,
            "conditions": [entry.data() for entry in self.conditions],
            "scores": {name: score.data() for name, score in self.scores.items()},
            "parameters": self.parameters,
            "steps": self.steps,
            "cpu_seconds": self.cpu_seconds,
            "versions": dict(self.versions),
            "digest": self.digest,
        }


def _read_scores(fields: BenchFields) -> dict[str, ScoreResult]:
    """Return scores by name; those that groupae knows must lie in their ranges."""
    ranges = _ranges()
    anywhere = (-math.inf, math.inf)
    return {
        name: ScoreResult.read(found, ranges.get(name, anywhere)) for name, found in fields.named()
    }


@functools.cache
def _ranges() -> dict[str, tuple[float, float]]:
    return {score.name: score.range for score in (*SCORES.values(), *MODEL_SCORES.values())}
