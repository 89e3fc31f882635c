"""Results of law checks as tables: one row per subject, one column per law.

A cell holds the worst error in units of its tolerance, in float64 and in float32: at most 1 where
the law holds. Laws that do not apply are listed below with the reason. Tables are as wide as their
content; on a narrower terminal they are split into pieces.
"""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from groupae._printable import say
from groupae._table import Cell, Table
from groupae.representations import Representation
from groupae.testing import LawReport, LawResult

__all__ = ["LawRow", "print_laws"]

_NAMED = 3  # subjects named in a line about laws left out; more would fill the screen


@dataclasses.dataclass(frozen=True)
class LawRow:
    """A checked object and the reports of its checks, one per precision."""

    subject: object
    reports: tuple[LawReport, ...]
    alias: tuple[str, str] | None = None
    """Text of a group and the shorter one that stands for it in titles."""

    @property
    def title(self) -> str:
        """Text of the subject; a representation is preceded by its group."""
        text = str(self.subject)
        text = f"{self.subject.group}: {text}" if isinstance(self.subject, Representation) else text
        return text if self.alias is None else text.replace(*self.alias)

    def laws(self) -> dict[str, list[LawResult]]:
        """Return the results by column, one per precision; charts of all names share a column."""
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
        """Return the laws that do not apply, by reason; with the precision if only in one."""
        reasons: dict[str, list[str]] = {}
        for report in self.reports:
            for law in report.left_out:
                missing = sum(law in other.left_out for other in self.reports)
                where = "" if missing == len(self.reports) else f" in {_precision(report)}"
                laws = reasons.setdefault(law.reason + where, [])
                laws += [law.law] if law.law not in laws else []
        return reasons

    def failures(self) -> list[str]:
        """Return one line per law that fails."""
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


def _cell(results: Sequence[LawResult]) -> Cell:
    """Return the errors of one law, preceded by FAIL if it fails."""
    if not results:
        return "-"
    text = " / ".join(_number(result.in_tolerances) for result in results)
    if all(result.passed for result in results):
        return text
    return Text(f"FAIL {text}", style="bold red")


def print_laws(console: Console, title: str, rows: Sequence[LawRow]) -> None:
    """Print the results of some subjects as a table, in pieces if the terminal is too narrow."""
    if not rows:
        return
    for i, piece in enumerate(_pieces(console, rows)):
        say(console, title if i == 0 else f"{title}, continued")
        piece.print(console)
    _say_left_out(console, rows, console.width if console.is_terminal else None)


def _pieces(console: Console, rows: Sequence[LawRow]) -> list[Table]:
    """Return the table split by laws into as few tables as fit the terminal width."""
    found = [(row.title, row.laws()) for row in rows]

    def table(laws: Sequence[str]) -> Table:
        cells = [
            [title, *(_cell(results.get(law, ())) for law in laws)] for title, results in found
        ]
        return Table(["", *laws], cells)

    pieces: list[list[str]] = [[]]
    for law in dict.fromkeys(law for _, results in found for law in results):
        is_full = console.is_terminal and table([*pieces[-1], law]).width(console) > console.width
        if is_full and pieces[-1]:
            pieces.append([])
        pieces[-1].append(law)
    return [table(laws) for laws in pieces]


def _say_left_out(console: Console, rows: Sequence[LawRow], width: int | None) -> None:
    """Print one line per reason why laws do not apply, with the subjects it holds for."""
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
