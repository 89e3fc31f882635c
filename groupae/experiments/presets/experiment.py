"""Experiments: a data set, the models that are trained on it, and the scores of predictions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping

from groupae._validation import expected, unknown_choice
from groupae.data import OrbitDataset
from groupae.experiments.baselines import MeanImage, Unchanged
from groupae.experiments.datasets.options import Size
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.config import Preset
from groupae.metrics import PSNR, SSIM, Score
from groupae.protocols import Model

__all__ = ["Comparison", "Experiment", "check_name", "picture_references"]

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}"


def check_name(owner: object, what: str, name: object) -> None:
    """Raise ``ValueError`` unless a name of a preset can be part of a file name.

    Example:
        >>> check_name("Run.create", "preset_name", "../big")
        Traceback (most recent call last):
        ValueError: Run.create: expected preset_name of letters, digits and . _ + -, got '../big'
    """
    if not isinstance(name, str) or not re.fullmatch(_NAME, name):
        form = f"{what} of letters, digits and . _ + -"
        raise ValueError(expected(owner, form, f"{name!r:.80}"))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Models that are compared on a data set, and the budget of each training.

    Args:
        models: Names of presets and systems, ours first, then the paper's; a system without a
            preset for the data set is listed as not applicable.
        ablations: Presets that differ from the paper's in one respect each.
        cpu_minutes: Processor time per training.
        seeds: Trainings per model.
        pixels: Height and width that pictures are shrunk to; ``None`` for their own.
        size: Size of the data set.

    Example:
        >>> Comparison(models=("default", "plain"), cpu_minutes=2.0).seeds
        3
    """

    models: tuple[str, ...] = ("default",)
    ablations: tuple[str, ...] = ()
    cpu_minutes: float = 5.0
    seeds: int = 3
    pixels: int | None = None
    size: Size = "small"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A data set with its presets and references.

    Args:
        data: The data set.
        presets: Presets by name.
        references: Function of the training set that returns models that need no training, by name.
        scores: Scores of predictions; validation uses the first.
        comparison: Defaults of ``groupae compare``.

    Raises:
        ValueError: If the name of a preset is invalid: it is used in names of files.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> get_experiment("rotated-digits").preset("default").training.optimizer
        'muon'
    """

    data: DatasetInfo
    presets: Mapping[str, Preset]
    references: Callable[[OrbitDataset], Mapping[str, Model]]
    scores: tuple[Score, ...] = (PSNR, SSIM)
    comparison: Comparison = Comparison()

    def __post_init__(self) -> None:
        for name in self.presets:
            check_name("Experiment", "names of presets", name)

    @property
    def name(self) -> str:
        """Name on the command line, which is that of the data set."""
        return self.data.name

    def resized(self, pixels: int | None) -> Experiment:
        """Return the same experiment with pictures shrunk to ``pixels`` x ``pixels``.

        Raises:
            ValueError: If data are no square pictures, or ``pixels`` does not divide their size.
        """
        return dataclasses.replace(self, data=self.data.resized(pixels))

    def preset(self, name: str) -> Preset:
        """Return a preset by name.

        Raises:
            ValueError: If no preset has the name.
        """
        if name not in self.presets:
            raise ValueError(unknown_choice(self.name, "a preset", name, self.presets))
        return self.presets[name]

    def current_preset(self, name: str) -> Preset:
        """Return a preset by name, with the training of today's default.

        Where results are published, a rival keeps its preset of that time, and the one to compare
        with today's default is another, whose name ends in the release of that default.

        Raises:
            ValueError: If no preset has the name.

        Example:
            >>> from groupae.experiments import get_experiment
            >>> digits = get_experiment("rotated-digits")
            >>> digits.current_preset("conditional") == digits.preset("conditional-0.6")
            True
        """
        return self.preset(f"{name}-0.6" if f"{name}-0.6" in self.presets else name)


def picture_references(train: OrbitDataset) -> dict[str, Model]:
    """Return references for pictures: x1 unchanged, and the mean of 2000 training pictures."""
    return {"x1 unchanged": Unchanged(), "mean image": MeanImage(train.batch(0, 2000).x2)}
