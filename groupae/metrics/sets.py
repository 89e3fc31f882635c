"""Metrics of sets of points and of signals, one number per datum."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.metrics.scores import Score
from groupae.protocols import PairBatch

__all__ = ["ATOM_SNR", "CHAMFER", "SNR", "chamfer_distance", "chamfer_score", "snr_score"]


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


def snr_score(prediction: Tensor, target: Tensor) -> Tensor:
    r"""Return the signal-to-noise ratio in dB of each prediction, shape ``(n,)``.

    .. math:: 10 \log_{10} \left( \sum t^2 / \sum (p - t)^2 \right)

    A prediction of zero has 0 dB. Capped at 100 dB.

    Args:
        prediction: Shape ``(n, *x_shape)``.
        target: Same shape; signals, or positions about their centre.

    Raises:
        ShapeError: If the shapes differ.

    Example:
        >>> snr_score(torch.full((1, 8), 0.9), torch.ones(1, 8)).round()
        tensor([20.])
    """
    if prediction.shape != target.shape or target.ndim < 2:
        got = f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        raise ShapeError(expected("snr_score", "two batches (n, *x_shape) of one shape", got))
    prediction, target = (
        x.flatten(1).to(torch.promote_types(x.dtype, torch.float32)) for x in (prediction, target)
    )
    largest = target.abs().amax(1, keepdim=True)  # squares of other units leave the range of floats
    unit = torch.where(largest > 0, largest, 1.0)
    signal = (target / unit).square().sum(1).clamp(min=torch.finfo(target.dtype).tiny)
    noise = ((prediction - target) / unit).square().sum(1)
    return 10 * (signal / noise.clamp(min=1e-10 * signal)).log10()


def _atom_snr(prediction: Tensor, pairs: PairBatch) -> Tensor:
    if prediction.shape != pairs.x2.shape or prediction.ndim != 3 or prediction.shape[-1] < 4:
        got = f"{tuple(prediction.shape)} and {tuple(pairs.x2.shape)}"
        form = "two batches of atoms (n, N, 3 + types) of one shape"
        raise ShapeError(expected("score 'atom_snr'", form, got))
    present = pairs.x2[..., 3:].sum(-1, keepdim=True) > 0
    return snr_score(prediction[..., :3] * present, pairs.x2[..., :3] * present)


CHAMFER = Score("chamfer", "Chamfer (dB)", 2, lambda p, pairs: chamfer_score(p, pairs.x2))
"""`chamfer_score` of sets of points."""

SNR = Score("snr", "SNR (dB)", 2, lambda p, pairs: snr_score(p, pairs.x2))
"""`snr_score` of signals."""

ATOM_SNR = Score("atom_snr", "SNR of positions (dB)", 2, _atom_snr)
"""`snr_score` of the positions of atoms, laid out as in `groupae.data.Molecules`."""
