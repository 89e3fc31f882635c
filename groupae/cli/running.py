"""Steps that several commands share; the library is loaded with this module."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import torch
from rich.console import Console

from groupae._choices import Split
from groupae._printable import counted, printable, say
from groupae._validation import expected
from groupae.cli.folders import explaining_originals
from groupae.experiments import Run, RunExistsError, describe_run
from groupae.experiments.datasets.progress import show_building
from groupae.experiments.runs.zoo_run import open_zoo
from groupae.models import TransformModule
from groupae.persistence.zoo import is_zoo_name
from groupae.training import TrainingConfig
from groupae.training.device_choice import Ranks

__all__ = [
    "begin",
    "budget",
    "next_folder",
    "open_run",
    "say_files",
    "set_threads",
    "warn_unwritten",
]


def set_threads(threads: int | None) -> None:
    """Set the number of threads of torch, if one is given."""
    if threads is not None:
        if not 1 <= threads <= 1024:
            raise ValueError(expected("--threads", "a number in 1..1024", threads))
        torch.set_num_threads(threads)


def next_folder(name: str) -> Path:
    """Return the first of ``runs/NAME-001``, ``-002``, ... that is free, as are its seeds."""
    names = [path.name for path in Path("runs").glob("*")]
    taken = {re.sub(r"-s\d+$", "", known) for known in names if known.startswith(f"{name}-")}
    number = next(i for i in range(1, len(taken) + 2) if f"{name}-{i:03d}" not in taken)
    return Path("runs") / f"{name}-{number:03d}"


def begin(run: Run, console: Console, *, is_named: bool, force: bool) -> Run:
    """Load the data of a run, then make its folder: the next free one, unless it was named.

    Of several ranks, the first one makes the folder.
    """
    is_main = Ranks.of().rank == 0
    if is_main:
        run.check(force=force)
    with show_building(console), explaining_originals(run.folder if not run.options.own else None):
        for split in get_args(Split):
            run.load(split, seed=run.preset.training.seed if split == "train" else 0)
    if not is_main:
        return run
    if (run.path / "config.yaml").exists():
        say(console, f"--force: {run.path}, {describe_run(run.path)}, is deleted")
    while True:
        try:
            run.make_folder(force=force)
            return run
        except RunExistsError:  # another process has taken the number meanwhile
            if is_named:
                raise
            run = run.moved_to(next_folder(run.experiment.name))


def budget(training: TrainingConfig) -> str:
    """Return the budget of a training in words."""
    if training.steps is not None:
        return counted(training.steps, "step")
    if training.cpu_minutes is not None:
        return f"{counted(training.cpu_minutes, 'minute')} of processor time"
    return counted(training.minutes, "minute")


@contextlib.contextmanager
def warn_unwritten(name: str) -> Iterator[None]:
    """Print one line if a file cannot be written; its content has been printed already."""
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error).lower()
        sys.stderr.write(printable(f"groupae: {name} is not written: {reason}") + "\n")


@contextlib.contextmanager
def open_run(path: Path, threads: int | None) -> Iterator[tuple[Run, TransformModule, Console]]:
    """Yield the run in a folder, its trained model, and a console that shows progress.

    A run of the zoo, ``zoo:NAME``, is given the folder ``runs/zoo-NAME`` for reports and pictures.
    """
    set_threads(threads)
    console = Console()
    if is_zoo_name(str(path)):
        folder = Path("runs") / str(path).replace(":", "-")
        run, model = open_zoo(str(path), folder)
        folder.mkdir(parents=True, exist_ok=True)
    else:
        run = Run.open(path)
        model = run.load_model()
    with show_building(console):
        yield run, model, console


def say_files(console: Console, folder: Path, *names: str) -> None:
    """Print the paths of files that have been written."""
    for name in names:
        say(console, str(folder / name))
