"""Originals that stay in a data set of torchvision, Hugging Face or of one's own, read when used.

Only the pictures of one batch are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Subset

from groupae._validation import ShapeError, expected

__all__ = ["LazyOriginals", "originals_of"]


def originals_of(dataset: Any, *, picture: str = "image", label: str = "label") -> LazyOriginals:
    """Return the pictures of a data set as originals of `OrbitPairs`, read when they are used.

    Args:
        dataset: A map-style data set with items that are pictures, ``(picture, label)`` pairs as in
            torchvision, or dicts as in Hugging Face ``datasets``. An item must be the same at every
            call, so a transform must not be random.
        picture: Column of the pictures where items are dicts.
        label: Column of the classes where items are dicts; if there is none, classes are unknown.

    Raises:
        TypeError: If it is no such data set, or items are no pictures.
        ShapeError: If it is empty.
        ValueError: If there is no such column, or an item differs from call to call.

    Example:
        >>> from groupae import SO2
        >>> from groupae.data import OrbitPairs, rotate
        >>> digits = [(torch.rand(1, 8, 8), i % 10) for i in range(20)]
        >>> OrbitPairs(originals_of(digits), SO2(), rotate).batch(0, 4).x1.shape
        torch.Size([4, 1, 8, 8])
    """
    return LazyOriginals(dataset, picture=picture, label=label)


class LazyOriginals:
    """Pictures of a map-style data set, indexed like a tensor ``(n, *picture_shape)``.

    Bytes become numbers in [0, 1]; pictures of pillow and arrays ``(H, W)`` or ``(H, W, C)`` become
    tensors with channels first. Arguments and errors are those of `originals_of`.

    Attributes:
        shape: Number of pictures, then the shape of the first one.
        dtype: Dtype of the first picture.
        labels: Class of each picture, int64 ``(n,)``, where the data set lists whole numbers
            (``targets`` in torchvision, a column in Hugging Face); None elsewhere.

    Example:
        >>> pictures = LazyOriginals([torch.zeros(1, 8, 8)] * 5)
        >>> pictures[torch.tensor([4, 0])].shape
        torch.Size([2, 1, 8, 8])
    """

    def __init__(self, dataset: Any, *, picture: str = "image", label: str = "label") -> None:
        is_class = isinstance(dataset, type)
        if is_class or not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")):
            got = f"the class {dataset.__name__}" if is_class else type(dataset).__name__
            what, remedy = "a data set with items and a length", "streams are read into one first"
            raise TypeError(expected("originals_of", what, got, remedy))
        if len(dataset) == 0:
            raise ShapeError(expected("originals_of", "at least one picture", "an empty data set"))
        self.dataset, self.picture = dataset, picture
        first = self._read(0)
        if not torch.equal(first, self._read(0)):
            what, got = "an item that is the same at every call", "another item 0 at the second"
            remedy = "leave random transforms out: OrbitPairs draws the elements"
            raise ValueError(expected("originals_of", what, got, remedy))
        self.shape: torch.Size = torch.Size((len(dataset), *first.shape))
        self.dtype = first.dtype
        self.labels: Tensor | None = _labels(dataset, label)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Tensor) -> Tensor:
        parts = [self._read(i) for i in index.tolist()]
        for i, part in zip(index.tolist(), parts, strict=True):
            if part.shape != self.shape[1:]:
                what, got = f"pictures of one shape, {tuple(self.shape[1:])}", tuple(part.shape)
                remedy = "resize and crop them in the transform of the data set"
                raise ShapeError(expected(f"item {i} of the data set", what, got, remedy))
        return torch.stack(parts) if parts else torch.empty(0, *self.shape[1:], dtype=self.dtype)

    def _read(self, i: int) -> Tensor:
        """Return a picture of the data set."""
        owner, item = f"item {i} of the data set", self.dataset[i]
        if isinstance(item, Mapping):
            if self.picture not in item:
                got = ", ".join(map(str, item)) or "no columns"
                remedy = "name it: originals_of(dataset, picture=...)"
                raise ValueError(expected(owner, f"a column {self.picture!r}", got, remedy))
            item = item[self.picture]
        elif isinstance(item, (tuple, list)) and item:
            item = item[0]
        return _as_tensor(owner, item)


def _as_tensor(owner: str, picture: Any) -> Tensor:
    """Return a picture as a floating tensor, channels first."""
    mode = getattr(picture, "mode", None)
    if isinstance(mode, str):  # a picture of pillow
        if mode not in ("L", "RGB"):
            remedy = 'let the transform convert it: picture.convert("RGB")'
            raise TypeError(expected(owner, "a picture of mode L or RGB", f"mode {mode}", remedy))
        picture = np.array(picture)
    if isinstance(picture, np.ndarray) and picture.dtype.kind in "fu" and picture.ndim in (2, 3):
        rows = picture[:, :, None] if picture.ndim == 2 else picture
        picture = torch.from_numpy(np.ascontiguousarray(rows.transpose(2, 0, 1)))
    if not isinstance(picture, Tensor):
        what, got = "a picture (tensor, array or picture of pillow)", type(picture).__name__
        remedy = "Hugging Face data sets name their columns: originals_of(dataset, picture=...)"
        raise TypeError(expected(owner, what, got, remedy))
    if picture.dtype == torch.uint8:
        return picture.float() / 255
    if not picture.is_floating_point():
        remedy = "convert it in the transform of the data set"
        raise TypeError(expected(owner, "a picture of bytes or floats", picture.dtype, remedy))
    return picture


def _labels(dataset: Any, label: str) -> Tensor | None:
    """Return the classes that a data set lists, without reading its pictures."""
    if isinstance(dataset, Subset):
        whole = _labels(dataset.dataset, label)
        return None if whole is None else whole[torch.as_tensor(list(dataset.indices))]
    if label in (getattr(dataset, "column_names", None) or ()):
        listed = dataset[label]
    elif getattr(dataset, "target_transform", None) is None:
        listed = getattr(dataset, "targets", None)
    else:
        return None
    if listed is None or len(listed) != len(dataset):
        return None
    found = np.asarray(listed if isinstance(listed, Tensor) else list(listed))
    is_list = found.ndim == 1 and found.dtype.kind in "iu"
    return torch.from_numpy(found.astype(np.int64)) if is_list else None
