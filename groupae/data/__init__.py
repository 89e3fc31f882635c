"""Data sets of pairs on orbits, from the data of any user.

``orbit_dataset`` has the base class of every data set, ``keys`` how randomness is keyed;
``orbit_pairs`` makes pairs from originals and an action on them, ``recorded_pairs`` from views
recorded beforehand, ``folder_pairs`` from a folder of pictures with a table,
``turned_pictures`` from one without (``pixels`` reads the
pictures, ``written_elements`` the numbers beside them). ``pair_sources`` takes what torch has:
loaders, data sets, lists of batches; ``prefetched`` makes batches in worker processes.
``lazy_originals`` reads the pictures of data sets of torchvision and Hugging Face when they are
used. ``orbit_path`` leads through a group, ``transforms`` adapts actions of other libraries,
``resized`` shrinks pictures, ``rotation`` turns them, ``smooth_pictures`` makes some at random,
``outlines`` resamples closed curves, ``view_samplers`` draw the elements of views from a part of
the group. The data sets that groupae makes are in `groupae.experiments.datasets`.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.data.folder_pairs import FolderPairs
from groupae.data.keys import keyed_generator
from groupae.data.lazy_originals import LazyOriginals, originals_of
from groupae.data.loader_pairs import LoaderPairs
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.orbit_path import orbit_path
from groupae.data.outlines import smooth_outline
from groupae.data.pair_sources import as_pair_source, as_validation_pairs
from groupae.data.prefetched import Prefetched
from groupae.data.recorded_pairs import RecordedPairs
from groupae.data.resized import Resized
from groupae.data.rotation import rotate
from groupae.data.smooth_pictures import smooth_pictures
from groupae.data.transforms import from_transform
from groupae.data.turned_pictures import TurnedPictures
from groupae.data.view_samplers import (
    FixedSteps,
    OnGrid,
    Reflections,
    SmallSteps,
    ViewSampler,
    Wedge,
)
from groupae.protocols import PairBatch

if TYPE_CHECKING:
    from groupae.experiments.datasets import (
        BlockedDigits,
        BrainContrast,
        Molecules,
        Objects,
        PointClouds,
        RotatedDigits,
        Series,
        SkyPlanes,
        Turntable,
        shift_phase,
        show_building,
    )

__all__ = [
    "BlockedDigits",
    "BrainContrast",
    "FixedSteps",
    "FolderPairs",
    "LazyOriginals",
    "LoaderPairs",
    "Molecules",
    "Objects",
    "OnGrid",
    "OrbitDataset",
    "OrbitPairs",
    "PairBatch",
    "PointClouds",
    "Prefetched",
    "RecordedPairs",
    "Reflections",
    "Resized",
    "RotatedDigits",
    "Series",
    "SkyPlanes",
    "SmallSteps",
    "TurnedPictures",
    "Turntable",
    "ViewSampler",
    "Views",
    "Wedge",
    "as_pair_source",
    "as_validation_pairs",
    "from_transform",
    "keyed_generator",
    "orbit_path",
    "originals_of",
    "rotate",
    "shift_phase",
    "show_building",
    "smooth_outline",
    "smooth_pictures",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(
        __name__,
        {
            "experiments.datasets": (
                "BlockedDigits BrainContrast Molecules Objects PointClouds RotatedDigits Series "
                "SkyPlanes Turntable shift_phase show_building"
            )
        },
    )
