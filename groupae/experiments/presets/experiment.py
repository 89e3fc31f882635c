"""What an experiment is: a data set, the models that are trained on it, and how they are judged."""

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
    """Raise `ValueError` unless a preset may be called so: files and tables are named after it.

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
    """Which models are compared on a data set, and how long each is trained.

    Args:
        models: Presets and systems by name, ours first, then the paper's; a system that the data
            set has no preset for is told as not applicable.
        ablations: Presets that differ from the paper's by one thing each.
        cpu_minutes: Processor time of each training.
        seeds: Trainings of each model.
        pixels: At which size pictures are compared; ``None`` for their own.
        size: How much of the data set.
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
        presets: Models by name.
        references: Function of the training set that makes models without learning, by name.
        scores: What predictions are judged by; validation goes by the first.
        comparison: How ``groupae compare`` compares on it.

    Raises:
        ValueError: If a preset's name is no name: files are called after it.
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
        """Its name on the command line, that of the data set."""
        return self.data.name

    def resized(self, pixels: int | None) -> Experiment:
        """Return the same experiment on pictures of ``pixels`` x ``pixels``.

        Raises:
            ValueError: If data are no square pictures, or ``pixels`` does not divide their size.
        """
        return dataclasses.replace(self, data=self.data.resized(pixels))

    def preset(self, name: str) -> Preset:
        """Return a preset.

        Raises:
            ValueError: If there is none of that name.
        """
        if name not in self.presets:
            raise ValueError(unknown_choice(self.name, "a preset", name, self.presets))
        return self.presets[name]


def picture_references(train: OrbitDataset) -> dict[str, Model]:
    """Return what any pictures are compared with: x1 unchanged, the mean of 2000 for training."""
    return {"x1 unchanged": Unchanged(), "mean image": MeanImage(train.batch(0, 2000).x2)}
