"""Closed surfaces through a stack of rings (lofts), the form of all primitives.

The rings of a loft all have the same number of points and follow one another along the body; seen
against that direction (the body comes towards the eye) their points run counter-clockwise. Both
ends are closed by a point in the middle of the last ring, or the last ring meets the first. Leading
axes are parts: many bodies of one kind are built in one call.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from groupae._validation import ShapeError, expected
from groupae.experiments.datasets.rendering.mesh import Mesh

__all__ = ["Array", "loft"]

Array = NDArray[np.float64]
"""Geometry before it becomes a mesh, float64."""


def loft(
    rings: ArrayLike,
    colors: ArrayLike,
    *,
    caps: ArrayLike | None = None,
    crease: float = math.radians(40),
    is_closed: bool = False,
) -> Mesh:
    """Return the closed surface through rings of points.

    Args:
        rings: Positions, shape ``(*parts, m, n, 3)``: ``m`` rings of ``n`` points. A first or
            last ring of coinciding points is a tip, any other is closed by a flat cap.
        colors: Broadcast against ``(*parts, m - 1, n, 3)``, one colour per quadrilateral
            between rings ``i, i + 1`` and points ``j, j + 1`` (``m`` rows if ``is_closed``).
        caps: Colour of both caps, shape ``(3,)``; by default that of the nearest quadrilateral.
        crease: Angle in radians between neighbours up to which the surface is shaded as smooth.
        is_closed: Whether the last ring meets the first, as in a torus.

    Raises:
        ShapeError: If there are fewer than 2 rings or 3 points, or the last axis is not 3.

    Example:
        >>> square = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
        >>> loft([square, square + [0, 0, 1]], [1.0, 0, 0])
        Mesh(10 vertices, 16 faces)
    """
    places = np.asarray(rings, np.float64)
    if places.ndim < 3 or places.shape[-1] != 3 or places.shape[-3] < 2 or places.shape[-2] < 3:
        what = "rings of shape (*parts, m, n, 3) with m >= 2 and n >= 3"
        raise ShapeError(expected("loft", what, places.shape))
    rows = places.shape[-3] - (0 if is_closed else 1)
    paint = np.broadcast_to(np.asarray(colors), (*places.shape[:-3], rows, *places.shape[-2:]))
    paint = paint.reshape(-1, *paint.shape[-3:])
    places = places.reshape(-1, *places.shape[-3:])
    if not is_closed:
        places, paint = _with_tips(places, paint, caps)
    return _mesh(places, paint, math.cos(crease), is_closed)


def _with_tips(places: Array, paint: Array, caps: ArrayLike | None) -> tuple[Array, Array]:
    rows, colors = [places], [paint]
    for end in (0, -1):
        ring = places[:, end : end + 1 or None]
        if np.ptp(ring, axis=2).max() < 1e-9:
            continue
        tip = np.broadcast_to(ring.mean(2, keepdims=True), ring.shape)
        color = paint[:, end : end + 1 or None]
        color = color if caps is None else np.broadcast_to(np.asarray(caps), color.shape)
        at = 0 if end == 0 else len(rows)
        rows.insert(at, tip)
        colors.insert(at, color)
    return np.concatenate(rows, 1), np.concatenate(colors, 1)


class _Topology(NamedTuple):
    corners: NDArray[np.int64]  # (Q, 4) vertices of a quadrilateral; at a tip two are the same
    around: NDArray[np.int64]  # (Q, 4, 3) the other quadrilaterals at a corner, or Q for none
    faces: NDArray[np.int64]  # (F, 3) vertices
    quads: NDArray[np.int64]  # (F, 1) the quadrilateral a face is half of
    halves: NDArray[np.int64]  # (F, 3) which of its corners


@lru_cache(maxsize=256)
def _topology(rings: int, n: int, is_closed: bool) -> _Topology:
    vertex = np.arange(rings * n).reshape(rings, n)
    if not is_closed:  # one vertex for each tip
        vertex = np.clip(vertex - (n - 1), 0, (rings - 2) * n + 1)
    low = vertex if is_closed else vertex[:-1]
    high = np.roll(vertex, -1, 0) if is_closed else vertex[1:]
    corners = np.stack([low, np.roll(low, -1, 1), np.roll(high, -1, 1), high], -1).reshape(-1, 4)
    halves = np.array([[0, 1, 2], [0, 2, 3]])
    faces = corners[:, halves]
    keep = np.ones((len(corners), 2), bool)
    if not is_closed:
        keep[:n, 0] = keep[-n:, 1] = False
    quads = np.nonzero(keep)[0][:, None]
    around = _neighbours(len(low), n, is_closed)
    return _Topology(
        corners, around, faces[keep], quads, np.broadcast_to(halves, faces.shape)[keep]
    )


def _neighbours(rows: int, n: int, is_closed: bool) -> NDArray[np.int64]:
    row, column = np.arange(rows)[:, None], np.arange(n)[None]
    around = np.empty((rows, n, 4, 3), np.int64)
    for corner, (up, aside) in enumerate(((-1, -1), (-1, 1), (1, 1), (1, -1))):
        for k, (i, j) in enumerate(
            ((row + up, column), (row, column + aside), (row + up, column + aside))
        ):
            is_outside = ((i < 0) | (i >= rows)) & (not is_closed)
            around[:, :, corner, k] = np.where(is_outside, rows * n, i % rows * n + j % n)
    return around.reshape(-1, 4, 3)


def _unit(vectors: Array) -> Array:
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None]
    unit: Array = vectors / np.maximum(length, 1e-30)
    return unit


def _cross(a: Array, b: Array) -> Array:
    after, before = [1, 2, 0], [2, 0, 1]  # much faster than np.cross on small arrays
    return a[..., after] * b[..., before] - a[..., before] * b[..., after]


def _corner_normals(vertices: Array, shape: _Topology, least: float, tips: int) -> Array:
    """Return the normals of quadrilaterals at their corners, shape ``(parts, Q, 4, 3)``.

    A corner takes the sum of the areas (as vectors) of those of the four quadrilaterals around it
    whose cosine with its own is at least ``least``.
    """
    a, b, c, d = vertices[:, shape.corners.T].swapaxes(0, 1)
    areas = _cross(c - a, d - b)
    units = _unit(areas)
    nothing = np.zeros((len(areas), 1, 3))
    near = np.concatenate([units, nothing], 1)[:, shape.around]
    counts = np.einsum("pqi,pqkli->pqkl", units, near) >= least
    near = np.concatenate([areas, nothing], 1)[:, shape.around]
    normals = areas[:, :, None] + np.einsum("pqkl,pqkli->pqki", counts.astype(np.float64), near)
    if tips:
        _smooth_tips(normals[:, :tips, :2], areas[:, :tips], units[:, :tips], least)
        _smooth_tips(normals[:, -tips:, 2:], areas[:, -tips:], units[:, -tips:], least)
    return _unit(normals)


def _smooth_tips(normals: Array, areas: Array, units: Array, least: float) -> None:
    """Set normals at blunt tips to the mean of all around, in place; sharp tips keep theirs."""
    mean = areas.sum(1)
    is_blunt = np.einsum("pji,pi->pj", units, _unit(mean)) >= least
    np.copyto(normals, mean[:, None, None], where=is_blunt[..., None, None])


def _mesh(places: Array, paint: Array, least: float, is_closed: bool) -> Mesh:
    parts, rings, n, _ = places.shape
    shape = _topology(rings, n, is_closed)
    vertices = places.reshape(parts, -1, 3)
    if not is_closed:
        vertices = vertices[:, n - 1 : (rings - 1) * n + 1]
    normals = _corner_normals(vertices, shape, least, 0 if is_closed else n)
    faces = shape.faces + vertices.shape[1] * np.arange(parts)[:, None, None]
    return Mesh(
        torch.from_numpy(vertices.reshape(-1, 3).astype(np.float32)),
        torch.from_numpy(faces.reshape(-1, 3)),
        torch.from_numpy(
            normals[:, shape.quads, shape.halves].reshape(-1, 3, 3).astype(np.float32)
        ),
        torch.from_numpy(
            paint.reshape(parts, -1, 3)[:, shape.quads[:, 0]].reshape(-1, 3).astype(np.float32)
        ),
    )
