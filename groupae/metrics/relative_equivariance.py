"""Equivariance of an encoder, relative to elements that belong to other pairs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction
from groupae.metrics.chance import check_rows, code_rows, relative_to_chance

__all__ = ["relative_equivariance_error"]

_SHIFTS = 8  # wrong elements per pair: the mean over n pairs is then as exact as over 8 n


def relative_equivariance_error(
    action: LatentAction[Any], g: Tensor, z1: Any, z2: Any, *, shifts: int = _SHIFTS
) -> Tensor:
    r"""Return the error of the moved codes over the error that wrong elements make.

    .. math::
        \epsilon_i = \frac{|g_i z_i - z'_i|^2}{\mathrm{E}_{j, k} |g_k z_j - z'_j|^2}

    The elements :math:`g_k` are those of other pairs, so that the denominator tells how much it
    matters to the code which element acts. A code that has collapsed, that is constant along
    orbits, or on which the action does nothing has a mean error of 1, even if its numerator is 0.
    Independent noise of variance s on both codes adds its share to both: a code of varying energy E
    and d numbers has :math:`2 d s / (2 d s + 2 E)` under elements of Haar measure.

    It does not tell whether the code knows the items: see `invariance_ratio`, `retrieval_ranks`.

    Args:
        action: The latent action.
        g: Elements, shape ``(n, *element_shape)``.
        z1: Codes of the first data, shape ``(n, ...)``, or a dict of parts.
        z2: Codes of the second data, likewise.
        shifts: Number of wrong elements per pair, those of the pairs that follow in order.

    Returns:
        Shape ``(n,)``: 0 if the encoder is equivariant, 1 at chance; unbounded.

    Raises:
        ShapeError: If codes differ in shape or there are fewer than two pairs.
        ValueError: If all elements are equal, for then no element is wrong.

    References:
        Keurti et al., Homomorphism Autoencoder, ICML 2023 (the numerator). Tonnaer et al.,
        Quantifying and Learning Linear Symmetry-Based Disentanglement, ICML 2022, divide by the
        spread of all codes instead, so that a code constant along orbits has no error.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action, g, z = VectorAction(SO2().rep("2x1")), SO2().sample(100), torch.randn(100, 4)
        >>> relative_equivariance_error(action, g, z, action(g, z)).mean() < 1e-9  # equivariant
        tensor(True)
        >>> still = torch.zeros(100, 4)
        >>> relative_equivariance_error(action, g, still, still).mean()  # collapsed
        tensor(1.)
    """
    owner = "relative_equivariance_error"
    first, second = code_rows(z1), code_rows(z2)
    check_rows(owner, first, second)
    group = action.group
    group.check_elements(g)
    if len(g) != len(first):
        raise ShapeError(expected(owner, f"one element for each of {len(first)} pairs", len(g)))
    if bool((group.distance(g, g[:1].expand_as(g)) == 0).all()):
        remedy = "chance is the error of elements of other pairs"
        raise ValueError(expected(owner, "elements that differ", "equal ones", remedy))
    chance = torch.zeros((), dtype=torch.float64, device=first.device)
    offsets = range(1, min(shifts, len(g) - 1) + 1)
    for offset in offsets:
        chance += _error(action, g.roll(offset, 0), z1, z2).double().mean() / len(offsets)
    error = _error(action, g, z1, z2)
    return relative_to_chance(error, chance, second.double().square().sum(1).mean())


def _error(action: LatentAction[Any], g: Tensor, z1: Any, z2: Any) -> Tensor:
    """Return ``|g z1 - z2|^2`` by the action's own residual, which knows angles and indices."""
    residual: Tensor = action.residual(action(g, z1), z2)
    return residual.flatten(1).square().sum(1)
