"""What models are trained on and judged by: pairs and trajectories on orbits.

A pair is ``(x1, g, x2)`` with codes on one orbit, ``z2 = g . z1``; a trajectory is a chain of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected
from groupae.groups import Group
from groupae.groups.matching import check_same_group

__all__ = [
    "PairBatch",
    "PairSource",
    "Recombinations",
    "Trajectories",
    "check_pairs",
    "check_prediction",
    "has_parts",
    "is_point_set",
]


@dataclasses.dataclass(frozen=True)
class PairBatch:
    """A batch of pairs.

    Args:
        x1: First pictures (or other data), shape ``(n, *x_shape)``.
        g: Elements that carry the first to the second, shape ``(n, *element_shape)``.
        x2: Second pictures, shape ``(n, *x_shape)``.
        label: Class of each pair where one is known, shape ``(n,)``.
        mask: Pixels of ``x2`` that show what the group moves, where known: bool, shape
            ``(n, 1, H, W)``.
        group: The group of the elements, where known; it is compared with a model's.

    Raises:
        TypeError: If ``x1``, ``g`` or ``x2`` is no tensor, or ``group`` no group.
        ShapeError: If they are not of one length, or ``x1`` and ``x2`` not of one shape.

    Example:
        >>> import torch
        >>> batch = PairBatch(torch.zeros(5, 1, 8, 8), torch.rand(5), torch.zeros(5, 1, 8, 8))
        >>> [len(part) for part in batch.chunks(2)]
        [2, 2, 1]
    """

    x1: Tensor
    g: Tensor
    x2: Tensor
    label: Tensor | None = None
    mask: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        for name in ("x1", "g", "x2"):
            part = getattr(self, name)
            if not isinstance(part, Tensor):
                got, remedy = type(part).__name__, "convert an array with torch.from_numpy"
                raise TypeError(expected("PairBatch", f"{name} to be a tensor", got, remedy))
        if self.group is not None and not isinstance(self.group, Group):
            got = type(self.group).__name__
            raise TypeError(expected("PairBatch", "group to be a group, such as SO2()", got))
        if self.x1.shape != self.x2.shape or self.x1.ndim == 0:
            got = f"{tuple(self.x1.shape)} and {tuple(self.x2.shape)}"
            raise ShapeError(expected("PairBatch", "x1 and x2 of one shape (n, *x_shape)", got))
        n = len(self.x1)
        if self.g.shape[:1] != (n,):
            form = f"one element for each pair, g of shape ({n}, *element_shape)"
            raise ShapeError(expected("PairBatch", form, tuple(self.g.shape)))

    def __len__(self) -> int:
        return len(self.x1)

    @classmethod
    def of(cls, parts: Any) -> PairBatch:
        """Return the batch with the parts of an object that has ``x1``, ``g`` and ``x2``."""
        optional = (getattr(parts, name, None) for name in ("label", "mask", "group"))
        return cls(parts.x1, parts.g, parts.x2, *optional)

    def _map(self, f: Callable[[Tensor], Tensor]) -> PairBatch:
        """Return a batch of the same class, all its tensors mapped."""
        parts = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        mapped: dict[str, Any] = {
            name: f(part) for name, part in parts.items() if isinstance(part, Tensor)
        }
        return dataclasses.replace(self, **mapped)

    def __getitem__(self, index: slice | Tensor) -> PairBatch:
        return self._map(lambda part: part[index])

    def to(self, device: torch.device | str) -> PairBatch:
        """Return the batch on another device."""
        return self._map(lambda part: part.to(device))

    def detach(self) -> PairBatch:
        """Return the batch cut off from whatever graph made it."""
        return self._map(Tensor.detach)

    def chunks(self, size: int) -> Iterator[PairBatch]:
        """Yield the batch in pieces of at most ``size`` pairs."""
        check_count("PairBatch.chunks", "size", size)
        for start in range(0, len(self), size):
            yield self[start : start + size]


@dataclasses.dataclass(frozen=True)
class Trajectories:
    """A batch of trajectories ``x_0 -> g_1 . x_0 = x_1 -> ... -> x_T``, for rollouts.

    Args:
        x: Data, shape ``(n, T + 1, *x_shape)``.
        g: Elements, shape ``(n, T, *element_shape)``: ``g[:, t]`` carries ``x[:, t]`` to
            ``x[:, t + 1]``.
        label: Class of each where one is known, shape ``(n,)``.
        group: The group of the elements, where known.

    Raises:
        ShapeError: If there is not one element for each move.
    """

    x: Tensor
    g: Tensor
    label: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        n, length = self.x.shape[:2]
        if self.g.shape[:2] != (n, length - 1):
            form = f"an element for each move, g of shape ({n}, {length - 1}, *element_shape)"
            raise ShapeError(expected("Trajectories", form, tuple(self.g.shape)))

    def __len__(self) -> int:
        return len(self.x)


@dataclasses.dataclass(frozen=True)
class Recombinations:
    """What the invariant part of one datum and the varying part of another make together.

    Args:
        meaning: What the truth shows, in a few words.
        x: Data that give their invariant parts, shape ``(n, *x_shape)``.
        y: Data that give their varying parts, same shape.
        truth: What a swap should show, same shape.
        seen: Pixels of ``truth`` that ``x`` or ``y`` shows, where known: bool, shape
            ``(n, 1, H, W)``. What neither shows can only be guessed.
        mask: Pixels of ``truth`` that show what the group moves, where known: bool, same shape.
        group: The group that moves the data, where known.

    Raises:
        ShapeError: If ``x``, ``y`` and ``truth`` differ in shape.
    """

    meaning: str
    x: Tensor
    y: Tensor
    truth: Tensor
    seen: Tensor | None = None
    mask: Tensor | None = None
    group: Group | None = None

    def __post_init__(self) -> None:
        if not self.x.shape == self.y.shape == self.truth.shape:
            got = ", ".join(str(tuple(part.shape)) for part in (self.x, self.y, self.truth))
            raise ShapeError(expected("Recombinations", "x, y and truth of one shape", got))

    def __len__(self) -> int:
        return len(self.x)


class PairSource(Protocol):
    """Where training pairs come from: any object with this method."""

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a step; the same ones whenever it is asked."""
        ...


def has_parts(pairs: object) -> bool:
    """Return whether something has the parts of a `PairBatch`."""
    return all(hasattr(pairs, part) for part in ("x1", "g", "x2"))


def check_pairs(owner: object, pairs: object, model: object = None) -> None:
    """Raise unless ``pairs`` are a `PairBatch` (or have its parts), of the model's group.

    Raises:
        TypeError: If they are something else.
        ValueError: If the groups are known and differ.
    """
    if not has_parts(pairs):
        is_source = callable(getattr(pairs, "fixed", None))
        remedy = "give its fixed() pairs" if is_source else "PairBatch(x1, g, x2) makes one"
        raise TypeError(expected(owner, "pairs as a PairBatch", type(pairs).__name__, remedy))
    check_same_group(owner, "pairs", model, pairs)


def is_point_set(x_shape: tuple[int, ...]) -> bool:
    """Return whether data of that shape are taken for sets of points: ``(N, 2)`` or ``(N, 3)``.

    There are more points than coordinates; ``(channels, length)`` is a series.
    """
    return len(x_shape) == 2 and x_shape[1] in (2, 3) and x_shape[0] > x_shape[1]


def check_prediction(
    owner: object, source: str, prediction: object, shape: tuple[int, ...]
) -> None:
    """Raise unless what a model made has the shape of the data it stands for.

    Sets of points may be predicted by another number of points.

    Args:
        owner: Who complains.
        source: What made it: "the decoder".
        prediction: What was made.
        shape: Shape of the data, ``(n, *x_shape)``.

    Raises:
        TypeError: If it is no tensor.
        ShapeError: If the shapes differ.
    """
    if not isinstance(prediction, Tensor):
        got = type(prediction).__name__
        raise TypeError(expected(owner, f"{source} to return a tensor", got))
    found, wanted = tuple(prediction.shape), tuple(shape)
    if found == wanted:
        return
    ends = found[:1] + found[2:] == wanted[:1] + wanted[2:]
    if ends and is_point_set(found[1:]) and is_point_set(wanted[1:]):
        return
    what = f"{source} to return the shape of the data, {wanted}"
    raise ShapeError(expected(owner, what, found, "shapes that broadcast would hide it"))
