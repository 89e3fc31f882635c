"""Table of the commands, which is read without loading their functions."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

__all__ = ["COMMANDS", "DATA_SUMMARY", "Command", "Commands"]


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: the place of its function, and the first line of its docstring.

    Args:
        place: Place of the function, written ``module:function``.
        summary: First line of the function's docstring.
        flags: Options without a value, with their help.
        optional: Positional arguments that may be left out, with their defaults and help.
        has_config: Whether options can be read from a file by ``--config``.
    """

    place: str
    summary: str
    flags: Mapping[str, str] = dataclasses.field(default_factory=dict)
    optional: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    has_config: bool = False


Commands: TypeAlias = "Mapping[str, Command | Commands]"

DATA_SUMMARY = "List the data sets, prepare one, or draw samples of it."

_DATA: Commands = {
    "list": Command(
        "groupae.cli.data:list_datasets",
        "List the data sets with group, shape, state of the cache and source.",
    ),
    "prepare": Command(
        "groupae.cli.data:prepare",
        "Build or download a data set into the cache.",
    ),
    "show": Command(
        "groupae.cli.data:show",
        "Draw a contact sheet of held-out data: pairs, and orbits of four items.",
        flags={"masks": "outline the part that the group moves, where it is known"},
    ),
}

COMMANDS: Commands = {
    "train": Command(
        "groupae.cli.commands:train",
        "Train a model, print its scores and draw its pictures; resumable.",
        flags={
            "force": "delete the run that is in the folder, checkpoints and all",
            "compile": "run the loss under torch.compile, which needs a C++ compiler and takes "
            "time at first",
            "deterministic": "use deterministic algorithms of torch only, or stop with an error",
        },
        optional={
            "dataset": ("", "name of a data set, or a folder of pictures of your own"),
        },
        has_config=True,
    ),
    "evaluate": Command(
        "groupae.cli.commands:evaluate_run",
        "Print the scores of a trained run and write report.md into its folder.",
        flags={"all": "all scores that apply too (laws, drift, codes), kept in evaluation.json"},
    ),
    "compare": Command(
        "groupae.cli.compare:compare",
        "Train models with the same data and budget, and print a leaderboard; resumable.",
    ),
    "bench": Command(
        "groupae.cli.bench:bench",
        "Train models on parts of the data, ask them about the rest, and print one table; "
        "resumable.",
        flags={"quick": "five models on four data sets for a short time, about 15 minutes"},
        optional={"datasets": ("all", "all, or names of data sets, separated by commas")},
    ),
    "orbit": Command(
        "groupae.cli.commands:orbit",
        "Draw held-out data moved by the model, above the truth: a strip or a moving picture.",
    ),
    "swap": Command(
        "groupae.cli.commands:swap",
        "Draw and score swaps of a trained run: invariants of one datum, the rest of another.",
    ),
    "export": Command(
        "groupae.cli.commands:export",
        "Export a trained model to a file that runs without groupae, and check the file.",
    ),
    "demo": Command(
        "groupae.cli.demo:demo_run",
        "Write a page on which one turns a model's pictures in the browser, and serve it if asked.",
        flags={
            "serve": "serve the page to the browsers of this machine until Ctrl-C",
            "open": "open the page in the browser",
            "force": "replace the page that is in the folder",
        },
    ),
    "inspect": Command(
        "groupae.cli.commands:inspect",
        "Print what is in the folder of a run or saved model; nothing of it is run.",
    ),
    "zoo": Command(
        "groupae.cli.zoo:list_zoo",
        "List the trained models that come with the package, with their scores.",
    ),
    "profile": Command(
        "groupae.cli.profile:profile",
        "Describe pictures in unknown orientation: vectors, poses, canonical pictures, neighbours.",
        flags={"force": "replace the results that are in the folder"},
    ),
    "check": Command(
        "groupae.cli.commands:check",
        "Check the laws of groups, representations and actions; exit with 1 if one fails.",
        optional={"target": ("all", "all, a group or plug-in by name, or package:object")},
    ),
    "audit": Command(
        "groupae.cli.audit:audit_target",
        "Audit a network: is it equivariant, and which layer loses it? Exit with 1 if it is not.",
    ),
    "data": _DATA,
    "info": Command(
        "groupae.cli.info:info",
        "Print versions, usable cores, and which implementation of the kernels is used and why.",
    ),
}
