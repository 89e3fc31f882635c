"""Chairs with a seat, a base and a back, facing x."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws
from groupae.experiments.datasets.shapes.lofting import Array
from groupae.experiments.datasets.shapes.primitives import (
    CORNERS,
    boxes,
    directions,
    extrusion,
    lathe,
    rods,
    superellipse,
    tube,
    turn,
)

__all__ = ["make_chair"]


@dataclass(frozen=True)
class _Chair:
    """Lengths shared by all parts, in metres, and two colours."""

    width: float
    depth: float
    height: float
    thickness: float
    back: float
    lean: float
    rod: float
    frame: Color
    cover: Color

    @classmethod
    def drawn(cls, draws: Draws) -> _Chair:
        frame = draws.choice((draws.wood(), draws.wood(), draws.metal(), draws.paint()))
        cover = draws.choice((frame, draws.fabric(), draws.paint(), draws.wood()))
        return cls(
            width=draws.uniform(0.40, 0.54),
            depth=draws.uniform(0.38, 0.50),
            height=draws.uniform(0.38, 0.50),
            thickness=draws.uniform(0.035, 0.08),
            back=draws.uniform(0.34, 0.62),
            lean=draws.uniform(0.05, 0.28),
            rod=draws.uniform(0.019, 0.030),
            frame=frame,
            cover=cover,
        )


def make_chair(generator: torch.Generator) -> Mesh:
    """Return a chair drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_chair(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    chair = _Chair.drawn(draws)
    base = draws.choice(("legs", "legs", "splayed", "splayed", "star", "tulip", "cantilever"))
    parts = [_seat(draws, chair), *_BASES[base](draws, chair), _back(draws, chair)]
    if draws.chance(0.35):
        parts += _arms(draws, chair)
    return Mesh.join(parts).fitted()


def _seat(draws: Draws, chair: _Chair) -> Mesh:
    z = chair.height - chair.thickness
    if draws.chance(0.35):
        size = np.array([chair.depth, chair.width, chair.thickness + 0.03])
        return boxes((0, 0, z + size[2] / 2), size, chair.cover, rounding=0.45 * size[2])
    exponent = draws.choice((2.0, 3.5, 8.0, 8.0))
    outline = superellipse(20, exponent) * np.array([chair.depth, chair.width]) / 2
    front = outline[:, :1] / chair.depth * draws.uniform(0.0, 0.25)
    outline *= np.concatenate([np.ones_like(front), 1 + front], 1)
    return extrusion(outline, chair.thickness, chair.cover, rounding=0.012).moved(t=(0, 0, z))


def _feet(chair: _Chair, spread: float) -> tuple[Array, Array]:
    """Return the lower and upper ends of four legs, in the order of ``CORNERS``."""
    tops = CORNERS * (np.array([chair.depth, chair.width]) / 2 - 0.045)
    z = np.full((4, 1), chair.height - 0.6 * chair.thickness)
    return np.hstack([tops + CORNERS * spread, 0 * z]), np.hstack([tops, z])


def _legs(draws: Draws, chair: _Chair) -> list[Mesh]:
    feet, tops = _feet(chair, 0.0)
    parts = []
    if draws.chance(0.5):
        sizes = np.array([2 * chair.rod, 2 * chair.rod, tops[0, 2]])
        parts.append(boxes((feet + tops) / 2, sizes, chair.frame))
    else:
        low = chair.rod * draws.uniform(0.6, 1.0)
        parts.append(rods(feet, tops, low, chair.frame, end_radius=1.1 * chair.rod))
    if draws.chance(0.6):
        z = np.array([0, 0, chair.height * draws.uniform(0.25, 0.5)])
        pairs = np.array(draws.choice(([[0, 2], [1, 3]], [[0, 2], [1, 3], [2, 3]])))
        parts.append(rods(feet[pairs[:, 0]] + z, feet[pairs[:, 1]] + z, 0.6 * chair.rod,
                          chair.frame, sides=8))  # fmt: skip
    return parts


def _splayed(draws: Draws, chair: _Chair) -> list[Mesh]:
    feet, tops = _feet(chair, draws.uniform(0.03, 0.09))
    tops[:, :2] *= 0.8
    return [rods(feet, tops, 0.65 * chair.rod, chair.frame, end_radius=1.2 * chair.rod)]


def _star(draws: Draws, chair: _Chair) -> list[Mesh]:
    count = draws.choice((4, 5))
    angle = 2 * math.pi * (np.arange(count) / count) + draws.uniform(0, 1)
    out = directions(angle)
    reach = draws.uniform(0.25, 0.32)
    feet = reach * out + np.array([0, 0, 0.05])
    axle, dark = np.array([0, 0, 0.02]), (0.12, 0.12, 0.13)
    return [
        rods(feet, np.tile([0, 0, 0.11], (count, 1)), 0.022, chair.frame, end_radius=0.03, sides=8),
        rods(feet - axle, feet + axle, 0.032, dark, sides=8),
        rods((0, 0, 0.08), (0, 0, chair.height - 0.02), 0.035, chair.frame),
    ]


def _tulip(draws: Draws, chair: _Chair) -> list[Mesh]:
    foot, stem = draws.uniform(0.2, 0.26), draws.uniform(0.03, 0.045)
    z = chair.height - chair.thickness
    top = z + 0.01
    profile = [[0.0, 0.0], [foot, 0.0], [foot, 0.015], [0.4 * foot, 0.04], [stem, 0.12],
               [stem, 0.75 * z], [2.5 * stem, top], [0.0, top]]  # fmt: skip
    return [lathe(profile, chair.frame, sides=18)]


def _cantilever(draws: Draws, chair: _Chair) -> list[Mesh]:
    """Return one bent tube per side: along the floor, up at the front, back under the seat."""
    x, z, bend = chair.depth / 2 - 0.02, chair.height - 0.7 * chair.thickness, 0.07
    corner = np.linspace(0, math.pi / 2, 4)
    arc = bend * np.stack([np.sin(corner), 1 - np.cos(corner)], -1)
    low = arc + np.array([x - bend, chair.rod])
    high = (arc * [1, -1] + np.array([x - bend, z]))[::-1]
    flat = np.concatenate([[[-x, chair.rod]], low, high, [[-x, z]]])
    y = chair.width / 2 - 0.03
    sides = [np.stack([flat[:, 0], np.full(len(flat), s * y), flat[:, 1]], -1) for s in (1, -1)]
    bar = rods((-x, -y, chair.rod), (-x, y, chair.rod), chair.rod, chair.frame, sides=8)
    return [tube(path, chair.rod, chair.frame, sides=8) for path in sides] + [bar]


_BASES = {
    "legs": _legs,
    "splayed": _splayed,
    "star": _star,
    "tulip": _tulip,
    "cantilever": _cantilever,
}


def _back(draws: Draws, chair: _Chair) -> Mesh:
    kind = draws.choice(("panel", "panel", "slats", "slats", "ladder", "hoop", "cushion"))
    lean = turn("y", -chair.lean)
    place = (-chair.depth / 2 + 0.03, 0.0, chair.height - 0.6 * chair.thickness)
    return Mesh.join(_BACKS[kind](draws, chair)).moved(lean, place)


def _posts(chair: _Chair) -> Mesh:
    y = chair.width / 2 - chair.rod
    lower = np.array([[0, y, 0], [0, -y, 0]])
    return rods(lower, lower + np.array([0, 0, chair.back]), chair.rod, chair.frame, sides=8)


def _panel(draws: Draws, chair: _Chair) -> list[Mesh]:
    """Return a board, with posts across the gap to the seat if there is one."""
    gap = draws.choice((0.0, draws.uniform(0.08, 0.18)))
    size = np.array([chair.back - gap, chair.width * draws.uniform(0.85, 1.0)])
    outline = superellipse(24, draws.choice((3.0, 5.0, 9.0))) * size / 2
    board = extrusion(outline, draws.uniform(0.025, 0.045), chair.cover, rounding=0.01)
    board = board.moved(turn("y", -math.pi / 2), (0.0, 0.0, gap + size[0] / 2))
    return [board] if gap == 0 else [board, _posts(chair)]


def _cushion(draws: Draws, chair: _Chair) -> list[Mesh]:
    thick = draws.uniform(0.06, 0.1)
    size = np.array([thick, chair.width * draws.uniform(0.9, 1.0), chair.back])
    return [boxes((0, 0, chair.back / 2), size, chair.cover, rounding=0.45 * thick)]


def _slats(draws: Draws, chair: _Chair) -> list[Mesh]:
    count = draws.choice((3, 4, 5))
    inner = chair.width - 4 * chair.rod
    y = inner * ((np.arange(count) + 0.5) / count - 0.5)
    rail = 0.07
    centers = np.stack([0 * y, y, np.full(count, chair.back / 2)], -1)
    sizes = np.array([0.02, draws.uniform(0.4, 0.6) * inner / count, chair.back - rail])
    top = boxes((0, 0, chair.back - rail / 2), (0.035, chair.width, rail), chair.frame,
                rounding=0.012)  # fmt: skip
    return [_posts(chair), boxes(centers, sizes, chair.frame), top]


def _ladder(draws: Draws, chair: _Chair) -> list[Mesh]:
    count = draws.choice((2, 3, 4))
    z = chair.back * (0.3 + 0.66 * np.arange(count) / (count - 1))
    centers = np.stack([0 * z, 0 * z, z], -1)
    height = chair.back * draws.uniform(0.28, 0.4) / count
    color = draws.choice((chair.frame, chair.cover))
    return [_posts(chair), boxes(centers, (0.025, chair.width - 0.02, height), color)]


def _hoop(draws: Draws, chair: _Chair) -> list[Mesh]:
    angle = np.linspace(0, math.pi, 13)
    y = (chair.width / 2 - chair.rod) * np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.7
    z = chair.back * np.sin(angle) ** 0.8
    path = np.stack([0 * y, y, z], -1)
    count = draws.choice((3, 5))
    at = np.linspace(-0.6, 0.6, count)
    feet = np.stack([0 * at, at * (chair.width / 2 - chair.rod), 0 * at], -1)
    ends = feet + np.stack([0 * at, 0 * at, chair.back * (1 - np.abs(at) ** 2.9) ** 0.57], -1)
    return [
        tube(path, 0.95 * chair.rod, chair.frame, sides=8),
        rods(feet, ends, 0.6 * chair.rod, chair.frame, sides=6),
    ]


_BACKS = {
    "panel": _panel,
    "cushion": _cushion,
    "slats": _slats,
    "ladder": _ladder,
    "hoop": _hoop,
}


def _arms(draws: Draws, chair: _Chair) -> list[Mesh]:
    height = draws.uniform(0.18, 0.24)
    y = chair.width / 2 + 0.01
    front, rear = chair.depth / 2 - draws.uniform(0.04, 0.12), -chair.depth / 2
    rear -= height * math.tan(chair.lean) - 0.02
    ends = np.array([[front, y], [front, -y]])
    feet = np.hstack([ends, np.full((2, 1), chair.height - chair.thickness)])
    centers = [[(front + rear) / 2, s * y, chair.height + height] for s in (1, -1)]
    size = (front - rear + 0.06, draws.uniform(0.04, 0.06), 0.03)
    rest = boxes(centers, size, draws.choice((chair.frame, chair.cover)), rounding=0.01)
    tops = feet + np.array([0, 0, height + chair.thickness])
    return [rest, rods(feet, tops, 0.8 * chair.rod, chair.frame, sides=8)]
