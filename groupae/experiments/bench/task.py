"""Task of the benchmark: a data set, a split, and a budget."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

from groupae.data import OrbitDataset
from groupae.experiments.bench.result import TaskKey
from groupae.experiments.bench.splits import GeneralisationSplit, HeldOut, get_split
from groupae.experiments.datasets.options import Size
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.registry import get_experiment
from groupae.protocols import PairBatch

__all__ = ["BenchTask"]

_VALIDATION = 300  # pairs: the benchmark's trainings are short


@dataclasses.dataclass(frozen=True)
class BenchTask:
    """Data set and split, with the data at hand.

    Args:
        dataset: Name of the data set.
        split_name: Name of the split, such as "steps-45".
        cpu_minutes: Processor time of a training on one thread, in minutes.
        size: Size of the data set.
        pixels: Height and width that pictures are shrunk to; ``None`` for their own.
        count: Largest number of test pairs per condition.

    Example:
        >>> task = BenchTask("rotated-digits", "steps-45", 1.0, size="tiny")
        >>> float(task.train(seed=0).batch(0, 4).x1.mean()) > 0
        True
    """

    dataset: str
    split_name: str
    cpu_minutes: float
    size: Size = "small"
    pixels: int | None = None
    count: int = 300

    @property
    def split(self) -> GeneralisationSplit:
        """The split."""
        return get_split(self.split_name)

    @property
    def experiment(self) -> Experiment:
        """Data set with its presets, at the size of the pictures."""
        return get_experiment(self.dataset).resized(self.pixels)

    @property
    def key(self) -> TaskKey:
        """The task as results name it."""
        return TaskKey(self.dataset, self.split_name, self.size, self.pixels, self.cpu_minutes)

    def load(self, part: str) -> OrbitDataset:
        """Return "train", "validation" or "test" of the data set, unrestricted."""
        return _loaded(self.dataset, part, self.size, self.pixels)

    def check(self) -> None:
        """Raise ``ValueError`` unless the data set can have the split."""
        self.split.check(self.dataset, self.load("test"), lambda: self.load("train"))

    def train(self, seed: int) -> OrbitDataset:
        """Return the pairs of a training, whose order and elements the seed draws."""
        data = _loaded(self.dataset, "train", self.size, self.pixels, seed)
        return self.split.train(data, seed)

    def validation(self) -> PairBatch:
        """Return the pairs that choose weights, restricted as those of the training are."""
        data = self.split.restrict(self.load("validation"))
        return data.fixed(min(_VALIDATION, len(data)))

    def conditions(self) -> Iterator[HeldOut]:
        """Yield held-out pairs under each condition."""
        return self.split.conditions(self.load, self.count)


@functools.lru_cache(maxsize=3)
def _loaded(dataset: str, part: str, size: Size, pixels: int | None, seed: int = 0) -> OrbitDataset:
    return get_experiment(dataset).resized(pixels).data.load(part, size=size, seed=seed)
