"""Command ``groupae compare``: models trained with one budget, and their leaderboard."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path
from typing import get_args

from groupae._choices import Size, Split
from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["compare"]


def compare(
    dataset: str,
    *,
    models: str = "all",
    seeds: int | None = None,
    cpu_minutes: float | None = None,
    steps: int | None = None,
    jobs: int = 2,
    size: Size | None = None,
    pixels: int | None = None,
    folder: Path | None = None,
    out: Path | None = None,
) -> int:
    """Train models with the same data and budget, and print a leaderboard; resumable.

    Writes compare.md, compare.json and compare.png into the folder of the comparison, and one file
    per training into its folder cells.

    Args:
        dataset: Name of the data set; groupae data list shows them.
        models: All, ablation, or names of presets and systems, separated by commas.
        seeds: Trainings per model; the default depends on the data set.
        cpu_minutes: Processor time per training, in minutes; the default depends on the data set.
        steps: Budget in steps instead.
        jobs: Trainings side by side, each on one thread.
        size: Size of the data set: tiny, small or full; the default depends on the data set.
        pixels: Height and width to shrink pictures to; the default depends on the data set.
        folder: Folder of the originals, in their published layout, to use instead of the default.
        out: Folder of the comparison; by default runs/compare-DATASET.

    Example:
        ::

            groupae compare rotated-digits --models default,plain --seeds 1 --cpu-minutes 1
    """
    with loading():
        from rich.console import Console

        from groupae._validation import expected
        from groupae.cli.folders import explaining_originals, refuse_own_folder
        from groupae.cli.running import say_files
        from groupae.experiments import ComparisonRun, choose_models, get_experiment
        from groupae.experiments.datasets.progress import show_building
    if steps is not None and cpu_minutes is not None:
        got = f"{steps} and {cpu_minutes:g}"
        raise ValueError(expected("groupae compare", "--steps or --cpu-minutes, not both", got))
    refuse_own_folder(dataset)
    experiment = get_experiment(dataset)
    chosen, not_applicable = choose_models(experiment, models)
    usual = experiment.comparison
    size = size or usual.size
    seeds = usual.seeds if seeds is None else seeds
    pixels = usual.pixels if pixels is None else pixels
    minutes = usual.cpu_minutes if cpu_minutes is None else cpu_minutes
    path = Path("runs") / f"compare-{dataset}" if out is None else out
    options = {
        "--models": models,
        "--seeds": seeds,
        "--cpu-minutes": minutes if steps is None else None,
        "--steps": steps,
        "--jobs": jobs,
        "--size": size,
        "--pixels": pixels,
        "--folder": folder and "FOLDER",
        "--out": None if out is None or out.is_absolute() else out,
    }
    comparison = ComparisonRun(
        path,
        experiment,
        chosen,
        seeds=seeds,
        cpu_minutes=minutes,
        steps=steps,
        size=size,
        pixels=pixels,
        folder=folder,
        not_applicable=not_applicable,
        command=_spell(dataset, options),
    )
    console = Console()
    with show_building(console), explaining_originals(folder):
        for split in get_args(Split):
            experiment.data.resized(pixels).load(split, size=size, folder=folder)
    leaderboard = comparison.run(jobs, tell=functools.partial(say, console))
    leaderboard.print(console)
    say_files(console, path, "compare.md", "compare.json", "compare.png")
    return 1 if leaderboard.failures else 0


def _spell(dataset: str, options: dict[str, object]) -> str:
    """Return the command line, without paths of this machine."""
    words = ["groupae", "compare", dataset]
    for option, value in options.items():
        if value is not None:
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)
