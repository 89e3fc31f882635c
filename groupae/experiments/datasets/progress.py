"""Progress of building caches; nothing is printed unless asked for.

A builder calls `report_progress`. A caller who wants to see it opens a context: `watch_building`
with a callable, `show_building` for bars in a terminal.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from groupae._printable import printable, say

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["BuildProgress", "report_progress", "show_building", "watch_building"]


@dataclasses.dataclass(frozen=True)
class BuildProgress:
    """Progress of a build.

    Args:
        name: Name of the cache.
        done: Rows made so far.
        total: Rows in all.
        path: Folder of the cache.
        is_waiting: Whether this process waits for another one that builds the cache.
    """

    name: str
    done: int
    total: int
    path: Path
    is_waiting: bool = False


Watcher = Callable[[BuildProgress], None]

_WATCHER: ContextVar[Watcher | None] = ContextVar("groupae_building_watcher", default=None)


def report_progress(progress: BuildProgress) -> None:
    """Pass the progress of a build to the watcher of this context, if there is one."""
    if watcher := _WATCHER.get():
        watcher(progress)


Building, tell = BuildProgress, report_progress  # their names up to version 0.2


@contextlib.contextmanager
def watch_building(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher`` at every step of the builds in this context.

    Example:
        >>> with watch_building(lambda progress: print(progress.done, progress.total)):
        ...     report_progress(BuildProgress("turntable", 3, 12, Path("turntable")))
        3 12
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


@contextlib.contextmanager
def show_building(console: Console | None = None) -> Iterator[None]:
    """Show the progress of builds in this context: as bars in a terminal, as lines elsewhere.

    Args:
        console: Console to print to; standard output by default.

    Example:
        >>> with show_building():
        ...     pass
    """
    from rich.console import Console

    console = console or Console()
    with contextlib.ExitStack() as stack:
        watcher = _bars(console, stack) if console.is_terminal else _lines(console)
        stack.enter_context(watch_building(watcher))
        yield


def _bars(console: Console, stack: contextlib.ExitStack) -> Watcher:
    """Return a watcher that draws one bar per build, below other output."""
    from rich import progress
    from rich.markup import escape

    columns = (
        progress.TextColumn("[bold]{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("left"),
        progress.TimeRemainingColumn(),
    )
    bars = progress.Progress(*columns, console=console)
    tasks: dict[Path, progress.TaskID] = {}

    def watcher(building: BuildProgress) -> None:
        if not tasks:
            stack.enter_context(bars)
        if building.path not in tasks:
            tasks[building.path] = bars.add_task("", total=building.total)
        doing = "waiting for" if building.is_waiting else "building"
        description = escape(printable(f"{doing} {building.name}"))
        bars.update(tasks[building.path], completed=building.done, description=description)

    return watcher


def _lines(console: Console) -> Watcher:
    """Return a watcher that prints a line at the start of a build, per quarter, and on waiting."""
    quarters: dict[Path, int] = {}

    def write(line: str) -> None:
        say(console, line)

    def watcher(building: BuildProgress) -> None:
        if building.is_waiting:
            write(f"waiting for another process that builds {building.name}")
            return
        quarter = 4 * building.done // building.total
        if building.path not in quarters:
            write(f"building {building.name} once, into {building.path}")
        elif quarter > quarters[building.path]:
            write(f"building {building.name}: {building.done} of {building.total}")
        quarters[building.path] = quarter

    return watcher
