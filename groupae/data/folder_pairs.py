"""Data set from a folder of pictures with a table of elements.

The table is a CSV file with a heading. Each line is one view: the path of a picture, the name of
the original it shows, and the element that moved the original, relative to a pose that all views of
that original share::

    picture,original,element
    cup/000.png,cup,0
    cup/090.png,cup,90
    pot/045.png,pot,45
    pot/200.png,pot,200

Pairs are two views of one original. Originals may have different numbers of views.
"""

from __future__ import annotations

import csv
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected, unknown_choice
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.data.picture_files import PictureFiles
from groupae.data.pixels import Ground
from groupae.data.written_elements import check_angles, check_columns, parse_elements
from groupae.groups import Group

__all__ = ["FolderPairs"]

_OWNER = "FolderPairs"


@dataclasses.dataclass(frozen=True)
class _Line:
    """One line of the table, with its place for error messages."""

    place: str
    cells: Mapping[str, str]


class FolderPairs(OrbitDataset):
    r"""Pairs of pictures in a folder, with the elements in a CSV file.

    Args:
        folder: The folder; paths of pictures are relative to it.
        group: The group that moves the originals.
        csv: The table in the folder, with columns ``picture``, ``original``, those of the element,
            and, if there are any, ``label`` and ``split``.
        elements: Columns with the numbers of an element, matrices row by row; by default all whose
            name begins with ``element``, from left to right.
        chart: How elements are written: one of ``group.charts``, such as ``"angle_deg"``,
            ``"quat_wxyz"`` or ``"rotvec"``; the first of them by default (radians, indices,
            matrices). Headings or numbers that contradict it, such as whole radians above a turn
            or a column ``element_x`` before ``element_w``, are an error.
        split: Use only lines with this in the column ``split``.
        mode: Turn all pictures to grey (``"L"``) or colours (``"RGB"``); by default they must be
            alike. Their depth stays.
        ground: Background of transparent pictures: a grey, or red, green and blue, where 0 is
            black and 1, the default, is white.
        seed: Key of the order of originals and of the choice of views.

    Pictures may be of 1 to 32 bits or floats, grey or colours. Integers are divided by the largest
    value of their depth (255, 65535, ...; signed ones to [-1, 1]), floats stay as they are; all
    must have one depth. Palettes become colours. Photographs are turned upright by their Exif
    orientation. Pictures of at most 256 MB in all are read once and kept, as uint8 if they have at
    most 8 bits, else as float32; more are read whenever they are asked for, and best by the worker
    processes of a training (``TrainingConfig(workers=2)``). ``classes`` are the names in the column
    ``label``, sorted, and ``labels`` their numbers; ``originals`` are the names in the column
    ``original``.

    Raises:
        FileNotFoundError: If the folder, the table or a picture is missing.
        ValueError: If the table or a picture is malformed; the message names the line.

    Example:
        >>> import tempfile; from PIL import Image; from groupae import SO2
        >>> table = "picture,original,element\ndot.png,dot,0\ndot.png,dot,90"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("L", (8, 8)).save(Path(folder, "dot.png"))
        ...     _ = Path(folder, "elements.csv").write_text(table)
        ...     pairs = FolderPairs(folder, SO2(), chart="angle_deg")
        >>> pairs.fixed().g.abs()  # there or back
        tensor([1.5708])
    """

    def __init__(
        self,
        folder: Path | str,
        group: Group,
        csv: str = "elements.csv",
        *,
        elements: Sequence[str] | None = None,
        chart: str | None = None,
        split: str | None = None,
        mode: Literal["L", "RGB"] | None = None,
        ground: Ground = 1.0,
        seed: int = 0,
    ) -> None:
        if mode not in (None, "L", "RGB"):
            raise ValueError(unknown_choice(_OWNER, "mode", mode, ("L", "RGB")))
        _check_ground(ground)
        if not isinstance(group, Group):
            remedy = "make one, such as SO2() or get_group('so2')"
            raise TypeError(expected(_OWNER, "a Group", type(group).__name__, remedy))
        table = Path(folder) / csv
        lines = _read_table(table)
        columns = _element_columns(table, lines[0], elements)
        check_columns(table, group, columns, chart)
        classes = sorted({line.cells["label"] for line in lines if "label" in line.cells})
        views = _by_original(self._of_split(table, lines, split))
        chosen = [line for of_one in views.values() for line in of_one]
        firsts = [of_one[0] for of_one in views.values()]
        labels = [classes.index(line.cells["label"]) for line in firsts] if classes else None
        super().__init__(
            group,
            len(views),
            labels=None if labels is None else torch.tensor(labels),
            seed=seed,
        )
        self.originals: tuple[str, ...] = tuple(views)
        self.classes: tuple[str, ...] = tuple(classes)
        self.elements: Tensor = _read_elements(table, chosen, group, columns, chart)
        names = [line.cells["picture"] for line in chosen]
        places = [line.place for line in chosen]
        self._files = PictureFiles(Path(folder), names, places, mode=mode, ground=ground)
        self.pictures = self._files if self._files.kept is None else self._files.kept
        self._counts = torch.tensor([len(of_one) for of_one in views.values()])
        self._starts = self._counts.cumsum(0) - self._counts

    def _of_split(self, table: Path, lines: Sequence[_Line], split: str | None) -> Sequence[_Line]:
        return _of_split(table, lines, split)

    @override
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return ``count`` recorded views of each original; none repeats while there are enough."""
        m = self._counts[index]
        rounds = -(-count // int(m.min()))
        score = torch.rand(rounds, len(index), int(m.max()), generator=generator)
        order = score.masked_fill(torch.arange(int(m.max())) >= m[:, None], 2.0).argsort(-1)
        nth = torch.arange(count)[:, None]
        return self._look_up(index, order[nth // m, torch.arange(len(index)), nth % m])

    @override
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return ``count`` views evenly spread in the order of the table."""
        return self._look_up(index, torch.arange(count)[:, None] * self._counts[index] // count)

    def _look_up(self, index: Tensor, chosen: Tensor) -> Views:
        place = self._starts[index] + chosen
        return Views(self._files[place], self.elements[place])


# --- the table ---------------------------------------------------------------------------------
def _read_table(table: Path) -> list[_Line]:
    """Return all lines of a table that has the columns ``picture`` and ``original``."""
    if not table.is_file():
        remedy = "name the folder with the pictures and the CSV file in it"
        raise FileNotFoundError(expected(_OWNER, f"a table {table}", "none", remedy))
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            lines = list(_read_lines(table, csv.reader(stream, skipinitialspace=True)))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(expected(table, "CSV in UTF-8", error)) from None
    if not lines:
        raise ValueError(expected(table, "a heading and one line per picture", "no lines"))
    return lines


_LONGEST_NAME = 200  # characters of the name of a column


def _read_lines(table: Path, rows: Iterator[list[str]]) -> Iterator[_Line]:
    heading = [" ".join(name.split()) for name in next(rows, [])]
    if (longest := max(map(len, heading), default=0)) > _LONGEST_NAME:
        what = f"names of columns of at most {_LONGEST_NAME} characters"
        raise ValueError(expected(table, what, f"one of {longest}"))
    for name in ("picture", "original"):
        if heading.count(name) != 1:
            got = f"the columns {', '.join(heading)}" if heading else "an empty file"
            raise ValueError(expected(table, f"a heading with one column {name!r}", got))
    for name in heading:
        if name and heading.count(name) > 1:
            got = f"the columns {', '.join(heading)}"
            raise ValueError(expected(table, f"one column {name!r}", got))
    for row in rows:
        # readers of csv have a line number, which the type of an iterator lacks
        place = f"{table}, line {rows.line_num}"  # type: ignore[attr-defined]  # of csv
        if not any(row):
            continue
        if len(row) != len(heading):
            raise ValueError(expected(place, f"{len(heading)} cells", len(row)))
        cells = {name: cell.strip() for name, cell in zip(heading, row, strict=True)}
        for name in ("picture", "original"):
            if not cells[name]:
                raise ValueError(expected(place, f"a name in the column {name!r}", "none"))
        yield _Line(place, cells)


def _element_columns(table: Path, first: _Line, names: Sequence[str] | None) -> list[str]:
    """Return the columns with the numbers of an element."""
    if names is None:
        found = [name for name in first.cells if name.startswith("element")]
        if not found:
            what = "a column whose name begins with 'element'"
            got = f"the columns {', '.join(first.cells)}"
            raise ValueError(expected(table, what, got, "name yours by elements=[...]"))
        return found
    for name in names:
        if name not in first.cells:
            raise ValueError(unknown_choice(table, "elements", name, first.cells))
    return list(names)


def _of_split(table: Path, lines: Sequence[_Line], split: str | None) -> Sequence[_Line]:
    """Return the lines of a split; all lines if it is ``None``."""
    if split is None:
        return lines
    if "split" not in lines[0].cells:
        got = f"the columns {', '.join(lines[0].cells)}"
        raise ValueError(expected(table, "a column 'split'", got, "add it or leave split out"))
    chosen = [line for line in lines if line.cells["split"] == split]
    if not chosen:
        names = sorted({line.cells["split"] for line in lines})
        raise ValueError(unknown_choice(table, "split", split, names))
    return chosen


def _by_original(lines: Sequence[_Line]) -> dict[str, list[_Line]]:
    """Return the views per original; raise unless there are at least two, of one label."""
    views: dict[str, list[_Line]] = {}
    for line in lines:
        views.setdefault(line.cells["original"], []).append(line)
    for name, of_one in views.items():
        first = of_one[0]
        if len(of_one) < 2:
            what = f"at least two views of the original {name!r}"
            raise ValueError(expected(first.place, what, "only this one"))
        for line in of_one:
            if line.cells.get("label") != first.cells.get("label"):
                what = f"the label {first.cells['label']!r} of the original {name!r}"
                raise ValueError(expected(line.place, what, repr(line.cells["label"])))
    return views


# --- elements and pictures of a line -----------------------------------------------------------
def _read_elements(
    table: Path,
    lines: Sequence[_Line],
    group: Group,
    columns: Sequence[str],
    chart: str | None,
) -> Tensor:
    """Return the elements, shape ``(lines, *element_shape)``."""
    numbers = [[_number(line, name) for name in columns] for line in lines]
    written = torch.tensor(numbers, dtype=torch.float64)
    g, is_one = parse_elements(group, written, chart)
    if not bool(is_one.all()):
        first = int(is_one.int().argmin())
        got = ", ".join(f"{number:g}" for number in numbers[first])
        others = ", ".join(repr(name) for name in group.charts[1:])
        remedy = f"chart= names other ways to write it: {others}" if others and not chart else ""
        raise ValueError(expected(lines[first].place, f"an element of {group}", got, remedy))
    check_angles(table, group, written, chart)
    return g


def _number(line: _Line, column: str) -> float:
    text = line.cells[column]
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(expected(line.place, f"a number in the column {column!r}", repr(text)))
    return number


def _check_ground(ground: object) -> None:
    levels = ground if isinstance(ground, (list, tuple)) else (ground,)
    are_numbers = all(isinstance(x, (int, float)) and math.isfinite(x) for x in levels)
    if not are_numbers or len(levels) not in (1, 3):
        what = "ground to be a grey or red, green and blue, 0 for black and 1 for white"
        raise ValueError(expected(_OWNER, what, repr(ground)))
