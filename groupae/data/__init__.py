"""Data: pairs on orbits. One file a data set; ``pairs`` builds pairs from any pictures."""

from groupae.data.pairs import OrbitPairs, keyed_generator
from groupae.data.rotated_digits import RotatedDigits
from groupae.data.rotation import rotate

__all__ = ["OrbitPairs", "RotatedDigits", "keyed_generator", "rotate"]
