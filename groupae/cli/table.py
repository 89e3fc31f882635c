"""What the command line can do, known without loading any of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["COMMANDS", "DATA_SUMMARY", "Command", "Commands"]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: where its function is, and the first line of its docstring.

    Args:
        place: Written ``module:function``.
        summary: What it does, in one line.
        flags: Options that take no value, with what they do.
        optional: Arguments that may be left out, with their default and what they are.
    """

    place: str
    summary: str
    flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    optional: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)


Commands: TypeAlias = "Mapping[str, Command | Commands]"

DATA_SUMMARY = "List the data sets, make one ready, or draw a contact sheet."

_DATA: Commands = {
    "list": Command(
        "groupae.cli.data:list_datasets",
        "List the data sets: what the group acts on, whether they are ready, where they come from.",
    ),
    "prepare": Command(
        "groupae.cli.data:prepare",
        "Make a data set ready: build or fetch what is kept in the cache, and say where it is.",
    ),
    "show": Command(
        "groupae.cli.data:show",
        "Draw a contact sheet: pairs of held-out originals, and orbits of four of them.",
        flags={"masks": "draw the edge of what the group moves"},
    ),
}

COMMANDS: Commands = {
    "train": Command(
        "groupae.cli.commands:train",
        "Train a model, print its table and draw its pictures.",
        flags={
            "force": "delete the run that is in the folder, checkpoints and all",
            "compile": "run the loss under torch.compile, which takes a C++ compiler and time at "
            "first",
        },
    ),
    "evaluate": Command(
        "groupae.cli.commands:evaluate_run",
        "Print the table of a trained run and write report.md into it.",
    ),
    "compare": Command(
        "groupae.cli.compare:compare",
        "Train models with the same data and budget, and make one table; resumable.",
    ),
    "orbit": Command(
        "groupae.cli.commands:orbit",
        "Draw orbit.png in a run folder: held-out data moved by the model, above the truth.",
    ),
    "swap": Command(
        "groupae.cli.commands:swap",
        "Draw swaps in a run folder, what stays of one with what varies of another; score them.",
    ),
    "export": Command(
        "groupae.cli.commands:export",
        "Write a trained model's transform(g, x) as a file that runs without groupae; check it.",
    ),
    "check": Command(
        "groupae.cli.commands:check",
        "Check the laws of groups, representations and actions; exit with 1 if one fails.",
        optional={"target": ("all", "all, a group or plug-in by name, or package:object")},
    ),
    "data": _DATA,
}
