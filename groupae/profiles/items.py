"""Items to profile: their kind, their checks, their size."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from groupae._validation import ShapeError, expected, unknown_choice

__all__ = ["KINDS", "Items", "Kind", "read_items"]

Kind = Literal["auto", "pictures", "series", "outlines", "points"]
KINDS = ("auto", "pictures", "series", "outlines", "points")
_OWNER = "OrbitProfiler"
_SIZED = ("outlines", "points")


class Items(NamedTuple):
    """Items of one kind, in float64.

    Attributes:
        kind: Their kind.
        data: Pictures ``(n, C, H, W)``, series ``(n, C, length)``, or one tensor ``(N, 2)`` of
            points from their centroid per item.
        sizes: Root mean square distance of points from the centroid, norm of all others; ``(n,)``.
    """

    kind: str
    data: Tensor | list[Tensor]
    sizes: Tensor


def read_items(x: Any, kind: str, normalize: bool | None) -> Items:
    """Return items as their describer takes them.

    Args:
        x: Array, tensor or list of arrays.
        kind: Kind of the items; ``"auto"`` for arrays whose shape tells it.
        normalize: Whether items are divided by their size; by default outlines and points are.

    Raises:
        TypeError: If the items are no numbers.
        ShapeError: If their shape is not that of the kind.
        ValueError: If entries are infinite or missing, or there is no item.
    """
    if kind not in KINDS:
        raise ValueError(unknown_choice(_OWNER, "kind", kind, KINDS))
    parts = _parts(x)
    kind = _kind_of(parts, kind)
    is_sized = kind in _SIZED
    data = [_item(part, kind) for part in parts]
    sizes = torch.stack([_size(item, kind) for item in data])
    if normalize is None:
        normalize = is_sized
    if normalize:
        least = torch.where(sizes > 0, sizes, torch.ones_like(sizes))
        data = [item / size for item, size in zip(data, least, strict=True)]
    return Items(kind, data if is_sized else torch.stack(data), sizes)


def _parts(x: Any) -> list[Tensor]:
    """Return one tensor per item, of finite numbers."""
    if isinstance(x, Tensor):
        x = x.detach().cpu().numpy()
    if isinstance(x, np.ndarray) and x.dtype != object and x.ndim < 2:
        got = f"one of shape {x.shape}. Reshape your data, x[None] makes a batch of one item"
        raise ShapeError(expected(_OWNER, "an array with an axis of items first", got))
    many = list(x) if isinstance(x, (np.ndarray, list, tuple)) else None
    if many is None:
        raise TypeError(expected(_OWNER, "an array or a list of arrays", type(x).__name__))
    if not many:
        raise ValueError(expected(_OWNER, "at least one item", "found array with 0 sample(s)"))
    return [_finite(i, part) for i, part in enumerate(many)]


def _finite(i: int, part: Any) -> Tensor:
    array = np.asarray(part)
    if array.dtype.kind == "c":
        what = "real numbers (Complex data not supported)"
        raise ValueError(expected(_OWNER, what, f"{array.dtype} in item {i}"))
    if array.dtype.kind not in "biuf":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError) as error:
            got = f"{array.dtype} in item {i}: {error}"
            raise type(error)(expected(_OWNER, "numbers", got)) from error
    found = torch.from_numpy(np.array(array, dtype=np.float64))
    if not bool(found.isfinite().all()):
        got = "NaN" if bool(found.isnan().any()) else "inf (infinity)"
        raise ValueError(expected(_OWNER, "finite numbers", f"{got} in item {i}"))
    return found


def _kind_of(parts: list[Tensor], kind: str) -> str:
    """Return the kind of items, and raise unless all have its shape."""
    shape = parts[0].shape
    if kind == "auto":
        kind = {1: "series", 3: "pictures"}.get(len(shape), "")
        if len(shape) == 2 and shape[0] == shape[1] > 3:
            kind = "pictures"
        if not kind:
            remedy = 'kind="outlines", "points", "pictures" or "series" tells it'
            got = f"items of shape {tuple(shape)}"
            raise ShapeError(expected(_OWNER, "the kind of the items", got, remedy))
    if kind in _SIZED:
        _check_clouds(parts, kind)
        return kind
    different = next((i for i, part in enumerate(parts) if part.shape != shape), None)
    if different is not None:
        what = f"{kind} of one size, {tuple(shape)} like the first"
        got = f"{tuple(parts[different].shape)} in item {different}"
        raise ShapeError(expected(_OWNER, what, got, "crop, pad or resize them"))
    return kind


def _check_clouds(parts: list[Tensor], kind: str) -> None:
    least = 3 if kind == "outlines" else 1
    for i, part in enumerate(parts):
        if part.ndim != 2 or part.shape[1] != 2 or len(part) < least:
            what = f"{kind} of shape (N, 2), N at least {least}"
            raise ShapeError(expected(_OWNER, what, f"{tuple(part.shape)} in item {i}"))
        if kind == "outlines" and bool((part == part[0]).all()):
            raise ValueError(expected(_OWNER, "outlines of some length", f"one point in item {i}"))


def _item(part: Tensor, kind: str) -> Tensor:
    if kind == "series":
        return _shaped(part, kind, 2)
    if kind == "pictures":
        return _shaped(part, kind, 3)
    middle = _middle_of_line(part) if kind == "outlines" else part.mean(0)
    return part - middle


def _shaped(part: Tensor, kind: str, axes: int) -> Tensor:
    """Return an item with an axis of channels in front."""
    if part.ndim not in (axes - 1, axes):
        forms = {2: "(length,) or (channels, length)", 3: "(H, W) or (C, H, W)"}
        raise ShapeError(expected(_OWNER, f"{kind} of shape {forms[axes]}", tuple(part.shape)))
    return part if part.ndim == axes else part[None]


def _middle_of_line(corners: Tensor) -> Tensor:
    """Return the centroid of a closed polygon as a line, wherever its corners stand."""
    after = corners.roll(-1, 0)
    lengths = (after - corners).norm(dim=1, keepdim=True)
    found: Tensor = ((corners + after) / 2 * lengths).sum(0) / lengths.sum()
    return found


def _size(item: Tensor, kind: str) -> Tensor:
    if kind == "points":
        return item.square().sum(1).mean().sqrt()
    if kind != "outlines":
        found: Tensor = item.norm()
        return found
    after = item.roll(-1, 0)
    lengths = (after - item).norm(dim=1)
    squares = (item.square() + item * after + after.square()).sum(1) / 3  # mean along a side
    found = ((squares * lengths).sum() / lengths.sum()).sqrt()
    return found
