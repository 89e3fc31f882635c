"""Objectives: loss terms on pairs, and their weighted sum."""

from groupae.objectives.perceptual import PerceptualTerm, lpips_error, st_lpips_error
from groupae.objectives.prediction import CrossPrediction, Predictions, PredictionTerm
from groupae.objectives.reconstruction import (
    CrossPass,
    CrossReconstruction,
    latent_cycle,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.objectives.sets import chamfer_error, log_chamfer_error
from groupae.protocols import Codec, Predicted

__all__ = [
    "Codec",
    "CrossPass",
    "CrossPrediction",
    "CrossReconstruction",
    "PerceptualTerm",
    "Predicted",
    "PredictionTerm",
    "Predictions",
    "chamfer_error",
    "latent_cycle",
    "log_chamfer_error",
    "log_mean_squared_error",
    "lpips_error",
    "mean_squared_error",
    "st_lpips_error",
]
