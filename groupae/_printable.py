"""Text for terminals: escapes of untrusted text, and counts; importing this loads nothing."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["counted", "plain", "printable", "say"]

_STEERING = (
    "Cc",
    "Cf",
    "Cs",
    "Zl",
    "Zp",
)  # control, format, surrogates, line breaks


def printable(text: object) -> str:
    r"""Return text with terminal control characters written as Python escapes.

    Example:
        >>> print(printable("\x1b[31mred"))
        \x1b[31mred
    """
    return "".join(map(_escaped, str(text)))


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _STEERING:
        return character
    return character.encode("unicode_escape").decode()


def plain(text: str | Text) -> Text:
    """Return printable text in which rich sees no markup; a style is kept."""
    from rich.text import Text

    return Text(printable(text), style=text.style if isinstance(text, Text) else "")


def say(console: Console, line: str) -> None:
    """Print a line as it is: without markup, emoji, highlighting or line breaks of rich."""
    console.print(printable(line), markup=False, emoji=False, highlight=False, soft_wrap=True)


def counted(count: float, noun: str, plural: str = "") -> str:
    """Return a number with its noun, which is singular after 1 only.

    Args:
        count: The number.
        noun: The noun, singular.
        plural: Its plural, if that is more than an s behind it.

    Example:
        >>> counted(1, "minute"), counted(1.5, "minute"), counted(0, "pair")
        ('1 minute', '1.5 minutes', '0 pairs')
        >>> counted(12, "pixel"), counted(2, "vertex", "vertices")
        ('12 pixels', '2 vertices')
    """
    shown = f"{count:g}" if isinstance(count, float) else str(count)
    return f"{shown} {noun if shown == '1' else plural or noun + 's'}"
