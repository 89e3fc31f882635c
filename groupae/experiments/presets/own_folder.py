"""Experiments on a folder of one's own, with a table of elements or with plain pictures."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import override

from groupae._validation import expected
from groupae.data import FolderPairs, OrbitDataset, TurnedPictures
from groupae.data.turned_pictures import picture_action, split_of_names
from groupae.experiments.baselines import DataAction
from groupae.experiments.datasets.options import Size, check_options
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.groups import Group, Translation
from groupae.groups.registry import get_group
from groupae.protocols import Model

__all__ = ["own_folder"]

_OWNER = "own_folder"
_TABLE = "elements.csv"
_SIZES = {True: 180, False: 350}  # numbers of a code, in the plane and in space
_CUTOFFS = {True: 14, False: 4}  # highest frequency in the plane, highest degree in space


def own_folder(
    folder: Path,
    group: str,
    chart: str | None = None,
    *,
    elements: Sequence[str] | None = None,
    mode: str | None = None,
    pixels: int | None = None,
) -> Experiment:
    """Return the experiment on a folder, named after it.

    A folder with ``elements.csv`` is read by `FolderPairs`, one without by `TurnedPictures`. The
    column ``split`` is used if there is one, else originals are split.

    Args:
        folder: The folder of pictures.
        group: The group, as text for `groupae.groups.get_group`; ``"translation"`` is that of the
            plane.
        chart: How the table writes elements.
        elements: Columns of the table with the numbers of an element.
        mode: Turn all pictures to grey (``"L"``) or colours (``"RGB"``).
        pixels: Height and width that pictures are resized to.

    Raises:
        FileNotFoundError: If the folder is missing.
        ValueError: If the group is unknown or has no standard choice of a representation, or the
            folder is malformed.
    """
    found = get_group("translation(2)" if group.strip().lower() == "translation" else group)
    source = _Source(Path(folder), found, chart, tuple(elements or ()), mode, pixels)
    if not source.has_table and (chart or elements):
        what, remedy = f"a table {source.folder / _TABLE} for chart and elements", "leave them out"
        raise ValueError(expected(_OWNER, what, "none", remedy))
    act = None if source.has_table else picture_action(found)
    x_shape = tuple(source.load("validation").fixed(1).x1.shape[1:])
    name = re.sub(r"[^A-Za-z0-9_.+-]+", "-", Path(folder).resolve().name).lstrip("-._+") or "folder"
    summary = "views with their elements" if source.has_table else "whole pictures turn"
    data = DatasetInfo(name, summary, found, x_shape, source.load, str(folder), data_action=act)
    if source.has_table:
        data = data.resized(pixels)
    preset = _preset(data)

    def references(train: OrbitDataset) -> Mapping[str, Model]:
        oracle = {} if act is None else {"oracle: x1 itself turned": DataAction(act)}
        return {**oracle, **picture_references(train)}

    return Experiment(data, {"default": preset}, references)


@dataclasses.dataclass(frozen=True)
class _Source:
    """Constructor of the splits of a folder."""

    folder: Path
    group: Group
    chart: str | None
    elements: tuple[str, ...]
    mode: str | None
    pixels: int | None

    @property
    def has_table(self) -> bool:
        return (self.folder / _TABLE).is_file()

    def load(
        self, split: str, *, seed: int = 0, size: Size = "small", folder: Path | str | None = None
    ) -> OrbitDataset:
        check_options(_OWNER, split, size)
        place = self.folder if folder is None else Path(folder)
        common: dict[str, Any] = {"split": split, "mode": self.mode, "seed": seed}
        if not (place / _TABLE).is_file():
            return TurnedPictures(place, self.group, pixels=self.pixels, **common)
        columns = self.elements or None
        return _SplitFolderPairs(place, self.group, elements=columns, chart=self.chart, **common)


class _SplitFolderPairs(FolderPairs):
    """Pairs of a folder, whose originals are split where the table has no column ``split``."""

    @override
    def _of_split(self, table: Path, lines: Sequence[Any], split: str | None) -> Sequence[Any]:
        if split is None or "split" in lines[0].cells:
            return super()._of_split(table, lines, split)
        originals = list(dict.fromkeys(line.cells["original"] for line in lines))
        chosen = set(split_of_names(originals, split))
        return [line for line in lines if line.cells["original"] in chosen]


def _preset(data: DatasetInfo) -> Preset:
    """Return a residual autoencoder of a width by the size, and copies by the frequency."""
    channels, height, width = data.x_shape
    widths = (32, 64) if height <= 32 else (16, 32, 64, 128)
    if height != width or height % 2 ** len(widths):
        what = f"square pictures whose size is a multiple of {2 ** len(widths)}"
        remedy = "pixels= resizes them"
        raise ValueError(expected(_OWNER, what, f"{width}x{height}", remedy))
    is_small = height <= 32
    model = ModelConfig(
        backbone="residual",
        representation=_representation(data.group),
        objective={"log_mse" if is_small else "mse": 1.0},
        widths=widths,
        colours=0 if channels == 1 else 8,
    )
    return Preset(model, dataclasses.replace(OUR_TRAINING, batch_size=32 if is_small else 64))


def _representation(group: Group) -> str:
    """Return irreps up to a cutoff, with copies that fall with their order."""
    irreps = group.irreps
    if isinstance(group, Translation):
        waves = [text for text in map(irreps.format, irreps.labels(4)) if text.startswith("[")]
        return " + ".join(["8x0", *(f"4x{wave}" for wave in waves)])
    if not group.is_compact:
        standard = group.standard_text if group.has_standard else "+"
        if "+" not in standard:
            copies = 64 // group.standard().dim
            return f"32x0 + {copies}x{standard.removeprefix('1x')}"
        what, remedy = "a compact group", "build a model with a representation of your choice"
        raise ValueError(expected(_OWNER, what, group, remedy))
    labels = list(irreps.labels(_CUTOFFS[group.lie_dim <= 1] if group.lie_dim else None))
    shares = {label: 1 - i / len(labels) for i, label in enumerate(labels)}
    size = _SIZES[group.lie_dim <= 1]
    most = size / sum(share * irreps.dim(label) for label, share in shares.items())
    terms = ((max(1, round(most * share)), label) for label, share in shares.items())
    return " + ".join(f"{copies}x{irreps.format(label)}" for copies, label in terms)
