"""Orientation-free profiles of items in unknown orientation.

`OrbitProfiler` turns pictures, outlines, sets of points or series, without any label, into one
vector per item that no turn changes, with pose, sureness and canonical item. It needs scikit-learn.
"""

from groupae.profiles.cutouts import Cutouts, cut_out
from groupae.profiles.neighbours_page import plot_neighbours
from groupae.profiles.orbit_profiler import OrbitProfiler
from groupae.profiles.profiles import Profiles

__all__ = ["Cutouts", "OrbitProfiler", "Profiles", "cut_out", "plot_neighbours"]
