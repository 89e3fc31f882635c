"""Airplanes in front of skies; SO(3) turns the airplane, the sky stays.

The element of a view is a rotation matrix R that turns the airplane, ``x -> R x``, from the pose in
which its nose points at x, its left wing at y and its top at z. Camera, light and sky stay in the
world: the camera stands on the side of x, 20 degrees above the horizon, so an airplane that is not
turned flies towards it.
"""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_count
from groupae.data.keys import keyed_generator
from groupae.data.orbit_dataset import Views
from groupae.data.recorded_pairs import RecordedPairs
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import SPLITS, Folder, Size, Split, check_options
from groupae.experiments.datasets.originals.files import (
    find_files,
    fingerprint,
    list_files,
    part_of,
)
from groupae.experiments.datasets.originals.meshes import ENDINGS as MESH_ENDINGS
from groupae.experiments.datasets.originals.meshes import read_mesh
from groupae.experiments.datasets.originals.pictures import ENDINGS as PICTURE_ENDINGS
from groupae.experiments.datasets.originals.pictures import read_crop
from groupae.experiments.datasets.rendering import (
    Camera,
    Light,
    Mesh,
    composite,
    record,
    record_layout,
    render,
)
from groupae.experiments.datasets.shapes import make_shape
from groupae.experiments.datasets.skies import skies
from groupae.groups import SO3
from groupae.protocols import Recombinations

__all__ = ["CAMERA", "SkyPlanes"]

_PIXELS = 64
CAMERA = Camera.orbiting(0.0, elevation=math.radians(20))
_LIGHT = Light((1.0, 1.0, 2.0))
_COUNTS: Mapping[str, Mapping[str, int]] = {
    "tiny": {"train": 4, "validation": 2, "test": 2},
    "small": {"train": 252, "validation": 36, "test": 72},
    "full": {"train": 350, "validation": 50, "test": 100},
}
_ROTATIONS = {"tiny": 6, "small": 50, "full": 100}
_TINY = 8  # most airplanes of a folder in size tiny
_SEED = 4102  # key of rotations and crops; the seed of a run changes only order and choice
_SKY, _ROTATION = range(2)  # independent streams of randomness
_VERSION = 1  # raised when the pictures change, so that caches are built again


class _Scenes(abc.ABC):
    """Source of airplanes and of the sky behind each.

    Args:
        name: Name of the cache.
        parameters: Parameters of the cache.
        count: Number of airplanes.
    """

    def __init__(self, name: str, parameters: Mapping[str, object], count: int) -> None:
        self.name = name
        self.parameters = parameters
        self.count = count

    @abc.abstractmethod
    def plane(self, i: int) -> Mesh:
        """Return the mesh of airplane ``i``."""

    @abc.abstractmethod
    def skies(self, index: list[int]) -> Tensor:
        """Return the skies behind airplanes, in [0, 1], shape ``(n, 3, H, W)``."""

    def render(self, index: list[int], rotations: Tensor) -> tuple[Tensor, Tensor]:
        """Return views ``(n, m, 4, H, W)`` of airplanes, and skies ``(n, 1, 3, H, W)``."""
        n, m = rotations.shape[:2]
        meshes = [mesh for i in index for mesh in [self.plane(i)] * m]
        views = render(meshes, rotations.flatten(0, 1), CAMERA, light=_LIGHT, size=_PIXELS)
        return views.unflatten(0, (n, m)), self.skies(index).unsqueeze(1)


class SkyPlanes(RecordedPairs):
    """Pairs of one airplane in two poses in front of one sky; SO(3) turns only the airplane.

    By default airplanes and skies are parametric, no two alike. Views are rendered once, at Haar
    rotations, and kept in the cache (see `groupae.experiments.datasets.cache`). Each split has its
    own airplanes and skies. Pictures are ``(3, 64, 64)`` in [0, 1]; masks show the airplane.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split by airplane once and for all.
        seed: Key of order and choice of views. Leave it at 0 for validation and testing, so that
            fixed pairs can be compared.
        size: ``"small"``: 252, 36 and 72 airplanes with 50 rotations each, rendered in about a
            minute. ``"tiny"``: 4, 2 and 2 with 6. ``"full"``: 350, 50 and 100 with 100.
        folder: Folder with ``planes``, meshes (``.obj``, ``.off``, ``.stl``, ``.ply``, ``.glb``),
            and ``skies``, pictures (``.png``, ``.jpg``), at any depth, used instead. 70 % of each
            are for training, 10 % for validation and 20 % for testing, drawn once and for all from
            their sorted names. Meshes are centred and scaled, in the frame of their file; skies
            are random square crops, resized. The number of rotations is that of the size;
            ``"tiny"`` is at most 8 airplanes, and the other sizes are all of them.

    Raises:
        ValueError: If split or size is unknown, or a file does not load.
        FileNotFoundError: If the folder or a part of it is missing.
        CacheError: If the cache cannot be written.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, experiment on planes in the sky.

    Example:
        >>> pairs = SkyPlanes("test", size="tiny").fixed()  # doctest: +SKIP
        >>> pairs.x1.shape, pairs.g.shape  # doctest: +SKIP
        (torch.Size([2, 3, 64, 64]), torch.Size([2, 3, 3]))
    """

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("SkyPlanes", split, size)
        if folder is None:
            self._scenes: _Scenes = _Parametric(split, _COUNTS[size][split])
        else:
            self._scenes = _OfFolder(Path(folder), split, size)
        arrays = _rendered(self._scenes, split, _ROTATIONS[size])
        elements = torch.from_numpy(arrays["elements"].copy())
        masks = arrays["masks"]
        super().__init__(arrays["pictures"], elements, SO3(), masks=masks, seed=seed)
        self.split = split

    @override
    @fixed_settings()
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return newly rendered views of airplanes that turn once about z, the identity first."""
        check_count("SkyPlanes", "count", count)
        t = torch.arange(count) / count
        R = self.group.exp(2 * math.pi * t[:, None] * torch.tensor([0.0, 0.0, 1.0]))
        rotations = R.expand(len(index), count, 3, 3)
        views, skies = self._scenes.render(self.rows[index].tolist(), rotations)
        views = views.transpose(0, 1)
        x = composite(views, skies.transpose(0, 1))
        return Views(x, rotations.transpose(0, 1), views[:, :, 3:] > 0)

    @override
    @fixed_settings()
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        """Return the truths of swaps, rendered anew so that the edges of airplanes are exact."""
        i, j = self._two_choices(len(x_index)).unsqueeze(1)
        x, y = self._look_up(x_index, i), self._look_up(y_index, j)
        rotations = y.g.transpose(0, 1)
        planes, _ = self._scenes.render(self.rows[y_index].tolist(), rotations)
        posed, skies = self._scenes.render(self.rows[x_index].tolist(), rotations)
        assert x.mask is not None
        seen = (planes[:, 0, 3:] == 1) | ~x.mask[0]
        recombined = Recombinations(
            "the sky of x behind the plane of y",
            x.x[0],
            y.x[0],
            composite(planes, skies)[:, 0],
            seen=seen,
            mask=planes[:, 0, 3:] > 0,
        )
        return recombined, dataclasses.replace(
            recombined,
            meaning="x in the pose of y",
            truth=composite(posed, skies)[:, 0],
            seen=None,
            mask=posed[:, 0, 3:] > 0,
        )


class _Parametric(_Scenes):
    """Parametric airplanes and skies, disjoint between splits and the same in all sizes."""

    def __init__(self, split: Split, count: int) -> None:
        super().__init__("sky-planes", {"split": split, "planes": count}, count)
        self._part = SPLITS.index(split)

    def _number(self, i: int) -> int:
        return len(SPLITS) * i + self._part

    @override
    def plane(self, i: int) -> Mesh:
        return make_shape("airplane", self._number(i))

    @override
    def skies(self, index: list[int]) -> Tensor:
        return skies(torch.tensor([self._number(i) for i in index]), _PIXELS)


class _OfFolder(_Scenes):
    """Airplanes and skies read from files."""

    def __init__(self, folder: Path, split: Split, size: Size) -> None:
        planes = find_files("SkyPlanes", folder / "planes", MESH_ENDINGS, "meshes of airplanes")
        pictures = find_files("SkyPlanes", folder / "skies", PICTURE_ENDINGS, "pictures of skies")
        self._planes = [planes[i] for i in part_of(len(planes), split)]
        self._pictures = [pictures[i] for i in part_of(len(pictures), split)]
        self._part = SPLITS.index(split)
        if size == "tiny":
            self._planes = self._planes[:_TINY]
        count = len(self._planes)
        used = [*list_files(folder / "planes"), *self._pictures]  # materials are beside meshes
        parameters = {"split": split, "planes": count, "files": fingerprint(used)}
        super().__init__("sky-planes-folder", parameters, count)

    @override
    def plane(self, i: int) -> Mesh:
        return read_mesh("SkyPlanes", self._planes[i])

    @override
    def skies(self, index: list[int]) -> Tensor:
        return torch.stack([self._sky(i) for i in index]).float() / 255

    def _sky(self, i: int) -> Tensor:
        generator = keyed_generator(_SEED, self._part, i, _SKY)
        chosen = int(torch.randint(len(self._pictures), (), generator=generator))
        return read_crop("SkyPlanes", self._pictures[chosen], _PIXELS, generator)


def _rendered(scenes: _Scenes, split: Split, rotations: int) -> Mapping[str, npt.NDArray[Any]]:
    n, m, number = scenes.count, rotations, SPLITS.index(split)

    def make(start: int, stop: int) -> dict[str, npt.NDArray[Any]]:
        index = list(range(start, stop))
        keys = [keyed_generator(_SEED, number, i, _ROTATION) for i in index]
        elements = torch.stack([SO3().sample(m, generator=generator) for generator in keys])
        views, skies = scenes.render(index, elements)
        return {**record(views, skies), "elements": elements.numpy()}

    return cached_arrays(
        f"{scenes.name}-{split}",
        {**scenes.parameters, "rotations": m},
        {
            **record_layout(n, m, _PIXELS),
            "elements": ((n, m, 3, 3), "float32"),
        },
        make,
        chunk=4,
        version=_VERSION,
    )
