"""A comparison is a folder: models trained on one data set with one budget, judged by one table.

``cells/`` has what came of each training (one model, one seed) and is meant to be kept and shared;
``runs/`` has the run folders. ``compare.md``, ``compare.json`` and ``compare.png`` are made anew
from the cells whenever one more is there. A cell that is there and of the same settings is not
trained again, wherever and whenever it was made; so a comparison may be stopped at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from torch import Tensor

from groupae._files import sweep, write_durably
from groupae._validation import check_count, expected, unknown_choice
from groupae.experiments.compare.cells import (
    Cell,
    CellError,
    CellResult,
    comparison_scores,
)
from groupae.experiments.compare.leaderboard import OURS, Standing, Standings
from groupae.experiments.compare.workers import train_cells
from groupae.experiments.datasets.options import Size, check_options
from groupae.experiments.presets.building import build_model, check_trainable
from groupae.experiments.presets.config import BaselineConfig, Preset
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.systems import SYSTEMS, find_obstacle
from groupae.experiments.runs.report import choose_examples
from groupae.experiments.runs.run import Run
from groupae.metrics import LPIPS, OWN_PSNR, ST_LPIPS, Estimate, Score, evaluate
from groupae.viz import element_title, plot_predictions, save_figure, to_pictures

__all__ = ["ComparisonRun", "choose_models"]


def choose_models(experiment: Experiment, words: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the presets that are meant, and the systems that cannot be used with the reason.

    Args:
        experiment: What to compare on.
        words: ``"all"``, ``"ablation"``, or names of presets and systems, with commas between.

    Raises:
        ValueError: If no name is given, one is unknown, or a system could be used but has no
            preset.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> choose_models(get_experiment("rotated-digits"), "default,paper")
        (('default', 'paper'), {})
    """
    lists = {"all": experiment.comparison.models, "ablation": experiment.comparison.ablations}
    names = lists.get(words) or tuple(name.strip() for name in words.split(",") if name.strip())
    if words in lists and not lists[words]:
        what = f"{experiment.name} to have models to compare by --models {words}"
        raise ValueError(expected("groupae compare", what, "none", "name presets, with commas"))
    if not names:
        what = "--models all, ablation, or names with commas between"
        raise ValueError(expected("groupae compare", what, repr(words)))
    if alone := [name for name in names if name in lists]:
        what = f"{alone[0]!r} to stand alone, or names with commas between"
        raise ValueError(expected("groupae compare", what, repr(words)))
    presets, obstacles = [], {}
    for name in dict.fromkeys(names):
        if name in experiment.presets:
            presets.append(name)
        else:
            obstacles[name] = _obstacle_of(experiment, name)
    return tuple(presets), obstacles


def _obstacle_of(experiment: Experiment, name: str) -> str:
    """Return why a system has no preset for the data set of an experiment."""
    if name not in SYSTEMS:
        choices = dict.fromkeys(["all", "ablation", *experiment.presets, *SYSTEMS])
        raise ValueError(unknown_choice("groupae compare", "a model", name, choices))
    obstacle = find_obstacle(SYSTEMS[name], experiment.data)
    if obstacle is None:
        what = f"a preset of {experiment.name} for the system {name}, which could be used there"
        remedy = f"its presets are {', '.join(experiment.presets)}"
        raise ValueError(expected("groupae compare", what, "none", remedy))
    return obstacle


@dataclasses.dataclass(frozen=True)
class ComparisonRun:
    """A comparison in a folder.

    Args:
        path: The folder.
        experiment: What is compared on.
        models: Presets by name.
        seeds: Trainings of each, with the seeds 0, 1, ...
        cpu_minutes: Processor time of each training.
        steps: Budget in steps instead.
        size: How much of the data set.
        pixels: Size that pictures are shrunk to; ``None`` for their own.
        folder: Where the originals are, if they are used.
        not_applicable: Systems that cannot be used, with the reason; a row each.
        command: What made it, for the record.

    Raises:
        ValueError: If a figure is out of range or a model unknown.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> digits = get_experiment("rotated-digits")
        >>> run = ComparisonRun(Path("out"), digits, ("default", "paper"), seeds=2, cpu_minutes=5)
        >>> [cell.name for cell in run.cells]
        ['default-0', 'paper-0', 'default-1', 'paper-1']
    """

    path: Path
    experiment: Experiment
    models: tuple[str, ...]
    seeds: int = 3
    cpu_minutes: float = 5.0
    steps: int | None = None
    size: Size = "small"
    pixels: int | None = None
    folder: Path | None = None
    not_applicable: Mapping[str, str] = dataclasses.field(default_factory=dict)
    command: str = ""

    def __post_init__(self) -> None:
        check_count("groupae compare", "seeds", self.seeds)
        check_options("groupae compare", "test", self.size)
        data = self.experiment.data.resized(self.pixels)
        for cell in self.cells[: len(self.models)]:
            build_model(data, cell.preset.model, seed=0)
            check_trainable(cell.preset.model)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All trainings; the first seed of every model comes first."""
        return tuple(self._cell(name, seed) for seed in range(self.seeds) for name in self.models)

    def _cell(self, name: str, seed: int) -> Cell:
        preset = self.experiment.preset(name)
        minutes = self.cpu_minutes if self.steps is None else None
        training = dataclasses.replace(
            preset.training, seed=seed, cpu_minutes=minutes, steps=self.steps
        )
        chosen = Preset(preset.model, training)
        options = (self.size, self.pixels, self.folder)
        return Cell(self.path, self.experiment.name, name, chosen, *options)

    # --- doing ----------------------------------------------------------------------------------
    def run(self, jobs: int = 1, *, tell: Callable[[str], None] = lambda line: None) -> Standings:
        """Train what is not there yet, keep tables and pictures up to date, and return them.

        Args:
            jobs: Trainings side by side, each in a process of its own with one thread.
            tell: Hears one line for each cell: that it is there, left out of the table or trained
                again and why, done, or failed.

        Raises:
            ValueError: If ``jobs`` is not at least 1.
            BlockingIOError: If another process is at work on the folder.
            KeyboardInterrupt: With what is kept. Workers have ended then.
        """
        check_count("groupae compare", "jobs", jobs)
        with self._alone():
            sweep(self.path, r"compare\.(md|json|png)")
            sweep(self.path / "cells", r".*\.(json|safetensors)")
            judged = _Judged.of(self)
            failures: dict[str, str] = {}
            standings = self._write(judged, failures)
            self._tell_left_out(tell)
            missing = [cell for cell in self.cells if not self._is_there(cell, tell)]
            if missing:
                tell(f"to train: {len(missing)}, {self._budget} each, {jobs} at a time")
            try:
                with contextlib.closing(train_cells(missing, jobs)) as ended:
                    for cell, error in ended:
                        error = error or self._tell_done(cell, tell)
                        if error is not None:
                            failures[cell.name] = error
                            tell(f"{cell.name}: failed: {error}")
                        standings = self._write(judged, failures)
            except KeyboardInterrupt as error:
                kept = f"finished cells are kept in {self.path / 'cells'}"
                raise type(error)(f"{kept}; run it again to go on") from None
        return standings

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        lock = self.path / "runs" / ".lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=0):
                yield
        except Timeout:
            got, remedy = "one that another groupae compare is at work on", "wait, or name another"
            sentence = expected(self.path, "a folder of its own", got, f"{remedy} with --out")
            raise BlockingIOError(sentence) from None

    def _is_there(self, cell: Cell, tell: Callable[[str], None]) -> bool:
        try:
            cell.read()
        except FileNotFoundError:
            return False
        except CellError as error:
            tell(f"{cell.name}: trained again: {error}")
            return False
        tell(f"{cell.name}: there already")
        return True

    def _tell_left_out(self, tell: Callable[[str], None]) -> None:
        """Tell of cells that are there, were not asked for, and are of other settings."""
        for name, seed in self._found():
            cell = self._cell(name, seed)
            if cell not in self.cells:
                try:
                    cell.read()
                except CellError as error:
                    tell(f"{cell.name}: left out of the table: {error}")

    def _found(self) -> Iterator[tuple[str, int]]:
        """Yield preset and seed of every file in the folder of cells."""
        names = sorted(file.name for file in (self.path / "cells").glob("*.json"))
        for preset in self.experiment.presets:
            found = [re.fullmatch(rf"{re.escape(preset)}-(\d+)\.json", name) for name in names]
            for seed in sorted(int(match[1]) for match in found if match):
                yield preset, seed

    @property
    def _budget(self) -> str:
        if self.steps is not None:
            return f"{self.steps} steps"
        return f"{self.cpu_minutes:g} minutes of processor time on one thread"

    def _tell_done(self, cell: Cell, tell: Callable[[str], None]) -> str | None:
        """Tell what a training came to; return what is wrong with its files, if anything is."""
        try:
            score, result = self.experiment.scores[0], cell.read()
        except (FileNotFoundError, CellError) as error:
            return str(error)
        figure = f"{score.title} {result.scores[score.name].mean:.{score.digits}f}"
        spent = f"{result.steps} steps, {result.cpu_seconds:.0f} s of processor time"
        tell(f"{cell.name}: {figure}, {spent}")
        return None

    # --- telling --------------------------------------------------------------------------------
    def _standings(self, judged: _Judged, failures: Mapping[str, str]) -> Standings:
        """Return what the cells that are there come to."""
        rows = tuple(self._rows())
        known = (*judged.columns, OWN_PSNR, ST_LPIPS, LPIPS)
        found = {name for row in rows for cell in row.cells for name in cell.scores}
        columns = tuple(
            score
            for score in dict.fromkeys(known)
            if score in judged.columns or score.name in found
        )
        return Standings(
            title=f"{self.experiment.name}: comparison",
            facts=self._facts(rows, judged.pairs),
            columns=columns,
            rows=rows,
            references=judged.references,
            not_applicable={_title(name): why for name, why in self.not_applicable.items()},
            failures=failures,
        )

    def _rows(self) -> Iterator[Standing]:
        """Yield every model that has a cell of these settings, asked for or not."""
        cells: dict[str, list[CellResult]] = {}
        for name, seed in self._found():
            with contextlib.suppress(FileNotFoundError, CellError):
                result = self._cell(name, seed).read()
                cells.setdefault(name, []).append(result)
        for name, results in cells.items():
            yield Standing(name, self._title(name), tuple(results))

    def _title(self, name: str) -> str:
        model = self.experiment.presets[name].model
        return _title(name, model.system) if isinstance(model, BaselineConfig) else name

    def _facts(self, rows: tuple[Standing, ...], pairs: int) -> dict[str, str]:
        cells = [cell for row in rows for cell in row.cells]
        size = "x".join(map(str, self.experiment.data.resized(self.pixels).x_shape))
        facts = {
            "command": f"`{self.command}`",
            "data": f"{self.size}, {size}; {pairs} fixed test pairs",
            "budget of a training": self._budget,
        }
        if cells:
            seen = sorted(cell.pairs for cell in cells)
            machines = {_machine(cell.machine) for cell in cells}
            versions = {" ".join(" ".join(v) for v in cell.versions.items()) for cell in cells}
            dates = sorted(cell.date[:10] for cell in cells)
            facts["pairs seen in a training"] = f"{seen[0]:,} to {seen[-1]:,}"
            facts["seeds"] = ", ".join(map(str, sorted({cell.seed for cell in cells})))
            facts["machine"] = "; ".join(sorted(machines))
            facts["versions"] = "; ".join(sorted(versions))
            facts["date"] = " to ".join(dict.fromkeys((dates[0], dates[-1])))
        return facts

    def _write(self, judged: _Judged, failures: Mapping[str, str]) -> Standings:
        standings = self._standings(judged, failures)
        write_durably(self.path / "compare.md", standings.markdown().encode())
        content = json.dumps(standings.data(), indent=1) + "\n"
        write_durably(self.path / "compare.json", content.encode())
        self._draw(judged, standings)
        return standings

    def _draw(self, judged: _Judged, standings: Standings) -> None:
        rows = dict(judged.examples)
        for row in standings.rows:
            cell = self._cell(row.name, row.cells[0].seed)
            with contextlib.suppress(FileNotFoundError, CellError):
                rows[row.name] = cell.read_predictions()
        draw = to_pictures(self.experiment.data.kind)
        figure = plot_predictions(rows, titles=judged.titles, bold=OURS, to_pictures=draw)
        save_figure(figure, self.path / "compare.png")


def _title(name: str, system: str | None = None) -> str:
    """Return a preset's name with the title of its system."""
    found = SYSTEMS.get(system or name)
    return name if found is None or found.title == name else f"{name} ({found.title})"


def _machine(machine: Mapping[str, Any]) -> str:
    return f"{machine.get('processor')}, {machine.get('cores')} cores"


@dataclasses.dataclass(frozen=True)
class _Judged:
    """What needs no training: the columns, the references and the pairs of the grid."""

    columns: tuple[Score, ...]
    references: Mapping[str, Mapping[str, Estimate]]
    examples: Mapping[str, Tensor]
    titles: tuple[str, ...]
    pairs: int

    @classmethod
    def of(cls, comparison: ComparisonRun) -> _Judged:
        name = next(iter(comparison.models), next(iter(comparison.experiment.presets)))
        cell = comparison._cell(name, 0)
        run: Run = dataclasses.replace(cell.run, experiment=comparison.experiment)
        pairs = run.fixed("test")
        columns = comparison_scores(run, pairs)
        references = comparison.experiment.references(run.load("train"))
        shown = pairs[choose_examples(pairs.label, len(pairs))]
        return cls(
            columns=columns,
            references={name: evaluate(m, pairs, columns) for name, m in references.items()},
            examples={"x1": shown.x1, "x2, truth": shown.x2},
            titles=tuple(element_title(run.data.group, g) for g in shown.g),
            pairs=len(pairs),
        )
