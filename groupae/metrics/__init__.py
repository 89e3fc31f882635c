"""Metrics: scores of predictions and of latent codes, and the evaluation of a model."""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.metrics.chamfer import CHAMFER, chamfer_distance, chamfer_score
from groupae.metrics.chance import chance_error, code_rows, relative_to_chance
from groupae.metrics.consistency import consistency_gap, consistency_ratio
from groupae.metrics.estimate import Estimate
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.evaluation import Evaluation, evaluate
from groupae.metrics.image import psnr_score, ssim_score
from groupae.metrics.invariance import invariance_ratio
from groupae.metrics.latent import latent_equivariance_error
from groupae.metrics.latent_cycle import code_cycle_error, latent_cycle_error
from groupae.metrics.leakage import class_skill, element_leakage
from groupae.metrics.needs import Need
from groupae.metrics.perceptual import (
    LPIPS,
    ST_LPIPS,
    LPIPSDistance,
    PerceptualDistance,
    STLPIPSDistance,
    perceptual_scores,
)
from groupae.metrics.pose import code_change, pose_error, symmetric_pose_error, typical_change
from groupae.metrics.registry import (
    MODEL_SCORES,
    RELATIVE_SCORES,
    SCORES,
    default_scores,
    get_score,
)
from groupae.metrics.relative import relative_chamfer_score, relative_score
from groupae.metrics.relative_equivariance import relative_equivariance_error
from groupae.metrics.relative_pose import PoseProbe, pose_r2, view_ranks
from groupae.metrics.retrieval import Ranks, orbit_ranks, retrieval_ranks
from groupae.metrics.scores import OWN_PSNR, PSNR, SEEN_PSNR, SSIM, ModelScore, Score
from groupae.metrics.snr import ATOM_SNR, SNR, snr_score
from groupae.metrics.swap_cycle import swap_cycle_error, swap_twice
from groupae.metrics.swap_error import swap_error
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
    "PoseProbe",
    "Ranks",
    "STLPIPSDistance",
    "Score",
    "Swaps",
    "Transforms",
    "chamfer_distance",
    "chamfer_score",
    "chance_error",
    "class_skill",
    "code_change",
    "code_cycle_error",
    "code_rows",
    "consistency_gap",
    "consistency_ratio",
    "default_scores",
    "element_leakage",
    "evaluate",
    "get_score",
    "invariance_ratio",
    "latent_cycle_error",
    "latent_equivariance_error",
    "orbit_ranks",
    "perceptual_scores",
    "pose_error",
    "pose_r2",
    "psnr_score",
    "relative_chamfer_score",
    "relative_equivariance_error",
    "relative_score",
    "relative_to_chance",
    "retrieval_ranks",
    "snr_score",
    "ssim_score",
    "swap_cycle_error",
    "swap_error",
    "swap_scores",
    "swap_twice",
    "symmetric_pose_error",
    "typical_change",
    "view_ranks",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
