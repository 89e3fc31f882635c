"""Options that all data sets share: the split and the size."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from groupae._choices import Size, Split
from groupae._validation import expected, unknown_choice
from groupae.data.keys import keyed_generator, split_indices

__all__ = [
    "SPLITS",
    "SPLIT_SEED",
    "Folder",
    "Size",
    "Split",
    "check_options",
    "refuse_folder",
    "rows_of_split",
    "stratified_rows",
    "tiny_rows",
]

Folder = Path | str | None
"""Folder of originals to read; ``None`` for the default data."""

SPLITS: tuple[Split, ...] = get_args(Split)
"""All splits, in the order that numbers them."""

SPLIT_SEED = 2024
"""Key of all splits. It never changes; the seed of a run changes only order and elements."""


def rows_of_split(split: Split, sizes: tuple[int, int, int]) -> Tensor:
    """Return the sorted rows of a split, the same for every seed.

    Args:
        split: One of `SPLITS`.
        sizes: Number of rows of each split, in the order of `SPLITS`.

    Example:
        >>> [len(rows_of_split(split, (7, 1, 2))) for split in SPLITS]
        [7, 1, 2]
    """
    return split_indices(sum(sizes), sizes, SPLIT_SEED)[SPLITS.index(split)]


def stratified_rows(split: Split, strata: Tensor, shares: tuple[int, int, int]) -> Tensor:
    """Return the sorted rows of a split that has the same share of each stratum as the others.

    Args:
        split: One of `SPLITS`.
        strata: Stratum of each row, such as its class, shape ``(n,)``.
        shares: Rows of each split among ``sum(shares)``, in the order of `SPLITS`.

    Example:
        >>> rows = stratified_rows("test", torch.arange(100) % 2, (7, 1, 2))
        >>> len(rows), int((rows % 2).sum())
        (20, 10)
    """
    order = torch.randperm(len(strata), generator=keyed_generator(SPLIT_SEED))
    order = order[strata[order].argsort(stable=True)]
    parts = torch.arange(len(SPLITS)).repeat_interleave(torch.tensor(shares))
    part = parts[torch.arange(len(order)) % len(parts)]
    return order[part == SPLITS.index(split)].sort().values


def tiny_rows(split: Split, rows: Tensor) -> Tensor:
    """Return 96 training rows or 24 of another split, all if there are fewer, spread evenly.

    Example:
        >>> len(tiny_rows("train", torch.arange(500))), tiny_rows("test", torch.arange(3))
        (96, tensor([0, 1, 2]))
    """
    count = min(len(rows), 96 if split == "train" else 24)
    return rows[torch.arange(count) * len(rows) // count]


def check_options(owner: str, split: str, size: str = "small") -> None:
    """Raise `ValueError` unless split and size are known.

    Example:
        >>> check_options("Turntable", "train", "huge")
        Traceback (most recent call last):
        ValueError: Turntable: expected size to be one of tiny, small, full, got 'huge'
    """
    for what, got, choices in (("split", split, Split), ("size", size, Size)):
        if got not in get_args(choices):
            raise ValueError(unknown_choice(owner, what, got, get_args(choices)))


def refuse_folder(owner: str, folder: Folder) -> None:
    """Raise `ValueError` if a folder is given to a data set that has no originals to read.

    Example:
        >>> refuse_folder("Series", "signals")
        Traceback (most recent call last):
        ValueError: Series: expected no folder, got 'signals'; ...
    """
    if folder is not None:
        remedy = "it has no originals to read; make pairs of your own data with OrbitPairs"
        raise ValueError(expected(owner, "no folder", repr(str(folder)), remedy))
