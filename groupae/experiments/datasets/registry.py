"""Data sets by name, with their metadata."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable
from typing import Any, Literal

from torch import Tensor

from groupae._validation import unknown_choice
from groupae.data.orbit_dataset import OrbitDataset
from groupae.data.resized import Resized, check_resizable
from groupae.data.rotation import rotate
from groupae.data.turned_pictures import picture_action
from groupae.experiments.datasets import objects, sky_planes
from groupae.experiments.datasets.blocked_digits import BlockedDigits
from groupae.experiments.datasets.brain_contrast import BrainContrast
from groupae.experiments.datasets.cells import CELL_GROUP, Cells, move_outline
from groupae.experiments.datasets.galaxies import Galaxies
from groupae.experiments.datasets.glyphs import Glyphs
from groupae.experiments.datasets.leaves import Leaves
from groupae.experiments.datasets.molecules import Molecules
from groupae.experiments.datasets.objects import Objects
from groupae.experiments.datasets.options import Split
from groupae.experiments.datasets.point_clouds import PointClouds
from groupae.experiments.datasets.rotated_digits import RotatedDigits
from groupae.experiments.datasets.series import Series, shift_phase
from groupae.experiments.datasets.sky_planes import SkyPlanes
from groupae.experiments.datasets.turntable import Turntable
from groupae.groups import O2, SO2, SO3, Affine, Cyclic, Group

__all__ = ["DATASETS", "DatasetInfo", "get_dataset"]


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """Metadata and constructor of a data set.

    Args:
        name: Name on the command line.
        summary: Action of the group, in a few words.
        group: The acting group.
        x_shape: Shape of one datum.
        load: Constructor, a function of (split, ``seed=``, ``size=``, ``folder=``).
        source: Origin of the default data, and their licence.
        originals: Contents of a folder of originals.
        kind: Kind of datum, which decides how it is drawn.
        is_rendered: Whether it is rendered on first use and kept in the cache.
        data_action: Action of the group on whole data, a function of (g, x), if it has one.
        packages: Distributions that contain the default data.
        extra: Extra of groupae that installs them.
        frame: Function that returns the axes of the camera in the world (rows right, up, towards
            the viewer), where the group turns things of space.
    """

    name: str
    summary: str
    group: Group
    x_shape: tuple[int, ...]
    load: Callable[..., OrbitDataset]
    source: str = ""
    originals: str = ""
    kind: Literal["pictures", "points", "molecules", "series", "outlines"] = "pictures"
    is_rendered: bool = False
    data_action: Callable[[Tensor, Tensor], Tensor] | None = None
    packages: tuple[str, ...] = ()
    extra: str = ""
    frame: Callable[[], Tensor] | None = None

    @property
    def missing_packages(self) -> tuple[str, ...]:
        """The packages of the default data that are not installed."""
        return tuple(name for name in self.packages if not _is_installed(name))

    def resized(self, pixels: int | None) -> DatasetInfo:
        """Return the data set with pictures `Resized` to ``pixels`` x ``pixels``.

        Raises:
            ValueError: If data are no square pictures, or ``pixels`` does not divide their size.
        """
        if pixels is None or pixels == self.x_shape[-1]:
            return self
        check_resizable(self.name, self.x_shape, pixels)

        def load(split: Split, **options: Any) -> OrbitDataset:
            return Resized(self.load(split, **options), pixels)

        return dataclasses.replace(self, load=load, x_shape=(self.x_shape[0], pixels, pixels))


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


_MNIST = "5000 MNIST digits, embedded (CC BY-SA 3.0)"
_IDX = "the four idx files of MNIST, plain or gzipped"

DATASETS = {
    info.name: info
    for info in (
        DatasetInfo(
            "rotated-digits",
            "the whole picture turns",
            SO2(),
            (1, 28, 28),
            RotatedDigits,
            _MNIST,
            _IDX,
            data_action=rotate,
        ),
        DatasetInfo(
            "blocked-digits",
            "the digit turns, a white block in front of it stays",
            SO2(),
            (1, 28, 28),
            BlockedDigits,
            _MNIST,
            _IDX,
            data_action=rotate,
        ),
        DatasetInfo(
            "brain-contrast",
            "the brain changes in contrast, skull and neck stay",
            Affine(),
            (1, 96, 96),
            BrainContrast,
            "slices of one scanned subject (Colin27, MNI), others simulated from him by warps",
            "SUBJECT/T1w*.nii.gz with SUBJECT/brainmask*.nii.gz, or both in SUBJECT/T1w (HCP)",
        ),
        DatasetInfo(
            "turntable",
            "the camera goes round an object",
            Cyclic(24),
            (3, 64, 64),
            Turntable,
            "procedural objects of six categories, rendered",
            "category/object/image/NNNN.png, 24 views each (Kato et al. 2018)",
            is_rendered=True,
        ),
        DatasetInfo(
            "sky-planes",
            "the plane turns in space, the sky behind it stays",
            SO3(),
            (3, 64, 64),
            SkyPlanes,
            "procedural planes before procedural skies, rendered",
            "planes/ with meshes and skies/ with pictures",
            is_rendered=True,
            frame=lambda: sky_planes.CAMERA.axes,
        ),
        DatasetInfo(
            "objects",
            "a coloured object turns in space, its room and the lamp stay",
            SO3(),
            (3, 64, 64),
            Objects,
            "999 random meshes of pybullet 3.2.7 (zlib licence), rendered; "
            "pip install 'groupae[objects]'",
            "the wheel of pybullet 3.2.7, or a folder that it is unpacked in",
            is_rendered=True,
            frame=lambda: objects.CAMERA.axes,
        ),
        DatasetInfo(
            "point-clouds",
            "256 points of a surface, in no order, turn in space",
            SO3(),
            (256, 3),
            PointClouds,
            "points of procedural objects",
            kind="points",
            is_rendered=True,
        ),
        DatasetInfo(
            "molecules",
            "the atoms of a molecule turn in space, their elements stay",
            SO3(),
            (24, 8),
            Molecules,
            "2040 small organic molecules, embedded, positions computed",
            kind="molecules",
        ),
        DatasetInfo(
            "series",
            "the phase of a signal is shifted, its gain and drift stay",
            SO2(),
            (2, 128),
            Series,
            "sums of harmonics, made when asked for",
            kind="series",
        ),
        DatasetInfo(
            "cells",
            "the outline of a cell turns, is mirrored, begins at another point",
            CELL_GROUP,
            (2, 128),
            Cells,
            "outlines of 650 osteosarcoma cells, in geomstats (MIT)",
            "cells.txt, cell_lines.txt and treatments.txt as in geomstats",
            kind="outlines",
            data_action=move_outline,
            packages=("geomstats",),
            extra="outlines",
        ),
        DatasetInfo(
            "leaves",
            "the outline of a leaf begins at another point",
            SO2(),
            (1, 128),
            Leaves,
            "outlines of 442 leaves of six species (OSULeaf), in aeon (BSD)",
            "OSULeaf_TRAIN.ts and OSULeaf_TEST.ts of the UCR archive",
            kind="series",
            data_action=shift_phase,
            packages=("aeon",),
            extra="outlines",
        ),
        DatasetInfo(
            "glyphs",
            "a letter or digit turns; letter and font stay",
            SO2(),
            (1, 28, 28),
            Glyphs,
            "23 fonts in matplotlib's package (free licences), drawn when asked for",
            data_action=rotate,
        ),
        DatasetInfo(
            "galaxies",
            "a galaxy turns and is mirrored; colour and kind stay",
            O2(),
            (3, 32, 32),
            Galaxies,
            "286 cut-outs of the Hubble eXtreme Deep Field, embedded (NASA, public domain)",
            data_action=picture_action(O2()),
        ),
    )
}


def get_dataset(name: str) -> DatasetInfo:
    """Return the data set of a name.

    Raises:
        ValueError: If there is none.

    Example:
        >>> get_dataset("rotated-digits").x_shape
        (1, 28, 28)
    """
    if name not in DATASETS:
        raise ValueError(unknown_choice("groupae", "a data set", name, DATASETS))
    return DATASETS[name]
