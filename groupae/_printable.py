"""Text of strangers made safe for a terminal; importing it loads nothing."""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")  # control, format (they turn text round), surrogates


def printable(text: object) -> str:
    r"""Return text with what would steer a terminal written as Python escapes it.

    Example:
        >>> print(printable("\x1b[31mred"))
        \x1b[31mred
    """
    return "".join(map(_escaped, str(text)))


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _STEERING:
        return character
    return character.encode("unicode_escape").decode()
