"""Runs to go on with: the newest unfinished one, and longer budgets of one."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupae._printable import counted
from groupae._validation import expected
from groupae.experiments.runs.run import Run
from groupae.experiments.runs.run_config import CONFIG
from groupae.experiments.runs.run_folder import REPORTS, RESULT, is_locked
from groupae.experiments.runs.run_options import serial_in
from groupae.training import TrainingConfig, load_snapshot
from groupae.training.schedule import Budget, learning_rate_factor

__all__ = ["describe_rest", "lengthened", "newest_unfinished"]


def newest_unfinished(folder: Path) -> Path:
    """Return the unfinished run in a folder that was made last.

    A run counts as unfinished also if its report or pictures are missing; one that another process
    is training is left out. The order is that of the serial numbers in the configs, then of the
    numbers in the names: times of files are wrong after a clock was set back.

    Raises:
        FileNotFoundError: If there is none.
    """
    paths = [config.parent for config in folder.glob(f"*/{CONFIG}")]
    unfinished = [path for path in paths if not _is_complete(path)]
    for path in sorted(unfinished, key=_place, reverse=True):
        if not is_locked(path):
            return path
    got = f"{len(paths)} finished" if paths else "no runs"
    got = f"{len(unfinished)} in training by other processes" if unfinished else got
    remedy = "groupae train DATASET begins one"
    raise FileNotFoundError(expected(folder, "an unfinished run", got, remedy))


def _is_complete(path: Path) -> bool:
    return all((path / name).is_file() for name in (RESULT, *REPORTS))


def _place(path: Path) -> tuple[int, int, str]:
    number = re.search(r"(\d{1,9})\D*$", path.name)
    return serial_in(path / CONFIG), int(number[1]) if number else 0, path.name


def lengthened(run: Run, budget: Mapping[str, Any]) -> TrainingConfig:
    """Return the training of a run with a new total budget.

    Args:
        run: The run.
        budget: One of ``steps``, ``minutes`` and ``cpu_minutes``, the new total, or none; and
            ``patience``, or not.

    Raises:
        ValueError: If the budget is on a clock that the run has not measured, is less than that
            of the run, or if a finished run gets no larger one.
    """
    old = run.preset.training
    totals = {name: budget[name] for name in ("steps", "cpu_minutes", "minutes") if name in budget}
    if len(totals) > 1:
        got = " and ".join(_option(name) for name in totals)
        raise ValueError(expected("groupae train --resume", "one new budget", got))
    new = old if not totals else dataclasses.replace(old, steps=None, cpu_minutes=None)
    new = dataclasses.replace(new, **totals)
    kind, before = _kind(new), _kind(old)
    if "cpu_minutes" in (kind, before) and kind not in (before, "steps"):
        other = "" if before == "steps" else " or in steps"
        what = f"a budget in {_WORDS[before]}{other}, as the run has measured"
        raise ValueError(expected(run.path, what, f"{_option(kind)} {totals[kind]:g}"))
    if kind == before and getattr(new, kind) < getattr(old, kind):
        what = f"a total of at least {getattr(old, kind):g}, the budget so far"
        raise ValueError(expected(run.path, what, f"{_option(kind)} {getattr(new, kind):g}"))
    if "patience" in budget:
        new = dataclasses.replace(new, patience=budget["patience"])
    if run.result is not None and run.is_reported and new == old:
        _refuse_finished(run)
    return new


_WORDS = {"steps": "steps", "minutes": "minutes", "cpu_minutes": "minutes of processor time"}


def _kind(training: TrainingConfig) -> str:
    if training.steps is not None:
        return "steps"
    return "minutes" if training.cpu_minutes is None else "cpu_minutes"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _refuse_finished(run: Run) -> None:
    result, old = run.result, run.preset.training
    assert result is not None
    kind = _kind(old)
    remedy = f"{_option(kind)} N, above {getattr(old, kind):g}, lengthens it to N in all"
    if result.stopped:
        remedy = f"it stopped as {result.stopped}; --patience 0 lets it spend its budget"
    got = f"a finished run of {counted(result.steps, 'step')}"
    raise ValueError(expected(run.path, "an unfinished run, or a larger budget", got, remedy))


def describe_rest(run: Run) -> str:
    """Return in words from where a training goes on, and at which learning rate.

    Raises:
        CheckpointError: If no snapshot is valid.
    """
    if not any(run.snapshots.glob("step-*")):
        return "begins at step 0"
    snapshot, training = load_snapshot(run.snapshots), run.preset.training
    progress = Budget(training, snapshot.clock).progress(snapshot.step)
    if progress >= 1:
        return f"all is done, {counted(snapshot.step, 'step')}"
    rate = training.learning_rate * learning_rate_factor(training, progress)
    where = f"goes on at step {snapshot.step} ({progress:.0%} of the budget)"
    return f"{where} with a learning rate of {rate:.3g}"
