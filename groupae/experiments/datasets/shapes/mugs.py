"""Mugs with a hollow turned body, a handle on the right (negative y) and a painted outside.

The handle, or a mark in front (along x), makes all views of a mug different.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws, mixed
from groupae.experiments.datasets.shapes.lofting import Array
from groupae.experiments.datasets.shapes.primitives import lathe, tube

__all__ = ["make_mug"]

_SIDES = 28
_ROWS = 12  # of the outside, between foot and rim
_DRINKS: tuple[Color, ...] = (
    (0.20, 0.11, 0.06),
    (0.45, 0.28, 0.16),
    (0.62, 0.33, 0.10),
    (0.93, 0.90, 0.84),
)


def make_mug(generator: torch.Generator) -> Mesh:
    """Return a mug drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_mug(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    glaze = draws.choice((draws.paint(), draws.paint(), draws.hue((0.2, 0.6), (0.7, 0.95))))
    outside = _outside(draws)
    parts = [_body(draws, outside, glaze), _handle(draws, outside, glaze)]
    if draws.chance(0.2):
        rim = outside[0, 0] + draws.uniform(0.28, 0.4)
        plate = [[0, -0.03], [0.6 * rim, -0.03], [rim, 0.05], [0.98 * rim, 0.08],
                 [0.6 * rim, 0.0], [0, 0.0]]  # fmt: skip
        parts.append(lathe(plate, draws.choice((glaze, (0.93, 0.92, 0.9))), sides=24))
    return Mesh.join(parts).fitted()


def _outside(draws: Draws) -> Array:
    """Return radius and height of the outside from the foot to the rim, shape ``(m, 2)``."""
    t = np.linspace(0, 1, _ROWS + 1)
    high, wide = draws.uniform(0.7, 1.25), draws.uniform(0.36, 0.5)
    kind = draws.choice(("straight", "straight", "cone", "barrel", "tulip", "bowl"))
    amount = draws.uniform(0.12, 0.3)
    shape = {
        "straight": 1 + 0 * t,
        "cone": 1 - amount * (1 - t),
        "barrel": 1 - amount * (2 * t - 1) ** 2,
        "tulip": 1 - amount * np.sin(math.pi * np.clip(1.5 * t - 0.35, 0, 1)),
        "bowl": 1 - 1.5 * amount * (1 - t) ** 2.5,
    }[kind]
    foot = np.minimum(1, 1 - 0.12 * (1 - t / 0.08))  # a rounded edge below
    return np.stack([wide * shape * foot, high * t], -1)


def _body(draws: Draws, outside: Array, glaze: Color) -> Mesh:
    wall = draws.uniform(0.03, 0.055)
    high, full = outside[-1, 1], draws.uniform(0.75, 0.88)
    rows = outside[outside[:, 1] > full * high]
    inside = rows[::-1] - [wall, 0.0]
    level = [[float(np.interp(full * high, outside[:, 1], outside[:, 0])) - wall, full * high]]
    rim = [[outside[-1, 0] - 0.5 * wall, high + 0.35 * wall]]
    profile = np.concatenate([[[0, 0]], outside, rim, inside, level, [[0, full * high]]])
    colors = np.full((len(profile) - 1, _SIDES, 3), glaze)
    lining = draws.choice((glaze, (0.95, 0.94, 0.91), (0.95, 0.94, 0.91), draws.paint()))
    colors[1 : _ROWS + 1] = _painted(draws, glaze)
    colors[_ROWS + 1 :] = lining
    colors[-1] = draws.near(draws.choice(_DRINKS), 0.03) if draws.chance(0.7) else mixed(
        lining, (0, 0, 0), 0.25)  # fmt: skip
    return lathe(profile, colors, sides=_SIDES)


def _painted(draws: Draws, glaze: Color) -> Array:
    """Return the colours of the outside: a pattern, and perhaps a mark in front."""
    colors = np.full((_ROWS, _SIDES, 3), glaze)
    second = draws.choice((draws.hue((0.6, 1.0), (0.35, 0.95)), (0.96, 0.95, 0.92)))
    style = draws.choice(("plain", "band", "bands", "dipped", "rim", "stripes", "checks"))
    row, column = np.arange(_ROWS)[:, None], np.arange(_SIDES)[None]
    low = draws.choice((2, 3, 4, 5, 6))
    where = {
        "plain": (row < 0) & (column < 0),
        "band": (row >= low) & (row < low + draws.choice((2, 3, 4))) & (column >= 0),
        "bands": (row % 4 < 2) & (column >= 0),
        "dipped": (row < low) & (column >= 0),
        "rim": (row >= _ROWS - 2) & (column >= 0),
        "stripes": (column % 4 < 2) & (row >= 0),
        "checks": (row // 2 + column // 2) % 2 == 0,
    }[style]
    colors[where] = second
    if style not in ("stripes", "checks") and draws.chance(0.5):
        mark = draws.hue((0.7, 1.0), (0.3, 0.95))
        front = np.abs((column - _front() + _SIDES / 2) % _SIDES - _SIDES / 2)
        size = draws.choice((2.0, 3.0, 4.0))
        square = np.maximum(front, np.abs(row - 5.5))
        diamond = front + np.abs(row - 5.5) * 0.9
        colors[draws.choice((square, diamond)) <= size] = mark
    return colors


def _front() -> float:
    """Return the column that faces x; a lathe about z begins at -y."""
    return 0.25 * _SIDES - 0.5


def _handle(draws: Draws, outside: Array, glaze: Color) -> Mesh:
    high = outside[-1, 1]
    ends = np.array([draws.uniform(0.1, 0.25), draws.uniform(0.75, 0.9)]) * high
    reach = draws.uniform(0.24, 0.36)
    exponent = draws.uniform(0.55, 1.0)
    angle = np.linspace(-math.pi / 2, math.pi / 2, 13)
    z = ends.mean() + np.ptp(ends) / 2 * np.sign(angle) * np.abs(np.sin(angle)) ** exponent
    wall = np.interp(z, outside[:, 1], outside[:, 0])
    share = np.abs(np.cos(angle)) ** exponent
    start = wall[[0, -1]][(angle > 0).astype(int)] - 0.018
    y = -(start * (1 - share) + (outside[:, 0].max() + reach) * share)
    path = np.stack([0 * y, y, z], -1)
    color = draws.choice((glaze, glaze, draws.paint(), (0.95, 0.94, 0.91)))
    radius = draws.uniform(0.045, 0.065)
    return tube(path, radius, color, sides=10, flatness=draws.uniform(1.0, 1.6))
