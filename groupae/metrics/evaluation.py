"""Evaluation of any model on fixed pairs."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, check_count, expected
from groupae.metrics.registry import parse_scores
from groupae.metrics.scores import Score
from groupae.protocols import FixedPairs, Model, PairBatch, as_batch, check_prediction, has_parts

__all__ = ["Estimate", "as_pairs", "evaluate", "evaluation_mode"]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Mean over pairs and the half width of its 95 % interval (normal approximation).

    Example:
        >>> f"{Estimate.of(torch.tensor([20.0, 22.0, 24.0])):.1f}"
        '22.0 ± 2.3'
    """

    mean: float
    half_width: float

    @classmethod
    def of(cls, scores: Tensor) -> Estimate:
        """Return the estimate from one score per pair."""
        scores = scores.double()
        spread = float(scores.std()) if len(scores) > 1 else math.nan
        return cls(float(scores.mean()), 1.96 * spread / math.sqrt(len(scores)))

    @override
    def __format__(self, spec: str) -> str:
        return f"{self.mean:{spec}} ± {self.half_width:{spec}}"


def as_pairs(owner: str, pairs: object, model: object, *, name: str = "pairs") -> PairBatch:
    """Return the pairs of an evaluation: a batch, or the fixed pairs of a data set.

    Args:
        owner: Subject of the error message.
        pairs: A batch, any object with the parts of one, or a data set with ``fixed()``.
        model: The model, whose group is compared.
        name: Name of the argument in error messages.

    Raises:
        TypeError: If ``pairs`` is neither, or data are not floating.
        ValueError: If the pairs are of another group than the model.
        ShapeError: If there are no pairs.
    """
    fixed = getattr(pairs, "fixed", None)
    if callable(fixed) and not isinstance(pairs, type):
        source, pairs = type(pairs).__name__, fixed()
        if not has_parts(pairs):
            what, got = f"{source}.fixed() to return a PairBatch", type(pairs).__name__
            raise TypeError(expected(owner, what, got))
    elif not has_parts(pairs):
        remedy = "PairBatch(x1, g, x2) makes one"
        got = type(pairs).__name__
        if isinstance(pairs, type):
            got, remedy = f"the class {pairs.__name__}", "make an object of it"
        elif callable(getattr(pairs, "batch", None)):
            got = f"{got}, which has batch(step, size) only"
            remedy = (
                "give one of its batches, say batch(0, 500), or write fixed(), which returns one"
            )
        what = f"{name} as a PairBatch or a data set with fixed()"
        raise TypeError(expected(owner, what, got, remedy))
    batch = as_batch(owner, pairs, model, method="chunks")
    if len(batch) == 0:
        raise ShapeError(expected(owner, "at least one pair", "none"))
    return batch


def _device_of(model: object) -> torch.device | None:
    if not isinstance(model, torch.nn.Module):
        return None
    return next((parameter.device for parameter in model.parameters()), None)


def _predict(model: Model, batch: PairBatch) -> Tensor:
    """Return ``model.transform(g, x1)``; raise unless it has the shape of ``x2``."""
    owner = type(model).__name__
    try:
        prediction = model.transform(batch.g, batch.x1)
    except RuntimeError as error:
        parts = model.parameters() if isinstance(model, torch.nn.Module) else ()
        dtypes = {part.dtype for part in parts if part.is_floating_point()}
        if len(dtypes) != 1 or batch.x1.dtype in dtypes:
            raise
        what, got = f"data of the dtype of its weights, {dtypes.pop()}", batch.x1.dtype
        remedy = "convert the data, or the model with .float() or .double()"
        raise TypeError(expected(owner, what, got, remedy)) from error
    check_prediction(owner, "transform", prediction, batch.x2.shape)
    return prediction


@contextlib.contextmanager
def evaluation_mode(model: object) -> Iterator[None]:
    """Put a module in evaluation mode; afterwards restore the mode of each part."""
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
    if not isinstance(values, Tensor):
        what, got = f"a tensor of one number per pair, shape ({len(batch)},)", type(values).__name__
        raise TypeError(expected(f"score {score.name!r}", what, got))
    if values.shape != (len(batch),):
        what = f"one number per pair, shape ({len(batch)},)"
        raise ShapeError(expected(f"score {score.name!r}", what, tuple(values.shape)))
    return values


@torch.no_grad()
def evaluate(
    model: Model,
    pairs: PairBatch | FixedPairs,
    scores: Sequence[Score | str] | Score | str | None = None,
    *,
    batch_size: int = 250,
) -> dict[str, Estimate]:
    """Return the scores of ``model.transform(g, x1)`` against ``x2``.

    Args:
        model: Any `Model`. A module is in evaluation mode meanwhile.
        pairs: The pairs, or a data set, whose ``fixed()`` pairs are taken.
        scores: Scores or their names, such as "psnr" and "relative_snr"; those that suit the data
            unless given (`groupae.metrics.default_scores`).
        batch_size: Largest number of pairs per batch.

    Returns:
        Mean over pairs and 95 % interval of each score, by its name.

    Raises:
        ShapeError: If there are no pairs, predictions have another shape than ``x2``, or a score is
            not one number per pair.
        TypeError: If an argument is of another kind.
        ValueError: If model and pairs are of different groups, or a score is unknown or does not
            suit the data.

    Example:
        >>> from groupae import RotatedDigits
        >>> from groupae.experiments.baselines import DataAction
        >>> from groupae.data import rotate
        >>> 30 < evaluate(DataAction(rotate), RotatedDigits("test").fixed())["psnr"].mean < 31
        True
    """
    owner = "evaluate"
    if not callable(getattr(model, "transform", None)):
        got, remedy = type(model).__name__, "LatentActionAE is one"
        raise TypeError(expected(owner, "a model with transform(g, x)", got, remedy))
    check_count(owner, "batch_size", batch_size)
    pairs = as_pairs(owner, pairs, model)
    chosen = parse_scores(owner, scores, pairs)
    device, rows = _device_of(model), []
    with evaluation_mode(model):
        for batch in pairs.chunks(batch_size):
            batch = batch if device is None else batch.to(device)
            prediction = _predict(model, batch)
            rows.append([_judge(score, prediction, batch) for score in chosen])
    columns = [Estimate.of(torch.cat(column)) for column in zip(*rows, strict=True)]
    return {score.name: column for score, column in zip(chosen, columns, strict=True)}
