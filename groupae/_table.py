"""Tables of text: printed on a console, or written as Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import rich.table
from rich import box
from rich.console import Console
from rich.text import Text

from groupae._printable import plain, say

__all__ = ["Cell", "Table"]

Cell = str | Text
"""Content of a cell; `rich.text.Text` where it has a style of its own."""

_UNLIMITED = 10_000  # columns of a console on which every table is as wide as its content


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of text; the first columns, the labels, name its rows.

    Args:
        headings: Heading per column.
        rows: Cells of each row, one per column.
        title: Line above the printed table.
        caption: Text below the printed table.
        labels: Number of label columns, aligned left; the others are aligned right.
        is_grouped: Whether the first column names groups of rows: it is printed once per group.
        styles: Style of printed rows by index, such as ``"bold"``.
        is_framed: Whether lines separate the printed columns.
        file: Name of a file that has the whole table. If it is given, a terminal that is too narrow
            gets as many columns as fit, and a line that names the others.

    Example:
        >>> print(Table(["model", "PSNR"], [["ours", "32.72"]]).markdown())
        | model | PSNR |
        | --- | --- |
        | ours | 32.72 |
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    caption: str = ""
    labels: int = 1
    is_grouped: bool = False
    styles: Mapping[int, str] = dataclasses.field(default_factory=dict)
    is_framed: bool = False
    file: str = ""

    def markdown(self) -> str:
        """Return headings and rows as a table in Markdown."""
        escaped = [[str(cell).replace("|", "\\|") for cell in row] for row in self.rows]
        lines = [self.headings, ["---"] * len(self.headings), *escaped]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def width(self, console: Console) -> int:
        """Return the width of the printed table, in characters."""
        return _width(console, self._drawn(len(self.headings)))

    def print(self, console: Console) -> None:
        """Print the table as wide as its content: digits are never cut."""
        count = len(self.headings)
        table = self._drawn(count)
        if self.file and console.is_terminal:
            while count > self.labels + 1 and _width(console, table) > console.width:
                count -= 1
                table = self._drawn(count)
        narrow = console.width
        console.width = max(_width(console, table), 1)
        console.print(table, crop=False)
        console.width = narrow
        if missing := self.headings[count:]:
            say(
                console,
                f"the terminal is too narrow for {', '.join(missing)}; see {self.file}",
            )

    def _drawn(self, count: int) -> rich.table.Table:
        """Return the first ``count`` columns as rich draws them."""
        table = rich.table.Table(
            title=plain(self.title) if self.title else None,
            title_justify="left",
            caption=plain(self.caption) if self.caption else None,
            box=box.HEAVY_HEAD if self.is_framed else box.SIMPLE_HEAD,
            pad_edge=self.is_framed,
        )
        for i, heading in enumerate(self.headings[:count]):
            align: Literal["left", "right"] = "left" if i < self.labels else "right"
            table.add_column(plain(heading), justify=align, no_wrap=True)
        for i, row in enumerate(self.rows):
            cells = [plain(cell) for cell in row[:count]]
            if self._continues(i):
                cells[0] = Text()
            is_last = self.is_grouped and not self._continues(i + 1)
            table.add_row(*cells, style=self.styles.get(i), end_section=is_last)
        return table

    def _continues(self, i: int) -> bool:
        """Return whether row ``i`` is in the group of rows of the one before it."""
        is_inside = self.is_grouped and 0 < i < len(self.rows)
        return is_inside and self.rows[i][0] == self.rows[i - 1][0]


def _width(console: Console, table: rich.table.Table) -> int:
    return console.measure(table, options=console.options.update(width=_UNLIMITED)).maximum
