"""Callbacks of a training: best weights kept on disk, a metrics file, a progress bar.

There is no early stopping: a training uses its budget, and `fit` restores the best weights.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from torch import nn
from typing_extensions import override

from groupae._printable import printable
from groupae.metrics import PSNR, Score
from groupae.training.checkpoint import check_unused, prune_checkpoints, save_checkpoint
from groupae.training.state_dicts import StateParts

__all__ = ["Callback", "KeepBest", "MetricsLog", "ProgressBar", "TrainingState"]


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


class Callback:
    """Base class of callbacks, which are called in the course of a training.

    A subclass overrides the methods that it needs.
    """

    def on_start(self, state: TrainingState) -> None:
        """Called before the first step."""

    def on_step(self, state: TrainingState) -> None:
        """Called after each step."""

    def on_validation(self, state: TrainingState) -> None:
        """Called after each validation; ``state.best_step == state.step`` on an improvement."""

    def on_end(self, state: TrainingState) -> None:
        """Called once at the end, also after an interruption or an error."""


class KeepBest(Callback):
    """Checkpoint at each improvement; the best two are kept.

    Args:
        folder: Folder of the checkpoints, without any at the start.
        model: SHA-256 of the description from which the model was built, kept with each.
    """

    def __init__(self, folder: Path | str, *, model: str | None = None) -> None:
        self.folder = Path(folder)
        self.model = model

    @override
    def on_start(self, state: TrainingState) -> None:
        """Raise if the folder has checkpoints, or the model cannot be saved."""
        check_unused(self.folder)
        StateParts.of(state.model.state_dict())

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Save the weights if they are the best so far."""
        if state.best_step == state.step:
            weights, score = state.model.state_dict(), state.validation_score
            save_checkpoint(self.folder, weights, step=state.step, score=score, model=self.model)
            prune_checkpoints(self.folder, keep=2)


class MetricsLog(Callback):
    """Metrics as JSON lines in a file: one every ``every`` steps and one per validation.

    Args:
        path: The file, ``metrics.jsonl``.
        every: Steps between lines.
    """

    def __init__(self, path: Path | str, *, every: int = 20) -> None:
        self.path = Path(path)
        self.every = every

    @override
    def on_start(self, state: TrainingState) -> None:
        """Delete a symbolic link of that name, as nothing is written through it."""
        if self.path.is_symlink():
            self.path.unlink()

    def _append(self, state: TrainingState, values: dict[str, float]) -> None:
        line = {"step": state.step, "seconds": round(state.seconds, 3), **values}
        try:
            with self.path.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            error.filename = str(self.path)  # missing in the error of a full disk
            raise

    @override
    def on_step(self, state: TrainingState) -> None:
        """Write the loss terms and the learning rate."""
        if state.step % self.every == 0:
            self._append(state, {"learning_rate": state.learning_rate, **state.terms})

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Write the validation score."""
        self._append(state, {f"validation_{state.score.name}": state.validation_score})


_SCORE_WIDTH = 64  # characters of a step and a score with its title and its best


def _columns(width: int) -> list[ProgressColumn]:
    """Return the most important columns that fit."""
    if width < _SCORE_WIDTH:
        fold = Column(overflow="fold")
        return [TextColumn("{task.fields[step]}: {task.fields[score]}", table_column=fold)]
    # in the order in which they are added as there is more room, from right to left
    score = TextColumn("step {task.fields[step]}  validation {task.fields[score]}")
    more: list[tuple[int, list[ProgressColumn]]] = [
        (14, [TextColumn("left"), TimeRemainingColumn()]),
        (9, [TimeElapsedColumn()]),
        (5, [TaskProgressColumn()]),
        (42, [BarColumn()]),
        (9, [TextColumn("[bold]training")]),
    ]
    found: list[ProgressColumn] = [score]
    room = width - _SCORE_WIDTH
    for needed, columns in more:
        if (room := room - needed) < 0:
            break
        found = [*columns, *found]
    return found


class ProgressBar(Callback):
    """Progress bar with time left and validation score; plain lines outside a terminal.

    Args:
        console: Console to draw on; a narrow one loses columns, but no digits.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console()
        self._is_narrow = self.console.width < _SCORE_WIDTH
        columns = _columns(self.console.width)
        self.bar = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.task: TaskID | None = None

    @override
    def on_start(self, state: TrainingState) -> None:
        """Draw the empty bar."""
        del state
        self.task = self.bar.add_task("", total=1.0, step=0, score="-")
        self.bar.start()

    @override
    def on_step(self, state: TrainingState) -> None:
        """Move the bar."""
        assert self.task is not None
        self.bar.update(self.task, completed=min(state.progress, 1.0), step=state.step)

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Show the score."""
        assert self.task is not None
        digits = state.score.digits
        figures = f"{state.validation_score:.{digits}f} (best {state.best_score:.{digits}f})"
        score = f"{state.score.title} {figures}"
        self.bar.update(self.task, score=figures if self._is_narrow else escape(printable(score)))
        if not self.console.is_terminal:
            spent = f"{state.progress:4.0%}  {state.seconds:5.0f} s  step {state.step}"
            line = printable(f"{spent}  validation {score}")
            self.console.print(line, highlight=False, markup=False)

    @override
    def on_end(self, state: TrainingState) -> None:
        """Stop the bar at its last state."""
        if self.task is not None:
            self.bar.update(self.task, completed=min(state.progress, 1.0))
        self.bar.stop()
