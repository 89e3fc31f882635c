"""The data sets by name, and what there is to know of each without making it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

from groupae._validation import unknown_choice
from groupae.data.orbits import OrbitDataset
from groupae.data.rotated_digits import RotatedDigits
from groupae.groups import SO2, Group

__all__ = ["DATASETS", "DatasetInfo", "get_dataset"]


@dataclasses.dataclass(frozen=True)
class DatasetInfo:
    """A data set that can be asked for by name.

    Args:
        name: Its name on the command line.
        summary: What the group acts on, in a few words.
        group: The acting group.
        x_shape: Shape of one datum.
        load: Makes it: of (split, ``seed=``, ``size=``, ``folder=``).
        source: Where the default comes from, and its licence.
        originals: What a folder of originals holds.
        kind: What a datum is, which says how it is drawn.
        is_rendered: Whether it is made once and kept in the cache.
    """

    name: str
    summary: str
    group: Group
    x_shape: tuple[int, ...]
    load: Callable[..., OrbitDataset]
    source: str = ""
    originals: str = ""
    kind: Literal["pictures", "points", "molecules", "series"] = "pictures"
    is_rendered: bool = False


_MNIST = "5000 MNIST digits, embedded (CC BY-SA 3.0)"
_IDX = "the four idx files of MNIST, plain or gzipped"

DATASETS = {
    info.name: info
    for info in (
        DatasetInfo(
            "rotated-digits",
            "the whole picture turns",
            SO2(),
            (1, 28, 28),
            RotatedDigits,
            _MNIST,
            _IDX,
        ),
    )
}


def get_dataset(name: str) -> DatasetInfo:
    """Return a data set by name.

    Raises:
        ValueError: If there is none of that name.

    Example:
        >>> get_dataset("rotated-digits").x_shape
        (1, 28, 28)
    """
    if name not in DATASETS:
        raise ValueError(unknown_choice("groupae", "a data set", name, DATASETS))
    return DATASETS[name]
