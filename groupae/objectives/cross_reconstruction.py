"""Objective of a model with a latent action: the crossed reconstruction of pairs.

One pass encodes both data of a pair, moves each code by the pair's element (or its inverse) and
decodes both. All terms read that pass, so that a further term costs its own computation only.
"""

from __future__ import annotations

from torch import Tensor

from groupae.objectives.loss_terms import CrossPass, Term
from groupae.objectives.weighted_sum import Terms, WeightedSum
from groupae.protocols import Codec, PairBatch, both_directions, check_pairs, check_prediction

__all__ = ["CrossReconstruction"]


class CrossReconstruction(WeightedSum):
    """Weighted sum of named loss terms over the crossed pass.

    Args:
        terms: Name to ``(weight, term)``; the paper's symmetric MSE unless given. A term is a
            function of a `CrossPass`, one of torch's losses, or a name of
            ``groupae.objectives.TERMS``: "mse", "log_mse", "latent_cycle", "equivariance",
            "log_equivariance", "chamfer", "log_chamfer", "st_lpips", "lpips". One term alone, or a
            list of them, has weight 1.

    Raises:
        TypeError: If terms are none of these, or, at a call, one returns no tensor.
        ValueError: If a name is unknown, or there are no terms.
        ShapeError: At a call: if the decoder returns another shape than the data's, or a term is
            not one number.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, training loss.

    Example:
        >>> from groupae.objectives import mean_squared_error
        >>> objective = CrossReconstruction({"mse": (1.0, mean_squared_error)})
        >>> objective.names == CrossReconstruction("mse").names == ("mse",)
        True
    """

    def __init__(self, terms: Terms[Term] | None = None) -> None:
        super().__init__(terms)

    def __call__(self, model: Codec, batch: PairBatch) -> dict[str, Tensor]:
        """Return each term times its weight, by name; their sum is the loss."""
        check_pairs("CrossReconstruction", batch, model.action)
        g, x, target = both_directions(batch, model.action.group)
        z = model.encode(x)
        moved = model.action(g, z)
        prediction = model.decode(moved)
        check_prediction(type(model).__name__, "the decoder", prediction, target.shape)
        return self.weigh(CrossPass(model, moved, prediction, target, z))
