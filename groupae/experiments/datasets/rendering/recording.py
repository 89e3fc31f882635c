"""Rendered views as arrays of bytes for storage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae.experiments.datasets.rendering.shading import composite

__all__ = ["record", "record_layout"]


def record(views: Tensor, background: Tensor) -> dict[str, npt.NDArray[np.uint8]]:
    """Return ``pictures`` and packed ``masks`` of rendered views, as `RecordedPairs` takes them.

    Args:
        views: Red, green, blue and alpha in [0, 1], shape ``(n, m, 4, H, W)``.
        background: Pictures in [0, 1] that broadcast to ``(n, m, 3, H, W)``.

    Example:
        >>> arrays = record(torch.rand(2, 5, 4, 8, 8), torch.ones(3, 1, 1))
        >>> arrays["pictures"].shape, arrays["masks"].shape
        ((2, 5, 3, 8, 8), (2, 5, 8, 1))
    """
    pictures = composite(views, background).mul(255).round().to(torch.uint8)
    masks = np.packbits(views[:, :, 3].numpy() > 0, axis=-1)
    return {"pictures": pictures.numpy(), "masks": masks}


def record_layout(n: int, views: int, size: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return shape and dtype of the arrays of `record` for ``n`` originals, for a cache.

    Example:
        >>> record_layout(n=10, views=4, size=32)
        {'pictures': ((10, 4, 3, 32, 32), 'uint8'), 'masks': ((10, 4, 32, 4), 'uint8')}
    """
    return {
        "pictures": ((n, views, 3, size, size), "uint8"),
        "masks": ((n, views, size, size // 8), "uint8"),
    }
