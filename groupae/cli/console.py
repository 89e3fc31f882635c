"""What the commands say: lines as they are, and tables as wide as their content."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from groupae._printable import printable

__all__ = ["keep", "print_table", "say"]

_LOOKS: dict[str, Any] = {"box": box.SIMPLE_HEAD, "pad_edge": False}


def say(console: Console, line: str) -> None:
    """Print a line as it is: it may look like markup, and must not be broken."""
    console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def keep(name: str) -> Iterator[None]:
    """Say in one line that a file could not be written; what it holds has been printed."""
    try:
        yield
    except OSError as error:
        reason = str(error.strerror or error).lower()
        sys.stderr.write(printable(f"groupae: {name} is not written: {reason}") + "\n")


def print_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table as wide as its content, whatever the output's width; numbers to the right."""
    table = Table(**_LOOKS)
    for i, head in enumerate(heads):
        justify: Any = "right" if heads[0] == "" and i else "left"
        table.add_column(Text(printable(head)), justify=justify)
    for row in rows:
        table.add_row(*(Text(printable(cell.plain), style=cell.style) for cell in row))
    narrow = console.width
    console.width = console.measure(table, options=console.options.update(width=10_000)).maximum
    console.print(table, crop=False, no_wrap=True)
    console.width = narrow
