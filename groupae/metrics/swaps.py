"""Scores of swaps: the invariant part of one datum decoded with the varying part of another.

The data define the correct result (`groupae.protocols.Recombinations`). There may be several
readings of it; a model follows the reading by which it scores best.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from groupae._moved import lazy_names
from groupae._validation import expected
from groupae.groups.matching import check_same_group
from groupae.metrics.evaluation import Estimate, evaluate
from groupae.metrics.registry import parse_scores
from groupae.metrics.scores import SEEN_PSNR, Score
from groupae.protocols import Model, PairBatch, Recombinations, Swaps

__all__ = ["swap_scores"]

# where pickled scores of groupae 0.2 look for their function
if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {"metrics.scores": "_seen_psnr"})


class _Swap(nn.Module):
    """Swaps as a `Model`: the "element" is the datum that gives the varying part."""

    def __init__(self, model: Swaps) -> None:
        super().__init__()
        self.model = model

    def transform(self, y: Tensor, x: Tensor) -> Tensor:
        return self.model.swap(x, y)


class _Keep(nn.Module):
    """Reference without a model: x or y, unchanged."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self.first = first

    def transform(self, y: Tensor, x: Tensor) -> Tensor:
        return x if self.first else y


@torch.no_grad()
def swap_scores(
    model: Swaps,
    recombinations: Recombinations,
    scores: Sequence[Score | str] | Score | str | None = None,
    *,
    batch_size: int = 250,
) -> dict[str, dict[str, Estimate]]:
    """Return the scores of a model's swaps against the truth, beside their references.

    Args:
        model: Any object with ``swap(x, y)``. A module is in evaluation mode meanwhile.
        recombinations: Data and the correct results of their swaps, on the model's device.
        scores: Scores or their names; ``SEEN_PSNR`` reads the pixels seen, ``OWN_PSNR`` those of
            the object that the group moves. The first one that suits the data unless given
            (`groupae.metrics.default_scores`).
        batch_size: Largest number of swaps per batch.

    Returns:
        Estimates by name of the score, for each of ``"swap"``; ``"x unchanged"`` and ``"y
        unchanged"``, which a swap must beat; and ``"truth reconstructed"``, the truth swapped with
        itself, which bounds the score by the quality of the decoder.

    Raises:
        ShapeError: If there are no data, or a score is not one number per swap.
        ValueError: If model and data are of different groups.

    Example:
        >>> from groupae import RotatedDigits, SO2, LatentActionAE, VectorAction
        >>> identity = torch.nn.Identity()
        >>> ae = LatentActionAE(identity, identity, VectorAction(SO2().rep("28x0")))
        >>> reading, _ = RotatedDigits("test", size="tiny").recombinations()
        >>> found = swap_scores(ae, reading)  # all is invariant, so that a swap is x
        >>> found["swap"] == found["x unchanged"], found["truth reconstructed"]["psnr"].mean
        (True, 100.0)
    """
    owner, data = "swap_scores", recombinations
    if not callable(getattr(model, "swap", None)):
        remedy = "LatentActionAE is one"
        raise TypeError(expected(owner, "a model with swap(x, y)", type(model).__name__, remedy))
    if not isinstance(data, Recombinations):
        remedy = "recombinations() of a data set returns some, one for each reading"
        raise TypeError(expected(owner, "Recombinations", type(data).__name__, remedy))
    check_same_group(owner, "data", model, data)
    swap = _Swap(model)
    swapped = PairBatch(data.x, data.y, data.truth, mask=data.mask)
    known = PairBatch(data.truth, data.truth, data.truth, mask=data.mask)
    rows: dict[str, tuple[Model, PairBatch]] = {
        "swap": (swap, swapped),
        "x unchanged": (_Keep(first=True), swapped),
        "y unchanged": (_Keep(first=False), swapped),
        "truth reconstructed": (swap, known),
    }
    chosen = parse_scores(owner, scores, swapped)
    chosen = chosen if scores is not None else chosen[:1]
    usual = [score for score in chosen if score is not SEEN_PSNR]
    found: dict[str, dict[str, Estimate]] = {}
    for name, (judged, pairs) in rows.items():
        found[name] = dict(evaluate(judged, pairs, usual, batch_size=batch_size, resamples=0))
        if len(usual) < len(chosen):
            seen = dataclasses.replace(pairs, mask=data.seen)
            found[name] |= evaluate(judged, seen, [SEEN_PSNR], batch_size=batch_size, resamples=0)
    return found
