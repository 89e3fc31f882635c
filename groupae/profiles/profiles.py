"""Profiles of items: vectors, poses, canonical items, nearest neighbours, and the table of them."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from groupae._printable import counted
from groupae._validation import check_count, expected

__all__ = ["Profiles"]

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, repr=False)
class Profiles:
    """Profiles of items, as `groupae.OrbitProfiler.profile` returns them.

    Args:
        names: Name of each item.
        kind: Kind of the items.
        vectors: Orientation-free vectors, shape ``(n, d)``.
        features: Name of each entry of a vector.
        poses: Poses, shape ``(n, p)``: item = pose . canonical item.
        pose_columns: Name of each number of a pose, with its unit.
        sureness: How sure each pose is, 0 (any other fits as well) to 1, shape ``(n,)``.
        sizes: Size of each item: root mean square distance of points from the centroid, norm of
            pictures and series; shape ``(n,)``.
        canonical: The items in canonical pose.

    Example:
        >>> import tempfile
        >>> from groupae import OrbitProfiler
        >>> items = np.random.default_rng(0).normal(size=(20, 60))
        >>> profiles = OrbitProfiler(templates=4).fit(items).profile(items)
        >>> type(profiles).__name__, profiles.vectors.shape
        ('Profiles', (20, 28))
    """

    names: tuple[str, ...]
    kind: str
    vectors: Floats
    features: tuple[str, ...]
    poses: Floats
    pose_columns: tuple[str, ...]
    sureness: Floats
    sizes: Floats
    canonical: Sequence[Floats]

    @override
    def __repr__(self) -> str:
        poses = ", ".join(self.pose_columns)
        numbers = f"{len(self)} {self.kind}, {counted(len(self.features), 'number')} each"
        return f"Profiles({numbers}; pose in {poses})"

    def __len__(self) -> int:
        return len(self.names)

    def neighbours(self, count: int = 5) -> tuple[NDArray[np.intp], Floats]:
        """Return the nearest other items of each by their vectors, and the distances.

        Returns:
            Indices and distances, shape ``(n, count)``, nearest first.

        Raises:
            ValueError: If there are not so many others.
        """
        check_count("Profiles.neighbours", "count", count)
        if count >= len(self):
            what = f"count below the number of items, {len(self)}"
            raise ValueError(expected("Profiles.neighbours", what, count))
        squares = (self.vectors**2).sum(1)
        found = np.empty((len(self), count), dtype=np.intp)
        apart = np.empty((len(self), count))
        for start in range(0, len(self), 1024):
            rows = np.arange(start, min(start + 1024, len(self)))
            part = self.vectors[rows]
            distance = squares[rows, None] + squares - 2 * part @ self.vectors.T
            distance[np.arange(len(rows)), rows] = np.inf
            found[rows] = np.argsort(distance, axis=1, kind="stable")[:, :count]
            nearest = np.take_along_axis(distance, found[rows], 1)
            apart[rows] = np.sqrt(np.maximum(nearest, 0))
        return found, apart

    @property
    def columns(self) -> dict[str, Sequence[str] | Floats]:
        """Columns of the table by name."""
        poses = {name: self.poses[:, i] for i, name in enumerate(self.pose_columns)}
        vectors = {name: self.vectors[:, i] for i, name in enumerate(self.features)}
        known = {**poses, "pose_sureness": self.sureness, "size": self.sizes}
        return {"item": self.names, **known, **vectors}

    def write_csv(self, file: Path) -> None:
        """Write the table as CSV, with numbers of nine digits."""
        columns = self.columns
        texts = [
            list(column) if name == "item" else [f"{value:.9g}" for value in column]
            for name, column in columns.items()
        ]
        rows = list(zip(*texts, strict=True))
        with file.open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([list(columns), *rows])

    def write_parquet(self, file: Path) -> bool:
        """Write the table as Parquet; return false if pyarrow is not installed."""
        if importlib.util.find_spec("pyarrow") is None:
            return False
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.table({name: list(column) for name, column in self.columns.items()})
        pyarrow.parquet.write_table(table, file)
        return True

    def readme(self) -> str:
        """Return a text on the files that ``groupae profile`` writes."""
        units = ", ".join(self.pose_columns)
        return (
            f"Profiles of {len(self)} {self.kind} by groupae. profile.csv: one row per item; "
            f"its pose ({units}; item = pose . canonical item), how sure the pose is (0: any other "
            "fits as well, 1: sure), its size, and the orientation-free vector, standardised. "
            "canonical: the items in canonical pose. neighbours.png: nearest items by the vector.\n"
        )

    def write_readme(self, folder: Path) -> None:
        """Write README.md into a folder."""
        (folder / "README.md").write_text(self.readme(), encoding="utf-8")
