"""Progress of a training: a bar in terminals and notebooks, plain lines elsewhere."""

from __future__ import annotations

import importlib.util
import multiprocessing
from collections.abc import Sequence

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
from groupae._validation import expected
from groupae.training.callbacks import Callback, TrainingState

__all__ = ["ProgressBar", "progress_bars"]

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
    """Progress bar with time left and validation score; plain lines where none can be drawn.

    It is drawn in terminals, and in notebooks that have ipywidgets.

    Args:
        console: Console to draw on; a narrow one loses columns, but no digits.

    Example:
        >>> ProgressBar(Console(width=100)).bar.finished
        True
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console: Console = console or Console()
        self._is_narrow = self.console.width < _SCORE_WIDTH
        columns = _columns(self.console.width)
        self.is_drawn: bool = self.console.is_terminal or _is_notebook(self.console)
        self.bar: Progress = Progress(*columns, console=self.console, disable=not self.is_drawn)
        self.task: TaskID | None = None

    @override
    def on_start(self, state: TrainingState) -> None:
        """Draw the bar, empty unless the training is resumed."""
        if self.task is not None:  # of an earlier training
            self.bar.remove_task(self.task)
        self.task = self.bar.add_task("", total=1.0, step=state.step, score="-")
        self.bar.update(self.task, completed=min(state.progress, 1.0))
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
        if not self.is_drawn:
            is_fit = state.is_in_closed_form and not state.step
            place = "closed form, no steps" if is_fit else f"step {state.step}"
            spent = f"{state.progress:4.0%}  {state.seconds:5.0f} s  {place}"
            line = printable(f"{spent}  validation {score}")
            self.console.print(line, emoji=False, highlight=False, markup=False)

    @override
    def on_end(self, state: TrainingState) -> None:
        """Stop the bar at its last state."""
        if self.task is not None:
            self.bar.update(self.task, completed=min(state.progress, 1.0))
        self.bar.stop()


def progress_bars(progress: bool | None, callbacks: Sequence[Callback]) -> list[Callback]:
    """Return the progress bar that `fit` adds to its callbacks, if any.

    By default a bar is drawn on standard error if that is a terminal, or in a notebook; not beside
    a `ProgressBar` among the callbacks, and not in a process of `multiprocessing`, as several
    would draw on one terminal.

    Raises:
        TypeError: If ``progress`` is not true, false or ``None``.
    """
    if progress is not None and not isinstance(progress, bool):
        what = "progress as True, False or None"
        raise TypeError(expected("fit", what, type(progress).__name__))
    if progress is False or any(isinstance(each, ProgressBar) for each in callbacks):
        return []
    console = Console(stderr=True)
    is_seen = _is_notebook(console) or (console.file.isatty() and not console.is_dumb_terminal)
    is_child = multiprocessing.parent_process() is not None
    return [ProgressBar(console)] if progress or (is_seen and not is_child) else []


def _is_notebook(console: Console) -> bool:
    """Return whether a bar can be drawn in a notebook; rich warns without ipywidgets."""
    return console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
