"""Metrics: of images, of latent codes, and the evaluation of a whole model."""

from groupae.metrics.evaluation import Estimate, Evaluation, Transforms, evaluate, mean_psnr
from groupae.metrics.image import psnr_score, ssim_score
from groupae.metrics.latent import latent_equivariance_error

__all__ = [
    "Estimate",
    "Evaluation",
    "Transforms",
    "evaluate",
    "latent_equivariance_error",
    "mean_psnr",
    "psnr_score",
    "ssim_score",
]
