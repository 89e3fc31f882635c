"""Blocks of the pages of the documentation, to be run in short form.

Blocks of doctest are run by ``make docs``. These are the others: programs that take minutes, and
lines for a shell. A budget in minutes becomes one of two steps; nothing else is changed unless a
test says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import shlex
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from groupae.cli.main import main

PAGES = Path(__file__).parents[2] / "docs"
_DIRECTIVE = re.compile(r"^( *)\.\. code-block:: *(\S+) *$")
_SHORT = {r"\bminutes=[\d.]+": "steps=2"}


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, and its first line in the page."""

    language: str
    text: str
    line: int


def blocks(page: str, language: str) -> list[Block]:
    """Return the blocks of a page, such as ``"guides/training"``, in one language."""
    return [block for block in all_blocks(page) if block.language == language]


def all_blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page in their order."""
    lines = (PAGES / f"{page}.rst").read_text().splitlines()
    for i, line in enumerate(lines):
        found = _DIRECTIVE.match(line)
        if found is None:
            continue
        depth, end = len(found[1]), i + 1
        while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth):
            end += 1
        body = [text for text in lines[i + 1 : end] if not text.strip().startswith(":")]
        yield Block(found[2], textwrap.dedent("\n".join(body)).strip() + "\n", i + 1)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def run_python(
    page: str, names: dict[str, Any] | None = None, replaced: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run all Python blocks of a page in one namespace, and return it; as `run_blocks`."""
    return run_blocks(page, blocks(page, "python"), names, replaced)


def run_blocks(
    page: str,
    found: Sequence[Block],
    names: dict[str, Any] | None = None,
    replaced: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Run blocks of a page in one namespace, and return it.

    Args:
        page: The page, such as ``"quickstart"``.
        found: The blocks.
        names: What the page takes for granted, such as a model of one's own.
        replaced: Regular expressions and what stands for them in the short form, each of which must
            be in the blocks.
    """
    assert found, f"{page} has no block"
    names = {"__name__": "page", **(names or {})}
    text = "\n".join(block.text for block in found)
    for pattern in replaced or {}:
        assert re.search(pattern, text), f"{page} has no {pattern}"
    for block in found:
        short = block.text
        for pattern, instead in {**_SHORT, **(replaced or {})}.items():
            short = re.sub(pattern, instead, short)
        place = f"{page}.rst, block at line {block.line}"
        with _brief_trainings():
            exec(compile(short, place, "exec"), names)
    return names


def run_shell(page: str, short: Mapping[str, str]) -> list[str]:
    """Run the lines of a page that begin with ``groupae``, and return them as they stand.

    Args:
        page: The page.
        short: Regular expressions and what stands for them in the short form. A line whose form is
            then empty is not run.
    """
    lines = [
        line.split("  #")[0].strip()
        for block in blocks(page, "bash")
        for line in block.text.splitlines()
    ]
    lines = [line for line in lines if line.startswith("groupae ")]
    for line in lines:
        words = line
        for pattern, instead in short.items():
            words = re.sub(pattern, instead, words)
        if words.strip():
            run_command(words)
    return lines


def run_command(line: str, code: int = 0) -> None:
    """Run a line of a shell that begins with ``groupae`` within this process."""
    with _brief_trainings(), pytest.raises(SystemExit) as left:
        main(shlex.split(line)[1:])
    assert left.value.code == code, line


@contextlib.contextmanager
def _brief_trainings() -> Iterator[None]:
    """Ignore the warning that a training made nothing better: two steps are too few."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "fit: expected a validation better than")
        yield
