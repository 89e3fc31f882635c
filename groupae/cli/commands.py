"""Functions behind the commands; options and help are read from their signatures and docstrings.

The library is loaded by the functions, not with this module: ``groupae train --help`` is fast.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from groupae._choices import Format, Size
from groupae._interrupts import interrupts_explained
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
    """Train a model, print its scores and draw its pictures.

    Args:
        dataset: Name of the data set; groupae data list shows them.
        preset: Name of the model: default is ours, paper the paper's; an unknown name lists the
            others, baselines and ablations.
        minutes: Wall-clock budget in minutes; by default that of the preset, 2 or 5.
        steps: Budget in steps instead.
        cpu_minutes: Budget in minutes of processor time instead.
        batch_size: Pairs per step.
        learning_rate: Peak learning rate.
        seed: Seed of weights, data order and group elements.
        size: Size of the data set: tiny, small or full.
        pixels: Height and width to shrink pictures to.
        folder: Folder of the originals, in their published layout, to use instead of the default.
        out: Run folder; by default the next free runs/DATASET-NNN.
        threads: Number of threads; by default one per core.
        compile: Run the loss under torch.compile.
        force: Delete the run that is in the folder.
    """
    with loading():
        from rich.console import Console

        from groupae.cli.folders import refuse_own_folder
        from groupae.cli.running import begin, budget, next_folder, say_files, set_threads
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
    remedy = f"groupae evaluate {run.path} makes its table"

    def explain() -> str:
        if any(run.checkpoints.glob("step-*")):
            return f"what was trained so far is kept; {remedy}"
        return f"nothing was trained yet in {run.path}"

    with interrupts_explained(explain):
        model, _ = run.train([ProgressBar(console)])
    with interrupts_explained(lambda: f"the training is kept; {remedy}"):
        report = make_report(run, model)
        report.print(console)
        write_report(run, report)
        draw_orbit(run, model)
        draw_training(run)
    say_files(console, run.path, "orbit.png", "training.png", "report.md")


def evaluate_run(run: Path, *, threads: int | None = None) -> None:
    """Print the scores of a trained run and write report.md into its folder.

    Args:
        run: A run folder.
        threads: Number of threads; by default one per core.
    """
    with loading():
        from groupae.cli.running import open_run, warn_unwritten
        from groupae.experiments import make_report, write_report
    with open_run(run, threads) as (opened, model, console):
        report = make_report(opened, model)
    report.print(console)
    with warn_unwritten("report.md"):
        write_report(opened, report)


def orbit(run: Path, *, threads: int | None = None) -> None:
    """Draw orbit.png in a run folder: held-out data transformed by the model, above the truth.

    Args:
        run: A run folder.
        threads: Number of threads; by default one per core.
    """
    with loading():
        from groupae.cli.running import open_run, say_files
        from groupae.experiments import draw_orbit
    with open_run(run, threads) as (opened, model, console):
        draw_orbit(opened, model)
    say_files(console, opened.path, "orbit.png")


def swap(run: Path, *, threads: int | None = None) -> None:
    """Draw and score swaps of a trained run: identity of one datum, pose of another.

    Args:
        run: A run folder.
        threads: Number of threads; by default one per core.
    """
    with loading():
        from groupae.cli.running import open_run, say_files
        from groupae.experiments import draw_swap, make_swap_report, write_swap_report
    with open_run(run, threads) as (opened, model, console):
        report = make_swap_report(opened, model)
    report.print(console)
    write_swap_report(opened, report)
    draw_swap(opened, model)
    say_files(console, opened.path, "swap.md", "swap.png")


def export(
    run: Path, *, format: Format = "pt2", out: Path | None = None, threads: int | None = None
) -> None:
    """Export a trained model to a file that runs without groupae, and check the file.

    The file computes the model's transform(g, x), for batches of any size.

    Args:
        run: A run folder.
        format: Format of the file: pt2 is read by torch, onnx by many runtimes.
        out: The file; by default model.pt2 or model.onnx in the run folder.
        threads: Number of threads; by default one per core.
    """
    with loading():
        from groupae.cli.running import open_run
        from groupae.experiments import export_run
    with open_run(run, threads) as (opened, model, console):
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
            plug-in, or ``package:object`` for an object of your own.
    """
    with loading():
        from groupae.cli.check import check as run
    return run(target)
