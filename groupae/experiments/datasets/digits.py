"""MNIST digits with fixed splits, embedded, downloaded or read from a folder.

The package embeds 5000 digits. Downloaded or read, MNIST keeps its own split into 60000 and 10000,
and an eighth of the training part is for validation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.embedded import load_embedded
from groupae.experiments.datasets.options import SPLIT_SEED, Folder, Size, Split, check_options
from groupae.experiments.datasets.originals.mnist import fetch_mnist, read_mnist

__all__ = ["load_digits"]

_EMBEDDED = {"train": slice(0, 3500), "validation": slice(3500, 4000), "test": slice(4000, 5000)}
_TINY = 100


def load_digits(
    owner: str, split: Split, size: Size = "small", folder: Folder = None
) -> tuple[Tensor, Tensor]:
    """Return pictures and labels of a split.

    Args:
        owner: Name of the caller, for messages.
        split: ``"train"``, ``"validation"`` or ``"test"``.
        size: ``"small"``: 3500, 500 and 1000 of the embedded digits. ``"tiny"``: the first 100 of
            each. ``"full"``: 52500, 7500 and 10000, downloaded (11 MB) unless a folder is given.
        folder: The four files of MNIST (`groupae.experiments.datasets.originals.mnist`), read
            instead of the embedded digits; then all sizes but ``"tiny"`` are ``"full"``.

    Returns:
        Pictures in [0, 1], shape ``(n, 1, 28, 28)``, and labels int64, shape ``(n,)``.

    Raises:
        ValueError: If split or size is unknown, or a file has another format.
        FileNotFoundError: If a file is missing.

    Example:
        >>> pictures, labels = load_digits("example", "validation")
        >>> pictures.shape, len(labels.unique())
        (torch.Size([500, 1, 28, 28]), 10)
    """
    check_options(owner, split, size)
    if folder is None and size != "full":
        pictures, labels = _embedded(split)
    else:
        pictures, labels = _published(fetch_mnist() if folder is None else folder, split)
    part = slice(_TINY if size == "tiny" else None)
    scaled = torch.tensor(pictures[part]).float().div(255).unsqueeze(1)
    return scaled, torch.tensor(labels[part]).long()


_Arrays = tuple[np.typing.NDArray[np.uint8], np.typing.NDArray[np.uint8]]


def _embedded(split: Split) -> _Arrays:
    arrays = load_embedded("mnist5k")
    part = _order(5000)[_EMBEDDED[split]]
    return arrays["x"][part], arrays["y"][part]


def _published(folder: Path | str, split: Split) -> _Arrays:
    if split == "test":
        return read_mnist(folder, "test")
    pictures, labels = read_mnist(folder, "train")
    order, kept = _order(len(labels)), len(labels) // 8
    part = order[:kept] if split == "validation" else order[kept:]
    return pictures[part], labels[part]


def _order(n: int) -> np.typing.NDArray[np.int64]:
    return torch.randperm(n, generator=keyed_generator(SPLIT_SEED)).numpy()
