"""What the command line can do: one function a command, typed so that it is parsed from here."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, get_args

import torch
from rich.console import Console

from groupae._validation import expected
from groupae.cli.console import say
from groupae.data.building import show_building
from groupae.data.options import Size, Split
from groupae.experiments import (
    Format,
    Run,
    draw_orbit,
    draw_swap,
    draw_training,
    export_run,
    get_experiment,
    make_report,
    make_swap_report,
    write_report,
    write_swap_report,
)
from groupae.models import TransformModule
from groupae.training import ProgressBar, TrainingConfig

__all__ = ["evaluate", "export", "orbit", "swap", "train"]


def _set_threads(threads: int | None) -> None:
    if threads is not None:
        if not 1 <= threads <= 1024:
            raise ValueError(expected("--threads", "a number in 1..1024", threads))
        torch.set_num_threads(threads)


def _next_folder(name: str) -> Path:
    """Return the first of ``runs/NAME-001``, ``-002``, ... that is free."""
    taken = {path.name for path in Path("runs").glob(f"{name}-*")}
    number = next(i for i in range(1, len(taken) + 2) if f"{name}-{i:03d}" not in taken)
    return Path("runs") / f"{name}-{number:03d}"


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
        force: Replace the run in an existing folder.
    """
    _set_threads(threads)
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
    path = out or _next_folder(dataset)
    Run.check_path(path, force=force)
    console = Console()
    with show_building(console):  # before there is a run folder, or an old one is replaced
        for split in get_args(Split):
            experiment.data.resized(pixels).load(split, size=size, folder=folder)
    run = Run.create(
        path,
        experiment,
        chosen,
        preset_name=preset,
        size=size,
        folder=folder,
        pixels=pixels,
        force=force,
    )
    say(console, f"{dataset}, {preset} preset: {_budget(training)}, run folder {run.path}")
    try:
        model, _ = run.train([ProgressBar(console)])
    except KeyboardInterrupt:
        raise KeyboardInterrupt("what was trained so far is kept in the run folder") from None
    draw_orbit(run, model)
    draw_training(run)
    report = make_report(run, model)
    report.print(console)
    write_report(run, report)
    for name in ("orbit.png", "training.png", "report.md"):
        say(console, str(run.path / name))


def _budget(training: TrainingConfig) -> str:
    if training.steps is not None:
        return f"{training.steps} steps"
    if training.cpu_minutes is not None:
        return f"{training.cpu_minutes:g} minutes of processor time"
    return f"{training.minutes:g} minutes"


def _open(run: Path, threads: int | None) -> tuple[Run, TransformModule, Console]:
    _set_threads(threads)
    opened = Run.open(run)
    return opened, opened.load_model(), Console()


def evaluate(run: Path, *, threads: int | None = None) -> None:
    """Print the table of a trained run and write report.md into it.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    opened, model, console = _open(run, threads)
    with show_building(console):
        report = make_report(opened, model)
    report.print(console)
    write_report(opened, report)


def orbit(run: Path, *, threads: int | None = None) -> None:
    """Draw orbit.png in a run folder: held-out data moved by the model, above the truth.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    opened, model, console = _open(run, threads)
    with show_building(console):
        draw_orbit(opened, model)
    say(console, str(opened.path / "orbit.png"))


def swap(run: Path, *, threads: int | None = None) -> None:
    """Draw swaps in a run folder, what stays of one with what varies of another; score them.

    Args:
        run: A run folder.
        threads: Threads of torch; all cores by default.
    """
    opened, model, console = _open(run, threads)
    with show_building(console):
        report = make_swap_report(opened, model)
        draw_swap(opened, model)
    report.print(console)
    write_swap_report(opened, report)
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
    opened, model, console = _open(run, threads)
    with show_building(console):
        written = export_run(opened, model, format=format, out=out)
    shapes = {"g": opened.data.group.element_shape, "x": opened.data.x_shape}
    inputs = " and ".join(f"{k} ({', '.join(map(str, ('n', *v)))})" for k, v in shapes.items())
    say(console, f"{written.path}: {written.mebibytes:.1f} MiB; inputs {inputs}, any n")
    pairs = f"{written.pairs} held-out pairs"
    say(console, f"largest difference from the model on {pairs}: {written.difference:.1e}")
