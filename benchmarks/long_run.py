"""Memory and time per step of a training of 100,000 steps.

``python benchmarks/long_run.py`` trains a tiny model with all that the command line adds to `fit`:
best weights, snapshots, ``metrics.jsonl``, a table, a progress bar, an average of the weights. The
memory is that of no file, since pages of libraries count as shared or not by what other processes
do; the time is processor time. Both are compared between the second and the last twentieth of the
training: memory may not grow by 5 MB, nor the time per step by 5 %.
"""

from __future__ import annotations

import array
import gc
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import IO

import torch
from rich.console import Console
from timing import facts, set_up, write
from torch import nn
from typing_extensions import override

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import (
    Callback,
    CSVLogger,
    KeepBest,
    KeepSnapshots,
    LoggerCallback,
    MetricsLog,
    ProgressBar,
    TrainingState,
)

_STEPS, _PARTS = 100_000, 20
_PART = _STEPS // _PARTS
_CONFIG = TrainingConfig(
    steps=_STEPS, batch_size=4, validations=200, ema=0.99, learning_rate=1e-4, device="cpu"
)


def anonymous_memory() -> float:
    """Return the memory of the process that is of no file, in MB."""
    text = Path("/proc/self/smaps_rollup").read_text()
    return sum(int(x.split()[1]) for x in text.splitlines() if x.startswith("Anonymous:")) / 1e3


class Watch(Callback):
    """Memory at the end of each part of a training, and processor time of each of its steps."""

    def __init__(self) -> None:
        self.memory: list[float] = []
        self.times = array.array("d", bytes(8 * _STEPS))  # no memory is taken step by step
        self._before = time.process_time()

    @override
    def on_step(self, state: TrainingState) -> None:
        self.times[state.step - 1] = time.process_time() - self._before
        if state.step % _PART == 0:
            gc.collect()
            self.memory.append(anonymous_memory())
        self._before = time.process_time()


def train(folder: Path, nowhere: IO[str]) -> Watch:
    """Train a tiny model for long, and return what was watched."""
    rho = SO2().rep("2x0 + 3x1")
    action = VectorAction(rho)
    model = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action)
    x = torch.randn(100, 8)
    train, validation = OrbitPairs(x[10:], SO2(), action), OrbitPairs(x[:10], SO2(), action)
    watch = Watch()
    terminal = Console(file=nowhere, force_terminal=True, width=120)
    callbacks = [
        KeepBest(folder / "checkpoints"),
        KeepSnapshots(folder / "snapshots", every_steps=5000),
        MetricsLog(folder / "metrics.jsonl"),
        LoggerCallback(CSVLogger(folder)),
        ProgressBar(terminal),
        watch,
    ]
    fit(model, train, validation.fixed(), _CONFIG, callbacks=callbacks)
    return watch


def main() -> None:
    """Train, print the table and write it."""
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        watch = train(Path(folder), nowhere)
    parts = [watch.times[i : i + _PART] for i in range(0, _STEPS, _PART)]
    times = [1e6 * statistics.median(part) for part in parts]
    lines = ["| steps | memory, MB | µs per step, median |", "| ---: | ---: | ---: |"]
    for i in (0, 1, 4, 9, 14, _PARTS - 1):
        steps = (i + 1) * _PART
        lines.append(f"| {steps:,} | {watch.memory[i]:.1f} | {times[i]:.0f} |")
    growth = watch.memory[-1] - watch.memory[1]
    slower = times[-1] / times[1] - 1
    lines.append(f"| **second to last part** | **{growth:+.1f}** | **{slower:+.1%}** |")
    known = facts({"clock": "processor time"})
    write("long_run", known, {"memory": watch.memory, "times": times}, lines)


if __name__ == "__main__":
    set_up(__doc__)
    main()
