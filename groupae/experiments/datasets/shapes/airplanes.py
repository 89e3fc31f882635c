"""Airplanes of five families, from airliner to glider, with nose along x and wings along y.

No half turn is a symmetry: belly and undersides of the wings are lighter, the left wing tip is red
and the right one green, as on real airplanes. So every pose looks different.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.draws import Color, Draws, mixed
from groupae.experiments.datasets.shapes.lofting import Array, loft
from groupae.experiments.datasets.shapes.primitives import (
    lathe,
    rods,
    sections,
    side_levels,
    superellipse,
)
from groupae.experiments.datasets.shapes.wings import wing

__all__ = ["make_airplane"]

_WHITE: Color = (0.97, 0.97, 0.97)
_DARK: Color = (0.08, 0.10, 0.14)
_RED: Color = (0.93, 0.08, 0.08)
_GREEN: Color = (0.05, 0.80, 0.25)
_SIDES = 20


@dataclass(frozen=True)
class _Family:
    """Ranges of the measures of one family of airplanes; the fuselage has length 2."""

    radius: tuple[float, float]
    nose: tuple[float, float]  # share of the length
    tail: tuple[float, float]
    span: tuple[float, float]  # of one wing
    chord: tuple[float, float]
    taper: tuple[float, float]
    sweep: tuple[float, float]
    heights: tuple[float, ...]  # of the wing, from -1 (low) to 1 (high)
    tails: tuple[str, ...]
    engines: tuple[str, ...]


_FAMILIES = {
    "airliner": _Family(
        (0.105, 0.145), (0.12, 0.2), (0.28, 0.4), (0.8, 1.05), (0.36, 0.5), (0.25, 0.42),
        (0.4, 0.65), (-0.65, -0.65, -0.4), ("low", "low", "low", "T"),
        ("wing 2", "wing 2", "wing 4", "tail 2"),
    ),
    "jet": _Family(
        (0.1, 0.13), (0.2, 0.32), (0.3, 0.42), (0.65, 0.9), (0.34, 0.46), (0.3, 0.5),
        (0.3, 0.6), (-0.7, -0.5), ("T", "T", "V", "low"), ("tail 2", "tail 2", "tail 3"),
    ),
    "propeller": _Family(
        (0.13, 0.17), (0.12, 0.22), (0.5, 0.62), (0.85, 1.1), (0.34, 0.44), (0.6, 1.0),
        (0.0, 0.1), (-0.8, 0.9, 0.9), ("low", "low", "T", "V"), ("nose", "nose", "propellers 2"),
    ),
    "fighter": _Family(
        (0.1, 0.13), (0.32, 0.45), (0.12, 0.22), (0.45, 0.65), (0.75, 1.0), (0.12, 0.3),
        (0.7, 0.95), (-0.2, 0.0, 0.3), ("low", "V", "twin"), ("nozzle",),
    ),
    "glider": _Family(
        (0.085, 0.11), (0.2, 0.3), (0.55, 0.68), (1.3, 1.6), (0.24, 0.3), (0.35, 0.6),
        (0.0, 0.12), (0.2, 0.6), ("T", "T", "V", "low"), ("none",),
    ),
}  # fmt: skip
# Families to choose from; common ones are listed twice
_CHOICES = ("airliner", "airliner", "jet", "propeller", "propeller", "fighter", "glider")


@dataclass(frozen=True)
class _Paint:
    body: Color
    belly: Color
    wing: Color
    tail: Color
    stripe: Color
    engine: Color


def _draw_paint(draws: Draws) -> _Paint:
    body = draws.choice((draws.paint(), draws.paint(), draws.near((0.74, 0.77, 0.82), 0.06)))
    accent = draws.hue((0.7, 1.0), (0.5, 0.95))
    return _Paint(
        body=body,
        belly=mixed(body, _WHITE, draws.uniform(0.75, 0.95)),
        wing=draws.choice((body, mixed(body, (0.5, 0.5, 0.55), 0.6), accent, draws.neutral())),
        tail=draws.choice((accent, accent, draws.hue((0.6, 1.0), (0.4, 0.9)))),
        stripe=draws.choice((accent, accent, body, _WHITE)),
        engine=draws.choice((accent, mixed(body, (0.4, 0.4, 0.45), 0.5), draws.neutral())),
    )


def make_airplane(generator: torch.Generator) -> Mesh:
    """Return an airplane drawn from ``generator``, of radius 1 about the origin.

    Example:
        >>> make_airplane(torch.Generator().manual_seed(0))
        Mesh(... vertices, ... faces)
    """
    draws = Draws(generator)
    name = draws.choice(_CHOICES)
    family, paint = _FAMILIES[name], _draw_paint(draws)
    radius = draws.uniform(*family.radius)
    hull = _Hull.drawn(draws, family, radius, name)
    engines = draws.choice(family.engines)
    parts = hull.meshes(draws, paint, engines == "nose")
    wings = _Wings.drawn(draws, family, hull)
    parts.append(wings.mesh(draws, family, paint.wing))
    parts += _engines(draws, paint.engine, hull, wings, engines)
    parts += _tail(draws, family, paint, hull, "T" if engines == "tail 3" else None)
    return Mesh.join(parts).fitted()


@dataclass(frozen=True)
class _Hull:
    """Fuselage from x = -1 to 1, with one section at each entry of ``x``."""

    radius: float
    x: Array
    width: Array
    height: Array
    middle: Array
    nose: float
    name: str

    @classmethod
    def drawn(cls, draws: Draws, family: _Family, radius: float, name: str) -> _Hull:
        nose, tail = draws.uniform(*family.nose), draws.uniform(*family.tail)
        t = np.concatenate(
            [np.linspace(0, tail, 6)[:-1], np.linspace(tail, 1 - nose, 5)[:-1],
             1 - nose * np.array([1, 0.8, 0.6, 0.42, 0.27, 0.15, 0.06, 0.0])]
        )  # fmt: skip
        sharp = draws.uniform(1.5, 2.4) if name != "fighter" else draws.uniform(1.1, 1.5)
        front = np.maximum(1 - np.clip((t - 1 + nose) / nose, 0, 1) ** sharp, 0) ** 0.65
        thin = {"fighter": 0.75, "glider": 0.2}.get(name, draws.uniform(0.08, 0.2))
        back = thin + (1 - thin) * np.sin(np.pi / 2 * np.clip(t / tail, 0, 1)) ** 1.2
        size = radius * front * back
        lift = radius * draws.uniform(0.2, 0.8) * (1 - np.clip(t / tail, 0, 1)) ** 1.5
        droop = radius * draws.uniform(0.0, 0.35) * np.clip((t - 1 + nose) / nose, 0, 1) ** 2
        tall = draws.uniform(1.0, 1.25)
        return cls(radius, 2 * t - 1, size, size * tall, lift - droop, nose, name)

    def at(self, x: float) -> tuple[float, float, float]:
        """Return half width, half height and height of the middle at ``x``."""
        width, height, middle = (
            float(np.interp(x, self.x, values)) for values in (self.width, self.height, self.middle)
        )
        return width, height, middle

    def meshes(self, draws: Draws, paint: _Paint, has_cowling: bool) -> list[Mesh]:
        outline = superellipse(_SIDES, draws.uniform(2.0, 2.6))
        rings = sections(self.x, self.width, self.middle, self.height, outline)
        parts = [loft(rings, self._colors(draws, paint, has_cowling), caps=_DARK)]
        if self.name in ("propeller", "fighter", "glider"):
            parts.append(self._canopy(draws))
        return parts

    def _colors(self, draws: Draws, paint: _Paint, has_cowling: bool) -> Array:
        level = side_levels(_SIDES)
        x = (self.x[1:] + self.x[:-1]) / 2
        colors = np.full((len(x), _SIDES, 3), paint.body)
        colors[:, level < draws.uniform(-0.5, -0.2)] = paint.belly
        stripe = draws.choice(("line", "line", "tail", "nose", "none"))
        if stripe == "line":
            colors[:, np.abs(level) < 0.2] = paint.stripe
        elif stripe == "tail":
            colors[x < draws.uniform(-0.75, -0.4)] = paint.tail
        if stripe == "nose" or has_cowling:
            colors[x > 1 - 2 * self.nose] = paint.stripe
        if self.name in ("airliner", "jet"):
            front = 1 - 2 * self.nose * np.array([0.62, 0.3])
            is_pane = (x > front[0]) & (x < front[1])
            colors[np.ix_(is_pane, level > 0.3)] = _DARK
        return colors

    def _canopy(self, draws: Draws) -> Mesh:
        place = {"propeller": (-0.05, 0.3), "fighter": (0.2, 0.4), "glider": (0.35, 0.5)}
        x = draws.uniform(*place[self.name])
        _, height, middle = self.at(x)
        length = draws.uniform(0.22, 0.32)
        angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
        size = np.cos(angle)[:, None] * np.array([0.72, 0.75]) * self.radius
        size[[0, -1]] = 0
        along, level = x + length * np.sin(angle), np.full(9, middle + 0.72 * height)
        rings = sections(along, size[:, 0], level, size[:, 1], superellipse(12))
        return loft(rings, mixed(_DARK, (0.3, 0.45, 0.6), draws.uniform(0.0, 0.6)))


@dataclass(frozen=True)
class _Wings:
    """Position and measures of both wings; angles in radians."""

    x: float
    z: float
    span: float
    chord: float
    sweep: float
    dihedral: float

    @classmethod
    def drawn(cls, draws: Draws, family: _Family, hull: _Hull) -> _Wings:
        chord, span = draws.uniform(*family.chord), draws.uniform(*family.span)
        sweep, height = draws.uniform(*family.sweep), draws.choice(family.heights)
        x = draws.uniform(0.1, 0.2) + 0.35 * chord + 0.25 * span * math.tan(sweep)
        x += {"propeller": 0.12, "glider": 0.12, "fighter": -0.2}.get(hull.name, 0.0)
        _, tall, middle = hull.at(x - chord / 2)
        dihedral = draws.uniform(0.02, 0.12) * (1 if height < 0.5 else 0.3)
        return cls(x, middle + height * tall, span, chord, sweep, dihedral)

    def at(self, share: float, side: int) -> tuple[float, float, float]:
        """Return the leading edge at a share of the span; ``side`` is 1 on the left, -1 right."""
        out = share * self.span
        y, rise = math.cos(self.dihedral) * out, math.sin(self.dihedral) * out
        return self.x - out * math.tan(self.sweep), side * y, self.z + rise

    def mesh(self, draws: Draws, family: _Family, upper: Color) -> Mesh:
        """Return both wings, lighter below, with a red left tip and a green right one."""
        colors = np.empty((2, 4, 10, 3))
        colors[:, :, :5], colors[:, :, 5:] = upper, mixed(upper, _WHITE, 0.8)
        colors[0, -2:], colors[1, -2:] = _RED, _GREEN
        return wing(
            (self.x, 0.0, self.z), self.span, self.chord, colors,
            taper=draws.uniform(*family.taper), sweep=self.sweep, dihedral=self.dihedral,
            thickness=draws.uniform(0.1, 0.14), stations=(0.0, 0.5, 0.88, 0.97, 1.0), is_pair=True,
        )  # fmt: skip


def _engines(draws: Draws, color: Color, hull: _Hull, wings: _Wings, kind: str) -> list[Mesh]:
    if kind == "none":
        return []
    if kind == "nose":
        return _propellers(draws, [(1.0, 0.0, float(hull.middle[-1]))], draws.uniform(0.26, 0.36))
    if kind == "nozzle":
        width, _, middle = hull.at(-1.0)
        return [_pods([(-1.0, 0.0, middle)], 0.85 * width, 0.16, (0.3, 0.3, 0.32))]
    radius = draws.uniform(0.055, 0.08)
    if kind.startswith("tail"):
        x = draws.uniform(-0.62, -0.5)
        width, height, middle = hull.at(x)
        side = width + 0.9 * radius
        centers = [(x, s * side, middle + 0.35 * height) for s in (1, -1)]
        if kind == "tail 3":
            centers.append((x - 0.15, 0.0, middle + height + 0.6 * radius))
        return [_pods(centers, radius, draws.uniform(0.3, 0.4), color)]
    shares = [draws.uniform(0.28, 0.38), draws.uniform(0.58, 0.66)][: 2 if kind == "wing 4" else 1]
    drop = radius * (0.3 if kind == "propellers 2" else 1.15)
    edges = [wings.at(share, side) for share in shares for side in (1, -1)]
    centers = [(x + 0.03, y, z - drop) for x, y, z in edges]
    pods = _pods(centers, radius, draws.uniform(0.26, 0.36), color)
    if kind != "propellers 2":
        return [pods]
    tips = [(x + 0.16, y, z) for x, y, z in centers]
    return [pods, *_propellers(draws, tips, draws.uniform(0.17, 0.22))]


def _pods(
    centers: list[tuple[float, float, float]], radius: float, length: float, color: Color
) -> Mesh:
    """Return nacelles along x with a dark intake; the profile is that of a barrel."""
    h = length / 2
    profile = np.array(
        [[0, -h], [0.45 * radius, -h], [0.85 * radius, -0.4 * h], [radius, 0.4 * h],
         [0.93 * radius, h], [0.75 * radius, h], [0, 0.7 * h]]
    )  # fmt: skip
    colors = np.full((6, 1, 3), color)
    colors[[0, 5]] = _DARK
    colors[[3, 4]] = mixed(color, _WHITE, 0.5)
    return lathe(profile, colors, at=centers, axis=(1.0, 0.0, 0.0), sides=12)


def _propellers(draws: Draws, tips: list[tuple[float, float, float]], radius: float) -> list[Mesh]:
    blades = draws.choice((2, 3, 4))
    start = draws.uniform(0, math.pi)
    color = draws.choice((_DARK, (0.85, 0.7, 0.15), (0.75, 0.75, 0.78)))
    angle = start + 2 * math.pi / blades * np.arange(blades)
    out = np.stack([np.zeros(blades), np.cos(angle), np.sin(angle)], -1)
    hubs = np.asarray(tips)[:, None] + np.array([0.03, 0.0, 0.0])
    hub = lathe([[0, -0.06], [0.05, -0.05], [0.045, 0.0], [0, 0.09]], (0.8, 0.1, 0.1), at=tips,
                axis=(1.0, 0.0, 0.0), sides=10)  # fmt: skip
    blade = rods(np.broadcast_to(hubs, (len(tips), blades, 3)), hubs + radius * out, 0.028, color,
                 end_radius=0.02, sides=6)  # fmt: skip
    return [hub, blade]


def _tail(
    draws: Draws, family: _Family, paint: _Paint, hull: _Hull, kind: str | None
) -> list[Mesh]:
    kind = kind or draws.choice(family.tails)
    chord, height = draws.uniform(0.26, 0.34), draws.uniform(0.3, 0.4)
    x = -1.0 + chord + draws.uniform(0.0, 0.06)
    _, tall, middle = hull.at(x - chord / 2)
    root = (x, 0.0, middle + 0.3 * tall)
    sweep = draws.uniform(0.35, 0.75) if hull.name != "propeller" else draws.uniform(0.15, 0.5)
    if kind == "V":
        return [
            wing(root, 1.15 * height, chord, paint.tail, taper=0.5, sweep=sweep,
                 dihedral=draws.uniform(0.6, 0.8), is_pair=True)
        ]  # fmt: skip
    taper = draws.uniform(0.4, 0.65)
    if kind == "twin":
        root = (x, 0.6 * hull.radius, root[2])
        fin = wing(root, 0.85 * height, chord, paint.tail, taper=taper, sweep=sweep,
                   dihedral=1.3, is_pair=True)  # fmt: skip
    else:
        fin = wing(root, height, chord, paint.tail, taper=taper, sweep=sweep, dihedral=math.pi / 2)
    place = (x - 0.03, 0.0, root[2])
    if kind == "T":
        place = (x - 0.9 * math.tan(sweep) * height, 0.0, root[2] + 0.93 * height)
    colors = np.repeat(np.array([paint.wing, mixed(paint.wing, _WHITE, 0.8)]), 5, 0)
    plane = wing(place, draws.uniform(0.28, 0.4), 0.8 * chord, colors, taper=0.55, is_pair=True,
                 sweep=draws.uniform(0.2, 0.6) if family.sweep[1] > 0.2 else 0.1)  # fmt: skip
    return [fin, plane]
