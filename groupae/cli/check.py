"""Command ``groupae check``: laws of built-in objects, of plug-ins and of a user's own objects."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from rich.console import Console
from rich.text import Text

from groupae._plugins import PlugInError, PlugIns, describe
from groupae._printable import counted, printable, say
from groupae._table import Cell, Table
from groupae._validation import expected
from groupae.actions import LatentAction, VectorAction, get_action
from groupae.actions.registry import ACTION_PLUG_INS
from groupae.cli.importing import import_object
from groupae.cli.law_tables import LawRow, print_laws
from groupae.experiments import get_backbone, get_experiment
from groupae.experiments.presets.backbones import MODEL_PLUG_INS
from groupae.experiments.presets.registry import DATASET_PLUG_INS
from groupae.groups import Group, get_group
from groupae.groups.maps.homomorphisms import Homomorphism
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

_LONG = 24  # characters of a group's name that are kept in a table
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
            plug-in, or ``package:object`` for an object of your own.
    """
    started = time.monotonic()
    console = Console()
    findings, alias = _Findings(), None
    if target == "all":
        subjects = [*_built_in(), *findings.collect()]
    elif ":" in target:
        subjects = findings.around(_import(target))
        alias = _alias(subjects[0], target)
    else:
        subjects = findings.named(target)
    rows = _check(subjects, alias)
    for title, kind in _KINDS:
        print_laws(console, title, [row for row in rows if isinstance(row.subject, kind)])
    if target == "all":
        findings.print(console)
    failures = [line for row in rows for line in row.failures()] + findings.failures
    for line in failures:
        say(console, f"FAIL {line}")
    for line in findings.remarks:
        say(console, line)
    laws = sum(len(report.results) for row in rows for report in row.reports)
    verdict = f"{len(failures)} FAILED" if failures else "all hold"
    seconds = time.monotonic() - started
    told = f"{counted(len(rows), 'subject')}, {counted(laws, 'law')}"
    say(console, f"{told}: {verdict} ({seconds:.0f} s)")
    return 1 if failures else 0


# --- subjects ----------------------------------------------------------------------------------
def _built_in() -> list[object]:
    groups = example_groups()
    representations = (rho for group in groups for rho in representations_of(group))
    maps = (phi for group in groups for phi in homomorphisms_of(group))
    return [*groups, *representations, *maps, *example_actions()]


def _import(target: str) -> object:
    """Return the object written ``package:object``, called if it is a function.

    Raises:
        ValueError: If it does not exist, or has no laws to check.
    """
    kinds = tuple(kind for _, kind in _KINDS)

    def make(found: Any) -> Any:
        return found if isinstance(found, kinds) or not callable(found) else found()

    made: object = import_object("groupae check", target, make)
    if not isinstance(made, kinds):
        what = f"{target!r} to be a Group, Representation, Homomorphism or LatentAction"
        raise ValueError(expected("groupae check", what, type(made).__name__))
    return made


def _alias(subject: object, target: str) -> tuple[str, str] | None:
    """Return the text of a group of one's own and ``package:object``, if that is much shorter.

    A group of generators is named by all their numbers, which would fill each row.
    """
    if not isinstance(subject, Group) or len(str(subject)) <= max(_LONG, len(target)):
        return None
    return str(subject), target


class _Findings:
    """Findings other than laws: one row per plug-in, one sentence per failure or remark."""

    def __init__(self) -> None:
        self.rows: list[list[Cell]] = []
        self.failures: list[str] = []
        self.remarks: list[str] = []

    def around(self, subject: object) -> list[object]:
        """Return a subject; for a group also its representations, subgroups and an action."""
        if not isinstance(subject, Group):
            return [subject]
        try:
            rho = mixed_sum(subject)
            action = [] if rho is None else [VectorAction(rho)]
            many = dict.fromkeys([*representations_of(subject), *irreps_of(subject)])
            return [subject, *many, *homomorphisms_of(subject), *action]
        except Exception as error:  # any exception of a user's code is a finding
            self.failures.append(f"{subject}: its representations; {describe(error)}")
            return [subject]

    def named(self, name: str) -> list[object]:
        """Return the subjects with a name; an unusable plug-in is recorded as a failure.

        Raises:
            ValueError: If the name is unknown.
        """
        try:
            subjects = []
            if ACTION_PLUG_INS.find(name) is not None:
                subjects += self.around(get_action(name))
            try:
                return self.around(get_group(name)) + subjects
            except PlugInError:
                raise
            except ValueError:
                if subjects:
                    return subjects
                raise
        except PlugInError as error:
            self.failures.append(str(error))
            return []

    def collect(self) -> list[object]:
        """Load all plug-ins; return those that have laws."""
        subjects: list[object] = []
        for plug_ins, get in _PLUG_INS:
            for sentence in plug_ins.problems():
                self.failures.append(sentence)
            for offer in plug_ins.offers():
                verdict, found = self._try(plug_ins, get, offer.name)
                shown = Text(verdict, style="bold red" if verdict == "FAIL" else "")
                self.rows.append([plug_ins.kind, offer.name, offer.origin, shown])
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
        except ValueError as error:  # it takes arguments, which the user has to choose
            self.remarks.append(f"not checked: {error}; run groupae check '{name}(8)', say")
            return "not checked", []
        return "ok", self.around(found) if isinstance(found, (Group, LatentAction)) else []

    def print(self, console: Console) -> None:
        """Print the table of plug-ins, if there are any."""
        if not self.rows:
            return
        say(console, "plug-ins")
        Table(["kind", "name", "from", ""], self.rows, labels=4).print(console)


# --- checking ----------------------------------------------------------------------------------
def _check(subjects: Sequence[object], alias: tuple[str, str] | None) -> list[LawRow]:
    rows = []
    with Console(stderr=True).status("") as status:
        for i, subject in enumerate(subjects):
            status.update(Text(printable(f"{i}/{len(subjects)}  {str(subject)[:60]}")))
            rows.append(LawRow(subject, _reports(subject), alias))
    return rows


def _reports(subject: Any) -> tuple[LawReport, ...]:
    try:
        return check_all(subject)
    except Exception as error:  # any exception of a user's code is a finding
        crash = LawResult("runs", float("inf"), 1.0, note=describe(error))
        return (LawReport(str(subject), _DTYPES[0], (crash,)),)
