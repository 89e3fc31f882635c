"""Signal-to-noise ratio of signals and of positions of atoms, one number per datum."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.scores import Score
from groupae.protocols import PairBatch

__all__ = ["ATOM_SNR", "SNR", "snr_score"]


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


_CAPPED = (-math.inf, 100.0)

SNR = Score(
    "snr",
    "SNR (dB)",
    2,
    lambda p, pairs: snr_score(p, pairs.x2),
    range=_CAPPED,
    definition="10 log10 of the sum of squares of the signal over that of the error",
    source="Oppenheim & Schafer, Discrete-Time Signal Processing",
)
"""`snr_score` of signals."""

ATOM_SNR = Score(
    "atom_snr",
    "SNR of positions (dB)",
    2,
    _atom_snr,
    range=_CAPPED,
    definition="SNR of the positions of atoms about their centre",
    source="groupae",
)
"""`snr_score` of the positions of atoms, laid out as in `groupae.data.Molecules`."""
