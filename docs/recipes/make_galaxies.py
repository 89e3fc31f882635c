"""Make ``galaxies.npz``: cut-outs of the Hubble eXtreme Deep Field, one galaxy each.

Run in an environment of its own, with ``pip install scikit-image==0.26.0 scipy``:

    python docs/recipes/make_galaxies.py [TARGET]

The picture is ``skimage/data/hubble_deep_field.jpg`` of scikit-image (NASA, ESA, G. Illingworth et
al.; public domain), 872 x 1000 pixels. Steps and criteria:

1. The sky is the median of each colour, the noise its scaled median deviation. Sources are
   connected regions where the mean of the colours, after a Gaussian of one pixel, is above the sky
   by eight times its noise.
2. A source has a centre (mean position by brightness) and a reach (distance from the centre to its
   farthest pixel). The cut-out is a disc of 1.5 times the reach, at least 7.5 pixels.
3. Kept: sources of at least 30 pixels that fill 85 % of their convex hull (others are chains of
   several galaxies), whose brightest pixel is at least 0.2 above the sky, whose disc lies inside
   the picture, and in whose disc other sources give at most 6 % of the light. Three stars with
   diffraction spikes are left out by their places.
4. The disc is resampled to 32 x 32 pixels by cubic splines (after a Gaussian where it is shrunk),
   sky and one standard deviation of the noise are subtracted, and a window falls from 1 to 0
   between 0.8 and 1 of 15.5 pixels. Nothing is lit outside the disc, so rotations and reflections
   need no pixel that is not there.
5. Galaxies whose discs overlap belong to one group; whole groups are split 7 : 1 : 2.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import regionprops

SHA256 = "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4"
PIXELS, RADIUS = 32, 15.5
AREA, PEAK, SOLIDITY, FOREIGN = 30, 0.2, 0.85, 0.06
REACH, LEAST = 1.5, 7.5
NOISES = 8.0
STARS = ((16, 405), (166, 253), (577, 754))  # row and column
SEED = 2024


def read_picture() -> np.ndarray:
    """Return the picture in [0, 1], shape ``(H, W, 3)``, after a check of its sum."""
    files = metadata.files("scikit-image") or ()
    (path,) = [file.locate() for file in files if file.name == "hubble_deep_field.jpg"]
    if (got := hashlib.sha256(Path(path).read_bytes()).hexdigest()) != SHA256:
        raise SystemExit(f"expected hubble_deep_field.jpg with SHA-256 {SHA256}, got {got}")
    return np.asarray(Image.open(path), dtype=np.float64) / 255


def find_sources(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return light above the sky, and the number of the source at each pixel."""
    light = picture - np.median(picture, (0, 1))
    smooth = ndimage.gaussian_filter(light.mean(-1), 1.0)
    sources, _ = ndimage.label(smooth > NOISES * scaled_deviation(smooth), np.ones((3, 3)))
    return light, sources


def scaled_deviation(x: np.ndarray, axes: tuple[int, ...] | None = None) -> np.ndarray:
    """Return the standard deviation that normal noise of the same median deviation has."""
    return 1.4826 * np.median(np.abs(x - np.median(x, axes, keepdims=True)), axes)


def measured(light: np.ndarray, region: Any) -> dict:
    """Return centre, reach, solidity, brightest pixel, axis ratio and colour of a source."""
    at = region.coords.astype(float)
    pixels = light[tuple(region.coords.T)]
    weight = pixels.mean(-1).clip(1e-4)
    centre = np.average(at, axis=0, weights=weight)
    offset = at - centre
    spread = np.linalg.eigvalsh((offset * weight[:, None]).T @ offset / weight.sum())
    red, green, blue = pixels.clip(0).sum(0)
    return {
        "number": region.label,
        "centre": centre,
        "reach": np.linalg.norm(offset, axis=1).max(),
        "solidity": region.solidity,
        "peak": weight.max(),
        "axis_ratio": np.sqrt((spread[0] + 1 / 12) / (spread[1] + 1 / 12)),
        "colour": (red - blue) / (red + green + blue),
    }


def is_good(source: dict, light: np.ndarray, sources: np.ndarray) -> bool:
    """Return whether a source meets the criteria, and set the radius of its disc."""
    radius = source["radius"] = max(REACH * source["reach"], LEAST)
    centre = source["centre"]
    if source["solidity"] < SOLIDITY or source["peak"] < PEAK:
        return False
    if min(np.linalg.norm(centre - np.array(star)) for star in STARS) < 12:
        return False
    size = np.array(sources.shape)
    if (centre - radius < 1).any() or (centre + radius > size - 2).any():
        return False
    grid = np.indices(sources.shape).transpose(1, 2, 0) - centre
    disc = (grid**2).sum(-1) < radius**2
    total = light.mean(-1).clip(0) * disc
    foreign = total[(sources != source["number"]) & (sources > 0)].sum()
    source["foreign"] = foreign / total.sum()
    return bool(source["foreign"] <= FOREIGN)


def cut_out(source: dict, light: np.ndarray) -> np.ndarray:
    """Return the disc round a source, shape ``(3, 32, 32)``, bytes."""
    step = source["radius"] / RADIUS  # pixels of the picture per pixel of the cut-out
    offset = np.arange(PIXELS) - (PIXELS - 1) / 2
    rows, columns = np.meshgrid(offset, offset, indexing="ij")
    at = source["centre"][:, None, None] + step * np.stack([rows, columns])
    blur = 0.5 * np.sqrt(max(step**2 - 1, 0))
    t = ((np.hypot(rows, columns) / RADIUS - 0.8) / 0.2).clip(0, 1)
    window = np.cos(np.pi / 2 * t) ** 2
    channels = [
        ndimage.map_coordinates(ndimage.gaussian_filter(light[..., c], blur), at, order=3)
        for c in range(3)
    ]
    noise = scaled_deviation(light, (0, 1))[:, None, None]
    seen = ((np.stack(channels) - noise) / (1 - noise)).clip(0, 1) * window
    return np.round(255 * seen).astype(np.uint8)


def grouped(found: list[dict]) -> np.ndarray:
    """Return the group of each galaxy; those whose discs overlap are in one."""
    group = np.arange(len(found))
    for i, a in enumerate(found):
        for j, b in enumerate(found[:i]):
            if np.linalg.norm(a["centre"] - b["centre"]) < a["radius"] + b["radius"]:
                group[group == group[i]] = group[j]
    return group


def split(group: np.ndarray) -> np.ndarray:
    """Return 0, 1 or 2 (training, validation, test) per galaxy, whole groups at a time."""
    names = np.unique(group)
    np.random.Generator(np.random.PCG64(SEED)).shuffle(names)
    counts = np.array([(group == name).sum() for name in names]).cumsum() / len(group)
    return np.select([counts <= 0.7, counts <= 0.8], [0, 1], 2)[
        np.array([np.flatnonzero(names == name)[0] for name in group])
    ].astype(np.uint8)


def main(target: Path) -> None:
    """Write the asset."""
    light, sources = find_sources(read_picture())
    regions = [region for region in regionprops(sources) if region.area >= AREA]
    all_sources = [measured(light, region) for region in regions]
    found = [source for source in all_sources if is_good(source, light, sources)]
    parts = split(grouped(found))
    np.savez_compressed(
        target,
        x=np.stack([cut_out(source, light) for source in found]),
        split=parts,
        centre=np.array([source["centre"] for source in found], np.float32),
        radius=np.array([source["radius"] for source in found], np.float32),
        axis_ratio=np.array([source["axis_ratio"] for source in found], np.float32),
        colour=np.array([source["colour"] for source in found], np.float32),
    )
    print(sources.max(), len(found), np.bincount(parts), target.stat().st_size)  # noqa: T201


if __name__ == "__main__":
    asset = "groupae/experiments/datasets/assets/galaxies.npz"
    main(Path(sys.argv[1] if len(sys.argv) > 1 else asset))
