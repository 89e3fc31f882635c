"""Metrics: scores of predictions, of latent codes, and the evaluation of a whole model."""

from groupae.metrics.evaluation import Estimate, Transforms, evaluate
from groupae.metrics.image import psnr_score, ssim_score
from groupae.metrics.latent import latent_equivariance_error
from groupae.metrics.scores import OWN_PSNR, PSNR, SSIM, Score

__all__ = [
    "OWN_PSNR",
    "PSNR",
    "SSIM",
    "Estimate",
    "Score",
    "Transforms",
    "evaluate",
    "latent_equivariance_error",
    "psnr_score",
    "ssim_score",
]
