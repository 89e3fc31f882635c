"""Any source of pairs as one with ``batch(step, size)``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from groupae._validation import ShapeError, expected
from groupae.data.loader_pairs import LoaderPairs, parse_pairs
from groupae.groups import Group
from groupae.protocols import PairBatch, PairSource, has_parts

__all__ = ["as_pair_source", "as_validation_pairs"]

_LARGEST_VALIDATION = 100_000  # pairs; an endless loader is told from a large one by it


def as_pair_source(
    source: Any,
    *,
    batch_size: int = 64,
    workers: int = 0,
    seed: int = 0,
    group: Group | None = None,
) -> PairSource:
    """Return a source of pairs with ``batch(step, size)``.

    Args:
        source: A source of pairs, which is returned as it is; a ``DataLoader``; a map-style or
            iterable ``Dataset`` of single pairs, each a triple ``(x1, g, x2)``, a dict or a
            named tuple; or a list of batches, taken in turn.
        batch_size: Pairs per batch of a ``Dataset``. A ``DataLoader`` and a list have their own.
        workers: Processes that load the items of a ``Dataset``.
        seed: Key of the order of a ``DataLoader`` or ``Dataset``.
        group: The group of the elements, if known.

    Raises:
        TypeError: If it is anything else.
        ShapeError: If there are no pairs.

    Example:
        >>> triples = [(torch.zeros(3), torch.tensor(0.5), torch.ones(3))] * 10
        >>> as_pair_source(DataLoader(triples, batch_size=4)).batch(0, 4).x2.shape
        torch.Size([4, 3])
    """
    if callable(getattr(source, "batch", None)) and not isinstance(source, type):
        found: PairSource = source
        return found
    group = getattr(source, "group", group)
    if isinstance(source, DataLoader):
        return LoaderPairs(source, seed=seed, group=group)
    if isinstance(source, (list, tuple)) and not has_parts(source):
        return _Batches(source, group)
    if isinstance(source, Dataset) or _is_map_style(source):
        loader = _loader_of(source, batch_size, workers, shuffle=True)
        return LoaderPairs(loader, seed=seed, group=group)
    remedy = (
        "OrbitPairs(originals, group, act) makes one of data, RecordedPairs of recorded views; a "
        "DataLoader or Dataset of triples (x1, g, x2) is one; a class of yours needs batch(step, "
        "size), which returns PairBatch(...)"
    )
    what = "train as a source of pairs, with batch(step, size)"
    raise TypeError(expected("fit", what, _described(source), remedy))


def as_validation_pairs(source: Any, *, group: Group | None = None) -> Any:
    """Return the pairs of a loader, data set of triples or list of batches in one batch.

    Whatever is none of these is returned as it is.

    Raises:
        TypeError: If they yield something else than pairs.
        ShapeError: If there are no pairs, or more than 100,000.

    Example:
        >>> triples = [(torch.zeros(3), torch.tensor(0.5), torch.ones(3))] * 10
        >>> len(as_validation_pairs(DataLoader(triples, batch_size=4)))
        10
    """
    if has_parts(source) or isinstance(source, type) or callable(getattr(source, "fixed", None)):
        return source
    group = getattr(source, "group", group)
    items: Any
    if isinstance(source, DataLoader) or (isinstance(source, (list, tuple)) and len(source)):
        items = source
    elif isinstance(source, Dataset):
        items = _loader_of(source, 250, 0, shuffle=False)
    else:
        return source
    return _joined(items, group)


def _joined(items: Any, group: Group | None) -> PairBatch:
    found: list[PairBatch] = []
    for i, item in enumerate(items):
        found.append(parse_pairs(f"batch {i} of validation", item, group))
        if sum(map(len, found)) > _LARGEST_VALIDATION:
            what, got = f"validation of at most {_LARGEST_VALIDATION} pairs", "more"
            raise ShapeError(expected("fit", what, got, "give some of its batches as a list"))
    if not found:
        raise ShapeError(expected("fit", "at least one validation pair", "none"))

    def part(name: str) -> Tensor | None:
        parts = [getattr(batch, name) for batch in found]
        return torch.cat(parts) if all(isinstance(one, Tensor) for one in parts) else None

    x1, g, x2 = part("x1"), part("g"), part("x2")
    assert x1 is not None
    assert g is not None
    assert x2 is not None
    return PairBatch(x1, g, x2, part("label"), part("mask"), found[0].group)


class _Batches:
    """Batches of a list, in turn."""

    has_own_size = True

    def __init__(self, batches: Sequence[Any], group: Group | None) -> None:
        if not batches:
            raise ShapeError(expected("fit", "a list of at least one batch", "an empty list"))
        names = (f"batch {i} of the list" for i in range(len(batches)))
        self.batches = [parse_pairs(*both, group) for both in zip(names, batches, strict=False)]

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the batch of a step; ``size`` is ignored."""
        del size
        return self.batches[step % len(self.batches)]


def _is_map_style(source: object) -> bool:
    """Return whether an object is a data set of single items in all but its base class."""
    if isinstance(source, (type, Tensor, str, bytes, dict)) or has_parts(source):
        return False
    return callable(getattr(source, "__getitem__", None)) and callable(
        getattr(source, "__len__", None)
    )


def _loader_of(dataset: Any, batch_size: int, workers: int, *, shuffle: bool) -> DataLoader[Any]:
    """Return a loader of single pairs; training leaves out the last, smaller batch of an epoch."""
    owner = type(dataset).__name__
    if isinstance(dataset, IterableDataset):
        return DataLoader(
            dataset, batch_size=batch_size, num_workers=workers, collate_fn=_Collating(owner)
        )
    count = len(dataset)
    if count == 0:
        raise ShapeError(expected(owner, "at least one pair", "none"))
    return DataLoader(
        dataset,
        batch_size=min(batch_size, count),
        shuffle=shuffle,
        num_workers=workers,
        drop_last=shuffle,
        collate_fn=_Collating(owner),
    )


class _Collating:
    """Function that stacks items to a batch; a class, as workers that are spawned get a copy."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def __call__(self, items: list[Any]) -> Any:
        try:
            return default_collate(items)
        except (TypeError, RuntimeError) as error:
            what = "items (x1, g, x2) of tensors, arrays and numbers of one shape"
            reason = " ".join(str(error).split())[:120]
            raise TypeError(expected(self.owner, what, reason)) from error


def _described(source: object) -> str:
    kind = type(source).__name__
    if isinstance(source, type):
        return f"the class {source.__name__}"
    if isinstance(source, (list, tuple)) and source:
        return f"a {kind} of {type(source[0]).__name__}"
    return kind if not isinstance(source, Tensor) else f"a tensor {tuple(source.shape)}"
