"""Coloured random objects in rooms; SO(3) turns the object, the room and its lamp stay.

The element of a view is a rotation matrix R that turns the object, ``x -> R x``, about the middle
of its bounding box, from the pose of its file. The camera stands on the side of x, 20 degrees above
the horizon. Floor, wall and lamp (`groupae.experiments.datasets.rooms`) stay in the world: the
light on a face of the object changes as it turns.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._files import sha256_of
from groupae._validation import ShapeError, check_count, expected
from groupae.data.keys import keyed_generator
from groupae.data.orbit_dataset import Views
from groupae.data.recorded_pairs import RecordedPairs
from groupae.data.view_samplers import FixedSteps, OnGrid, SmallSteps, ViewSampler, Wedge
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
from groupae.groups.matching import check_same_group
from groupae.protocols import Recombinations

__all__ = ["CAMERA", "Objects"]

_PIXELS = 64
CAMERA = Camera.orbiting(0.0, elevation=math.radians(20))
_TINY: Mapping[Split, int] = {"train": 8, "validation": 3, "test": 5}
_VIEWS: Mapping[Size, int] = {"tiny": 8, "small": 24, "full": 100}
_RUN = 4  # consecutive views of a sampler; a later run begins elsewhere
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
        self.camera = CAMERA
        self._meshes: dict[int, Mesh] = {}

    def subset(self, rows: Tensor) -> _Scenes:
        """Return some of the scenes."""
        found = _Scenes(self._source, self.objects[rows], self.rooms[rows])
        found._meshes = self._meshes
        if "_originals" in vars(self):
            found._originals = self._originals
        return found

    def check_source(self) -> None:
        """Raise unless the source is the known one."""
        assert self._originals is not None

    @functools.cached_property
    def _originals(self) -> bullet.BulletObjects:
        return bullet.BulletObjects("Objects", self._source)

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

    The objects are 999 random meshes of pybullet 3.2.7 (zlib licence), unions of convex pieces,
    each in its own colour. They have no classes, so there are no labels. Floor, wall and lamp are
    of the object's room and stay. Views are drawn once, at Haar rotations, and kept in the cache
    (see `groupae.experiments.datasets.cache`). Pictures are ``(3, 64, 64)`` in [0, 1]; masks show
    the object.

    pybullet is not imported: its files are read, and their checksum is compared. It is not needed
    for views that are in the cache.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, 699, 100 and 200 objects, split once and
            for all.
        seed: Key of order and choice of views. Leave it at 0 for validation and testing, so that
            fixed pairs can be compared.
        size: ``"small"``: 24 views of each object, drawn in about half a minute. ``"full"``: 100.
            ``"tiny"``: 8 views of the first 8, 3 and 5 objects.
        folder: The wheel of pybullet, or a folder that it is unpacked in; the installed package by
            default.
        rooms: Numbers of the rooms, integers of at least 0: one per object, shape ``(n,)``, or
            several, shape ``(n, k)``, which makes ``n * k`` originals, those of one object next to
            each other. By default every object has a room of its own.

    Attributes:
        objects: Number of the object of each original, shape ``(len(self),)``, 0 to 999.
        rooms: Number of the room of each original, same shape.
        factor_names: ``("objects", "rooms")`` if each object is in several rooms, else empty.

    Raises:
        ModuleNotFoundError: If views must be drawn, and pybullet is neither installed nor given.
        FileNotFoundError: If ``folder`` is missing or has no meshes of pybullet.
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

    per_original: ClassVar[tuple[str, ...]] = ("objects", "rooms")

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
        objects = torch.tensor(bullet.NUMBERS)[part_of(len(bullet.NUMBERS), split)]
        if size == "tiny":
            objects = objects[: _TINY[split]]
        source = None if folder is None else Path(folder)
        scenes = _Scenes(source, *_in_rooms(objects, rooms))
        if source is not None:
            scenes.check_source()
        arrays = _drawn(scenes, split, _VIEWS[size], _haar)
        elements = torch.from_numpy(arrays["elements"].copy())
        super().__init__(arrays["pictures"], elements, SO3(), masks=arrays["masks"], seed=seed)
        self.split = split
        self.objects, self.rooms = scenes.objects, scenes.rooms
        has_factors = rooms is not None and rooms.ndim == 2
        self.factor_names = ("objects", "rooms") if has_factors else ()
        self._scenes = scenes
        self._sampler: Callable[..., Tensor] | None = None
        self._run: int | None = None

    @override
    def with_sampler(self, sampler: Callable[..., Tensor]) -> Self:
        """Return the same objects in the same rooms, seen at other elements.

        Views of the training set are drawn once per sampler and kept in the cache, as many as
        before: those of `groupae.data.SmallSteps` and `groupae.data.FixedSteps` in runs of 4, of
        which ``views`` returns consecutive ones; those of `groupae.data.Wedge` and
        `groupae.data.OnGrid` without offset, which do not depend on each other, in any order. All
        other views, among them those of other samplers, are drawn when asked for, some 900 a second
        on one core.

        Args:
            sampler: A function of (m, n) and ``generator=`` with elements ``(m, n, 3, 3)``.

        Raises:
            ValueError: If the sampler is of another group.
        """
        check_same_group("Objects", "samples", self.group, sampler)
        found = copy.copy(self)
        found._sampler, found._run = sampler, None
        run = _run_of(sampler, self.elements.shape[1])
        if self.split == "train" and run is not None:
            assert isinstance(sampler, ViewSampler)
            found._record(_Sampled(sampler, run), run)
        return found

    def _record(self, sampled: _Sampled, run: int) -> None:
        """Replace the views by those of a sampler, of the originals that are used."""
        scenes, self._run = self._scenes.subset(self.rows), run
        arrays = _drawn(scenes, self.split, self.elements.shape[1], sampled)
        self.pictures, self.masks = arrays["pictures"], arrays["masks"]
        self.elements: Tensor = torch.from_numpy(arrays["elements"].copy())
        self.rows, self._scenes = torch.arange(len(self)), scenes

    @override
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return recorded views, or newly drawn ones of a sampler; see `with_sampler`."""
        check_count("Objects", "count", count)
        if self._sampler is None or self._run == self.elements.shape[1]:
            return super().views(index, count, generator)
        if self._run is not None and count <= self._run:
            runs = self.elements.shape[1] // self._run
            run = torch.randint(runs, (len(index),), generator=generator)
            first = torch.randint(self._run - count + 1, (len(index),), generator=generator)
            return self._look_up(index, self._run * run + first + torch.arange(count)[:, None])
        rotations = self._sampler(count, len(index), generator=generator)
        self.group.check_elements(rotations)
        shape = (count, len(index), 3, 3)
        if tuple(rotations.shape) != shape:
            got = tuple(rotations.shape)
            raise ShapeError(expected("Objects", f"samples of shape {shape}", got))
        with fixed_settings():
            return self._scenes.views(self.rows[index], rotations)

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


def _run_of(sampler: object, views: int) -> int | None:
    """Return the number of views after which a sampler may begin anew; ``None`` if it may not.

    Views of a run are taken from anywhere in it. So a sampler must do the same at each of them,
    which is known of these only; and its ``repr`` must tell all of it.
    """
    if type(sampler) is Wedge or (type(sampler) is OnGrid and sampler.offset == 0):
        return views
    return _RUN if type(sampler) in (SmallSteps, FixedSteps) else None


@dataclasses.dataclass(frozen=True)
class _Sampled:
    """Elements of a sampler in runs, as `_haar` gives Haar ones."""

    sampler: ViewSampler
    run: int

    def __call__(self, views: int, *, generator: torch.Generator) -> Tensor:
        """Return the elements of one original, shape ``(views, 3, 3)``."""
        runs = self.sampler(self.run, views // self.run, generator=generator)
        return runs.transpose(0, 1).flatten(0, 1)


def _haar(views: int, *, generator: torch.Generator) -> Tensor:
    return SO3().sample(views, generator=generator)


def _drawn(
    scenes: _Scenes, split: Split, views: int, sample: Callable[..., Tensor]
) -> Mapping[str, npt.NDArray[Any]]:
    """Return pictures, masks and elements of views from the cache."""
    n = len(scenes.objects)

    def make(start: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        index = torch.arange(start, stop)
        keys = [keyed_generator(_SEED, *scenes.key(i)) for i in range(start, stop)]
        elements = torch.stack([sample(views, generator=key) for key in keys])
        seen, rooms = scenes.draw(index, scenes.rooms[index], elements)
        return {**record(seen, rooms), "elements": elements.numpy()}

    sampled = {} if sample is _haar else {"sampled": repr(sample)}
    return cached_arrays(
        f"objects-{split}",
        {"scenes": scenes.checksum(), "views": views, "meshes": bullet.SHA256, **sampled},
        {**record_layout(n, views, _PIXELS), "elements": ((n, views, 3, 3), "float32")},
        make,
        chunk=8,
        version=_VERSION,
    )
