"""What every data set can be asked for: a split and a size."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from groupae._choices import Size, Split
from groupae._validation import expected, unknown_choice

__all__ = ["Size", "Split", "check_options", "refuse_folder"]


def check_options(owner: str, split: str, size: str = "small") -> None:
    """Raise `ValueError` unless split and size are known.

    Example:
        >>> check_options("Turntable", "train", "huge")
        Traceback (most recent call last):
        ValueError: Turntable: expected size to be one of tiny, small, full, got 'huge'
    """
    for what, got, choices in (("split", split, Split), ("size", size, Size)):
        if got not in get_args(choices):
            raise ValueError(unknown_choice(owner, what, got, get_args(choices)))


def refuse_folder(owner: str, folder: str | Path | None) -> None:
    """Raise `ValueError` if a folder is given to a data set that has no originals to read.

    Example:
        >>> refuse_folder("Series", "signals")
        Traceback (most recent call last):
        ValueError: Series: expected no folder, got 'signals'; ...
    """
    if folder is not None:
        remedy = "it has no originals to read; make pairs of your own data with OrbitPairs"
        raise ValueError(expected(owner, "no folder", repr(str(folder)), remedy))
