"""Scores of drift: the error of a chain of moves after 1, 10, 100 and 1000 steps.

The steps of a chain go through poses of other pairs and end where the pair ends, so that elements
stay in the range of the data also where the group is not compact, and the product of all steps
is exactly ``g``. Data drift is that of a world model: every step encodes, moves and decodes again.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from groupae.actions.codes import map_latent
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.law_scores import passes
from groupae.metrics.needs import ACTION, FINITE_CODES, GROUP, SPREAD_OF_CODES
from groupae.metrics.scores import ModelScore

__all__ = ["DRIFT_SCORES", "HORIZONS"]

HORIZONS = (1, 10, 100, 1000)
"""Numbers of steps after which drift is measured."""

_MOST_CODES = 100  # codes that are moved: no network is called, but every step costs


def _chain(evaluated: Evaluated, n: int, steps: int) -> Tensor:
    """Return elements ``(steps, n, ...)`` whose product from the last to the first is ``g``."""
    group, g = evaluated.group, evaluated.pairs.g
    assert group is not None
    visited = torch.randint(len(g), (steps - 1, n), generator=evaluated.generator).to(g.device)
    poses = torch.cat([evaluated.identity(n)[None], g[visited], g[None, :n]])
    return group.compose(poses[1:], group.inverse(poses[:-1]))


def _drift(evaluated: Evaluated, *, steps: int) -> Tensor:
    n = passes(evaluated, steps)
    x = evaluated.pairs.x1[:n]
    for g in _chain(evaluated, n, steps):
        x = evaluated.transform(g, x)
    return evaluated.data_error(x, evaluated.pairs.x2[:n])


def _drift_of_codes(evaluated: Evaluated, *, steps: int) -> Tensor:
    n = min(len(evaluated), _MOST_CODES)
    z, once = (
        map_latent(lambda part: part[:n], whole) for whole in (evaluated.z1, evaluated.moved)
    )
    for g in _chain(evaluated, n, steps):
        z = evaluated.act(g, z)
    return evaluated.code_error(z, once)


def _drift_score(steps: int) -> ModelScore:
    return ModelScore(
        f"drift_{steps}_error",
        f"drift after {steps} step{'s' * (steps > 1)}",
        4,
        functools.partial(_drift, steps=steps),
        needs=(GROUP,),
        lower_is_better=True,
        range=(0.0, math.inf),
        definition=(
            f"|x - x2|^2 over the spread of data, x from x1 by {steps} predictions in turn whose "
            "elements compose to g, on so many pairs that it costs three passes (3 at least)"
        ),
        source="Ha & Schmidhuber, World Models, 2018 (rollouts; here against the known truth)",
    )


def _code_drift_score(steps: int) -> ModelScore:
    return ModelScore(
        f"code_drift_{steps}_error",
        f"drift after {steps} step{'s' * (steps > 1)}, codes",
        4,
        functools.partial(_drift_of_codes, steps=steps),
        needs=(GROUP, ACTION, FINITE_CODES, SPREAD_OF_CODES),
        lower_is_better=True,
        range=(0.0, math.inf),
        definition=(
            f"|z - g.z1|^2 over the spread of codes, z from z1 by {steps} actions in turn whose "
            "elements compose to g, on 100 pairs"
        ),
        source="groupae",
    )


DRIFT_SCORES: tuple[ModelScore, ...] = (
    *map(_drift_score, HORIZONS),
    *map(_code_drift_score, HORIZONS),
)
"""Scores of drift, on data and on codes."""
