"""Batches of a source of pairs, made ahead of time by worker processes of torch."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.protocols import PairBatch, PairSource

__all__ = ["Prefetched"]

_ENDLESS = 2**62


@dataclasses.dataclass(frozen=True)
class _Failure:
    """An exception of a worker, returned so that its message stays one sentence."""

    error: Exception


class _Steps(Dataset[Any]):
    """The batches of a source by step, without their group, which is not copied every time."""

    def __init__(self, source: PairSource, size: int) -> None:
        self.source, self.size = source, size

    @override
    def __getitem__(self, step: int) -> Any:
        try:
            batch = self.source.batch(step, self.size)
            is_plain = type(batch) is PairBatch
            return dataclasses.replace(batch, group=None) if is_plain else batch
        except Exception as error:  # torch would put a traceback into its message
            return _Failure(error)


class Prefetched:
    """Source whose batches are made by worker processes, two ahead per worker.

    They are those of the source itself, in the same order, because its batches are a function of
    the step.

    Args:
        source: The source.
        workers: Number of processes, at least 1.
        pin_memory: Whether batches are in page-locked memory, for copies to a GPU.

    Raises:
        ValueError: If ``workers`` is not at least 1.

    Example:
        >>> from groupae import Cyclic
        >>> from groupae.data import OrbitPairs
        >>> def shift(j, x):
        ...     return x.gather(1, (torch.arange(4) - j[:, None]) % 4)
        >>> source = OrbitPairs(torch.eye(4), Cyclic(4), shift)
        >>> ahead = Prefetched(source, workers=1)
        >>> torch.equal(ahead.batch(5, 2).x1, source.batch(5, 2).x1)
        True
        >>> ahead.close()
    """

    def __init__(self, source: PairSource, workers: int, *, pin_memory: bool = False) -> None:
        check_count("Prefetched", "workers", workers)
        self.source, self.workers, self.pin_memory = source, workers, pin_memory
        self.group: Any | None = getattr(source, "group", None)
        self._iterator: Any = None
        self._next, self._size = -1, 0

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a step.

        Raises:
            TypeError: If the source cannot be sent to a worker.
        """
        if self._iterator is None or (step, size) != (self._next, self._size):
            self._start(step, size)
        found = next(self._iterator)
        self._next += 1
        if isinstance(found, _Failure):
            self.close()
            raise found.error
        if type(found) is PairBatch:
            found = dataclasses.replace(found, group=self.group)
        batch: PairBatch = found
        return batch

    def _start(self, step: int, size: int) -> None:
        """Start the workers at a step."""
        self.close()
        loader: DataLoader[Any] = DataLoader(
            _Steps(self.source, size),
            batch_size=None,
            sampler=range(step, _ENDLESS),
            num_workers=self.workers,
            pin_memory=self.pin_memory,
            generator=torch.Generator(),  # workers are seeded from it, not from the global one
        )
        try:
            self._iterator = iter(loader)
        except Exception as error:  # of pickle, where processes are spawned
            what, got = "a source that can be sent to workers", f"{type(self.source).__name__}"
            remedy = f"take workers=0 ({error})"
            raise TypeError(expected("Prefetched", what, got, remedy)) from error
        self._next, self._size = step, size

    def close(self) -> None:
        """Stop the workers; the next batch starts them again."""
        self._iterator = None
