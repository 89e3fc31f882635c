"""Comparison of batches of elements, and their alignment with batches of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected

if TYPE_CHECKING:
    from groupae.groups.base import Group

__all__ = ["align_batch", "ambient_error"]


def ambient_error(g: Tensor, h: Tensor, element_ndim: int) -> Tensor:
    """Return the largest difference of coordinates, relative above 1, shape ``(*batch,)``."""
    g, h = torch.broadcast_tensors(g, h)
    error = (g - h).abs() / torch.maximum(g.abs(), h.abs()).clamp(min=1)
    return error.flatten(error.ndim - element_ndim).amax(-1) if element_ndim else error


def align_batch(
    owner: object, group: Group, g: Tensor, x: Tensor, axis: int
) -> tuple[Tensor, Tensor, int]:
    """Return ``g``, ``x`` and the acted axis (from the front) so that batch axes broadcast.

    The first axes of both are the batch. Axes of ``x`` between the batch and ``axis`` broadcast:
    ``g`` gets axes of length 1 there. If ``x`` has fewer batch axes, it gets the missing ones.
    Half-precision elements become float32.

    Raises:
        ShapeError: If the batch axes differ.
        TypeError: If ``g`` has no dtype of elements.
    """
    group.check_elements(g)
    lead = g.ndim - len(group.element_shape)
    axis %= x.ndim
    batch = g.shape[:lead]
    for i, (a, b) in enumerate(zip(batch, x.shape[:axis], strict=False)):
        if a != b and 1 not in (a, b):
            remedy = f"the first axes of both are the batch, and axis {i} differs"
            got = f"{tuple(x.shape)} under elements of batch {tuple(batch)}"
            raise ShapeError(expected(owner, "data whose batch axes match g's", got, remedy))
    if lead < axis:
        g = g.reshape(*batch, *(1,) * (axis - lead), *group.element_shape)
    elif lead > axis:
        x = x.reshape(*x.shape[:axis], *(1,) * (lead - axis), *x.shape[axis:])
    low_precision = g.dtype in (torch.float16, torch.bfloat16)
    return (g.float() if low_precision else g), x, max(axis, lead)
