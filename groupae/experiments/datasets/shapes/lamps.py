"""Lamps with a shade that glows inside, on a foot, a bent arm, three legs or a cord.

Arms reach forward along x; table and floor lamps have a cable or a chain on one side.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws, mixed
from groupae.experiments.datasets.shapes.lofting import Array
from groupae.experiments.datasets.shapes.primitives import (
    boxes,
    directions,
    ellipsoids,
    lathe,
    rods,
    tube,
    turn,
)

__all__ = ["make_lamp"]

_GLOW: Color = (1.0, 0.93, 0.62)
_CABLE: Color = (0.12, 0.12, 0.13)


def make_lamp(generator: torch.Generator) -> Mesh:
    """Return a lamp drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_lamp(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    kind = draws.choice(("desk", "desk", "gooseneck", "table", "table", "floor", "arc", "pendant"))
    return Mesh.join(_KINDS[kind](draws)).fitted()


def _shade_color(draws: Draws) -> Color:
    cloth = draws.near((0.93, 0.87, 0.74), 0.06)
    return draws.choice((cloth, cloth, draws.paint(), draws.hue((0.3, 0.8), (0.6, 0.95))))


def _shade(curve: Array, color: Color, thickness: float = 0.02) -> Mesh:
    """Return a hollow shade with a bulb, the inside in the colour of its light.

    The outline ``curve`` runs up from the wide rim, to the axis if the shade is closed at the top.
    """
    inner = curve[::-1].copy()
    inner[:, 0] *= 1 - thickness / curve[0, 0]
    colors = np.full((2 * len(curve), 1, 3), color)
    colors[len(curve) : -1] = mixed(color, _GLOW, 0.85)
    profile = np.concatenate([curve, inner])
    is_open = curve[-1, 0] > 0
    if not is_open:  # inside first, so that the profile begins and ends on the axis
        inner[:-1, 1] -= thickness
        profile = np.concatenate([inner, curve])
        colors = np.roll(colors, len(curve), 0)[:-1]
    shell = lathe(profile, colors, sides=20, is_closed=is_open)
    width = 0.4 * curve[0, 0]
    low, high = curve[0, 1], curve[-1, 1]
    bulb = ellipsoids((0, 0, low + 0.25 * (high - low)), (width, width, width), _GLOW, sides=10)
    return Mesh.join([shell, bulb])


def _hanging_shade(curve: Array, color: Color) -> Mesh:
    """Return a shade that hangs from the origin, with a small overlap above it."""
    return _shade(curve, color).moved(t=(0, 0, 0.02 - curve[-1, 1]))


def _drum(draws: Draws, size: float) -> Array:
    """Return the outline of a cloth shade, open at the top: a cylinder to a cone."""
    high, narrow = size * draws.uniform(0.9, 1.4), draws.uniform(0.35, 1.0)
    straight = [[1.0, 0.0], [narrow, 1.0]]
    waist = narrow + draws.uniform(0.05, 0.2) * (1 - narrow)
    return np.array(draws.choice((straight, [[1.0, 0.0], [waist, 0.5], [narrow, 1.0]]))) * [
        size,
        high,
    ]


def _bell(draws: Draws, size: float) -> Array:
    """Return the outline of a metal shade, closed at the top: cone, dome or bell."""
    high, cap = draws.uniform(0.8, 1.3), draws.uniform(0.2, 0.32)
    angle = np.linspace(0, math.pi / 2, 6)
    outlines = {
        "cone": [[1.0, 0.0], [cap, 0.75], [cap, 1.0], [0.0, 1.0]],
        "dome": np.stack([np.cos(angle), np.sin(angle)], -1).round(9),
        "bell": [[1.0, 0.0], [0.75, 0.12], [0.6, 0.35], [0.5, 0.65], [cap, 0.85], [cap, 1.0],
                 [0.0, 1.0]],
    }  # fmt: skip
    return np.array(outlines[draws.choice(("cone", "dome", "bell"))]) * size * [1.0, high]


def _base(draws: Draws, radius: float, color: Color) -> Mesh:
    high = draws.uniform(0.03, 0.07)
    if draws.chance(0.3):
        size = (1.8 * radius, 1.8 * radius, high)
        return boxes((0, 0, high / 2), size, color, rounding=0.012)
    rim = draws.uniform(0.6, 1.0) * high
    top = 1.3 * high
    profile = [[0.0, 0.0], [radius, 0.0], [radius, rim], [0.4 * radius, top], [0.0, top]]
    return lathe(profile, color)


def _bend(points: Sequence[Sequence[float]], smooth: int) -> Array:
    """Return a smooth curve in the xz-plane near the corners of a polygon (Chaikin's rule)."""
    curve = np.asarray(points, np.float64)
    for _ in range(smooth):
        a, b = curve[:-1], curve[1:]
        cut = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], 1).reshape(-1, 2)
        curve = np.concatenate([curve[:1], cut[1:-1], curve[-1:]])
    return np.stack([curve[:, 0], 0 * curve[:, 0], curve[:, 1]], -1)


def _desk(draws: Draws) -> list[Mesh]:
    """Return a lamp with two arms that meet in a joint, and a tilted shade at the end."""
    body = draws.choice((draws.paint(), draws.paint(), draws.metal()))
    arm = draws.choice((body, draws.metal()))
    rod = draws.uniform(0.02, 0.03)
    first, second = draws.uniform(0.42, 0.56), draws.uniform(0.38, 0.52)
    back, forward = draws.uniform(0.2, 0.6), draws.uniform(0.9, 1.3)
    foot = np.array([draws.uniform(-0.08, 0.05), 0, 0.05])
    elbow = foot + first * np.array([-math.sin(back), 0, math.cos(back)])
    head = elbow + second * np.array([math.sin(forward), 0, math.cos(forward)])
    parts = [_base(draws, draws.uniform(0.17, 0.24), body)]
    if draws.chance(0.4):  # a parallel pair of arms
        gap = np.array([[0, 0.045, 0], [0, -0.045, 0]])
        parts.append(rods(foot + gap, elbow + gap, 0.8 * rod, arm, sides=8))
        parts.append(rods(elbow + gap, head + gap, 0.8 * rod, arm, sides=8))
    else:
        parts.append(rods([foot, elbow], [elbow, head], rod, arm, sides=8))
    joints = np.stack([foot, elbow, head])
    side = np.array([0, 0.06, 0])
    parts.append(rods(joints - side, joints + side, 1.6 * rod, mixed(body, _CABLE, 0.5)))
    size = draws.uniform(0.17, 0.23)
    tilt = turn("y", -draws.uniform(0.1, 0.7))
    shade = _hanging_shade(_bell(draws, size), body)
    return [*parts, shade.moved(tilt, head.tolist())]


def _gooseneck(draws: Draws) -> list[Mesh]:
    """Return a lamp on one curved neck."""
    body = draws.choice((draws.paint(), draws.paint(), draws.metal()))
    high, reach = draws.uniform(0.6, 0.85), draws.uniform(0.35, 0.55)
    end = high * draws.uniform(0.6, 0.8)
    neck = _bend([[-0.1, 0.03], [-0.12, high], [0.4 * reach, 1.15 * high], [reach, end]], 3)
    outer = _bell(draws, draws.uniform(0.16, 0.22))
    direction = neck[-1] - neck[-2]
    tilt = turn("y", 0.7 * (math.atan2(direction[0], direction[2]) - math.pi))
    shade = _hanging_shade(outer, body)
    return [
        _base(draws, draws.uniform(0.16, 0.22), draws.choice((body, draws.metal()))),
        tube(neck, draws.uniform(0.022, 0.03), draws.choice((body, draws.metal())), sides=8),
        shade.moved(tilt, neck[-1].tolist()),
    ]


def _table(draws: Draws) -> list[Mesh]:
    """Return a vase or a column with a cloth shade, and a cable with its switch."""
    color = draws.choice((draws.paint(), draws.paint(), draws.wood(), draws.metal()))
    high, wide = draws.uniform(0.3, 0.5), draws.uniform(0.1, 0.18)
    t = np.linspace(0, 1, 9)
    kind = draws.choice(("vase", "ball", "column", "beads"))
    swell = {
        "vase": np.sin(math.pi * t ** draws.uniform(0.5, 1.6)),
        "ball": np.sqrt(np.maximum(1 - (2 * t - 1) ** 2, 0)),
        "column": 0.25 + 0.2 * (1 - t),
        "beads": 0.35 + 0.45 * np.abs(np.sin(2.0 * math.pi * t)),
    }[kind]
    radius = 0.03 + (wide - 0.03) * np.clip(swell, 0, 1)
    body = np.stack([radius, 0.04 + high * t], -1)
    foot = draws.uniform(0.7, 1.1) * max(wide, 0.12)
    low, neck = [[0, 0], [foot, 0], [foot, 0.035]], [[0.02, high + 0.05], [0.02, high + 0.16]]
    profile = np.concatenate([low, body, neck, [[0, high + 0.16]]])
    colors = np.full((len(profile) - 1, 1, 3), color)
    colors[:3] = colors[-4:] = draws.metal()
    if draws.chance(0.4):
        colors[5:7] = draws.paint()
    shade = _shade(_drum(draws, draws.uniform(0.22, 0.32)), _shade_color(draws))
    cable = _bend([[0, 0], [-foot - 0.1, 0], [-foot - 0.1, 0.22], [-foot - 0.3, 0.16]], 2)[
        :, [0, 2, 1]
    ]
    return [
        lathe(profile, colors, sides=16),
        shade.moved(t=(0, 0, high + draws.uniform(0.04, 0.1))),
        tube(cable, 0.012, _CABLE, sides=6).moved(t=(0, 0, 0.012)),
    ]


def _floor(draws: Draws) -> list[Mesh]:
    """Return a tall pole on a disc or on three legs, with a cloth shade and a chain."""
    color = draws.choice((draws.metal(), draws.wood(), draws.paint()))
    high, rod = draws.uniform(0.85, 1.15), draws.uniform(0.022, 0.032)
    outer = _drum(draws, draws.uniform(0.22, 0.3))
    shade = _shade(outer, _shade_color(draws)).moved(t=(0, 0, high - 0.06))
    chain_x = 0.6 * outer[0, 0]
    chain = rods((chain_x, 0, high - 0.2), (chain_x, 0, high), 0.012, _GLOW, sides=6)
    if draws.chance(0.45):
        angle = 2 * math.pi * np.arange(3) / 3 + draws.uniform(0.3, 1.4)
        out = directions(angle)
        feet = draws.uniform(0.26, 0.36) * out
        legs = rods(feet, 0.04 * out + [0, 0, high], rod, color, sides=8)
        return [legs, shade, chain]
    pole = rods((0, 0, 0), (0, 0, high), rod, color, sides=8)
    return [_base(draws, draws.uniform(0.18, 0.25), color), pole, shade, chain]


def _arc(draws: Draws) -> list[Mesh]:
    """Return a floor lamp whose pole bends over and lets the shade hang."""
    color = draws.metal()
    high, reach = draws.uniform(0.9, 1.15), draws.uniform(0.45, 0.65)
    end = high * draws.uniform(0.72, 0.85)
    path = _bend([[-0.2, 0.03], [-0.2, high], [0.75 * reach, 1.1 * high], [reach, end]], 3)
    outer = _bell(draws, draws.uniform(0.2, 0.28))
    shade = _shade(outer, draws.paint())
    base = _base(draws, draws.uniform(0.2, 0.26), draws.choice((color, draws.neutral())))
    return [
        base.moved(t=(-0.2, 0, 0)),
        tube(path, draws.uniform(0.024, 0.032), color, sides=8),
        shade.moved(t=(reach, 0, end - outer[-1, 1] + 0.02)),
    ]


def _pendant(draws: Draws) -> list[Mesh]:
    """Return a shade that hangs on a cord from the ceiling."""
    outer = _bell(draws, draws.uniform(0.3, 0.42))
    high = outer[-1, 1]
    cord = draws.uniform(0.35, 0.6)
    color = draws.choice((_CABLE, draws.metal()))
    canopy = lathe(
        [[0.0, -0.05], [0.06, -0.05], [0.11, 0.0], [0.0, 0.0]], color, at=(0, 0, high + cord)
    )
    return [
        _shade(outer, draws.paint()),
        rods((0, 0, high - 0.02), (0, 0, high + cord), 0.017, color, sides=6),
        canopy,
    ]


_KINDS = {
    "desk": _desk,
    "gooseneck": _gooseneck,
    "table": _table,
    "floor": _floor,
    "arc": _arc,
    "pendant": _pendant,
}
