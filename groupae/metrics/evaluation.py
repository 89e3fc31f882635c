"""Evaluate any model on fixed pairs."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.metrics.scores import PSNR, SSIM, Score
from groupae.pairs import PairBatch

__all__ = ["Estimate", "Transforms", "evaluate"]


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


def _judge(score: Score, prediction: Tensor, batch: PairBatch) -> Tensor:
    values = score.function(prediction, batch)
    if values.shape != (len(batch),):
        what = f"one number a pair, shape ({len(batch)},)"
        raise ShapeError(expected(f"score {score.name!r}", what, tuple(values.shape)))
    return values


@torch.no_grad()
def evaluate(
    model: Transforms,
    pairs: PairBatch,
    scores: Sequence[Score] = (PSNR, SSIM),
    *,
    batch_size: int = 250,
) -> dict[str, Estimate]:
    """Return scores of ``model.transform(g, x1)`` against ``x2``.

    Args:
        model: Any `groupae.models.TransformModel`. A module is put in evaluation mode meanwhile.
        pairs: The pairs, on the model's device.
        scores: What to judge by; PSNR and SSIM of pictures in [0, 1] by default.
        batch_size: How many pairs at a time.

    Returns:
        Mean over pairs and 95 % interval of each score, by its name.

    Raises:
        ShapeError: If there are no pairs, or a score is not one number a pair.

    Example:
        >>> from groupae import RotatedDigits
        >>> from groupae.baselines import DataAction
        >>> from groupae.data import rotate
        >>> 30 < evaluate(DataAction(rotate), RotatedDigits("test").fixed())["psnr"].mean < 31
        True
    """
    if len(pairs) == 0:
        raise ShapeError(expected("evaluate", "at least one pair", "none"))
    rows = []
    with _evaluation_mode(model):
        for batch in pairs.chunks(batch_size):
            prediction = model.transform(batch.g, batch.x1)
            rows.append([_judge(score, prediction, batch) for score in scores])
    columns = [Estimate.of(torch.cat(column)) for column in zip(*rows, strict=True)]
    return {score.name: column for score, column in zip(scores, columns, strict=True)}
