"""Functions behind the commands; options and help are read from their signatures and docstrings.

The library is loaded by the functions, not with this module: ``groupae train --help`` is fast.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from groupae._choices import Format, OrbitFormat, Size, Theme
from groupae._printable import counted, say
from groupae.cli.loading import loading

__all__ = ["check", "evaluate_run", "export", "inspect", "orbit", "swap", "train"]


def train(
    dataset: str = "",
    *,
    group: str | None = None,
    chart: str | None = None,
    elements: str | None = None,
    mode: Literal["L", "RGB"] | None = None,
    preset: str | None = None,
    minutes: float | None = None,
    steps: int | None = None,
    cpu_minutes: float | None = None,
    patience: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    accumulate: int | None = None,
    ema: float | None = None,
    ema_share: float | None = None,
    device: str | None = None,
    devices: int | None = None,
    precision: str | None = None,
    workers: int | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    size: Size | None = None,
    pixels: int | None = None,
    folder: Path | None = None,
    out: Path | None = None,
    resume: str | None = None,
    init: Path | None = None,
    log: str | None = None,
    snapshot_minutes: float | None = None,
    threads: int | None = None,
    compile: bool = False,
    deterministic: bool = False,
    force: bool = False,
) -> int:
    """Train a model, print its scores and draw its pictures; resumable.

    Writes a run folder: config.yaml, metrics.jsonl, checkpoints, and at the end result.json,
    report.md, orbit.png and training.png. A run that is stopped goes on with --resume.

    Args:
        dataset: Name of the data set (groupae data list shows them), or a folder of pictures of
            your own.
        group: Group that moves the pictures of a folder, such as so2, o2, 'c(8)' or translation.
        chart: How the elements in elements.csv are written, such as angle_deg.
        elements: Columns of elements.csv with the numbers of an element, separated by commas; by
            default all that begin with element.
        mode: Turn the pictures of a folder to grey (L) or colours (RGB).
        preset: Name of the model: default is ours, paper the paper's; an unknown name lists the
            others, baselines and ablations.
        minutes: Wall-clock budget in minutes; by default that of the preset, 2 or 5.
        steps: Budget in steps instead.
        cpu_minutes: Budget in minutes of processor time instead.
        patience: Stop after so many validations without a better score; by default never.
        batch_size: Pairs per step.
        learning_rate: Peak learning rate.
        accumulate: Parts of each batch whose gradients are summed, for less memory.
        ema: Decay per step of an average of the weights, which is kept instead, such as 0.999.
        ema_share: Length of such an average as a share of the steps so far, such as 0.1.
        device: auto, cpu, cuda, cuda:1 or mps; by default auto, the best there is.
        devices: Number of devices that share each batch, one process for each.
        precision: 32-true, 64-true, bf16-mixed or bf16-products (on a processor with instructions
            for bfloat16, a quarter less time per step); by default that of the preset.
        workers: Processes that make the batches; by default they are made between the steps.
        seed: Seed of weights, data order and group elements; by default 0.
        seeds: Train so many runs, with the seeds from --seed on, in RUN-s0, RUN-s1, ...; print mean
            and standard deviation.
        size: Size of the data set: tiny, small or full; by default small.
        pixels: Height and width to shrink pictures to.
        folder: Folder of the originals, in their published layout, to use instead of the default.
        out: Run folder; by default the next free runs/DATASET-NNN.
        resume: Run folder to go on with, or auto for the newest unfinished one in runs; a larger
            budget, the new total, lengthens it.
        init: Run folder whose best weights the new run begins with.
        log: Further logs, separated by commas: csv, tensorboard, wandb, mlflow, trackio.
        snapshot_minutes: Minutes between the snapshots from which a run is resumed; by default 2.
        threads: Number of threads; by default one per usable core, and with a budget in time fewer
            while other processes keep cores busy.
        compile: Run the loss under torch.compile.
        deterministic: Use deterministic algorithms of torch only.
        force: Delete the run that is in the folder.

    Example:
        ::

            groupae train rotated-digits --minutes 5
            groupae train my/pictures --group so2 --chart angle_deg --out runs/mine
            groupae train --resume auto
    """
    given = dict(locals())
    with loading():
        from groupae.cli.train_command import train_as_asked
        from groupae.cli.train_options import TrainOptions
    return train_as_asked(TrainOptions(**given))


def evaluate_run(run: Path, *, all: bool = False, threads: int | None = None) -> None:
    """Print the scores of a trained run and write report.md into its folder.

    Writes report.md into the run folder and, with --all, evaluation.json.

    Args:
        run: A run folder, or zoo:NAME for a trained model of the package.
        all: Print all that apply to the model and its data too (laws of the action, drift, codes),
            with definitions in evaluation.json.
        threads: Number of threads; by default one per core.

    Example:
        ::

            groupae evaluate runs/rotated-digits-001 --all
    """
    with loading():
        from groupae.cli.running import open_run, warn_unwritten
        from groupae.experiments import make_report, write_report
        from groupae.experiments.runs.full_evaluation import evaluate_fully, write_evaluation
    with open_run(run, threads) as (opened, model, console):
        report = make_report(opened, model)
        found = evaluate_fully(opened, model) if all else None
    report.print(console)
    with warn_unwritten("report.md"):
        write_report(opened, report)
    if found is not None:
        found.print(console)
        with warn_unwritten("evaluation.json"):
            write_evaluation(opened, found)


def inspect(folder: Path) -> int:
    """Print what is in the folder of a run or saved model; nothing of it is run.

    Writes nothing. Exits with 1 if something in the folder is damaged.

    Args:
        folder: The folder that groupae train or groupae.save wrote; or zoo:NAME, a trained model of
            the package, with its card.

    Example:
        ::

            groupae inspect zoo:rotated-digits
    """
    with loading():
        from rich.console import Console

        from groupae.experiments.runs.inspection import inspect_folder
    console, found = Console(), inspect_folder(str(folder))
    width = max((len(name) for name, _ in found.lines), default=0)
    for name, value in found.lines:
        say(console, f"{name:<{width}}  {value}")
    for sentence in found.damages:
        say(console, f"damaged: {sentence}")
    return 1 if found.damages else 0


def orbit(
    run: Path,
    *,
    format: OrbitFormat = "png",
    theme: Theme = "light",
    threads: int | None = None,
) -> None:
    """Draw held-out data moved by the model, above the truth: a strip or a moving picture.

    Writes orbit.png, or orbit.gif and so on, into the run folder.

    Args:
        run: A run folder, or zoo:NAME for a trained model of the package.
        format: png for a strip at rest; gif, webp or mp4 for a picture that moves. For mp4 there
            must be ffmpeg, or pip install 'groupae[video]'.
        theme: Dark ink on white, or light ink on near-black for pages with a dark ground.
        threads: Number of threads; by default one per core.

    Example:
        ::

            groupae orbit runs/rotated-digits-001 --format gif
    """
    with loading():
        from groupae.cli.running import open_run, say_files
        from groupae.experiments import draw_orbit
    with open_run(run, threads) as (opened, model, console):
        path = draw_orbit(opened, model, format=format, theme=theme)
    say_files(console, path.parent, path.name)
    if format != "png":
        say(console, f"{path.stat().st_size / 1000:.0f} kB")


def swap(run: Path, *, threads: int | None = None) -> None:
    """Draw and score swaps of a trained run: invariants of one datum, the rest of another.

    Writes swap.md and swap.png into the run folder.

    Args:
        run: A run folder, or zoo:NAME for a trained model of the package.
        threads: Number of threads; by default one per core.

    Example:
        ::

            groupae swap runs/rotated-digits-001
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
        run: A run folder, or zoo:NAME for a trained model of the package.
        format: Format of the file: pt2 is read by torch, onnx by many runtimes.
        out: The file; by default model.pt2 or model.onnx in the run folder.
        threads: Number of threads; by default one per core.

    Example:
        ::

            groupae export runs/rotated-digits-001 --format onnx --out digits.onnx
    """
    with loading():
        from groupae.cli.running import open_run
        from groupae.experiments import export_run
    with open_run(run, threads) as (opened, model, console):
        written = export_run(opened, model, format=format, out=out)
    shapes = {"g": opened.data.group.element_shape, "x": opened.data.x_shape}
    inputs = " and ".join(f"{k} ({', '.join(map(str, ('n', *v)))})" for k, v in shapes.items())
    say(console, f"{written.path}: {written.mebibytes:.1f} MiB; inputs {inputs}, any n")
    pairs = counted(written.pairs, "held-out pair")
    say(console, f"largest difference from the model on {pairs}: {written.difference:.1e}")


def check(target: str = "all") -> int:
    """Check the laws of groups, representations and actions; exit with 1 if one fails.

    Writes nothing. Exits with 1 if a law fails.

    Args:
        target: ``all`` for everything built in and all plug-ins, the name of a group or of a
            plug-in, or ``package:object`` for an object of your own.

    Example:
        ::

            groupae check so3
            groupae check my_package:my_group
    """
    with loading():
        from groupae.cli.check import check as run
    return run(target)
