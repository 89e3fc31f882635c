"""Parser of a command: jsonargparse reads arguments, types and help from its function."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from jsonargparse import (  # type: ignore[attr-defined]  # public, but re-exported by a star
    ActionConfigFile,
    ArgumentParser,
)
from typing_extensions import override

from groupae.cli.table import Command

__all__ = ["parser_of"]

_LARGEST = 2**16  # bytes of a file of options that are searched for the mark of a run


class _Parser(ArgumentParser):
    """A parser that calls a function for arguments that do not parse."""

    refuse: Callable[[str], NoReturn]
    kinds: Mapping[str, type]  # of arguments that jsonargparse does not check in a file

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        self.refuse(message)

    @override
    def parse_args(self, args: Any = None, *more: Any, **options: Any) -> Any:
        """Parse words; a file of options is read first, so the others take precedence."""
        words = ["--print-config=" if w == "--print-config" else w for w in args]
        found = super().parse_args(_with_files_first(words), *more, **options)
        for name, kind in self.kinds.items():
            if not isinstance(found[name], kind):
                self.refuse(f"{name}: expected {kind.__name__}, got {found[name]!r:.60}")
        return found


def _with_files_first(words: list[str]) -> list[str]:
    """Return the words of a command line with ``--config FILE`` before all others."""
    files: list[str] = []
    rest: list[str] = []
    i = 0
    while i < len(words):
        count = 2 if words[i] == "--config" else 1
        is_file = count == 2 or words[i].startswith("--config=")
        (files if is_file else rest).extend(words[i : i + count])
        i += count
    return files + rest


class _ConfigFile(ActionConfigFile):
    """File of options; the config of a run is refused, as it has no options."""

    @override
    def __call__(self, parser: Any, cfg: Any, values: Any, option_string: Any = None) -> None:
        from groupae._validation import expected  # loads torch, which help does without

        path = Path(str(values))
        if not path.is_file():
            raise FileNotFoundError(expected("--config", f"a file {path}", "none"))
        text = path.read_bytes()[:_LARGEST]
        if re.search(rb"^groupae_run:", text, re.MULTILINE):
            got = f"{path}, the config of a run"
            folder = path.parent
            remedy = f"--resume {folder} goes on with it, --init {folder} begins with its weights"
            raise ValueError(expected("--config", "a file of options", got, remedy))
        self.apply_config(parser, cfg, self.dest, values)  # as the base class does


class _Optional(argparse.Action):
    """Positional argument that may be left out, also if a file of options has it."""

    @override
    def __call__(self, parser: Any, namespace: Any, values: Any, option: Any = None) -> None:
        if values != self.default or not getattr(namespace, self.dest, None):
            setattr(namespace, self.dest, values)


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
    parser.kinds = {**dict.fromkeys(command.flags, bool), **dict.fromkeys(command.optional, str)}
    skip: set[str | int] = {*command.flags, *command.optional}
    parser.add_function_arguments(function, as_group=False, as_positional=True, skip=skip)
    for name, form in command.flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=form)
    for name, (default, form) in command.optional.items():
        parser.add_argument(name, nargs="?", default=default, help=form, action=_Optional)
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    if command.has_config:
        form = "YAML file with options, such as steps: 100; options after it take precedence"
        parser.add_argument("--config", action=_ConfigFile, help=form)
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
