"""Squared differences per sample, and the variance that they are measured by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.testing.audit.structure import tensors

__all__ = ["Spread", "explained", "squared_differences", "subtracted"]

_CONSTANT = 1e-6  # standard deviation relative to the size, below which outputs are constant


def squared_differences(owner: str, found: Any, wanted: Any) -> Tensor:
    """Return the sum of squared differences per sample, float64, shape ``(n,)``; NaN is infinite.

    Raises:
        ShapeError: If shapes differ.
    """
    a, b = tensors(found), tensors(wanted)
    shapes = [[tuple(part.shape) for part in parts] for parts in (a, b)]
    if shapes[0] != shapes[1]:
        what = f"g . f(x) and f(g . x) of one shape {shapes[0]}"
        raise ShapeError(expected(owner, what, shapes[1]))
    total = torch.zeros(len(a[0]), dtype=torch.float64)
    for found_part, wanted_part in zip(a, b, strict=True):
        common = torch.promote_types(found_part.dtype, wanted_part.dtype)
        wide = torch.promote_types(common, torch.float32)
        difference = (found_part.to(wide) - wanted_part.to(wide)).reshape(len(found_part), -1)
        norms = torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64)
        total += norms.square().cpu()
    return torch.nan_to_num(total, nan=math.inf)


def explained(differences: Any, directions: Sequence[Any], some: slice) -> float:
    """Return the sum of squares of the parts of differences along some directions, one by one.

    Args:
        differences: A structure of tensors ``(n, ...)``.
        directions: Structures of the same shapes; the coefficient of each is in [0, 1].
        some: The samples that count.
    """
    left, total = _flat(differences, some), 0.0
    for direction in directions:
        v = _flat(direction, some)
        square, along = float(v @ v), float(left @ v)
        c = min(1.0, max(0.0, along / square)) if square > 0 else 0.0
        total += c * c * square
        left = left - c * v
    return total if math.isfinite(total) else 0.0


def _flat(x: Any, some: slice) -> Tensor:
    return torch.cat([part[some].double().flatten() for part in tensors(x)])


def subtracted(a: Any, b: Any) -> list[Tensor]:
    """Return the differences of the tensors of two structures, float64."""
    return [x.double() - y.double() for x, y in zip(tensors(a), tensors(b), strict=True)]


class Spread:
    """Variance of data over samples and elements, from running sums."""

    def __init__(self) -> None:
        self._count = 0
        self._sums: list[Tensor] = []
        self._squares = 0.0
        self._shifts: list[Tensor] = []

    def add(self, y: Any) -> None:
        """Add a batch, shape ``(n, ...)``; entries that are not finite count as 0."""
        parts = [torch.nan_to_num(part.double(), 0.0, 0.0, 0.0) for part in tensors(y)]
        if not self._shifts:  # a large mean costs no digits
            self._shifts = [part.mean(0) for part in parts]
            self._sums = [torch.zeros_like(shift) for shift in self._shifts]
        for i, part in enumerate(parts):
            centred = part - self._shifts[i]
            self._sums[i] += centred.sum(0)
            self._squares += float(centred.square().sum())
        self._count += len(parts[0])

    @property
    def variance(self) -> float:
        """Mean squared distance from the mean."""
        mean = sum(float((total / self._count).square().sum()) for total in self._sums)
        return max(0.0, self._squares / self._count - mean)

    @property
    def size(self) -> float:
        """Mean square of the data themselves."""
        means = (s + t / self._count for s, t in zip(self._shifts, self._sums, strict=True))
        return self.variance + sum(float(mean.square().sum()) for mean in means)

    @property
    def is_constant(self) -> bool:
        """Whether the data do not vary but by rounding."""
        return not self.variance > _CONSTANT**2 * self.size

    @property
    def unit(self) -> float:
        """Variance, or the mean square of constant data; 1 of zeros."""
        return (self.size or 1.0) if self.is_constant else self.variance
