"""Run folders: their files, checks of their paths, and the lock of a run in use."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import get_args

from filelock import FileLock, Timeout

from groupae._choices import OrbitFormat
from groupae._files import discard, is_leftover, read_json
from groupae._printable import counted
from groupae._validation import expected
from groupae.experiments.runs.run_config import CONFIG, read_yaml

__all__ = [
    "DEMO",
    "EVALUATION",
    "EXPORTS",
    "LOGS",
    "ORBITS",
    "REPORTS",
    "RESULT",
    "RunExistsError",
    "check_free",
    "check_usable",
    "describe_run",
    "empty",
    "is_locked",
    "last_step",
    "locked",
]

EXPORTS = {"pt2": "model.pt2", "onnx": "model.onnx"}
"""Name of an exported model in a run folder, by format."""

DEMO = "demo"
"""Name of the folder of the page that shows a model."""

RESULT = "result.json"
"""Name of the result of the training."""

LOGS = "logs"
"""Name of the folder of loggers."""

REPORTS = ("report.md", "orbit.png", "training.png")
"""Names of the files that are made of a finished training."""

ORBITS = tuple(f"orbit.{ending}" for ending in get_args(OrbitFormat))
"""Names of pictures of orbits, at rest and moving."""

EVALUATION = "evaluation.json"
"""Name of the file with all scores of the trained model."""

_LOCK = ".lock"
_FILES = frozenset(
    {CONFIG, "metrics.jsonl", "checkpoints", "snapshots", "first", LOGS, RESULT}
    | {*REPORTS, *ORBITS, EVALUATION, DEMO, "swap.md", "swap.png", *EXPORTS.values()}
)
_FILE_PATTERN = "|".join(map(re.escape, _FILES))


class RunExistsError(FileExistsError):
    """Error for a folder that holds a run, or anything else.

    Example:
        >>> issubclass(RunExistsError, FileExistsError)
        True
    """


def check_usable(path: Path, *, force: bool) -> None:
    """Raise `RunExistsError` unless a run may be made in a folder; nothing is touched.

    Args:
        path: The folder.
        force: Whether a run in it may be replaced.
    """
    if is_locked(path):
        got, remedy = "one that another process is at work on", "name another with --out"
        raise RunExistsError(expected(path, "a new or empty folder", got, remedy))
    check_free(path, force=force)


def check_free(path: Path, *, force: bool) -> None:
    """Raise `RunExistsError` unless a folder is missing, empty, or a run that may be replaced."""
    if not path.exists() or (path.is_dir() and not _contents(path)):
        return
    if not _is_run(path):
        got, remedy = "one that holds other things", "name another folder with --out"
        raise RunExistsError(expected(path, "a new or empty folder", got, remedy))
    if not force:
        raise RunExistsError(
            expected(path, "a new or empty folder", describe_run(path), _remedy(path))
        )


def _remedy(path: Path) -> str:
    """Return the things that can be done with a run that is there already."""
    anew = "to train anew name another folder with --out (--force deletes it)"
    use = f"judge it with groupae evaluate {path}, or open it with groupae.Run.open"
    if (path / RESULT).is_file():
        return f"{use}; groupae train --resume {path} --steps N lengthens it; {anew}"
    last = last_step(path, "checkpoints")
    if last and last_step(path, "snapshots") is None:  # of groupae before 0.4
        return f"groupae train --init {path} begins a new run with its weights; {use}; {anew}"
    go_on = f"groupae train --resume {path} completes it"
    return f"{go_on}; {anew}" if last is None else f"{go_on}; {use}; {anew}"


def describe_run(path: Path) -> str:
    """Return the state of a run in a few words.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     describe_run(Path(folder))
        'a run without checkpoints'
    """
    if (path / RESULT).is_file():
        return f"a finished run{_finished_steps(path)}"
    last = last_step(path, "snapshots")
    if last is None:
        last = last_step(path, "checkpoints")
    return "a run without checkpoints" if last is None else f"an unfinished run, at step {last}"


def last_step(path: Path, kind: str) -> int | None:
    """Return the largest step of the checkpoints or snapshots of a run; ``None`` without any."""
    names = [folder.name[5:] for folder in path.glob(f"{kind}/step-*")]
    return max((int(name) for name in names if name.isdecimal()), default=None)


def _finished_steps(path: Path) -> str:
    """Return the length of a finished run in words; nothing if its result cannot be read."""
    try:
        steps, best = map(int, itemgetter("steps", "best_step")(read_json(path / RESULT)))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return ""
    return f" of {counted(steps, 'step')}, the best weights at step {best}"


def empty(path: Path) -> None:
    """Delete all files of a run except its config, by which a partly emptied run is recognised."""
    for entry in path.iterdir():
        if entry.name not in (CONFIG, _LOCK):
            discard(entry)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from making or training a run in a folder.

    Raises:
        RunExistsError: If another process does so already.
    """
    lock = FileLock(path / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        got, remedy = "one that another process is at work on", "name another with --out"
        raise RunExistsError(expected(path, "a folder of its own", got, remedy)) from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (path / _LOCK).unlink()
        lock.release()


def is_locked(path: Path) -> bool:
    """Return whether another process has the lock; that of a killed process does not count."""
    if not path.is_dir() or not (path / _LOCK).is_file():
        return False
    lock = FileLock(path / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _contents(path: Path) -> set[str]:
    """Return the names in a folder, without the lock and files that killed processes left."""
    names = {entry.name for entry in path.iterdir()}
    return {name for name in names if name != _LOCK and not is_leftover(name, _FILE_PATTERN)}


def _is_run(path: Path) -> bool:
    """Return whether a folder is a run and holds nothing else."""
    names = _contents(path) if path.is_dir() else set()
    if CONFIG not in names or not names <= _FILES:
        return False
    try:
        read_yaml(path)
    except (ValueError, OSError):
        return False
    return True
