"""Picture files read without loss of values.

Integers are divided by the largest value of their depth (255 for 8 bits, 65535 for 16, 4294967295
for 32; for signed ones 127, 32767, 2147483647), floats stay as they are. Grey stays grey; colours
and palettes become red, green, blue. Transparent pixels show a given background. Pictures are
turned upright by their Exif orientation. Gamma and colour profiles are not applied.

Pillow reads the files. Where it would drop or misread values in silence, the values are recovered
(colours of 16 bits, unsigned 32 bits, big-endian compressed TIFF, white that is stored as 0), or
the picture is refused.
"""

from __future__ import annotations

import dataclasses
import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae._validation import expected

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["Ground", "Pixels", "read_pixels"]

Ground = float | Sequence[float]
"""Background of transparent pixels: a grey, or red, green and blue; 0 is black and 1 is white."""

# Of other formats, pillow may reduce deep pictures to 8 bits.
_FORMATS = ("PNG", "TIFF", "JPEG", "MPO", "WEBP", "BMP", "DIB", "GIF", "PPM", "TGA")
_LUMA = np.array([19595, 38470, 7471]) / 65536  # ITU-R 601, as pillow rounds it
_SAVE = "save it as a PNG of 8 or 16 bits"

# Pillow's names of packings of numbers that it does not decode to their values.
_DEEP_COLORS = ("RGB;16", "RGBA;16", "RGBX;16", "RGBa;16")
_DEEP_GREY_ALPHA = "LA;16B"
_SWAPPED = {"I;16BS": "I;16NS", "I;32BS": "I;32NS", "F;32BF": "F;32NF"}
_FEW_BITS = {"L;2": 85, "L;4": 17}  # factor by which pillow scales them to 8 bits
_NATIVE = "L" if sys.byteorder == "little" else "B"
_LOW_BYTES = {"L": "B", "B": "L", "N": {"L": "B", "B": "L"}[_NATIVE]}


@dataclasses.dataclass(frozen=True)
class Pixels:
    """Stored values of a picture, turned upright.

    Args:
        values: Grey or red, green, blue; shape ``(H, W, C)`` with C 1 or 3.
        white: Largest value of their depth; ``None`` for floats.
        alpha: Opacity in [0, 1], shape ``(H, W, 1)``; ``None`` for a picture without.
    """

    values: npt.NDArray[Any]
    white: int | None
    alpha: npt.NDArray[np.float64] | None = None

    @property
    def depth(self) -> str:
        """Description of the depth, such as ``16-bit integers``."""
        if self.white is None:
            return "floats"
        signed = "signed " if self.values.dtype.kind == "i" else ""
        return f"{signed}{self.white.bit_length() + bool(signed)}-bit integers"

    def over(self, ground: Ground, channels: int | None = None) -> Tensor:
        """Return the picture over a background.

        Args:
            ground: The background of transparent pixels.
            channels: 1 for grey, 3 for colours; those of the picture unless given.

        Returns:
            Shape ``(C, H, W)``: uint8 from 0 to 255 where the depth is 8 bits, else float32,
            integers divided by the largest value of their depth.
        """
        unit = self._unit()
        if self.alpha is not None:
            seen = np.broadcast_to(np.asarray(ground, np.float64), (3,))
            seen = seen if unit.shape[-1] == 3 else (seen * _LUMA).sum(keepdims=True)
            unit = unit * self.alpha + seen * (1 - self.alpha)
        if channels == 1 and unit.shape[-1] == 3:
            unit = (unit * _LUMA).sum(-1, keepdims=True)
        elif channels == 3:
            unit = np.broadcast_to(unit, (*unit.shape[:2], 3))
        chosen = np.rint(unit * 255).astype(np.uint8) if self.white == 255 else unit
        made = torch.from_numpy(np.ascontiguousarray(chosen.transpose(2, 0, 1)))
        return made if made.dtype == torch.uint8 else made.float()

    def to_bytes(self, owner: object, name: object) -> npt.NDArray[np.uint8]:
        """Return red, green, blue and, if there is one, alpha, rounded to 8 bits.

        Raises:
            ValueError: If a value is below 0 or above white.
        """
        unit = self._unit()
        low, high = float(unit.min()), float(unit.max())
        if low < 0 or high > 1:
            got = f"{low:g} to {high:g} in {name}"
            raise ValueError(expected(owner, "values from 0 to 1 (white)", got, "rescale them"))
        parts = [np.broadcast_to(unit, (*unit.shape[:2], 3))]
        parts += [] if self.alpha is None else [self.alpha]
        return np.rint(np.concatenate(parts, -1) * 255).astype(np.uint8)

    def _unit(self) -> npt.NDArray[np.float64]:
        values = self.values.astype(np.float64)
        return values if self.white is None else values / self.white


def read_pixels(owner: object, path: Path, name: object, *, inks: str = _SAVE) -> Pixels:
    """Return the picture in a file.

    Args:
        owner: Beginning of error messages.
        path: The file.
        name: Name of the file in error messages.
        inks: Remedy named when a picture of printing inks (CMYK) is refused; if it is empty, inks
            become colours by pillow's formula.

    Raises:
        ValueError: If the file does not load, holds several pictures, is of a kind whose values
            pillow loses, or has a value that is not finite.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "deep.png")
        ...     Image.fromarray(np.array([[0, 1, 65535]], np.uint16)).save(path)
        ...     read_pixels("example", path, path.name).over(1.0)
        tensor([[[0.0000e+00, 1.5259e-05, 1.0000e+00]]])
    """
    from PIL import Image

    try:
        # from memory: pillow maps files, and then scrambles TIFF that lie on their side
        data = path.read_bytes()
        with Image.open(io.BytesIO(data)) as opened:
            refusal = _refusal(owner, opened, name, inks)
            pixels = None if refusal else _decode(opened, data)
    except (OSError, SyntaxError, ValueError, KeyError, Image.DecompressionBombError) as error:
        reason = re.sub(r" <\S+ object at 0x\w+>", "", " ".join(str(error).split()))
        got = f"{name} that does not load ({reason})"
        remedy = f"copy it again, or {_SAVE}"
        raise ValueError(expected(owner, "a picture", got, remedy)) from None
    if pixels is None:
        raise ValueError(refusal)
    if pixels.white is None and not np.isfinite(pixels.values).all():
        count = int((~np.isfinite(pixels.values)).sum())
        got, remedy = f"{count} that are not in {name}", "replace them before saving"
        raise ValueError(expected(owner, "finite values", got, remedy))
    return pixels


def _refusal(owner: object, opened: ImageFile, name: object, inks: str) -> str:
    """Return the error message for an opened picture whose values pillow loses, else ``""``."""
    frames = getattr(opened, "n_frames", 1)
    packed, tags = _packing(opened), _tags(opened)
    bits = tags.get(258, (8,))
    what, got, remedy = "a picture of grey or colours", "", _SAVE
    if opened.format not in _FORMATS:
        what = f"a picture in {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}"
        got = f"{name} in {opened.format}"
    elif frames > 1 and opened.format != "MPO":  # a photograph with its preview
        what, got, remedy = "one picture per file", f"{frames} in {name}", "save each by itself"
    elif opened.mode == "CMYK" and ";16" not in packed:
        got, remedy = (f"{name} of mode CMYK" if inks else ""), inks
    elif opened.mode in ("CMYK", "LAB", "HSV"):
        got = f"{name} of mode {opened.mode}"
    elif tags.get(284, 1) != 1 and len(bits) > 1 and max(bits) > 8:
        what, got = "colours pixel by pixel", f"{name} with one plane per colour of 16 bits"
    elif opened.format == "PPM" and opened.mode == "RGB" and _arguments(opened)[1:] > (255,):
        what, got = "colours of 8 bits", f"{name}, a PPM with values up to {_arguments(opened)[1]}"
    elif opened.mode == "F" and tags.get(262) == 0:
        what, got = "floats with 0 for black", f"{name} with 0 for white"
        remedy = "invert and save it as black is zero"
    return expected(owner, what, got, remedy) if got else ""


def _arguments(opened: ImageFile) -> tuple[Any, ...]:
    """Return the arguments of pillow's decoder; the first may name the packing of numbers."""
    args = opened.tile[0][3] if opened.tile else ()
    return args if isinstance(args, tuple) else (args,)


def _packing(opened: ImageFile) -> str:
    return next((name for name in _arguments(opened)[:1] if isinstance(name, str)), "")


def _tags(opened: ImageFile) -> Any:
    return getattr(opened, "tag_v2", {})


def _decode(opened: ImageFile, data: bytes) -> Pixels:
    packed = _packing(opened)
    if packed.startswith(_DEEP_COLORS):
        return _deep_colors(data, packed, opened.info.get("transparency"))
    if packed == _DEEP_GREY_ALPHA:
        quarters = _unpacked(data, "RGBA").astype(np.uint16)  # four bytes per pixel, as they are
        values = 256 * quarters[..., ::2] + quarters[..., 1::2]
        return Pixels(values[..., :1], 65535, values[..., 1:] / 65535)
    if opened.mode in ("1", "L", "I", "F") or opened.mode.startswith("I;16"):
        return _grey(opened, data)
    return _shallow_colors(opened)


def _shallow_colors(opened: ImageFile) -> Pixels:
    """Return a picture of 8-bit colours, or of grey with alpha."""
    if opened.mode in ("LA", "La"):
        values = np.asarray(_upright(opened.convert("LA") if opened.mode == "La" else opened))
        return Pixels(values[..., :1], 255, values[..., 1:] / 255)
    values = np.asarray(_upright(opened).convert("RGBA" if opened.has_transparency_data else "RGB"))
    alpha = values[..., 3:] / 255 if values.shape[-1] == 4 else None
    return Pixels(values[..., :3], 255, alpha)


def _grey(opened: ImageFile, data: bytes) -> Pixels:
    packed, key, few = _packing(opened), opened.info.get("transparency"), opened.mode == "1"
    tags, kind = _tags(opened), opened.format
    swapped = _SWAPPED.get(packed) if opened.tile and opened.tile[0][0] == "libtiff" else None
    values = _unpacked(data, swapped) if swapped else np.asarray(_upright(opened))
    values = (values * np.uint8(255) if few else values)[..., None]
    if values.dtype.kind == "f":
        return Pixels(values, None)
    values = values.astype(values.dtype.newbyteorder("="))
    bits = tags.get(258, (8,))[0] if kind == "TIFF" else 8 if values.dtype == np.uint8 else 16
    bits = max(bits, 8)  # pillow scales fewer bits to 8
    if kind == "TIFF" and tags.get(339, (1,))[0] == 2:
        signed = values.view(np.int8) if values.dtype == np.uint8 else values
        return Pixels(signed, 2 ** (bits - 1) - 1)
    white = 2**bits - 1
    if values.dtype.kind == "i":
        values = values.view(np.uint32)
    if tags.get(262) == 0 and bits > 8:
        values = values.dtype.type(white) - values
    if not isinstance(key, int):
        return Pixels(values, white)
    alpha = (values != key * _FEW_BITS.get(packed, 1)).astype(np.float64)
    return Pixels(values, white, alpha)


def _deep_colors(data: bytes, packed: str, key: Any) -> Pixels:
    """Return colours of 16 bits; pillow keeps one byte of two, so each byte is read in turn."""
    stem, end = packed[:-1].replace("RGBa", "RGBA"), packed[-1]
    high = _unpacked(data, stem + end).astype(np.uint16)
    low = _unpacked(data, stem + _LOW_BYTES[end])
    both = 256 * high + low
    values, alpha = both[..., :3], both[..., 3:] / 65535 if both.shape[-1] == 4 else None
    if isinstance(key, tuple):
        alpha = (values != np.array(key)).any(-1, keepdims=True).astype(np.float64)
    if alpha is not None and packed.startswith("RGBa"):  # colours are stored times alpha
        values = np.rint(values / np.where(alpha > 0, alpha, 1)).clip(0, 65535).astype(np.uint16)
    return Pixels(values, 65535, alpha)


def _unpacked(data: bytes, packing: str) -> npt.NDArray[Any]:
    """Return the picture with its numbers unpacked by a packing other than pillow's choice."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        opened.tile = [tile._replace(args=_repacked(tile.args, packing)) for tile in opened.tile]
        return np.asarray(_upright(opened))


def _repacked(arguments: Any, packing: str) -> Any:
    return (packing, *arguments[1:]) if isinstance(arguments, tuple) else packing


def _upright(opened: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.exif_transpose(opened)
