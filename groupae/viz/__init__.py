"""Pictures: orbits of predictions beside the truth, contact sheets, the course of a training."""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.protocols import Orbits
from groupae.viz.contact_sheets import element_title, plot_pairs, plot_views, save_figures
from groupae.viz.pictures import plot_orbit, plot_training, save_figure
from groupae.viz.predictions import plot_predictions
from groupae.viz.swaps import plot_swap, plot_swap_table

if TYPE_CHECKING:
    from groupae.experiments.datasets.drawing import to_pictures

__all__ = [
    "Orbits",
    "element_title",
    "plot_orbit",
    "plot_pairs",
    "plot_predictions",
    "plot_swap",
    "plot_swap_table",
    "plot_training",
    "plot_views",
    "save_figure",
    "save_figures",
    "to_pictures",
]

__getattr__ = lazy_names(__name__, {"to_pictures": "experiments.datasets.drawing"})
