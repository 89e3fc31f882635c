"""Ablation of the presets for digits at equal processor time, one thread.

Usage: ``python benchmarks/ablation_digits.py [ROW ...]``. Each row trains one variant and replaces
its line in ``benchmarks/results/ablation-digits.json``; the table beside it is written anew.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import torch

from groupae import evaluate
from groupae.experiments import get_experiment
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.config import Preset
from groupae.training import fit

RESULTS = Path(__file__).parent / "results" / "ablation-digits.json"
BEFORE = {"precision": "32-true", "ema_share": 0.0}
SMALL = (  # 192 numbers, as the former default has
    "10x0 + 10x1 + 9x2 + 8x3 + 8x4 + 8x5 + 7x6 + 7x7 + 6x8 + 5x9 + 5x10 + 4x11 + 4x12 + 3x13"
    " + 2x14 + 2x15 + 2x16 + 1x17"
)
ROWS = {
    # name: (data set, base preset, changes of the model, changes of the training, minutes)
    "rotated-before": ("rotated-digits", "default", {}, BEFORE, 0.65),
    "rotated-default": ("rotated-digits", "default", {}, {}, 0.65),
    "rotated-linear-path": ("rotated-digits", "linear-path", {}, {}, 0.65),
    "rotated-linear-path-192": (
        "rotated-digits",
        "linear-path",
        {"representation": SMALL},
        {},
        0.65,
    ),
    "blocked-before": ("blocked-digits", "default", {}, BEFORE, 2.0),
    "blocked-default": ("blocked-digits", "default", {}, {}, 2.0),
}


def measure(name: str) -> dict[str, object]:
    """Return one row: train a variant and score it on held-out pairs."""
    dataset, base, model_changes, changes, minutes = ROWS[name]
    experiment = get_experiment(dataset)
    preset: Preset = experiment.preset(base)
    # fields of several types in one dictionary
    model_config = dataclasses.replace(preset.model, **model_changes)  # type: ignore[arg-type]
    training = dataclasses.replace(preset.training, cpu_minutes=minutes, validations=5, **changes)
    model = build_model(experiment.data, model_config, seed=training.seed)
    train, validation = (experiment.data.load(split) for split in ("train", "validation"))
    result = fit(model, train, validation.fixed(500), training, progress=False)
    pairs = experiment.data.load("test").fixed(1000)
    score = evaluate(model, pairs, ["psnr"])["psnr"]
    return {
        "data set": dataset,
        "what is changed": name,
        "numbers of the code": model.action.rho.dim,
        "processor minutes": minutes,
        "threads": 1,
        "seeds": [training.seed],
        "steps": result.steps,
        "PSNR mean": round(score.mean, 2),
        "interval": [round(x, 2) for x in (score.interval or ())],
    }


def write(rows: dict[str, dict[str, object]]) -> None:
    """Write all rows as JSON and as a table."""
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n")
    columns = list(next(iter(rows.values())))
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(str(row[c]) for c in columns)} |" for row in rows.values()]
    RESULTS.with_suffix(".md").write_text("# Ablation: digits\n\n" + "\n".join(lines) + "\n")


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
