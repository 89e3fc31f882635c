"""Pictures: orbits of predictions beside the truth, contact sheets, the course of a training."""

from groupae.viz.contact_sheets import element_title, plot_pairs, plot_views, save_figures
from groupae.viz.data_pictures import to_pictures
from groupae.viz.pictures import Orbits, plot_orbit, plot_training, save_figure
from groupae.viz.predictions import plot_predictions
from groupae.viz.swaps import plot_swap, plot_swap_table

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
