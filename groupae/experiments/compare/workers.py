"""Train the cells of a comparison side by side, each in a fresh process with one thread.

So one cell's memory and time say nothing of another's, and a cell that fails takes no other along.
A worker ends with the process that started it, however that ended, and is deaf to Ctrl-C: who
started it decides.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import connection, resource_tracker
from multiprocessing.context import SpawnProcess

import torch

from groupae.experiments.compare.cells import Cell, train_cell

__all__ = ["train_cells"]

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class _Worker:
    cell: Cell
    process: SpawnProcess
    messages: connection.Connection

    def outcome(self) -> str | None:
        """Return the error of a process that has ended; ``None`` if it did its work."""
        self.process.join()
        with self.messages, contextlib.suppress(EOFError):
            if self.messages.poll():
                return str(self.messages.recv())
        if self.process.exitcode == 0:
            return None
        return f"its process ended with code {self.process.exitcode}; see {self.cell.log}"

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


def train_cells(cells: Sequence[Cell], jobs: int) -> Generator[tuple[Cell, str | None], None, None]:
    """Train cells in the order given, and yield each when it has ended, with its error if any.

    Closing the iterator ends what still trains.

    Args:
        cells: What to train.
        jobs: How many at a time, at most.

    Example:
        >>> list(train_cells([], jobs=2))
        []
    """
    waiting = deque(cells)
    working: dict[int, _Worker] = {}
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                worker = _start(waiting.popleft())
                working[worker.process.sentinel] = worker
            for sentinel in connection.wait(list(working)):
                assert isinstance(sentinel, int)
                ended = working.pop(sentinel)
                yield ended.cell, ended.outcome()
    finally:
        for worker in working.values():
            worker.stop()


def _start(cell: Cell) -> _Worker:
    context = multiprocessing.get_context("spawn")
    cell.log.parent.mkdir(parents=True, exist_ok=True)
    if cell.log.is_symlink():  # nothing is written through it
        cell.log.unlink()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(cell, sender), daemon=True)
    with _one_thread(), _interrupts_blocked():
        process.start()
    sender.close()
    return _Worker(cell, process, receiver)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Have new processes start with one thread: libraries look when they are loaded."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Have new processes never hear of Ctrl-C; here it is heard afterwards."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # once started, it does not touch the mask again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(cell: Cell, messages: connection.Connection) -> None:
    """Do a worker's work: its output goes to the log, its error to who started it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with cell.log.open("w") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        torch.set_num_threads(1)
        train_cell(cell)
    except Exception as error:
        kind = "" if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: "
        messages.send(f"{kind}{' '.join(str(error).split())}")
        raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
