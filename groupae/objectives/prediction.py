"""The crossed prediction of any model, whether it has a latent action or not.

``x2`` is predicted from ``x1`` and ``x1`` from ``x2``. The terms are those of
`CrossReconstruction` that read nothing but predictions and targets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups.matching import group_of
from groupae.objectives.terms import Terms, check_terms, parse_terms
from groupae.protocols import Model, PairBatch, Predicted, check_pairs, check_prediction

__all__ = ["CrossPrediction", "PredictionTerm", "Predictions"]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predictions beside what they should be.

    Args:
        prediction: What a model predicts, shape ``(n, *x_shape)``.
        target: What it should be, same shape.
    """

    prediction: Tensor
    target: Tensor


PredictionTerm = Callable[[Predicted], Tensor]
"""A loss term that reads nothing but predictions and targets."""


class CrossPrediction:
    """A weighted sum of named terms over ``transform(g, x1)`` and ``transform(g^-1, x2)``.

    Args:
        terms: Name to ``(weight, term)``, or a term by name, as for `CrossReconstruction`; the
            mean squared error unless given.

    Example:
        >>> from groupae.objectives import log_mean_squared_error
        >>> CrossPrediction({"log_mse": (1.0, log_mean_squared_error)}).names
        ('log_mse',)
    """

    def __init__(self, terms: Terms[PredictionTerm] | None = None) -> None:
        self.terms = parse_terms("CrossPrediction", terms, reads_codes=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(self.terms)

    def __call__(self, model: Model, batch: PairBatch) -> dict[str, Tensor]:
        """Return each term times its weight, by name; their sum is the loss.

        Raises:
            TypeError: If neither the model nor the batch knows its group.
        """
        check_pairs("CrossPrediction", batch, model)
        group = group_of(model) or group_of(batch)
        if group is None:
            got, remedy = type(model).__name__, "give the model an attribute group"
            raise TypeError(expected("CrossPrediction", "a model of a known group", got, remedy))
        g = torch.cat([batch.g, group.inverse(batch.g)])
        prediction = model.transform(g, torch.cat([batch.x1, batch.x2]))
        return self.compare(prediction, torch.cat([batch.x2, batch.x1]))

    def compare(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return each term times its weight, by name, of any predictions and targets.

        Raises:
            ShapeError: If their shapes differ, or a term is not one number.
        """
        check_prediction("CrossPrediction", "the model", prediction, target.shape)
        made = Predictions(prediction, target)
        terms = {name: weight * term(made) for name, (weight, term) in self.terms.items()}
        return check_terms("CrossPrediction", terms)
