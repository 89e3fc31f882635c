"""First weights of a run that begins with those of another run, kept in its own folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groupae._validation import expected
from groupae.experiments.runs.run_config import RunConfig
from groupae.experiments.runs.run_options import Origin
from groupae.training import (
    Checkpoint,
    CheckpointError,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from groupae.training.checkpoint import sha256_of_file

if TYPE_CHECKING:
    from groupae.experiments.runs.run import Run

__all__ = ["FIRST", "load_first", "read_first", "save_first"]

FIRST = "first"
"""Name of the folder with the first weights, in a run folder."""


def load_first(config: RunConfig, other: Run) -> tuple[Checkpoint, Origin]:
    """Return the best weights of another run for a run with a config, and where they are from.

    Raises:
        CheckpointError: If the other run has no valid checkpoint.
        ValueError: If it is of another model; the message says what differs.
    """
    if differences := _differences(config, other.config):
        remedy = f"leave the options that differ out, or take another run than {other.path}"
        what, got = f"the model of {other.path}", "; ".join(differences)
        raise ValueError(expected("groupae train --init", what, got, remedy))
    other.load_model()  # checks that the weights are those of its config
    best = load_best(other.checkpoints)
    sha256 = sha256_of_file(best.path / "model.safetensors")
    return best, Origin(str(other.path.absolute()), best.step, sha256)


def _differences(config: RunConfig, other: RunConfig) -> list[str]:
    """Return the parts in which the models of two configs differ, in words."""
    data, old = config.experiment.data.resized(config.pixels), other.experiment.data
    old = old.resized(other.pixels)
    pairs: dict[str, tuple[Any, Any]] = {
        "group": (str(data.group), str(old.group)),
        "shape of data": (data.x_shape, old.x_shape),
    }
    model, old_model = config.preset.model, other.preset.model
    if type(model) is not type(old_model):
        pairs["system"] = (config.preset_name, other.preset_name)
    else:
        pairs |= {
            field.name: (getattr(model, field.name), getattr(old_model, field.name))
            for field in dataclasses.fields(model)
            if field.name != "objective"  # weights of loss terms may change
        }
    return [
        f"{name} {new!r:.60} (there {then!r:.60})"
        for name, (new, then) in pairs.items()
        if new != then
    ]


def save_first(folder: Path, first: Checkpoint) -> None:
    """Write the first weights into a run folder."""
    save_checkpoint(folder / FIRST, first.weights, step=first.step, score=first.score)


def read_first(folder: Path, origin: Origin) -> Checkpoint:
    """Return the first weights in a run folder.

    Raises:
        CheckpointError: If they are missing, damaged, or others than the config says.
    """
    path = folder / FIRST / f"step-{origin.step:08d}"
    found = load_checkpoint(path)
    if sha256_of_file(path / "model.safetensors") != origin.sha256:
        what, got = "the first weights of config.yaml", "others"
        raise CheckpointError(expected(path, what, got, f"begin again with --init {origin.run}"))
    return found
