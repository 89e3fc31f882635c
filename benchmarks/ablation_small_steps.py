"""Ablation: models trained on pairs of small relative turns, asked for turns of all angles.

Usage: ``python benchmarks/ablation_small_steps.py [ROW ...]``. Each row trains one variant on one
thread, scores it on held-out pairs at exact angles, and replaces its line in
``benchmarks/results/ablation-small-steps.json``; the table beside it is written anew.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import torch

from groupae import evaluate
from groupae.data import FixedSteps, OrbitDataset, SmallSteps
from groupae.experiments import get_experiment
from groupae.experiments.presets.building import build_model
from groupae.models import TransformModule
from groupae.training import fit

RESULTS = Path(__file__).parent / "results" / "ablation-small-steps.json"
ANGLES = (10, 30, 45, 60, 90, 120, 150, 180)
PAIRS = 400
TERM = {"log_mse": 1.0, "log_equivariance": 0.3}
ROWS = {
    # name: (data set, preset, other loss terms, most degrees of a step, processor minutes, seed)
    "digits-15-default": ("rotated-digits", "default", None, 15, 1.5, 0),
    "digits-15-conditional": ("rotated-digits", "conditional", None, 15, 1.5, 0),
    "digits-15-term": ("rotated-digits", "default", TERM, 15, 1.5, 0),
    "digits-15-linear-path": ("rotated-digits", "linear-path", TERM, 15, 1.5, 0),
    "digits-15-small-steps": ("rotated-digits", "small-steps", None, 15, 1.5, 0),
    "digits-15-small-steps-1": ("rotated-digits", "small-steps", None, 15, 1.5, 1),
    "digits-15-small-steps-2": ("rotated-digits", "small-steps", None, 15, 1.5, 2),
    "digits-45-small-steps": ("rotated-digits", "small-steps", None, 45, 1.5, 0),
    "glyphs-15-small-steps": ("glyphs", "small-steps", None, 15, 1.5, 0),
    "glyphs-45-small-steps": ("glyphs", "small-steps", None, 45, 1.5, 0),
    "galaxies-45-small-steps": ("galaxies", "small-steps", None, 45, 1.5, 0),
    "objects-45-small-steps": ("objects", "small-steps", None, 45, 6.0, 0),
    "blocked-45-term": ("blocked-digits", "default", TERM, 45, 1.5, 0),
}


def measure(name: str) -> dict[str, object]:
    """Return one row: train a variant and score it at each angle."""
    dataset, base, terms, degrees, minutes, seed = ROWS[name]
    experiment = get_experiment(dataset)
    preset = experiment.preset(base)
    model_config = preset.model
    if terms is not None:
        model_config = dataclasses.replace(model_config, objective=terms)
    training = dataclasses.replace(
        preset.training, minutes=5.0, steps=None, cpu_minutes=minutes, validations=4, seed=seed
    )
    model = build_model(experiment.data, model_config, seed=seed)
    small = SmallSteps(experiment.data.group, math.radians(degrees))
    train, validation = (
        experiment.data.load(split).with_sampler(small) for split in ("train", "validation")
    )
    result = fit(model, train, validation.fixed(300), training, progress=False)
    return {
        "data set": dataset,
        "what is changed": name,
        "largest step": degrees,
        "processor minutes": minutes,
        "threads": 1,
        "seeds": [seed],
        "steps": result.steps,
        **{f"{angle} deg": _psnr(model, experiment.data.load("test"), angle) for angle in ANGLES},
    }


def _psnr(model: TransformModule, data: OrbitDataset, angle: float) -> float:
    """Return the mean PSNR of held-out pairs at one relative angle, in dB."""
    exact = data.with_sampler(FixedSteps(data.group, math.radians(angle)))
    return round(evaluate(model, exact.fixed(PAIRS), ["psnr"])["psnr"].mean, 2)


def write(rows: dict[str, dict[str, object]]) -> None:
    """Write all rows as JSON and as a table."""
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")
    columns = list(next(iter(rows.values())))
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(row[c]) for c in columns)} |" for row in rows.values()]
    text = "# Ablation: small steps\n\nPSNR of held-out pairs in dB, by relative angle.\n\n"
    RESULTS.with_suffix(".md").write_text(text + "\n".join(lines) + "\n")


def main() -> None:
    """Measure the rows that are named, or all."""
    torch.set_num_threads(1)
    for name in sys.argv[1:] or ROWS:
        rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        rows[name] = measure(name)
        print(rows[name], flush=True)
        write(rows)


if __name__ == "__main__":
    main()
