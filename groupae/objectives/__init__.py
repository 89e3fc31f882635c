"""Objectives: loss terms on pairs, by name or as functions, and their weighted sum."""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.objectives.cross_prediction import CrossPrediction
from groupae.objectives.cross_reconstruction import CrossReconstruction
from groupae.objectives.loss_terms import (
    CrossPass,
    Predictions,
    PredictionTerm,
    chamfer_error,
    equivariance_error,
    latent_cycle,
    log_chamfer_error,
    log_equivariance_error,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.objectives.perceptual import PerceptualTerm, lpips_error, st_lpips_error
from groupae.objectives.registry import PREDICTION_TERMS, TERMS, get_term
from groupae.objectives.weighted_sum import Terms, WeightedSum
from groupae.protocols import Codec, Predicted

__all__ = [
    "PREDICTION_TERMS",
    "TERMS",
    "Codec",
    "CrossPass",
    "CrossPrediction",
    "CrossReconstruction",
    "PerceptualTerm",
    "Predicted",
    "PredictionTerm",
    "Predictions",
    "Terms",
    "WeightedSum",
    "chamfer_error",
    "equivariance_error",
    "get_term",
    "latent_cycle",
    "log_chamfer_error",
    "log_equivariance_error",
    "log_mean_squared_error",
    "lpips_error",
    "mean_squared_error",
    "st_lpips_error",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
