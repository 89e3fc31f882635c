"""Watching what is built once and kept: nothing is printed unless asked for.

Whoever builds calls `tell`. Whoever wants to know opens a context: `watch_building` with a
callable, `show_building` for people.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from groupae._printable import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Building", "show_building", "tell", "watch_building"]


@dataclasses.dataclass(frozen=True)
class Building:
    """How far a build is.

    Args:
        name: What is built.
        done: Rows that are there.
        total: Rows there will be.
        path: Where it will be.
        is_waiting: Whether another process builds it, and this one waits.
    """

    name: str
    done: int
    total: int
    path: Path
    is_waiting: bool = False


Watcher = Callable[[Building], None]

_WATCHER: ContextVar[Watcher | None] = ContextVar("groupae_building_watcher", default=None)


def tell(building: Building) -> None:
    """Tell whoever watches how far a build is."""
    if watcher := _WATCHER.get():
        watcher(building)


@contextlib.contextmanager
def watch_building(watcher: Watcher) -> Iterator[None]:
    """Call ``watcher`` at every step of the builds in this context.

    Example:
        >>> with watch_building(lambda building: print(building.done, building.total)):
        ...     tell(Building("turntable", 3, 12, Path("turntable")))
        3 12
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


@contextlib.contextmanager
def show_building(console: Console | None = None) -> Iterator[None]:
    """Show the builds in this context: bars with time left; plain lines where no terminal is.

    Args:
        console: Where to show them; standard output by default.

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
    """Return a watcher that draws a bar for each build, below what is printed meanwhile."""
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

    def watcher(building: Building) -> None:
        if not tasks:
            stack.enter_context(bars)
        if building.path not in tasks:
            tasks[building.path] = bars.add_task("", total=building.total)
        doing = "waiting for" if building.is_waiting else "building"
        description = escape(printable(f"{doing} {building.name}"))
        bars.update(tasks[building.path], completed=building.done, description=description)

    return watcher


def _lines(console: Console) -> Watcher:
    """Return a watcher that says a line when a build starts, at each quarter, and on waiting."""
    quarters: dict[Path, int] = {}

    def say(line: str) -> None:
        console.print(printable(line), highlight=False, markup=False, soft_wrap=True)

    def watcher(building: Building) -> None:
        if building.is_waiting:
            say(f"waiting for another process that builds {building.name}")
            return
        quarter = 4 * building.done // building.total
        if building.path not in quarters:
            say(f"building {building.name} once, into {building.path}")
        elif quarter > quarters[building.path]:
            say(f"building {building.name}: {building.done} of {building.total}")
        quarters[building.path] = quarter

    return watcher
