"""Conditions of a task that results name, without results of our own."""

from __future__ import annotations

import dataclasses
import functools
from typing import cast, get_args

from groupae._validation import expected, unknown_choice
from groupae.experiments.bench.plan import PIXELS
from groupae.experiments.bench.result import Condition, TaskKey
from groupae.experiments.bench.splits import get_split
from groupae.experiments.bench.task import BenchTask
from groupae.experiments.datasets.options import Size
from groupae.experiments.presets.registry import get_experiment

__all__ = ["known_conditions", "main_score"]


def known_conditions(key: TaskKey) -> tuple[Condition, ...]:
    """Return the conditions of a task; its held-out data are loaded for that.

    Args:
        key: The task as a result names it.

    Raises:
        ValueError: If there is no such data set, split, size or number of pixels, or the data set
            cannot have the split.
        ModuleNotFoundError: If the package with the data is missing.

    Example:
        >>> task = TaskKey("rotated-digits", "between", "tiny", None, 1.0)
        >>> [condition.name for condition in known_conditions(task)]
        ['0 deg off', '2.5 deg off', '5 deg off', '7.5 deg off']
    """
    owner = "groupae bench"
    if key.size not in (sizes := get_args(Size)):
        raise ValueError(unknown_choice(owner, "the size", key.size, sizes))
    if key.split != (name := get_split(key.split).name):
        raise ValueError(expected(owner, f"the split as {name!r}", repr(key.split)))
    if key.pixels != (pixels := PIXELS.get(key.dataset)):
        form = "null, for pictures of their own size" if pixels is None else pixels
        raise ValueError(expected(owner, f"pixels of {key.dataset} to be {form}", key.pixels))
    return _conditions(dataclasses.replace(key, cpu_minutes=0.0))


def main_score(dataset: str) -> str:
    """Return the score that results on a data set are compared by.

    Example:
        >>> main_score("rotated-digits"), main_score("series")
        ('psnr', 'snr')
    """
    return get_experiment(dataset).scores[0].name


@functools.lru_cache
def _conditions(key: TaskKey) -> tuple[Condition, ...]:
    size = cast(Size, key.size)
    task = BenchTask(key.dataset, key.split, key.cpu_minutes, size, key.pixels)
    task.check()
    return tuple(held_out.condition for held_out in task.conditions())
