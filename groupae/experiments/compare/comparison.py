"""Comparison of models that are trained on one data set with one budget, in one folder.

``cells/`` has the result of each trial (one model, one seed) and is meant to be kept and shared;
``runs/`` has the run folders. ``compare.md``, ``compare.json`` and ``compare.png`` are written
again after each trial. A result of the same settings is not made again, wherever and whenever it
was made; so a comparison may be stopped at any time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from groupae._files import sweep, write_durably
from groupae._interrupts import interrupts_explained
from groupae._printable import counted
from groupae._validation import check_count, expected, unknown_choice
from groupae.experiments.compare.leaderboard import OURS, Leaderboard, LeaderboardEntry
from groupae.experiments.compare.result import Result, ResultError
from groupae.experiments.compare.trial import Trial, comparison_scores
from groupae.experiments.compare.workers import alone_in, train_trials
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
    """Return the chosen presets, and the systems that cannot be used with the reasons.

    Args:
        experiment: Data set with its presets.
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
    """Return the reason why a system has no preset for the data set of an experiment."""
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
        experiment: Data set with its presets.
        models: Names of presets.
        seeds: Trials per model, with the seeds 0, 1, ...
        cpu_minutes: Processor time per trial.
        steps: Budget in steps instead.
        size: Size of the data set.
        pixels: Height and width that pictures are shrunk to; ``None`` for their own.
        folder: Folder of the originals, if they are used.
        not_applicable: Systems that cannot be used, with the reasons; one row per system.
        command: Command line that made it, for the record.

    Raises:
        ValueError: If a number is out of range or a model unknown.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> digits = get_experiment("rotated-digits")
        >>> run = ComparisonRun(Path("out"), digits, ("default", "paper"), seeds=2, cpu_minutes=5)
        >>> [trial.name for trial in run.trials]
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
        for trial in self.trials[: len(self.models)]:
            build_model(data, trial.preset.model, seed=0)
            check_trainable(trial.preset.model)

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All trials; the first seed of every model comes first."""
        return tuple(self._trial(name, seed) for seed in range(self.seeds) for name in self.models)

    @property
    def cells(self) -> tuple[Trial, ...]:
        """Deprecated alias of `trials`, its name until groupae 0.2."""
        return self.trials

    def _trial(self, name: str, seed: int) -> Trial:
        preset = self.experiment.preset(name)
        minutes = self.cpu_minutes if self.steps is None else None
        training = dataclasses.replace(
            preset.training, seed=seed, cpu_minutes=minutes, steps=self.steps
        )
        chosen = Preset(preset.model, training)
        options = (self.size, self.pixels, self.folder)
        return Trial(self.path, self.experiment.name, name, chosen, *options)

    # --- training -------------------------------------------------------------------------------
    def run(self, jobs: int = 1, *, tell: Callable[[str], None] = lambda line: None) -> Leaderboard:
        """Train the trials without a result, and return the leaderboard; files are kept up to date.

        Args:
            jobs: Trials trained side by side, each in a process of its own with one thread.
            tell: Function that is called with one line per trial: that it is finished already, left
                out of the table or trained again and why, has finished, or has failed.

        Raises:
            ValueError: If ``jobs`` is not at least 1.
            BlockingIOError: If another process is training in the folder.
            KeyboardInterrupt: With the place of the finished results; the workers have ended.
        """
        check_count("groupae compare", "jobs", jobs)
        with alone_in(self.path, self.path / "runs", "groupae compare"):
            sweep(self.path, r"compare\.(md|json|png)")
            sweep(self.path / "cells", r".*\.(json|safetensors)")
            judged = _Judged.of(self)
            failures: dict[str, str] = {}
            leaderboard = self._write(judged, failures)
            self._tell_left_out(tell)
            missing = [trial for trial in self.trials if not self._is_there(trial, tell)]
            if missing:
                tell(f"to train: {len(missing)}, {self._budget} each, {jobs} at a time")
            kept = f"finished results are kept in {self.path / 'cells'}; run it again to go on"
            with (
                interrupts_explained(lambda: kept),
                contextlib.closing(train_trials(missing, jobs)) as ended,
            ):
                for trial, error in ended:
                    error = error or self._tell_done(trial, tell)
                    if error is not None:
                        failures[trial.name] = error
                        tell(f"{trial.name}: failed: {error}")
                    leaderboard = self._write(judged, failures)
        return leaderboard

    def _is_there(self, trial: Trial, tell: Callable[[str], None]) -> bool:
        try:
            trial.read()
        except FileNotFoundError:
            return False
        except ResultError as error:
            tell(f"{trial.name}: trained again: {error}")
            return False
        tell(f"{trial.name}: there already")
        return True

    def _tell_left_out(self, tell: Callable[[str], None]) -> None:
        """Report unrequested results that the leaderboard leaves out, with the reason."""
        for name, seed in self._found():
            trial = self._trial(name, seed)
            if trial not in self.trials:
                try:
                    trial.read()
                except ResultError as error:
                    tell(f"{trial.name}: left out of the table: {error}")

    def _found(self) -> Iterator[tuple[str, int]]:
        """Yield preset and seed of every file in the folder of results."""
        names = sorted(file.name for file in (self.path / "cells").glob("*.json"))
        for preset in self.experiment.presets:
            found = [re.fullmatch(rf"{re.escape(preset)}-(\d+)\.json", name) for name in names]
            for seed in sorted(int(match[1]) for match in found if match):
                yield preset, seed

    @property
    def _budget(self) -> str:
        if self.steps is not None:
            return counted(self.steps, "step")
        return f"{counted(self.cpu_minutes, 'minute')} of processor time on one thread"

    def _tell_done(self, trial: Trial, tell: Callable[[str], None]) -> str | None:
        """Report the score of a finished trial; return the error if its files are damaged."""
        try:
            score, result = self.experiment.scores[0], trial.read()
        except (FileNotFoundError, ResultError) as error:
            return str(error)
        figure = f"{score.title} {result.scores[score.name].mean:.{score.digits}f}"
        spent = f"{counted(result.steps, 'step')}, {result.cpu_seconds:.0f} s of processor time"
        tell(f"{trial.name}: {figure}, {spent}")
        return None

    # --- leaderboard ----------------------------------------------------------------------------
    def _leaderboard(self, judged: _Judged, failures: Mapping[str, str]) -> Leaderboard:
        """Return the leaderboard of the results in the folder."""
        rows = tuple(self._rows())
        known = (*judged.columns, OWN_PSNR, ST_LPIPS, LPIPS)
        found = {name for row in rows for result in row.results for name in result.scores}
        columns = tuple(
            score
            for score in dict.fromkeys(known)
            if score in judged.columns or score.name in found
        )
        return Leaderboard(
            title=f"{self.experiment.name}: comparison",
            facts=self._facts(rows, judged.pairs),
            columns=columns,
            rows=rows,
            references=judged.references,
            not_applicable={_title(name): why for name, why in self.not_applicable.items()},
            failures=failures,
        )

    def _rows(self) -> Iterator[LeaderboardEntry]:
        """Yield every model that has a result of these settings, asked for or not."""
        results: dict[str, list[Result]] = {}
        for name, seed in self._found():
            with contextlib.suppress(FileNotFoundError, ResultError):
                result = self._trial(name, seed).read()
                results.setdefault(name, []).append(result)
        for name, found in results.items():
            yield LeaderboardEntry(name, self._title(name), tuple(found))

    def _title(self, name: str) -> str:
        model = self.experiment.presets[name].model
        return _title(name, model.system) if isinstance(model, BaselineConfig) else name

    def _facts(self, rows: tuple[LeaderboardEntry, ...], pairs: int) -> dict[str, str]:
        results = [result for row in rows for result in row.results]
        size = "x".join(map(str, self.experiment.data.resized(self.pixels).x_shape))
        facts = {
            "command": f"`{self.command}`",
            "data": f"{self.size}, {size}; {pairs} fixed test pairs",
            "budget of a training": self._budget,
        }
        if results:
            seen = sorted(result.pairs for result in results)
            machines = {_machine(result.machine) for result in results}
            versions = {
                " ".join(" ".join(v) for v in result.versions.items()) for result in results
            }
            dates = sorted(result.date[:10] for result in results)
            facts["pairs seen in a training"] = f"{seen[0]:,} to {seen[-1]:,}"
            facts["seeds"] = ", ".join(map(str, sorted({result.seed for result in results})))
            facts["machine"] = "; ".join(sorted(machines))
            facts["versions"] = "; ".join(sorted(versions))
            facts["date"] = " to ".join(dict.fromkeys((dates[0], dates[-1])))
        return facts

    def _write(self, judged: _Judged, failures: Mapping[str, str]) -> Leaderboard:
        leaderboard = self._leaderboard(judged, failures)
        write_durably(self.path / "compare.md", leaderboard.markdown().encode())
        content = json.dumps(leaderboard.data(), indent=1) + "\n"
        write_durably(self.path / "compare.json", content.encode())
        self._draw(judged, leaderboard)
        return leaderboard

    def _draw(self, judged: _Judged, leaderboard: Leaderboard) -> None:
        rows = dict(judged.examples)
        for row in leaderboard.rows:
            trial = self._trial(row.name, row.results[0].seed)
            with contextlib.suppress(FileNotFoundError, ResultError):
                rows[row.name] = trial.read_predictions()
        draw = to_pictures(self.experiment.data.kind)
        figure = plot_predictions(rows, titles=judged.titles, bold=OURS, to_pictures=draw)
        save_figure(figure, self.path / "compare.png")


def _title(name: str, system: str | None = None) -> str:
    """Return the name of a preset with the title of its system."""
    found = SYSTEMS.get(system or name)
    return name if found is None or found.title == name else f"{name} ({found.title})"


def _machine(machine: Mapping[str, Any]) -> str:
    return f"{machine.get('processor')}, {machine.get('cores')} cores"


@dataclasses.dataclass(frozen=True)
class _Judged:
    """Parts of the tables and pictures that need no training."""

    columns: tuple[Score, ...]
    references: Mapping[str, Mapping[str, Estimate]]
    examples: Mapping[str, Tensor]
    titles: tuple[str, ...]
    pairs: int

    @classmethod
    def of(cls, comparison: ComparisonRun) -> _Judged:
        name = next(iter(comparison.models), next(iter(comparison.experiment.presets)))
        trial = comparison._trial(name, 0)
        run: Run = dataclasses.replace(trial.run, experiment=comparison.experiment)
        pairs = run.fixed("test")
        columns = comparison_scores(run, pairs)
        references = comparison.experiment.references(run.load("train"))
        shown = pairs[choose_examples(pairs.label, len(pairs))]
        return cls(
            columns=columns,
            references={
                name: evaluate(m, pairs, columns, resamples=0) for name, m in references.items()
            },
            examples={"x1": shown.x1, "x2, truth": shown.x2},
            titles=tuple(element_title(run.data.group, g) for g in shown.g),
            pairs=len(pairs),
        )
