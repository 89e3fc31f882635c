"""Plans of plain numbers, the form of a map that ``torch.compile`` takes as a constant.

A plan is nested tuples of integers and texts. Tensors stand in it as references (start, shape) into
one flat list of real numbers and one of indices.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

__all__ = ["Numbers", "NumbersWriter", "Plan", "Reference"]

Reference = tuple[int, tuple[int, ...]]
Plan = tuple[object, ...]


class NumbersWriter:
    """Lists of numbers under construction."""

    def __init__(self) -> None:
        self._reals: list[Tensor] = [torch.zeros(0, dtype=torch.float64)]
        self._indices: list[Tensor] = [torch.zeros(0, dtype=torch.int64)]

    def add(self, x: Tensor) -> Reference:
        """Append a tensor, float64 or int64, and return the reference to it."""
        into = self._reals if x.is_floating_point() else self._indices
        start = sum(len(part) for part in into)
        into.append(x.detach().flatten())
        return start, tuple(x.shape)

    @property
    def reals(self) -> Tensor:
        """All real numbers, float64."""
        return torch.cat(self._reals)

    @property
    def indices(self) -> Tensor:
        """All indices, int64."""
        return torch.cat(self._indices)


@dataclasses.dataclass(frozen=True)
class Numbers:
    """The numbers of a plan, in the dtype and on the device of a code.

    Args:
        reals: The real numbers.
        indices: The indices.
    """

    reals: Tensor
    indices: Tensor

    def real(self, reference: Reference) -> Tensor:
        """Return a tensor of real numbers."""
        return _entry(self.reals, reference)

    def index(self, reference: Reference) -> Tensor:
        """Return a tensor of indices."""
        return _entry(self.indices, reference)


def _entry(flat: Tensor, reference: Reference) -> Tensor:
    start, shape = reference
    return flat[start : start + math.prod(shape)].view(shape)
