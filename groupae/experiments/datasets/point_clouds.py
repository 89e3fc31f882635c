"""Point clouds of surfaces, which rotate in space.

A cloud is a set: the order of its points is random in every view, so a model has to encode sets and
is evaluated by a distance between sets (`groupae.metrics.chamfer_distance`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae._validation import check_count
from groupae.data.keys import keyed_generator
from groupae.data.orbit_pairs import OrbitPairs
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.options import (
    SPLITS,
    Folder,
    Size,
    Split,
    check_options,
    refuse_folder,
)
from groupae.experiments.datasets.rendering import Mesh
from groupae.experiments.datasets.shapes import CATEGORIES, make_shape
from groupae.groups import SO3

__all__ = ["PointClouds", "sample_surface"]

_COUNTS: Mapping[str, Mapping[str, int]] = {
    "tiny": {"train": 24, "validation": 6, "test": 12},
    "small": {"train": 1800, "validation": 120, "test": 300},
    "full": {"train": 12000, "validation": 600, "test": 1200},
}
_SPACING = 10**6  # between the numbers of the first objects of two splits
_CLASSES = tuple(CATEGORIES)
_POINTS = 256
_STREAM = 0xC10D  # separates these draws from those of other keys
_VERSION = 1  # raised when the points change, so that caches are built again


def sample_surface(mesh: Mesh, count: int, generator: torch.Generator) -> Tensor:
    """Return points sampled uniformly by area from a surface, shape ``(count, 3)``.

    Args:
        mesh: The surface.
        count: Number of points.
        generator: Source of randomness.

    Raises:
        ValueError: If ``count`` is no integer of at least 1.

    References:
        Osada et al., Shape distributions, ACM TOG 2002, eq. 1 (a point of a triangle).

    Example:
        >>> from groupae.data import keyed_generator
        >>> from groupae.experiments.datasets.shapes import make_shape
        >>> sample_surface(make_shape("mug", 0), 256, keyed_generator(0)).shape
        torch.Size([256, 3])
    """
    check_count("sample_surface", "count", count)
    corners = mesh.vertices[mesh.faces].double()
    origin, along, across = corners[:, 0], corners[:, 1], corners[:, 2]
    area = torch.linalg.cross(along - origin, across - origin).norm(dim=-1).cumsum(0)
    which, root, part = torch.rand(3, count, generator=generator, dtype=torch.float64)
    face = torch.searchsorted(area, which * area[-1], right=True).clamp(max=len(area) - 1)
    root, part = root.sqrt().unsqueeze(-1), part.unsqueeze(-1)
    edge = along[face] + part * (across[face] - along[face])
    points: Tensor = origin[face] + root * (edge - origin[face])
    return points.float()


class PointClouds(OrbitPairs):
    """Pairs of one cloud of 256 points, randomly rotated in space about the origin by SO(3).

    The points are drawn from parametric surfaces, uniformly by area: airplanes, chairs, tables,
    lamps, cars and mugs, no two alike, equally many of each, in the unit ball. Both views of a pair
    show the same points in different orders: as sets, ``g`` carries ``x1`` to ``x2``. Each
    split has its own objects. Points are drawn once and kept in the cache (see
    `groupae.experiments.datasets.cache`). Shape ``(256, 3)``; labels are indices of ``classes``.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split by object once and for all.
        seed: Key of order and rotations. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"small"``: 1800, 120 and 300 objects, made in some ten seconds. ``"tiny"``: 24, 6
            and 12. ``"full"``: 12000, 600 and 1200.
        folder: Must be ``None``: the objects are computed.

    Raises:
        ValueError: If split or size is unknown, or a folder is given.
        CacheError: If the cache cannot be written.

    Example:
        >>> pairs = PointClouds("test", size="tiny").fixed()  # doctest: +SKIP
        >>> pairs.x1.shape, pairs.g.shape  # doctest: +SKIP
        (torch.Size([12, 256, 3]), torch.Size([12, 3, 3]))
    """

    classes = _CLASSES

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("PointClouds", split, size)
        refuse_folder("PointClouds", folder)
        points = _points(split, size)
        labels = torch.arange(len(points)) % len(_CLASSES)
        super().__init__(points, SO3(), _turn, show=_shuffle, labels=labels, seed=seed)
        self.split = split


def _turn(g: Tensor, points: Tensor) -> Tensor:
    return points @ g.mT


def _shuffle(clouds: Tensor, generator: torch.Generator) -> Tensor:
    """Return the points of every cloud in a random order, drawn separately per view."""
    score = torch.rand(clouds.shape[:-1], generator=generator, dtype=torch.float32)
    order = score.argsort(dim=-1, stable=True)  # equal scores have one order on all machines
    return clouds.gather(-2, order.unsqueeze(-1).expand_as(clouds))


def _points(split: Split, size: Size) -> Tensor:
    n = _COUNTS[size][split]

    def make(start: int, stop: int) -> dict[str, npt.NDArray[np.float32]]:
        clouds = [_cloud(split, i) for i in range(start, stop)]
        return {"points": torch.stack(clouds).numpy()}

    layout = {"points": ((n, _POINTS, 3), "float32")}
    parameters = {"split": split, "objects": n}
    name = f"point-clouds-{split}"
    arrays = cached_arrays(name, parameters, layout, make, chunk=60, version=_VERSION)
    return torch.from_numpy(np.array(arrays["points"]))


def _cloud(split: Split, i: int) -> Tensor:
    label, number = i % len(_CLASSES), _SPACING * SPLITS.index(split) + i // len(_CLASSES)
    mesh = make_shape(_CLASSES[label], number)
    return sample_surface(mesh, _POINTS, keyed_generator(_STREAM, label, number))
