"""Timing side by side: A B A B ... in one process, medians, spreads and ratios.

A machine that others use is slower at one moment than at another; what is timed in turns is slowed
alike, so ratios are steadier than times.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Timing:
    """Milliseconds of one call: the median over rounds, and the quartiles."""

    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Row:
    """What is compared, and how.

    Args:
        name: What is timed.
        ours: Our time.
        peer: The other's.
        peer_name: Who the other is.
        asked: The ratio asked for: peer over ours, or ours over peer if ``is_limit``.
        is_limit: Whether the ratio is to stay below, as against a copy of the same bytes.
    """

    name: str
    ours: Timing
    peer: Timing
    peer_name: str
    asked: float
    is_limit: bool = False

    @property
    def ratio(self) -> float:
        """How many times faster; against a limit, how many times slower."""
        faster = self.peer.median / self.ours.median
        return 1 / faster if self.is_limit else faster

    @property
    def is_met(self) -> bool:
        """Whether the ratio is what was asked for."""
        return self.ratio <= self.asked if self.is_limit else self.ratio >= self.asked


def interleave(
    calls: Sequence[Callable[[], object]], *, seconds: float = 3.0, rounds: int = 11
) -> list[Timing]:
    """Time calls in turns.

    Args:
        calls: What to time; each is called once before.
        seconds: In all.
        rounds: Turns of each; a turn is as many calls as fit.
    """
    counts = []
    for call in calls:
        call()
        started = time.perf_counter()
        call()
        once = time.perf_counter() - started
        counts.append(max(1, round(seconds / rounds / len(calls) / max(once, 1e-7))))
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, count, found in zip(calls, counts, times, strict=True):
            started = time.perf_counter()
            for _ in range(count):
                call()
            found.append((time.perf_counter() - started) / count * 1e3)
    timings = []
    for found in times:
        low, median, high = statistics.quantiles(found, n=4, method="inclusive")
        timings.append(Timing(median, low, high))
    return timings


def compare(
    name: str,
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    peer_name: str,
    asked: float,
    is_limit: bool = False,
    seconds: float = 3.0,
) -> Row:
    """Return ours beside a peer, and print the line."""
    ours_time, peer_time = interleave([ours, peer], seconds=seconds)
    row = Row(name, ours_time, peer_time, peer_name, asked, is_limit)
    print(line_of(row), flush=True)
    return row


def line_of(row: Row) -> str:
    """Return a row as a line of a Markdown table."""
    sign = "at most" if row.is_limit else "at least"
    cells = [
        row.name,
        f"{row.ours.median:.3g} ({row.ours.low:.3g} .. {row.ours.high:.3g})",
        f"{row.peer_name} {row.peer.median:.3g} ({row.peer.low:.3g} .. {row.peer.high:.3g})",
        f"**{row.ratio:.3g}x**",
        f"{sign} {row.asked:g}x" + ("" if row.is_met else ", missed"),
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| what | ours, ms (quartiles) | against, ms (quartiles) | ratio | asked |\n"
    "| --- | --- | --- | --- | --- |"
)


def facts(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what the figures hang on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} thread(s)",
        "python": platform.python_version(),
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        **(extra or {}),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def set_up(description: str | None) -> None:
    """Read the command line, and fix the number of threads and the seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(0)


def run(name: str, rows: Iterable[Row], about: Mapping[str, str] | None = None) -> None:
    """Time rows and write them as data and as a table, ``results/NAME.json`` and ``.md``."""
    known = facts(about)
    print(*_lines(known), "", HEAD, sep="\n", flush=True)
    timed = list(rows)
    RESULTS.mkdir(exist_ok=True)
    data = {
        "facts": known,
        "rows": [
            {**dataclasses.asdict(row), "ratio": row.ratio, "is_met": row.is_met} for row in timed
        ],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")
    table = [*_lines(known), "", HEAD, *map(line_of, timed), ""]
    (RESULTS / f"{name}.md").write_text("\n".join(table))
    print(f"written: benchmarks/results/{name}.json and .md")


def _lines(known: Mapping[str, str]) -> list[str]:
    return [f"- {key}: {value}" for key, value in known.items()]
