"""Pairs from recorded views with known elements: renders, photographs, scans."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, check_count, check_element, expected
from groupae.data.keys import Stream, keyed_generator
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.data.written_elements import are_elements, check_angles
from groupae.groups import Group

__all__ = ["RecordedPairs"]


class RecordedPairs(OrbitDataset):
    """Pairs of different views, of originals with ``m`` recorded views each.

    Args:
        pictures: Shape ``(n, m, C, H, W)``; an array, also a memory-mapped one. Integers are
            divided by the largest value of their dtype, 255 for uint8, and have 32 bits at most;
            floats stay as they are.
        elements: The element that moved each view, shape ``(n, m, *element_shape)``, or
            ``(m, *element_shape)`` if it is the same for all originals.
        group: The group.
        masks: Pixels of the part that the group moves, packed by ``numpy.packbits`` along the last
            axis: uint8, shape ``(n, m, H, ceil(W / 8))``.
        rows: Indices of the originals to use, shape ``(k,)``; all by default.
        labels: Class of each original used, shape ``(k,)``.
        seed: Key of the order of originals and of the choice of views, at least 0.

    Raises:
        TypeError: If the elements are no tensor of the group's kind, rows no integers, or pictures
            no array; or if pictures are integers of 64 bits, numpy's default, whose largest value
            is not white.
        ShapeError: If shapes or dtypes of the arrays do not fit, or there are too few views.
        ValueError: If an element is not in the group, or a row is no index of an original.

    Example:
        >>> from groupae import Cyclic
        >>> pictures = np.arange(12, dtype=np.uint8).reshape(3, 4, 1, 1, 1)
        >>> pairs = RecordedPairs(pictures, torch.arange(4), Cyclic(4)).fixed()
        >>> torch.equal(((pairs.x2 - pairs.x1) * 255).round().long().flatten() % 4, pairs.g)
        True
    """

    def __init__(
        self,
        pictures: npt.NDArray[Any],
        elements: Tensor,
        group: Group,
        *,
        masks: npt.NDArray[np.uint8] | None = None,
        rows: Tensor | None = None,
        labels: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        owner = type(self).__name__
        _check_pictures(owner, pictures)
        n, m = pictures.shape[:2]
        _check_recorded_elements(owner, elements, group, n, m)
        packed = (n, m, pictures.shape[3], -(-pictures.shape[4] // 8))
        if masks is not None and (masks.shape != packed or masks.dtype != np.uint8):
            got, remedy = f"{masks.dtype} {masks.shape}", "pack them with numpy.packbits"
            raise ShapeError(expected(owner, f"packed uint8 masks of shape {packed}", got, remedy))
        rows = _parse_rows(owner, rows, n)
        super().__init__(group, len(rows), labels=labels, seed=seed)
        self.pictures = pictures
        self.elements: Tensor = elements.expand(n, m, *group.element_shape)
        self.masks = masks
        self.rows = rows

    @override
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return ``count`` recorded views of each original; none repeats while there are enough."""
        check_count(type(self).__name__, "count", count)
        m = self.elements.shape[1]
        rounds = -(-count // m)
        score = torch.rand(rounds, len(index), m, generator=generator, dtype=torch.float32)
        order = score.argsort(dim=-1, stable=True)  # equal scores have one order on all machines
        chosen = order.movedim(-1, 1).flatten(0, 1)[:count]
        return self._look_up(index, chosen)

    @override
    def _keep(self, rows: Tensor) -> None:
        self.rows = self.rows[rows]

    @override
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return ``count`` views evenly spread in the order they were recorded."""
        check_count(type(self).__name__, "count", count)
        m = self.elements.shape[1]
        chosen = torch.tensor([i * m // count for i in range(count)])
        return self._look_up(index, chosen[:, None].expand(count, len(index)))

    def _two_choices(self, n: int) -> Tensor:
        """Return the indices of views for ``n`` recombinations, shape ``(2, n)``.

        The two of a pair differ where there is more than one view; else a swap would change
        nothing.
        """
        generator = keyed_generator(self.seed, Stream.RECOMBINED)
        views = self.elements.shape[1]
        first = torch.randint(views, (n,), generator=generator)
        others = torch.randint(max(views - 1, 1), (n,), generator=generator)
        return torch.stack([first, (first + 1 + others) % views])

    def _look_up(self, index: Tensor, chosen: Tensor) -> Views:
        rows = self.rows[index]
        place: Any = (rows.numpy(), chosen.numpy())
        # By numpy, for torch waits many times as long for its threads where cores are busy
        white = 1 if self.pictures.dtype.kind == "f" else np.iinfo(self.pictures.dtype).max
        pictures = np.divide(self.pictures[place], np.float32(white), dtype=np.float32)
        mask = None
        if self.masks is not None:
            width = self.pictures.shape[-1]
            bits = np.unpackbits(self.masks[place], axis=-1, count=width)
            mask = torch.from_numpy(bits).bool().unsqueeze(2)
        return Views(torch.from_numpy(pictures), self.elements[rows, chosen], mask)


def _check_pictures(owner: str, pictures: object) -> None:
    """Raise unless pictures are an array ``(n, m, C, H, W)`` of numbers, with two views or more."""
    if not isinstance(pictures, np.ndarray):
        what, remedy = "pictures as an array of numpy", "convert a tensor with .numpy()"
        raise TypeError(expected(owner, what, type(pictures).__name__, remedy))
    if pictures.ndim != 5 or pictures.dtype.kind not in "uif":
        what = "pictures as real numbers of shape (n, m, C, H, W), such as uint8"
        raise ShapeError(expected(owner, what, f"{pictures.dtype} {pictures.shape}"))
    if pictures.dtype.kind in "ui" and pictures.dtype.itemsize > 4:
        what, remedy = "integers of the pictures' own depth", "bytes are .astype(np.uint8)"
        raise TypeError(expected(owner, what, pictures.dtype, remedy))
    if pictures.shape[1] < 2:
        raise ShapeError(expected(owner, "at least two views of each original", pictures.shape[1]))


def _check_recorded_elements(owner: str, elements: Tensor, group: Group, n: int, m: int) -> None:
    """Raise unless there is one element per view, of the group and not in degrees."""
    ending = group.element_shape
    check_element(owner, elements, ending, is_integer=group.has_integer_elements)
    if tuple(elements.shape) not in ((m, *ending), (n, m, *ending)):
        form = f"elements of shape ({n}, {m}, *{ending}) or ({m}, *{ending})"
        raise ShapeError(expected(owner, form, tuple(elements.shape)))
    are_all = are_elements(group, elements.reshape(-1, *ending))
    if not bool(are_all.all()):
        what, got = f"elements of {group}", f"{int((~are_all).sum())} that are none"
        raise ValueError(expected(owner, what, got))
    numbers = elements.reshape(-1, math.prod(ending))
    check_angles(owner, group, numbers, None, has_chart=False)


def _parse_rows(owner: str, rows: object, n: int) -> Tensor:
    """Return the indices of the originals to use, all of ``n`` by default."""
    if rows is None:
        return torch.arange(n)
    chosen = torch.as_tensor(rows)
    if chosen.ndim != 1 or chosen.dtype.is_floating_point or chosen.dtype == torch.bool:
        got, remedy = f"{chosen.dtype} {tuple(chosen.shape)}", "a mask's are mask.nonzero()[:, 0]"
        raise TypeError(expected(owner, "rows as integers of shape (k,)", got, remedy))
    if len(chosen) and not 0 <= int(chosen.min()) <= int(chosen.max()) < n:
        got = f"{int(chosen.min())} to {int(chosen.max())}"
        raise ValueError(expected(owner, f"rows from 0 to {n - 1}", got))
    return chosen.long()
