"""Form of the rows of the tables."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One bad input: a call, or the words of a command line, and the error that it must give."""

    name: str
    call: Callable[..., Any] | list[str]
    error: type[BaseException] | int
    words: str


def rows(
    table: dict[str, tuple[Callable[..., Any] | list[str], type[BaseException] | int, str]],
) -> list[Row]:
    """Return the rows of a table by their names."""
    return [Row(name, *row) for name, row in table.items()]


Folder = Path
"""Calls with a parameter get an empty folder of their own."""
