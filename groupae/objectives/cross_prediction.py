"""Objective of any model, with or without a latent action: the crossed prediction of pairs.

``x2`` is predicted from ``x1`` and ``x1`` from ``x2``. Its terms are those of
`CrossReconstruction` that read predictions and targets only.
"""

from __future__ import annotations

from torch import Tensor

from groupae._validation import expected
from groupae.groups.matching import group_of
from groupae.objectives.loss_terms import Predictions, PredictionTerm
from groupae.objectives.registry import PREDICTION_TERMS
from groupae.objectives.weighted_sum import Terms, WeightedSum
from groupae.protocols import Model, PairBatch, both_directions, check_pairs, check_prediction

__all__ = ["CrossPrediction"]


class CrossPrediction(WeightedSum):
    """Weighted sum of named loss terms over ``transform(g, x1)`` and ``transform(g^-1, x2)``.

    Args:
        terms: Terms and weights as for `CrossReconstruction`, but none of codes; the mean squared
            error unless given.

    Example:
        >>> from groupae.objectives import log_mean_squared_error
        >>> CrossPrediction({"log_mse": (1.0, log_mean_squared_error)}).names
        ('log_mse',)
    """

    choices = PREDICTION_TERMS

    def __init__(self, terms: Terms[PredictionTerm] | None = None) -> None:
        super().__init__(terms)

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
        g, x, target = both_directions(batch, group)
        return self.compare(model.transform(g, x), target)

    def compare(self, prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Return each term times its weight, by name, for given predictions and targets.

        Raises:
            ShapeError: If their shapes differ, or a term is not one number.
        """
        check_prediction("CrossPrediction", "the model", prediction, target.shape)
        return self.weigh(Predictions(prediction, target))
