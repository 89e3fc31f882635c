"""Snapshots of a training, from which it is resumed bit for bit: safetensors and JSON, no pickle.

A snapshot is a folder ``step-N`` with ``state.safetensors``, ``state.json`` and ``manifest.json``,
written under a hidden name, flushed to disk and renamed, so it is complete or absent. Reading
verifies sizes and SHA-256; a damaged one is skipped for the one before, with a warning.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from safetensors import SafetensorError
from safetensors.torch import load_file

from groupae._files import (
    discard,
    is_sealed,
    parse_json,
    read_bounded,
    read_json,
    sealed,
    sha256_of,
    sweep,
    write_durably,
    written_whole,
)
from groupae._validation import expected
from groupae.training.checkpoint import CheckpointError, sha256_of_file, write_tensors
from groupae.training.state_dicts import StateParts
from groupae.training.stored_tree import flatten_tree, unflatten_tree

__all__ = [
    "FolderLock",
    "TrainingSnapshot",
    "load_snapshot",
    "prune_snapshots",
    "save_snapshot",
    "verify_snapshot",
]

_FORMAT = "groupae-snapshot-1"
_TENSORS, _PLAN, _MANIFEST = "state.safetensors", "state.json", "manifest.json"
_LARGEST_PLAN = 2**26  # bytes; 300 per parameter and optimiser
_FOLDER = r"step-\d+"
_LOCK = ".lock"
_PATIENCE = 7.0  # seconds; workers of a killed process keep its lock until they notice, in 5 s


@dataclasses.dataclass(frozen=True)
class TrainingSnapshot:
    """State of a training after a step, enough to resume it.

    Args:
        step: Steps taken.
        config: Fields of the `TrainingConfig`.
        score: Name of the score that chooses the weights.
        scores: Validation scores in order, each with its step.
        best_score: The best of them.
        best_step: Its step.
        weights: State dict of the model in training.
        best: State dict of the best validation.
        average: State of the average of the weights; ``None`` without.
        optimizers: State dicts of the optimisers.
        schedulers: State dicts of the schedulers of the user.
        clock: State of the budget and of the times that were measured.
        source: State of the source of pairs, if it has one.
    """

    step: int
    config: Mapping[str, Any]
    score: str
    scores: tuple[tuple[int, float], ...]
    best_score: float
    best_step: int
    weights: Mapping[str, Any]
    best: Mapping[str, Any]
    average: Mapping[str, Any] | None
    optimizers: tuple[Mapping[str, Any], ...]
    schedulers: tuple[Mapping[str, Any], ...]
    clock: Mapping[str, float]
    source: Mapping[str, Any] | None = None


def save_snapshot(folder: Path | str, snapshot: TrainingSnapshot) -> Path:
    """Write ``folder/step-N`` and return its path.

    Args:
        folder: Folder of the snapshots; made if missing.
        snapshot: The snapshot.

    Raises:
        ValueError: If the state of an optimiser or module is not made of tensors and plain data.
        OSError: If writing fails, for want of permission or space. Nothing is left behind.
    """
    folder = Path(folder)
    tree = {field.name: getattr(snapshot, field.name) for field in dataclasses.fields(snapshot)}
    tensors, plan = flatten_tree("snapshot", tree, "state")
    parts = StateParts.of(tensors)
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder, _FOLDER)
    final = folder / f"step-{snapshot.step:08d}"
    with written_whole(final) as beside:
        write_tensors(beside / _TENSORS, parts.tensors)
        content = json.dumps({"state": plan, "shared": parts.shared}, allow_nan=False).encode()
        write_durably(beside / _PLAN, content)
        files = {
            _TENSORS: {
                "bytes": (beside / _TENSORS).stat().st_size,
                "sha256": sha256_of_file(beside / _TENSORS),
            },
            _PLAN: {"bytes": len(content), "sha256": sha256_of([content])},
        }
        manifest = sealed({"format": _FORMAT, "step": snapshot.step, "files": files})
        write_durably(beside / _MANIFEST, json.dumps(manifest, indent=2).encode())
    return final


def load_snapshot(folder: Path | str) -> TrainingSnapshot:
    """Return the newest valid snapshot of a folder, or the one in the folder itself.

    A damaged one is skipped with a warning that names the damage.

    Raises:
        CheckpointError: If there is none, or none is valid.
    """
    folder = Path(folder)
    if (folder / _MANIFEST).is_file():
        return _read(folder)
    paths = _newest_first(folder)
    if not paths:
        remedy = "KeepSnapshots(folder) among the callbacks of fit writes them"
        raise CheckpointError(expected(folder, "at least one snapshot step-N", "none", remedy))
    for path in paths:
        try:
            return _read(path)
        except CheckpointError as error:
            warnings.warn(f"passed over a damaged snapshot: {error}", stacklevel=2)
    got = f"{len(paths)} damaged"
    remedy = "start anew, or from the best weights"
    raise CheckpointError(expected(folder, "at least one valid snapshot", got, remedy))


class FolderLock:
    """Lock of a folder of snapshots or checkpoints, which keeps other trainings out of it.

    The lock of a process that was killed does not count.

    Args:
        folder: The folder; made if missing.

    Raises:
        FileExistsError: If another process trains in it.
        OSError: If the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path: Path = folder / _LOCK
        self._lock = FileLock(self.path)
        try:
            self._lock.acquire(timeout=_PATIENCE)
        except Timeout:
            got, remedy = "one that another training writes to", "name another, or wait for its end"
            raise FileExistsError(expected(folder, "a folder of its own", got, remedy)) from None

    @contextlib.contextmanager
    def released_on_failure(self) -> Iterator[None]:
        """Release the lock if the block fails."""
        try:
            yield
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let other processes train in the folder; a second call does nothing."""
        if not self._lock.is_locked:
            return
        with contextlib.suppress(OSError):
            self.path.unlink()
        self._lock.release()


def prune_snapshots(folder: Path, keep: int) -> None:
    """Delete all but the newest ``keep`` snapshots."""
    for path in _newest_first(folder)[keep:]:
        discard(path)


def _newest_first(folder: Path) -> list[Path]:
    """Return the snapshots by number of steps: clocks may be set back."""
    found = [path for path in folder.glob("step-*") if path.name[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[5:]), reverse=True)


def _read(path: Path) -> TrainingSnapshot:
    """Return a snapshot after verifying all its files."""
    verify_snapshot(path)
    try:
        stored = parse_json(read_bounded(path / _PLAN, _LARGEST_PLAN))
        parts = StateParts.read(load_file(path / _TENSORS), stored["shared"], {})
        tree = unflatten_tree("snapshot", parts.joined(), stored["state"])
        return TrainingSnapshot(**tree)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(expected(path, "the state of a training", error)) from None


def verify_snapshot(path: Path) -> None:
    """Raise unless manifest, sizes and sums of a snapshot are as they were written.

    Raises:
        CheckpointError: With the damage.
    """
    try:
        manifest = read_json(path / _MANIFEST)
        if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
            raise ValueError(f"one that is not of format {_FORMAT}")
        if "sha256" not in manifest or not is_sealed(manifest):
            raise ValueError("one that was changed")
        for name in (_TENSORS, _PLAN):
            described, file = manifest["files"][name], path / name
            if not file.is_file():
                raise ValueError(f"one without {name}")
            if file.stat().st_size != described["bytes"]:
                raise ValueError(f"{name} of {file.stat().st_size} bytes")
            if sha256_of_file(file) != described["sha256"]:
                raise ValueError(f"another SHA-256 of {name}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(expected(path, "a snapshot as groupae wrote it", error)) from None
