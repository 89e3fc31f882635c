"""Loss terms on a crossed prediction, and the records that they read.

A term is a function of one pass, in which ``x2`` is predicted from ``x1`` and ``x1`` from ``x2``;
it returns one number. Most read predictions and targets only, as any model has them
(`groupae.protocols.Predicted`); those that read codes need a model with a latent action.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions.codes import map_latent, named
from groupae.metrics import chamfer_distance
from groupae.protocols import Codec, Predicted

__all__ = [
    "CrossPass",
    "PredictionTerm",
    "Predictions",
    "Term",
    "chamfer_error",
    "equivariance_error",
    "latent_cycle",
    "log_chamfer_error",
    "log_equivariance_error",
    "log_mean_squared_error",
    "mean_squared_error",
]

_FLOOR = 1e-4  # 40 dB: a prediction that is already right has a bounded gradient
_EXACT = 1e-8  # near the rounding errors of float32, relative to the variance of codes


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predictions beside their targets.

    Args:
        prediction: Predictions of a model, shape ``(n, *x_shape)``.
        target: Data that they should equal, same shape.

    Example:
        >>> mean_squared_error(Predictions(torch.zeros(2, 3), torch.full((2, 3), 2.0)))
        tensor(4.)
    """

    prediction: Tensor
    target: Tensor


@dataclasses.dataclass(frozen=True)
class CrossPass:
    """Codes and predictions of ``n`` pairs in both directions, so ``2n`` of each.

    Args:
        model: The model that was run.
        moved: Codes after the action, ``g . E(x1)`` and ``g^-1 . E(x2)``.
        prediction: Their decoded data.
        target: Data that these should equal, ``x2`` and ``x1``.
        code: Codes before the action, ``E(x1)`` and ``E(x2)``.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> action, same = VectorAction(SO2().rep("1x1")), torch.nn.Identity()
        >>> model = LatentActionAE(same, same, action)
        >>> z = torch.tensor([[1.0, 0.0]])
        >>> crossed = CrossPass(model, moved=z, prediction=z, target=-z)
        >>> latent_cycle(crossed), mean_squared_error(crossed)
        (tensor(0.), tensor(2.))
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
"""Loss term that may read codes."""

PredictionTerm = Callable[[Predicted], Tensor]
"""Loss term that reads predictions and targets only."""


def mean_squared_error(crossed: Predicted) -> Tensor:
    """Return the mean squared error of the crossed reconstruction (the paper's loss).

    Example:
        >>> mean_squared_error(Predictions(torch.zeros(2, 3), torch.ones(2, 3)))
        tensor(1.)
    """
    return _errors(crossed).square().mean()


def log_mean_squared_error(crossed: Predicted, floor: float = _FLOOR) -> Tensor:
    """Return the mean over data of ``log(mse + floor)``.

    Up to a factor this is minus the mean PSNR of an evaluation: each picture counts by its relative
    error, so that dense pictures do not dominate sparse ones. The floor (40 dB) bounds the gradient
    of a prediction that is already right.

    Example:
        >>> log_mean_squared_error(Predictions(torch.zeros(2, 3), torch.ones(2, 3)), floor=0.0)
        tensor(0.)
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


def chamfer_error(crossed: Predicted) -> Tensor:
    """Return the mean squared Chamfer distance, which ignores the order of points.

    Example:
        >>> points = torch.rand(2, 5, 3)
        >>> chamfer_error(Predictions(points.flip(1), points))
        tensor(0.)
    """
    return chamfer_distance(crossed.prediction, crossed.target).mean()


def log_chamfer_error(crossed: Predicted, floor: float = _FLOOR) -> Tensor:
    """Return the mean over sets of ``log(squared Chamfer distance + floor)``.

    Up to a factor this is minus the mean of `groupae.metrics.chamfer_score` of an evaluation; the
    floor (40 dB) bounds the gradient of a set that is already right.

    Example:
        >>> points = torch.rand(2, 5, 3)
        >>> log_chamfer_error(Predictions(points, points), floor=1.0)
        tensor(0.)
    """
    return (chamfer_distance(crossed.prediction, crossed.target) + floor).log().mean()


def latent_cycle(crossed: CrossPass) -> Tensor:
    """Return the mean of ``|z - E(D(z))|^2`` over the moved codes (paper: weight 1e-4 on digits).

    The paper takes z = E(x). The moved codes follow the same distribution when elements are drawn
    uniformly, and their decoded data are there already.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> action, same = VectorAction(SO2().rep("1x1")), torch.nn.Identity()
        >>> model = LatentActionAE(same, same, action)
        >>> z = torch.tensor([[1.0, 0.0]])
        >>> latent_cycle(CrossPass(model, moved=z, prediction=z + 0.5, target=z))
        tensor(0.5000)
    """
    again = crossed.model.encode(crossed.prediction)
    if isinstance(crossed.moved, dict):
        return torch.stack(
            [_squared_norm(z - again[name]) for name, z in crossed.moved.items()]
        ).sum()
    return _squared_norm(crossed.moved - again)


def equivariance_error(crossed: CrossPass) -> Tensor:
    """Return the mean of ``|g . E(x1) - E(x2)|^2`` over the variance of the codes.

    `latent_cycle` compares the moved code with the code of its own decoded data, this one with the
    code of the target. As the variance has gradients too, the term does not change if all codes
    are scaled, so that smaller codes earn nothing.

    References:
        Kouzelis et al., EQ-VAE: Equivariance Regularized Latent Space for Improved Generative Image
        Modeling, ICML 2025, which regularises the decoded data of moved codes.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"mse": 1.0, "equivariance": 0.1}).names
        ('mse', 'equivariance')
    """
    wanted = named(crossed.target_code)
    pairs = [(moved, wanted[name]) for name, moved in named(crossed.moved).items()]
    errors = torch.stack([_squared_norm(moved - z) for moved, z in pairs]).sum()
    spread = torch.stack([_squared_norm(z - z.mean(0)) for _, z in pairs]).sum()
    return errors / spread.clamp_min(torch.finfo(spread.dtype).tiny)


def log_equivariance_error(crossed: CrossPass) -> Tensor:
    """Return the logarithm of `equivariance_error`, with a floor of 1e-8.

    Its gradient is one of ratios: an error of 1e-4 of the variance is worth as much to halve as one
    of 1e-1. Pairs that are near each other need this. For turns by less than t, a code that drifts
    slowly along the orbit, or goes round once too often, errs by t^2/3 of its variance only, 0.02
    for 15 degrees, and yet is wrong on the other side of the circle.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"log_mse": 1.0, "log_equivariance": 0.3}).names
        ('log_mse', 'log_equivariance')
    """
    return equivariance_error(crossed).clamp_min(_EXACT).log()


def _squared_norm(z: Tensor) -> Tensor:
    return z.flatten(1).square().sum(1).mean()
