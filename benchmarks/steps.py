"""Measure time and memory of a training step, side by side with an older version.

``python benchmarks/steps.py`` compares this version with that of a commit, 0.5.0 by default, or
with the package in ``--folder``. Each variant trains in a process of its own,
by the older version's default model and settings, and the processes take turns, step by step. The
clock is processor time on one thread. The results are ``benchmarks/results/steps.json`` and
``.md``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from earlier import source_of
from timing import facts, write

_NAMES = ("rotated-digits", "blocked-digits", "turntable", "sky-planes", "brain-contrast")
_PIXELS = {"turntable": 32, "sky-planes": 32}
_WARM_UP = 4
_VARIANTS: dict[str, dict[str, Any]] = {
    "before": {},
    "now": {},
    "now, bf16-products": {"precision": "bf16-products"},
}


class _Trainer:
    """Process that trains by one version of the package, one step per request.

    Args:
        package: Folder that holds the version.
        name: Name of the data set.
        changes: Settings of the training that differ from those of the preset.
        preset: Model and training of the preset as plain data; by default those of the version.
    """

    def __init__(
        self, package: Path, name: str, changes: dict[str, Any], preset: dict[str, Any] | None
    ) -> None:
        told = json.dumps({"name": name, "changes": changes, "preset": preset})
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--train", told],
            env={**os.environ, **threads, "PYTHONPATH": str(package)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.preset = self._answer()

    def ask(self, what: str) -> Any:
        """Return the answer to a request: ``step``, milliseconds; ``memory``, bytes; ``end``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise RuntimeError("a process that trains has ended")


def _answer(value: object) -> None:
    print("answer", json.dumps(value), flush=True)


def train(told: dict[str, Any]) -> None:
    """Train in this process as told, one step per line of the input."""
    import torch

    from groupae.experiments import get_experiment
    from groupae.experiments.presets.building import build_model
    from groupae.experiments.presets.config import ModelConfig
    from groupae.training import TrainingConfig, fit

    torch.set_num_threads(1)
    name = told["name"]
    experiment = get_experiment(name)
    data, preset = experiment.data.resized(_PIXELS.get(name)), experiment.preset("default")
    used = told["preset"] or {
        "model": dataclasses.asdict(preset.model),
        "training": dataclasses.asdict(preset.training),
    }
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in used["model"].items()}
    model = build_model(data, ModelConfig(**tuples), seed=0)
    changes = {"validations": 1, "steps": 10**6, "minutes": 5, "cpu_minutes": None}
    config = TrainingConfig(**{**used["training"], **changes, **told["changes"]})
    source, validation = data.load("train"), data.load("validation").fixed(8)
    _answer(used)
    fit(model, source, validation, config, callbacks=[_Steps()], progress=False)


class _Steps:
    """Callback that waits for a request before each step."""

    def __init__(self) -> None:
        self._profiler: Any = None
        self._started = 0.0

    def on_start(self, state: Any) -> None:
        """Do nothing: the first step is asked for after the first validation."""

    def on_validation(self, state: Any) -> None:
        """Wait for the first request."""
        if not state.step:
            self._wait(state)

    def on_step(self, state: Any) -> None:
        """Answer, and wait for the next request."""
        spent = time.process_time() - self._started
        if self._profiler is None:
            _answer(1e3 * spent)
        else:
            self._profiler.stop()
            _answer(_peak(self._profiler))
            self._profiler = None
        self._wait(state)

    def on_end(self, state: Any) -> None:
        """Do nothing."""

    def _wait(self, state: Any) -> None:
        asked = sys.stdin.readline().strip()
        if asked == "memory":
            import torch

            kinds = [torch.profiler.ProfilerActivity.CPU]
            self._profiler = torch.profiler.profile(activities=kinds, profile_memory=True)
            self._profiler.start()
        elif asked != "step":
            _answer("ended")
            state.stop("enough")
            sys.exit()
        self._started = time.process_time()


def _peak(profiler: Any) -> int:
    """Return the largest sum of bytes that were allocated and not yet freed."""
    events = profiler.profiler.kineto_results.events()  # `events()` joins those of each operation
    changes = [(e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"]
    held = peak = 0
    for _, change in sorted(changes):
        held += change
        peak = max(peak, held)
    return peak


def compare(before: Path, name: str, rounds: int) -> dict[str, Any]:
    """Return milliseconds and peak bytes per step of each variant, by name."""
    trainers: dict[str, _Trainer] = {}
    preset: dict[str, Any] | None = None
    for variant, changes in _VARIANTS.items():
        package = before if variant == "before" else Path(__file__).parents[1]
        trainers[variant] = _Trainer(package, name, changes, preset)
        preset = preset or trainers[variant].preset
    times: dict[str, list[float]] = {variant: [] for variant in trainers}
    for _ in range(_WARM_UP + rounds):
        for variant, trainer in trainers.items():
            times[variant].append(trainer.ask("step"))
    found: dict[str, Any] = {}
    for variant, trainer in trainers.items():
        quartiles = statistics.quantiles(times[variant][_WARM_UP:], n=4, method="inclusive")
        found[variant] = {"ms": quartiles, "peak_bytes": trainer.ask("memory")}
        trainer.ask("end")
    return found


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return the comparison as lines of a Markdown table."""
    head = [f"{variant}, ms" for variant in _VARIANTS] + [f"{v}, MB" for v in _VARIANTS]
    lines = [f"| | {' | '.join(head)} |", "| --- |" + " ---: |" * len(head)]
    for name, variants in found.items():
        first = variants["before"]
        cells = [_cell(v["ms"][1], first["ms"][1], 1.0) for v in variants.values()]
        cells += [_cell(v["peak_bytes"], first["peak_bytes"], 1e6) for v in variants.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(value: float, reference: float, unit: float) -> str:
    return f"{value / unit:.1f} ({value / reference:.2f}x)"


def main() -> None:
    """Compare all data sets, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="folder of the older version's package")
    parser.add_argument(
        "--commit", default="02062b0", help="of the older version, without --folder"
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="*", default=_NAMES)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.train:
        train(json.loads(asked.train))
        return
    if asked.folder is not None and not (asked.folder / "groupae").is_dir():
        parser.error("expected --folder with the package of the older version in it")
    clock = f"processor time on one thread, medians of {asked.rounds} steps"
    known = facts({"clock": clock, "before": str(asked.folder or f"commit {asked.commit}")})
    with tempfile.TemporaryDirectory() as folder:
        before = asked.folder or source_of(asked.commit, Path(folder))
        found = {name: compare(before.absolute(), name, asked.rounds) for name in asked.only}
    print(*table(found), sep="\n")
    write("steps", known, {"steps": found}, table(found))


if __name__ == "__main__":
    main()
