"""Arrays in ``.npy`` files that are written row by row.

Rows are written rather than memory-mapped, so that a full disk raises an error instead of crashing
the process.
"""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["NpyFile"]


class NpyFile:
    """Layout of an ``.npy`` file of a given shape and dtype, in any folder.

    Args:
        name: Name of the file, without ``.npy``.
        shape: Shape of the array; the first axis counts rows.
        dtype: Type of its numbers.

    Example:
        >>> NpyFile("pictures", (10, 3, 64, 64), "uint8").row_bytes
        12288
    """

    def __init__(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self.name = name
        self.shape = shape
        self.dtype = np.dtype(dtype)
        described = {"descr": self.dtype.str, "fortran_order": False, "shape": shape}
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, described)
        self.header: bytes = stream.getvalue()
        self.row_bytes: int = math.prod(shape[1:]) * self.dtype.itemsize
        self.bytes: int = len(self.header) + shape[0] * self.row_bytes

    def path(self, folder: Path) -> Path:
        """Return the path of the file in a folder."""
        return folder / f"{self.name}.npy"

    def damage(self, folder: Path) -> str | None:
        """Return the defect of its size or header, ``None`` if there is none."""
        path = self.path(folder)
        if not path.is_file():
            return f"{path.name} is missing"
        if (size := path.stat().st_size) != self.bytes:
            return f"{path.name} has {size} bytes instead of {self.bytes}"
        with path.open("rb") as stream:
            same = stream.read(len(self.header)) == self.header
        return None if same else f"{path.name} has another header"

    def prepare(self, folder: Path) -> None:
        """Write header and size of the file; existing rows are kept, others are zero."""
        self.path(folder).touch()
        with self.path(folder).open("r+b") as stream:
            stream.write(self.header)
            stream.truncate(self.bytes)

    def read(self, folder: Path, start: int, stop: int) -> bytes:
        """Return the rows ``start`` to ``stop`` as bytes."""
        with self.path(folder).open("rb") as stream:
            stream.seek(len(self.header) + start * self.row_bytes)
            return stream.read((stop - start) * self.row_bytes)

    def write(self, folder: Path, start: int, rows: bytes) -> None:
        """Write rows, the first one at ``start``."""
        with self.path(folder).open("r+b") as stream:
            stream.seek(len(self.header) + start * self.row_bytes)
            stream.write(rows)
