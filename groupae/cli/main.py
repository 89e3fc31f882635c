"""Command line: arguments are parsed, the command is run, errors are printed in one line.

``--help`` and ``--version`` are answered from the table of commands alone; the arguments of a
command are those of its function, read by jsonargparse; the library is loaded when a command runs.

Exit codes: 0 success, 2 a mistake of the user, 130 interrupted, 143 terminated (SIGTERM), 1 any
other failure, such as a law that ``groupae check`` finds broken.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import inspect
import io
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from groupae import __version__
from groupae._interrupts import Terminated, terminations_raised
from groupae._printable import printable
from groupae.cli.loading import loading
from groupae.cli.table import COMMANDS, DATA_SUMMARY, Command, Commands

__all__ = ["main"]

_ABOUT = "Autoencoders whose latent space carries a group action."


class _UsageError(ValueError):
    """Error for arguments that do not parse."""


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run ``groupae`` with arguments, by default those of the process, and exit."""
    words = [_spell(word) for word in (sys.argv[1:] if argv is None else argv)]
    for stream in (sys.stdout, sys.stderr):  # a terminal that has ASCII only still gets the table
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    sys.exit(_main(words, debug="--debug" in words))


def _spell(word: str) -> str:
    """Return an option with hyphens, so that ``--batch_size`` is accepted too."""
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name[:2] == "--" else word


def _main(words: list[str], *, debug: bool) -> int:
    options: set[str] = set()
    try:
        with warnings.catch_warnings(), terminations_raised():
            if not debug:
                warnings.showwarning = _show_warning
            found = _find(words, COMMANDS, "groupae", _ABOUT)
            return 0 if found is None else _run(*found, options)
    except KeyboardInterrupt as error:
        word, code = ("terminated", 143) if isinstance(error, Terminated) else ("interrupted", 130)
        return _fail("; ".join([word, *map(str, error.args)]), code, debug)
    except _UsageError as error:
        return _fail(f"{error} (see groupae --help)", 2, debug)
    except (ValueError, TypeError, ModuleNotFoundError) as error:
        return _fail(_with_options(str(error), options), 2, debug)
    except OSError as error:
        return _fail(_file_error(error), 2, debug)
    except Exception as error:  # the last resort: one line instead of a traceback
        return _fail(f"{type(error).__name__}: {error}", 1, debug)


# --- words ---------------------------------------------------------------------------------------
def _find(
    words: list[str], commands: Commands, prog: str, about: str
) -> tuple[str, Command, list[str]] | None:
    """Return program name, command and arguments; ``None`` if only help or version were asked for.

    Raises:
        _UsageError: If there is no such command.
    """
    name, *rest = words or [""]
    if name in ("-h", "--help"):
        _print_help(commands, prog, about)
        return None
    if name == "--version" and commands is COMMANDS:
        sys.stdout.write(f"groupae {__version__}\n")
        return None
    names = ",".join(commands)
    if not name:
        raise _UsageError(f"expected a command to be one of {{{names}}}, got none")
    if name not in commands:
        kind = "option" if name.startswith("-") else "choice"
        raise _UsageError(f"expected a command to be one of {{{names}}}, invalid {kind}: {name!r}")
    found = commands[name]
    if isinstance(found, Command):
        return f"{prog} {name}", found, rest
    return _find(rest, found, f"{prog} {name}", DATA_SUMMARY)


def _print_help(commands: Commands, prog: str, about: str) -> None:
    parser = argparse.ArgumentParser(prog=prog, description=about)
    if commands is COMMANDS:
        parser.add_argument("--version", action="store_true", help="print the version and exit")
    more = f"{prog} COMMAND --help has the arguments of each"
    listed = parser.add_subparsers(title="commands", metavar="COMMAND", description=more)
    for name, command in commands.items():
        summary = command.summary if isinstance(command, Command) else DATA_SUMMARY
        listed.add_parser(name, help=summary)
    parser.print_help()


def _run(prog: str, command: Command, words: list[str], options: set[str]) -> int:
    """Parse the arguments of a command, add its options to ``options``, and run it."""
    from groupae._memory import keep_freed_memory
    from groupae._waiting import set_up_threads

    set_up_threads()
    if "torch" not in sys.modules:  # a process of the command's own
        keep_freed_memory()
    with loading():
        from groupae.cli.parsing import parser_of

        module, _, name = command.place.partition(":")
        function: Callable[..., int | None] = getattr(importlib.import_module(module), name)
        parameters = inspect.signature(function).parameters.values()
        options |= {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
        parser = parser_of(prog, command, function, lambda text: _refuse(text, options))
    arguments = vars(parser.parse_args(words))
    of_all = ("debug", "config")  # what they ask for is done
    return function(**{k: v for k, v in arguments.items() if k not in of_all}) or 0


def _refuse(message: str, options: set[str]) -> NoReturn:
    raise _UsageError(_one_sentence(message, options))


def _one_sentence(message: str, options: set[str]) -> str:
    """Return a message of jsonargparse as one sentence in the form of `expected`."""
    line = " ".join(message.split())
    line = re.sub(r'Parser key "([\w.]+)":', lambda m: f"{_option(m[1], options)}:", line)
    line = re.sub(r"(?:a )?<class '(\w+)'>", r"\1", line)
    line = re.sub(r"a typing\.Literal\[(.*?)\]", r"one of \1", line)
    optional = r"Does not validate.*Subtypes: \[(.*?), NoneType\].*Given value: (.*)"
    line = re.sub(optional, r"expected \1, got \2", line)
    digits = r"Exceeds the limit \((\d+) digits\).* value has (\d+) digits.*"
    line = re.sub(digits, r"expected an integer of at most \1 digits, got \2", line)
    line = line.replace(". Got value:", ", got").replace("Expected", "expected").rstrip(".")
    return _with_options(line, options)


def _with_options(sentence: str, options: set[str]) -> str:
    """Return a message with names of parameters spelled as options.

    Those of one word are words of the language too: they are options where ``=`` follows, as in
    ``pixels= resizes them`` and ``say chart="angle"``.
    """
    for name in options:
        option = _option(name, options)
        sentence = re.sub(rf'(?<![\w-]){name}="([\w.-]+)"', rf"{option} \1", sentence)
        sentence = re.sub(rf"(?<![\w-]){name}= ", f"{option} ", sentence)
        if "_" in name:
            sentence = re.sub(rf"(?<![\w-]){name}(?!\w)", option, sentence)
    return sentence


def _option(name: str, options: set[str]) -> str:
    """Return an argument of a function as it is spelled on the command line."""
    return f"--{name.replace('_', '-')}" if name in options else name


# --- errors --------------------------------------------------------------------------------------
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)


def _file_error(error: OSError) -> str:
    if error.errno is None or error.strerror is None:
        return str(error)
    if error.errno in _REFUSED:
        remedy = "make it writable, or name another folder"
    elif error.errno in _FULL:
        remedy = "free some room, or name a folder on another disk"
    elif error.errno == errno.ENAMETOOLONG:
        remedy = "give it a shorter name"
    else:
        remedy = "name another folder"
    place = error.filename if error.filename is not None else "a file"
    return f"{place}: {error.strerror.lower()}; {remedy}"


def _fail(sentence: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    _say_error(sentence)
    return code


def _say_error(sentence: str) -> None:
    """Write one line to stderr that begins with the name of the program."""
    line = printable(" ".join(sentence.splitlines()))
    line = line.removeprefix("groupae: ").removeprefix("groupae ")
    sys.stderr.write(f"groupae: {line}\n")


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning in one line, like an error."""
    del category, filename, lineno, file, line
    _say_error(" ".join(str(message).split()))
