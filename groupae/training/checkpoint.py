"""Checkpoints that survive crashes: safetensors with a JSON manifest, and no pickle.

A checkpoint is a folder ``step-N`` with ``model.safetensors`` and ``manifest.json``: sizes,
SHA-256, score, the model of the weights, names that share a tensor, and entries that are no
tensors. It is written under a hidden name, flushed to disk and renamed, so it is complete or
absent. Reading verifies it; a damaged one is skipped for the next best, with a warning.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from groupae._files import (
    LARGEST,
    discard,
    is_sealed,
    read_json,
    sealed,
    sha256_of,
    sweep,
    write_durably,
    written_whole,
)
from groupae._validation import expected
from groupae.training.state_dicts import StateParts

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "check_unused",
    "load_best",
    "load_checkpoint",
    "prune_checkpoints",
    "save_checkpoint",
    "sha256_of_file",
    "write_tensors",
]

_FORMAT = "groupae-checkpoint-1"
_WEIGHTS, _MANIFEST = "model.safetensors", "manifest.json"
_FOLDER = r"step-\d+"


class CheckpointError(ValueError):
    """Error of a checkpoint that is missing, damaged or of another format.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     try:
        ...         load_best(Path(folder))
        ...     except CheckpointError as error:
        ...         print("no checkpoint" if "checkpoint" in str(error) else error)
        no checkpoint
    """


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """Weights of one step, with the entries of the manifest.

    Args:
        path: Folder of the checkpoint.
        step: Number of steps taken.
        score: Validation score.
        weights: A state dict; names that shared a tensor do so again.
        model: SHA-256 of the description from which the model was built; ``None`` if not recorded.

    Example:
        >>> import tempfile; import torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_checkpoint(Path(folder), {"w": torch.ones(2)}, step=100, score=31.5)
        ...     found = load_checkpoint(path)
        >>> found.step, found.score
        (100, 31.5)
    """

    path: Path
    step: int
    score: float
    weights: dict[str, Any]
    model: str | None = None


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of the content of a file."""
    with path.open("rb") as stream:
        return sha256_of(iter(lambda: stream.read(1 << 20), b""))


def check_unused(folder: Path) -> None:
    """Raise if a folder has checkpoints; delete files that killed processes left there.

    Raises:
        FileExistsError: If it has checkpoints: two trainings in one folder would delete each
            other's.
    """
    sweep(folder, _FOLDER)
    if found := sorted(path.name for path in folder.glob("step-*")):
        got, remedy = f"{len(found)} in it, {found[0]} the first", "name another folder"
        raise FileExistsError(expected(folder, "a folder without checkpoints", got, remedy))


def save_checkpoint(
    folder: Path,
    weights: Mapping[str, Any],
    *,
    step: int,
    score: float,
    model: str | None = None,
) -> Path:
    """Write ``folder/step-N`` and return its path.

    Args:
        folder: Folder of the checkpoints; made if missing.
        weights: A state dict: tensors, and results of ``get_extra_state`` that JSON can hold.
        step: Number of steps taken.
        score: Validation score, higher is better.
        model: SHA-256 of the description from which the model was built, to be compared by readers.

    Raises:
        ValueError: If the step is no count, the score not finite, or an entry of the state dict
            cannot be stored.
        OSError: If writing fails, for want of permission or space. Nothing is left behind.

    Example:
        >>> import tempfile; import torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_checkpoint(Path(folder), {"w": torch.ones(2)}, step=100, score=31.5).name
        'step-00000100'
    """
    if complaint := _complaint(step, score):
        raise ValueError(expected("save_checkpoint", *complaint))
    if not isinstance(weights, Mapping):
        got, remedy = type(weights).__name__, "model.state_dict() is one"
        raise TypeError(expected("save_checkpoint", "weights as a state dict", got, remedy))
    parts = StateParts.of(weights)
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"step-{step:08d}"
    with written_whole(final) as beside:
        file = beside / _WEIGHTS
        write_tensors(file, parts.tensors)
        described = {_WEIGHTS: {"bytes": file.stat().st_size, "sha256": sha256_of_file(file)}}
        manifest = {"format": _FORMAT, "step": step, "score": score, "files": described}
        if model is not None:
            manifest["model_sha256"] = model
        for name in ("shared", "extra"):
            if entries := getattr(parts, name):
                manifest[name] = entries
        content = json.dumps(sealed(manifest), indent=2).encode()
        if len(content) > LARGEST:  # a reader would refuse it
            got, remedy = f"{len(content)}", "keep less in get_extra_state, or keep it as tensors"
            what = f"a state whose manifest has at most {LARGEST} bytes"
            raise ValueError(expected("save_checkpoint", what, got, remedy))
        write_durably(beside / _MANIFEST, content)
    return final


def write_tensors(file: Path, tensors: dict[str, Tensor]) -> None:
    """Write a safetensors file.

    Raises:
        OSError: If writing fails, with the code of the system.
    """
    try:
        save_file(tensors, file)
    except SafetensorError as error:  # it has the system's error as text only
        found = re.search(r"os error (\d+)", str(error))
        code = int(found[1]) if found else errno.EIO
        raise OSError(code, os.strerror(code)) from error


def _complaint(step: Any, score: Any) -> tuple[str, str] | None:
    """Return the expected and the given value of a wrong step or score; ``None`` if both fit."""
    if not isinstance(step, int) or isinstance(step, bool) or step < 0:
        return "step as a count from 0", f"{step!r:.60}"
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    largest = sys.float_info.max  # a comparison that NaN and integers beyond floats fail too
    if not is_number or not -largest <= score <= largest:
        return "score as a finite number", f"{score!r:.60}"
    return None


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = read_json(path / _MANIFEST)
    except FileNotFoundError:
        remedy = "point at a folder written by groupae train"
        raise CheckpointError(
            expected(path, "a groupae checkpoint", "no manifest.json", remedy)
        ) from None
    except (ValueError, OSError) as error:
        raise CheckpointError(expected(path, "a readable manifest.json", error)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise CheckpointError(expected(path, f"a manifest of format {_FORMAT}", f"{found!r:.60}"))
    try:
        described = manifest["files"][_WEIGHTS]
        if not isinstance(described["bytes"], int):
            raise TypeError("'bytes'")
        if not isinstance(described["sha256"], str):
            raise TypeError("'sha256'")
        step, score = manifest["step"], manifest["score"]
    except (KeyError, TypeError) as error:
        got = f"one whose {error} is missing or of the wrong kind"
        raise CheckpointError(expected(path, "a complete manifest.json", got)) from None
    if complaint := _complaint(step, score):
        raise CheckpointError(expected(path / _MANIFEST, *complaint))
    if not is_sealed(manifest):
        raise CheckpointError(expected(path, "the manifest that was written", "a changed one"))
    return manifest


def load_checkpoint(path: Path) -> Checkpoint:
    """Return a checkpoint after verifying size and SHA-256 of every file.

    Raises:
        CheckpointError: If it is missing, foreign or damaged; the message names the damage.

    Example:
        >>> import tempfile; import torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save_checkpoint(Path(folder), {"w": torch.ones(2)}, step=100, score=31.5)
        ...     load_checkpoint(path).weights
        {'w': tensor([1., 1.])}
    """
    manifest = _read_manifest(path)
    file, described = path / _WEIGHTS, manifest["files"][_WEIGHTS]
    _check_size(path, manifest)
    if sha256_of_file(file) != described["sha256"]:
        raise CheckpointError(expected(file, "the SHA-256 of its manifest", "another one"))
    try:
        parts = StateParts.read(
            load_file(file), manifest.get("shared", {}), manifest.get("extra", {})
        )
    except SafetensorError as error:
        raise CheckpointError(expected(path, "a safetensors file", error)) from None
    except ValueError as error:
        what, got = "a manifest that fits its weights", f"one where {error}"
        raise CheckpointError(expected(path, what, got)) from None
    step, score = manifest["step"], float(manifest["score"])
    return Checkpoint(path, step, score, parts.joined(), manifest.get("model_sha256"))


def _check_size(path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise unless the weights exist and have the size in the manifest, which is cheap to tell."""
    file, described = path / _WEIGHTS, manifest["files"][_WEIGHTS]
    if not file.is_file():
        raise CheckpointError(expected(path, f"the file {_WEIGHTS}", "none"))
    size = file.stat().st_size
    if size != described["bytes"]:
        raise CheckpointError(expected(file, f"{described['bytes']} bytes", size))


def _by_score(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the checkpoints, best first, and those with a damaged manifest, last first."""
    scores: dict[Path, float] = {}
    unknown = []
    for path in sorted(folder.glob("step-*"), reverse=True):
        try:
            manifest = _read_manifest(path)
            _check_size(path, manifest)
            scores[path] = float(manifest["score"])
        except CheckpointError:
            unknown.append(path)
    return sorted(scores, key=lambda path: scores[path], reverse=True), unknown


def load_best(folder: Path) -> Checkpoint:
    """Return the best valid checkpoint of a folder.

    A damaged one is skipped with a warning that names the damage.

    Raises:
        CheckpointError: If there is none, or none is valid.

    Example:
        >>> import tempfile; import torch
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for step, score in ((1, 20.0), (2, 30.0)):
        ...         _ = save_checkpoint(Path(folder), {"w": torch.ones(2)}, step=step, score=score)
        ...     load_best(Path(folder)).step
        2
    """
    known, unknown = _by_score(folder)
    paths = [*unknown, *known]  # a damaged one may have been the best, so each is warned of
    if not paths:
        remedy = "train first: groupae train"
        raise CheckpointError(expected(folder, "at least one checkpoint step-N", "none", remedy))
    for path in paths:
        try:
            return load_checkpoint(path)
        except CheckpointError as error:
            warnings.warn(f"passed over a damaged checkpoint: {error}", stacklevel=2)
    got = f"{len(paths)} damaged"
    raise CheckpointError(expected(folder, "at least one valid checkpoint", got, "train again"))


def prune_checkpoints(folder: Path, keep: int) -> None:
    """Delete all but the best ``keep`` checkpoints; damaged ones neither count nor are deleted."""
    for path in _by_score(folder)[0][keep:]:
        discard(path)
