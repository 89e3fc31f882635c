"""Checkpoints that survive crashes: safetensors with a JSON manifest; no pickle anywhere.

A checkpoint is a folder ``step-N`` of ``model.safetensors`` and ``manifest.json`` (sizes, SHA-256,
score). It is written beside its place, flushed to disk and renamed, so it exists whole or not at
all. Reading verifies it; a damaged one is passed over for the next best, with a warning.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from groupae._files import discard_folder, flush, write_durably
from groupae._validation import expected

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "load_best",
    "load_checkpoint",
    "prune_checkpoints",
    "save_checkpoint",
]

_FORMAT = "groupae-checkpoint-1"
_WEIGHTS, _MANIFEST = "model.safetensors", "manifest.json"


class CheckpointError(ValueError):
    """A checkpoint that is missing, damaged or not one of ours."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The weights of one step and what its manifest says."""

    path: Path
    step: int
    score: float
    weights: dict[str, Tensor]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        digest = hashlib.sha256()
        while piece := stream.read(1 << 20):
            digest.update(piece)
        return digest.hexdigest()


def save_checkpoint(
    folder: Path, weights: Mapping[str, Tensor], *, step: int, score: float
) -> Path:
    """Write ``folder/step-N`` and return its path.

    Args:
        folder: Where checkpoints live; made if missing.
        weights: A state dict.
        step: Number of steps taken.
        score: Validation score, higher is better.
    """
    final = folder / f"step-{step:08d}"
    beside = folder / f".{final.name}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    file = beside / _WEIGHTS
    save_file({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}, file)
    flush(file)
    described = {_WEIGHTS: {"bytes": file.stat().st_size, "sha256": _sha256(file)}}
    manifest = {"format": _FORMAT, "step": step, "score": score, "files": described}
    write_durably(beside / _MANIFEST, json.dumps(manifest, indent=2).encode())
    flush(beside)
    discard_folder(final)
    beside.rename(final)
    flush(folder)
    return final


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((path / _MANIFEST).read_text())
    except FileNotFoundError:
        remedy = "point at a folder written by groupae train"
        raise CheckpointError(
            expected(path, "a groupae checkpoint", "no manifest.json", remedy)
        ) from None
    except (ValueError, OSError) as error:
        raise CheckpointError(expected(path, "a readable manifest.json", error)) from None
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else type(manifest).__name__
        raise CheckpointError(expected(path, f"a manifest of format {_FORMAT}", repr(found)))
    try:
        described = manifest["files"][_WEIGHTS]
        numbers = (manifest["step"], manifest["score"], described["bytes"])
        if not all(isinstance(number, (int, float)) for number in numbers):
            raise TypeError("a number")
        if not isinstance(described["sha256"], str):
            raise TypeError("'sha256'")
    except (KeyError, TypeError) as error:
        got = f"one whose {error} is missing or of the wrong kind"
        raise CheckpointError(expected(path, "a complete manifest.json", got)) from None
    return manifest


def load_checkpoint(path: Path) -> Checkpoint:
    """Return a checkpoint after verifying size and SHA-256 of every file.

    Raises:
        CheckpointError: If it is missing, foreign or damaged; the message names the damage.
    """
    manifest = _read_manifest(path)
    file, described = path / _WEIGHTS, manifest["files"][_WEIGHTS]
    if not file.is_file():
        raise CheckpointError(expected(path, f"the file {_WEIGHTS}", "none"))
    size = file.stat().st_size
    if size != described["bytes"]:
        raise CheckpointError(expected(file, f"{described['bytes']} bytes", size))
    if _sha256(file) != described["sha256"]:
        raise CheckpointError(expected(file, "the SHA-256 of its manifest", "another one"))
    try:
        weights = load_file(file)
    except SafetensorError as error:
        raise CheckpointError(expected(path, "a safetensors file", error)) from None
    return Checkpoint(path, int(manifest["step"]), float(manifest["score"]), weights)


def _by_score(folder: Path) -> list[Path]:
    """Return the checkpoints, best first; those with an unreadable manifest come before all.

    Their score is unknown, so they may be the best: whoever loads tries them, and says so.
    """

    def key(path: Path) -> tuple[float, str]:
        try:
            return float(_read_manifest(path)["score"]), path.name
        except CheckpointError:
            return float("inf"), path.name

    return sorted(folder.glob("step-*"), key=key, reverse=True)


def load_best(folder: Path) -> Checkpoint:
    """Return the best valid checkpoint of a folder.

    A damaged one is passed over with a warning that names the damage.

    Raises:
        CheckpointError: If there is none, or none is valid.
    """
    paths = _by_score(folder)
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
    """Delete all but the best ``keep`` checkpoints."""
    for path in _by_score(folder)[keep:]:
        discard_folder(path)
