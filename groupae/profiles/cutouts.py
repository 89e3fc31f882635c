"""Cut-outs of the objects in a picture, from masks: centred, masked, of one size."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from groupae._validation import ShapeError, check_count, expected

__all__ = ["Cutouts", "cut_out"]

_OWNER = "cut_out"


@dataclasses.dataclass(frozen=True)
class Cutouts:
    """Cut-outs of objects, in the order of their labels.

    Args:
        pictures: Cut-outs, shape ``(n, C, side, side)``, black outside the object.
        labels: Label of each object in the label image, shape ``(n,)``.
        centroids: Centroid of each, in pixels from the left and the top of the picture, ``(n, 2)``.
        sizes: Pixels of each object, shape ``(n,)``.

    Example:
        >>> from groupae.profiles import cut_out
        >>> picture, labels = np.ones((12, 12)), np.zeros((12, 12), dtype=int)
        >>> labels[2:6, 3:7] = 1
        >>> found = cut_out(picture, labels, 8)
        >>> found.labels, found.sizes
        (array([1]), array([16]))
    """

    pictures: NDArray[np.float64]
    labels: NDArray[np.int64]
    centroids: NDArray[np.float64]
    sizes: NDArray[np.int64]


def cut_out(
    picture: NDArray[np.generic],
    labels: NDArray[np.generic],
    side: int = 64,
    *,
    rescale: bool = False,
    margin: float = 1.1,
) -> Cutouts:
    """Return a square cut-out of each labelled object, centred on its centroid.

    Objects touching the edge of the picture are cut out as they are.

    Args:
        picture: Picture, shape ``(H, W)`` or ``(C, H, W)``.
        labels: Label image of whole numbers, shape ``(H, W)``; 0 is background. A mask of one
            object has the label 1.
        side: Height and width of a cut-out.
        rescale: Whether objects are scaled so that the farthest pixel is at the inscribed circle
            divided by ``margin``; their sizes are kept in ``sizes``. By default pixels are
            kept, and objects beyond the circle are refused.
        margin: Free space about rescaled objects, as a factor above 1.

    Raises:
        ShapeError: If picture and labels differ in size.
        ValueError: If there is no object, one does not fit, or labels are no whole numbers.

    Example:
        >>> picture, labels = np.ones((9, 9)), np.zeros((9, 9), dtype=int)
        >>> labels[1:4, 5:8] = 3
        >>> found = cut_out(picture, labels, 5)
        >>> found.pictures[0, 0].round().astype(int).tolist()[1], found.centroids.tolist()
        ([0, 1, 1, 1, 0], [[6.0, 2.0]])
    """
    check_count(_OWNER, "side", side)
    if not margin >= 1:
        raise ValueError(expected(_OWNER, "margin of at least 1", margin))
    whole, marks = _checked(picture, labels)
    found = np.unique(marks)
    found = found[found != 0]
    if not len(found):
        raise ValueError(expected(_OWNER, "an object in the label image", "background only"))
    crops, middles, sizes = [], [], []
    for label in found:
        mask = marks == label
        rows, columns = np.nonzero(mask)
        middle = np.array([columns.mean(), rows.mean()])
        reach = float(np.hypot(columns - middle[0], rows - middle[1]).max()) + 0.5
        zoom = side / (2 * margin * reach) if rescale else 1.0
        if not rescale and reach > side / 2 + 1e-9:
            what = f"objects within {side / 2:g} pixels of their centroid"
            remedy = "a larger side, or rescale=True"
            raise ValueError(expected(_OWNER, what, f"{reach:.1f} for label {label}", remedy))
        crops.append(_sampled(whole * mask, middle, side, zoom))
        middles.append(middle)
        sizes.append(len(rows))
    return Cutouts(np.stack(crops), found, np.stack(middles), np.array(sizes))


def _checked(
    picture: NDArray[np.generic], labels: NDArray[np.generic]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    whole, marks = np.asarray(picture, dtype=np.float64), np.asarray(labels)
    whole = whole[None] if whole.ndim == 2 else whole
    if whole.ndim != 3 or whole.shape[1:] != marks.shape:
        got = f"{np.shape(picture)} and {marks.shape}"
        what = "a picture (H, W) or (C, H, W) and labels (H, W)"
        raise ShapeError(expected(_OWNER, what, got))
    if marks.dtype.kind not in "biu":
        raise ValueError(expected(_OWNER, "labels of whole numbers", marks.dtype))
    if not np.isfinite(whole).all():
        raise ValueError(expected(_OWNER, "a picture of finite numbers", "NaN or infinity"))
    return whole, marks.astype(np.int64)


def _sampled(
    picture: NDArray[np.float64], middle: NDArray[np.float64], side: int, zoom: float
) -> NDArray[np.float64]:
    """Return the square about a place, by bilinear interpolation; scaled-down ones are averaged."""
    height, width = picture.shape[1:]
    parts = max(1, int(np.ceil(1 / zoom)))  # samples per pixel and axis
    steps = (np.arange(side * parts) - (side * parts - 1) / 2) / (zoom * parts)
    x, y = np.meshgrid(middle[0] + steps, middle[1] + steps)
    grid = np.stack([2 * (x + 0.5) / width - 1, 2 * (y + 0.5) / height - 1], -1)
    source = torch.from_numpy(picture)[None]
    found = F.grid_sample(source, torch.from_numpy(grid)[None], align_corners=False)
    averaged: NDArray[np.float64] = F.avg_pool2d(found, parts)[0].numpy()
    return averaged
