"""Parsing of the commands of a page, by the parsers that would run them; none is run."""

from __future__ import annotations

import importlib
import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from packaging.requirements import Requirement

from groupae.cli.main import _find
from groupae.cli.parsing import parser_of
from groupae.cli.table import COMMANDS

ROOT = Path(__file__).parent.parent.parent
OTHERS = ("apt", "apt-get", "cd", "git", "open", "xdg-open")  # not ours, so only named
PIP_OPTIONS = {"--index-url": 1, "--extra-index-url": 1, "-c": 1, "-r": 1, "-e": 0, "--no-deps": 0}
PIP_OPTIONS |= {"--no-index": 0, "--upgrade": 0, "-U": 0, "-q": 0, "--quiet": 0, "--user": 0}


class _RefusedError(Exception):
    """A command that would not parse."""


def refusal_of(command: list[str]) -> str:
    """Return why a command cannot be run as written, empty if it can."""
    words = [*command]
    while re.fullmatch(r"\w+=\S*", words[0]):
        words.pop(0)
    try:
        _check(Path(words[0]).name, words[1:])
    except (_RefusedError, ValueError, TypeError) as refused:
        return str(refused)
    return ""


def _check(program: str, words: list[str]) -> None:
    if program in ("python", "python3") and words[:1] == ["-m"]:
        _check_module(words[1], words[2:])
    elif program == "groupae":
        _check_groupae(words)
    elif program == "make":
        _check_make(words)
    elif program == "pip":
        _check_pip(words)
    elif program in ("bash", "python", "python3", "source", "."):
        if ".venv" not in words[0] and not (ROOT / words[0]).is_file():
            raise _RefusedError(f"there is no file {words[0]}")
    elif program not in OTHERS:
        raise _RefusedError(f"expected one of the commands that tests/docs knows, got {program}")


def _check_module(name: str, words: list[str]) -> None:
    if name in ("groupae", "pip"):
        _check(name, words)
    elif importlib.util.find_spec(name) is None:
        raise _RefusedError(f"there is no module {name}")


def _check_groupae(words: list[str]) -> None:
    """Parse a command; of a synopsis, the part outside brackets, and the names of all options."""
    if not words:
        return
    outside = re.sub(r"\[[^]]*\]", "", " ".join(words)).split()
    plain = words if outside == words else [word.split("|")[0] for word in outside]
    found = _find(plain, COMMANDS, "groupae", "")
    if found is None:  # help or version
        return
    prog, command, rest = found
    module, _, name = command.place.partition(":")
    parser = parser_of(prog, command, getattr(importlib.import_module(module), name), _refuse)
    for option in re.findall(r"(?<![\w-])--[\w-]+", " ".join(words)):
        if option not in parser._option_string_actions:
            raise _RefusedError(f"{prog} has no option {option}")
    if rest or outside != words:
        parser.parse_args(rest)  # a command alone, as prose names it, may lack its arguments


def _refuse(message: str) -> None:
    raise _RefusedError(message)


def _check_make(words: list[str]) -> None:
    text = (ROOT / "Makefile").read_text()
    for name in [word.partition("=")[0] for word in words if "=" in word]:
        if f"$({name})" not in text:
            raise _RefusedError(f"the Makefile reads no variable {name}")
    if shutil.which("make"):
        dry = ["make", "--dry-run", *words]
        done = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise _RefusedError(done.stderr.strip())


def _check_pip(words: list[str]) -> None:
    if words[:1] != ["install"]:
        raise _RefusedError(f"expected pip install, got pip {words[:1]}")
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            option, _, value = word.partition("=")
            if option not in PIP_OPTIONS:
                raise _RefusedError(
                    f"expected an option of pip that tests/docs knows, got {option}"
                )
            if PIP_OPTIONS[option] and not value:
                value = rest.pop(0)
            if option in ("-c", "-r") and not (ROOT / value).is_file():
                raise _RefusedError(f"there is no file {value}")
        elif not word.endswith(".whl"):
            _check_requirement(word)


def _check_requirement(word: str) -> None:
    required = Requirement(re.sub(r"^\.(?=\[|$)", "groupae", word))
    if required.name == "groupae" and not required.extras <= _extras():
        raise _RefusedError(f"groupae has no extra {', '.join(required.extras - _extras())}")


def _extras() -> set[str]:
    text = (ROOT / "pyproject.toml").read_text()
    table = text.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    return set(re.findall(r"^(\w+) = \[", table, re.MULTILINE))
