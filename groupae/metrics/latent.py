"""Metrics of latent codes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction

__all__ = ["latent_equivariance_error"]


def latent_equivariance_error(action: LatentAction[Any], g: Tensor, z1: Any, z2: Any) -> Tensor:
    r"""Return the distance of each pair of codes from lying on one orbit, relative to their spread.

    .. math:: \epsilon = \lVert g \cdot z_1 - z_2 \rVert^2 / \mathrm{E}\lVert z - \bar z \rVert^2

    Args:
        action: The latent action.
        g: Elements, shape ``(n, *element_shape)``.
        z1: Codes of the first pictures, shape ``(n, ...)``, or a dict of parts.
        z2: Codes of the second pictures, likewise.

    Returns:
        Relative errors, shape ``(n,)``: 0 when the encoder is equivariant. Codes of unrelated
        pictures have 2 on average if the action is orthogonal and fixes their mean; more if it
        moves the mean, as for an untrained encoder.

    Raises:
        ShapeError: If codes differ in shape.

    References:
        Keurti et al., Homomorphism Autoencoder, ICML 2023 (the latent loss, here relative).

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action, g = VectorAction(SO2().rep("4x1")), SO2().sample(10)
        >>> z = torch.randn(10, 8)
        >>> bool((latent_equivariance_error(action, g, z, action(g, z)) < 1e-10).all())
        True
    """
    moved, first, second = (_flat(z) for z in (action(g, z1), z1, z2))
    if not moved.shape == first.shape == second.shape:
        got = f"{tuple(first.shape)} and {tuple(second.shape)} flat, moved to {tuple(moved.shape)}"
        what = "codes of pairs, of one shape (n, ...)"
        raise ShapeError(expected("latent_equivariance_error", what, got))
    spread = torch.cat([first, second])
    variance = (spread - spread.mean(0)).square().sum(1).mean()
    return (moved - second).square().sum(1) / variance


def _flat(z: Any) -> Tensor:
    parts = [z[name] for name in sorted(z)] if isinstance(z, dict) else [z]
    return torch.cat([part.flatten(1) for part in parts], 1)
