"""Scores relative to the spread of the data, so that neither range nor sign nor unit matters.

A score of this kind depends on the data: it is made for a set of pairs.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.chamfer import chamfer_score
from groupae.metrics.scores import Score
from groupae.protocols import PairBatch, is_point_set

__all__ = ["relative_chamfer_score", "relative_score", "rows_of", "spread_of"]

_CHUNK = 1024  # data at a time in float64, to bound the memory


def relative_score(pairs: PairBatch) -> Score:
    r"""Return the score ``"relative_snr"``: error over the spread of the data, in dB.

    .. math:: 10 \log_{10} \frac{\mathrm{Var}(t)}{\mathrm{mean} (p - t)^2}

    A prediction of the mean of all data has 0 dB; the score is capped at 100 dB. The variance is
    that of all pairs about their mean datum (about the mean number if all data are equal; the mean
    square if all numbers are).

    Args:
        pairs: Pairs with the data ``x2`` that predictions are compared with.

    Example:
        >>> x = torch.tensor([[0.0], [1e6]])
        >>> score = relative_score(PairBatch(x, torch.zeros(2), x))
        >>> score.function(x + 5e4, PairBatch(x, torch.zeros(2), x)).round()
        tensor([20., 20.])
    """
    function = functools.partial(_relative_snr, spread=spread_of(pairs.x2))
    return Score(
        "relative_snr",
        "relative SNR (dB)",
        2,
        function,
        range=(-math.inf, 100.0),
        definition="10 log10 of the variance of the data over the mean squared error",
        source="groupae",
    )


def _relative_snr(prediction: Tensor, pairs: PairBatch, *, spread: float) -> Tensor:
    if prediction.shape != pairs.x2.shape:
        got = f"{tuple(prediction.shape)} and {tuple(pairs.x2.shape)}"
        raise ShapeError(expected("score 'relative_snr'", "data of one shape", got))
    error = rows_of(prediction - pairs.x2)
    error = error.to(torch.promote_types(error.dtype, torch.float32))
    error = (error / spread).square().mean(1)
    return -10 * error.clamp(min=1e-10).log10()


def relative_chamfer_score(pairs: PairBatch) -> Score:
    """Return the score ``"relative_chamfer"``: `chamfer_score` of sets over their spread, in dB.

    Args:
        pairs: Pairs with the sets ``x2`` that predictions are compared with.

    Example:
        >>> from groupae import PairBatch
        >>> points = torch.eye(3)[None]
        >>> score = relative_chamfer_score(PairBatch(points, torch.zeros(1), points))
        >>> score.name
        'relative_chamfer'
    """
    function = functools.partial(_scaled_chamfer, spread=spread_of(pairs.x2))
    return Score(
        "relative_chamfer",
        "relative Chamfer (dB)",
        2,
        function,
        range=(-math.inf, 100.0),
        definition="-10 log10 of the squared Chamfer distance of sets over their variance",
        source="Fan, Su & Guibas, A point set generation network, CVPR 2017 (here relative)",
    )


def _scaled_chamfer(prediction: Tensor, pairs: PairBatch, *, spread: float) -> Tensor:
    return chamfer_score(prediction / spread, pairs.x2 / spread)


def spread_of(x: Tensor) -> float:
    """Return the standard deviation of data, or a positive substitute where they do not vary.

    It is taken about one mean point for sets of points, and about the mean datum for all others.
    """
    rows = x.detach().flatten(0, 1) if is_point_set(tuple(x.shape[1:])) else x.detach()
    rows = rows_of(rows).cpu()
    mean = torch.stack([part.double().sum(0) for part in rows.split(_CHUNK)]).sum(0) / len(rows)
    for centre in (mean, mean.mean(), torch.zeros((), dtype=torch.float64)):
        squares = [(part.double() - centre).square().sum() for part in rows.split(_CHUNK)]
        spread = float((torch.stack(squares).sum() / max(rows.numel(), 1)).sqrt())
        # equal numbers differ from their mean by rounding, which is no spread
        if spread > 4 * torch.finfo(rows.dtype).eps * float(centre.abs().max()):
            return spread
        if spread != spread:  # NaN: the score reports it
            return spread
    return 1.0


def rows_of(x: Tensor) -> Tensor:
    """Return one row per datum, also where a datum is one number."""
    return x.flatten(1) if x.ndim > 1 else x.unsqueeze(1)
