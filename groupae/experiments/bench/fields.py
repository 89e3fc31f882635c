"""Plain data of a file, read field by field; each error names the file and the field."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from groupae._validation import expected, unknown_choice

__all__ = ["BenchFields", "BenchFileError"]

_LONGEST_TEXT = 500  # characters


class BenchFileError(ValueError):
    """Error for a file of the benchmark that cannot be used; its sentence names file and field."""


class BenchFields:
    """Fields of an object in a file of plain data.

    Args:
        owner: Name of the file, which errors begin with.
        values: The object, as JSON gives it.
        path: Place of the object in the file, such as ``cells[3].task``; empty for the whole file.

    Raises:
        BenchFileError: If ``values`` is no object.

    Example:
        >>> BenchFields("mine.json", {"steps": 3}).integer("steps")
        3
        >>> BenchFields("mine.json", {"steps": -3}).integer("steps")
        Traceback (most recent call last):
        ...
        groupae.experiments.bench.fields.BenchFileError: mine.json: expected steps to be an integer
        of at least 0, got -3
    """

    def __init__(self, owner: str, values: object, path: str = "") -> None:
        self.owner, self.path = owner, path
        if not isinstance(values, dict):
            raise self.error(f"{path or 'the content'} to be an object", _shown(values))
        self.values: Mapping[str, Any] = values

    def error(self, what: str, got: str, remedy: str = "") -> BenchFileError:
        """Return an error of this file."""
        return BenchFileError(expected(self.owner, what, got, remedy))

    def place(self, name: str) -> str:
        """Return the place of a field in the file."""
        return f"{self.path}.{name}" if self.path else name

    def check_names(self, *names: str, optional: tuple[str, ...] = ()) -> None:
        """Raise unless all ``names`` are there, and no others but ``optional`` ones.

        Raises:
            BenchFileError: With the name of the first field that is missing or not known.
        """
        for name in names:
            self._get(name)
        known = (*names, *optional)
        for name in self.values:
            if name not in known:
                what = f"each field of {self.path or 'the file'}"
                raise BenchFileError(unknown_choice(self.owner, what, name, known))

    # --- one field ------------------------------------------------------------------------------
    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number of a range, limits included."""
        value = self._get(name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            what = f"{self.place(name)} to be a finite number{_within(low, high)}"
            raise self.error(what, _shown(value))
        return float(value)

    def integer(self, name: str, least: int = 0) -> int:
        """Return an integer of at least ``least``."""
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            what = f"{self.place(name)} to be an integer of at least {least}"
            raise self.error(what, _shown(value))
        return value

    def text(self, name: str, *, may_be_empty: bool = False) -> str:
        """Return a text of one line."""
        value = self._get(name)
        is_text = isinstance(value, str) and len(value) <= _LONGEST_TEXT and value.isprintable()
        if not is_text or not (may_be_empty or value.strip()):
            what = f"{self.place(name)} to be one line of text, at most {_LONGEST_TEXT} characters"
            raise self.error(what, _shown(value))
        return str(value)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._get(name)
        if not isinstance(value, bool):
            raise self.error(f"{self.place(name)} to be true or false", _shown(value))
        return value

    def is_null(self, name: str) -> bool:
        """Return whether a field is there and has no value."""
        return self._get(name) is None

    # --- fields of fields -----------------------------------------------------------------------
    def inner(self, name: str) -> BenchFields:
        """Return the fields of an object in this one."""
        return BenchFields(self.owner, self._get(name), self.place(name))

    def listed(self, name: str) -> list[BenchFields]:
        """Return the objects of a list that is not empty."""
        value = self._get(name)
        if not isinstance(value, list) or not value:
            what = f"{self.place(name)} to be a list of at least one object"
            raise self.error(what, _shown(value))
        return [
            BenchFields(self.owner, entry, f"{self.place(name)}[{i}]")
            for i, entry in enumerate(value)
        ]

    def named(self) -> Iterator[tuple[str, BenchFields]]:
        """Yield the objects of this one, each with its name."""
        for name in self.values:
            yield name, self.inner(name)

    def _get(self, name: str) -> Any:
        if name not in self.values:
            names = ", ".join(map(str, self.values)) or "nothing"
            raise self.error(f"a field {self.place(name)}", f"{self.path or 'a file'} with {names}")
        return self.values[name]


def _within(low: float, high: float) -> str:
    """Return the limits of a range in words; nothing if there are none."""
    if math.isinf(low):
        return "" if math.isinf(high) else f" of at most {high:g}"
    return f" of at least {low:g}" if math.isinf(high) else f" from {low:g} to {high:g}"


def _shown(value: object) -> str:
    return f"{value!r:.100}"
