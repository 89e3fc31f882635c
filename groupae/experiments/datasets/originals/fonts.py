"""Outlines of letters from the fonts that matplotlib ships, drawn as small pictures.

matplotlib itself is not imported. Fonts are read by Pillow's FreeType and drawn eight times as
large, so that hinting does not matter; Pillow 11.0.0 and 13.0.0 draw the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFont

from groupae.experiments.datasets.originals.packaged import packaged_file

__all__ = ["FONTS", "PIXELS", "draw_glyphs", "font_file"]

FONTS = {
    "DejaVuSans": "3fdf69cabf06049ea70a00b5919340e2ce1e6d02b0cc3c4b44fb6801bd1e0d22",
    "DejaVuSans-Oblique": "ccdf74b350f11fd3dd5774de50e5e6346a1a5da1f5b7d5fb83590665e97a5213",
    "DejaVuSans-Bold": "b184b89e3c1075f22f6b71575b6fc20d4972b3cfd3b23322ca6fd596dcaef167",
    "DejaVuSans-BoldOblique": "6edf0283160186af451cbee71e7b845f2e4cabf264bb992ce668c83c25465e6f",
    "DejaVuSansMono": "602ec86b8948cfcd956482fe64f94c36c867770149ef2f791d4613f443bcecb3",
    "DejaVuSansMono-Oblique": "28052813f7a709fc89f52d192dc995ef4f0fdc5c3d7b73a49d6849b1916d0cd0",
    "DejaVuSansMono-Bold": "baada9a5172fe20886251aff0433fc38461912d5daf07287e7bee56620a8da96",
    "DejaVuSansMono-BoldOblique": (
        "a69081c15c76c827e0a27a5a7f5c74b6135c843499955495ffa8c20d3a98288b"
    ),
    "DejaVuSerif": "107244956e9962b9e96faccdc551825e0ae0898ae13737133e1b921a2fd35ffa",
    "DejaVuSerif-Italic": "3e7994fbc54fa10ce3352a42d548fadd7d9cadb69cb1109bc9d960f6dac57f04",
    "DejaVuSerif-Bold": "c3753f2ed6bc673f15846dc45addbeb3b9c872f32fb18fd53a21f1bef1ed7676",
    "DejaVuSerif-BoldItalic": "d93efec7a9d2e826768d1a2ee95b95870e15e29599a84f3484af1de1cec2e181",
    "STIXGeneral": "167378031e2dddc6216d67819c9260e9a06ffc4c478e4e23cb98a6fd44b183c2",
    "STIXGeneralItalic": "6cfcb333d22b7c3c623bdfd40174f14c85c3d6731ca6166c1edc80140eae8527",
    "STIXGeneralBol": "e8533dc7083fa346bda1933d60ea4a83b67d0945bceaf1b3541f82b4a0e2c6a0",
    "STIXGeneralBolIta": "98788fd4ba48dfbb2bd026c0e20a247a8b06c7372879628b7a6bb0d5bb09736c",
    "cmr10": "4dd9761b058c009db9b2145f55ee6617d093c273dd3d6c5b3e43ff6110fa9bf6",
    "cmti10": "f9f1f9f654308ae82f7be4441ae89b080896b34cc220bbea173c5e9adcfe3ef7",
    "cmb10": "074497b50c43ea57597181591f9893d38fc12a87e95104f5657fc2481f61a23a",
    "cmmi10": "3092965b8811fd6a6765799664845181fc1dd1330b937f915808c485d316234d",
    "cmss10": "7df91a83d05b2e471ec638cb0b435a360a3c792b09fc42a7da67e91f2e79115a",
    "cmtt10": "6211f09ae93599991afda970c24669dad1a77e253d915624fbf212f702f071d7",
    "cmsy10": "bb226ed932f3f100cd0e52f5e4912ee553b41b69e7bfdb8d3854db0eb6605232",
}
"""SHA-256 of the fonts with letters; they are the same in matplotlib 3.8 to 3.11."""

PIXELS = 28
"""Height and width of a drawn glyph."""

_EM = 20  # pixels: all but the widest letters stay within the disc in every rotation
_OVER = 8  # drawn larger by this factor, then averaged


def font_file(owner: str, name: str) -> Path:
    """Return the file of a font in the installed matplotlib, after a check of its checksum.

    Args:
        owner: Name of the caller, for messages.
        name: One of `FONTS`.

    Raises:
        ModuleNotFoundError: If matplotlib is not installed, or has no such font.
        ValueError: If the font is another.

    Example:
        >>> font_file("example", "cmr10").name
        'cmr10.ttf'
    """
    path = f"matplotlib/mpl-data/fonts/ttf/{name}.ttf"
    return packaged_file(owner, "matplotlib", path, FONTS[name], extra=None)


def draw_glyphs(font: Path, codes: Iterable[int]) -> npt.NDArray[np.uint8]:
    """Return characters of a font, white on black, all at 20 pixels per em.

    The middle of the ink's bounding box is the middle of the picture. Ink outside the picture is
    cut off; characters without ink are black.

    Args:
        font: File of the font.
        codes: Code points.

    Returns:
        Shape ``(n, 28, 28)``.

    Example:
        >>> draw_glyphs(font_file("example", "cmr10"), map(ord, "AB")).shape
        (2, 28, 28)
    """
    face = ImageFont.truetype(str(font), _EM * _OVER, layout_engine=ImageFont.Layout.BASIC)
    pictures = [_draw(face, chr(code)) for code in codes]
    return np.stack(pictures) if pictures else np.zeros((0, PIXELS, PIXELS), np.uint8)


def _draw(face: ImageFont.FreeTypeFont, character: str) -> npt.NDArray[np.uint8]:
    mask = face.getmask(character, mode="L")
    ink = Image.frombytes("L", mask.size, bytes(mask)) if all(mask.size) else None
    box = None if ink is None else ink.getbbox()
    if ink is None or box is None:
        return np.zeros((PIXELS, PIXELS), np.uint8)
    ink = ink.crop(box)
    side = PIXELS * _OVER
    room = max(side, *ink.size) + 4 * _OVER
    corner = ((room - ink.width) // 2, (room - ink.height) // 2)
    canvas = Image.new("L", (room, room))
    canvas.paste(ink, corner)
    left, top = (at + (ink_side - side) / 2 for at, ink_side in zip(corner, ink.size, strict=True))
    part = (left, top, left + side, top + side)
    return np.asarray(canvas.resize((PIXELS, PIXELS), Image.Resampling.BILINEAR, box=part))
