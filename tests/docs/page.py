"""Blocks of code of a page in Markdown or reStructuredText, and the commands among them."""

from __future__ import annotations

import dataclasses
import re
import shlex
import textwrap
from pathlib import Path

SHELLS = ("", "bash", "console", "sh", "shell")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_DIRECTIVE = re.compile(r"^\.\. code-block:: *(\w*)\n((?:[ \t]*\n|[ \t]+.*\n?)*)", re.MULTILINE)
_OPTION = re.compile(r"\A(?:[ \t]+:[\w-]+:.*\n)+")


@dataclasses.dataclass(frozen=True)
class Block:
    """Block of code.

    Args:
        line: Number of its first line in the page.
        language: Its language as written, empty where none is.
        text: Its lines, not indented.
    """

    line: int
    language: str
    text: str


def blocks_of(path: Path) -> list[Block]:
    """Return the blocks of code of a page, from its top to its bottom."""
    text = path.read_text()
    found = []
    for match in (_FENCE if path.suffix == ".md" else _DIRECTIVE).finditer(text):
        code = _OPTION.sub("", match[2])
        line = text.count("\n", 0, match.start(2)) + 1
        found.append(Block(line, match[1], textwrap.dedent(code).strip("\n") + "\n"))
    return found


def spans_of(path: Path) -> list[str]:
    """Return the words in ``code`` between the blocks of a page."""
    mark = "`" if path.suffix == ".md" else "``"
    text = (_FENCE if path.suffix == ".md" else _DIRECTIVE).sub("", path.read_text())
    return [" ".join(span.split()) for span in re.findall(rf"{mark}([^`]+){mark}", text)]


def commands_of(block: Block) -> list[list[str]]:
    """Return the commands of a block of shell as words, without prompts and comments.

    A line that begins with blanks goes on with the command above it, as a final backslash does.
    """
    text = re.sub(r"\\?\n[ \t]+", " ", re.sub(r"\\\n", " ", block.text))
    prompts = block.language == "console"
    lines = [line for line in text.splitlines() if not prompts or line.startswith("$ ")]
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines]
    return [command for line in words for command in _split(line)]


def _split(words: list[str]) -> list[list[str]]:
    """Return the commands of a line that ``&&`` joins."""
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]
