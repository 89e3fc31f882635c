"""Loss terms for sets: the crossed reconstruction compared whatever order points are listed in."""

from __future__ import annotations

from torch import Tensor

from groupae.metrics import chamfer_distance
from groupae.objectives.reconstruction import CrossPass

__all__ = ["chamfer_error", "log_chamfer_error"]


def chamfer_error(crossed: CrossPass) -> Tensor:
    """Return the mean squared Chamfer distance of the crossed reconstruction.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"chamfer": (1.0, chamfer_error)}).names
        ('chamfer',)
    """
    return chamfer_distance(crossed.prediction, crossed.target).mean()


def log_chamfer_error(crossed: CrossPass, floor: float = 1e-4) -> Tensor:
    """Return the mean over sets of ``log(squared Chamfer distance + floor)``.

    Up to a factor this is minus the mean of `groupae.metrics.chamfer_score`, which evaluation
    reports; the floor (40 dB) bounds the gradient of a set that is already right.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"log_chamfer": (1.0, log_chamfer_error)}).names
        ('log_chamfer',)
    """
    return (chamfer_distance(crossed.prediction, crossed.target) + floor).log().mean()
