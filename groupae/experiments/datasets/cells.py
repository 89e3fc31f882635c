"""Outlines of real cells, which the group turns, mirrors, and begins at another point.

Convention: an outline samples ``t = 0, 2 pi / 128, ...`` of a closed curve by arc length, its two
channels are x and y. An element ``(R, phi)`` of O(2) x SO(2) moves it to ``R x(t - phi)``: the
plane is turned or mirrored, and the point at which the outline begins moves along it. The two
commute, so this is an action of the direct product; a mirrored outline runs clockwise.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.outlines import smooth_outline
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import (
    Folder,
    Size,
    Split,
    check_options,
    stratified_rows,
    tiny_rows,
)
from groupae.experiments.datasets.originals.files import check_folder
from groupae.experiments.datasets.originals.outlines import read_names, read_outlines
from groupae.experiments.datasets.originals.packaged import packaged_file
from groupae.experiments.datasets.series import shift_phase
from groupae.groups import O2, SO2

__all__ = ["CELL_GROUP", "Cells", "move_outline"]

CELL_GROUP = O2() * SO2()
"""Group of outlines, O(2) of the plane times SO(2), which moves the point of beginning."""

_POINTS = 128
_HOME = "geomstats/datasets/data/cells"
_SHA256 = {
    "cells.txt": "76d7ead0f619a93d9c6b026f6e1eada81b5fbc8f54c45f3a48c71babc2dc3918",
    "cell_lines.txt": "cfae6e57367ac429d969627ae3eb539b7e464b95e900360a194da779c5b43ffa",
    "treatments.txt": "3144c1415cc82f74844bfbb23bee70e1e9908ba49e754788c9c3f20b4e67b329",
}


def move_outline(g: Tensor, x: Tensor) -> Tensor:
    """Return outlines turned or mirrored in the plane, and begun at another point.

    Args:
        g: Elements of ``O2() * SO2()``, shape ``(n, 5)``.
        x: Outlines, shape ``(n, 2, T)``.

    Returns:
        Shape of ``x``.

    Raises:
        ShapeError: If there is not one element per outline.
        TypeError: If ``x`` is not floating.

    Example:
        >>> g = CELL_GROUP.pack(torch.eye(2)[None].flip(1), torch.tensor([torch.pi]))
        >>> x = torch.tensor([[[1.0, 0.0, -1.0, 0.0], [0.0, 2.0, 0.0, -2.0]]])
        >>> move_outline(g, x).round().int().tolist()
        [[[0, -2, 0, 2], [-1, 0, 1, 0]]]
    """
    check_floating("move_outline", "x", x)
    if x.ndim != 3 or x.shape[1] != 2 or g.shape != (len(x), 5):
        got = f"{tuple(g.shape)} and {tuple(x.shape)}"
        raise ShapeError(expected("move_outline", "elements (n, 5), outlines (n, 2, T)", got))
    matrix, phi = CELL_GROUP.unpack(g)
    moved: Tensor = matrix.to(x.dtype) @ shift_phase(phi, x)
    return moved


class Cells(OrbitPairs):
    """Pairs of views of the outline of a cell, moved by O(2) x SO(2).

    650 mouse osteosarcoma cells, traced in pictures of a fluorescence microscope, of two lines
    (dlm8 is derived from dunn and more aggressive), untreated or under one of two drugs that act
    on the cytoskeleton. An outline, shape ``(2, 128)``, has its centroid at 0 and a root mean
    square radius of 1: size is removed from it and kept in ``areas``. The group turns and mirrors
    the plane and moves the point at which the outline begins; shape, so drug and line, stay.

    The cells are in geomstats (MIT licence), which is not imported: ``pip install --no-deps
    geomstats`` suffices. Splits are by cell, with the same shares of each drug and line: 455
    training, 65 validation and 130 test cells.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Key of order and elements. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"tiny"`` (144 cells), ``"small"`` or ``"full"`` (all, both).
        folder: Folder with ``cells.txt``, ``cell_lines.txt`` and ``treatments.txt`` in the layout
            of geomstats, to read instead.

    Raises:
        ModuleNotFoundError: If geomstats is not installed and no folder is given.
        FileNotFoundError: If the folder or one of its files is missing.
        ValueError: If split or size is unknown, or a file is not the known one or not valid.

    Attributes:
        originals: Outlines as traced, shape ``(n, 2, 128)``.
        labels: Index of ``classes``.
        cell_lines: Index of ``lines``, shape ``(n,)``.
        areas: Areas in squares of the unit of the corners, shape ``(n,)``.

    References:
        Alizadeh, Xu, Castle, Foss & Prasad, TISMorph, PLoS ONE 2019 (shapes of such cells); Miolane
        et al., Geomstats, JMLR 2020.

    Example:
        >>> data = Cells("test")
        >>> data.fixed(5).x1.shape, Cells.classes
        (torch.Size([5, 2, 128]), ('control', 'cytd', 'jasp'))
    """

    classes = ("control", "cytd", "jasp")
    """No drug, cytochalasin D, jasplakinolide."""

    lines = ("dlm8", "dunn")
    per_original = ("cell_lines", "areas")
    factor_names = ("labels", "cell_lines")
    """Attributes with the two classes of each cell."""

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("Cells", split, size)
        files = _files(folder)
        corners = read_outlines(files["cells.txt"])
        drugs = _classes(files["treatments.txt"], self.classes, len(corners))
        lines = _classes(files["cell_lines.txt"], self.lines, len(corners))
        rows = stratified_rows(split, len(self.lines) * drugs + lines, (7, 1, 2))
        rows = tiny_rows(split, rows) if size == "tiny" else rows
        outlines, areas = _outlines([corners[int(i)] for i in rows])
        super().__init__(outlines, CELL_GROUP, move_outline, labels=drugs[rows], seed=seed)
        self.split = split
        self.cell_lines: Tensor = lines[rows]
        self.areas = areas


def _files(folder: Folder) -> dict[str, Path]:
    if folder is None:
        return {
            name: packaged_file("Cells", "geomstats", f"{_HOME}/{name}", sha256, extra="outlines")
            for name, sha256 in _SHA256.items()
        }
    layout = ", ".join(_SHA256)
    check_folder("Cells", Path(folder), layout)
    files = {name: Path(folder, name) for name in _SHA256}
    for name, file in files.items():
        if not file.is_file():
            raise FileNotFoundError(expected("Cells", f"a folder with {layout}", f"no {name}"))
    return files


def _classes(path: Path, names: tuple[str, ...], count: int) -> Tensor:
    found = read_names(path, names)
    if len(found) != count:
        what = f"one line per outline in {path}, {count}"
        raise ValueError(expected("Cells", what, len(found)))
    return torch.tensor(found)


@fixed_settings()
def _outlines(cells: list[npt.NDArray[np.float64]]) -> tuple[Tensor, Tensor]:
    """Return outlines of unit radius, shape ``(n, 2, 128)``, and areas."""
    outlines = torch.stack([smooth_outline(torch.from_numpy(cell), _POINTS) for cell in cells])
    radii = outlines.square().sum(1).mean(-1).sqrt()
    areas = torch.tensor([_area(corners) for corners in cells])
    return (outlines / radii[:, None, None]).float(), areas.float()


def _area(corners: npt.NDArray[np.float64]) -> float:
    x, y = corners.T
    return math.fabs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
