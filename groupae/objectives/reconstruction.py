"""Loss terms on the crossed reconstruction: ``x2`` drawn from ``x1`` and back.

One pass encodes both pictures, moves each code by the pair's element (or its inverse) and decodes
both. A term reads what that pass made, so adding a term costs only what the term itself computes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions.base import map_latent
from groupae.objectives.terms import Terms, check_terms, parse_terms
from groupae.protocols import Codec, PairBatch, Predicted, check_pairs, check_prediction

__all__ = [
    "CrossPass",
    "CrossReconstruction",
    "Term",
    "latent_cycle",
    "log_mean_squared_error",
    "mean_squared_error",
]


@dataclasses.dataclass(frozen=True)
class CrossPass:
    """What one pass over a batch of ``n`` pairs made; both directions, so ``2n`` of everything.

    Args:
        model: The model that was run.
        moved: Codes after the action, ``g . E(x1)`` and ``g^-1 . E(x2)``.
        prediction: Their pictures.
        target: What they should be, ``x2`` and ``x1``.
        code: Codes before the action, ``E(x1)`` and ``E(x2)``.
    """

    model: Codec
    moved: Any
    prediction: Tensor
    target: Tensor
    code: Any = None

    @property
    def target_code(self) -> Any:
        """Codes of the targets, ``E(x2)`` and ``E(x1)``."""
        return map_latent(lambda part: part.roll(len(part) // 2, 0), self.code)


Term = Callable[[CrossPass], Tensor]


def mean_squared_error(crossed: Predicted) -> Tensor:
    """Return the mean squared error of the crossed reconstruction (the paper's loss)."""
    return _errors(crossed).square().mean()


def log_mean_squared_error(crossed: Predicted, floor: float = 1e-4) -> Tensor:
    """Return the mean over pictures of ``log(mse + floor)``.

    Up to a factor this is minus the mean PSNR that evaluation reports: every picture counts by
    its relative error, so sparse pictures are not drowned by dense ones. The floor (40 dB) keeps
    the gradient of a picture that is already right from growing without bound.
    """
    errors = _errors(crossed).square().flatten(1).mean(1)
    return (errors + floor).log().mean()


def _errors(crossed: Predicted) -> Tensor:
    """Return prediction minus target, which must not broadcast."""
    found, wanted = tuple(crossed.prediction.shape), tuple(crossed.target.shape)
    if found != wanted:
        what = f"predictions of the target's shape {wanted}"
        remedy = "sets of different sizes compare by chamfer_error"
        raise ShapeError(expected("reconstruction error", what, found, remedy))
    return crossed.prediction - crossed.target


def latent_cycle(crossed: CrossPass) -> Tensor:
    """Return the mean of ``|z - E(D(z))|^2`` over the moved codes (paper: weight 1e-4 on digits).

    The paper takes z = E(x). The moved codes follow the same distribution when elements are drawn
    uniformly, and their pictures are decoded already.
    """
    again = crossed.model.encode(crossed.prediction)
    if isinstance(crossed.moved, dict):
        return torch.stack(
            [_squared_norm(z - again[name]) for name, z in crossed.moved.items()]
        ).sum()
    return _squared_norm(crossed.moved - again)


def _squared_norm(z: Tensor) -> Tensor:
    return z.flatten(1).square().sum(1).mean()


class CrossReconstruction:
    """A weighted sum of named terms over the crossed pass.

    Args:
        terms: Name to ``(weight, term)``; the paper's symmetric MSE unless given. A term is a
            function of a `CrossPass`, one of torch's losses, or a name: "mse", "log_mse",
            "latent_cycle", "chamfer", "log_chamfer", "st_lpips", "lpips". One term alone, or a
            list of them, has weight 1.

    Raises:
        TypeError: If terms are none of these, or, when it is called, one returns no tensor.
        ValueError: If a name is unknown, or there are no terms.
        ShapeError: When it is called: if the decoder returns another shape than the data's, or a
            term is not one number.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, training loss.

    Example:
        >>> objective = CrossReconstruction({"mse": (1.0, mean_squared_error)})
        >>> objective.names == CrossReconstruction("mse").names == ("mse",)
        True
    """

    def __init__(self, terms: Terms[Term] | None = None) -> None:
        self.terms = parse_terms("CrossReconstruction", terms)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(self.terms)

    def __call__(self, model: Codec, batch: PairBatch) -> dict[str, Tensor]:
        """Return each term times its weight, by name; their sum is the loss."""
        check_pairs("CrossReconstruction", batch, model.action)
        group = model.action.group
        z = model.encode(torch.cat([batch.x1, batch.x2]))
        moved = model.action(torch.cat([batch.g, group.inverse(batch.g)]), z)
        target = torch.cat([batch.x2, batch.x1])
        prediction = model.decode(moved)
        check_prediction(type(model).__name__, "the decoder", prediction, target.shape)
        crossed = CrossPass(model, moved, prediction, target, z)
        terms = {name: weight * term(crossed) for name, (weight, term) in self.terms.items()}
        return check_terms("CrossReconstruction", terms)
