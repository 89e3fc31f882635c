"""Readers of outlines: cells as geomstats keeps them, series as the UCR archive keeps them.

Convention: an outline runs through its corners in order and closes from the last to the first.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from groupae._validation import expected

__all__ = ["read_names", "read_outlines", "read_ts"]


def read_outlines(path: Path) -> list[npt.NDArray[np.float64]]:
    r"""Return closed outlines from a text file, one corner per line, an empty line between two.

    Returns:
        Corners of each outline, shape ``(N, 2)``, N at least 3.

    Raises:
        ValueError: If a line is no pair of finite numbers, or an outline has no area.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "cells.txt")
        ...     _ = file.write_text("0 0\n4 0\n4 3\n\n0 0\n1 0\n1 1\n0 1\n")
        ...     [len(corners) for corners in read_outlines(file)]
        [3, 4]
    """
    blocks = [block for block in _text(path).split("\n\n") if block.strip()]
    return [_corners(path, i, block) for i, block in enumerate(blocks)]


def _corners(path: Path, i: int, block: str) -> npt.NDArray[np.float64]:
    rows = [line.split() for line in block.splitlines() if line.strip()]
    place = f"outline {i} of {path}"
    if any(len(row) != 2 for row in rows):
        raise ValueError(expected(place, "two numbers on each line", "another number of words"))
    corners = _numbers(place, [word for row in rows for word in row]).reshape(-1, 2)
    if len(corners) < 3 or np.ptp(corners, axis=0).min() == 0:
        got = f"{len(corners)} corners on a line"
        raise ValueError(expected(place, "an outline with an area", got))
    return corners


def read_names(path: Path, names: tuple[str, ...]) -> list[int]:
    r"""Return the index in ``names`` of each line of a text file.

    Raises:
        ValueError: If a line is another name.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "treatments.txt")
        ...     _ = file.write_text("jasp\ncontrol\n")
        ...     read_names(file, ("control", "jasp"))
        [1, 0]
    """
    found = _text(path).split()
    for i, name in enumerate(found):
        if name not in names:
            what = f"line {i + 1} to be one of {', '.join(names)}"
            raise ValueError(expected(path, what, f"{name!r:.80}"))
    return [names.index(name) for name in found]


def read_ts(path: Path) -> tuple[npt.NDArray[np.float64], list[int]]:
    r"""Return series of equal length and their classes from a ``.ts`` file of the UCR archive.

    Returns:
        Series, shape ``(n, length)``, and classes, numbered from 0 (1 in the file).

    Raises:
        ValueError: If the file has no data, or a line is no list of numbers with a class.

    References:
        Dau et al., The UCR time series archive, 2019.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "leaves.ts")
        ...     _ = file.write_text("#a comment\n@univariate true\n@data\n1.5,2,3:2\n4,5,6:1\n")
        ...     read_ts(file)
        (array([[1.5, 2. , 3. ], [4. , 5. , 6. ]]), [1, 0])
    """
    head, mark, body = _text(path).partition("@data\n")
    lines = [line for line in body.splitlines() if line.strip()]
    if not mark or not lines:
        got = "none" if mark else f"{head[:40]!r}"
        raise ValueError(expected(path, "a .ts file with series after @data", got))
    series, classes = [], []
    for i, line in enumerate(lines):
        values, _, name = line.rpartition(":")
        if not name.strip().isdecimal() or int(name) < 1:
            what = f"series {i} to end in : and its class, an integer from 1"
            raise ValueError(expected(path, what, f"{name!r:.80}"))
        series.append(_numbers(f"series {i} of {path}", values.split(",")))
        classes.append(int(name) - 1)
        if len(series[-1]) != len(series[0]):
            what = f"series {i} as long as the first, {len(series[0])}"
            raise ValueError(expected(path, what, len(series[-1])))
    return np.stack(series), classes


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")


def _numbers(place: str, words: list[str]) -> npt.NDArray[np.float64]:
    try:
        found = np.array(words, dtype=np.float64)
    except ValueError as error:
        raise ValueError(expected(place, "numbers", error)) from None
    if not np.isfinite(found).all():
        raise ValueError(expected(place, "finite numbers", "nan or inf"))
    return found
