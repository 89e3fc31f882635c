"""Metrics: scores of predictions and of latent codes, and the evaluation of a model."""

from groupae._moved import lazy_names
from groupae.metrics.chamfer import CHAMFER, chamfer_distance, chamfer_score
from groupae.metrics.estimate import Estimate
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.evaluation import Evaluation, evaluate
from groupae.metrics.image import psnr_score, ssim_score
from groupae.metrics.latent import latent_equivariance_error
from groupae.metrics.needs import Need
from groupae.metrics.perceptual import (
    LPIPS,
    ST_LPIPS,
    LPIPSDistance,
    PerceptualDistance,
    STLPIPSDistance,
    perceptual_scores,
)
from groupae.metrics.registry import (
    MODEL_SCORES,
    RELATIVE_SCORES,
    SCORES,
    default_scores,
    get_score,
)
from groupae.metrics.relative import relative_chamfer_score, relative_score
from groupae.metrics.scores import OWN_PSNR, PSNR, SEEN_PSNR, SSIM, ModelScore, Score
from groupae.metrics.snr import ATOM_SNR, SNR, snr_score
from groupae.metrics.swaps import swap_scores
from groupae.protocols import FixedPairs, Swaps
from groupae.protocols import Model as Transforms

__all__ = [
    "ATOM_SNR",
    "CHAMFER",
    "LPIPS",
    "MODEL_SCORES",
    "OWN_PSNR",
    "PSNR",
    "RELATIVE_SCORES",
    "SCORES",
    "SEEN_PSNR",
    "SNR",
    "SSIM",
    "ST_LPIPS",
    "Estimate",
    "Evaluated",
    "Evaluation",
    "FixedPairs",
    "LPIPSDistance",
    "ModelScore",
    "Need",
    "PerceptualDistance",
    "STLPIPSDistance",
    "Score",
    "Swaps",
    "Transforms",
    "chamfer_distance",
    "chamfer_score",
    "default_scores",
    "evaluate",
    "get_score",
    "latent_equivariance_error",
    "perceptual_scores",
    "psnr_score",
    "relative_chamfer_score",
    "relative_score",
    "snr_score",
    "ssim_score",
    "swap_scores",
]

__getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
