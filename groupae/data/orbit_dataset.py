"""Base class of data sets: originals, each with views on its orbit.

A view shows an original moved by an element. Two views of one original make a pair: if they are
moved by ``g_1`` and ``g_2``, then ``g_2 g_1^-1`` carries the first to the second. More views make a
trajectory. Randomness is keyed (`groupae.data.keys`).
"""

from __future__ import annotations

import abc
import copy
import dataclasses
from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Self

from groupae._validation import ShapeError, check_count, expected
from groupae.data.keys import Stream, epoch_order, keyed_generator
from groupae.groups import Group
from groupae.protocols import PairBatch, Recombinations, Trajectories

__all__ = ["OrbitDataset", "Views"]


@dataclasses.dataclass(frozen=True)
class Views:
    """``m`` views of each of ``n`` originals.

    Args:
        x: Observations, shape ``(m, n, *x_shape)``.
        g: Elements that moved the originals, shape ``(m, n, *element_shape)``.
        mask: Pixels of the part that the group moves, where known: bool, shape
            ``(m, n, 1, H, W)``.

    Example:
        >>> Views(torch.zeros(3, 4, 1, 8, 8), torch.zeros(3, 4)).x.shape
        torch.Size([3, 4, 1, 8, 8])
    """

    x: Tensor
    g: Tensor
    mask: Tensor | None = None

    def steps(self, group: Group) -> Tensor:
        """Return the elements from each view to the next, shape ``(m - 1, n, *element_shape)``."""
        return group.compose(self.g[1:], group.inverse(self.g[:-1]))

    def moves(self, group: Group) -> Tensor:
        """Return the elements from the first view to each, shape ``(n, m, *element_shape)``."""
        return group.compose(self.g, group.inverse(self.g[:1])).transpose(0, 1)


class OrbitDataset(abc.ABC):
    """Originals and views of them; a subclass gives `views` and `orbit`.

    Args:
        group: The group that moves them.
        size: Number of originals.
        labels: Class of each original, shape ``(size,)``.
        seed: Key of order and elements, at least 0.

    Raises:
        TypeError: If ``group`` is no group, or labels are no tensor.
        ValueError: If there are no originals, labels differ in number, or the seed is no integer
            of at least 0.

    Example:
        >>> from groupae import RotatedDigits
        >>> data = RotatedDigits("test", size="tiny")
        >>> isinstance(data, OrbitDataset), data.group, data.has_any_view
        (True, SO2(), True)
    """

    per_original: ClassVar[tuple[str, ...]] = ()
    """Names of attributes of a subclass that hold one row per original."""

    def __init__(
        self, group: Group, size: int, *, labels: Tensor | None = None, seed: int = 0
    ) -> None:
        owner = type(self).__name__
        if not isinstance(group, Group):
            raise TypeError(expected(owner, "group to be a group, such as SO2()", repr(group)))
        if size == 0:
            raise ShapeError(expected(owner, "at least one original", "none"))
        if labels is not None:
            _check_labels(owner, labels, size)
        _check_natural(owner, "seed", seed)
        self.group = group
        self.labels = labels
        self.seed = seed
        self._size = size

    def __len__(self) -> int:
        return self._size

    @abc.abstractmethod
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return ``count`` random views of the originals ``index``, of shape ``(n,)``."""

    @abc.abstractmethod
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return ``count`` views of each original spread over its orbit, for figures."""

    @property
    def has_any_view(self) -> bool:
        """Whether an original can be seen moved by any element, so that `with_sampler` works."""
        return type(self).with_sampler is not OrbitDataset.with_sampler

    def with_sampler(self, sampler: Callable[..., Tensor]) -> Self:
        """Return a data set of the same originals, whose views are moved by other elements.

        Args:
            sampler: A function of (m, n) and ``generator=`` with the elements of m views of n
                originals, shape ``(m, n, *element_shape)``, as in `groupae.data.view_samplers`.

        Raises:
            ValueError: If views are recorded, so that no others can be had; or the sampler is of
                another group.

        Example:
            >>> from groupae import SO2, RotatedDigits
            >>> from groupae.data import SmallSteps
            >>> digits = RotatedDigits("test").with_sampler(SmallSteps(SO2(), 0.1))
            >>> bool((SO2().distance(digits.fixed().g, torch.tensor(0.0)) <= 0.1001).all())
            True
        """
        what = "a data set that can show its originals at any element"
        remedy = "its views are recorded; OrbitPairs of originals and an action has all"
        raise ValueError(expected(type(self).__name__, what, "one that cannot", remedy))

    def subset(self, rows: Tensor) -> Self:
        """Return a data set of some of the originals.

        Args:
            rows: Their indices, int64, shape ``(k,)``, each once.

        Raises:
            ValueError: If there are none, one repeats or is no index of an original, or the data
                set cannot be divided.

        Example:
            >>> from groupae import RotatedDigits
            >>> digits = RotatedDigits("test").subset(torch.arange(0, 1000, 10))
            >>> len(digits), digits.fixed().x1.shape
            (100, torch.Size([100, 1, 28, 28]))
        """
        self._check_rows(rows)
        found = copy.copy(self)
        found._size = len(rows)
        found.labels = None if self.labels is None else self.labels[rows]
        for name in self.per_original:
            values: Any = getattr(self, name)
            if values is not None:
                picked = values[rows] if isinstance(values, Tensor) else _picked(values, rows)
                setattr(found, name, picked)
        found._keep(rows)
        return found

    def _keep(self, rows: Tensor) -> None:
        """Keep only the originals of ``rows``, in a copy of a data set; subclasses define it."""
        what, remedy = "a data set that can be divided", "override _keep"
        raise ValueError(expected(type(self).__name__, what, "one that cannot", remedy))

    def _check_rows(self, rows: object) -> None:
        n, owner = len(self), type(self).__name__
        is_index = isinstance(rows, Tensor) and rows.ndim == 1 and rows.dtype == torch.int64
        if not is_index or not len(rows):  # type: ignore[arg-type]  # a tensor, checked before
            raise ValueError(expected(owner, "rows as int64 of shape (k,), k > 0", f"{rows!r:.60}"))
        assert isinstance(rows, Tensor)
        low, high = int(rows.min()), int(rows.max())
        if low < 0 or high >= n or len(rows.unique()) != len(rows):
            raise ValueError(expected(owner, f"different rows from 0 to {n - 1}", f"{rows!r:.60}"))

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a training step; every epoch visits each original once.

        Args:
            step: Number of the step, from 0.
            size: Number of pairs.

        Raises:
            ValueError: If ``step`` is negative, or ``size`` is not at least 1.
        """
        index = self._index(step, size)
        return self._pairs(index, keyed_generator(self.seed, Stream.ELEMENTS, step))

    def fixed(self, count: int | None = None) -> PairBatch:
        """Return pairs that never change, for validation and tests; one per original.

        Args:
            count: Number of pairs. Fewer than originals are spread evenly over them; more go from
                the first original to the last, then again.

        Raises:
            ValueError: If ``count`` is not at least 1.
        """
        return self._pairs(self._spread(count), keyed_generator(self.seed, Stream.FIXED))

    def recombinations(self, count: int | None = None) -> tuple[Recombinations, ...]:
        """Return pairs of data for swaps, each with the expected result.

        The group alone does not determine these. The moving part has a pose and a shape, and the
        varying part of a code may hold the shape too; so there can be several readings of the same
        data, of which the first is the one to evaluate by. Data never change; ``x`` and ``y`` are
        of different originals.

        Args:
            count: Number of pairs; one per original unless given. Originals as for `fixed`.

        Raises:
            ValueError: If ``count`` is not at least 1, there is one original only, or the data set
                does not determine the result of a swap.

        Example:
            >>> from groupae import BlockedDigits
            >>> digits = BlockedDigits("test", size="tiny")
            >>> [reading.meaning for reading in digits.recombinations(5)]
            ['the square of x before the digit of y', 'x in the pose of y']
        """
        index, n = self._spread(count), len(self)
        if n == 1:
            got = "one original"
            raise ValueError(expected(type(self).__name__, "two originals to swap parts of", got))
        generator = keyed_generator(self.seed, Stream.PARTNERS)
        steps = torch.randint(1, n, (len(index),), generator=generator)
        readings = self._recombine(index, (index + steps) % n)
        return tuple(dataclasses.replace(reading, group=self.group) for reading in readings)

    @property
    def has_recombinations(self) -> bool:
        """Whether `recombinations` are defined: there are two originals, and truths of swaps."""
        return len(self) > 1 and type(self)._recombine is not OrbitDataset._recombine

    def _recombine(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        """Return the possible truths of swaps between originals; the first is the one scored."""
        owner, what = type(self).__name__, "a data set that says what a swap should show"
        remedy = (
            "blocked-digits, brain-contrast, objects, rotated-digits, sky-planes and turntable "
            "say it; "
            "a model's swap(x, y) works on other data, but cannot be scored"
        )
        raise ValueError(expected(owner, what, "one that does not", remedy))

    def _spread(self, count: int | None) -> Tensor:
        """Return the indices of all originals, or of ``count`` of them, chosen as by `fixed`."""
        n = len(self)
        if count is not None:
            check_count(type(self).__name__, "count", count)
        index = torch.arange(n if count is None else count)
        return index % n if len(index) > n else index * n // len(index)

    def trajectories(self, step: int, size: int, length: int) -> Trajectories:
        """Return chains of ``length`` moves; like `batch`, a function of the step.

        Raises:
            ValueError: If ``step`` is negative, or ``size`` or ``length`` is not at least 1.

        Example:
            >>> from groupae import RotatedDigits
            >>> chains = RotatedDigits("test").trajectories(step=0, size=5, length=3)
            >>> chains.x.shape, chains.g.shape
            (torch.Size([5, 4, 1, 28, 28]), torch.Size([5, 3]))
        """
        check_count(type(self).__name__, "length", length)
        index = self._index(step, size)
        generator = keyed_generator(self.seed, Stream.TRAJECTORIES, step)
        seen = self.views(index, length + 1, generator)
        moves = seen.steps(self.group)
        x, g = seen.x.transpose(0, 1), moves.transpose(0, 1)
        return Trajectories(x, g, self._labels(index), self.group)

    def _index(self, step: int, size: int) -> Tensor:
        """Return the indices of the originals of a step."""
        _check_natural(type(self).__name__, "step", step)
        check_count(type(self).__name__, "size", size)
        return epoch_order(len(self), step * size, (step + 1) * size, self.seed, Stream.ORDER)

    def _pairs(self, index: Tensor, generator: torch.Generator) -> PairBatch:
        seen = self.views(index, 2, generator)
        mask = None if seen.mask is None else seen.mask[1]
        g, labels = seen.steps(self.group)[0], self._labels(index)
        return PairBatch(seen.x[0], g, seen.x[1], labels, mask, self.group)

    def _labels(self, index: Tensor) -> Tensor | None:
        return None if self.labels is None else self.labels[index]


def _picked(values: Any, rows: Tensor) -> Any:
    """Return some entries of an array or a tuple."""
    if isinstance(values, (tuple, list)):
        return type(values)(values[i] for i in rows.tolist())
    return values[rows.numpy()]


def _check_labels(owner: str, labels: object, size: int) -> None:
    if not isinstance(labels, Tensor):
        raise TypeError(expected(owner, "labels to be a tensor", type(labels).__name__))
    if labels.shape != (size,):
        got = tuple(labels.shape)
        raise ShapeError(expected(owner, f"labels of shape ({size},), one per original", got))


def _check_natural(owner: str, name: str, value: object) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 0:
        raise ValueError(expected(owner, f"{name} to be an integer of at least 0", repr(value)))
