r"""Statistics of functions on an orbit: numbers that no move along the orbit changes.

A template ``t`` and an item ``x`` give a function on the group, ``c(g) = <g . t, x>``. Moving ``x``
only shifts its argument, so its largest and smallest value and its distribution under Haar measure
stay. Shares are taken through a smooth step, which makes sums over a grid of the group converge
quickly:

.. math:: F_b = \int_G \sigma\bigl((c(g) - b) / \tau\bigr)\, dg .
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

__all__ = ["OrbitDistribution", "largest"]

_STEEPNESS = 1.7  # at which the logistic function is nearest to the normal distribution's


@dataclasses.dataclass(frozen=True)
class OrbitDistribution:
    """Shares of the orbit above thresholds, and largest and smallest value, per function.

    Args:
        thresholds: Thresholds of each function, shape ``(m, b)``.
        widths: Width of the smooth step of each function, shape ``(m,)``.
        is_closed: Whether the orbit is a closed curve, so that values between neighbours count.

    References:
        Dempster et al., MiniRocket, KDD 2021 (shares of a series above thresholds).
        Cahill et al., Group-invariant max filtering, 2022 (largest values).

    Example:
        >>> waves = torch.sin(torch.linspace(0, 6.28, 64)).expand(5, 3, 64)
        >>> OrbitDistribution.fit(waves, 4).of(waves).shape
        torch.Size([5, 18])
    """

    thresholds: Tensor
    widths: Tensor
    is_closed: bool = True

    @classmethod
    def fit(cls, values: Tensor, count: int, *, is_closed: bool = True) -> OrbitDistribution:
        """Return the statistics with thresholds at even quantiles of observed values.

        Args:
            values: Functions on orbits, shape ``(n, m, points)``.
            count: Thresholds per function.
            is_closed: Whether the orbit is a closed curve.
        """
        levels = torch.linspace(0, 1, count + 2, dtype=values.dtype)[1:-1]
        pooled = values.transpose(0, 1).flatten(1).sort(-1).values
        at = levels * (pooled.shape[-1] - 1)
        thresholds = torch.lerp(
            pooled[:, at.floor().long()], pooled[:, at.ceil().long()], at.frac()
        )
        spread = pooled[:, -1] - pooled[:, 0]
        width = (thresholds[:, -1] - thresholds[:, 0]) / (2 * count)
        least = torch.maximum(0.02 * spread, torch.full_like(spread, 1e-12))
        return cls(thresholds, torch.maximum(width, least), is_closed)

    @property
    def size(self) -> int:
        """Number of statistics."""
        return self.thresholds.shape[0] * (self.thresholds.shape[1] + 2)

    def names(self, functions: list[str]) -> list[str]:
        """Return a name per statistic, given one per function."""
        count = self.thresholds.shape[1]
        shares = [f"{name}_above{j}" for name in functions for j in range(count)]
        ends = [f"{name}_{end}" for end in ("max", "min") for name in functions]
        return shares + ends

    def of(self, values: Tensor) -> Tensor:
        """Return the statistics of functions on orbits.

        Args:
            values: Functions, shape ``(n, m, points)`` or ``(n, m, circles, points)``.

        Returns:
            Shape ``(n, size)``.
        """
        if values.ndim == 3:
            values = values.unsqueeze(2)
        step, columns = _STEEPNESS / self.widths[:, None, None], []
        for threshold in self.thresholds.unbind(1):
            level = torch.sigmoid((values - threshold[:, None, None]) * step)
            columns.append(level.mean((-2, -1)))
        shares = torch.stack(columns, -1).flatten(1)
        find = largest if self.is_closed else _largest_listed
        ends = (find(values).amax(-1), -find(-values).amax(-1))
        return torch.cat([shares, *ends], -1)


def _largest_listed(values: Tensor) -> Tensor:
    return values.amax(-1)


def largest(values: Tensor) -> Tensor:
    """Return the largest value of closed curves, between their points too, by a parabola.

    Args:
        values: Samples of closed curves, shape ``(..., points)``.

    Example:
        >>> at = (torch.arange(64) + 0.3) * (2 * torch.pi / 64)
        >>> round(float(largest(torch.cos(at))), 5)
        1.0
    """
    index = values.argmax(-1, keepdim=True)
    points = values.shape[-1]
    if points < 3:
        return values.amax(-1)
    middle = values.gather(-1, index)
    left = values.gather(-1, (index - 1) % points)
    right = values.gather(-1, (index + 1) % points)
    bend = (2 * middle - left - right).clamp(min=1e-300)
    return (middle + (right - left) ** 2 / (8 * bend)).squeeze(-1)
