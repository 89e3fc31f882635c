"""Objectives: loss terms on pairs, and their weighted sum."""

from groupae.objectives.reconstruction import (
    Codec,
    CrossPass,
    CrossReconstruction,
    latent_cycle,
    log_mean_squared_error,
    mean_squared_error,
)

__all__ = [
    "Codec",
    "CrossPass",
    "CrossReconstruction",
    "latent_cycle",
    "log_mean_squared_error",
    "mean_squared_error",
]
