"""Evaluate any model on fixed pairs."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.metrics.image import psnr_score, ssim_score
from groupae.pairs import PairBatch

__all__ = ["Estimate", "Evaluation", "Transforms", "evaluate", "mean_psnr"]


class Transforms(Protocol):
    """What evaluation needs of a model."""

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return what ``x`` becomes under ``g``."""
        ...


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A mean over pictures and the half width of its 95 % interval (normal approximation).

    Example:
        >>> f"{Estimate.of(torch.tensor([20.0, 22.0, 24.0])):.1f}"
        '22.0 ± 2.3'
    """

    mean: float
    half_width: float

    @classmethod
    def of(cls, scores: Tensor) -> Estimate:
        """Return the estimate from one score a picture."""
        scores = scores.double()
        spread = float(scores.std()) if len(scores) > 1 else math.nan
        return cls(float(scores.mean()), 1.96 * spread / math.sqrt(len(scores)))

    @override
    def __format__(self, spec: str) -> str:
        return f"{self.mean:{spec}} ± {self.half_width:{spec}}"


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Scores of one model on fixed pairs: PSNR in dB and SSIM."""

    psnr: Estimate
    ssim: Estimate


@torch.no_grad()
def _scores(
    scorers: Sequence[Callable[[Tensor, Tensor], Tensor]],
    model: Transforms,
    pairs: PairBatch,
    batch_size: int,
) -> list[Tensor]:
    """Return each score of every pair."""
    if len(pairs) == 0:
        raise ShapeError(expected("evaluate", "at least one pair", "none"))
    rows = []
    with _evaluation_mode(model):
        for batch in pairs.chunks(batch_size):
            prediction = model.transform(batch.g, batch.x1).clamp(0, 1)
            rows.append([score(prediction, batch.x2) for score in scorers])
    return [torch.cat(column) for column in zip(*rows, strict=True)]


@contextlib.contextmanager
def _evaluation_mode(model: object) -> Iterator[None]:
    """Put a module in evaluation mode, and every part of it back as it was."""
    modules = list(model.modules()) if isinstance(model, torch.nn.Module) else []
    was_training = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, mode in zip(modules, was_training, strict=True):
            module.training = mode


def mean_psnr(model: Transforms, pairs: PairBatch, *, batch_size: int = 250) -> float:
    """Return the mean PSNR in dB of predictions; data of any shape with values in [0, 1]."""
    (psnr,) = _scores([psnr_score], model, pairs, batch_size)
    return Estimate.of(psnr).mean


def evaluate(model: Transforms, pairs: PairBatch, *, batch_size: int = 250) -> Evaluation:
    """Return PSNR and SSIM of ``model.transform(g, x1)`` against ``x2``.

    Args:
        model: Any `groupae.models.TransformModel`. A module is put in evaluation mode meanwhile.
        pairs: The pairs, on the model's device; pictures in [0, 1] of at least 11 x 11.
            Predictions are clamped to [0, 1].
        batch_size: How many pairs at a time.

    Returns:
        Mean over pairs and 95 % interval of each score.

    Example:
        >>> from groupae import RotatedDigits
        >>> from groupae.baselines import DataAction
        >>> from groupae.data import rotate
        >>> 30 < evaluate(DataAction(rotate), RotatedDigits("test").fixed()).psnr.mean < 31
        True
    """
    psnr, ssim = _scores([psnr_score, ssim_score], model, pairs, batch_size)
    return Evaluation(Estimate.of(psnr), Estimate.of(ssim))
