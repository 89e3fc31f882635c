"""Orientation-free profiles of items in unknown orientation.

`OrbitProfiler` turns pictures, outlines, sets of points or series, without any label, into one
vector per item that no turn changes, with pose, sureness and canonical item.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names

if TYPE_CHECKING:
    from groupae.profiles.cutouts import Cutouts, cut_out
    from groupae.profiles.neighbours_page import plot_neighbours
    from groupae.profiles.orbit_profiler import OrbitProfiler
    from groupae.profiles.profiles import Profiles

__all__ = ["Cutouts", "OrbitProfiler", "Profiles", "cut_out", "plot_neighbours"]

__getattr__ = lazy_names(
    __name__,
    {
        "profiles.cutouts": "Cutouts cut_out",
        "profiles.neighbours_page": "plot_neighbours",
        "profiles.orbit_profiler": "OrbitProfiler",
        "profiles.profiles": "Profiles",
    },
)
