"""Command ``groupae bench``: where a latent action pays, and where it does not."""

from __future__ import annotations

import functools
import shlex
from pathlib import Path

from groupae._choices import Size
from groupae._printable import counted, say
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
    """Train models on parts of the data, ask them about the rest, and print one table; resumable.

    Writes one file per training into the folder of the benchmark, from which a stopped one goes on,
    and bench.md, bench.json, bench.csv, overview.png and curves of all.

    Args:
        datasets: All, or names of data sets, separated by commas.
        splits: All, or names separated by commas: whole, steps-45, wedge, between, compose-15,
            few-350, combination, symmetric; the numbers are degrees and originals.
        models: All, or names of presets separated by commas: default, small-steps, equivariant,
            frequency-1, conditional, learned-mask, plain, winter.
        seeds: Trainings per model and split; 3 by default, 1 with --quick.
        cpu_minutes: Processor time per training, in minutes; 2 by default, 0.25 with --quick.
        jobs: Trainings side by side, each on one thread.
        size: Size of the data sets: tiny, small or full.
        submissions: Folder with results of others, one JSON file per model, that join the table.
        quick: Whether to train five models on four data sets for a short time, about 15 minutes.
        out: Folder of the benchmark; by default runs/bench, or runs/bench-quick.

    Example:
        ::

            groupae bench --quick
            groupae bench rotated-digits --splits steps-45,wedge --seeds 1
    """
    with loading():
        from rich.console import Console

        from groupae.cli.running import say_files
        from groupae.experiments.bench import (
            BenchRun,
            Board,
            choose_models,
            choose_tasks,
            read_others,
            write_board,
        )
        from groupae.experiments.bench.board_text import board_table
        from groupae.experiments.datasets.progress import show_building
    console = Console()
    tell = functools.partial(say, console)
    path = out or Path("runs") / ("bench-quick" if quick else "bench")
    minutes = cpu_minutes if cpu_minutes is not None else (0.25 if quick else 2.0)
    seeds = seeds if seeds is not None else (1 if quick else 3)
    left_out: dict[str, str] = {}

    def leave_out(line: str) -> None:
        name, _, why = line.partition(" left out: ")
        left_out[name] = why
        tell(line)

    with show_building(console):
        tasks = choose_tasks(datasets, splits, minutes, size=size, quick=quick, tell=leave_out)
        for task in tasks:
            task.load("train")
    run = BenchRun(path, tasks, choose_models(tasks, models, quick=quick), seeds=seeds)
    others = () if submissions is None else read_others(submissions, run.models)
    options = {"--quick": quick, "--splits": splits, "--models": models, "--size": size}
    command = _spell(datasets, {**options, "--seeds": seeds, "--cpu-minutes": minutes})
    facts = {"command": f"`{command}`", "threads per training": "1"}

    def make_board() -> Board:
        results = list(run.results())
        return Board.of(results, others, asked=run.asked, left_out=left_out, facts=facts)

    def keep() -> None:
        write_board(make_board(), path, draws=False)

    least = counted(round(len(run.cells) * minutes / max(jobs, 1)), "minute")
    tell(f"at least {least} if none is there yet")
    failures = run.run(jobs, tell=tell, write=keep)
    board = make_board()
    write_board(board, path)
    for table in board.tables:
        tell(f"{table.task.name}: {get_question(table.task.split)}")
        board_table(table).print(console)
    say_files(console, path, "bench.md", "bench.json", "bench.csv", "overview.png")
    return 1 if failures else 0


def get_question(split: str) -> str:
    """Return the question of a split."""
    from groupae.experiments.bench import get_split

    return get_split(split).question


def _spell(datasets: str, options: dict[str, object]) -> str:
    """Return the command line."""
    words = ["groupae", "bench", *([] if datasets == "all" else [datasets])]
    for option, value in options.items():
        if value is True:
            words.append(option)
        elif value is not False and value not in ("all", "small"):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    return shlex.join(words)
