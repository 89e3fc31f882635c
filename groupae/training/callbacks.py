"""Callbacks of a training: weights and snapshots on disk, early stopping.

A callback ends the training after the current step by ``state.stop(reason)``; the best weights are
restored as always.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn
from typing_extensions import override

from groupae._files import discard, sweep
from groupae._validation import check_count, expected
from groupae.metrics import PSNR, Score
from groupae.training.checkpoint import check_unused, prune_checkpoints, save_checkpoint
from groupae.training.snapshot import (
    FolderLock,
    TrainingSnapshot,
    prune_snapshots,
    save_snapshot,
)
from groupae.training.state_dicts import StateParts

__all__ = [
    "Callback",
    "EarlyStopping",
    "KeepBest",
    "KeepSnapshots",
    "TrainingState",
]


@dataclasses.dataclass
class TrainingState:
    """Progress of a training.

    Args:
        model: The model in training.
        score: Score of the validation pairs.
        step: Steps taken.
        progress: Spent fraction of the budget.
        seconds: Wall-clock seconds since the first step.
        learning_rate: Rate of the last step.
        terms: Loss terms of the last step.
        validation_score: Last validation score.
        best_score: Best validation score so far.
        best_step: Step of the best validation score.
        loading_seconds: Those of the seconds that went into making batches.
        scores: Validation scores in order, each with its step.
        judged: The model that is validated and kept: the model in training, or the average of its
            weights; the model in training by default.
        first_step: Steps taken before this part of a resumed training; 0 for a new one.
        stop_reason: Reason given to `stop`; ``""`` while nothing has stopped the training.
        threads: Number of threads of torch in the last step; 0 before the first one.
        is_in_closed_form: Whether the first weights were found in closed form.
        is_finished: Whether the training came to its end, by its budget or by `stop`.
        take_snapshot: Function that returns the `TrainingSnapshot` of this moment; only in
            `groupae.fit`.

    Example:
        >>> TrainingState(nn.Linear(2, 2)).step
        0
    """

    model: nn.Module
    score: Score = PSNR
    step: int = 0
    progress: float = 0.0
    seconds: float = 0.0
    learning_rate: float = 0.0
    terms: dict[str, float] = dataclasses.field(default_factory=dict)
    validation_score: float = float("nan")
    best_score: float = float("-inf")
    best_step: int = 0
    loading_seconds: float = 0.0
    scores: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    judged: nn.Module | None = None
    first_step: int = 0
    stop_reason: str = ""
    threads: int = 0
    is_in_closed_form: bool = False
    is_finished: bool = False
    take_snapshot: Callable[[], TrainingSnapshot] | None = None

    def stop(self, reason: str) -> None:
        """End the training after the current step; the reason is part of its result."""
        self.stop_reason = reason or "a callback stopped it"

    def judged_weights(self) -> dict[str, Any]:
        """Return the state dict of the model that is validated and kept."""
        return (self.judged or self.model).state_dict()


class Callback:
    """Base class of callbacks, which are called in the course of a training.

    A subclass overrides the methods that it needs.

    Example:
        >>> class Count(Callback):
        ...     steps = 0
        ...     def on_step(self, state):
        ...         self.steps += 1
        >>> isinstance(Count(), Callback)
        True
    """

    def on_start(self, state: TrainingState) -> None:
        """Called before the first step."""

    def on_step(self, state: TrainingState) -> None:
        """Called after each step, before a validation that may follow."""

    def on_validation(self, state: TrainingState) -> None:
        """Called after each validation; ``state.best_step == state.step`` on an improvement."""

    def on_step_end(self, state: TrainingState) -> None:
        """Called after each step and its validation, and once before the first step.

        This is the moment to save a snapshot.
        """

    def on_interrupt(self, state: TrainingState) -> None:
        """Called between two steps after Ctrl-C or SIGTERM; a validation out of turn follows."""

    def on_end(self, state: TrainingState) -> None:
        """Called once at the end, also after an interruption or an error."""


class KeepBest(Callback):
    """Checkpoint at each improvement; the best two are kept.

    In a resumed training, checkpoints that the snapshot does not know are deleted, and its best one
    is written again if it is missing. Another process that trains in the folder is refused.

    Args:
        folder: Folder of the checkpoints, without any at the start of a new training.
        model: SHA-256 of the description from which the model was built, kept with each.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     keep = KeepBest(folder)
        ...     keep.folder == Path(folder)
        True
    """

    def __init__(self, folder: Path | str, *, model: str | None = None) -> None:
        self.folder: Path = Path(folder)
        self.model = model
        self._is_interrupted = False
        self._lock: FolderLock | None = None

    @override
    def on_start(self, state: TrainingState) -> None:
        """Raise if a new training finds checkpoints, or the model cannot be saved."""
        self._is_interrupted = False
        StateParts.of(state.judged_weights())
        self._lock = FolderLock(self.folder)
        with self._lock.released_on_failure():
            self._prepare(state)

    def _prepare(self, state: TrainingState) -> None:
        sweep(self.folder, r"step-\d+")  # parts of writes that were killed
        if not state.scores or state.take_snapshot is None:  # not resumed
            check_unused(self.folder)
            return
        known = {f"step-{step:08d}" for step, _ in state.scores}
        for path in self.folder.glob("step-*"):
            if path.name not in known:
                discard(path)
        snapshot = state.take_snapshot()
        if not (self.folder / f"step-{snapshot.best_step:08d}").is_dir():
            self._save(snapshot.best, snapshot.best_step, snapshot.best_score)

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Save the weights if they are the best so far."""
        if state.best_step == state.step:
            self._save(state.judged_weights(), state.step, state.validation_score)

    @override
    def on_interrupt(self, state: TrainingState) -> None:
        """Keep all from now on: a resumed training does not validate here."""
        self._is_interrupted = True

    @override
    def on_end(self, state: TrainingState) -> None:
        """Leave the folder to others."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _save(self, weights: Any, step: int, score: float) -> None:
        save_checkpoint(self.folder, weights, step=step, score=score, model=self.model)
        if not self._is_interrupted:
            prune_checkpoints(self.folder, keep=2)


class KeepSnapshots(Callback):
    """Snapshots from which ``fit(..., resume=folder)`` goes on; the newest two are kept.

    One is written every few minutes or steps, on Ctrl-C and SIGTERM, and at the end, so that a
    finished training can be lengthened. Another process that trains in the folder is refused.

    Args:
        folder: Folder of the snapshots.
        every_minutes: Minutes between snapshots, on a clock that is never set back.
        every_steps: Steps between snapshots instead.

    Raises:
        ValueError: If the interval is not above zero.

    Example:
        >>> KeepSnapshots("run/snapshots", every_steps=500).folder.name
        'snapshots'
    """

    def __init__(
        self, folder: Path | str, *, every_minutes: float = 2.0, every_steps: int | None = None
    ) -> None:
        if every_steps is not None:
            check_count("KeepSnapshots", "every_steps", every_steps)
        if not every_minutes > 0:
            raise ValueError(expected("KeepSnapshots", "every_minutes above zero", every_minutes))
        self.folder: Path = Path(folder)
        self.every_minutes, self.every_steps = every_minutes, every_steps
        self._saved: float | None = None
        self._lock: FolderLock | None = None

    @override
    def on_start(self, state: TrainingState) -> None:
        """Raise unless a new training has the folder to itself."""
        self._saved = None
        self._lock = FolderLock(self.folder)
        with self._lock.released_on_failure():
            self._prepare(state)

    def _prepare(self, state: TrainingState) -> None:
        if not state.scores:
            check_unused(self.folder)
        else:
            for path in self.folder.glob("step-*"):  # of steps that are taken again
                if path.name[5:].isdecimal() and int(path.name[5:]) > state.step:
                    discard(path)

    @override
    def on_step_end(self, state: TrainingState) -> None:
        """Save a snapshot if one is due."""
        if self._saved is None:
            is_due = not state.step
            self._saved = time.monotonic()
        elif self.every_steps is not None:
            is_due = state.step % self.every_steps == 0
        else:
            is_due = time.monotonic() - self._saved >= 60 * self.every_minutes
        if is_due:
            self._save(state)

    @override
    def on_interrupt(self, state: TrainingState) -> None:
        """Save a snapshot of the last step."""
        self._save(state)

    @override
    def on_end(self, state: TrainingState) -> None:
        """Save a snapshot of a training that came to its end, and leave the folder to others."""
        if self._lock is None:
            return
        try:
            if state.is_finished:
                self._save(state)
        finally:
            self._lock.release()
            self._lock = None

    def _save(self, state: TrainingState) -> None:
        assert state.take_snapshot is not None, "fit sets it"
        save_snapshot(self.folder, state.take_snapshot())
        prune_snapshots(self.folder, keep=2)
        self._saved = time.monotonic()


class EarlyStopping(Callback):
    """End of a training whose validation score no longer improves.

    Args:
        patience: Validations without a better score after which the training stops.

    Raises:
        ValueError: If ``patience`` is not at least 1.

    Example:
        >>> EarlyStopping(patience=3).patience
        3
    """

    def __init__(self, patience: int) -> None:
        check_count("EarlyStopping", "patience", patience)
        self.patience = patience

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Stop the training if none of the last scores was the best."""
        since = sum(step > state.best_step for step, _ in state.scores)
        if since >= self.patience:
            state.stop(f"{state.score.title} has not improved for {since} validations")
