"""Scores by name, and the rule that chooses scores where none are named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from groupae._validation import expected, unknown_choice
from groupae.metrics.chamfer import CHAMFER
from groupae.metrics.code_scores import CODE_SCORES
from groupae.metrics.drift_scores import DRIFT_SCORES
from groupae.metrics.image import is_in_unit_range
from groupae.metrics.law_scores import LAW_SCORES
from groupae.metrics.lie_derivative_scores import LIE_DERIVATIVE_SCORES
from groupae.metrics.perceptual import LPIPS, ST_LPIPS
from groupae.metrics.relative import relative_chamfer_score, relative_score, spread_of
from groupae.metrics.scores import OWN_PSNR, PSNR, SEEN_PSNR, SSIM, AnyScore, ModelScore, Score
from groupae.metrics.snr import ATOM_SNR, SNR
from groupae.protocols import PairBatch, is_point_set

__all__ = [
    "MODEL_SCORES",
    "RELATIVE_SCORES",
    "SCORES",
    "default_scores",
    "get_score",
    "parse_any_scores",
    "parse_scores",
]

SCORES: Mapping[str, Score] = {
    score.name: score
    for score in (PSNR, SSIM, OWN_PSNR, SEEN_PSNR, SNR, ATOM_SNR, CHAMFER, ST_LPIPS, LPIPS)
}
"""Scores by name."""

RELATIVE_SCORES: Mapping[str, Callable[[PairBatch], Score]] = {
    "relative_snr": relative_score,
    "relative_chamfer": relative_chamfer_score,
}
"""Functions that make the scores that depend on the spread of the data, by name."""

MODEL_SCORES: Mapping[str, ModelScore] = {
    score.name: score
    for score in (*LAW_SCORES, *LIE_DERIVATIVE_SCORES, *DRIFT_SCORES, *CODE_SCORES)
}
"""Scores of models by name, which `groupae.evaluate` takes beside those of predictions."""

_SMALLEST_SPREAD, _LARGEST_SPREAD = 0.01, 1e6  # between them the cap of 100 dB is out of reach
_OWN_WORDING = 'Score("mine", "mine", 3, lambda prediction, pairs: ...) makes one of a function'


def get_score(name: str, pairs: PairBatch, *, owner: object = "get_score") -> Score:
    """Return a score by name.

    Args:
        name: The name, such as "psnr" or "relative_snr".
        pairs: Pairs with the data ``x2`` that predictions are compared with; the relative scores
            depend on their spread.
        owner: Subject of the error message.

    Raises:
        ValueError: If there is none of that name; the message lists all.

    Example:
        >>> x = torch.rand(9, 1, 16, 16)
        >>> get_score("psnr", PairBatch(x, torch.zeros(9), x)) is PSNR
        True
    """
    if name in RELATIVE_SCORES:
        return RELATIVE_SCORES[name](pairs)
    if name not in SCORES:
        raise ValueError(unknown_choice(owner, "a score", name, [*SCORES, *RELATIVE_SCORES]))
    return SCORES[name]


def default_scores(pairs: PairBatch) -> tuple[Score, ...]:
    """Return the scores that suit the data; training chooses weights by the first.

    Larger is better for each. The shape ``x_shape`` of a datum and its values decide:

    * pictures and volumes (three axes or more) with values in [0, 1]: PSNR, and SSIM for
      ``(C, H, W)`` of at least 11 x 11;
    * sets of points, ``(N, 2)`` or ``(N, 3)`` with more points than coordinates: Chamfer;
    * series about zero, ``(channels, length)``, with a mean below their spread: SNR;
    * all others (vectors, pictures in another range, series with an offset): the relative SNR,
      which is over the spread of the data.

    PSNR and Chamfer are capped at 100 dB of unit size. Data with a spread below 0.01 could come
    near the cap by their size alone: the relative SNR replaces PSNR there, and Chamfer is taken
    over the spread. The same holds above a spread of a million, where squares would leave the range
    of floats.

    Args:
        pairs: Pairs with the data ``x2`` that predictions are compared with.

    Example:
        >>> x, g = torch.rand(9, 3, 16, 16), torch.zeros(9)
        >>> [score.name for score in default_scores(PairBatch(x, g, x))]
        ['psnr', 'ssim']
        >>> [score.name for score in default_scores(PairBatch(2 * x - 1, g, 2 * x - 1))]
        ['relative_snr']
    """
    x, x_shape = pairs.x2, tuple(pairs.x2.shape[1:])
    spread = spread_of(x)
    is_of_unit_size = _SMALLEST_SPREAD <= spread <= _LARGEST_SPREAD
    if is_point_set(x_shape):
        return (CHAMFER if is_of_unit_size else relative_chamfer_score(pairs),)
    if len(x_shape) >= 3 and is_of_unit_size and is_in_unit_range(x):
        has_windows = len(x_shape) == 3 and min(x_shape[1:]) >= 11
        return (PSNR, SSIM) if has_windows else (PSNR,)
    if len(x_shape) == 2 and _is_about_zero(x, spread):
        return (SNR,)
    return (relative_score(pairs),)


def _is_about_zero(x: Tensor, spread: float) -> bool:
    mean = x.detach().cpu().mean(0, dtype=torch.float64)
    return float(mean.square().mean().sqrt()) <= spread


def parse_scores(owner: str, scores: object, pairs: PairBatch) -> tuple[Score, ...]:
    """Return scores of predictions given as one or many, each a `Score` or a name.

    `default_scores` unless given.

    Raises:
        TypeError: If one is neither.
        ValueError: If a name is unknown.
    """
    if scores is None:
        return default_scores(pairs)
    return tuple(_parse_score(owner, score, pairs) for score in _as_sequence(owner, scores))


def parse_any_scores(owner: str, scores: object, pairs: PairBatch) -> tuple[AnyScore, ...]:
    """Return scores of predictions or of models, given as one or many, each a score or a name.

    Raises:
        TypeError: If one is neither.
        ValueError: If a name is unknown.
    """
    return tuple(_parse_any(owner, score, pairs) for score in _as_sequence(owner, scores))


def _as_sequence(owner: str, scores: object) -> Sequence[object]:
    if isinstance(scores, (str, Score, ModelScore)):
        return (scores,)
    if not isinstance(scores, Sequence):
        form = "scores as a list of Score or of names"
        raise TypeError(expected(owner, form, _described(scores), _OWN_WORDING))
    return scores


def _parse_any(owner: str, score: object, pairs: PairBatch) -> AnyScore:
    if isinstance(score, ModelScore):
        return score
    if isinstance(score, str) and score in MODEL_SCORES:
        return MODEL_SCORES[score]
    if isinstance(score, str) and score not in {*SCORES, *RELATIVE_SCORES}:
        names = [*SCORES, *RELATIVE_SCORES, *MODEL_SCORES]
        raise ValueError(unknown_choice(owner, "a score", score, names))
    return _parse_score(owner, score, pairs)


def _parse_score(owner: str, score: object, pairs: PairBatch) -> Score:
    if isinstance(score, Score):
        return score
    name = score.name if isinstance(score, ModelScore) else score
    if not isinstance(name, str):
        raise TypeError(expected(owner, "a Score or its name", _described(score), _OWN_WORDING))
    if name in MODEL_SCORES or isinstance(score, ModelScore):
        what, remedy = "a score of predictions, such as 'psnr'", "groupae.evaluate takes both"
        raise ValueError(expected(owner, what, f"{name!r}, one of models", remedy))
    return get_score(name, pairs, owner=owner)


def _described(thing: object) -> str:
    name = getattr(thing, "__name__", None)
    kind = type(thing).__name__
    return f"{kind} {name}" if name else kind
