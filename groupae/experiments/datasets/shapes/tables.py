"""Tables with a top on legs, a pedestal or trestles; the long side faces x."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws, mixed
from groupae.experiments.datasets.shapes.lofting import Array
from groupae.experiments.datasets.shapes.primitives import (
    CORNERS,
    boxes,
    directions,
    extrusion,
    lathe,
    rods,
    superellipse,
)

__all__ = ["make_table"]

_ROUND = ("pedestal", "pedestal", "splayed", "legs")
_SQUARE = ("legs", "legs", "splayed", "trestle", "crossed", "pedestal")
_LOW = ("legs", "legs", "splayed", "trestle")


@dataclass(frozen=True)
class _Table:
    """Lengths shared by all parts, in metres, and colours of top and frame."""

    depth: float
    width: float
    height: float
    thickness: float
    exponent: float
    top: Color
    frame: Color

    @classmethod
    def drawn(cls, draws: Draws) -> _Table:
        wood = draws.wood()
        is_round = draws.chance(0.4)
        depth = draws.uniform(0.7, 1.0)
        stretch = (
            draws.choice((1.0, draws.uniform(1.1, 1.4))) if is_round else draws.uniform(1, 1.8)
        )
        is_low = draws.chance(0.3)
        return cls(
            depth=depth,
            width=depth * stretch,
            height=draws.uniform(0.36, 0.48) if is_low else draws.uniform(0.62, 0.8),
            thickness=draws.uniform(0.035, 0.075),
            exponent=draws.uniform(2.0, 2.3) if is_round else draws.choice((8.0, 16.0, 60.0)),
            top=draws.choice((wood, wood, draws.neutral(), draws.paint())),
            frame=draws.choice((wood, draws.wood(), draws.metal(), draws.neutral(), draws.paint())),
        )


def make_table(generator: torch.Generator) -> Mesh:
    """Return a table drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_table(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    table = _Table.drawn(draws)
    kinds = _ROUND if table.exponent < 4 else _SQUARE if table.height > 0.5 else _LOW
    kind = draws.choice(kinds)
    parts = [_top(draws, table), *_BASES[kind](draws, table)]
    return Mesh.join(parts).fitted()


def _top(draws: Draws, table: _Table) -> Mesh:
    outline = superellipse(32, table.exponent) * np.array([table.depth, table.width]) / 2
    edge = draws.choice((table.top, table.top, table.frame, mixed(table.top, (0, 0, 0), 0.4)))
    colors = np.full((3, 1, 3), table.top)
    colors[1] = edge
    board = extrusion(outline, table.thickness, colors, rounding=0.012)
    return board.moved(t=(0, 0, table.height - table.thickness))


def _corners(table: _Table, inset: float) -> Array:
    """Return the feet of four upright legs, shape ``(4, 3)``."""
    reach = 2 ** (-1 / table.exponent)
    flat = CORNERS * (np.array([table.depth, table.width]) / 2 * reach - inset)
    return np.hstack([flat, np.zeros((4, 1))])


def _legs(draws: Draws, table: _Table) -> list[Mesh]:
    rod = draws.uniform(0.028, 0.05)
    feet = _corners(table, rod + draws.uniform(0.0, 0.05))
    z = table.height - table.thickness
    if draws.chance(0.6):
        legs = boxes(feet + np.array([0, 0, z / 2]), (2 * rod, 2 * rod, z), table.frame)
    else:
        legs = rods(feet, feet + np.array([0, 0, z]), draws.uniform(0.5, 1.0) * rod, table.frame,
                    end_radius=rod)  # fmt: skip
    parts = [legs]
    if table.exponent > 4:
        if draws.chance(0.4):
            parts += _apron(draws, table, feet)
        if draws.chance(0.4):
            size = (2 * feet[0, 0] + rod, 2 * feet[0, 1] + rod, 0.03)
            parts.append(boxes((0, 0, z * draws.uniform(0.22, 0.4)), size, table.top))
    return parts


def _apron(draws: Draws, table: _Table, feet: Array) -> list[Mesh]:
    """Return a frame under the top, with a drawer and its knob in front."""
    high = draws.uniform(0.08, 0.14)
    x, y = feet[0, :2]
    z = table.height - table.thickness - high / 2
    parts = [boxes((0, 0, z), (2 * x, 2 * y, high), table.frame)]
    if draws.chance(0.7):
        paint = mixed(table.frame, draws.choice(((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))), 0.3)
        count = draws.choice((1, 2))
        at = (np.arange(count) - (count - 1) / 2) * y
        centers = np.stack([np.full(count, x), at, np.full(count, z)], -1)
        parts.append(boxes(centers, (0.02, 0.8 * y, 0.75 * high), paint))
        parts.append(boxes(centers + np.array([0.02, 0, 0]), (0.03, 0.05, 0.03), draws.metal()))
    return parts


def _splayed(draws: Draws, table: _Table) -> list[Mesh]:
    rod, spread = draws.uniform(0.026, 0.042), draws.uniform(0.05, 0.12)
    tops = _corners(table, 0.16)
    tops[:, 2] = table.height - 0.5 * table.thickness
    feet = tops * [1, 1, 0] + np.sign(tops) * [spread, spread, 0]
    parts = [rods(feet, tops, draws.uniform(0.45, 0.7) * rod, table.frame, end_radius=rod)]
    if draws.chance(0.35):
        share = draws.uniform(0.3, 0.5)
        corner = feet[0] + share * (tops[0] - feet[0])
        outline = superellipse(24, table.exponent) * corner[:2] * 2 ** (1 / table.exponent)
        parts.append(extrusion(outline, 0.03, table.top).moved(t=(0, 0, corner[2])))
    return parts


def _pedestal(draws: Draws, table: _Table) -> list[Mesh]:
    """Return one column, or two for a long table, each on a disc or on feet."""
    z = table.height - 0.5 * table.thickness
    stem, foot = draws.uniform(0.04, 0.075), draws.uniform(0.22, 0.3) * table.depth
    places = [(0, 0, 0)] if table.width < 1.5 * table.depth else [
        (0, s * 0.28 * table.width, 0) for s in (1, -1)]  # fmt: skip
    has_disc = draws.chance(0.6)
    low = [[0.0, 0.05], [stem, 0.05]]
    if has_disc:
        low = [[0.0, 0.0], [foot, 0.0], [foot, 0.025], [1.6 * stem, 0.06]]
    bulge = draws.uniform(1.0, 1.7)
    shaft = [[stem, 0.2 * z], [bulge * stem, 0.4 * z], [stem, 0.6 * z], [stem, 0.85 * z],
             [2 * stem, z], [0.0, z]]  # fmt: skip
    parts = [lathe(low + shaft, table.frame, at=places, sides=16)]
    if not has_disc:
        count = draws.choice((3, 4))
        angle = 2 * math.pi * (np.arange(count) + 0.5) / count
        out = directions(angle)
        starts = np.asarray(places)[:, None] + 1.3 * foot * out + [0, 0, 0.03]
        ends = np.asarray(places)[:, None] + np.broadcast_to([0, 0, 0.3 * z], out.shape)
        parts.append(rods(starts, ends, 0.03, table.frame, end_radius=0.04, sides=8))
    return parts


def _trestle(draws: Draws, table: _Table) -> list[Mesh]:
    """Return two boards across, and a beam between them."""
    z = table.height - table.thickness
    y = table.width / 2 - draws.uniform(0.06, 0.2)
    wide = table.depth * draws.uniform(0.55, 0.9)
    sides = boxes([[0, y, z / 2], [0, -y, z / 2]], (wide, 0.05, z), table.frame)
    beam = boxes((0, 0, z * draws.uniform(0.2, 0.6)), (0.05, 2 * y, 0.1), table.frame)
    return [sides, beam]


def _crossed(draws: Draws, table: _Table) -> list[Mesh]:
    """Return a pair of crossed beams at each end, and a beam between them."""
    z = table.height - 0.5 * table.thickness
    y, x = table.width / 2 - draws.uniform(0.1, 0.25), table.depth / 2 - 0.06
    rod = draws.uniform(0.03, 0.042)
    feet = np.array([[s * x, t * y, 0] for s in (1, -1) for t in (1, -1)])
    legs = rods(feet, feet * [-1, 1, 1] + [0, 0, z], rod, table.frame, sides=4)
    return [legs, rods((0, -y, z / 2), (0, y, z / 2), 0.8 * rod, table.frame, sides=8)]


_BASES = {
    "legs": _legs,
    "splayed": _splayed,
    "pedestal": _pedestal,
    "trestle": _trestle,
    "crossed": _crossed,
}
