"""Parser of a command: jsonargparse reads arguments, types and help from its function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from jsonargparse import ArgumentParser
from typing_extensions import override

from groupae.cli.table import Command

__all__ = ["parser_of"]


class _Parser(ArgumentParser):
    """A parser that calls a function for arguments that do not parse."""

    refuse: Callable[[str], NoReturn]

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        self.refuse(message)


def parser_of(
    prog: str, command: Command, function: Callable[..., Any], refuse: Callable[[str], NoReturn]
) -> ArgumentParser:
    """Return the parser of a command.

    Args:
        prog: Program name, such as ``"groupae train"``.
        command: Entry of the command in the table.
        function: Function of the command, whose arguments are parsed.
        refuse: Function that raises, called with the message if the arguments do not parse.
    """
    parser = _Parser(prog=prog, description=command.summary)
    parser.refuse = refuse
    skip: set[str | int] = {*command.flags, *command.optional}
    parser.add_function_arguments(function, as_group=False, as_positional=True, skip=skip)
    for name, form in command.flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=form)
    for name, (default, form) in command.optional.items():
        parser.add_argument(name, nargs="?", default=default, help=form)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    _hyphenate(parser)
    return parser


def _hyphenate(parser: ArgumentParser) -> None:
    """Spell options with hyphens in help and messages; jsonargparse uses the names of Python."""
    known = parser._option_string_actions
    for name in [name for name in known if "_" in name]:
        action = known.pop(name)
        spelled = name.replace("_", "-")
        action.option_strings = [spelled if s == name else s for s in action.option_strings]
        known[spelled] = action
