"""Figures in one style, light and dark: orbits, swaps, codes, data, trainings, audits, laws."""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.protocols import Orbits
from groupae.viz.audit import plot_audit
from groupae.viz.contact_sheets import plot_pairs, plot_views
from groupae.viz.element_titles import element_title
from groupae.viz.figures import save_figure, save_figures
from groupae.viz.latent_blocks import plot_latent_blocks
from groupae.viz.laws import plot_laws
from groupae.viz.orbits import plot_orbit, save_orbit
from groupae.viz.predictions import plot_predictions
from groupae.viz.style import Style, Theme, figure_style
from groupae.viz.swaps import plot_swap, plot_swap_table
from groupae.viz.training import plot_training
from groupae.viz.world_models import plot_world_model

if TYPE_CHECKING:
    from groupae.experiments.datasets.drawing import to_pictures

__all__ = [
    "Orbits",
    "Style",
    "Theme",
    "element_title",
    "figure_style",
    "plot_audit",
    "plot_latent_blocks",
    "plot_laws",
    "plot_orbit",
    "plot_pairs",
    "plot_predictions",
    "plot_swap",
    "plot_swap_table",
    "plot_training",
    "plot_views",
    "plot_world_model",
    "save_figure",
    "save_figures",
    "save_orbit",
    "to_pictures",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {"experiments.datasets.drawing": "to_pictures"})
