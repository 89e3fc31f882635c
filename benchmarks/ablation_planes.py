"""Measure what each part of the defaults of turntable, sky-planes and molecules is worth.

``python benchmarks/ablation_planes.py --minutes 1 --seeds 1`` trains the default of groupae 0.1 to
0.5 and each change towards the present one for equal processor time on one thread, each in a
process of its own, and adds the rows to ``benchmarks/results/ablation-planes.json`` and ``.md``. A
row that is there already, with the same budget and seed, is not measured again. Scores are of the
1000 fixed test pairs at full size (32 x 32 pixels) that the leaderboards use.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import multiprocessing
import resource
import statistics
from collections.abc import Mapping
from typing import Any

import torch
from timing import RESULTS, facts

from groupae import evaluate
from groupae.experiments import get_experiment
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.config import ModelConfig, Preset
from groupae.metrics import ATOM_SNR, OWN_PSNR, Score
from groupae.training import fit

_FILE = RESULTS / "ablation-planes.json"
_PAIRS = 1000
_VALIDATION = 100  # enough for the choice of the best weights, and little of the time


@dataclasses.dataclass(frozen=True)
class Change:
    """Fields of model and training that differ from the default of groupae 0.1 to 0.5."""

    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)


_OLD_MODEL = {"objective": {"mse": 1.0}, "gathers_colours": False, "widths": (16, 32, 64, 128)}
_OLD_TRAINING = {"precision": "32-true", "batch_size": 64}
_OLD: Mapping[str, Change] = {
    "turntable": Change(_OLD_MODEL, _OLD_TRAINING),
    "sky-planes": Change({**_OLD_MODEL, "colours": 0}, _OLD_TRAINING),
    "molecules": Change({"linear_path": False}),
}

_LOG = {"objective": {"log_mse": 1.0}}
_GATHERED = {**_LOG, "colours": 8, "gathers_colours": True}
_THREE = {**_GATHERED, "widths": (16, 32, 64)}
_NARROW = {"precision": "bf16-products"}
_DEGREES = "48x0 + 16x1 + 14x2 + 12x3 + 10x4 + 8x5 + 6x6"
_CHANGES: Mapping[str, Mapping[str, Change]] = {
    "turntable": {
        "default of 0.1 to 0.5": Change(),
        "log_mse": Change(_LOG),
        "+ gathered colours": Change(_GATHERED),
        "+ gathered colours, 32 pairs per step": Change(_GATHERED, {"batch_size": 32}),
        "+ three resolutions, 32 pairs per step": Change(_THREE, {"batch_size": 32}),
        "+ products in bfloat16": Change(_THREE, _NARROW),
        "+ learning rate 0.02": Change(_THREE, {**_NARROW, "learning_rate": 2e-2}),
        "+ two resolutions": Change({**_THREE, "widths": (16, 32)}, _NARROW),
    },
    "sky-planes": {
        "default of 0.1 to 0.5": Change(),
        "log_mse, gathered colours": Change(_GATHERED),
        "+ three resolutions, 32 pairs per step": Change(_THREE, {"batch_size": 32}),
        "+ products in bfloat16": Change(_THREE, _NARROW),
        "+ four colours": Change({**_THREE, "colours": 4}, _NARROW),
        "+ four colours, learning rate 0.02": Change(
            {**_THREE, "colours": 4}, {**_NARROW, "learning_rate": 2e-2}
        ),
        "+ degrees to 6": Change({**_THREE, "representation": _DEGREES}, _NARROW),
    },
    "molecules": {
        "default of 0.1 to 0.5": Change(),
        "linear path": Change({"linear_path": True}),
    },
}


def _preset(dataset: str, change: str) -> Preset:
    preset = get_experiment(dataset).preset("default")
    old, new = _OLD[dataset], _CHANGES[dataset][change]
    model = preset.replace(**{**old.model, **new.model}).model
    fields = {**old.training, **new.training}
    return Preset(model, dataclasses.replace(preset.training, **fields))


def _measure(dataset: str, change: str, minutes: float, seed: int) -> dict[str, Any]:
    """Return a row: score, steps and peak memory of one training in this process."""
    torch.set_num_threads(1)
    experiment = get_experiment(dataset)
    is_pictures = experiment.data.kind == "pictures"
    data = experiment.data.resized(32) if is_pictures else experiment.data
    score: Score = OWN_PSNR if is_pictures else ATOM_SNR
    preset = _preset(dataset, change)
    assert isinstance(preset.model, ModelConfig)
    model = build_model(data, preset.model, seed=seed)
    train = data.load("train", seed=seed, size="full")
    validation = data.load("validation", size="full").fixed(_VALIDATION)
    test = data.load("test", size="full")
    budget: dict[str, Any] = {"cpu_minutes": minutes, "seed": seed, "validations": 2}
    config = dataclasses.replace(preset.training, **budget)
    trained = fit(model, train, validation, config)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = evaluate(model, test.fixed(_PAIRS), [score], resamples=0)
    return {
        "data set": dataset,
        "change": change,
        "processor minutes": minutes,
        "threads": 1,
        "seed": seed,
        "score": score.name,
        "value": round(float(found[score.name].mean), 3),
        "steps": trained.steps,
        "pairs": trained.steps * config.batch_size,
        "peak MiB": round(peak),
    }


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("data set", "change", "processor minutes", "seed"))


def _place(row: Mapping[str, Any]) -> tuple[int, float, int]:
    """Return the place of a row in the table: by data set, budget and change."""
    changes = _CHANGES[row["data set"]]
    place = list(changes).index(row["change"])
    return list(_CHANGES).index(row["data set"]), row["processor minutes"], place


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return a Markdown table: mean and range over seeds of each change at each budget.

    Rows of ``optimiser`` "of 0.5" were measured before Newton-Schulz steps were batched.
    """
    lines = [
        "| data set | CPU minutes | changed | Muon | seeds | score | gain | steps | peak MiB |",
        "| --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=_place):
        groups.setdefault(_key(row)[:3], []).append(row)
    for (dataset, change, minutes), same in groups.items():
        values = [row["value"] for row in same]
        mean = statistics.mean(values)
        shown = f"{mean:.2f}"
        if len(values) > 1:
            shown += f" ({min(values):.2f} .. {max(values):.2f})"
        first = groups.get((dataset, next(iter(_CHANGES[dataset])), minutes))
        gain = mean - statistics.mean(row["value"] for row in first) if first else None
        muon = ", ".join(sorted({row.get("optimiser", "of 0.6") for row in same}))
        cells = [dataset, f"{minutes:g}", change, muon, f"{len(same)}", f"{shown} dB"]
        cells += ["" if gain is None else f"{gain:+.2f}"]
        for name in ("steps", "peak MiB"):
            counted = [row[name] for row in same if name in row]
            cells.append(f"{statistics.mean(counted):.0f}" if counted else "")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _write(rows: list[dict[str, Any]]) -> None:
    known = facts({"scores": "own_psnr (pictures), atom_snr (molecules), held-out objects"})
    _FILE.write_text(json.dumps({"facts": known, "rows": rows}, indent=2) + "\n")
    head = [f"- {name}: {value}" for name, value in known.items()]
    _FILE.with_suffix(".md").write_text("\n".join([*head, "", *table(rows)]) + "\n")


def main() -> None:
    """Measure the rows that are missing, one process each, and write after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="processor minutes a training")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", nargs="+", choices=_CHANGES, default=list(_CHANGES))
    parser.add_argument("--change", help="measure this change only")
    asked = parser.parse_args()
    rows = json.loads(_FILE.read_text())["rows"] if _FILE.exists() else []
    there = {_key(row) for row in rows}
    context = multiprocessing.get_context("spawn")
    for seed in range(asked.seeds):
        for dataset in asked.data:
            for change in _CHANGES[dataset]:
                is_there = (dataset, change, asked.minutes, seed) in there
                if is_there or asked.change not in (None, change):
                    continue
                with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
                    job = pool.submit(_measure, dataset, change, asked.minutes, seed)
                    rows.append(job.result())
                _write(rows)


if __name__ == "__main__":
    main()
