"""Invariance of codes along orbits, relative to their differences between items."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.chance import chance_error, check_rows, code_rows, relative_to_chance

__all__ = ["invariance_ratio"]


def invariance_ratio(y1: Any, y2: Any) -> Tensor:
    r"""Return the variation of invariants within pairs over that between items.

    .. math:: \epsilon_i = |y_i - y'_i|^2 / \mathrm{E}_{j \ne k} |y_j - y'_k|^2

    Noise of variance s on invariants that vary by v between items gives :math:`s / (s + v)`. It is
    one minus the intraclass correlation. Invariants that have collapsed to one point have the ratio
    1, for they do not tell items apart. Two pairs of the same item count as different items, so
    that many pairs per item raise the ratio.

    It separates invariants that follow the item from those that follow the pose or nothing. It does
    not tell whether they are complete, nor whether a small part of them knows the pose: see
    `element_leakage`.

    Args:
        y1: Invariants of the first data, shape ``(n, ...)`` or a dict of parts, such as
            ``action.invariants(z1)``.
        y2: Invariants of the second data, likewise.

    Returns:
        Shape ``(n,)``: 0 if invariant, 1 at chance; unbounded.

    Raises:
        ShapeError: If shapes differ, there are no invariants, or fewer than two pairs.

    References:
        Fisher, Statistical Methods for Research Workers, 1925 (intraclass correlation); Goodfellow
        et al., Measuring invariances in deep networks, NeurIPS 2009.

    Example:
        >>> import torch
        >>> item = torch.randn(100, 3)
        >>> invariance_ratio(item, item).max()
        tensor(0.)
        >>> bool(0.8 < invariance_ratio(item, torch.randn(100, 3)).mean() < 1.2)
        True
    """
    first, second = code_rows(y1), code_rows(y2)
    check_rows("invariance_ratio", first, second)
    if not first.shape[1]:
        got, remedy = "none", "this action has no invariant entry; give invariant features"
        raise ShapeError(expected("invariance_ratio", "at least one invariant", got, remedy))
    error = (first - second).square().sum(1)
    size = (first.double().square().sum(1).mean() + second.double().square().sum(1).mean()) / 2
    return relative_to_chance(error, chance_error(first, second), size)
