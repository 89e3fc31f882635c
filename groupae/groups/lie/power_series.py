r"""Functions that are regular at 0 although their formula divides by the argument.

Conventions: an even function of an angle t is given the square of t, in which it is regular, and
evaluated by its power series below t = 1. A formula such as :math:`(1 - \cos t) / t^2` may be
accurate at t = 1e-3, but each derivative divides the rounding error by t once more; for t above 1
that is harmless.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import torch
from torch import Tensor

__all__ = [
    "cotangent_defect_ratio",
    "expm1_ratio",
    "half_angle",
    "sine_defect_ratio",
    "versine_ratio",
]

_BORDER = 1.0  # square of the argument below which the series is used
_TERMS = 12  # remainder below 1e-16 at the border, in the second derivative too
_TERMS_IN_SINGLE = 7  # remainder below 1e-9


def _power_series(x: Tensor, coefficients: Sequence[float]) -> Tensor:
    """Return ``c_0 + c_1 x + c_2 x^2 + ...``, by Horner's rule, to the precision of ``x``."""
    cut = coefficients if x.dtype == torch.float64 else coefficients[:_TERMS_IN_SINGLE]
    value = cut[-1] * x + cut[-2]
    for coefficient in reversed(cut[:-2]):
        value = value * x + coefficient
    return value


def _even(
    squared: Tensor, coefficients: Sequence[float], closed: Callable[[Tensor], Tensor]
) -> Tensor:
    """Return a function of t by its series in ``t^2`` near 0, by its formula in t elsewhere."""
    small = squared < _BORDER
    value = _power_series(torch.where(small, squared, 0.0), coefficients)
    return torch.where(small, value, closed(torch.where(small, 1.0, squared).sqrt()))


def _alternating(first: int, scale: float = 1.0, ratio: float = 1.0) -> tuple[float, ...]:
    """Return ``scale (-ratio)^k / (2 k + first)!``."""
    return tuple([scale * (-ratio) ** k / math.factorial(2 * k + first) for k in range(_TERMS)])


def _bernoulli(count: int) -> list[Fraction]:
    """Return the Bernoulli numbers ``B_0, B_1, ...``."""
    numbers: list[Fraction] = []
    for m in range(count):
        below = sum((math.comb(m + 1, j) * b for j, b in enumerate(numbers)), Fraction(0))
        numbers.append(Fraction(m == 0) - below / (m + 1))
    return numbers


_SINE_OF_HALF = _alternating(1, scale=0.5, ratio=0.25)
_VERSINE = _alternating(2)
_SINE_DEFECT = _alternating(3)
_SINH_OF_HALF = _alternating(1, ratio=-0.25)
_COTANGENT_DEFECT = tuple(
    [float(abs(b)) / math.factorial(k) for k, b in enumerate(_bernoulli(2 * _TERMS + 2)) if b][2:]
)


def half_angle(squared: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``cos(t / 2)`` and ``sin(t / 2) / t``."""
    small = squared < _BORDER
    near, angle = torch.where(small, squared, 0.0), torch.where(small, 1.0, squared).sqrt()
    ratio = _power_series(near, _SINE_OF_HALF)
    cosine = torch.where(small, (1 - near * ratio * ratio).sqrt(), (angle / 2).cos())
    return cosine, torch.where(small, ratio, (angle / 2).sin() / angle)


def versine_ratio(squared: Tensor) -> Tensor:
    """Return ``(1 - cos t) / t^2``."""
    return _even(squared, _VERSINE, lambda t: 2 * ((t / 2).sin() / t).square())


def sine_defect_ratio(squared: Tensor) -> Tensor:
    """Return ``(t - sin t) / t^3``."""
    return _even(squared, _SINE_DEFECT, lambda t: (t - t.sin()) / t**3)


def cotangent_defect_ratio(squared: Tensor) -> Tensor:
    """Return ``(1 - (t / 2) cot(t / 2)) / t^2``, for t below 2 pi."""
    return _even(
        squared, _COTANGENT_DEFECT, lambda t: (1 - t / 2 * (t / 2).cos() / (t / 2).sin()) / t**2
    )


def expm1_ratio(s: Tensor) -> Tensor:
    """Return ``(e^s - 1) / s``: near 0, ``e^(s / 2)`` times ``sinh(s / 2) / (s / 2)``."""
    small = s * s < _BORDER
    near, safe = torch.where(small, s, 0.0), torch.where(small, 1.0, s)
    series = (near / 2).exp() * _power_series(near * near, _SINH_OF_HALF)
    return torch.where(small, series, torch.expm1(safe) / safe)
