"""Wings and fins: an airfoil that tapers, sweeps back and rises from root to tip."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.lofting import Array, loft

__all__ = ["wing"]

_AIRFOIL = np.array([1.0, 0.75, 0.4, 0.15, 0.03])


def _airfoil() -> Array:
    """Return a symmetric section of chord 1, as x from -1 to 0 (the nose) and half thickness.

    The half thickness of the NACA 00xx series over its thickness ratio, closed at the trailing
    edge (Abbott and von Doenhoff, Theory of Wing Sections, 1959, eq. 6.2). The points run from
    the trailing edge over the top to the nose and back below, shape ``(n, 2)``.
    """
    c = _AIRFOIL
    half = 5 * (0.2969 * np.sqrt(c) - 0.126 * c - 0.3516 * c**2 + 0.2843 * c**3 - 0.1036 * c**4)
    half[0] = 0.0
    upper = np.stack([-c, half], -1)
    lower = np.stack([-c, -half], -1)[:0:-1]
    return np.concatenate([upper, [[0.0, 0.0]], lower])


def wing(
    root: ArrayLike,
    span: float,
    chord: float,
    colors: ArrayLike,
    *,
    taper: float = 0.5,
    sweep: float = 0.0,
    dihedral: float = 0.0,
    thickness: float = 0.12,
    stations: ArrayLike = (0.0, 0.5, 0.93, 0.98, 1.0),
    is_pair: bool = False,
) -> Mesh:
    """Return the left wing: an airfoil that tapers, sweeps back and rises, with a rounded tip.

    Args:
        root: Nose of the airfoil at the root, shape ``(3,)``.
        span: Length from root to tip.
        chord: Length of the airfoil at the root.
        colors: As in ``loft``; rows run from root to tip, the first half of the columns is the
            upper side. Of a pair, the left wing is the first part.
        taper: Chord of the tip over that of the root.
        sweep: Angle in radians by which the leading edge runs back.
        dihedral: Angle in radians by which the wing rises; at a quarter turn it is a fin.
        thickness: Thickness over chord.
        stations: Where the sections are, from 0 at the root to 1 at the tip.
        is_pair: Whether to add the right wing, the mirror image.

    Example:
        >>> wing([0, 0, 0], 1.0, 0.4, [1.0, 0, 0]).vertices.amax(0)[1].item()
        1.0
    """
    t = np.asarray(stations, np.float64)
    full = chord * (1 + (taper - 1) * t)
    lengths = full * np.sqrt(1 - 0.85 * (np.maximum(t - 0.9, 0) / 0.1) ** 2)
    out = np.array([-math.tan(sweep), math.cos(dihedral), math.sin(dihedral)]) * span
    up = np.array([0.0, -math.sin(dihedral), math.cos(dihedral)])
    nose = np.asarray(root, np.float64) + t[:, None] * out
    nose[:, 0] -= 0.4 * (full - lengths)
    section = _airfoil()
    flat = section[:, :1] * np.array([1.0, 0.0, 0.0]) + section[:, 1:] * thickness * up
    rings = nose[:, None] + lengths[:, None, None] * flat
    if not is_pair:
        return loft(rings, colors)
    paint = np.broadcast_to(np.asarray(colors), (2, len(t) - 1, len(section), 3))
    mirrored = np.roll(rings[:, ::-1], 1, 1) * np.array([1.0, -1.0, 1.0])
    return loft(np.stack([rings, mirrored]), np.stack([paint[0], paint[1, :, ::-1]]))
