"""Chamfer distance of sets of points, one number per set."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.metrics.scores import Score

__all__ = ["CHAMFER", "chamfer_distance", "chamfer_score"]


def chamfer_distance(x: Tensor, y: Tensor) -> Tensor:
    r"""Return the squared Chamfer distance of pairs of sets, independent of the order of points.

    .. math:: \frac1N \sum_i \min_j |x_i - y_j|^2 + \frac1M \sum_j \min_i |x_i - y_j|^2

    Its gradient is finite everywhere: nearest points are found first, then compared.

    Args:
        x: Sets of N points, shape ``(n, N, d)``.
        y: Sets of M points, shape ``(n, M, d)``.

    Returns:
        Shape ``(n,)``, in squared units of the points; 0 exactly when the sets are equal.

    Raises:
        ShapeError: If shapes do not fit or a set is empty.
        TypeError: If a set is not floating.

    References:
        Fan, Su & Guibas, A point set generation network, CVPR 2017, section 4.1 (here means).

    Example:
        >>> x, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[[0.0], [4.0]]])
        >>> chamfer_distance(x, y)  # (0 + 1) / 2 + (0 + 9) / 2
        tensor([5.])
    """
    check_floating("chamfer_distance", "x", x)
    check_floating("chamfer_distance", "y", y)
    fits = x.ndim == y.ndim == 3 and x.shape[::2] == y.shape[::2]
    if not fits or 0 in (*x.shape[1:], *y.shape[1:]):
        got = f"{tuple(x.shape)} and {tuple(y.shape)}"
        raise ShapeError(expected("chamfer_distance", "sets (n, N, d) and (n, M, d)", got))
    x, y = (points.to(torch.promote_types(points.dtype, torch.float32)) for points in (x, y))
    with torch.no_grad():  # a matrix product would lose the digits of small distances
        gaps = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    return _to_nearest(x, y, gaps.argmin(2)) + _to_nearest(y, x, gaps.argmin(1))


def _to_nearest(x: Tensor, y: Tensor, nearest: Tensor) -> Tensor:
    """Return the mean squared distance of points of ``x`` to their nearest ones in ``y``."""
    matched = y.gather(1, nearest.unsqueeze(-1).expand(-1, -1, y.shape[-1]))
    return (x - matched).square().sum(-1).mean(-1)


def chamfer_score(prediction: Tensor, target: Tensor) -> Tensor:
    """Return minus ten times the decimal logarithm of `chamfer_distance`, in dB, shape ``(n,)``.

    Capped at 100 dB. Average it over sets, like PSNR.

    Example:
        >>> chamfer_score(torch.full((1, 4, 2), 0.5), torch.full((1, 4, 2), 0.55)).round()
        tensor([20.])
    """
    return -10 * chamfer_distance(prediction, target).clamp(min=1e-10).log10()


CHAMFER = Score(
    "chamfer",
    "Chamfer (dB)",
    2,
    lambda p, pairs: chamfer_score(p, pairs.x2),
    range=(-math.inf, 100.0),
    definition="-10 log10 of the squared Chamfer distance of sets of points",
    source="Fan, Su & Guibas, A point set generation network, CVPR 2017",
)
"""`chamfer_score` of sets of points."""
