"""Data sets of the experiments, one file each, all built by ``(split, seed=, size=, folder=)``.

``registry`` lists them by name, ``options`` has their splits and sizes. Pictures come from
``digits``, ``simulated_heads`` (with ``warps``), ``skies``, ``rooms``, ``shapes`` and
``rendering``, or from published files read by ``originals``. Rendered sets are built once and kept
in the ``cache``, with ``progress`` shown on request. ``drawing`` renders clouds, molecules, series
and outlines as pictures.
"""

from groupae.experiments.datasets.blocked_digits import BlockedDigits
from groupae.experiments.datasets.brain_contrast import BrainContrast
from groupae.experiments.datasets.cells import Cells, move_outline
from groupae.experiments.datasets.galaxies import Galaxies
from groupae.experiments.datasets.glyphs import Glyphs
from groupae.experiments.datasets.leaves import Leaves
from groupae.experiments.datasets.molecules import Molecules
from groupae.experiments.datasets.objects import Objects
from groupae.experiments.datasets.point_clouds import PointClouds
from groupae.experiments.datasets.progress import show_building
from groupae.experiments.datasets.rotated_digits import RotatedDigits
from groupae.experiments.datasets.series import Series, shift_phase
from groupae.experiments.datasets.sky_planes import SkyPlanes
from groupae.experiments.datasets.turntable import Turntable

__all__ = [
    "BlockedDigits",
    "BrainContrast",
    "Cells",
    "Galaxies",
    "Glyphs",
    "Leaves",
    "Molecules",
    "Objects",
    "PointClouds",
    "RotatedDigits",
    "Series",
    "SkyPlanes",
    "Turntable",
    "move_outline",
    "shift_phase",
    "show_building",
]
