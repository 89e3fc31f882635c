"""Trainings side by side, each in a fresh process with one thread.

Memory and time of one training do not depend on the others, and one that fails stops no other.
A worker ends when the process that started it ends, in whatever way, and does not receive Ctrl-C:
that process decides.
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
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import torch
from filelock import FileLock, Timeout

from groupae._memory import keep_freed_memory
from groupae._validation import expected

__all__ = ["Training", "alone_in", "train_trials"]


class Training(Protocol):
    """A training that can be sent to another process."""

    @property
    def log(self) -> Path:
        """File with the output of the process."""
        ...

    def train(self) -> object:
        """Train in this process, and write the files of the result."""
        ...


_T = TypeVar("_T", bound=Training)

_ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclasses.dataclass(frozen=True)
class _Worker(Generic[_T]):
    trial: _T
    process: SpawnProcess
    messages: connection.Connection

    def outcome(self) -> str | None:
        """Return the error of a process that has ended; ``None`` if it succeeded."""
        self.process.join()
        with self.messages, contextlib.suppress(EOFError):
            if self.messages.poll():
                return str(self.messages.recv())
        if self.process.exitcode == 0:
            return None
        return f"its process ended with code {self.process.exitcode}; see {self.trial.log}"

    def stop(self) -> None:
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def alone_in(path: Path, place: Path, command: str) -> Iterator[None]:
    """Keep other processes from training in a folder meanwhile.

    Args:
        path: The folder, which errors begin with.
        place: Folder in it for the file of the lock; made if it is not there.
        command: Command at work, for the error.

    Raises:
        BlockingIOError: If another process is at work there.

    Example:
        >>> import tempfile
        >>> place = Path(tempfile.mkdtemp())
        >>> with alone_in(place, place / "runs", "groupae compare"):
        ...     print((place / "runs" / ".lock").exists())
        True
    """
    place.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place / ".lock", timeout=0):
            yield
    except Timeout:
        got, remedy = f"one that another {command} is at work on", "wait, or name another"
        sentence = expected(path, "a folder of its own", got, f"{remedy} with --out")
        raise BlockingIOError(sentence) from None


def train_trials(trials: Sequence[_T], jobs: int) -> Generator[tuple[_T, str | None], None, None]:
    """Train in the order given, and yield each training when it has ended, with its error if any.

    Closing the iterator stops those that are not finished.

    Args:
        trials: The trainings: trials of a comparison, or cells of a benchmark.
        jobs: Largest number of trainings at a time.

    Example:
        >>> list(train_trials([], jobs=2))
        []
    """
    waiting = deque(trials)
    working: dict[int, _Worker[_T]] = {}
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                worker = _start(waiting.popleft())
                working[worker.process.sentinel] = worker
            for sentinel in connection.wait(list(working)):
                assert isinstance(sentinel, int)
                ended = working.pop(sentinel)
                yield ended.trial, ended.outcome()
    finally:
        for worker in working.values():
            worker.stop()


def _start(trial: _T) -> _Worker[_T]:
    context = multiprocessing.get_context("spawn")
    trial.log.parent.mkdir(parents=True, exist_ok=True)
    if trial.log.is_symlink():  # nothing is written through it
        trial.log.unlink()
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(trial, sender), daemon=True)
    with _one_thread(), _interrupts_blocked():
        process.start()
    sender.close()
    return _Worker(trial, process, receiver)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Start new processes with one thread: libraries read the variables when they are loaded."""
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
    """Start new processes with Ctrl-C blocked; this process receives it after the block."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # once started, it does not touch the mask again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(trial: Training, messages: connection.Connection) -> None:
    """Train in a worker: the output goes to the log, an error to the process that started it."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with trial.log.open("w") as log:
            os.dup2(log.fileno(), sys.stdout.fileno())
            os.dup2(log.fileno(), sys.stderr.fileno())
        torch.set_num_threads(1)
        keep_freed_memory()
        trial.train()
    except Exception as error:
        kind = "" if isinstance(error, (ValueError, OSError)) else f"{type(error).__name__}: "
        messages.send(f"{kind}{' '.join(str(error).split())}")
        raise


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
