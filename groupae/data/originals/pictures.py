"""Pictures of any size in files, brought to squares of bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from groupae._validation import ShapeError, expected

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ENDINGS", "read_crop", "read_square"]

ENDINGS = (".png", ".jpg", ".jpeg")
"""How names of pictures end."""

_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


def read_square(owner: object, path: Path, size: int) -> tuple[Tensor, Tensor | None]:
    """Return a square picture over white, resized if need be, and where it is not transparent.

    Returns:
        Colours uint8, shape ``(3, size, size)``; alpha uint8, shape ``(size, size)``, or ``None``.

    Raises:
        FileNotFoundError: If there is none.
        ShapeError: If it is not square.
        ValueError: If it does not load, or has more than 8 bits a channel.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (8, 8), "red").save(Path(folder, "0.png"))
        ...     read_square("example", Path(folder, "0.png"), 4)[0].shape
        torch.Size([3, 4, 4])
    """
    picture = _open(owner, path)
    width, height = picture.size
    if width != height:
        raise ShapeError(expected(owner, "a square picture", f"{width}x{height} in {path}"))
    pixels = _pixels(picture, size)
    if len(pixels) == 3:
        return pixels, None
    alpha = pixels[3].float() / 255
    over_white = pixels[:3] * alpha + 255 * (1 - alpha)
    return over_white.round().to(torch.uint8), pixels[3]


def read_crop(owner: object, path: Path, size: int, generator: torch.Generator) -> Tensor:
    """Return a random square of a picture, between half and all of its shorter side, resized.

    Returns:
        Colours uint8, shape ``(3, size, size)``.

    Raises:
        FileNotFoundError: If there is none.
        ShapeError: If its shorter side has fewer than ``size`` pixels.
        ValueError: If it does not load, or has more than 8 bits a channel.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     Image.new("RGB", (90, 80), "blue").save(Path(folder, "sky.jpg"))
        ...     read_crop("example", Path(folder, "sky.jpg"), 64, torch.Generator()).shape
        torch.Size([3, 64, 64])
    """
    picture = _open(owner, path).convert("RGB")
    width, height = picture.size
    shorter = min(width, height)
    if shorter < size:
        what = f"a picture of at least {size}x{size} pixels"
        raise ShapeError(expected(owner, what, f"{width}x{height} in {path}"))
    least = max(size, shorter // 2)
    unit = torch.rand(3, generator=generator, dtype=torch.float64).tolist()
    side = least + int(unit[0] * (shorter - least + 1))
    left, top = int(unit[1] * (width - side + 1)), int(unit[2] * (height - side + 1))
    return _pixels(picture.crop((left, top, left + side, top + side)), size)


def _open(owner: object, path: Path) -> Image.Image:
    """Return a picture upright, in colours, with alpha where it has some."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            upright.load()
    except FileNotFoundError:
        raise FileNotFoundError(expected(owner, f"a picture {path}", "none")) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        got = f"{path}, which does not load ({' '.join(str(error).split())})"
        raise ValueError(expected(owner, "a whole picture", got, "copy it again")) from None
    if upright.mode not in _MODES:
        got = f"{path} of mode {upright.mode}"
        what = "a picture of 8-bit grey or colours"
        raise ValueError(expected(owner, what, got, "convert it to 8-bit RGB"))
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _pixels(picture: Image.Image, size: int) -> Tensor:
    """Return a square picture as bytes, shape ``(C, size, size)``."""
    from PIL import Image

    if picture.size != (size, size):
        picture = picture.resize((size, size), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)
