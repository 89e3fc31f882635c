"""What the command line can do: one function a command, typed so that it is parsed from here.

The library is loaded by the functions, not with this module: ``groupae train --help`` needs none.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from groupae._choices import Format, Size
from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["check", "evaluate_run", "export", "orbit", "swap", "train"]


def train(
    dataset: str,
    *,
    preset: str = "default",
    minutes: float | None = None,
    steps: int | None = None,
    cpu_minutes: float | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    size: Size = "small",
    pixels: int | None = None,
    folder: Path | None = None,
    out: Path | None = None,
    threads: int | None = None,
    compile: bool = False,
    force: bool = False,
) -> None:
    """Train a model, print its table and draw its pictures.

    Args:
        dataset: What to train on, by name; groupae data list has them.
        preset: Which model: default is ours, paper the paper's; the others, rivals and ablations,
            are listed if the name is unknown.
        minutes: Wall-clock budget from the first step; 2 or 5 by default, by data set.
        steps: Budget in steps instead.
        cpu_minutes: Budget in minutes of processor time instead.
        batch_size: Pairs a step.
        learning_rate: Peak learning rate.
        seed: Key of weights, data order and elements.
        size: How much of the data set: tiny, small or full.
        pixels: Shrink pictures to that height and width.
        folder: The originals, in their published layout, instead of the default.
        out: Run folder; the next free runs/DATASET-NNN by default.
        threads: Threads of torch; all cores by default.
        compile: Run the loss under torch.compile.
        force: Delete the run that is in the folder.
    """
    with loading():
        from rich.console import Console

        from groupae.cli.folders import refuse_own_folder
        from groupae.cli.running import begin, budget, next_folder, set_threads
        from groupae.experiments import (
            Run,
            draw_orbit,
            draw_training,
            get_experiment,
            make_report,
            write_report,
        )
        from groupae.training import ProgressBar
    set_threads(threads)
    refuse_own_folder(dataset)
    experiment = get_experiment(dataset)
    chosen = experiment.preset(preset)
    given: dict[str, Any] = {
        "minutes": minutes,
        "steps": steps,
        "cpu_minutes": cpu_minutes,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    training = dataclasses.replace(chosen.training, seed=seed, compile=compile, **changes)
    chosen = dataclasses.replace(chosen, training=training)
    originals = None if folder is None else folder.absolute()
    path = out or next_folder(dataset)
    run = Run(path, experiment, chosen, preset, size, originals, pixels)
    console = Console()
    run = begin(run, console, is_named=out is not None, force=force)
    say(console, f"{dataset}, {preset} preset: {budget(training)}, run folder {run.path}")
    try:
        model, _ = run.train([ProgressBar(console)])
    except KeyboardInterrupt as error:
        kept = f"what was trained so far is kept; groupae evaluate {run.path} makes its table"
        if not any(run.checkpoints.glob("step-*")):
            kept = f"nothing was trained yet in {run.path}"
        raise type(error)(kept) from None
    try:
        report = make_report(run, model)
        report.print(console)
        write_report(run, report)
        draw_orbit(run, model)
        draw_training(run)
    except KeyboardInterrupt as error:
        kept = f"the training is kept; groupae evaluate {run.path} makes its table"
        raise type(error)(kept) from None
    for name in ("orbit.png", "training.png", "report.md"):
        say(console, str(run.path / name))


def evaluate_run(run: Path, *, threads: int | None = None) -> None:
    """Print the table of a trained run and write report.md into it.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    with loading():
        from groupae.cli.running import keep, open_run
        from groupae.experiments import make_report, write_report
        from groupae.experiments.datasets.progress import show_building
    opened, model, console = open_run(run, threads)
    with show_building(console):
        report = make_report(opened, model)
    report.print(console)
    with keep("report.md"):
        write_report(opened, report)


def orbit(run: Path, *, threads: int | None = None) -> None:
    """Draw orbit.png in a run folder: held-out data moved by the model, above the truth.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    with loading():
        from groupae.cli.running import open_run
        from groupae.experiments import draw_orbit
        from groupae.experiments.datasets.progress import show_building
    opened, model, console = open_run(run, threads)
    with show_building(console):
        draw_orbit(opened, model)
    say(console, str(opened.path / "orbit.png"))


def swap(run: Path, *, threads: int | None = None) -> None:
    """Draw swaps in a run folder, what stays of one with what varies of another; score them.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    with loading():
        from groupae.cli.running import open_run
        from groupae.experiments import draw_swap, make_swap_report, write_swap_report
        from groupae.experiments.datasets.progress import show_building
    opened, model, console = open_run(run, threads)
    with show_building(console):
        report = make_swap_report(opened, model)
    report.print(console)
    write_swap_report(opened, report)
    draw_swap(opened, model)
    for name in ("swap.md", "swap.png"):
        say(console, str(opened.path / name))


def export(
    run: Path, *, format: Format = "pt2", out: Path | None = None, threads: int | None = None
) -> None:
    """Write a trained model's transform(g, x) as a file that runs without groupae; check it.

    Args:
        run: A run folder.
        format: Of the file: pt2 is torch's own, onnx is read by many runtimes.
        out: The file; model.pt2 or model.onnx in the run folder by default.
        threads: Threads of torch; all cores by default.
    """
    with loading():
        from groupae.cli.running import open_run
        from groupae.experiments import export_run
        from groupae.experiments.datasets.progress import show_building
    opened, model, console = open_run(run, threads)
    with show_building(console):
        written = export_run(opened, model, format=format, out=out)
    shapes = {"g": opened.data.group.element_shape, "x": opened.data.x_shape}
    inputs = " and ".join(f"{k} ({', '.join(map(str, ('n', *v)))})" for k, v in shapes.items())
    say(console, f"{written.path}: {written.mebibytes:.1f} MiB; inputs {inputs}, any n")
    pairs = f"{written.pairs} held-out pairs"
    say(console, f"largest difference from the model on {pairs}: {written.difference:.1e}")


def check(target: str = "all") -> int:
    """Check the laws of groups, representations and actions; exit with 1 if one fails.

    Args:
        target: ``all`` for everything built in and all plug-ins, the name of a group or of a
            plug-in, or ``package:object`` for your own.
    """
    with loading():
        from groupae.cli.check import check as run
    return run(target)
