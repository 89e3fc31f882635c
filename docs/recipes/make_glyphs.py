"""Make ``glyphs.npz``: which characters of matplotlib's fonts are glyphs of the data set.

Usage: ``python docs/recipes/make_glyphs.py [TARGET]`` where groupae is installed (matplotlib 3.11.2
and Pillow 13.0.0 made the shipped file). The table has no pictures: they are drawn when used.

1. Candidates are letters and decimal digits by Unicode's category in the fonts named by
   `groupae.experiments.datasets.originals.fonts`; of the Computer Modern fonts, whose further codes
   are not Unicode's, ASCII alone, and of ``cmsy10`` the calligraphic capitals.
2. Left out: glyphs without ink, those that reach beyond 13.5 pixels from the centre (a rotation
   would cut them) or within 4 pixels of it (too small to read), and all but the first of equal
   pictures.
3. The class of a glyph is its character; styled letters of mathematics (a Fraktur A) count as the
   letter, in a face of their own. Characters that share a picture are one class, named after the
   ASCII, else the Greek, else the least of them; Greek letters that share one with a Latin letter
   in any font, such as Alpha, are in its class in all.
4. No shape may be in two splits. Glyphs are one unit if they are the same class in fonts of one
   family (upright, oblique and bold forms), or if the pictures differ by less than ``NEAR`` of
   their energy after the best of 64 rotations, mirrored or not: d, p, q and b of a font are one
   unit. Units are split 70 : 10 : 20 by a seeded shuffle.
5. The symmetry order of a glyph is the largest n up to 12 whose n-fold rotation changes the picture
   by less than ``NEAR`` of its energy.
"""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from fontTools.ttLib import TTFont
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from groupae.data.rotation import rotate
from groupae.experiments.datasets.originals.fonts import FONTS, PIXELS, draw_glyphs, font_file

MOST, LEAST = 13.5, 4.0  # pixels
NEAR = 0.03
ANGLES, RADII = 64, 13
SEED = 2024
GREEK = (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA))
STYLES = ("BOLD", "ITALIC", "SCRIPT", "FRAKTUR", "DOUBLE-STRUCK", "SANS-SERIF", "MONOSPACE")


def candidates(name: str) -> list[int]:
    """Return the code points of letters and digits of a font."""
    codes = TTFont(font_file("make_glyphs", name), lazy=True).getBestCmap() or {}
    found = sorted(code for code in codes if chr(code).isalpha() or chr(code).isdecimal())
    if name == "cmsy10":
        return [code for code in found if chr(code) in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    return [code for code in found if code < 128] if name.startswith("cm") else found


def letter_and_style(code: int) -> tuple[int, str]:
    """Return the letter that a styled letter of mathematics means, and its style."""
    decomposition = unicodedata.decomposition(chr(code))
    if not decomposition.startswith("<font>"):
        return code, ""
    name = (
        unicodedata.name(chr(code)).replace("BLACK-LETTER", "FRAKTUR").replace("PLANCK", "ITALIC")
    )
    style = " ".join(word.lower() for word in name.split() if word in STYLES)
    return int(decomposition.split()[1], 16), style


def family_of(face: str) -> str:
    """Return the family of a face: upright, oblique and bold forms are of one family."""
    font, _, style = face.partition(" ")
    family = font.partition("-")[0] if font.startswith("DejaVu") else font
    family = "STIXGeneral" if font.startswith("STIX") else family
    family = "cmr10" if font in ("cmb10", "cmti10", "cmmi10") else family
    return " ".join([family, *(word for word in style.split() if word not in ("bold", "italic"))])


def keep_good(pictures: np.ndarray) -> np.ndarray:
    """Return the rows with ink of a good size that are no copies of rows before them."""
    middle = (PIXELS - 1) / 2
    rows, columns = np.mgrid[:PIXELS, :PIXELS] - middle
    reach = (np.hypot(rows, columns) * (pictures > 25)).max((1, 2))
    is_first = np.zeros(len(pictures), bool)
    is_first[np.unique(pictures.reshape(len(pictures), -1), axis=0, return_index=True)[1]] = True
    return np.flatnonzero((reach <= MOST) & (reach > LEAST) & is_first)


def joined(labels: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return for each row of ``labels`` the component that shares labels or others with it."""
    n = len(labels)
    other = np.unique(other, return_inverse=True)[1] + labels.max() + 1
    rows, columns = labels, other
    size = int(other.max()) + 1
    graph = coo_matrix((np.ones(n), (rows, columns)), shape=(size, size))
    component: np.ndarray = connected_components(graph, directed=False)[1][labels]
    return component


def classes_of(letters: np.ndarray, same: np.ndarray) -> np.ndarray:
    """Return the class of each row, given its letter and the number of its picture.

    The first letter of the picture, ASCII before Greek before others; and ASCII for Greek letters
    that share a picture with it in any font.
    """
    rank = np.where(letters < 128, 0, np.where(np.isin(letters, GREEK), 1, 2)) << 24 | letters
    first = np.full(same.max() + 1, rank.max())
    np.minimum.at(first, same, rank)
    found = first[same] & 0xFFFFFF
    is_greek = np.isin(letters, GREEK) & (found < 128)
    latin = dict(zip(letters[is_greek].tolist(), found[is_greek].tolist(), strict=True))
    return np.array([latin.get(letter, letter) for letter in found.tolist()])


def spectra(pictures: np.ndarray) -> np.ndarray:
    """Return Fourier coefficients in the angle per radius, shape ``(n, radii * frequencies)``.

    The square of the norm is that of the blurred picture, in polar coordinates.
    """
    radius = np.arange(RADII) + 0.5
    angle = 2 * np.pi * np.arange(ANGLES) / ANGLES
    middle = (PIXELS - 1) / 2
    rows = middle - radius[:, None] * np.sin(angle)
    columns = middle + radius[:, None] * np.cos(angle)
    polar = np.stack(
        [
            ndimage.map_coordinates(picture, [rows, columns], order=1)
            for picture in ndimage.gaussian_filter(pictures / 255.0, (0, 0.7, 0.7))
        ]
    )
    found = np.fft.rfft(polar * np.sqrt(radius)[:, None], norm="ortho")
    found[..., 1 : ANGLES // 2] *= np.sqrt(2)
    return found.astype(np.complex64).reshape(len(pictures), -1)


def near_pairs(spectrum: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and partners that differ by less than ``near`` of their energy in some pose.

    Magnitudes bound the difference from below, whatever the pose; few pairs need the search.
    """
    size = np.abs(spectrum)
    energy = (size**2).sum(1)
    first, second = [], []
    for start in range(0, len(size), 512):
        block = slice(start, start + 512)
        scale = (energy[block, None] + energy) / 2
        bound = 2 * scale - 2 * size[block] @ size.T
        i, j = np.nonzero(bound < near * scale)
        i += start
        i, j = i[i < j], j[i < j]
        for part in np.array_split(np.arange(len(i)), len(i) // 4096 + 1):
            a, b = spectrum[i[part]], spectrum[j[part]]
            best = np.maximum(overlap(a, b), overlap(a, b.conj()))
            total = energy[i[part]] + energy[j[part]]
            is_near = total - 2 * best < near * total / 2
            first.append(i[part][is_near])
            second.append(j[part][is_near])
    return np.concatenate(first), np.concatenate(second)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the largest scalar product of the pictures over rotations of the second."""
    product = (a * b.conj()).reshape(len(a), RADII, -1).sum(1)
    product[:, 1 : ANGLES // 2] /= 2
    return ANGLES * np.fft.irfft(product, n=ANGLES).max(1)


def symmetry_orders(pictures: np.ndarray) -> np.ndarray:
    """Return the order of the rotations that leave each picture the same, within a tolerance."""
    x = torch.from_numpy(pictures).float().unsqueeze(1) / 255
    order = np.ones(len(x), np.uint8)
    for n in range(2, 13):
        error = torch.zeros(len(x))
        for k in range(1, n):
            turned = rotate(torch.full((len(x),), 2 * torch.pi * k / n), x)
            error = error.maximum((turned - x).square().sum((1, 2, 3)))
        order[(error < NEAR * x.square().sum((1, 2, 3))).numpy()] = n
    return order


def split(units: np.ndarray) -> np.ndarray:
    """Return 0, 1 or 2 (training, validation, test) per glyph, whole units at a time."""
    count = int(units.max()) + 1
    order = np.random.Generator(np.random.PCG64(SEED)).permutation(count)
    share = np.bincount(units, minlength=count)[order].cumsum() / len(units)
    part = np.empty(count, np.uint8)
    part[order] = np.select([share <= 0.7, share <= 0.8], [0, 1], 2)
    return part[units]


def main(target: Path) -> None:
    """Write the asset."""
    rows: list[dict[str, Any]] = []
    drawn = []
    for number, name in enumerate(FONTS):
        codes = candidates(name)
        drawn.append(draw_glyphs(font_file("make_glyphs", name), codes))
        for code in codes:
            letter, style = letter_and_style(code)
            face = f"{name} {style}".strip()
            rows.append({"font": number, "code": code, "letter": letter, "face": face})
    pictures = np.concatenate(drawn)
    letters = np.array([row["letter"] for row in rows])
    same = np.unique(pictures.reshape(len(pictures), -1), axis=0, return_inverse=True)[1].ravel()
    classes = classes_of(letters, same)
    kept = keep_good(pictures)
    pictures, classes, rows = pictures[kept], classes[kept], [rows[i] for i in kept]
    family = [family_of(row["face"]) for row in rows]
    owners = np.unique(
        [f"{f} {c}" for f, c in zip(family, classes, strict=True)], return_inverse=True
    )[1]
    first, second = near_pairs(spectra(pictures), NEAR)
    n = len(rows)
    graph = coo_matrix((np.ones(len(first)), (first, second)), shape=(n, n))
    near = connected_components(graph, directed=False)[1]
    units = np.unique(joined(owners, near), return_inverse=True)[1]
    parts = split(units)
    faces = sorted({row["face"] for row in rows})
    np.savez_compressed(
        target,
        font=np.array([row["font"] for row in rows], np.uint8),
        code=np.array([row["code"] for row in rows], np.uint32),
        letter=classes.astype(np.uint32),
        is_common=np.isin([row["letter"] for row in rows], [*range(128), *GREEK]),
        face=np.array([faces.index(row["face"]) for row in rows], np.uint8),
        faces=np.array(faces, np.bytes_),
        split=parts,
        order=symmetry_orders(pictures),
    )
    print(len(letters), n, units.max() + 1, np.bincount(units).max(), np.bincount(parts))  # noqa: T201
    print(target.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    asset = "groupae/experiments/datasets/assets/glyphs.npz"
    main(Path(sys.argv[1] if len(sys.argv) > 1 else asset))
