"""Batch axes of tensors as the compiled kernels count them: few, with any strides."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["MAX_AXES", "in_one_piece", "laid_out"]

MAX_AXES = 4
"""Batch axes that the kernels count, as in kernels.c."""


def _strides_of(
    batch: torch.Size, tensors: Sequence[Tensor]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]] | None:
    """Return number and sizes of the batch axes, and the strides of each tensor along them.

    Axes that are one in all tensors are joined. ``None`` if too many are left.
    """
    if len(batch) == 1:
        one: list[tuple[int, ...]] = [
            (t.stride(0) if t.shape[0] != 1 else 0, 0, 0, 0) for t in tensors
        ]
        return (1, batch[0], 0, 0, 0), one
    sizes: list[int] = []
    strides: list[list[int]] = [[] for _ in tensors]
    for axis, size in enumerate(batch):
        if size == 1:
            continue
        steps = [t.stride(axis) if t.shape[axis] != 1 else 0 for t in tensors]
        found = list(zip(strides, steps, strict=True))
        if sizes and all(before[-1] == size * step for before, step in found):
            sizes[-1] *= size
            for before, step in found:
                before[-1] = step
            continue
        sizes.append(size)
        for before, step in found:
            before.append(step)
    if len(sizes) > MAX_AXES:
        return None
    if not sizes:
        sizes, strides = [1], [[0] for _ in tensors]
    rest = (0,) * (MAX_AXES - len(sizes))
    return (len(sizes), *sizes, *rest), [(*steps, *rest) for steps in strides]


def in_one_piece(x: Tensor, axes: int) -> Tensor:
    """Return the tensor, copied unless each part of its last axes lies in one piece."""
    step = 1
    for axis in range(-1, -1 - axes, -1):
        size = x.shape[axis]
        if size != 1 and x.stride(axis) != step:
            return x.contiguous()
        step *= size
    return x


def laid_out(
    batch: torch.Size, tensors: Sequence[Tensor], axes: int = 2
) -> tuple[tuple[int, ...], list[tuple[int, ...]], Sequence[Tensor]]:
    """Return `_strides_of` tensors with some axes behind the batch, copied if too many."""
    found = _strides_of(batch, tensors)
    if found is None:
        if any(t.numel() == 0 for t in tensors):  # in one piece with any strides; no row is read
            return (1, 0, 0, 0, 0), [(0,) * MAX_AXES for _ in tensors], tensors
        tensors = [t.expand(*batch, *t.shape[t.ndim - axes :]).contiguous() for t in tensors]
        found = _strides_of(batch, tensors)
        assert found is not None, "axes in one piece are joined"
    return *found, tensors
