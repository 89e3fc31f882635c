"""Environment of OpenMP for a process that shares its cores, set before torch is loaded.

The threads of OpenMP meet at a barrier hundreds of times per training step. By default a thread
that waits there spins, for milliseconds (GNU) or 200 ms (Intel, LLVM). Where another process keeps
a core busy, one of the threads is descheduled while the others spin on the cores that it could use:
a step of 0.07 s takes seconds. Threads that fall asleep at once leave their cores to others, but
wake too late where nobody needs them: two of them trained digits at 21.7 steps per second, where
one reached 19.5, and two that spin for microseconds 33.3. So they spin that long; where cores are
shared, `groupae.training.thread_choice` takes fewer of them.

The runtimes read these variables once, when they are loaded. What the user has set stays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, MutableMapping

from groupae._cores import Cores

__all__ = ["is_set_by_user", "set_up_threads", "threads_spin", "waiting_policy"]

_POLICY = "OMP_WAIT_POLICY"
_SPINS = "GOMP_SPINCOUNT"
_WAITING = (_POLICY, _SPINS, "KMP_BLOCKTIME")
_FEW_SPINS = "10000"
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_OURS: dict[str, str] = {}  # variables of this process that were set here


def set_up_threads(
    environ: MutableMapping[str, str] | None = None,
    *,
    cores: Cores | None = None,
    loaded: Iterable[str] | None = None,
) -> tuple[str, ...]:
    """Set the variables of OpenMP that the user has not set, and return their names.

    Waiting threads spin for a short while only, and where a quota grants less than the cores that
    are seen, there are as many threads as it grants. Does nothing once torch is loaded, which has
    read them.

    Args:
        environ: Variables, by default those of the process.
        cores: Cores that the process may use, by default as they are.
        loaded: Names of the modules that are loaded.

    Example:
        >>> variables = {"OMP_NUM_THREADS": "3"}
        >>> set_up_threads(variables, cores=Cores(8, 8, 2.0), loaded=())
        ('GOMP_SPINCOUNT',)
        >>> variables
        {'OMP_NUM_THREADS': '3', 'GOMP_SPINCOUNT': '10000'}
    """
    environ = os.environ if environ is None else environ
    if "torch" in (sys.modules if loaded is None else loaded):
        return ()
    wanted: dict[str, str] = {}
    if not set(_WAITING) & set(environ):
        wanted[_SPINS] = _FEW_SPINS
    if not set(_THREADS) & set(environ):
        found = Cores.of_process() if cores is None else cores
        if found.usable < found.allowed:  # affinity is seen by the runtimes themselves
            wanted[_THREADS[0]] = str(found.usable)
    environ.update(wanted)
    if environ is os.environ:
        _OURS.update(wanted)
    return tuple(wanted)


def is_set_by_user(name: str) -> bool:
    """Return whether a variable of this process is set, and not by `set_up_threads`."""
    return name in os.environ and os.environ[name] != _OURS.get(name)


def waiting_policy() -> str:
    """Return in words how the threads of this process wait for one another."""
    for name in _WAITING:
        if is_set_by_user(name):
            return f"{name}={os.environ[name]}, as set by the user"
    if _SPINS in _OURS:
        return "awake for microseconds, then asleep"
    return "as the OpenMP runtime does, which spins for milliseconds"


def threads_spin() -> bool:
    """Return whether waiting threads of this process spin, unless a runtime was asked otherwise."""
    return os.environ.get(_POLICY, "").strip().lower() != "passive"
