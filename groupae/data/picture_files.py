"""Pictures in files, all alike, read when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.data.pixels import Ground, Pixels, read_pixels

__all__ = ["KEPT_BYTES", "PictureFiles"]

KEPT_BYTES = 2**28
"""Pictures of at most so many bytes in all are read once and kept; more are read as needed."""

_CHANNELS = {None: None, "L": 1, "RGB": 3}
_TO_MODE = 'mode="L" or mode="RGB" turns all of them to grey or to colours'


class PictureFiles:
    """Pictures of one size, depth and number of channels, by number.

    Together they have at most `KEPT_BYTES`, and are read once, or they are read whenever they are
    asked for, and take no memory.

    Args:
        folder: Folder to which the names are relative.
        names: Path of each picture.
        places: Place of each picture for error messages, such as a line of a table.
        mode: Turn all to grey (``"L"``) or colours (``"RGB"``).
        ground: Background of transparent pixels.

    Attributes:
        shape: Shape of one picture, ``(C, H, W)``.
        dtype: uint8 for pictures of at most 8 bits, else float32.
        kept: All pictures as stored, ``(n, C, H, W)``; ``None`` if they are read as needed.

    Raises:
        FileNotFoundError: If a picture is missing.
        ShapeError: If pictures differ.
        ValueError: If a picture cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        places: Sequence[str] | None = None,
        *,
        mode: str | None = None,
        ground: Ground = 1.0,
    ) -> None:
        self.folder, self.names, self.places = folder, names, places
        self.mode, self.ground = mode, ground
        first, self._depth = self._read(0)
        self.shape, self.dtype = first.shape, first.dtype
        self._like_first = _describe(first, self._depth)
        self.kept: Tensor | None = None
        if len(names) * first.numel() * first.element_size() <= KEPT_BYTES:
            self.kept = self._stacked(range(len(names)))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Tensor) -> Tensor:
        """Return the pictures ``(*index.shape, C, H, W)`` with values in [0, 1] or as stored."""
        if self.kept is not None:
            found = self.kept[index]
        else:
            found = self._stacked(index.flatten().tolist()).unflatten(0, index.shape)
        return found.float().div_(255) if found.dtype == torch.uint8 else found

    def _stacked(self, numbers: Sequence[int]) -> Tensor:
        pictures = torch.empty(len(numbers), *self.shape, dtype=self.dtype)
        for row, number in enumerate(numbers):
            picture, depth = self._read(number)
            self._check_like_first(number, picture, depth)
            pictures[row] = picture
        return pictures

    def _read(self, number: int) -> tuple[Tensor, str]:
        """Return a picture and its depth."""
        pixels = self._pixels(number)
        return pixels.over(self.ground, _CHANNELS[self.mode]), pixels.depth

    def _pixels(self, number: int) -> Pixels:
        name, place = self.names[number], self._place(number)
        file = self.folder / name
        if not os.path.isfile(file):  # noqa: PTH113 - a Path raises for names beyond the system's
            remedy = f"paths are relative to {self.folder}"
            raise FileNotFoundError(expected(place, f"a picture {name!r:.300}", "none", remedy))
        inks = 'mode="L" or mode="RGB" converts it' if self.mode is None else ""
        return read_pixels(place, file, name, inks=inks)

    def _place(self, number: int) -> str:
        return self.places[number] if self.places is not None else str(self.folder)

    def _check_like_first(self, number: int, picture: Tensor, depth: str) -> None:
        """Raise unless a picture has size, channels and depth of the first one."""
        got = _describe(picture, depth)
        if got == self._like_first:
            return
        what = f"{self._like_first} like {self.names[0]}"
        remedies = (
            ("save all with one depth", depth != self._depth),
            ("crop or resize them", picture.shape[1:] != self.shape[1:]),
            (_TO_MODE, len(picture) != self.shape[0]),
        )
        remedy = ", and ".join(remedy for remedy, is_due in remedies if is_due)
        got = f"{got} in {self.names[number]}"
        raise ShapeError(expected(self._place(number), what, got, remedy))


def _describe(picture: Tensor, depth: str) -> str:
    channels, height, width = picture.shape
    plural = "s" if channels > 1 else ""
    return f"{width}x{height} pixels of {channels} channel{plural} of {depth}"
