"""Scores of predictions and of models, and what each is: definition, range, source, direction."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor

from groupae._validation import expected
from groupae.metrics.image import clamped, psnr_score, ssim_score
from groupae.metrics.needs import Need
from groupae.protocols import PairBatch

if TYPE_CHECKING:
    from groupae.metrics.evaluated import Evaluated

__all__ = ["OWN_PSNR", "PSNR", "SEEN_PSNR", "SSIM", "AnyScore", "ModelScore", "Score"]


@dataclasses.dataclass(frozen=True)
class _Named:
    """What is known of a score: names, direction, definition, range, source."""

    name: str
    title: str
    digits: int
    lower_is_better: bool = dataclasses.field(default=False, kw_only=True)
    definition: str = dataclasses.field(default="", kw_only=True)
    range: tuple[float, float] = dataclasses.field(default=(-math.inf, math.inf), kw_only=True)
    source: str = dataclasses.field(default="", kw_only=True)

    @property
    def heading(self) -> str:
        """Title of a table's column, with an arrow down if lower is better."""
        return f"{self.title} ↓" if self.lower_is_better else self.title


@dataclasses.dataclass(frozen=True)
class Score(_Named):
    """Named score of predictions.

    Args:
        name: Name in code and in files.
        title: Title in tables, with its unit.
        digits: Digits behind the point in tables.
        function: Function of (prediction of ``x2``, pairs) that returns one number per pair.
        lower_is_better: Whether it is a distance, which tables mark by an arrow.
        definition: What is computed, in one sentence.
        range: Smallest and largest value.
        source: Where it is defined.

    Example:
        >>> closeness = Score("closeness", "closeness", 3, lambda p, b: -(p - b.x2).abs().sum(-1))
        >>> f"{closeness.title}, {closeness.digits} digits"
        'closeness, 3 digits'
    """

    function: Callable[[Tensor, PairBatch], Tensor]


@dataclasses.dataclass(frozen=True)
class ModelScore(_Named):
    """Named score of a model on data, which may use codes and action.

    Args:
        name: Name in code and in files; errors end in ``_error``.
        title: Title in tables, with its unit.
        digits: Digits behind the point in tables.
        function: Function of an `groupae.metrics.Evaluated` that returns one number per item, shape
            ``(items,)``, or k of them, ``(items, k)``, if there is a combination. Items are
            those that the interval is over; mostly the pairs.
        combine: Score of the k means over items, such as a ratio; the mean unless given. It takes
            means of shape ``(..., k)``.
        needs: What model and data must have, checked before the function is called.
        lower_is_better: Whether it is an error, which tables mark by an arrow.
        definition: What is computed, in one sentence.
        range: Smallest and largest value.
        source: Where it is defined.

    Example:
        >>> norm = ModelScore("norm", "norm of codes", 2, lambda e: e.z1.norm(dim=-1))
        >>> norm.heading
        'norm of codes'
    """

    function: Callable[[Evaluated], Tensor]
    combine: Callable[[Tensor], Tensor] | None = dataclasses.field(default=None, kw_only=True)
    needs: tuple[Need, ...] = dataclasses.field(default=(), kw_only=True)

    def obstacle(self, evaluated: Evaluated) -> str | None:
        """Return the reason why the score does not apply; ``None`` if it does."""
        return next((why for need in self.needs if (why := need.obstacle(evaluated))), None)


AnyScore = Score | ModelScore
"""Score of predictions, or of a model."""


def _psnr(prediction: Tensor, pairs: PairBatch) -> Tensor:
    return psnr_score(clamped("psnr", prediction, pairs.x2), pairs.x2)


def _ssim(prediction: Tensor, pairs: PairBatch) -> Tensor:
    return ssim_score(clamped("ssim", prediction, pairs.x2), pairs.x2)


def _own_psnr(prediction: Tensor, pairs: PairBatch) -> Tensor:
    if pairs.mask is None:
        got, remedy = "none", "this data set does not know what moves; use psnr"
        raise ValueError(expected("own_psnr", "pairs with a mask of what moves", got, remedy))
    return psnr_score(clamped("own_psnr", prediction, pairs.x2), pairs.x2, mask=pairs.mask)


def _seen_psnr(prediction: Tensor, pairs: PairBatch) -> Tensor:
    return psnr_score(clamped("seen_psnr", prediction, pairs.x2), pairs.x2, mask=pairs.mask)


_WANG = "Wang et al., Image quality assessment, IEEE TIP 2004"
_DECIBELS = (-math.inf, 100.0)

PSNR = Score(
    "psnr",
    "PSNR (dB)",
    2,
    _psnr,
    range=_DECIBELS,
    definition="-10 log10 of the mean squared error of pictures in [0, 1], mean over pictures",
    source="Huynh-Thu & Ghanbari, Scope of validity of PSNR, Electronics Letters 2008",
)
"""Peak signal-to-noise ratio of pictures in [0, 1]; predictions are clamped.

Resampled pictures may leave that range by 0.5; data farther outside are refused.
"""

SSIM = Score(
    "ssim",
    "SSIM",
    3,
    _ssim,
    range=(-1.0, 1.0),
    definition="structural similarity, Gaussian window of 11 pixels and sigma 1.5",
    source=_WANG,
)
"""Structural similarity of pictures in [0, 1] of at least 11 x 11; the prediction is clamped."""

OWN_PSNR = Score(
    "own_psnr",
    "PSNR of what moves",
    2,
    _own_psnr,
    range=_DECIBELS,
    definition="PSNR on the pixels of x2 that show the object that the group moves",
    source="groupae",
)
"""PSNR on the pixels of ``x2`` that show the object that the group moves."""

SEEN_PSNR = Score(
    "seen_psnr",
    "PSNR of what is seen",
    2,
    _seen_psnr,
    range=_DECIBELS,
    definition="PSNR on the pixels of a swap's truth that x or y shows",
    source="groupae",
)
"""PSNR on the pixels of a swap's truth that ``x`` or ``y`` shows; on all where it is not known."""
