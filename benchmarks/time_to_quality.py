"""Time from the start of ``groupae train`` to a score, side by side with an earlier version.

``python benchmarks/time_to_quality.py`` trains the default of each data set by the command, now and
in version 0.1.0, for the budgets given, and writes ``benchmarks/results/time_to_quality`` (.json,
.md and .png). The earlier version is taken from its commit into a temporary folder, and runs beside
the libraries of this environment, on the same pairs. Validation scores are those of the run's
``metrics.jsonl``, on 500 pairs that do not train.

A learning rate decays over the budget, so each budget is a run of its own. A score counts as
reached at the first validation that has it, in the run that has it first. Wall and processor
seconds count from the start of the command: imports, data and all that comes before the first step.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from earlier import COMMAND, ROOT, add_options, source_of
from timing import RESULTS, facts, write

_TARGETS = {"rotated-digits": (25.0, 30.0, 32.0), "blocked-digits": (20.0, 22.0, 24.0)}
_POLL = 0.25  # seconds between looks at the processor time of a run


@dataclasses.dataclass(frozen=True)
class Training:
    """Curve of one run: seconds since the start of the command and validation scores in dB."""

    version: str
    dataset: str
    minutes: float
    seed: int
    wall: list[float]
    processor: list[float]
    score: list[float]
    command_seconds: float

    def time_to(self, score: float) -> tuple[float, float] | None:
        """Return wall and processor seconds to a score; None if it is not reached."""
        for wall, processor, found in zip(self.wall, self.processor, self.score, strict=True):
            if found >= score:
                return wall, processor
        return None


def train(version: str, source: Path, dataset: str, minutes: float, seed: int) -> Training:
    """Train by the command in a process of its own, and return the curve."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        words = ["train", dataset, "--minutes", str(minutes), "--seed", str(seed), "--out"]
        environment = {**os.environ, "PYTHONPATH": str(source), "MPLBACKEND": "Agg"}
        started, clock = time.time(), time.perf_counter()
        with (Path(parent) / "output").open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, *words, str(folder)],
                cwd=parent,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            samples = list(_processor_seconds(process, clock))
        command_seconds = time.perf_counter() - clock
        if process.returncode:
            sys.exit((Path(parent) / "output").read_text())
        wall, score = _curve(folder / "metrics.jsonl", started)
    processor = np.interp(wall, *zip(*samples, strict=True)).tolist()
    return Training(version, dataset, minutes, seed, wall, processor, score, command_seconds)


def _processor_seconds(
    process: subprocess.Popen[bytes], clock: float
) -> Iterator[tuple[float, float]]:
    """Yield wall and processor seconds of a process until it ends."""
    stat, ticks = Path(f"/proc/{process.pid}/stat"), os.sysconf("SC_CLK_TCK")
    yield 0.0, 0.0
    while process.poll() is None:
        time.sleep(_POLL)
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return
        yield time.perf_counter() - clock, (int(fields[11]) + int(fields[12])) / ticks


def _curve(path: Path, started: float) -> tuple[list[float], list[float]]:
    """Return seconds since the start of the command and scores of all validations."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    # lines count from the first step; the last one was written when the file was last changed
    before = path.stat().st_mtime - started - lines[-1]["seconds"]
    found = [line for line in lines if "validation_psnr" in line]
    wall = [before + line["seconds"] for line in found]
    return wall, [line["validation_psnr"] for line in found]


def fastest(runs: Sequence[Training], score: float) -> tuple[float, float] | None:
    """Return wall and processor seconds to a score: per seed the best budget, mean over seeds."""
    times = []
    for seed in {run.seed for run in runs}:
        reached = [run.time_to(score) for run in runs if run.seed == seed]
        if not any(reached):
            return None
        times.append(min(time for time in reached if time is not None))
    wall, processor = (statistics.fmean(column) for column in zip(*times, strict=True))
    return wall, processor


def table(runs: Sequence[Training], then: str, now: str) -> list[str]:
    """Return the lines of the table: seconds to each score in both versions."""
    lines = [
        f"| data set | score | {then}: wall, s | processor, s | {now}: wall, s | processor, s "
        "| faster, wall |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for dataset in dict.fromkeys(run.dataset for run in runs):
        of = {v: [r for r in runs if (r.dataset, r.version) == (dataset, v)] for v in (then, now)}
        longest = max(run.minutes for run in of[then])
        last = min(max(run.score) for run in of[then] if run.minutes == longest)
        targets = {f"{target:g} dB": target for target in _TARGETS.get(dataset, ())}
        targets[f"{last:.2f} dB, that of {then} after {longest:g} minutes"] = last
        for name, target in targets.items():
            times = [fastest(of[version], target) for version in (then, now)]
            cells = [cell for t in times for cell in _seconds(t)]
            ratio = f"**{times[0][0] / times[1][0]:.2g}x**" if times[0] and times[1] else ""
            lines.append(f"| {dataset} | {name} | {' | '.join([*cells, ratio])} |")
    lines += ["", *_scores(runs)]
    return lines


def _seconds(times: tuple[float, float] | None) -> list[str]:
    return ["not reached", ""] if times is None else [f"{x:.0f}" for x in times]


def _scores(runs: Sequence[Training]) -> list[str]:
    head = ["data set", "version", "minutes", "seed", "command, s", "best score, dB"]
    lines = [f"| {' | '.join(head)} |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for run in runs:
        numbers = f"{run.minutes:g} | {run.seed} | {run.command_seconds:.0f}"
        lines.append(f"| {run.dataset} | {run.version} | {numbers} | {max(run.score):.2f} |")
    return lines


def draw(runs: Sequence[Training], then: str) -> None:
    """Draw score against wall seconds of all runs."""
    datasets = list(dict.fromkeys(run.dataset for run in runs))
    figure, axes = plt.subplots(
        1, len(datasets), figsize=(4.5 * len(datasets), 3.4), layout="constrained", squeeze=False
    )
    for axis, dataset in zip(axes[0], datasets, strict=True):
        seen = set()
        for run in runs:
            if run.dataset != dataset:
                continue
            label = None if run.version in seen else run.version
            seen.add(run.version)
            colour = "tab:grey" if run.version == then else "tab:blue"
            axis.semilogx(run.wall, run.score, ".-", color=colour, label=label)
        axis.set_title(dataset, fontsize=10)
        axis.set_xlabel("seconds since the start of the command")
        axis.grid(alpha=0.3, which="both")
    axes[0][0].set_ylabel("PSNR of validation pairs, dB")
    axes[0][0].legend()
    figure.savefig(RESULTS / "time_to_quality.png", dpi=120)
    print("written: benchmarks/results/time_to_quality.png")


def _key(run: Training) -> tuple[str, str, float, int]:
    return run.dataset, run.version, run.minutes, run.seed


def _known_runs() -> list[Training]:
    path = RESULTS / "time_to_quality.json"
    known = json.loads(path.read_text())["runs"] if path.exists() else []
    return [Training(**run) for run in known]


def main() -> None:
    """Train all, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["rotated-digits", "blocked-digits"])
    parser.add_argument("--minutes", nargs="+", type=float, default=[0.5, 1.25])
    parser.add_argument("--then-minutes", nargs="*", type=float, default=[1.25, 5.0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--add", action="store_true", help="keep the runs that are not repeated")
    add_options(parser)
    options = parser.parse_args()
    then, now = options.version, "now"
    runs: list[Training] = []
    with tempfile.TemporaryDirectory() as folder:
        source = source_of(options.commit, Path(folder))
        budgets = [(now, ROOT, m) for m in options.minutes]
        budgets += [(then, source, m) for m in options.then_minutes]
        for dataset in options.data:
            for seed in options.seeds:
                for version, path, minutes in budgets:
                    runs.append(train(version, path, dataset, minutes, seed))
                    print(_scores(runs)[-1], flush=True)
    if options.add:
        again = {_key(run) for run in runs}
        runs = [*runs, *(run for run in _known_runs() if _key(run) not in again)]
    known = facts({"earlier version": f"{then}, commit {options.commit}"})
    lines = table(runs, then, now)
    print(*lines, sep="\n")
    write("time_to_quality", known, {"runs": [dataclasses.asdict(run) for run in runs]}, lines)
    draw(runs, then)


if __name__ == "__main__":
    main()
