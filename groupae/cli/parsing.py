"""The arguments of a command: those of its function, typed, read by jsonargparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from jsonargparse import ArgumentParser
from typing_extensions import override

from groupae.cli.table import Command

__all__ = ["parser_of"]


class _Parser(ArgumentParser):
    """A parser that leaves it to a function to refuse what does not parse."""

    refuse: Callable[[str], NoReturn]

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        self.refuse(message)


def parser_of(
    prog: str, command: Command, function: Callable[..., Any], refuse: Callable[[str], NoReturn]
) -> ArgumentParser:
    """Return the parser of a command.

    Args:
        prog: What the command is called.
        command: Its entry in the table.
        function: What it runs; types and help are those of the arguments.
        refuse: Raises what is raised where the arguments do not parse.
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
    """Spell options with hyphens in help and messages; jsonargparse takes the names of Python."""
    known = parser._option_string_actions
    for name in [name for name in known if "_" in name]:
        action = known.pop(name)
        spelled = name.replace("_", "-")
        action.option_strings = [spelled if s == name else s for s in action.option_strings]
        known[spelled] = action
