"""Objects on a turntable in 24 views, between which the cyclic group moves the camera.

The element of view j is j: the camera stands j times 15 degrees counter-clockwise, seen from above,
from where it looks at the front of the object. Light and background stay, in the world; so the
object's shading changes with the view.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from groupae.data.orbit_dataset import Views
from groupae.data.recorded_pairs import RecordedPairs
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.options import SPLITS, Folder, Size, Split, check_options
from groupae.experiments.datasets.originals import nmr
from groupae.experiments.datasets.originals.files import fingerprint
from groupae.experiments.datasets.rendering import (
    Camera,
    Light,
    Mesh,
    record,
    record_layout,
    render,
)
from groupae.experiments.datasets.shapes import CATEGORIES, make_shape
from groupae.groups import Cyclic
from groupae.protocols import Recombinations

__all__ = ["Turntable"]

_VIEWS = nmr.VIEWS
_PIXELS = 64
_ELEVATION = math.radians(30)  # that of Kato et al.
_BACKGROUND = (1.0, 1.0, 1.0)
_LIGHT = Light((1.0, 1.0, 2.0))
_COUNTS: Mapping[str, Mapping[str, int]] = {
    "tiny": {"train": 12, "validation": 6, "test": 6},
    "small": {"train": 528, "validation": 72, "test": 150},
    "full": {"train": 1680, "validation": 240, "test": 480},
}
_TINY = 12  # most objects of a folder in size tiny
_CLASSES = list(CATEGORIES)
_VERSION = 1  # raised when the pictures change, so that caches are built again

_Arrays = dict[str, npt.NDArray[np.uint8]]


class Turntable(RecordedPairs):
    """Pairs of two views of an object; C_24 moves the camera around it.

    By default the objects are parametric: airplanes, chairs, tables, lamps, cars and mugs, no two
    alike, equally many of each. Views are rendered once and kept in the cache (see
    `groupae.experiments.datasets.cache`). Each split has its own objects. Pictures are ``(3, 64,
    64)`` in [0, 1]; labels are indices of ``classes``; masks show the object.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``, split by object once and for all.
        seed: Key of order and choice of views. Leave it at 0 for validation and testing, so that
            fixed pairs can be compared.
        size: ``"small"``: 528, 72 and 150 objects, rendered in about a minute. ``"tiny"``: 12, 6
            and 6. ``"full"``: 1680, 240 and 480.
        folder: Folder with the pictures of Kato et al., read instead; see
            `groupae.experiments.datasets.originals.nmr`. Then ``"tiny"`` is at most 12 objects of
            the split, and the other sizes are all of it.

    Raises:
        ValueError: If split or size is unknown, or a file has another format.
        FileNotFoundError: If the folder or a part of it is missing.
        CacheError: If the cache cannot be written.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, experiment on novel views (NMR).

    Example:
        >>> pairs = Turntable("test", size="tiny").fixed()  # doctest: +SKIP
        >>> pairs.x1.shape, pairs.g.shape  # doctest: +SKIP
        (torch.Size([6, 3, 64, 64]), torch.Size([6]))
    """

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("Turntable", split, size)
        elements = torch.arange(_VIEWS)
        if folder is None:
            arrays = _rendered(split, size)
            labels = torch.arange(len(arrays["pictures"])) % len(_CLASSES)
            classes = _CLASSES
        else:
            objects, classes = nmr.find_objects(Path(folder), split)
            if size == "tiny":
                objects = objects[:: -(-len(objects) // _TINY)]
            if nmr.goes_clockwise(objects[0]):
                elements = -elements % _VIEWS
            arrays = _read(objects, split)
            labels = torch.tensor([classes.index(item.category) for item in objects])
        super().__init__(
            arrays["pictures"],
            elements,
            Cyclic(_VIEWS),
            masks=arrays.get("masks"),
            labels=labels,
            seed=seed,
        )
        self.split = split
        self.classes: tuple[str, ...] = tuple(classes)

    @override
    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        i, j = self._two_choices(len(x_index)).unsqueeze(1)
        x, y, posed = (
            self._look_up(index, chosen)
            for index, chosen in ((x_index, i), (y_index, j), (x_index, j))
        )
        return (
            self._reading("the object of x in the view of y", x, y, posed),
            self._reading("y as it is", x, y, y),
        )

    @staticmethod
    def _reading(meaning: str, x: Views, y: Views, truth: Views) -> Recombinations:
        mask = None if truth.mask is None else truth.mask[0]
        return Recombinations(meaning, x.x[0], y.x[0], truth.x[0], mask=mask)


def _object(split: Split, i: int) -> Mesh:
    """Return object ``i`` of a split, the same in all sizes and in no other split."""
    category, number = _CLASSES[i % len(_CLASSES)], i // len(_CLASSES)
    return make_shape(category, len(SPLITS) * number + SPLITS.index(split))


def _rendered(split: Split, size: Size) -> Mapping[str, npt.NDArray[np.uint8]]:
    n = _COUNTS[size][split]
    layout = record_layout(n, _VIEWS, _PIXELS)

    def make(start: int, stop: int) -> _Arrays:
        azimuth = torch.arange(_VIEWS) * (2 * math.pi / _VIEWS)
        meshes = [mesh for i in range(start, stop) for mesh in [_object(split, i)] * _VIEWS]
        camera = Camera.orbiting(azimuth.repeat(stop - start), _ELEVATION)
        views = render(meshes, torch.eye(3).expand(len(meshes), 3, 3), camera, light=_LIGHT)
        views = views.unflatten(0, (stop - start, _VIEWS))
        return record(views, torch.tensor(_BACKGROUND).view(3, 1, 1))

    parameters: dict[str, Any] = {"split": split, "objects": n}
    return cached_arrays(f"turntable-{split}", parameters, layout, make, version=_VERSION)


def _read(objects: list[nmr.NMRObject], split: Split) -> Mapping[str, npt.NDArray[np.uint8]]:
    layout = record_layout(len(objects), _VIEWS, _PIXELS)
    has_masks = nmr.read_object(objects[0], _PIXELS)[1] is not None
    if not has_masks:
        del layout["masks"]

    def make(start: int, stop: int) -> _Arrays:
        nmr.check_direction(objects[start:stop], objects[0])
        return nmr.read_objects(objects[start:stop], _PIXELS, has_masks=has_masks)

    files = (path for item in objects for path in item.files())
    parameters: dict[str, Any] = {"split": split, "files": fingerprint(files)}
    return cached_arrays(f"nmr-{split}", parameters, layout, make, version=_VERSION)
