"""Which scores suit the data, where nobody names any; and scores by name."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected, unknown_choice
from groupae.metrics.image import is_in_unit_range
from groupae.metrics.scores import OWN_PSNR, PSNR, SSIM, Score
from groupae.metrics.sets import ATOM_SNR, CHAMFER, SNR, chamfer_score
from groupae.protocols import PairBatch, is_point_set

__all__ = ["default_scores", "parse_scores", "relative_score"]

_SMALLEST_SPREAD, _LARGEST_SPREAD = 0.01, 1e6
_CHUNK = 1024  # data at a time in float64
_OWN_WORDING = 'Score("mine", "mine", 3, lambda prediction, pairs: ...) makes one of a function'


def default_scores(pairs: PairBatch) -> tuple[Score, ...]:
    """Return the scores that suit the data, the first one to choose weights by; larger is better.

    The one place where the rule stands. By the shape ``x_shape`` of a datum and its values:

    * pictures and volumes, three axes or more, with values in [0, 1]: PSNR, and SSIM if they are
      ``(C, H, W)`` of at least 11 x 11;
    * sets of points, ``(N, 2)`` or ``(N, 3)`` with more points than coordinates: Chamfer;
    * series about zero, ``(channels, length)``, of a mean below their spread: SNR;
    * all else (vectors, pictures in another range, series with an offset): the relative SNR, which
      is over the spread of the data, so that neither range nor sign nor unit matters.

    PSNR and Chamfer are capped at 100 dB of unit size. Data that spread by less than 0.01 could
    come near the cap by their size alone: for them PSNR gives way to the relative SNR, and Chamfer
    is taken over the spread. So it is where data spread by more than a million, for squares would
    leave the range of floats.

    Args:
        pairs: What predictions are compared with.

    Example:
        >>> x, g = torch.rand(9, 3, 16, 16), torch.zeros(9)
        >>> [score.name for score in default_scores(PairBatch(x, g, x))]
        ['psnr', 'ssim']
        >>> [score.name for score in default_scores(PairBatch(2 * x - 1, g, 2 * x - 1))]
        ['relative_snr']
    """
    x, x_shape = pairs.x2, tuple(pairs.x2.shape[1:])
    spread = _spread(x)
    is_of_unit_size = _SMALLEST_SPREAD <= spread <= _LARGEST_SPREAD
    if is_point_set(x_shape):
        return (CHAMFER if is_of_unit_size else _relative_chamfer(spread),)
    if len(x_shape) >= 3 and is_of_unit_size and is_in_unit_range(x):
        has_windows = len(x_shape) == 3 and min(x_shape[1:]) >= 11
        return (PSNR, SSIM) if has_windows else (PSNR,)
    if len(x_shape) == 2 and _is_about_zero(x, spread):
        return (SNR,)
    return (relative_score(pairs),)


def relative_score(pairs: PairBatch) -> Score:
    r"""Return the score ``"relative_snr"`` of predictions of ``pairs.x2``, in dB.

    .. math:: 10 \log_{10} \frac{\mathrm{Var}(t)}{\mathrm{mean} (p - t)^2}

    0 dB is what predicting the mean of all data gives; capped at 100 dB. The variance is that of
    all pairs about their mean datum (about the mean number if all data are alike; if all numbers
    are, their mean square).

    Args:
        pairs: What predictions are compared with.

    Example:
        >>> x = torch.tensor([[0.0], [1e6]])
        >>> score = relative_score(PairBatch(x, torch.zeros(2), x))
        >>> score.function(x + 5e4, PairBatch(x, torch.zeros(2), x)).round()
        tensor([20., 20.])
    """
    function = functools.partial(_relative_snr, spread=_spread(pairs.x2))
    return Score("relative_snr", "relative SNR (dB)", 2, function)


def _relative_snr(prediction: Tensor, pairs: PairBatch, *, spread: float) -> Tensor:
    if prediction.shape != pairs.x2.shape:
        got = f"{tuple(prediction.shape)} and {tuple(pairs.x2.shape)}"
        raise ShapeError(expected("score 'relative_snr'", "data of one shape", got))
    error = _rows(prediction - pairs.x2)
    error = error.to(torch.promote_types(error.dtype, torch.float32))
    error = (error / spread).square().mean(1)
    return -10 * error.clamp(min=1e-10).log10()


def _relative_chamfer(spread: float) -> Score:
    function = functools.partial(_scaled_chamfer, spread=spread)
    return Score("relative_chamfer", "relative Chamfer (dB)", 2, function)


def _scaled_chamfer(prediction: Tensor, pairs: PairBatch, *, spread: float) -> Tensor:
    return chamfer_score(prediction / spread, pairs.x2 / spread)


def _spread(x: Tensor) -> float:
    """Return the standard deviation of data, larger than zero whatever they are.

    Sets of points have one mean point; all else has a mean datum.
    """
    rows = x.detach().flatten(0, 1) if is_point_set(tuple(x.shape[1:])) else x.detach()
    rows = _rows(rows).cpu()
    mean = torch.stack([part.double().sum(0) for part in rows.split(_CHUNK)]).sum(0) / len(rows)
    for centre in (mean, mean.mean(), torch.zeros((), dtype=torch.float64)):
        squares = [(part.double() - centre).square().sum() for part in rows.split(_CHUNK)]
        spread = float((torch.stack(squares).sum() / max(rows.numel(), 1)).sqrt())
        # what remains of equal numbers after rounding is no spread
        if spread > 4 * torch.finfo(rows.dtype).eps * float(centre.abs().max()):
            return spread
        if spread != spread:  # NaN: the score will say so
            return spread
    return 1.0


def _rows(x: Tensor) -> Tensor:
    """Return one row for each datum, which may be one number."""
    return x.flatten(1) if x.ndim > 1 else x.unsqueeze(1)


def _is_about_zero(x: Tensor, spread: float) -> bool:
    mean = x.detach().cpu().mean(0, dtype=torch.float64)
    return float(mean.square().mean().sqrt()) <= spread


def _known_scores(pairs: PairBatch) -> dict[str, Score]:
    from groupae.metrics.perceptual import LPIPS, ST_LPIPS
    from groupae.metrics.swaps import SEEN_PSNR

    usual = (PSNR, SSIM, OWN_PSNR, SEEN_PSNR, SNR, ATOM_SNR, CHAMFER, ST_LPIPS, LPIPS)
    relative = (relative_score(pairs), _relative_chamfer(_spread(pairs.x2)))
    return {score.name: score for score in (*usual, *relative)}


def parse_scores(owner: str, scores: object, pairs: PairBatch) -> tuple[Score, ...]:
    """Return scores given as one or many, each a `Score` or its name; by default those that suit.

    Raises:
        TypeError: If one is something else.
        ValueError: If a name is unknown.
    """
    if scores is None:
        return default_scores(pairs)
    if isinstance(scores, (str, Score)):
        scores = (scores,)
    if not isinstance(scores, Sequence):
        form = "scores as a list of Score or of names"
        raise TypeError(expected(owner, form, _described(scores), _OWN_WORDING))
    return tuple(_parse_score(owner, score, pairs) for score in scores)


def _parse_score(owner: str, score: object, pairs: PairBatch) -> Score:
    if isinstance(score, Score):
        return score
    if not isinstance(score, str):
        raise TypeError(expected(owner, "a Score or its name", _described(score), _OWN_WORDING))
    known = _known_scores(pairs)
    if score not in known:
        raise ValueError(unknown_choice(owner, "a score", score, known))
    return known[score]


def _described(thing: object) -> str:
    name = getattr(thing, "__name__", None)
    kind = type(thing).__name__
    return f"{kind} {name}" if name else kind
