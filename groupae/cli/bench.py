"""Command ``groupae bench``: where a latent action pays, and where it does not."""

from __future__ import annotations

import functools
from pathlib import Path

from groupae._choices import Size
from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["bench"]


def bench(
    datasets: str = "all",
    *,
    splits: str = "all",
    models: str = "all",
    seeds: int | None = None,
    cpu_minutes: float | None = None,
    jobs: int = 2,
    size: Size = "small",
    submissions: Path | None = None,
    quick: bool = False,
    out: Path | None = None,
) -> int:
    """Train models on parts of the group and ask them the rest; one table, resumable.

    Args:
        datasets: All, or names of data sets, separated by commas; groupae data list shows them.
        splits: All that a data set can have, or names such as steps-45, wedge, few-350.
        models: All, or names of presets, separated by commas.
        seeds: Trainings per cell; 3 by default, 1 with --quick.
        cpu_minutes: Processor time per training, in minutes; 2 by default, 0.25 with --quick.
        jobs: Trainings side by side, each on one thread.
        size: Size of the data sets: tiny, small or full.
        submissions: Folder with results of others, one JSON file each, that join the table.
        quick: Short trainings of four models on four data sets, in about 15 minutes.
        out: Folder of the benchmark; by default runs/bench, or runs/bench-quick.
    """
    with loading():
        from rich.console import Console

        from groupae.cli.running import say_files
        from groupae.experiments.bench import BenchRun, choose_tasks, read_submissions, write_board
        from groupae.experiments.bench.plan import MODELS, QUICK_MODELS
        from groupae.experiments.datasets.progress import show_building
    console = Console()
    tell = functools.partial(say, console)
    path = out or Path("runs") / ("bench-quick" if quick else "bench")
    minutes = cpu_minutes if cpu_minutes is not None else (0.25 if quick else 2.0)
    with show_building(console):
        tasks = choose_tasks(datasets, splits, minutes, size=size, quick=quick, tell=tell)
    known = QUICK_MODELS if quick else MODELS
    chosen = known if models == "all" else tuple(models.replace(" ", "").split(","))
    run = BenchRun(path, tasks, chosen, seeds=seeds or (1 if quick else 3), is_open=models == "all")
    others = () if submissions is None else read_submissions(submissions)
    write = functools.partial(write_board, path, run.results, others)
    failures = run.run(jobs, tell=tell, write=write)
    board = write()
    board.print(console)
    say_files(console, path, "bench.md", "bench.json", "bench.png")
    return 1 if failures else 0
