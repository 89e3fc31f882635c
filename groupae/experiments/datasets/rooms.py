"""Rooms with a floor, a wall and a lamp, drawn behind objects.

A room is a function of its number, in the conventions of `groupae.experiments.datasets.rendering`.
The floor touches the unit ball from below, the wall is behind it, seen from +x. A lamp at a finite
distance lights both by Lambert's law; the object is lit from its direction. Nothing casts a shadow,
so that the room looks the same behind every object.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.rendering import Camera, Light

__all__ = ["Room"]

_STREAM = 0x5700  # separates these draws from those of other keys
_FLOOR, _WALL = -1.0, -3.0  # z of the floor, x of the wall
_LAMP = 3.5  # distance of the lamp from the origin
_SAMPLES = 2  # per pixel in each direction, as for objects


@dataclass(frozen=True)
class Room:
    """Colours of a room and its lamp.

    Args:
        floor: Red, green and blue of the floor in [0, 1].
        wall: Those of the wall.
        tint: Those of the light, at most 1.
        light: Direction and shares of the light.

    Example:
        >>> room = Room.numbered(0)
        >>> room.background(Camera.orbiting(0.0), 64).shape, room == Room.numbered(0)
        (torch.Size([3, 64, 64]), True)
    """

    floor: tuple[float, float, float]
    wall: tuple[float, float, float]
    tint: tuple[float, float, float]
    light: Light

    @classmethod
    def numbered(cls, number: int) -> Room:
        """Return the room of a number of at least 0; all differ, in hues, tint and lamp.

        Hues are uniform. The lamp is uniform in azimuth on the half of the camera, and 25 to 70
        degrees above the horizon.
        """
        generator = keyed_generator(_STREAM, number)
        u = torch.rand(11, generator=generator, dtype=torch.float64).tolist()
        azimuth, elevation = math.pi * (u[0] - 0.5), math.radians(25 + 45 * u[1])
        flat = math.cos(elevation)
        direction = (flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation))
        ambient = 0.25 + 0.25 * u[2]
        return cls(
            floor=colorsys.hsv_to_rgb(u[3], 0.2 + 0.5 * u[4], 0.55 + 0.4 * u[5]),
            wall=colorsys.hsv_to_rgb(u[6], 0.2 + 0.5 * u[7], 0.45 + 0.5 * u[8]),
            tint=colorsys.hsv_to_rgb(u[9], 0.2 * u[10], 1.0),
            light=Light(direction, ambient=ambient, diffuse=1 - ambient),
        )

    def background(self, camera: Camera, size: int) -> Tensor:
        """Return the empty room seen by one camera above the floor, shape ``(3, size, size)``."""
        rays = _rays(camera, size * _SAMPLES)
        position = camera.position[:, None, None]
        down = rays[2].clamp(max=-1e-6)
        away = rays[0].clamp(max=-1e-6)
        to_floor, to_wall = (_FLOOR - position[2]) / down, (_WALL - position[0]) / away
        is_floor = to_floor < to_wall
        places = position + torch.where(is_floor, to_floor, to_wall) * rays
        normals = torch.stack([(~is_floor).float(), torch.zeros_like(down), is_floor.float()])
        paint = torch.where(is_floor, _column(self.floor), _column(self.wall))
        seen = paint * self._brightness(places, normals)
        pixels = torch.nn.functional.avg_pool2d(seen, _SAMPLES)
        return self.lit(pixels)

    def lit(self, colors: Tensor) -> Tensor:
        """Return colours ``(..., 3, H, W)`` under the tint of the light, clipped at 1."""
        return (colors * _column(self.tint)).clamp(0, 1)

    def _brightness(self, places: Tensor, normals: Tensor) -> Tensor:
        direction = torch.tensor(self.light.direction)
        lamp = (_LAMP * direction / direction.norm())[:, None, None] - places
        cosine = (normals * lamp).sum(0) / lamp.norm(dim=0)
        return self.light.factor(cosine)


def _column(color: tuple[float, float, float]) -> Tensor:
    return torch.tensor(color).view(3, 1, 1)


def _rays(camera: Camera, size: int) -> Tensor:
    """Return the directions of samples from a perspective camera, shape ``(3, size, size)``."""
    across = (torch.arange(size) + 0.5) / size * 2 - 1
    slope = camera.reach / camera.distance
    right, up = across.expand(size, size) * slope, -across[:, None].expand(size, size) * slope
    frame = torch.stack([right, up, -torch.ones(size, size)])
    return torch.einsum("kc,khw->chw", camera.axes, frame)
