"""Measure how many pairs per second each data set returns, on one thread.

``python benchmarks/loaders.py`` prints a table with the required rate of each. Rendered sets are
read from the cache (run ``groupae data prepare NAME`` first, or they are made here, which is not
timed). The best of several rounds counts, since other processes slow the rest.
"""

from __future__ import annotations

import argparse
import platform
import time

import torch

from groupae.data import OrbitDataset
from groupae.experiments.datasets.progress import show_building
from groupae.experiments.datasets.registry import DATASETS

ASKED = {
    "rotated-digits": 5000,
    "blocked-digits": 4000,
    "brain-contrast": 1000,
    "turntable": 3000,
    "sky-planes": 3000,
}


def pairs_per_second(source: OrbitDataset, batch_size: int, seconds: float) -> float:
    """Return pairs per second over consecutive training batches, measured for some seconds."""
    started, step = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        source.batch(step, batch_size)
        step += 1
    return step * batch_size / (time.perf_counter() - started)


def main() -> None:
    """Time all data sets, or the named ones, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="data sets; all by default")
    parser.add_argument("--size", default="small", choices=("tiny", "small", "full"))
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=1.0, help="duration of a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{platform.machine()}, torch {torch.__version__}, 1 thread, batch {options.batch_size}")
    print(f"{'data set':<16}{'shape':>12}{'pairs/s':>10}{'required':>9}{'ratio':>8}")
    for name in options.names or DATASETS:
        with show_building():
            source = DATASETS[name].load("train", size=options.size)
        source.batch(0, options.batch_size)
        rate = max(
            pairs_per_second(source, options.batch_size, options.seconds)
            for _ in range(options.rounds)
        )
        shape = "x".join(map(str, DATASETS[name].x_shape))
        asked = ASKED.get(name)
        beside = f"{asked:>9}{rate / asked:>8.1f}" if asked else f"{'-':>9}{'-':>8}"
        print(f"{name:<16}{shape:>12}{rate:>10.0f}{beside}", flush=True)


if __name__ == "__main__":
    main()
