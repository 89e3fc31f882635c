"""Tables of figures on a console: where it is too narrow, columns are left out and never digits."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from groupae._printable import printable

__all__ = ["markdown_table", "plain", "print_scores", "print_wide"]


def print_scores(
    console: Console,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str,
    caption: str,
    labels: int = 1,
    bold: Sequence[int] = (0,),
    written: str,
) -> None:
    """Draw a table as wide as its content; on a terminal, with as many scores as fit.

    Args:
        console: Where to draw.
        heads: Of the columns.
        rows: Texts, one for each column.
        title: Above it.
        caption: Below it.
        labels: How many columns say what a row is; they and the first score are always there.
        bold: Rows that stand out.
        written: File that has all columns.
    """
    count = len(heads)
    while True:
        table = Table(title=plain(title), caption=plain(caption), title_justify="left")
        for i, head in enumerate(heads[:count]):
            table.add_column(plain(head), justify="left" if i < labels else "right", no_wrap=True)
        for i, row in enumerate(rows):
            is_last = labels > 1 and i + 1 < len(rows) and rows[i + 1][0] != ""
            style = "bold" if i in bold else None
            table.add_row(*map(plain, row[:count]), style=style, end_section=is_last)
        fits = not console.is_terminal or _width(console, table) <= console.width
        if fits or count <= labels + 1:
            break
        count -= 1
    print_wide(console, table)
    if missing := heads[count:]:
        line = f"the terminal is too narrow for {', '.join(missing)}; see {written}"
        console.print(plain(line), soft_wrap=True)


def print_wide(console: Console, table: Table) -> None:
    """Draw a table as wide as its content, whatever the width of the console."""
    narrow = console.width
    console.width = max(_width(console, table), 1)
    console.print(table, crop=False)
    console.width = narrow


def _width(console: Console, table: Table) -> int:
    return console.measure(table, options=console.options.update(width=10_000)).maximum


def plain(text: str) -> Text:
    """Return text as it is: a name may look like markup."""
    return Text(printable(text))


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *([_cell_text(text) for text in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def _cell_text(text: str) -> str:
    return text.replace("|", "\\|")
