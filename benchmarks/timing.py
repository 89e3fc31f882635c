"""Timing of alternating calls (A B A B ...) in one ordinary process: medians, quartiles and ratios.

Nothing is set for the measurement: no environment variable, no option of the allocator. groupae is
timed as installed, and in the same alternation without its compiled kernels ("portable").

The speed of a shared machine varies over time. Alternating calls are slowed alike, so ratios vary
less than times; the ratio is taken in each round, and its median and quartiles are reported.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch

import groupae
from groupae.kernels.compiled.library import is_compiled
from groupae.kernels.dispatch import forced_path

RESULTS = Path(__file__).parent / "results"

Call = Callable[[], object]

_ROUNDS, _FEWEST_ROUNDS = 15, 5


@dataclasses.dataclass(frozen=True)
class Spread:
    """Median and quartiles over rounds: milliseconds per call, or a ratio."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(self.low)} .. {_short(self.high)})"


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 1000 else f"{number:.3g}"


def spread(values: Sequence[float]) -> Spread:
    """Return median and quartiles of the values of all rounds."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(median, low, high)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One operation of groupae to time, and what it is compared with.

    Args:
        name: The operation.
        ours: A call of groupae.
        peers: Calls of others by their names; none if the processor time itself is limited.
        asked: The required ratio per peer, where one is required: peer over ours. If ``is_limit``,
            the largest ratio allowed, ours over peer; without peers, of microseconds.
        is_limit: Whether the requirement is an upper limit, as for a copy of the same bytes.
        weight: Share of the time of an ordinary row; more for calls that take long.
    """

    name: str
    ours: Call
    peers: Mapping[str, Call] = dataclasses.field(default_factory=dict)
    asked: Mapping[str, float] = dataclasses.field(default_factory=dict)
    is_limit: bool = False
    weight: float = 1.0


@dataclasses.dataclass(frozen=True)
class Row:
    """Result of a comparison with one peer, or with a limit of processor time.

    Args:
        name: The operation.
        peer_name: Name of the peer, or `PROCESSOR_TIME`.
        ours: Time of groupae as installed.
        portable: Time of groupae without compiled kernels; the same if there are none.
        peer: Time of the peer; for `PROCESSOR_TIME` none.
        ratio: Factor by which groupae as installed is faster; for a limit, by which it is slower;
            for `PROCESSOR_TIME` microseconds.
        portable_ratio: The same factor without compiled kernels.
        asked: The required ratio, if one is.
        is_limit: Whether the requirement is an upper limit.
    """

    name: str
    peer_name: str
    ours: Spread
    portable: Spread
    peer: Spread | None
    ratio: Spread
    portable_ratio: Spread
    asked: float | None
    is_limit: bool

    @property
    def verdict(self) -> str:
        """Whether the requirement is met or missed; empty without one."""
        if self.asked is None:
            return ""
        ratio = self.ratio.median
        return (
            "met" if (ratio <= self.asked if self.is_limit else ratio >= self.asked) else "missed"
        )


PROCESSOR_TIME = "processor time"


def rounds_of(
    calls: Sequence[Call],
    *,
    seconds: float = 3.0,
    rounds: int = _ROUNDS,
    clock: Callable[[], float] = time.perf_counter,
) -> list[list[float]]:
    """Time several calls in alternation and return milliseconds per call, per round.

    Args:
        calls: The calls; each is run twice before timing starts.
        seconds: Total time.
        rounds: Rounds of the alternation; in each, every call is repeated as often as time allows.
            They are fewer, but not below `_FEWEST_ROUNDS`, if they would take longer than that.
        clock: Wall clock, or the processor's.
    """
    once = []
    for call in calls:
        call()
        started = time.perf_counter()
        call()
        once.append(max(time.perf_counter() - started, 1e-7))
    rounds = min(rounds, max(_FEWEST_ROUNDS, round(seconds / sum(once))))
    counts = [max(1, round(seconds / rounds / len(calls) / each)) for each in once]
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        gc.collect()
        for call, count, found in zip(calls, counts, times, strict=True):
            started = clock()
            for _ in range(count):
                call()
            found.append((clock() - started) / count * 1e3)
    return times


def interleave(
    calls: Sequence[Call], *, seconds: float = 3.0, rounds: int = _ROUNDS
) -> list[Spread]:
    """Time several calls in alternation and return the milliseconds of each."""
    return [spread(times) for times in rounds_of(calls, seconds=seconds, rounds=rounds)]


def portable(call: Call) -> Call:
    """Return the same call without the compiled kernels."""

    def without_compiled() -> object:
        with forced_path(fast=True, compiled=False):
            return call()

    return without_compiled


def measure(comparison: Comparison, seconds: float) -> list[Row]:
    """Time groupae and its peers in one alternation, and return one row per peer."""
    calls = [comparison.ours, portable(comparison.ours), *comparison.peers.values()]
    clock = time.perf_counter if comparison.peers else time.process_time
    times = rounds_of(calls, seconds=seconds * comparison.weight, clock=clock)
    if not is_compiled():
        times[1] = times[0]
    names = comparison.peers or [PROCESSOR_TIME]
    return [
        _row(comparison, name, times[0], times[1], times[i] if comparison.peers else None)
        for i, name in enumerate(names, 2)
    ]


def _row(
    comparison: Comparison,
    name: str,
    ours: Sequence[float],
    without: Sequence[float],
    peer: Sequence[float] | None,
) -> Row:
    def ratio(times: Sequence[float]) -> Spread:
        if peer is None:
            return spread([1e3 * time for time in times])
        faster = [theirs / own for own, theirs in zip(times, peer, strict=True)]
        return spread([1 / factor for factor in faster] if comparison.is_limit else faster)

    return Row(
        comparison.name,
        name,
        spread(ours),
        spread(without),
        None if peer is None else spread(peer),
        ratio(ours),
        ratio(without),
        comparison.asked.get(name),
        comparison.is_limit,
    )


HEAD = (
    "| operation | ours, ms (quartiles) | portable, ms | compared with, ms | ratio (quartiles) "
    "| portable | required |\n| --- | --- | --- | --- | --- | --- | --- |"
)


def line_of(row: Row) -> str:
    """Return a row as a line of a Markdown table."""
    sign, unit = "at most" if row.is_limit else "at least", "x" if row.peer else " µs"
    low, high = _short(row.ratio.low), _short(row.ratio.high)
    cells = [
        row.name,
        str(row.ours),
        str(row.portable),
        f"{row.peer_name} {row.peer or ''}".strip(),
        f"**{_short(row.ratio.median)}{unit}** ({low} .. {high})",
        f"{_short(row.portable_ratio.median)}{unit}",
        "" if row.asked is None else f"{sign} {row.asked:g}{unit}: {row.verdict}",
    ]
    return f"| {' | '.join(cells)} |"


def facts(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the conditions of a measurement: machine, versions, date."""
    from groupae.kernels.compiled import status  # versions before 0.6, which are timed too, lack it

    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}{_load()}",
        "torch": f"{torch.__version__}, {torch.get_num_threads()} thread(s)",
        "python": platform.python_version(),
        "groupae": f"{groupae.__version__}, {status()}",
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        **(extra or {}),
    }


def _load() -> str:
    """Return the number of processes that ran in the last minute, where the system tells it."""
    return f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def set_up(description: str | None, *, seconds: float = 3.0) -> float:
    """Read the command line, set the number of threads and the seed, and return seconds per row."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=seconds, help="seconds per row")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    return float(options.seconds)


def run(
    name: str,
    comparisons: Iterable[Comparison],
    *,
    seconds: float,
    about: Mapping[str, str] | None = None,
) -> None:
    """Time all comparisons and write them to ``results/NAME.json`` and, as a table, ``.md``."""
    known = facts(about)
    print(*_lines(known), "", HEAD, sep="\n", flush=True)
    rows = []
    for comparison in comparisons:
        for row in measure(comparison, seconds):
            print(line_of(row), flush=True)
            rows.append(row)
    data = {"rows": [{**dataclasses.asdict(row), "verdict": row.verdict} for row in rows]}
    write(name, known, data, [HEAD, *map(line_of, rows)])


def write(
    name: str, known: Mapping[str, str], data: Mapping[str, object], table: Sequence[str]
) -> None:
    """Write a measurement to ``results/NAME.json`` and, as a table, ``results/NAME.md``."""
    RESULTS.mkdir(exist_ok=True)
    content = json.dumps({"facts": known, **data}, indent=1)
    (RESULTS / f"{name}.json").write_text(content + "\n")
    (RESULTS / f"{name}.md").write_text("\n".join([*_lines(known), "", *table, ""]))
    print(f"written: benchmarks/results/{name}.json and .md")


def _lines(known: Mapping[str, str]) -> list[str]:
    return [f"- {key}: {value}" for key, value in known.items()]
