r"""Closed bodies from which shapes are assembled, each a loft of rings.

Conventions are those of ``rendering.mesh``: z up, x forward, y left. Radii, positions and sizes
broadcast over leading axes, which are parts: four legs are one call. Colours are those of ``loft``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.lofting import Array, loft

__all__ = [
    "CORNERS",
    "boxes",
    "directions",
    "ellipsoids",
    "extrusion",
    "lathe",
    "rods",
    "rounded_rectangle",
    "sections",
    "side_levels",
    "superellipse",
    "torus",
    "tube",
    "turn",
]


CORNERS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
"""Signs of x and y at front left, front right, rear left and rear right."""


def directions(angle: Array) -> Array:
    """Return horizontal unit vectors at angles from the x axis, shape ``(n, 3)``."""
    return np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)


def turn(axis: str, angle: float) -> Tensor:
    """Return the rotation about ``"x"``, ``"y"`` or ``"z"`` by ``angle`` radians, shape ``(3, 3)``.

    Example:
        >>> (turn("z", math.pi / 2) @ torch.tensor([1.0, 0, 0])).round().tolist()
        [0.0, 1.0, 0.0]
    """
    i = "xyz".index(axis)
    j, k = (i + 1) % 3, (i + 2) % 3
    R = torch.eye(3)
    R[j, j] = R[k, k] = math.cos(angle)
    R[k, j], R[j, k] = math.sin(angle), -math.sin(angle)
    return R


def _circle(sides: int) -> tuple[Array, Array]:
    angle = np.arange(sides) * (2 * math.pi / sides)
    return np.cos(angle), np.sin(angle)


def superellipse(sides: int, exponent: float = 2.0) -> Array:
    r"""Return the points of :math:`|u|^p + |v|^p = 1`, counter-clockwise, shape ``(sides, 2)``.

    Exponent 2 is a circle; larger ones come closer to the square.

    Example:
        >>> superellipse(4).round(3).tolist()
        [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-0.0, -1.0]]
    """
    c, s = _circle(sides)
    scale = (np.abs(c) ** exponent + np.abs(s) ** exponent) ** (-1 / exponent)
    points: Array = np.stack([c * scale, s * scale], -1)
    return points


def rounded_rectangle(size: ArrayLike, radius: ArrayLike = 0.0, *, steps: int = 3) -> Array:
    """Return outlines of rectangles about the origin, counter-clockwise.

    Args:
        size: Width and height, shape ``(*parts, 2)``.
        radius: Radius of the corners, shape ``(*parts,)``; at 0 a corner is a single point.
        steps: Points per rounded corner.

    Returns:
        Shape ``(*parts, 4 * steps, 2)``, or ``(*parts, 4, 2)`` without rounding.

    Example:
        >>> rounded_rectangle([2.0, 4.0]).tolist()
        [[1.0, 2.0], [-1.0, 2.0], [-1.0, -2.0], [1.0, -2.0]]
    """
    r = np.asarray(radius, np.float64)[..., None, None]
    half = np.asarray(size, np.float64)[..., None, :] / 2
    signs = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    if not np.any(r):
        return signs * half
    angle = math.pi / 2 * (np.arange(4)[:, None] + np.linspace(0, 1, steps))
    arc = np.stack([np.cos(angle), np.sin(angle)], -1).reshape(-1, 2)
    points: Array = np.repeat(signs, steps, 0) * (half - r) + r * arc
    return points


def side_levels(sides: int) -> Array:
    """Return the heights, from -1 to 1, of the middles of the sides of a section around x."""
    return np.asarray(np.sin(2 * np.pi * (np.arange(sides) + 0.5) / sides))


def sections(x: Array, width: Array, middle: Array, height: Array, outline: Array) -> Array:
    """Return the rings ``(m, n, 3)`` of a body along x for `loft`, with one outline ``(n, 2)``.

    At each ``x``, the outline is scaled by half width and half height and raised to ``middle``.
    """
    rings = np.empty((len(x), len(outline), 3))
    rings[..., 0] = x[:, None]
    rings[..., 1] = width[:, None] * outline[:, 0]
    rings[..., 2] = middle[:, None] + height[:, None] * outline[:, 1]
    return rings


def extrusion(
    outline: ArrayLike, thickness: ArrayLike, colors: ArrayLike, *, rounding: float = 0.0
) -> Mesh:
    """Return bodies with an outline in the xy-plane, between heights 0 and ``thickness``.

    Args:
        outline: Counter-clockwise, shape ``(*parts, n, 2)``; every point must be visible from
            the mean of all.
        thickness: Along z, shape ``(*parts,)``.
        colors: As in ``loft``; the rows are the lower edge, the side and the upper edge if rounded.
        rounding: Inset of the edges at top and bottom, in the units of the outline.

    Example:
        >>> extrusion([[0, 0], [1, 0], [1, 1], [0, 1]], 0.5, [1.0, 0, 0])
        Mesh(10 vertices, 16 faces)
    """
    flat = np.asarray(outline, np.float64)
    top = np.asarray(thickness, np.float64)[..., None]
    if flat.ndim < 2 or flat.shape[-1] != 2:
        raise ShapeError(expected("extrusion", "outline of shape (*parts, n, 2)", flat.shape))
    middle = flat.mean(-2, keepdims=True)
    reach = np.linalg.norm(flat - middle, axis=-1, keepdims=True)
    inner = middle + (flat - middle) * (1 - rounding / reach)
    edge = np.minimum(rounding, top / 2)
    levels = [(flat, 0 * top), (flat, top)]
    if rounding:
        levels = [(inner, 0 * top), (flat, edge), (flat, top - edge), (inner, top)]
    rings = [
        np.concatenate([xy, np.broadcast_to(z[..., None], (*xy.shape[:-1], 1))], -1)
        for xy, z in levels
    ]
    return loft(np.stack(rings, -3), colors)


def boxes(
    centers: ArrayLike, sizes: ArrayLike, colors: ArrayLike, *, rounding: float = 0.0
) -> Mesh:
    """Return boxes along the axes.

    Args:
        centers: Shape ``(*parts, 3)``.
        sizes: Full lengths along x, y, z, shape ``(*parts, 3)``.
        colors: As in ``loft``.
        rounding: Radius of all edges, at most half the shortest length; 0 keeps them sharp.

    Example:
        >>> boxes([0, 0, 0], [1, 2, 3], [1.0, 0, 0]).vertices.amax(0).tolist()
        [0.5, 1.0, 1.5]
    """
    centers, sizes = np.broadcast_arrays(
        np.asarray(centers, np.float64), np.asarray(sizes, np.float64)
    )
    half = sizes[..., 2] / 2
    angle = np.linspace(0, math.pi / 2, 3) if rounding else np.zeros(1)
    inset = rounding * (1 - np.sin(angle))
    drop = rounding * (1 - np.cos(angle))
    insets = np.concatenate([inset, inset[::-1]])
    z = np.concatenate([drop - half[..., None], (half[..., None] - drop)[..., ::-1]], -1)
    flat = rounded_rectangle(
        sizes[..., None, :2] - 2 * insets[:, None],
        rounding - 0.9 * insets,  # keeps a short edge, so that no quadrilateral degenerates
    )
    rings = np.concatenate([flat, np.broadcast_to(z[..., None, None], (*flat.shape[:-1], 1))], -1)
    return loft(rings + centers[..., None, None, :], colors)


def _frames(axis: Array) -> tuple[Array, Array]:
    """Return two directions that make a right-handed frame with ``axis``, shape ``(..., 3)``."""
    is_steep = np.abs(axis[..., 2:]) > 0.9
    helper = np.where(is_steep, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    u = np.cross(helper, axis)
    u = u / np.linalg.norm(u, axis=-1, keepdims=True)
    return u, np.cross(axis, u)


def rods(
    starts: ArrayLike,
    ends: ArrayLike,
    radius: ArrayLike,
    colors: ArrayLike,
    *,
    end_radius: ArrayLike | None = None,
    sides: int = 10,
) -> Mesh:
    """Return cylinders, frustums (``end_radius`` given) or cones (it is 0) between points.

    Args:
        starts: Shape ``(*parts, 3)``.
        ends: Shape ``(*parts, 3)``, elsewhere than ``starts``.
        radius: Shape ``(*parts,)``.
        colors: As in ``loft``.
        end_radius: Radius at the end, shape ``(*parts,)``; by default ``radius``.
        sides: Number of sides.

    Example:
        >>> rods([0, 0, 0], [0, 0, 1], 0.5, [1.0, 0, 0], sides=6)
        Mesh(14 vertices, 24 faces)
    """
    a, b = np.broadcast_arrays(np.asarray(starts, np.float64), np.asarray(ends, np.float64))
    axis = (b - a) / np.linalg.norm(b - a, axis=-1, keepdims=True)
    u, v = _frames(axis)
    c, s = _circle(sides)
    circle = c[:, None] * u[..., None, :] + s[:, None] * v[..., None, :]
    radii = [
        np.asarray(r, np.float64) for r in (radius, radius if end_radius is None else end_radius)
    ]
    rings = [
        p[..., None, :] + r[..., None, None] * circle for p, r in zip((a, b), radii, strict=True)
    ]
    return loft(np.stack(rings, -3), colors)


def lathe(
    profile: ArrayLike,
    colors: ArrayLike,
    *,
    at: ArrayLike = (0.0, 0.0, 0.0),
    axis: ArrayLike = (0.0, 0.0, 1.0),
    sides: int = 20,
    is_closed: bool = False,
) -> Mesh:
    """Return bodies of revolution.

    Args:
        profile: Radius and height of the ``m`` points of a curve, shape ``(m, 2)``, that runs
            upwards where the surface looks outwards; it may turn down into a hollow.
        colors: As in ``loft``: row ``i`` lies between points ``i`` and ``i + 1`` of the profile.
        at: Position of the origin of the profile, shape ``(*parts, 3)``.
        axis: Unit vector along the heights, shape ``(3,)``.
        sides: Number of sides.
        is_closed: Whether the profile is a closed curve off the axis, as that of a torus.

    Example:
        >>> lathe([[0, 0], [1, 0], [1, 1], [0, 1]], [1.0, 0, 0], sides=6)
        Mesh(14 vertices, 24 faces)
    """
    curve = np.asarray(profile, np.float64)
    if curve.ndim != 2 or curve.shape[-1] != 2:
        raise ShapeError(expected("lathe", "profile of shape (m, 2)", curve.shape))
    direction = np.asarray(axis, np.float64)
    u, v = _frames(direction)
    c, s = _circle(sides)
    circle = c[:, None] * u + s[:, None] * v
    rings = curve[:, None, :1] * circle + curve[:, None, 1:] * direction
    return loft(rings + np.asarray(at, np.float64)[..., None, None, :], colors, is_closed=is_closed)


def ellipsoids(centers: ArrayLike, radii: ArrayLike, colors: ArrayLike, *, sides: int = 12) -> Mesh:
    """Return ellipsoids along the axes; ``centers`` and ``radii`` have shape ``(*parts, 3)``.

    Example:
        >>> ellipsoids([0, 0, 0], [1, 2, 3], [1.0, 0, 0]).vertices.amax(0).tolist()
        [1.0, 2.0, 3.0]
    """
    rows = max(sides // 2, 2)
    latitude = np.linspace(-math.pi / 2, math.pi / 2, rows + 1)[:, None]
    width = np.cos(latitude)
    width[[0, -1]] = 0.0
    c, s = _circle(sides)
    sphere = np.stack(
        [width * c, width * s, np.broadcast_to(np.sin(latitude), (rows + 1, sides))], -1
    )
    place = np.asarray(centers, np.float64)[..., None, None, :]
    return loft(place + np.asarray(radii, np.float64)[..., None, None, :] * sphere, colors)


def torus(
    major: float, minor: float, colors: ArrayLike, *, sides: int = 24, tube_sides: int = 10
) -> Mesh:
    """Return a torus about z: radius ``major`` of the circle, ``minor`` of the tube.

    Example:
        >>> torus(1.0, 0.25, [1.0, 0, 0], sides=8, tube_sides=4)
        Mesh(32 vertices, 64 faces)
    """
    c, s = _circle(tube_sides)
    profile = np.stack([major + minor * c, minor * s], -1)
    return lathe(profile, colors, sides=sides, is_closed=True)


def tube(
    path: ArrayLike, radii: ArrayLike, colors: ArrayLike, *, sides: int = 10, flatness: float = 1.0
) -> Mesh:
    """Return a tube along a curve.

    Args:
        path: Points of the curve, shape ``(m, 3)``. It should not run along the normal of the
            plane it bends in: the section is carried along so that it does not twist.
        radii: At each point, shape ``(m,)`` or one number.
        colors: As in ``loft``.
        sides: Number of sides.
        flatness: Breadth of the section across the plane of the bend, over that within it.

    Example:
        >>> tube([[0, 0, 0], [0, 0, 1], [1, 0, 2]], 0.1, [1.0, 0, 0], sides=6)
        Mesh(20 vertices, 36 faces)
    """
    points = np.asarray(path, np.float64)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=-1, keepdims=True)
    across = _carried(along)
    second = np.cross(along, across)
    c, s = _circle(sides)
    circle = flatness * c[:, None] * across[:, None] + s[:, None] * second[:, None]
    r = np.broadcast_to(np.asarray(radii, np.float64), len(points))
    return loft(points[:, None] + r[:, None, None] * circle, colors)


def _carried(along: Array) -> Array:
    """Return a normal per direction, carried along the curve without twist."""
    bend = np.cross(along[0], along[-1])
    length = np.linalg.norm(bend)
    normal = bend / length if length > 1e-6 else _frames(along[0])[0]
    carried = []
    for direction in along:
        normal = normal - (normal @ direction) * direction
        normal = normal / np.linalg.norm(normal)
        carried.append(normal)
    return np.stack(carried)
