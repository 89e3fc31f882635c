"""Steps of ``groupae train``: a new run, an old one that goes on, or one per seed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from groupae import experiments
from groupae._interrupts import interrupts_explained
from groupae._printable import counted, say
from groupae.cli.running import begin, budget, say_files
from groupae.cli.train_options import TrainOptions
from groupae.experiments import Preset, Run
from groupae.experiments.datasets.progress import show_building
from groupae.experiments.runs.resuming import describe_rest, lengthened
from groupae.experiments.runs.run_options import BUDGET, MACHINE
from groupae.training import ProgressBar
from groupae.training.device_choice import Ranks

__all__ = ["begun", "complete", "console_of_rank", "resumed"]

_FEW_STEPS = 100  # fewer leave fog, whatever the data


@contextlib.contextmanager
def console_of_rank() -> Iterator[Console]:
    """Yield a console that prints on the first rank only."""
    if Ranks.of().rank == 0:
        yield Console()
        return
    with Path(os.devnull).open("w") as nowhere:
        yield Console(file=nowhere)


def begun(run: Run, console: Console, *, is_named: bool, force: bool = False) -> Run:
    """Make the folder of a new run, and print its name."""
    run = begin(run, console, is_named=is_named, force=force)
    spent = budget(run.preset.training)
    say(console, f"{run.experiment.name}, {run.preset_name} preset: {spent}, run folder {run.path}")
    return run


def resumed(run: Run, options: TrainOptions, console: Console) -> Run:
    """Return a run to go on with, its budget, devices and logs changed as asked.

    Raises:
        ValueError: If an option contradicts its config, or it is finished and not lengthened.
    """
    options.check_same(run)
    old, new = run.preset.training, lengthened(run, options.changes)
    new = dataclasses.replace(new, **options.given(*MACHINE))
    changed = dataclasses.replace(run, preset=Preset(run.preset.model, new))
    changed.check_training()
    if Ranks.of().rank:
        return changed
    run = run.change(new, options.run_options(run.options))
    say(console, f"{run.path}: {describe_run_on(run)}")
    if any(getattr(old, name) != getattr(new, name) for name in BUDGET):
        told = f"lengthened from {budget(old)} to {budget(new)} in all"
        say(console, f"{told}: from here on the learning rate is that of a run of the new length")
    return run


def describe_run_on(run: Run) -> str:
    """Return in words how a run goes on."""
    if run.result is not None:
        return "the training is finished; its report and pictures are made"
    return describe_rest(run)


def complete(run: Run, console: Console, options: TrainOptions, *, again: str = "") -> int:
    """Train a run to its end, from its last snapshot if there is one, and report; return a code.

    Args:
        run: The run, whose folder exists.
        console: Console to print on.
        options: Options, of which the number of threads is passed on to other ranks.
        again: Command that goes on after an interruption; by default one for this run.
    """
    devices = run.preset.training.devices
    if devices > 1 and Ranks.of().size == 1:
        from groupae.training.launching import launch

        threads = [] if options.threads is None else ["--threads", str(options.threads)]
        return launch(devices, ["-m", "groupae", "train", "--resume", str(run.path), *threads])
    again = again or f"groupae train --resume {run.path}"

    def explain() -> str:
        if any(run.checkpoints.glob("step-*")):
            table = f"groupae evaluate {run.path} makes its table"
            return f"what was trained so far is kept; {again} goes on, {table}"
        return f"nothing was trained yet in {run.path}; {again} begins"

    with interrupts_explained(explain), show_building(console):
        model, _ = run.train([ProgressBar(console)], resume=True)
    if Ranks.of().rank:
        return 0
    with interrupts_explained(
        lambda: f"the training is kept; {again} makes its table and pictures"
    ):
        report = experiments.make_report(run, model)
        report.print(console)
        experiments.draw_orbit(run, model)
        experiments.draw_training(run)
        experiments.write_report(run, report)
    say_files(console, run.path, "orbit.png", "training.png", "report.md")
    _say_what_next(run, console)
    _say_if_short(run, console)
    return 0


def _say_what_next(run: Run, console: Console) -> None:
    """Print which picture shows what, and how the model is used."""
    data = f"groupae data show {run.experiment.name} draws the data"
    more = "" if run.options.own is not None else f"; {data}"
    say(console, f"orbit.png shows held-out data moved by the model, above the truth{more}")
    say(console, f"in Python: model = groupae.Run.open({str(run.path)!r}).load_model()")


def _say_if_short(run: Run, console: Console) -> None:
    """Say how to go on if a budget in time was too short for a training, as on a busy machine."""
    training, result = run.preset.training, run.result
    is_own = training.steps is not None or training.start == "closed-form"  # nothing to wonder at
    if result is None or result.steps >= _FEW_STEPS or result.stopped or is_own:
        return
    is_cpu = training.cpu_minutes is not None
    spent = training.minutes if training.cpu_minutes is None else training.cpu_minutes
    minutes = max(5.0, 2 * spent)
    option = "--cpu-minutes" if is_cpu else "--minutes"
    were = "was" if result.steps == 1 else "were"
    why = "" if is_cpu else " (busy machine?)"
    again = f"groupae train --resume {run.path} {option} {minutes:g}"
    say(console, f"only {counted(result.steps, 'step')} {were} taken{why}: {again} goes on")
