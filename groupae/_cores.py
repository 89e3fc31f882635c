"""Processor cores that this process may use: those of its affinity, and the quota of its cgroups.

A container with ``--cpus=1`` sees all cores of its machine; only the quota tells that it may use
one. Both versions of cgroups are read, at every level: no group has more than its parents.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Cores"]

_OWN = Path("/proc/self")


@dataclasses.dataclass(frozen=True)
class Cores:
    """Processor cores that a process may use.

    Args:
        machine: Cores of the machine.
        allowed: Cores on which the process may run.
        quota: Processor seconds per second that its cgroups grant; ``None`` without a limit.

    Example:
        >>> Cores(machine=64, allowed=8, quota=1.5).usable, Cores(4, 4, 0.2).usable
        (2, 1)
    """

    machine: int
    allowed: int
    quota: float | None = None

    @classmethod
    def of_process(cls) -> Cores:
        """Return the cores of this process as they are now."""
        machine = os.cpu_count() or 1
        return cls(machine, _allowed(machine), read_quota())

    @property
    def usable(self) -> int:
        """Number of threads that can run at a time: a quota is rounded, and is at least 1."""
        if self.quota is None:
            return self.allowed
        return max(1, min(self.allowed, math.floor(self.quota + 0.5)))

    def describe(self) -> str:
        """Return the cores in words."""
        parts = [f"{self.allowed} of {self.machine}"]
        if self.quota is not None:
            parts.append(f"quota of {self.quota:g}")
        return ", ".join(parts)


def _allowed(machine: int) -> int:
    if hasattr(os, "process_cpu_count"):  # Python 3.13 on; follows PYTHON_CPU_COUNT too
        return int(os.process_cpu_count() or machine)
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0)) or machine
    return machine


# --- cgroups -------------------------------------------------------------------------------------
def read_quota(process: Path = _OWN) -> float | None:
    """Return the smallest quota of the cgroups of a process, in cores.

    Args:
        process: Its folder in ``/proc``, with the files ``cgroup`` and ``mountinfo``.

    Returns:
        Processor seconds per second; ``None`` if there is no limit, or none that can be read, as on
        systems other than Linux.
    """
    groups, mounts = _read(process / "cgroup"), _read(process / "mountinfo")
    quotas = [
        quota
        for mount, root, is_v2 in _mounts(mounts)
        for folder in _levels(mount, root, _path_in(groups, is_v2=is_v2))
        if (quota := _quota_v2(folder) if is_v2 else _quota_v1(folder)) is not None
    ]
    return min(quotas, default=None)


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _path_in(groups: str, *, is_v2: bool) -> str:
    """Return the path of the group that limits processor time, in its hierarchy."""
    for line in groups.splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if (controllers == "") if is_v2 else ("cpu" in controllers.split(",")):
            return path
    return "/"


def _mounts(mountinfo: str) -> Iterator[tuple[Path, str, bool]]:
    """Yield mount point and root of each hierarchy that may limit processor time."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _, options) = before.split(), (*after.split(), "", "", "")[:3]
        is_v2 = kind == "cgroup2"
        if len(fields) >= 5 and (is_v2 or (kind == "cgroup" and "cpu" in options.split(","))):
            yield Path(_unescaped(fields[4])), _unescaped(fields[3]), is_v2


def _unescaped(field: str) -> str:
    r"""Return a field of mountinfo with ``\040`` as a space."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), field)


def _levels(mount: Path, root: str, path: str) -> Iterator[Path]:
    """Yield the folders of a group and of its parents, as far as they are mounted.

    A container may have its own group mounted as the root, and still be told the path that the
    group has on the host; a path that leads out of the mount begins with ``/..``.
    """
    parts = [part for part in path.split("/") if part]
    above = [part for part in root.split("/") if part]
    parts = parts[len(above) :] if parts[: len(above)] == above else []
    if ".." in parts:
        parts = []
    for count in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:count])


def _quota_v2(folder: Path) -> float | None:
    """Return the quota in ``cpu.max``, which is ``max 100000`` without a limit."""
    limit, period = (*_read(folder / "cpu.max").split(), "", "")[:2]
    return _ratio(limit, period or "100000")


def _quota_v1(folder: Path) -> float | None:
    """Return the quota of the completely fair scheduler, which is -1 without a limit."""
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(limit: str, period: str) -> float | None:
    try:
        microseconds, every = int(limit), int(period)
    except ValueError:
        return None
    return microseconds / every if microseconds > 0 and every > 0 else None
