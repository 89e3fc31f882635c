"""Scores of predictions, one number per pair."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from torch import Tensor

from groupae._validation import expected
from groupae.metrics.image import clamped, psnr_score, ssim_score
from groupae.protocols import PairBatch

__all__ = ["OWN_PSNR", "PSNR", "SEEN_PSNR", "SSIM", "Score"]


@dataclasses.dataclass(frozen=True)
class Score:
    """Named score of predictions.

    Args:
        name: Name in code and in files.
        title: Title in tables, with its unit.
        digits: Digits behind the point in tables.
        function: Function of (prediction of ``x2``, pairs) that returns one number per pair.
        lower_is_better: Whether it is a distance, which tables mark by an arrow.

    Example:
        >>> closeness = Score("closeness", "closeness", 3, lambda p, b: -(p - b.x2).abs().sum(-1))
        >>> f"{closeness.title}, {closeness.digits} digits"
        'closeness, 3 digits'
    """

    name: str
    title: str
    digits: int
    function: Callable[[Tensor, PairBatch], Tensor]
    lower_is_better: bool = dataclasses.field(default=False, kw_only=True)

    @property
    def heading(self) -> str:
        """Title of a table's column, with an arrow down if lower is better."""
        return f"{self.title} ↓" if self.lower_is_better else self.title


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


PSNR = Score("psnr", "PSNR (dB)", 2, _psnr)
"""Peak signal-to-noise ratio of pictures in [0, 1]; predictions are clamped.

Resampled pictures may leave that range by 0.5; data farther outside are refused.
"""

SSIM = Score("ssim", "SSIM", 3, _ssim)
"""Structural similarity of pictures in [0, 1] of at least 11 x 11; the prediction is clamped."""

OWN_PSNR = Score("own_psnr", "PSNR of what moves", 2, _own_psnr)
"""PSNR on the pixels of ``x2`` that show the object that the group moves."""

SEEN_PSNR = Score("seen_psnr", "PSNR of what is seen", 2, _seen_psnr)
"""PSNR on the pixels of a swap's truth that ``x`` or ``y`` shows; on all where it is not known."""
