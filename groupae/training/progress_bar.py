"""Progress of a training: a bar in terminals and notebooks, plain lines elsewhere."""

from __future__ import annotations

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
from typing_extensions import override

from groupae._printable import printable
from groupae.training.callbacks import Callback, TrainingState

__all__ = ["ProgressBar"]

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
