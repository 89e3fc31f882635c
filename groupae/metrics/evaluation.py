"""Evaluate any model on fixed pairs."""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol

import torch
from torch import Tensor

from groupae.metrics.image import psnr_score, ssim_score
from groupae.pairs import PairBatch

__all__ = ["Estimate", "Evaluation", "Transforms", "evaluate"]


class Transforms(Protocol):
    """What evaluation needs of a model."""

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return what ``x`` becomes under ``g``."""
        ...


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over pictures and the half width of its 95 % interval (normal approximation)."""

    mean: float
    half_width: float

    @classmethod
    def of(cls, scores: Tensor) -> Estimate:
        """Return the estimate from one score a picture."""
        scores = scores.double()
        spread = float(scores.std()) if len(scores) > 1 else math.nan
        return cls(float(scores.mean()), 1.96 * spread / math.sqrt(len(scores)))

    def __format__(self, spec: str) -> str:
        return f"{self.mean:{spec}} ± {self.half_width:{spec}}"


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Scores of one model on fixed pairs: PSNR in dB and SSIM."""

    psnr: Estimate
    ssim: Estimate


@torch.no_grad()
def evaluate(model: Transforms, pairs: PairBatch, *, batch_size: int = 250) -> Evaluation:
    """Return PSNR and SSIM of ``model.transform(g, x1)`` against ``x2``.

    Args:
        model: Any `groupae.models.TransformModel`. A module is put in evaluation mode meanwhile.
        pairs: The pairs, on the model's device.
        batch_size: How many pairs at a time.

    Returns:
        Mean over pairs and 95 % interval of each score.
    """
    was_training = getattr(model, "training", False)
    if isinstance(model, torch.nn.Module):
        model.eval()
    psnr, ssim = [], []
    for batch in pairs.chunks(batch_size):
        prediction = model.transform(batch.g, batch.x1).clamp(0, 1)
        psnr.append(psnr_score(prediction, batch.x2))
        ssim.append(ssim_score(prediction, batch.x2))
    if isinstance(model, torch.nn.Module):
        model.train(was_training)
    return Evaluation(Estimate.of(torch.cat(psnr)), Estimate.of(torch.cat(ssim)))
