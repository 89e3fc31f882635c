"""Start of a command in several ranks on this machine, by torchrun's own launcher."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from groupae._cores import Cores
from groupae._validation import check_count, expected
from groupae._waiting import is_set_by_user

__all__ = ["launch"]

_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if hasattr(signal, name)  # Windows lacks some
]


def launch(devices: int, argv: Sequence[str]) -> int:
    """Run Python in several ranks, as ``torchrun --standalone`` does, and return its exit code.

    Only rank 0 writes to the terminal. If a rank fails, the others are stopped. Ctrl-C and SIGTERM
    are passed on to all ranks, which have 30 seconds to save their state.

    Args:
        devices: Number of ranks.
        argv: Arguments of Python, such as ``["-m", "groupae", "train", "--devices", "2"]``.

    Returns:
        0, the exit code of the rank that failed first, 128 plus the number of a signal that this
        process received, or 1 if a rank was killed.

    Raises:
        ValueError: If ``devices`` is not a number of ranks, or this process is a rank itself.

    Example:
        >>> launch(1, ["-c", "raise SystemExit(2)"])
        2
    """
    check_count("launch", "devices", devices)
    if "TORCHELASTIC_RUN_ID" in os.environ:
        what, got = "a process that is no rank itself", "one that torchrun has started"
        raise ValueError(expected("launch", what, got, "leave torchrun or --devices out"))
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="groupae-ranks-")))
        stack.enter_context(_quiet_launcher())
        stack.enter_context(_signals_kept())
        stack.enter_context(_threads_shared(devices))
        return _run(devices, list(argv), logs)


def _run(devices: int, argv: list[str], logs: Path) -> int:
    """Return the exit code of the ranks, and report one that failed without a word."""
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException, Std
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    hidden = dict.fromkeys(range(1, devices), Std.ALL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=devices,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(log_dir=str(logs), redirects=hidden),
    )
    try:
        elastic_launch(config, sys.executable)(*argv)
    except SignalException as received:
        return 128 + int(received.sigval)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        return _report(rank, failure, logs)
    return 0


def _report(rank: int, failure: Any, logs: Path) -> int:
    """Return the exit code of the rank that failed first; say why, unless it has said so itself."""
    if failure.exitcode < 0:
        name = signal.Signals(-failure.exitcode).name
        remedy = "the others were stopped; resume from the last snapshot"
        what = f"rank {rank} to end by itself"
        sys.stderr.write(f"groupae: {expected('launch', what, f'killed by {name}', remedy)}\n")
        return 1
    if rank > 0:  # its output went to a file
        for file in sorted(logs.rglob(f"{rank}/stderr.log")):
            sys.stderr.write(file.read_text(errors="replace"))
    return int(failure.exitcode)


# --- settings of the process ---------------------------------------------------------------------
@contextlib.contextmanager
def _quiet_launcher() -> Iterator[None]:
    """Run a block without the log of torchrun, which tells of each process that it stops."""
    import torch.distributed.launcher.api  # noqa: F401  # makes its loggers, each with a level

    prefix = "torch.distributed.elastic"
    names = [name for name in logging.root.manager.loggerDict if name.startswith(prefix)]
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Put the handlers of signals back, which torchrun replaces."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _threads_shared(devices: int) -> Iterator[None]:
    """Share the usable cores among the ranks, unless the user has set ``OMP_NUM_THREADS``."""
    name = "OMP_NUM_THREADS"
    if is_set_by_user(name):
        yield
        return
    before = os.environ.get(name)  # of a quota of this process
    os.environ[name] = str(max(1, Cores.of_process().usable // devices))
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
