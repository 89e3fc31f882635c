"""Plan of the benchmark: which splits each data set is asked, by which models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from groupae._validation import expected
from groupae.experiments.bench.splits import get_split
from groupae.experiments.bench.task import BenchTask
from groupae.experiments.datasets.options import Size
from groupae.experiments.presets.registry import EXPERIMENTS, get_experiment

__all__ = ["MODELS", "PIXELS", "SPLITS_OF", "choose_models", "choose_tasks"]

MODELS = (
    *("default", "small-steps", "equivariant", "frequency-1", "conditional"),
    *("learned-mask", "plain", "winter"),
)
"""Models by the names of their presets, ours first."""

_TURNED = ("whole", "steps-45", "steps-15", "wedge", "between", "compose-15")

SPLITS_OF: Mapping[str, tuple[str, ...]] = {
    "rotated-digits": (*_TURNED, "few-50", "few-350", "few-1000"),
    "glyphs": (*_TURNED, "few-50", "few-260", "few-1000", "combination", "symmetric"),
    "galaxies": (*_TURNED, "few-20"),
    "objects": ("whole", "steps-45", "steps-15", "wedge", "compose-15", "few-70"),
    "cells": ("whole", "steps-45", "few-46", "combination"),
    "leaves": ("whole", "steps-45", "wedge", "few-16"),
    "blocked-digits": ("whole", "steps-45", "steps-15", "wedge", "few-350"),
}
"""Splits of each data set."""

PIXELS: Mapping[str, int] = {"objects": 32}
"""Height and width that pictures are shrunk to."""

_QUICK_DATASETS = ("rotated-digits", "glyphs", "galaxies", "leaves")
_QUICK_SPLITS = ("whole", "steps-45", "wedge")
_QUICK_MODELS = ("default", "small-steps", "equivariant", "plain", "conditional")
_OWNER = "groupae bench"


def choose_tasks(
    datasets: str,
    splits: str,
    cpu_minutes: float,
    *,
    size: Size = "small",
    quick: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[BenchTask, ...]:
    """Return the tasks of data sets and splits that are named, with commas between.

    Args:
        datasets: ``"all"``, or names. Of all, those whose package is missing are left out.
        splits: ``"all"``, or names.
        cpu_minutes: Processor time of a training, in minutes.
        size: Size of the data sets.
        quick: Whether ``"all"`` means a few.
        tell: Function that is called with one line per data set that is left out.

    Raises:
        ValueError: If a name is unknown, or no data set that is named can have a split.
        ModuleNotFoundError: If the package with a data set that is named is missing.

    Example:
        >>> [task.key.name for task in choose_tasks("rotated-digits", "steps-45,wedge", 1.0)]
        ['rotated-digits/steps-45', 'rotated-digits/wedge']
    """
    is_all = datasets == "all"
    known = [name for name in (_QUICK_DATASETS if quick else SPLITS_OF) if name in EXPERIMENTS]
    tasks: list[BenchTask] = []
    refused: dict[str, ValueError] = {}
    for name in known if is_all else _names(datasets, "data sets"):
        get_experiment(name)
        first = BenchTask(name, "whole", cpu_minutes, size, PIXELS.get(name))
        try:
            first.load("test")
        except (ModuleNotFoundError, FileNotFoundError) as error:
            if not is_all:
                raise
            tell(f"{name} left out: {' '.join(str(error).split())}")
            continue
        for split in _splits_of(name, splits, quick=quick):
            task = BenchTask(name, get_split(split).name, cpu_minutes, size, PIXELS.get(name))
            try:
                task.check()
            except ValueError as error:
                refused[task.split_name] = error
            else:
                tasks.append(task)
    _check_found(splits, tasks, refused)
    return tuple(tasks)


def _splits_of(name: str, splits: str, *, quick: bool) -> tuple[str, ...]:
    if splits != "all":
        return _names(splits, "splits")
    usual = SPLITS_OF.get(name, ("whole", "steps-45", "wedge"))
    return tuple(split for split in usual if split in _QUICK_SPLITS) if quick else usual


def _check_found(splits: str, tasks: list[BenchTask], refused: Mapping[str, ValueError]) -> None:
    """Raise unless every split that was named is of some task."""
    found = {task.split_name for task in tasks}
    for split, error in refused.items():
        if splits != "all" and split not in found:
            raise error


def _names(words: str, what: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    if not names:
        raise ValueError(expected(_OWNER, f"all, or {what} with commas between", repr(words)))
    return names


def choose_models(tasks: tuple[BenchTask, ...], models: str, *, quick: bool) -> tuple[str, ...]:
    """Return names of models: ``"all"`` that a data set of the tasks has, or those named.

    Args:
        tasks: The tasks.
        models: ``"all"``, or names with commas between.
        quick: Whether ``"all"`` means a few.

    Raises:
        ValueError: If no name is given.

    Example:
        >>> choose_models(choose_tasks("rotated-digits", "wedge", 1.0), "default", quick=True)
        ('default',)
    """
    if models != "all":
        return _names(models, "models")
    return tuple(_usual(tasks, _QUICK_MODELS if quick else MODELS))


def _usual(tasks: tuple[BenchTask, ...], models: tuple[str, ...]) -> Iterator[str]:
    for model in models:
        if any(model in task.experiment.presets for task in tasks):
            yield model
