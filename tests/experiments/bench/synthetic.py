"""Results of trainings that never were: models with a known error at each condition."""

import itertools
import math
import random
from collections.abc import Callable

from groupae.experiments.bench.result import (
    BenchResult,
    Condition,
    ConditionResult,
    ScoreResult,
    TaskKey,
)

Psnr = Callable[[Condition], float]


def angles(*values, most):
    return [Condition(f"{v:g} deg", float(v), "deg", abs(v) <= most) for v in values]


STEPS = angles(10, 30, 45, 60, 90, 120, 150, 180, most=45)
WEDGE = angles(-180, -120, -60, -45, 0, 45, 60, 120, 180, most=45)
COMPOSE = [Condition(f"{n} steps", float(n), "steps", n == 1) for n in (1, 3, 10, 30, 100)]
FEW = [Condition(f"{n} originals", float(n), "originals", True) for n in (50, 300, 1000, 4000)]
TASKS = {
    ("glyphs", "steps"): STEPS,
    ("glyphs", "wedge"): WEDGE,
    ("glyphs", "compose"): COMPOSE,
    ("digits", "steps"): STEPS,
}


def flat(level=29.0) -> Psnr:
    """Return the curve of a model that is as good everywhere."""
    return lambda condition: level


def falling(level=28.0, outside=11.0) -> Psnr:
    """Return the curve of a model that has learned what was trained, and nothing else."""
    return lambda condition: level if condition.is_inside else outside


def a_score(mean, half_width=0.2, count=500):
    return ScoreResult(mean, mean - half_width, mean + half_width, count)


def a_result(
    key=("glyphs", "steps"),
    model="default",
    seed=0,
    psnr: Psnr | None = None,
    *,
    conditions=None,
    spread=0.1,
    half_width=0.2,
    score="psnr",
    minutes=5.0,
    scores=None,
):
    """Return the result of one seed, whose level is off by a number of its own."""
    curve = flat() if psnr is None else psnr
    off = spread * random.Random(f"{model} {seed}").gauss(0, 1)
    entries = tuple(
        ConditionResult(c, {score: a_score(curve(c) + off, half_width)})
        for c in (TASKS[key] if conditions is None else conditions)
    )
    return BenchResult(
        task=TaskKey(*key, size="small", pixels=None, cpu_minutes=minutes),
        model=model,
        seed=seed,
        conditions=entries,
        scores=scores or {},
        parameters=1_400_000,
        steps=2500,
        cpu_seconds=60 * minutes,
        versions={"groupae": "0.7.0"},
    )


def results(models, keys=(("glyphs", "steps"),), seeds=3, **options):
    """Return results of many models, a curve per name."""
    grid = itertools.product(keys, models.items(), range(seeds))
    return [a_result(key, model, seed, psnr, **options) for key, (model, psnr), seed in grid]


def decibels(ratio):
    return 10 * math.log10(ratio)
