"""Time until the command and the package are ready, against version 0.1.0 and against e3nn.

``python benchmarks/start.py`` starts each program in processes of its own, in alternation, and
writes ``benchmarks/results/start`` (.json and .md): medians and quartiles of wall and processor
seconds. Files are read once before, so that they come from memory, as in daily use.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from earlier import COMMAND, ROOT, add_options, source_of
from timing import Spread, facts, spread, write

_PROGRAMS = {
    "groupae --help": [COMMAND, "--help"],
    "groupae --version": [COMMAND, "--version"],
    "import groupae": ["import groupae"],
    "from groupae import SO2": ["from groupae import SO2"],
}
_PEERS = {"import torch": ["import torch"], "import e3nn": ["import e3nn.o3"]}


@dataclasses.dataclass(frozen=True)
class Start:
    """Seconds of one program in one version."""

    program: str
    version: str
    wall: Spread
    processor: Spread


def seconds_of(code: Sequence[str], source: Path) -> tuple[float, float]:
    """Run Python on a program with one version first on its path; return wall and processor s."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", *code],
        env={**os.environ, "PYTHONPATH": str(source)},
        cwd=tempfile.gettempdir(),
        capture_output=True,
        check=False,
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr.decode())
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Time all programs, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    add_options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        earlier = source_of(options.commit, Path(folder))
        runs = [(name, "now", code, ROOT) for name, code in _PROGRAMS.items()]
        runs += [(name, options.version, code, earlier) for name, code in _PROGRAMS.items()]
        runs += [(name, "", code, ROOT) for name, code in _PEERS.items()]
        found: list[list[tuple[float, float]]] = [[] for _ in runs]
        for turn in range(options.rounds + 1):
            for (_, _, code, source), times in zip(runs, found, strict=True):
                seconds = seconds_of(code, source)
                if turn:
                    times.append(seconds)
    starts = [
        Start(name, version, *map(spread, zip(*times, strict=True)))
        for (name, version, _, _), times in zip(runs, found, strict=True)
    ]
    lines = ["| program | version | wall, s | processor, s |", "| --- | --- | --- | --- |"]
    lines += [f"| {s.program} | {s.version} | {s.wall} | {s.processor} |" for s in starts]
    print(*lines, sep="\n")
    known = facts({"earlier version": f"{options.version}, commit {options.commit}"})
    write("start", known, {"starts": [dataclasses.asdict(s) for s in starts]}, lines)


if __name__ == "__main__":
    main()
