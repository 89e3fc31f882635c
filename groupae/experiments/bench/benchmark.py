"""The benchmark in a folder: its cells, trained side by side, and the table of all results.

``cells/DATASET/SPLIT/MODEL-SEED.json`` has one result each and is meant to be kept and shared. A
result of the same settings is not made again, so a benchmark may be stopped at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from groupae._files import parse_json, read_bounded
from groupae._interrupts import interrupts_explained
from groupae._printable import counted
from groupae._validation import check_count, expected
from groupae.experiments.bench.cell import BenchCell
from groupae.experiments.bench.fields import BenchFileError
from groupae.experiments.bench.result import BenchResult
from groupae.experiments.bench.task import BenchTask
from groupae.experiments.compare.workers import alone_in, train_trials
from groupae.experiments.presets.building import build_model

__all__ = ["BenchRun"]


@dataclasses.dataclass(frozen=True)
class BenchRun:
    """Models, trained with several seeds on several tasks, in a folder.

    Args:
        path: The folder.
        tasks: The tasks.
        models: Names of presets; a data set without one of these leaves it out.
        seeds: Trainings per task and model, with the seeds 0, 1, ...

    Raises:
        ValueError: If ``seeds`` is not at least 1, no data set has one of the models, or a budget
            is out of range.

    Example:
        >>> task = BenchTask("rotated-digits", "steps-45", 1.0)
        >>> [cell.name for cell in BenchRun(Path("out"), (task,), ("default",), seeds=2).cells]
        ['rotated-digits/steps-45/default-0', 'rotated-digits/steps-45/default-1']
    """

    path: Path
    tasks: tuple[BenchTask, ...]
    models: tuple[str, ...]
    seeds: int = 3

    def __post_init__(self) -> None:
        check_count("groupae bench", "seeds", self.seeds)
        known = {name for task in self.tasks for name in task.experiment.presets}
        for model in self.models:
            if model not in known:
                names = ", ".join(sorted(known))
                what = f"a preset of these data sets: {names}"
                raise ValueError(expected("groupae bench", what, repr(model)))
        checked = {(cell.task.dataset, cell.model): cell for cell in self.cells if cell.seed == 0}
        for cell in checked.values():
            preset = cell.preset  # whose budget is checked
            build_model(cell.task.experiment.data, preset.model, seed=0)

    @property
    def cells(self) -> tuple[BenchCell, ...]:
        """All cells; the first seed of every task and model comes first."""
        return tuple(
            BenchCell(self.path, task, model, seed)
            for seed in range(self.seeds)
            for task in self.tasks
            for model in self.models
            if model in task.experiment.presets
        )

    @property
    def asked(self) -> tuple[tuple[str, str, str, int], ...]:
        """Data set, split, model and seed of every cell."""
        return tuple(
            (cell.task.dataset, cell.task.split_name, cell.model, cell.seed) for cell in self.cells
        )

    def run(
        self,
        jobs: int = 1,
        *,
        tell: Callable[[str], None] = lambda line: None,
        write: Callable[[], object] = lambda: None,
    ) -> dict[str, str]:
        """Train the cells without a result; return the errors of those that failed, by name.

        Args:
            jobs: Cells trained side by side, each in a process of its own with one thread.
            tell: Function that is called with one line per cell.
            write: Function that is called after each cell, to write tables anew.

        Raises:
            ValueError: If ``jobs`` is not at least 1, or a cell that is there has another budget.
            BlockingIOError: If another process is at work in the folder.
            KeyboardInterrupt: With the place of the finished results; the workers have ended.
        """
        check_count("groupae bench", "jobs", jobs)
        failures: dict[str, str] = {}
        with alone_in(self.path, self.path / "logs", "groupae bench"):
            self._check_budget()
            missing = [cell for cell in self.cells if not self._is_there(cell, tell)]
            there = len(self.cells) - len(missing)
            tell(f"{len(self.cells)} cells, {there} there already, {jobs} at a time")
            kept = f"finished results are kept in {self.path / 'cells'}; run it again to go on"
            with (
                interrupts_explained(lambda: kept),
                contextlib.closing(train_trials(missing, jobs)) as ended,
            ):
                for i, (cell, error) in enumerate(ended, 1):
                    line, error = (None, error) if error else _finished(cell)
                    if error is not None:
                        failures[cell.name] = error
                    tell(f"[{i}/{len(missing)}] {cell.name}: {line or f'failed: {error}'}")
                    write()
            write()
        return failures

    def results(self) -> Iterator[BenchResult]:
        """Yield the finished results on the tasks, also those of other models and seeds."""
        for cell in self._found():
            with contextlib.suppress(FileNotFoundError, BenchFileError, LookupError):
                yield cell.read()

    def _found(self) -> Iterator[BenchCell]:
        """Yield the cells that have a file in the folder, in the order of tasks."""
        for task in self.tasks:
            folder = self.path / "cells" / task.key.name
            names = (re.fullmatch(r"(.+)-(\d+)", file.stem) for file in folder.glob("*.json"))
            known = task.experiment.presets
            found = sorted((m[1], int(m[2])) for m in names if m and m[1] in known)
            yield from (BenchCell(self.path, task, model, seed) for model, seed in found)

    def _check_budget(self) -> None:
        """Raise if the folder has results of another budget, which would be lost."""
        for cell in self.cells:
            try:
                found = BenchResult.from_data(cell.name, parse_json(read_bounded(cell.file)))
            except (ValueError, OSError):  # not there, or made again with the reason
                continue
            minutes, wanted = found.task.cpu_minutes, cell.task.cpu_minutes
            if minutes != wanted:
                what = f"results of {counted(wanted, 'processor minute')}"
                got = f"{cell.name} of {minutes:g}, which would be overwritten"
                remedy = "name another folder with --out"
                raise ValueError(expected(self.path, what, got, remedy))

    def _is_there(self, cell: BenchCell, tell: Callable[[str], None]) -> bool:
        try:
            cell.read()
        except FileNotFoundError:
            return False
        except (BenchFileError, LookupError, ValueError, OSError) as error:
            tell(f"{cell.name}: trained again: {error}")
            return False
        return True


def _finished(cell: BenchCell) -> tuple[str | None, str | None]:
    """Return the summary of a cell, or the reason why its file cannot be used.

    A worker imports groupae when it starts. If it was updated since this process began, presets may
    differ, and with them the settings of the result.
    """
    try:
        return _summary(cell.read()), None
    except (BenchFileError, LookupError, OSError) as error:
        return None, f"{error}; was groupae changed meanwhile?"


def _summary(result: BenchResult) -> str:
    """Return the first score inside and outside the trained elements, each a mean of conditions."""
    parts = []
    for name, is_inside in (("inside", True), ("outside", False)):
        found = [c for c in result.conditions if c.condition.is_inside == is_inside]
        if found:
            (score, *_), means = found[0].scores, []
            means = [entry.scores[score].mean for entry in found]
            parts.append(f"{name} {sum(means) / len(means):.2f}")
    return f"{', '.join(parts)}; {counted(result.steps, 'step')}, {result.cpu_seconds:.0f} s"
