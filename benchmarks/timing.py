"""Timing of alternating calls (A B A B ...) in one process: medians, quartiles and ratios.

If the C kernels are compiled, groupae is timed with and without them, in the same alternation.

The speed of a shared machine varies over time. Alternating calls are slowed alike, so ratios vary
less than times.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
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

from groupae.kernels.compiled.library import is_compiled
from groupae.kernels.dispatch import forced_path

RESULTS = Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Timing:
    """Milliseconds per call: median and quartiles over rounds."""

    median: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Row:
    """One comparison of groupae with a peer.

    Args:
        name: The operation.
        ours: Time of groupae.
        peer: Time of the peer.
        peer_name: Name of the peer.
        asked: The required ratio: peer over ours, or ours over peer if ``is_limit``.
        is_limit: Whether the ratio is an upper limit, as for a copy of the same bytes.
        compiled: Time of groupae with compiled kernels, if there are any.
    """

    name: str
    ours: Timing
    peer: Timing
    peer_name: str
    asked: float
    is_limit: bool = False
    compiled: Timing | None = None

    @property
    def ratio(self) -> float:
        """Factor by which groupae is faster; for a limit, by which it is slower."""
        return self._ratio(self.ours)

    @property
    def compiled_ratio(self) -> float | None:
        """The same factor with compiled kernels."""
        return None if self.compiled is None else self._ratio(self.compiled)

    def _ratio(self, ours: Timing) -> float:
        faster = self.peer.median / ours.median
        return 1 / faster if self.is_limit else faster

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio meets the requirement."""
        return ratio <= self.asked if self.is_limit else ratio >= self.asked

    @property
    def verdict(self) -> str:
        """Whether the requirement is met, met if compiled, or missed."""
        if self.is_met(self.ratio):
            return "met"
        is_met = self.compiled_ratio is not None and self.is_met(self.compiled_ratio)
        return "met if compiled" if is_met else "missed"


def interleave(
    calls: Sequence[Callable[[], object]], *, seconds: float = 3.0, rounds: int = 11
) -> list[Timing]:
    """Time several calls in alternation.

    Args:
        calls: The calls; each is run twice before timing starts.
        seconds: Total time.
        rounds: Rounds of the alternation; in each, every call is repeated as often as time allows.
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


def without_compiled(call: Callable[[], object]) -> Callable[[], object]:
    """Return the same call without the compiled kernels."""

    def pure() -> object:
        with forced_path(fast=True, compiled=False):
            return call()

    return pure


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
    """Time groupae and a peer, print the line and return it."""
    calls = [without_compiled(ours), peer, *[ours] * is_compiled()]
    ours_time, peer_time, *compiled = interleave(calls, seconds=seconds)
    row = Row(name, ours_time, peer_time, peer_name, asked, is_limit, *compiled)
    print(line_of(row), flush=True)
    return row


def line_of(row: Row) -> str:
    """Return a row as a line of a Markdown table."""
    sign = "at most" if row.is_limit else "at least"
    ratios = [row.ratio, *[row.compiled_ratio] * (row.compiled is not None)]
    cells = [
        row.name,
        _spread(row.ours),
        "" if row.compiled is None else _spread(row.compiled),
        f"{row.peer_name} {_spread(row.peer)}",
        " / ".join(f"**{ratio:.3g}x**" for ratio in ratios),
        f"{sign} {row.asked:g}x: {row.verdict}",
    ]
    return f"| {' | '.join(cells)} |"


def _spread(timing: Timing) -> str:
    return f"{timing.median:.3g} ({timing.low:.3g} .. {timing.high:.3g})"


HEAD = (
    "| operation | ours, ms (quartiles) | ours compiled | peer | ratio / compiled | required |\n"
    "| --- | --- | --- | --- | --- | --- |"
)


def facts(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the conditions of a measurement: machine, versions, date."""
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
    """Read the command line, and set the number of threads and the seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    torch.manual_seed(0)
    _keep_memory()


def _keep_memory() -> None:
    """Let glibc keep freed memory, for all libraries alike, so that page faults are not timed."""
    with contextlib.suppress(AttributeError, OSError):  # a libc other than glibc
        mallopt = ctypes.CDLL(None).mallopt
        for threshold in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
            mallopt(threshold, 2**30)


def run(name: str, rows: Iterable[Row], about: Mapping[str, str] | None = None) -> None:
    """Time the rows and write them to ``results/NAME.json`` and, as a table, ``.md``."""
    known = facts(about)
    print(*_lines(known), "", HEAD, sep="\n", flush=True)
    timed = list(rows)
    data = {
        "rows": [
            {
                **dataclasses.asdict(row),
                "ratio": row.ratio,
                "compiled_ratio": row.compiled_ratio,
                "verdict": row.verdict,
            }
            for row in timed
        ],
    }
    write(name, known, data, [HEAD, *map(line_of, timed)])


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
