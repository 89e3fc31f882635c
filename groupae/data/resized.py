"""Data sets of pictures at a smaller size."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import Self, override

from groupae._validation import check_count, expected
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.protocols import Recombinations

__all__ = ["Resized", "check_resizable"]


def check_resizable(owner: object, x_shape: tuple[int, ...], pixels: int) -> None:
    """Raise unless data of ``x_shape`` are square pictures that shrink evenly to ``pixels``."""
    check_count(str(owner), "pixels", pixels)
    if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
        form, remedy = "square pictures (C, H, W) to resize", "leave pixels out"
        raise ValueError(expected(owner, form, x_shape, remedy))
    if x_shape[1] % pixels:
        got, remedy = pixels, "blocks of pixels are averaged"
        raise ValueError(expected(owner, f"pixels that divide {x_shape[1]}", got, remedy))


class Resized(OrbitDataset):
    """Another data set with its pictures shrunk by averaging blocks of pixels.

    Elements, order and labels are those of the data set. A pixel of a mask is set where at least
    half of its block is.

    Args:
        dataset: Pictures ``(C, H, W)``, square.
        pixels: Their new height and width, a divisor of the old.

    Raises:
        ValueError: If data are no square pictures, or ``pixels`` does not divide their size.

    Example:
        >>> from groupae import RotatedDigits
        >>> Resized(RotatedDigits("test", size="tiny"), 14).batch(0, 5).x1.shape
        torch.Size([5, 1, 14, 14])
    """

    def __init__(self, dataset: OrbitDataset, pixels: int) -> None:
        super().__init__(dataset.group, len(dataset), labels=dataset.labels, seed=dataset.seed)
        x_shape = tuple(dataset.orbit(torch.zeros(1, dtype=torch.int64), 1).x.shape[2:])
        check_resizable("Resized", x_shape, pixels)
        self.dataset = dataset
        self.pixels = pixels

    @override
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return the views of the data set, shrunk."""
        return self._shrink(self.dataset.views(index, count, generator))

    @override
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return the orbit of the data set, shrunk."""
        return self._shrink(self.dataset.orbit(index, count))

    @override
    @property
    def has_any_view(self) -> bool:
        """Whether the data set has."""
        return self.dataset.has_any_view

    @override
    def with_sampler(self, sampler: Callable[..., Tensor]) -> Self:
        found = copy.copy(self)
        found.dataset = self.dataset.with_sampler(sampler)
        found._size, found.labels = len(found.dataset), found.dataset.labels
        return found

    @override
    def _keep(self, rows: Tensor) -> None:
        self.dataset = self.dataset.subset(rows)

    @override
    @property
    def has_recombinations(self) -> bool:
        """Whether those of the data set are defined."""
        return self.dataset.has_recombinations

    @override
    def recombinations(self, count: int | None = None) -> tuple[Recombinations, ...]:
        """Return the recombinations shrunk; a pixel is seen if its whole block is."""
        return tuple(map(self._shrink_reading, self.dataset.recombinations(count)))

    def _shrink_reading(self, reading: Recombinations) -> Recombinations:
        x, y, truth = self._average(torch.stack([reading.x, reading.y, reading.truth]))
        seen, mask = reading.seen, reading.mask
        if seen is not None:
            seen = self._average(seen[None].to(x.dtype))[0] == 1
        if mask is not None:
            mask = self._average(mask[None].to(x.dtype))[0] >= 0.5
        return dataclasses.replace(reading, x=x, y=y, truth=truth, seen=seen, mask=mask)

    def _shrink(self, views: Views) -> Views:
        mask = views.mask
        if mask is not None:
            mask = self._average(mask.to(views.x.dtype)) >= 0.5
        return Views(self._average(views.x), views.g, mask)

    def _average(self, x: Tensor) -> Tensor:
        shrunk = F.avg_pool2d(x.flatten(0, 1), x.shape[-1] // self.pixels)
        return torch.unflatten(shrunk, 0, x.shape[:2])
