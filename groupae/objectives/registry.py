"""Loss terms by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from groupae._validation import unknown_choice
from groupae.objectives.loss_terms import (
    PredictionTerm,
    chamfer_error,
    equivariance_error,
    latent_cycle,
    log_chamfer_error,
    log_equivariance_error,
    log_mean_squared_error,
    mean_squared_error,
)
from groupae.objectives.perceptual import lpips_error, st_lpips_error

__all__ = ["PREDICTION_TERMS", "TERMS", "get_term"]

PREDICTION_TERMS: Mapping[str, PredictionTerm] = {
    "mse": mean_squared_error,
    "log_mse": log_mean_squared_error,
    "chamfer": chamfer_error,
    "log_chamfer": log_chamfer_error,
    "lpips": lpips_error,
    "st_lpips": st_lpips_error,
    "reconstruction": mean_squared_error,
}
"""Terms of predictions and targets only, for any model; "reconstruction" is "mse"."""

TERMS: Mapping[str, Callable[[Any], Tensor]] = {
    **PREDICTION_TERMS,
    "latent_cycle": latent_cycle,
    "equivariance": equivariance_error,
    "log_equivariance": log_equivariance_error,
}
"""All terms, those of a model with a latent action too."""


def get_term(
    name: str,
    *,
    owner: object = "get_term",
    choices: Mapping[str, Callable[[Any], Tensor]] = TERMS,
) -> Callable[[Any], Tensor]:
    """Return a loss term by name.

    Args:
        name: The name, such as "log_mse".
        owner: Subject of the error message.
        choices: Terms by name.

    Raises:
        ValueError: If there is none of that name; the message lists all.

    Example:
        >>> get_term("mse") is mean_squared_error
        True
    """
    if name not in choices:
        raise ValueError(unknown_choice(owner, "a loss term", name, choices))
    return choices[name]
