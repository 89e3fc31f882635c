"""Look-up of data sets by name, and of folders given in place of a name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from groupae._validation import expected
from groupae.experiments import get_experiment
from groupae.experiments.datasets.registry import DATASETS, DatasetInfo
from groupae.experiments.presets.registry import DATASET_PLUG_INS

__all__ = ["explaining_originals", "find_dataset", "is_own_folder", "refuse_own_folder"]

_OWN = "groupae train FOLDER --group GROUP trains on pictures of your own"


def find_dataset(name: str) -> DatasetInfo:
    """Return a data set by name, built in or of a plug-in.

    Raises:
        ValueError: If no data set has the name, or its plug-in cannot be used.
    """
    refuse_own_folder(name)
    return DATASETS[name] if name in DATASETS else get_experiment(name).data


def is_own_folder(dataset: str) -> bool:
    """Return whether a folder is given instead of the name of a data set."""
    is_known = dataset in DATASETS or DATASET_PLUG_INS.find(dataset) is not None
    return not is_known and Path(dataset).is_dir()


def refuse_own_folder(dataset: str) -> None:
    """Raise if a folder is given instead of the name of a data set.

    Raises:
        ValueError: With an explanation of how to train on a folder.
    """
    if is_own_folder(dataset):
        got = f"the folder {dataset!r}"
        raise ValueError(expected("groupae", "the name of a data set", got, _OWN))


@contextlib.contextmanager
def explaining_originals(folder: Path | None) -> Iterator[None]:
    """Add the remedy for other folders to errors about a folder of originals."""
    try:
        yield
    except (FileNotFoundError, ValueError) as error:
        if folder is None or not folder.is_dir():
            raise
        raise ValueError(f"{error}; if it is a folder of your own, {_OWN}") from error
