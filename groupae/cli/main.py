"""Read the arguments, run the command, and say errors in one line.

Exit codes: 0 done, 2 a mistake of the user's, 130 interrupted, 1 anything else, such as a law that
``groupae check`` finds broken.
"""

from __future__ import annotations

import errno
import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, TextIO, TypeAlias

from jsonargparse import ArgumentParser, Namespace
from typing_extensions import override

from groupae import __version__
from groupae.cli import commands, data
from groupae.cli.check import check
from groupae.cli.compare import compare

__all__ = ["main"]

_Command = Callable[..., int | None]
_Commands: TypeAlias = "Mapping[str, _Command | _Commands]"

_COMMANDS: _Commands = {
    "train": commands.train,
    "evaluate": commands.evaluate,
    "compare": compare,
    "orbit": commands.orbit,
    "swap": commands.swap,
    "export": commands.export,
    "check": check,
    "data": data.COMMANDS,
}
_SUMMARIES = {"data": "List the data sets, make one ready, or draw a contact sheet."}


class _UsageError(ValueError):
    """The arguments do not parse."""


class _Parser(ArgumentParser):
    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        raise _UsageError(_one_sentence(message)) from ex


def _one_sentence(message: str) -> str:
    """Return jsonargparse's message as one sentence: argument, what was expected, what came."""
    line = " ".join(message.split())
    line = re.sub(r'Parser key "([\w.]+)":', lambda m: f"{m[1].split('.')[-1]}:", line)
    line = re.sub(r'"(?:\w+\.)?command"', "a command", line)
    line = re.sub(r"required: [\w.]*\.(\w+)", r"required: \1", line)
    line = re.sub(r"(?:a )?<class '(\w+)'>", r"\1", line)
    line = re.sub(r"a typing\.Literal\[(.*?)\]", r"one of \1", line)
    optional = r"Does not validate.*Subtypes: \[(.*?), NoneType\].*Given value: (.*)"
    line = re.sub(optional, r"expected \1, got \2", line)
    return line.replace(". Got value:", ", got").replace("Expected", "expected").rstrip(".")


def _parser() -> ArgumentParser:
    parser = _Parser(
        prog="groupae",
        description="Autoencoders whose latent space carries a group action.",
        version=__version__,
    )
    _add_commands(parser, _COMMANDS)
    return parser


def _add_commands(parser: ArgumentParser, commands_by_name: _Commands) -> None:
    commands_of = parser.add_subcommands(dest="command")
    for name, command in commands_by_name.items():
        if isinstance(command, Mapping):
            sub = _Parser(description=_SUMMARIES[name])
            commands_of.add_subcommand(name, sub, help=_SUMMARIES[name])
            _add_commands(sub, command)  # after its parent: jsonargparse wants them in this order
        else:
            sub = _parser_of(name, command)
            commands_of.add_subcommand(name, sub, help=sub.description)


def _parser_of(name: str, command: _Command) -> _Parser:
    """Return the parser of a command's arguments, those of the function that it is."""
    sub = _Parser(description=(command.__doc__ or "").splitlines()[0])
    # flags, and one that may be left out
    skip: set[str | int] = {"compile", "force", "target", "masks"}
    sub.add_function_arguments(command, as_group=False, as_positional=True, skip=skip)
    if name == "train":
        sub.add_argument("--force", action="store_true", help="replace an existing run")
        form = "run the loss under torch.compile, which takes a C++ compiler and time at first"
        sub.add_argument("--compile", action="store_true", help=form)
    if name == "check":
        form = "all, a group or plug-in by name, or package:object"
        sub.add_argument("target", nargs="?", default="all", help=form)
    if name == "show":
        form = "draw the edge of what the group moves"
        sub.add_argument("--masks", action="store_true", help=form)
    sub.add_argument("--debug", action="store_true", help="show tracebacks")
    return sub


def _run(arguments: Namespace) -> int:
    command: _Command | _Commands = _COMMANDS
    while isinstance(command, Mapping):
        command, arguments = command[arguments.command], arguments[arguments.command]
    ignored = ("debug", "config")
    options = {key: value for key, value in vars(arguments).items() if key not in ignored}
    return command(**options) or 0


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run ``groupae`` with ``argv`` (those of the process unless given) and exit."""
    words = [_spell(word) for word in (sys.argv[1:] if argv is None else argv)]
    for stream in (sys.stdout, sys.stderr):  # a terminal of ASCII must not cost the table
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(_main(words, debug="--debug" in words))


def _spell(word: str) -> str:
    """Return an option with underscores, so that ``--batch-size`` is understood too."""
    name, equals, value = word.partition("=")
    return name[:2] + name[2:].replace("-", "_") + equals + value if name[:2] == "--" else word


def _main(words: list[str], *, debug: bool) -> int:
    try:
        with warnings.catch_warnings():
            if not debug:
                warnings.showwarning = _show_warning
            return _run(_parser().parse_args(words))
    except KeyboardInterrupt as error:
        return _fail("; ".join(["interrupted", *map(str, error.args)]), 130, debug)
    except _UsageError as error:
        return _fail(f"{error} (see groupae --help)", 2, debug)
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        return _fail(str(error), 2, debug)
    except OSError as error:
        return _fail(_file_error(error), 2, debug)
    except Exception as error:  # the last resort: one line instead of a traceback
        return _fail(f"{type(error).__name__}: {error}", 1, debug)


def _file_error(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    refused = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    remedy = "make it writable, or name another folder" if refused else "name another folder"
    return f"{error.filename}: {str(error.strerror).lower()}; {remedy}"


def _fail(sentence: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"groupae: {' '.join(sentence.splitlines())}\n")
    return code


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Say a warning in one line, like an error."""
    del category, filename, lineno, file, line
    sys.stderr.write(f"groupae: {' '.join(str(message).split())}\n")
