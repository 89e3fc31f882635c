"""Outlines of real leaves as one-dimensional series, which begin at any point of the outline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import expected
from groupae.data.orbit_pairs import OrbitPairs
from groupae.experiments.datasets.fixed_settings import fixed_settings
from groupae.experiments.datasets.options import (
    Folder,
    Size,
    Split,
    check_options,
    stratified_rows,
    tiny_rows,
)
from groupae.experiments.datasets.originals.files import check_folder
from groupae.experiments.datasets.originals.outlines import read_ts
from groupae.experiments.datasets.originals.packaged import packaged_file
from groupae.experiments.datasets.series import shift_phase
from groupae.groups import SO2

__all__ = ["Leaves"]

_LENGTH = 128
_HOME = "aeon/datasets/data/OSULeaf"
_SHA256 = {
    "OSULeaf_TRAIN.ts": "86b9d6e860414ffd26cebc62fff84ffb37fa588ef3e5bf79e4094a437c36ddfc",
    "OSULeaf_TEST.ts": "6c549dd354f9e42d5985fa5fab75321ca9acefc7873457e71467fc8a31f107ce",
}


class Leaves(OrbitPairs):
    """Pairs of views of the outline of a leaf, whose point of beginning SO(2) moves.

    442 leaves of six species of maple and oak (OSULeaf), each as a series round its outline,
    anticlockwise, in units of its standard deviation about its mean. A series, shape
    ``(1, 128)``, has the 63 lowest of the 213 frequencies of the original 427 samples, so that
    shifts are exact. The group shifts the series along the outline; shape, and so species, stay.

    The series are in aeon (BSD licence), which is not imported: ``pip install --no-deps aeon``
    suffices. The test leaves are the 242 of the UCR archive, so that accuracies can be compared
    with published ones; its 200 training leaves are divided by species: 160 training and 40
    validation leaves.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Key of order and elements. Leave it at 0 for validation and testing, so that fixed
            pairs can be compared.
        size: ``"tiny"`` (144 leaves), ``"small"`` or ``"full"`` (all, both).
        folder: Folder with ``OSULeaf_TRAIN.ts`` and ``OSULeaf_TEST.ts``, to read instead.

    Raises:
        ModuleNotFoundError: If aeon is not installed and no folder is given.
        FileNotFoundError: If the folder or one of its files is missing.
        ValueError: If split or size is unknown, or a file is not the known one or not valid.

    Attributes:
        originals: Series as published, but for the highest frequencies, shape ``(n, 1, 128)``.
        labels: Index of ``classes``, the species in the order of the published file's header.

    References:
        Grandhi, Content-based image retrieval: plant species identification, MSc thesis; Dau et
        al., The UCR time series archive, 2019.

    Example:
        >>> data = Leaves("test")
        >>> len(data), data.fixed(5).x1.shape
        (242, torch.Size([5, 1, 128]))
    """

    classes = (
        "Acer circinatum",
        "Acer glabrum",
        "Acer macrophyllum",
        "Acer negundo",
        "Quercus garryana",
        "Quercus kelloggii",
    )

    originals: Tensor

    def __init__(
        self, split: Split, *, seed: int = 0, size: Size = "small", folder: Folder = None
    ) -> None:
        check_options("Leaves", split, size)
        file = _file("OSULeaf_TEST.ts" if split == "test" else "OSULeaf_TRAIN.ts", folder)
        series, classes = read_ts(file)
        if max(classes) >= len(self.classes) or series.shape[1] < _LENGTH:
            got = f"class {max(classes) + 1} and {counted(series.shape[1], 'number')} in {file}"
            form = f"classes 1..{len(self.classes)} and series of {_LENGTH} numbers or more"
            raise ValueError(expected("Leaves", form, got))
        labels = torch.tensor(classes)
        shares = (0, 0, 1) if split == "test" else (4, 1, 0)
        rows = stratified_rows(split, labels, shares)
        rows = tiny_rows(split, rows) if size == "tiny" else rows
        originals = _resampled(series[rows.numpy()])
        super().__init__(originals, SO2(), shift_phase, labels=labels[rows], seed=seed)
        self.split = split


def _file(name: str, folder: Folder) -> Path:
    if folder is None:
        return packaged_file("Leaves", "aeon", f"{_HOME}/{name}", _SHA256[name], extra="outlines")
    layout = " and ".join(_SHA256)
    check_folder("Leaves", Path(folder), layout)
    file = Path(folder, name)
    if not file.is_file():
        raise FileNotFoundError(expected("Leaves", f"a folder with {layout}", f"no {name}"))
    return file


@fixed_settings()
def _resampled(series: npt.NDArray[np.float64]) -> Tensor:
    """Return the lowest frequencies of periodic series as ``_LENGTH`` samples, ``(n, 1, 128)``."""
    spectrum = torch.fft.rfft(torch.from_numpy(series), norm="forward")
    low = spectrum[:, : _LENGTH // 2]
    found: Tensor = torch.fft.irfft(low, n=_LENGTH, norm="forward").float().unsqueeze(1)
    return found
