"""What the commands say: lines as they are, and tables as wide as their content."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["print_table", "say"]

_LOOKS: dict[str, Any] = {"box": box.SIMPLE_HEAD, "pad_edge": False}


def say(console: Console, line: str) -> None:
    """Print a line as it is: it may look like markup, and must not be broken."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def print_table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    """Print a table as wide as its content, whatever the output's width; numbers to the right."""
    table = Table(**_LOOKS)
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if heads[0] == "" and i else "left")
    for row in rows:
        table.add_row(*row)
    narrow = console.width
    console.width = console.measure(table, options=console.options.update(width=10_000)).maximum
    console.print(table, crop=False, no_wrap=True)
    console.width = narrow
