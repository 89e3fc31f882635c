"""Pictures: orbits of predictions beside the truth, and the course of a training."""

from groupae.viz.pictures import Orbits, plot_orbit, plot_training, save_figure

__all__ = ["Orbits", "plot_orbit", "plot_training", "save_figure"]
