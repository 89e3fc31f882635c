"""Scores of a whole task, beside those of its conditions."""

from __future__ import annotations

import importlib.util
import math

import torch
from torch import Tensor

from groupae.experiments.bench.invariant_accuracy import (
    MOST_ORIGINALS,
    has_code,
    invariant_accuracy,
)
from groupae.experiments.bench.relative_pose import relative_pose_scores
from groupae.experiments.bench.splits import HeldOut
from groupae.experiments.bench.task import BenchTask
from groupae.groups import O2, SO2
from groupae.metrics import Estimate
from groupae.models import LatentActionAE, TransformModule

__all__ = ["CLASSES", "POSED", "extra_scores", "pose_error_modulo_symmetry"]


CLASSES = {"cells": ("labels", "cell_lines"), "leaves": ("labels",), "glyphs": ("labels",)}
"""Attributes with classes that are read from the invariants of codes, by data set."""

POSED = ("objects",)
"""Data sets of which the relative pose of two views is read from codes."""


def extra_scores(task: BenchTask, model: TransformModule) -> dict[str, tuple[Estimate, int]]:
    """Return scores of a task as a whole by name, each with its number of items.

    They are measured where the whole data set was trained on; the conditions tell the cost of a
    restriction.

    Args:
        task: The task.
        model: The trained model.
    """
    if task.split_name != "whole" or not has_code(model):
        return {}
    found: dict[str, tuple[Estimate, int]] = {}
    if task.dataset in CLASSES and importlib.util.find_spec("sklearn"):
        train, test = task.load("train"), task.load("test")
        for name in CLASSES[task.dataset]:
            accuracy = invariant_accuracy(model, train, test, labels=name)
            found[f"accuracy_{name}"] = (accuracy, min(len(test), MOST_ORIGINALS))
    if task.dataset in POSED and hasattr(model, "encode"):
        train, test = task.load("train"), task.load("test")
        scores = relative_pose_scores(model, train, test)
        found |= {name: (score, len(test)) for name, score in scores.items()}
    return found


def pose_error_modulo_symmetry(model: LatentActionAE, held_out: HeldOut) -> Tensor:
    """Return the angle between estimated and true elements, the least over the symmetry of each.

    Args:
        model: A model whose action can be aligned.
        held_out: Pairs of SO(2) or O(2) with the orders of their symmetries.

    Returns:
        Radians, shape ``(n,)``.
    """
    group, pairs, orders = model.group, held_out.pairs, held_out.orders
    assert isinstance(group, (SO2, O2))
    assert orders is not None
    with torch.no_grad():
        found = model.estimate(pairs.x1, pairs.x2)
    errors = []
    for turn in range(int(orders.max())):
        angle = 2 * math.pi * turn / orders
        same = group.compose(pairs.g, group.exp(angle[:, None]))
        error = group.distance(found, same)
        errors.append(error.where(turn < orders, torch.inf))
    return torch.stack(errors).amin(0)
