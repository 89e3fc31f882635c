"""Laws as tables: one row a subject, one column a law.

A cell holds the worst error in units of what is allowed, in float64 and in float32: at most 1 where
the law holds. Laws that do not apply are listed below with the reason. Tables are as wide as their
content; a terminal that is narrower gets them in pieces.
"""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from groupae.cli.console import print_table, say
from groupae.representations import Representation
from groupae.testing import LawReport, LawResult

__all__ = ["LawRow", "print_laws"]

_GAP = 3  # blanks between two columns
_NAMED = 3  # subjects named in a line about laws left out


@dataclasses.dataclass(frozen=True)
class LawRow:
    """A subject and what its checks found, one report a precision."""

    subject: object
    reports: tuple[LawReport, ...]

    @property
    def title(self) -> str:
        """The subject as text, a representation with its group."""
        text = str(self.subject)
        return f"{self.subject.group}: {text}" if isinstance(self.subject, Representation) else text

    def laws(self) -> dict[str, list[LawResult]]:
        """Return results by column, one a precision; charts of all names share one."""
        columns: dict[str, list[LawResult]] = {}
        for report in self.reports:
            worst: dict[str, LawResult] = {}
            for result in report.results:
                column = result.law.partition(" ")[0]
                known = worst.get(column)
                if known is None or result.in_tolerances > known.in_tolerances:
                    worst[column] = result
            for column, result in worst.items():
                columns.setdefault(column, []).append(result)
        return columns

    def left_out(self) -> dict[str, list[str]]:
        """Return the laws that do not apply, by reason; one precision only is part of it."""
        reasons: dict[str, list[str]] = {}
        for report in self.reports:
            for law in report.left_out:
                missing = sum(law in other.left_out for other in self.reports)
                where = "" if missing == len(self.reports) else f" in {_precision(report)}"
                laws = reasons.setdefault(law.reason + where, [])
                laws += [law.law] if law.law not in laws else []
        return reasons

    def failures(self) -> list[str]:
        """Return a line for each law that fails."""
        return [
            f"{self.title}: {result.law} in {_precision(report)}, "
            f"{_number(result.in_tolerances)} times what is allowed"
            + (f"; {result.evidence}" if result.evidence else "")
            for report in self.reports
            for result in report.results
            if not result.passed
        ]


def _precision(report: LawReport) -> str:
    return str(report.dtype).removeprefix("torch.")


def _number(ratio: float) -> str:
    if ratio == 0 or 0.005 <= ratio < 1000:
        return "0" if ratio == 0 else f"{ratio:.2f}"
    return "<.01" if ratio < 0.005 else f"{ratio:.0e}".replace("e+0", "e")


def _cell(results: Sequence[LawResult]) -> Text:
    """Return the errors of one law, FAIL before them if it fails."""
    text = " / ".join(_number(result.in_tolerances) for result in results)
    if all(result.passed for result in results):
        return Text(text)
    return Text(f"FAIL {text}", style="bold red")


def print_laws(console: Console, title: str, rows: Sequence[LawRow]) -> None:
    """Draw one table, in pieces side by side one under another if the terminal is narrow."""
    if not rows:
        return
    found = [row.laws() for row in rows]
    columns = list(dict.fromkeys(law for laws in found for law in laws))
    heads = [Text(row.title) for row in rows]
    cells = {
        law: [_cell(laws[law]) if law in laws else Text("-") for laws in found] for law in columns
    }
    first = max(len(text) for text in [title, *(head.plain for head in heads)])
    widths = {law: max(len(law), *(cell.cell_len for cell in cells[law])) for law in columns}
    limit = console.width if console.is_terminal else None
    for i, piece in enumerate(_pieces(columns, widths, first, limit)):
        say(console, title if i == 0 else f"{title}, continued")
        table = [[head, *(cells[law][j] for law in piece)] for j, head in enumerate(heads)]
        print_table(console, ["", *piece], table)
    _say_left_out(console, rows, limit)


def _say_left_out(console: Console, rows: Sequence[LawRow], width: int | None) -> None:
    """Print a line for each reason why laws do not apply, with the subjects it holds for."""
    subjects: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for reason, laws in row.left_out().items():
            subjects.setdefault((reason, ", ".join(laws)), []).append(row.title)
    for (reason, names), titles in subjects.items():
        some = [title if len(title) < 40 else f"{title[:39]}..." for title in titles[:_NAMED]]
        some += [f"{len(titles) - _NAMED} more"] if len(titles) > _NAMED else []
        line = f" left out, as {reason}: {names} ({'; '.join(some)})"
        for part in textwrap.wrap(line, width, subsequent_indent="   ") if width else [line]:
            say(console, part)
    if subjects:
        say(console, "")


def _pieces(
    columns: Iterable[str], widths: dict[str, int], first: int, limit: int | None
) -> list[list[str]]:
    """Split columns so that each piece, beside the first column, is at most ``limit`` wide."""
    pieces: list[list[str]] = [[]]
    used = first + _GAP
    for law in columns:
        used += widths[law] + _GAP
        if limit is not None and used > limit and pieces[-1]:
            pieces.append([])
            used = first + widths[law] + 2 * _GAP
        pieces[-1].append(law)
    return pieces
