"""File in which others hand in results, so that they stand in the public table.

One JSON file per model::

    {"format": 1,
     "model": "harmonic-vae",
     "authors": "A. Author, B. Author",
     "source": "https://example.org/paper.pdf, table 2",
     "code": "https://example.org/code",
     "cells": [ ... ]}

``model`` is the name in the table, ``source`` the text that describes the model, ``code`` the
address of a program that repeats the figures. ``cells`` are results as ``groupae bench`` writes
them, one per task and seed, each of that model. Every field is required, and no other is known.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from typing_extensions import Self

from groupae._files import parse_json, read_bounded, write_durably
from groupae._validation import expected, unknown_choice
from groupae.experiments.bench.fields import BenchFields, BenchFileError
from groupae.experiments.bench.known_conditions import known_conditions, main_score
from groupae.experiments.bench.result import (
    FORMAT,
    BenchResult,
    Condition,
    ConditionResult,
    TaskKey,
)

__all__ = [
    "LARGEST_SUBMISSION",
    "Submission",
    "read_others",
    "read_results",
    "read_submissions",
    "tasks_of",
]

LARGEST_SUBMISSION = 2**23
"""Bytes of the largest submission that is read; all tasks with ten seeds have a tenth of it."""

Tasks = Mapping[tuple[str, str], Collection[Condition]] | Callable[[TaskKey], Collection[Condition]]
"""Conditions by data set and split, or a function of the task that raises `ValueError`."""


@dataclasses.dataclass(frozen=True)
class Submission:
    """Results of one model, handed in.

    Args:
        model: Name of the model in the table.
        authors: Authors of the results.
        source: Paper or page that describes the model.
        code: Address of a program that repeats the results.
        results: Results, one per task and seed.

    Example:
        >>> Submission("mine", "A. Author", "a paper", "https://example.org", ()).model
        'mine'
    """

    model: str
    authors: str
    source: str
    code: str
    results: tuple[BenchResult, ...]

    @classmethod
    def read(cls, path: Path, tasks: Tasks | None = None) -> Self:
        """Return the submission of a file.

        Args:
            path: The file.
            tasks: Tasks of the benchmark, each with its conditions; not compared unless given.

        Raises:
            BenchFileError: If the file is too large or no JSON, if a field is missing, not known
                or of another type or range, if two results are of one task and seed, or if a result
                is of another task or other conditions than ``tasks``.
            OSError: If it cannot be read.
        """
        return cls.from_data(path.name, _read_json(path), tasks)

    @classmethod
    def from_data(cls, owner: str, values: object, tasks: Tasks | None = None) -> Self:
        """Return a submission from plain data; `read` has the errors.

        Args:
            owner: Name of the file, for errors.
            values: The data, as JSON gives them.
            tasks: Tasks of the benchmark, each with its conditions; not compared unless given.
        """
        fields = BenchFields(owner, values)
        fields.check_names("format", "model", "authors", "source", "code", "cells")
        if fields.integer("format") != FORMAT:
            raise fields.error(f"format to be {FORMAT}", str(fields.integer("format")))
        model, cells = fields.text("model"), fields.listed("cells")
        return cls(
            model=model,
            authors=fields.text("authors"),
            source=fields.text("source"),
            code=_address(fields, "code"),
            results=_read_cells(cells, model, tasks),
        )

    def data(self) -> dict[str, Any]:
        """Return the submission as plain data."""
        return {
            "format": FORMAT,
            "model": self.model,
            "authors": self.authors,
            "source": self.source,
            "code": self.code,
            "cells": [result.data() for result in self.results],
        }

    def write(self, path: Path) -> None:
        """Write the submission as one file, whole or not at all.

        Raises:
            BenchFileError: If `read` would refuse it.
            OSError: If it cannot be written.
        """
        self.from_data(path.name, self.data())
        write_durably(path, json.dumps(self.data(), indent=1, allow_nan=False).encode() + b"\n")


def read_submissions(
    folder: Path, tasks: Tasks | None = None, *, taken: Collection[str] = ()
) -> list[Submission]:
    """Return the submissions of a folder, ordered by the names of their files.

    Args:
        folder: Folder of JSON files.
        tasks: Tasks of the benchmark, each with its conditions; not compared unless given.
        taken: Names that no submission may use, such as those of our models.

    Raises:
        BenchFileError: If one cannot be used, or two models have one name.
        FileNotFoundError: If the folder has no JSON file.

    Example:
        >>> import tempfile
        >>> from groupae.experiments.bench.result import ScoreResult
        >>> task = TaskKey("glyphs", "steps", "small", 28, 5.0)
        >>> near = Condition("10 deg", 10.0, "deg", True)
        >>> found = (ConditionResult(near, {"psnr": ScoreResult(30.0, 29.0, 31.0, 9)}),)
        >>> result = BenchResult(task, "mine", 0, found, {}, 9, 5, 300.0, {})
        >>> mine = Submission("mine", "A. Author", "a paper", "https://example.org", (result,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     mine.write(Path(folder, "mine.json"))
        ...     [submission.model for submission in read_submissions(Path(folder))]
        ['mine']
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise FileNotFoundError(f"{folder}: expected a folder of submissions, *.json, got none")
    found: list[Submission] = []
    names = dict.fromkeys(taken, "a model of groupae")
    for file in files:
        submission = Submission.read(file, tasks)
        if other := names.get(submission.model):
            got = f"{submission.model!r}, the name of {other}"
            raise BenchFields(file.name, {}).error(
                "model to be a name of its own", got, "rename it"
            )
        names[submission.model] = f"the one in {file.name}"
        found.append(submission)
    return found


def read_others(folder: Path, taken: Collection[str] = ()) -> list[Submission]:
    """Return the submissions of a folder, compared with the tasks of the benchmark.

    Args:
        folder: Folder of JSON files.
        taken: Names of our models, which no submission may use.

    Raises:
        BenchFileError: If one cannot be used, or is of an unknown task or of other conditions.
        FileNotFoundError: If the folder has no JSON file.
        ModuleNotFoundError: If the package with the data of a task is missing.
    """
    found = read_submissions(folder, known_conditions, taken=taken)
    for submission in found:
        for result in submission.results:
            score = main_score(result.task.dataset)
            for entry in result.conditions:
                if score not in entry.scores:
                    owner, place = submission.model, f"{result.task.name}, {entry.condition.name!r}"
                    what = f"the score {score} under {place}"
                    raise BenchFileError(expected(owner, what, ", ".join(entry.scores)))
    return found


def read_results(folder: Path) -> list[BenchResult]:
    """Return the results in a folder of ``groupae bench`` or below, ordered by path.

    Args:
        folder: Folder of cells, of one or several benchmarks.

    Raises:
        BenchFileError: If one cannot be used, or two are of one task, model and seed.
        OSError: If one cannot be read.
    """
    found: dict[tuple[object, ...], str] = {}
    results = []
    for file in sorted(folder.rglob("*.json")):
        name = file.relative_to(folder).as_posix()
        result = BenchResult.from_data(name, _read_json(file))
        key = (result.task, result.model, result.seed)
        if key in found:
            got = f"those of {found[key]} again"
            raise BenchFields(name, {}).error("a task, model and seed of its own", got)
        found[key] = name
        results.append(result)
    return results


def tasks_of(results: Iterable[BenchResult]) -> dict[tuple[str, str], tuple[Condition, ...]]:
    """Return the conditions of each task, by data set and split, as results have them.

    Args:
        results: Results of groupae, with which submissions are compared.

    Example:
        >>> tasks_of([])
        {}
    """
    return {
        (result.task.dataset, result.task.split): tuple(e.condition for e in result.conditions)
        for result in results
    }


def _read_json(path: Path) -> object:
    try:
        return parse_json(read_bounded(path, LARGEST_SUBMISSION))
    except ValueError as error:
        what = f"a JSON file of at most {LARGEST_SUBMISSION} bytes"
        raise BenchFields(path.name, {}).error(what, f"one that cannot be read: {error}") from None


def _address(fields: BenchFields, name: str) -> str:
    """Return a web address."""
    address = fields.text(name)
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or " " in address:
        what = f"{fields.place(name)} to be an address that begins with https://"
        raise fields.error(what, repr(address))
    return address


# --- cells ---------------------------------------------------------------------------------------
def _read_cells(
    cells: list[BenchFields], model: str, tasks: Tasks | None
) -> tuple[BenchResult, ...]:
    """Return results that are of one model, of known tasks, and none of them twice."""
    results: list[BenchResult] = []
    seen: dict[tuple[object, ...], str] = {}
    for fields in cells:
        result = BenchResult.read(fields)
        if result.model != model:
            what = f"{fields.place('model')} to be {model!r}, as in the field model"
            raise fields.error(what, repr(result.model))
        if other := seen.get(key := (result.task, result.seed)):
            what = f"{fields.path} to have a task and seed of its own"
            raise fields.error(what, f"{result.task.name} with seed {result.seed}, as in {other}")
        seen[key] = fields.path
        if tasks is not None:
            _check_task(fields, result, tasks)
        results.append(result)
    return tuple(results)


def _check_task(fields: BenchFields, result: BenchResult, tasks: Tasks) -> None:
    """Raise unless a result is of a known task and has exactly its conditions."""
    found = _asked(fields.inner("task"), result.task, tasks)
    asked = {condition.name: condition for condition in found}
    given = {entry.condition.name: entry for entry in result.conditions}
    place = fields.place("conditions")
    for name in asked:
        if name not in given:
            raise fields.error(f"{place} to have {name!r}", ", ".join(map(repr, given)))
    for i, entry in enumerate(result.conditions):
        _check_condition(fields, f"{place}[{i}]", entry, asked)


def _asked(fields: BenchFields, task: TaskKey, tasks: Tasks) -> Collection[Condition]:
    """Return the conditions of a task."""
    if callable(tasks):
        try:
            return tasks(task)
        except ValueError as error:
            what = f"{fields.path} to be one of the benchmark"
            raise fields.error(what, f"{task.name} ({error})") from None
    datasets = dict.fromkeys(dataset for dataset, _ in tasks)
    if task.dataset not in datasets:
        raise _unknown(fields, "dataset", task.dataset, datasets)
    splits = [split for dataset, split in tasks if dataset == task.dataset]
    if task.split not in splits:
        raise _unknown(fields, "split", task.split, splits)
    return tasks[task.dataset, task.split]


def _check_condition(
    fields: BenchFields, place: str, entry: ConditionResult, asked: Mapping[str, Condition]
) -> None:
    given = entry.condition
    if given.name not in asked:
        what = f"{place}.name"
        raise BenchFileError(unknown_choice(fields.owner, what, given.name, asked))
    if given != (truth := asked[given.name]):
        raise fields.error(f"{place} to be {_described(truth)}", _described(given))


def _unknown(fields: BenchFields, name: str, got: str, choices: Collection[str]) -> BenchFileError:
    return BenchFileError(unknown_choice(fields.owner, fields.place(name), got, choices))


def _described(condition: Condition) -> str:
    side = "inside" if condition.is_inside else "outside"
    value = "no number" if condition.value is None else f"{condition.value:g} {condition.unit}"
    return f"{condition.name!r}, {value.strip()}, {side}"
