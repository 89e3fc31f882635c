"""Data: pairs on orbits. One file a data set.

``orbits`` says what every data set is, ``keys`` how randomness is keyed, ``pairs`` makes pairs from
originals and an action on them, ``recorded`` from views recorded beforehand,
``folders`` from a folder of pictures with a table. ``transforms`` adapts other libraries' actions.
"""

from groupae.data.blocked_digits import BlockedDigits
from groupae.data.brain_contrast import BrainContrast
from groupae.data.building import show_building
from groupae.data.folders import FolderPairs
from groupae.data.keys import keyed_generator
from groupae.data.molecules import Molecules
from groupae.data.orbits import OrbitDataset, Views
from groupae.data.pairs import OrbitPairs
from groupae.data.point_clouds import PointClouds
from groupae.data.recorded import RecordedPairs
from groupae.data.resized import Resized
from groupae.data.rotated_digits import RotatedDigits
from groupae.data.rotation import rotate
from groupae.data.series import Series, shift_phase
from groupae.data.sky_planes import SkyPlanes
from groupae.data.transforms import from_transform
from groupae.data.turntable import Turntable
from groupae.pairs import PairBatch

__all__ = [
    "BlockedDigits",
    "BrainContrast",
    "FolderPairs",
    "Molecules",
    "OrbitDataset",
    "OrbitPairs",
    "PairBatch",
    "PointClouds",
    "RecordedPairs",
    "Resized",
    "RotatedDigits",
    "Series",
    "SkyPlanes",
    "Turntable",
    "Views",
    "from_transform",
    "keyed_generator",
    "rotate",
    "shift_phase",
    "show_building",
]
