"""The command ``groupae check``: laws as tables, one row a subject, one column a law.

A cell holds the worst error in units of what is allowed, in float64 and in float32: at most 1 where
the law holds.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from groupae._plugins import PlugInError, PlugIns, describe
from groupae._validation import expected
from groupae.actions import LatentAction, VectorAction, get_action
from groupae.actions.registry import ACTION_PLUG_INS
from groupae.experiments import get_backbone, get_experiment
from groupae.experiments.experiment import MODEL_PLUG_INS
from groupae.experiments.run import DATASET_PLUG_INS
from groupae.groups import Group, get_group
from groupae.groups.homomorphisms import Homomorphism
from groupae.groups.registry import GROUP_PLUG_INS, example_groups
from groupae.representations import Representation
from groupae.testing import LawReport, LawResult, check_all
from groupae.testing.catalogue import (
    example_actions,
    homomorphisms_of,
    irreps_of,
    mixed_sum,
    representations_of,
)

__all__ = ["check"]

_DTYPES = (torch.float64, torch.float32)
_KINDS: tuple[tuple[str, type[Any]], ...] = (
    ("groups", Group),
    ("representations", Representation),
    ("homomorphisms", Homomorphism),
    ("actions", LatentAction),
)
_PLUG_INS: tuple[tuple[PlugIns, Callable[[str], object]], ...] = (
    (GROUP_PLUG_INS, get_group),
    (ACTION_PLUG_INS, get_action),
    (DATASET_PLUG_INS, get_experiment),
    (MODEL_PLUG_INS, get_backbone),
)


def check(target: str = "all") -> int:
    """Check the laws of groups, representations and actions; exit with 1 if one fails.

    Args:
        target: ``all`` for everything built in and all plug-ins, the name of a group or of a
            plug-in, or ``package:object`` for your own.
    """
    started = time.monotonic()
    console = Console()
    plug_ins = _Findings()
    if target == "all":
        subjects = [*_built_in(), *plug_ins.collect()]
    elif ":" in target:
        subjects = _around(_import(target))
    else:
        subjects = _named(target, plug_ins)
    rows = _check(subjects)
    for title, kind in _KINDS:
        _print_table(console, title, [row for row in rows if isinstance(row.subject, kind)])
    if target == "all":
        plug_ins.print(console)
    failures = [line for row in rows for line in row.failures()] + plug_ins.failures
    for line in failures:
        _say(console, f"FAIL {line}")
    for line in plug_ins.remarks:
        _say(console, line)
    laws = sum(len(report.results) for row in rows for report in row.reports)
    verdict = f"{len(failures)} FAILED" if failures else "all hold"
    seconds = time.monotonic() - started
    _say(console, f"{len(rows)} subjects, {laws} laws: {verdict} ({seconds:.0f} s)")
    return 1 if failures else 0


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)


# --- what is checked ---------------------------------------------------------------------------
def _built_in() -> list[object]:
    groups = example_groups()
    representations = (rho for group in groups for rho in representations_of(group))
    maps = (phi for group in groups for phi in homomorphisms_of(group))
    return [*groups, *representations, *maps, *example_actions()]


def _around(subject: object) -> list[object]:
    """Return a subject and what belongs to it: a group brings its representations and subgroups."""
    if not isinstance(subject, Group):
        return [subject]
    rho = mixed_sum(subject)
    action = [] if rho is None else [VectorAction(rho)]
    many = dict.fromkeys([*representations_of(subject), *irreps_of(subject)])
    return [subject, *many, *homomorphisms_of(subject), *action]


def _named(name: str, findings: _Findings) -> list[object]:
    """Return what a name stands for; a plug-in that cannot be used is a finding.

    Raises:
        ValueError: If nobody has the name.
    """
    try:
        if ACTION_PLUG_INS.find(name) is not None:
            return _around(get_action(name))
        return _around(get_group(name))
    except PlugInError as error:
        findings.failures.append(str(error))
        return []


def _import(target: str) -> object:
    """Return the object written ``package:object``, called if it is a function.

    Raises:
        ValueError: If there is none, or it is nothing that can be checked.
    """
    module, _, path = target.partition(":")
    if not re.fullmatch(r"[\w.]+:[\w.]+", target):
        raise ValueError(expected("groupae check", "package:object", repr(target)))
    here = str(Path.cwd())
    sys.path.insert(0, here)  # as python -m does
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
        kinds = tuple(kind for _, kind in _KINDS)
        made = found if isinstance(found, kinds) else found() if callable(found) else found
    except Exception as error:
        what = f"{target!r} to be there and to be made without arguments"
        raise ValueError(expected("groupae check", what, describe(error))) from error
    finally:
        sys.path.remove(here)
    if not isinstance(made, kinds):
        what = f"{target!r} to be a Group, Representation, Homomorphism or LatentAction"
        raise ValueError(expected("groupae check", what, type(made).__name__))
    return made


class _Findings:
    """What is there to say of plug-ins: a row each, sentences for those that fail, remarks."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = []
        self.failures: list[str] = []
        self.remarks: list[str] = []

    def collect(self) -> list[object]:
        """Load every plug-in; return those that have laws."""
        subjects: list[object] = []
        for plug_ins, get in _PLUG_INS:
            for sentence in plug_ins.problems():
                self.failures.append(sentence)
            for offer in plug_ins.offers():
                verdict, found = self._try(plug_ins, get, offer.name)
                self.rows.append((plug_ins.kind, offer.name, offer.origin, verdict))
                subjects += found
        self.failures = list(dict.fromkeys(self.failures))
        return subjects

    def _try(
        self, plug_ins: PlugIns, get: Callable[[str], object], name: str
    ) -> tuple[str, list[object]]:
        try:
            if plug_ins.find(name) is None:
                return "FAIL", []
            found = get(name)
        except PlugInError as error:
            self.failures.append(str(error))
            return "FAIL", []
        except ValueError as error:  # it takes arguments, so which one to check is for the user
            self.remarks.append(f"not checked: {error}; run groupae check '{name}(8)', say")
            return "not checked", []
        return "ok", _around(found) if isinstance(found, (Group, LatentAction)) else []

    def print(self, console: Console) -> None:
        """Draw the table of plug-ins, if there are any."""
        if not self.rows:
            return
        _say(console, "plug-ins")
        table = Table("kind", "name", "from", "", **_LOOKS)
        for kind, name, origin, verdict in self.rows:
            style = "bold red" if verdict == "FAIL" else ""
            table.add_row(kind, Text(name), Text(origin), Text(verdict, style=style))
        _print_wide(console, table)


# --- checking ----------------------------------------------------------------------------------
@dataclasses.dataclass(frozen=True)
class _Row:
    subject: object
    reports: tuple[LawReport, ...]

    @property
    def title(self) -> str:
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

    def failures(self) -> list[str]:
        """Return a line for each law that fails."""
        return [
            f"{self.title}: {result.law} in {str(report.dtype).removeprefix('torch.')}, "
            f"{_number(result.in_tolerances)} times what is allowed"
            + (f"; {result.evidence}" if result.evidence else "")
            for report in self.reports
            for result in report.results
            if not result.passed
        ]


def _check(subjects: Sequence[object]) -> list[_Row]:
    rows = []
    with Console(stderr=True).status("") as status:
        for i, subject in enumerate(subjects):
            status.update(f"{i}/{len(subjects)}  {str(subject)[:60]}")
            rows.append(_Row(subject, _reports(subject)))
    return rows


def _reports(subject: Any) -> tuple[LawReport, ...]:
    try:
        return check_all(subject)
    except Exception as error:  # whatever a user's code raises is a finding about it
        crash = LawResult("runs", float("inf"), 1.0, note=describe(error))
        return (LawReport(str(subject), _DTYPES[0], (crash,)),)


# --- drawing -----------------------------------------------------------------------------------
_GAP = 3  # blanks between two columns
_LOOKS: dict[str, Any] = {"box": box.SIMPLE_HEAD, "pad_edge": False}


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


def _print_table(console: Console, title: str, rows: Sequence[_Row]) -> None:
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
        _say(console, title if i == 0 else f"{title}, continued")
        table = Table("", **_LOOKS)
        for law in piece:
            table.add_column(law, justify="right")
        for j, head in enumerate(heads):
            table.add_row(head, *(cells[law][j] for law in piece))
        _print_wide(console, table)


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


def _print_wide(console: Console, table: Table) -> None:
    """Print a table as wide as its content, whatever the output's width."""
    narrow = console.width
    console.width = console.measure(table, options=console.options.update(width=10_000)).maximum
    console.print(table, crop=False, no_wrap=True)
    console.width = narrow
