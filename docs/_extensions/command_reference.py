"""Reference of the command line, read from the table of commands and the functions behind it.

``.. commands::`` lists every command; each option has the type, default and help that its parser
uses, so the page cannot differ from the program.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from api_pages import heading, table
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from groupae.cli.parsing import parser_of
from groupae.cli.table import COMMANDS, Command, Commands

__all__ = ["command_text", "commands", "examples_of", "function_of", "setup"]


def commands(table_of: Commands = COMMANDS, prog: str = "groupae") -> Iterator[tuple[str, Command]]:
    """Yield each command with its name on the command line, such as ``groupae data show``."""
    for name, found in table_of.items():
        if isinstance(found, Command):
            yield f"{prog} {name}", found
        else:
            yield from commands(found, f"{prog} {name}")


def function_of(command: Command) -> Callable[..., Any]:
    """Return the function behind a command."""
    module, _, name = command.place.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def examples_of(command: Command) -> list[str]:
    """Return the command lines in the docstring of a command."""
    text = inspect.getdoc(function_of(command)) or ""
    return re.findall(r"^ +(groupae .+)$", text.partition("\nExample:")[2], re.MULTILINE)


def command_text(prog: str, command: Command) -> list[str]:
    """Return the section of a command in reStructuredText."""
    parser = parser_of(prog, command, function_of(command), _refuse)
    shown = [a for a in parser._actions if a.help != argparse.SUPPRESS and a.dest != "help"]
    shown = [a for a in shown if not any("print" in word for word in a.option_strings)]
    positional = [action for action in shown if not action.option_strings]
    optional = [action for action in shown if action.option_strings]
    words = [f"[{a.dest.upper()}]" if a.nargs == "?" else a.dest.upper() for a in positional]
    lines = [f".. _{prog.replace(' ', '-')}:", "", *heading(prog, "-")]
    lines += ["::", "", f"    {' '.join((prog, *words, '[OPTIONS]'))}", ""]
    lines += [line for part in _paragraphs(command) for line in (_plain(part), "")]
    kinds = _kinds(command)
    rows = [_row(action, kinds) for action in (*positional, *optional)]
    lines += table([("argument", "type", "default", "meaning"), *rows], "22 18 15 45", head=True)
    lines += ["Example::" if len(examples_of(command)) == 1 else "Examples::", ""]
    return [*lines, *(f"    {line}" for line in examples_of(command)), ""]


def _paragraphs(command: Command) -> list[str]:
    text = inspect.getdoc(function_of(command)) or ""
    text = re.split(r"^(?:Args|Example):$", text, maxsplit=1, flags=re.MULTILINE)[0]
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


def _row(action: argparse.Action, kinds: dict[str, str]) -> tuple[str, ...]:
    name = ", ".join(action.option_strings) or action.dest.upper()
    default = "" if action.default in (None, "", argparse.SUPPRESS, False) else str(action.default)
    kind = "" if action.nargs == 0 else kinds.get(action.dest, "text")
    if isinstance(action.default, Path):
        default = action.default.as_posix()
    help_text = " ".join((action.help or "").split()).removesuffix(".")
    help_text = help_text[:1].upper() + help_text[1:] + "."
    return (f"``{name}``", _plain(kind), default and f"``{default}``", _plain(help_text))


def _kinds(command: Command) -> dict[str, str]:
    """Return the types of the arguments in words."""
    function = function_of(command)
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return {name: _kind(hint) for name, hint in hints.items()}


def _kind(hint: Any) -> str:
    choices = [h for h in (*typing.get_args(hint), hint) if typing.get_origin(h) is typing.Literal]
    if choices:
        return ", ".join(map(str, typing.get_args(choices[0])))
    words = {int: "integer", float: "number", Path: "path", bool: "yes or no"}
    parts = [h for h in (typing.get_args(hint) or (hint,)) if h is not type(None)]
    return words.get(parts[0], "text")


def _plain(text: str) -> str:
    """Return text without markup in reStructuredText; options and quoted words are literals."""
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"``\1``", text)
    text = re.sub(r"(?<!\w)'([^']+)'(?!\w)", r"``'\1'``", text)
    return "".join(
        part if part.startswith("``") else re.sub(r"([*_`|\\])", r"\\\1", part)
        for part in re.split(r"(``.+?``)", text)
    )


def _refuse(message: str) -> typing.NoReturn:
    raise ValueError(message)


class CommandList(SphinxDirective):
    """Sections of all commands: ``.. commands::``."""

    def run(self) -> list[nodes.Node]:
        """Return a table of the commands and a section for each."""
        self.env.note_reread()  # the code may have changed though the page has not
        found = list(commands())
        rows = [(f":ref:`{p} <{p.replace(' ', '-')}>`", _plain(c.summary)) for p, c in found]
        lines = list(table(rows))
        for prog, command in found:
            lines += command_text(prog, command)
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("commands", CommandList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
