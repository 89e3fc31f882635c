"""Data: pairs on orbits. One file a data set.

``orbits`` says what every data set is, ``keys`` how randomness is keyed, ``pairs`` makes pairs from
originals and an action on them, ``recorded`` from views recorded beforehand.
"""

from groupae.data.keys import keyed_generator
from groupae.data.orbits import OrbitDataset, Views
from groupae.data.pairs import OrbitPairs
from groupae.data.recorded import RecordedPairs
from groupae.data.rotated_digits import RotatedDigits
from groupae.data.rotation import rotate

__all__ = [
    "OrbitDataset",
    "OrbitPairs",
    "RecordedPairs",
    "RotatedDigits",
    "Views",
    "keyed_generator",
    "rotate",
]
