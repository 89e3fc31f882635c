"""Coloured random objects in rooms; SO(3) turns the object, the room and its lamp stay.

The element of a view is a rotation matrix R that turns the object, ``x -> R x``, about the middle of
its bounding box, from the pose of its file. The camera stands on the side of x, 20 degrees above the
horizon. Floor, wall and lamp (`groupae.experiments.datasets.rooms`) stay in the world: the light on
a face of the object changes as it turns.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from groupae._files import sha256_of
from groupae._validation import ShapeError, check_count, expected
from groupae.data.keys import Stream, keyed_generator
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.data.recorded_pairs import RecordedPairs
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import Folder, Size, Split, check_options
from groupae.experiments.datasets.originals import bullet
from groupae.experiments.datasets.originals.files import part_of
from groupae.experiments.datasets.rendering import (
    Camera,
    Mesh,
    composite,
    record,
    record_layout,
    render,
)
from groupae.experiments.datasets.rooms import Room
from groupae.groups import SO3
from groupae.protocols import Recombinations

__all__ = ["Objects"]

_PIXELS = 64
_OBJECTS = 1000
_CAMERA = Camera.orbiting(0.0, elevation=math.radians(20))
_TINY: Mapping[Split, int] = {"train": 8, "validation": 3, "test": 5}
_VIEWS: Mapping[Size, int] = {"tiny": 8, "small": 24, "full": 100}
_SEED = 7301  # key of rotations; the seed of a run changes only order and choice
_VERSION = 1  # raised when the pictures change, so that caches are built again


class _Scenes:
    """Objects, each in a room, drawn when asked for.

    Args:
        source: The wheel of pybullet, or ``None`` for the installed package.
        objects: Number of the object of each scene.
        rooms: Number of the room of each scene.
    """

    def __init__(self, source: Path | None, objects: Tensor, rooms: Tensor) -> None:
        self._source = source
        self.objects, self.rooms = objects, rooms
        self.camera = _CAMERA
        self._meshes: dict[int, Mesh] = {}

    @functools.cached_property
    def _originals(self) -> bullet.BulletObjects:
        return bullet.BulletObjects("Objects", self._source)

    def check_source(self) -> None:
        """Raise unless the meshes can be read."""
        assert len(self._originals) == _OBJECTS

    def key(self, i: int) -> tuple[int, int]:
        """Return the numbers of the object and the room of a scene."""
        return int(self.objects[i]), int(self.rooms[i])

    def checksum(self) -> str:
        """Return a checksum of which object is in which room."""
        numbers = torch.stack([self.objects, self.rooms]).numpy().astype("<i8")
        return sha256_of([numbers.tobytes()])

    def mesh(self, number: int) -> Mesh:
        """Return the mesh of an object."""
        if number not in self._meshes:
            self._meshes[number] = self._originals.mesh(number)
        return self._meshes[number]

    def draw(self, scenes: Tensor, rooms: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Return views ``(n, m, 4, H, W)`` of objects under light, and rooms ``(n, 1, 3, H, W)``.

        Args:
            scenes: Scenes whose objects are drawn, shape ``(n,)``.
            rooms: Numbers of the rooms that they are drawn in, shape ``(n,)``.
            rotations: Of each view, shape ``(n, m, 3, 3)``.
        """
        views, backgrounds = [], []
        for i, number, R in zip(scenes.tolist(), rooms.tolist(), rotations, strict=True):
            room = Room.numbered(number)
            mesh = self.mesh(int(self.objects[i]))
            seen = render(mesh, R, self.camera, light=room.light, size=_PIXELS)
            views.append(torch.cat([room.lit(seen[:, :3]), seen[:, 3:]], 1))
            backgrounds.append(room.background(self.camera, _PIXELS))
        return torch.stack(views), torch.stack(backgrounds).unsqueeze(1)

    def views(self, scenes: Tensor, rotations: Tensor) -> Views:
        """Return newly drawn views of scenes at rotations ``(m, n, 3, 3)``."""
        views, rooms = self.draw(scenes, self.rooms[scenes], rotations.transpose(0, 1))
        views, rooms = views.transpose(0, 1), rooms.transpose(0, 1)
        return Views(composite(views, rooms), rotations, views[:, :, 3:] > 0)


class Objects(RecordedPairs):
    """Pairs of one coloured object in two poses in one room; SO(3) turns only the object.

    The objects are 1000 random meshes of pybullet 3.2.7 (zlib licence; from the grasping experiments
    of Google), unions of convex pieces, each in its own colour. They have no classes, so there are
    no labels. Floor, wall and lamp are of the object's room and stay. Views are drawn once, at Haar
    rotations, and kept in the cache (see `groupae.experiments.datasets.cache`), after which pybullet
    is not needed. Pictures are ``(3, 64, 64)`` in [0, 1]; masks show the object.

    pybullet is not imported: its files are read, and their checksum compared.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, 700, 100 and 200 objects, split once and
            for all.
        seed: Key of order and choice of views. Leave it at 0 for validation and testing, so that
            fixed pairs can be compared.
        size: ``"small"``: 24 views of each object, drawn in about half a minute. ``"full"``: 100.
            ``"tiny"``: 8 views of the first 8, 3 and 5 objects.
        folder: The wheel of pybullet, or a folder that it is unpacked in; the installed package by
            default.
        rooms: Numbers of the rooms, integers of at least 0: one per object, shape ``(n,)``, or
            several, shape ``(n, k)``, which makes ``n * k`` originals, those of one object one after
            the other. By default every object has a room of its own.

    Attributes:
        objects: Number of the object of each original, shape ``(len(self),)``, 0 to 999.
        rooms: Number of the room of each original, same shape.

    Raises:
        ModuleNotFoundError: If views must be drawn, and pybullet is neither installed nor given.
        FileNotFoundError: If the file ``folder`` is missing.
        ValueError: If split or size is unknown, or the meshes have another checksum.
        CacheError: If the cache cannot be written.

    References:
        Garrido, Najman & LeCun, Self-supervised learning of split invariant equivariant
        representations, ICML 2023 (3DIEBench, a set of this kind).

    Example:
        >>> pairs = Objects("test", size="tiny").fixed()  # doctest: +SKIP
        >>> pairs.x1.shape, pairs.g.shape  # doctest: +SKIP
        (torch.Size([5, 3, 64, 64]), torch.Size([5, 3, 3]))
    """

    def __init__(
        self,
        split: Split,
        *,
        seed: int = 0,
        size: Size = "small",
        folder: Folder = None,
        rooms: Tensor | None = None,
    ) -> None:
        check_options("Objects", split, size)
        objects = torch.tensor(part_of(_OBJECTS, split))
        if size == "tiny":
            objects = objects[: _TINY[split]]
        source = None if folder is None else Path(folder)
        scenes = _Scenes(source, *_in_rooms(objects, rooms))
        if source is not None:
            scenes.check_source()
        arrays = _drawn(scenes, split, _VIEWS[size])
        elements = torch.from_numpy(arrays["elements"].copy())
        super().__init__(
            arrays["pictures"], elements, SO3(), masks=arrays["masks"], seed=seed
        )
        self.split = split
        self.objects, self.rooms = scenes.objects, scenes.rooms
        self._scenes = scenes

    @override
    @fixed_settings()
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return newly drawn views of objects that turn once about z, the identity first."""
        check_count("Objects", "count", count)
        t = torch.arange(count) / count
        R = self.group.exp(2 * math.pi * t[:, None] * torch.tensor([0.0, 0.0, 1.0]))
        rotations = R.unsqueeze(1).expand(count, len(index), 3, 3)
        return self._scenes.views(self.rows[index], rotations)

    @override
    @fixed_settings()
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        """Return the truths of swaps, drawn anew: y's object is lit by the lamp of x."""
        i, j = self._two_choices(len(x_index)).unsqueeze(1)
        x, y = self._look_up(x_index, i), self._look_up(y_index, j)
        rotations, rooms = y.g.transpose(0, 1), self._scenes.rooms[self.rows[x_index]]
        placed, background = self._scenes.draw(self.rows[y_index], rooms, rotations)
        posed, _ = self._scenes.draw(self.rows[x_index], rooms, rotations)
        recombined = Recombinations(
            "the object of y in the room of x",
            x.x[0],
            y.x[0],
            composite(placed, background)[:, 0],
            mask=placed[:, 0, 3:] > 0,
        )
        return recombined, dataclasses.replace(
            recombined,
            meaning="x in the pose of y",
            truth=composite(posed, background)[:, 0],
            mask=posed[:, 0, 3:] > 0,
        )


def _in_rooms(objects: Tensor, rooms: object) -> tuple[Tensor, Tensor]:
    """Return the numbers of objects and rooms of all originals."""
    if rooms is None:
        return objects, objects
    n, remedy = len(objects), "number the rooms, for example by torch.arange(n) % 10"
    if not isinstance(rooms, Tensor) or rooms.is_floating_point() or rooms.dtype == torch.bool:
        got = rooms.dtype if isinstance(rooms, Tensor) else type(rooms).__name__
        raise TypeError(expected("Objects", "rooms as a tensor of integers", got, remedy))
    if rooms.ndim not in (1, 2) or rooms.shape[0] != n or rooms.numel() == 0:
        what = f"rooms of shape ({n},) or ({n}, k)"
        raise ShapeError(expected("Objects", what, tuple(rooms.shape), remedy))
    if int(rooms.min()) < 0:
        raise ValueError(expected("Objects", "rooms of at least 0", int(rooms.min()), remedy))
    chosen = rooms.reshape(n, -1).long()
    return objects.repeat_interleave(chosen.shape[1]), chosen.flatten()


def _drawn(scenes: _Scenes, split: Split, views: int) -> Mapping[str, npt.NDArray[Any]]:
    """Return pictures, masks and elements of Haar views from the cache."""
    n = len(scenes.objects)

    def make(start: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        index = torch.arange(start, stop)
        keys = [keyed_generator(_SEED, *scenes.key(i)) for i in range(start, stop)]
        elements = torch.stack([SO3().sample(views, generator=key) for key in keys])
        seen, rooms = scenes.draw(index, scenes.rooms[index], elements)
        return {**record(seen, rooms), "elements": elements.numpy()}

    return cached_arrays(
        f"objects-{split}",
        {"scenes": scenes.checksum(), "views": views, "meshes": bullet.SHA256},
        {**record_layout(n, views, _PIXELS), "elements": ((n, views, 3, 3), "float32")},
        make,
        chunk=8,
        version=_VERSION,
    )
