"""Cars with a body of cross-sections along x, a cabin with dark windows, wheels and lights.

Headlights are white or yellow, tail lights red; left and right are mirror images, except for the
colours of the wing mirrors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws, mixed
from groupae.experiments.datasets.shapes.lofting import Array, loft
from groupae.experiments.datasets.shapes.primitives import (
    CORNERS,
    boxes,
    lathe,
    sections,
    side_levels,
    superellipse,
)

__all__ = ["make_car"]

_GLASS: Color = (0.10, 0.13, 0.18)
_RUBBER: Color = (0.07, 0.07, 0.08)
_WHITE: Color = (0.95, 0.95, 0.90)
_RED: Color = (0.85, 0.04, 0.04)


@dataclass(frozen=True)
class _Outline:
    """Side view of one kind of car, from x = -1 (rear) to 1; heights are shares of the height.

    Args:
        body: Points (x, height) of the boot, the belt line and the bonnet, rear to front.
        cabin: Rear and front end of the cabin at the belt line.
        roof: The same at the roof.
        height: Range of the height.
        width: Range of half the width.
        clearance: Height of the floor.
        wheel: Range of the radius of the wheels.
    """

    body: tuple[tuple[float, float], ...]
    cabin: tuple[float, float]
    roof: tuple[float, float]
    height: tuple[float, float]
    width: tuple[float, float] = (0.36, 0.42)
    clearance: tuple[float, float] = (0.09, 0.13)
    wheel: tuple[float, float] = (0.15, 0.18)


_OUTLINES = {
    "sedan": _Outline(
        ((-1, 0.52), (-0.95, 0.64), (-0.6, 0.68), (0.35, 0.66), (0.9, 0.58), (1, 0.46)),
        (-0.72, 0.45), (-0.4, 0.1), (0.58, 0.68),
    ),
    "hatchback": _Outline(
        ((-1, 0.52), (-0.96, 0.62), (0.4, 0.62), (0.9, 0.55), (1, 0.44)),
        (-0.96, 0.5), (-0.72, 0.15), (0.68, 0.8), wheel=(0.17, 0.2),
    ),
    "wagon": _Outline(
        ((-1, 0.52), (-0.97, 0.64), (0.35, 0.64), (0.9, 0.57), (1, 0.46)),
        (-0.97, 0.45), (-0.85, 0.12), (0.6, 0.68),
    ),
    "offroader": _Outline(
        ((-1, 0.58), (-0.97, 0.62), (0.45, 0.62), (0.95, 0.6), (1, 0.55)),
        (-0.97, 0.42), (-0.93, 0.25), (0.78, 0.9), clearance=(0.16, 0.2), wheel=(0.2, 0.24),
    ),
    "van": _Outline(
        ((-1, 0.5), (-0.98, 0.55), (0.65, 0.55), (0.93, 0.47), (1, 0.36)),
        (-0.98, 0.82), (-0.95, 0.5), (0.8, 0.95), wheel=(0.16, 0.19),
    ),
    "pickup": _Outline(
        ((-1, 0.44), (-0.98, 0.46), (-0.22, 0.46), (-0.18, 0.64), (0.45, 0.64), (0.93, 0.6),
         (1, 0.5)),
        (-0.2, 0.5), (-0.12, 0.22), (0.64, 0.76), clearance=(0.13, 0.17), wheel=(0.18, 0.21),
    ),
    "roadster": _Outline(
        ((-1, 0.56), (-0.95, 0.7), (-0.5, 0.74), (0.25, 0.7), (0.85, 0.6), (1, 0.42)),
        (-0.85, 0.35), (-0.3, -0.05), (0.48, 0.56), (0.4, 0.45), (0.07, 0.09), (0.15, 0.17),
    ),
}  # fmt: skip
# Kinds to choose from; common ones are listed twice
_CHOICES = ("sedan", "sedan", "hatchback", "wagon", "offroader", "van", "pickup", "roadster")


@dataclass(frozen=True)
class _Car:
    """Kind, measures and colours of one car."""

    outline: _Outline
    name: str
    height: float
    width: float
    clearance: float
    wheel: float
    paint: Color
    roof: Color

    @classmethod
    def drawn(cls, draws: Draws) -> _Car:
        name = draws.choice(_CHOICES)
        outline = _OUTLINES[name]
        paint = draws.choice((draws.paint(), draws.paint(), draws.neutral()))
        return cls(
            outline=outline,
            name=name,
            height=draws.uniform(*outline.height),
            width=draws.uniform(*outline.width),
            clearance=draws.uniform(*outline.clearance),
            wheel=draws.uniform(*outline.wheel),
            paint=paint,
            roof=draws.choice((paint, paint, paint, draws.neutral())),
        )

    def belt(self, x: float) -> float:
        """Return the height of the body at ``x``."""
        places, heights = np.array(self.outline.body).T
        return float(np.interp(x, places, heights)) * self.height


def make_car(generator: torch.Generator) -> Mesh:
    """Return a car drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_car(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    car = _Car.drawn(draws)
    parts = [_body(draws, car), _cabin(draws, car), *_wheels(draws, car), _fittings(draws, car)]
    if car.name == "pickup":
        parts.append(_bed(car))
    return Mesh.join(parts + _extras(draws, car)).fitted()


def _body(draws: Draws, car: _Car) -> Mesh:
    knots = np.array(car.outline.body)
    x = np.unique(np.concatenate([knots[:, 0], [-0.9, -0.3, 0.2, 0.7, 0.97]]))
    top = np.interp(x, knots[:, 0], knots[:, 1]) * car.height
    ends = np.clip((np.abs(x) - 0.8) / 0.2, 0, 1) ** 2
    floor = car.clearance + 0.06 * ends
    width = car.width * (1 - draws.uniform(0.06, 0.16) * ends)
    outline = superellipse(20, draws.uniform(4.0, 8.0))
    rings = sections(x, width, (top + floor) / 2, (top - floor) / 2, outline)
    level = side_levels(20)
    colors = np.full((20, 3), car.paint)
    if draws.chance(0.3):
        colors[level < -0.4] = draws.choice((_RUBBER, mixed(car.paint, (0.0, 0.0, 0.0), 0.5)))
    elif draws.chance(0.2):
        colors[np.abs(level) < 0.2] = draws.neutral()
    return loft(rings, colors)


def _cabin(draws: Draws, car: _Car) -> Mesh:
    """Return the cabin as rings around z, whose corner columns are its pillars."""
    belt = car.belt(sum(car.outline.cabin) / 2)
    shares = np.array([-0.1, 0.08, 0.82, 0.97, 1.0])
    outer = np.array([*car.outline.cabin, 0.93 * car.width, 0.09])
    inner = np.array([*car.outline.roof, draws.uniform(0.72, 0.84) * car.width, 0.06])
    inner[2] *= 1.08 if car.name in ("van", "offroader") else 1.0
    rear, front, side, corner = (outer + shares[:, None] * (inner - outer)).T
    inset = 0.2 * min(0.4, front[-1] - rear[-1])
    front[-1], rear[-1], side[-1], corner[-1] = (
        front[-1] - inset,
        rear[-1] + inset,
        side[-1] - 0.06,
        0.02,
    )
    middle = draws.uniform(0.42, 0.55)
    cut = rear[:, None] + np.array([middle + 0.035, middle - 0.035]) * (front - rear)[:, None]
    left = np.stack([front - corner, cut[:, 0], cut[:, 1], rear + corner], -1)
    x = np.concatenate(
        [front[:, None], front[:, None] + 0.03, front[:, None], left,
         rear[:, None], rear[:, None] - 0.015, rear[:, None], left[:, ::-1]], 1
    )  # fmt: skip
    flat = side[:, None]
    y = np.concatenate([-flat + corner[:, None], 0 * flat, flat - corner[:, None],
                        *[flat] * 4, flat - corner[:, None], 0 * flat, -flat + corner[:, None],
                        *[-flat] * 4], 1)  # fmt: skip
    z = np.broadcast_to((belt + shares * (car.height - belt))[:, None], x.shape)
    return loft(np.stack([x, y, z], -1), _cabin_colors(draws, car), caps=car.roof)


def _cabin_colors(draws: Draws, car: _Car) -> Array:
    colors = np.full((4, 14, 3), car.roof)
    colors[0] = car.paint
    panes = [0, 1, 3, 5, 7, 8, 10, 12]
    if car.name == "van" and draws.chance(0.5):
        panes = [0, 1, 3, 12]
    colors[1, panes] = mixed(_GLASS, (0.35, 0.45, 0.55), draws.uniform(0.0, 0.5))
    return colors


def _bed(car: _Car) -> Mesh:
    """Return the load bed of a pickup: three walls and a dark floor."""
    low, high = 0.36 * car.height, 0.6 * car.height
    middle, size = (low + high) / 2, high - low
    w = 0.97 * car.width
    centers = [[-0.58, w - 0.03, middle], [-0.58, 0.03 - w, middle], [-0.965, 0, middle]]
    sizes = [[0.8, 0.06, size], [0.8, 0.06, size], [0.06, 2 * w, size]]
    floor = boxes((-0.58, 0, 0.42 * car.height), (0.78, 2 * w - 0.1, 0.02), _RUBBER)
    return Mesh.join([boxes(centers, sizes, car.paint), floor])


def _wheels(draws: Draws, car: _Car) -> list[Mesh]:
    base, half = draws.uniform(0.56, 0.64), draws.uniform(0.05, 0.07)
    r = min(car.wheel, (min(car.belt(base), car.belt(-base)) - 0.03) / 2.17)
    track = car.width - half + 0.015
    hub = draws.choice(((0.75, 0.76, 0.78), (0.75, 0.76, 0.78), (0.35, 0.36, 0.38), draws.metal()))
    rim = draws.uniform(0.5, 0.68)
    profile = np.array(
        [[0, -half], [rim * r, -half], [0.95 * r, -half], [r, -0.6 * half],
         [r, 0.6 * half], [0.95 * r, half], [rim * r, half], [0, half]]
    )  # fmt: skip
    colors = np.full((7, 1, 3), _RUBBER)
    colors[[0, -1]] = hub
    at = np.hstack([CORNERS * [base, track], np.full((4, 1), r)])
    wheels = lathe(profile, colors, at=at, axis=(0, 1, 0), sides=16)
    arch = [[0, -half], [1.17 * r, -half], [1.17 * r, half], [0, half]]
    at[:, 1] -= np.sign(at[:, 1]) * 0.025
    dark = mixed(car.paint, (0.02, 0.02, 0.02), 0.8)
    return [wheels, lathe(arch, dark, at=at, axis=(0, 1, 0), sides=16)]


def _fittings(draws: Draws, car: _Car) -> Mesh:
    """Return lights, grille, bumpers with number plates, and mirrors."""
    front, rear = car.belt(0.95) - 0.08, max(car.belt(-0.95) - 0.1, 0.22)
    lamp = draws.choice(((1.0, 0.98, 0.85), (1.0, 0.93, 0.5)))
    bumper = draws.choice((_RUBBER, (0.7, 0.7, 0.72), car.paint))
    light = (0.06, draws.uniform(0.12, 0.17), draws.uniform(0.07, 0.11))
    brake = (0.06, 0.1, draws.uniform(0.09, 0.16))
    y, side, low = 0.68 * car.width, car.width + 0.02, car.clearance + 0.09
    mirror, high = car.outline.cabin[1] - 0.12, car.belt(0.3) + 0.05
    fittings = [
        ((0.98, y, front), light, lamp),
        ((0.98, -y, front), light, lamp),
        ((-0.985, 1.1 * y, rear), brake, _RED),
        ((-0.985, -1.1 * y, rear), brake, _RED),
        ((0.985, 0, front - 0.02), (0.05, 0.9 * y, draws.uniform(0.05, 0.1)), _RUBBER),
        ((0.97, 0, low), (0.1, 1.75 * car.width, 0.07), bumper),
        ((-0.97, 0, low), (0.1, 1.75 * car.width, 0.07), bumper),
        ((1.02, 0, low), (0.02, 0.2, 0.06), _WHITE),
        ((-1.02, 0, low), (0.02, 0.2, 0.06), _WHITE),
        ((mirror, side, high), (0.05, 0.08, 0.06), car.paint),
        ((mirror, -side, high), (0.05, 0.08, 0.06), _RUBBER),
    ]
    places, sizes, colors = (np.array(column) for column in zip(*fittings, strict=True))
    return boxes(places, sizes, colors[:, None, None])


def _extras(draws: Draws, car: _Car) -> list[Mesh]:
    """Return a taxi sign, a luggage rack or a spoiler; nothing for most cars."""
    kind = draws.choice(("none", "none", "none", "sign", "rack", "spoiler"))
    middle = sum(car.outline.roof) / 2
    length = car.outline.roof[1] - car.outline.roof[0]
    if kind == "sign":
        return [boxes((middle, 0, car.height + 0.03), (0.1, 0.24, 0.08), (0.98, 0.85, 0.2))]
    if kind == "rack":
        bars = [[middle + s * 0.3 * length, 0, car.height + 0.015] for s in (1, -1)]
        load = boxes((middle, 0, car.height + 0.07), (0.8 * length, 0.4, 0.09), draws.paint(),
                     rounding=0.03)  # fmt: skip
        return [boxes(bars, (0.04, 1.4 * car.width, 0.03), _RUBBER), load]
    if kind == "spoiler" and car.name in ("sedan", "roadster"):
        z = car.belt(-0.9)
        posts = [[-0.9, s * 0.5 * car.width, z + 0.03] for s in (1, -1)]
        return [boxes((-0.92, 0, z + 0.08), (0.14, 1.7 * car.width, 0.025), car.paint),
                boxes(posts, (0.05, 0.03, 0.12), _RUBBER)]  # fmt: skip
    return []
