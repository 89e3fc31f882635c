"""Cores that were idle lately, as Linux counts them."""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["IdleCores"]

_STAT = Path("/proc/stat")


class IdleCores:
    """Number of idle cores, among those on which this process may run, since it was last asked for.

    Args:
        stat: File with a line of counters for each core, as Linux writes it.

    Example:
        >>> IdleCores(Path("missing")).since_last() is None
        True
    """

    def __init__(self, stat: Path = _STAT) -> None:
        self._stat = stat
        self._last = time.perf_counter(), self._idle_seconds()

    def since_last(self) -> float | None:
        """Return the mean number of idle cores; ``None`` where that is not known."""
        (then, before), now = self._last, (time.perf_counter(), self._idle_seconds())
        self._last = now
        if before is None or now[1] is None or now[0] <= then:
            return None
        return (now[1] - before) / (now[0] - then)

    def _idle_seconds(self) -> float | None:
        """Return the seconds for which the cores were idle since the start of the machine."""
        try:
            lines = self._stat.read_text().splitlines()
            cores = {f"cpu{number}" for number in os.sched_getaffinity(0)}
            fields = [line.split() for line in lines]
            ticks = [int(of[4]) for of in fields if of and of[0] in cores]
            return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None
        except (OSError, AttributeError, ValueError, IndexError):  # another system
            return None
