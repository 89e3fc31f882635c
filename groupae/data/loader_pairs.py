"""Pairs from a ``DataLoader`` of torch, as a function of the step.

Every epoch begins with generators seeded by (seed, epoch): the global ones, the loader's own and
its sampler's. So order and augmentation are a function of the epoch, and a step is found again by
replaying its epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from groupae._validation import ShapeError, expected
from groupae.data.global_generators import GeneratorStates
from groupae.data.keys import Stream, keyed_generator
from groupae.groups import Group
from groupae.protocols import PairBatch, has_parts

__all__ = ["LoaderPairs", "parse_pairs"]

_REMEDY = (
    "let it yield triples (x1, g, x2), dicts with these keys, or PairBatch(x1, g, x2); pictures "
    "without elements become pairs by OrbitPairs(pictures, group, act), those of a data set by "
    "OrbitPairs(originals_of(dataset), group, act)"
)


class LoaderPairs:
    """Source of pairs from a ``DataLoader``; its own batch size counts.

    A batch is a triple ``(x1, g, x2)`` of tensors, with a label as a fourth part if there is one; a
    dict with these keys (and ``label``, ``mask``); or a `PairBatch`. Elements in float64, to which
    torch collates numbers of Python, take the dtype of float32 data.

    Batches are taken in order at no cost; another step is found by a replay of its epoch, which
    loads the batches before it again. If the number of batches is not known (iterable data sets), a
    replay begins with the first epoch. Persistent workers are started anew for every epoch, because
    they would keep their generators.

    Args:
        loader: The loader.
        seed: Key of order and augmentation.
        group: The group of the elements, if known.

    Raises:
        TypeError: If ``loader`` is no ``DataLoader``.

    Example:
        >>> from groupae import Cyclic
        >>> triples = [(torch.eye(4)[i], torch.tensor(1), torch.eye(4)[i - 3]) for i in range(4)]
        >>> pairs = LoaderPairs(DataLoader(triples, batch_size=2, shuffle=True), group=Cyclic(4))
        >>> torch.equal(pairs.batch(3, 2).x1, pairs.batch(3, 2).x1)
        True
    """

    has_own_size = True

    def __init__(
        self, loader: DataLoader[Any], *, seed: int = 0, group: Group | None = None
    ) -> None:
        if not isinstance(loader, DataLoader):
            raise TypeError(expected("LoaderPairs", "a DataLoader", type(loader).__name__))
        self.loader, self.seed, self.group = loader, seed, group
        self._iterator: Any = None
        self._epoch, self._next, self._in_epoch = -1, 0, 0

    def batch(self, step: int, size: int = 0) -> PairBatch:
        """Return the pairs of a step; ``size`` is ignored.

        Raises:
            TypeError: If the loader yields something else than pairs.
            ShapeError: If an epoch is empty.
        """
        del size
        if self._iterator is None or step != self._next:
            self._seek(step)
        batch = parse_pairs(f"batch {step} of the DataLoader", self._draw(), self.group)
        self._next += 1
        return batch

    def close(self) -> None:
        """Stop the workers; the next batch starts them again."""
        self._iterator = None
        if hasattr(self.loader, "_iterator"):  # where torch keeps persistent workers
            self.loader._iterator = None

    def _seek(self, step: int) -> None:
        """Go to a step, by a replay from the beginning of its epoch or of all."""
        length = _length(self.loader)
        is_ahead = self._iterator is not None and step > self._next
        if length is not None and not (is_ahead and step // length == self._epoch):
            self._begin(step // length)
            self._next = step - step % length
        elif not is_ahead:
            self._begin(0)
            self._next = 0
        while self._next < step:
            self._draw()
            self._next += 1

    def _begin(self, epoch: int) -> None:
        """Begin an epoch with generators keyed by its number."""
        self.close()
        self._epoch, self._in_epoch = epoch, 0
        self._states = GeneratorStates(self.seed, Stream.ORDER, epoch)
        sampler = getattr(self.loader, "sampler", None)
        batch_sampler = getattr(self.loader, "batch_sampler", None)
        for part in (self.loader, sampler, batch_sampler, self.loader.dataset):
            own = getattr(part, "generator", None)
            if isinstance(own, torch.Generator):
                key = keyed_generator(self.seed, Stream.ORDER, epoch)
                own.manual_seed(key.initial_seed())
            set_epoch = getattr(part, "set_epoch", None)  # the convention of distributed samplers
            if callable(set_epoch):
                set_epoch(epoch)
        with self._states:
            self._iterator = iter(self.loader)

    def _draw(self) -> Any:
        """Return what the loader yields next; go on with the next epoch at the end of one."""
        for _ in range(2):
            try:
                with self._states:
                    item = next(self._iterator)
            except RuntimeError as error:
                if "exited unexpectedly" not in str(error):
                    raise
                what, remedy = "workers that live", "out of memory? take num_workers=0 to see why"
                raise RuntimeError(expected("DataLoader", what, str(error), remedy)) from error
            except StopIteration:
                if not self._in_epoch:
                    break
                self._begin(self._epoch + 1)
            else:
                self._in_epoch += 1
                return item
        remedy = "it has no items, or drop_last leaves none"
        what = "a DataLoader of at least one batch"
        raise ShapeError(expected("fit", what, f"none in epoch {self._epoch}", remedy))


def _length(loader: DataLoader[Any]) -> int | None:
    """Return the number of batches of an epoch if it is certain: iterable data sets may err."""
    if isinstance(loader.dataset, IterableDataset):
        return None
    try:
        return len(loader) or None
    except TypeError:  # a batch sampler without a length
        return None


def parse_pairs(owner: str, item: Any, group: Group | None = None) -> PairBatch:
    """Return a batch of pairs from what a loader yields.

    Args:
        owner: Subject of error messages.
        item: A triple, a dict or a `PairBatch`.
        group: The group of the elements, if known.

    Raises:
        TypeError: If it is something else.

    Example:
        >>> x, g = torch.ones(2, 3), torch.ones(2)
        >>> parse_pairs("mine", {"x1": x, "g": g, "x2": x}).g
        tensor([1., 1.])
    """
    if has_parts(item):
        batch = item if isinstance(item, PairBatch) else PairBatch.of(item)
    else:
        parts = _parts(owner, item)
        for name in ("x1", "g", "x2"):
            if not isinstance(parts[name], Tensor):
                got = f"{name} of type {type(parts[name]).__name__}"
                raise TypeError(
                    expected(owner, "x1, g and x2 as tensors", got, "use torch.as_tensor")
                )
        batch = PairBatch(**parts, group=group)
    if batch.g.dtype == torch.float64 and batch.x1.dtype == torch.float32:
        batch = PairBatch(batch.x1, batch.g.float(), batch.x2, batch.label, batch.mask, batch.group)
    return batch


def _parts(owner: str, item: Any) -> dict[str, Any]:
    """Return the parts of a triple or dict by name."""
    if isinstance(item, Mapping):
        if {"x1", "g", "x2"} <= item.keys():
            return {name: item[name] for name in ("x1", "g", "x2", "label", "mask") if name in item}
        got = f"a dict with {', '.join(map(str, item)) or 'no keys'}"
    elif isinstance(item, (list, tuple)) and len(item) in (3, 4):
        return dict(zip(("x1", "g", "x2", "label"), item, strict=False))
    elif isinstance(item, (list, tuple)):
        kinds = ", ".join(type(part).__name__ for part in item)
        got = f"{len(item)} parts ({kinds})"
    else:
        shape = f" {tuple(item.shape)}" if isinstance(item, Tensor) else ""
        got = f"a {type(item).__name__}{shape}"
    raise TypeError(expected(owner, "pairs (x1, g, x2)", got, _REMEDY))
