"""Scores of a whole task, beside those of its conditions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae.experiments.bench.splits import HeldOut
from groupae.experiments.bench.task import BenchTask
from groupae.groups import O2, SO2
from groupae.metrics import Estimate
from groupae.models import LatentActionAE, TransformModule

__all__ = ["extra_scores", "pose_error_modulo_symmetry"]


def extra_scores(task: BenchTask, model: TransformModule) -> dict[str, tuple[Estimate, int]]:
    """Return scores of a task as a whole by name, each with its number of items.

    They are measured where the whole data set was trained on: what a restriction costs is told by
    the conditions.

    Args:
        task: The task.
        model: The trained model.
    """
    del task, model
    return {}


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
