"""Readers of picture files of any size and depth, as square pictures of bytes.

Deeper pictures are divided by the largest value of their depth and rounded to 8 bits; transparent
pixels are laid over white (`groupae.data.pixels`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.data.pixels import read_pixels

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ENDINGS", "read_crop", "read_mask", "read_square"]

ENDINGS = (".png", ".jpg", ".jpeg")
"""File name endings of pictures."""


def read_square(owner: object, path: Path, size: int) -> tuple[Tensor, Tensor | None]:
    """Return a square picture over white and its alpha channel, resized if necessary.

    Returns:
        Colours uint8, shape ``(3, size, size)``; alpha uint8, shape ``(size, size)``, or ``None``.

    Raises:
        FileNotFoundError: If the file does not exist.
        ShapeError: If it is not square.
        ValueError: If it does not load, or holds values below black or above white.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 8), "red").save(Path(folder, "0.png"))
        ...     read_square("example", Path(folder, "0.png"), 4)[0].shape
        torch.Size([3, 4, 4])
    """
    pixels = _pixels(_square(owner, path, _open(owner, path)), size)
    return _over_white(pixels), pixels[3] if len(pixels) == 4 else None


def read_mask(owner: object, path: Path, size: int) -> Tensor:
    """Return the mask of pixels neither black nor transparent, resized if necessary.

    Returns:
        bool, shape ``(size, size)``.

    Raises:
        FileNotFoundError: If the file does not exist.
        ShapeError: If it is not square.
        ValueError: If it does not load.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("LA", (8, 8), (255, 0)).save(Path(folder, "0.png"))
        ...     bool(read_mask("example", Path(folder, "0.png"), 4).any())
        False
    """
    from PIL import Image

    _check_there(owner, path)
    levels = read_pixels(owner, path, path).over(0.0).amax(0)
    if levels.dtype != torch.uint8:  # 1 of 65535 must not round to black
        levels = 255 * (levels > 0).to(torch.uint8)
    mask = _square(owner, path, Image.fromarray(levels.numpy()))
    return _pixels(mask, size)[0] > 0


def read_crop(owner: object, path: Path, size: int, generator: torch.Generator) -> Tensor:
    """Return a random square crop, between half and all of the shorter side, resized.

    Returns:
        Colours uint8, shape ``(3, size, size)``.

    Raises:
        FileNotFoundError: If the file does not exist.
        ShapeError: If its shorter side has fewer than ``size`` pixels.
        ValueError: If it does not load, or holds values below black or above white.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (90, 80), "blue").save(Path(folder, "sky.jpg"))
        ...     read_crop("example", Path(folder, "sky.jpg"), 64, torch.Generator()).shape
        torch.Size([3, 64, 64])
    """
    picture = _open(owner, path)
    width, height = picture.size
    shorter = min(width, height)
    if shorter < size:
        what = f"a picture of at least {size}x{size} pixels"
        raise ShapeError(expected(owner, what, f"{width}x{height} in {path}"))
    least = max(size, shorter // 2)
    unit = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
    side = least + int(unit[0] * (shorter - least + 1))
    left, top = int(unit[1] * (width - side + 1)), int(unit[2] * (height - side + 1))
    pixels = _pixels(picture.crop((left, top, left + side, top + side)), size)
    return _over_white(pixels)


def _open(owner: object, path: Path) -> Image.Image:
    """Return an upright picture with 8 bits per channel, with alpha if the file has it."""
    from PIL import Image

    _check_there(owner, path)
    return Image.fromarray(read_pixels(owner, path, path).to_bytes(owner, path))


def _check_there(owner: object, path: Path) -> None:
    if not path.is_file():
        raise FileNotFoundError(expected(owner, f"a picture {path}", "none"))


def _square(owner: object, path: Path, picture: Image.Image) -> Image.Image:
    width, height = picture.size
    if width != height:
        raise ShapeError(expected(owner, "a square picture", f"{width}x{height} in {path}"))
    return picture


def _over_white(pixels: Tensor) -> Tensor:
    """Return bytes ``(3, H, W)`` of a picture over white; alpha may be the fourth channel."""
    if len(pixels) == 3:
        return pixels
    alpha = pixels[3].float() / 255
    over_white = pixels[:3] * alpha + 255 * (1 - alpha)
    return over_white.round().to(torch.uint8)


def _pixels(picture: Image.Image, size: int) -> Tensor:
    """Return a square picture as bytes, shape ``(C, size, size)``."""
    from PIL import Image

    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.atleast_3d(np.array(picture))).permute(2, 0, 1)
