"""Time and memory of `FolderPairs` on many pictures, and how long its loader holds a step back.

It makes a folder of small PNG files and a table, then measures in processes of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_VIEWS = 4
_SIZE = 64


def make_folder(folder: Path, count: int) -> None:
    """Write pictures in subfolders of a thousand, and the table."""
    import io

    from PIL import Image

    random = np.random.default_rng(0)
    files = []
    for _ in range(64):  # different contents; each has its own file many times
        y, x = np.mgrid[:_SIZE, :_SIZE] / _SIZE
        a, b, c = random.random(3)
        grey = 127 + 100 * np.sin(9 * a * x + 7 * b * y + 6 * c) + random.normal(0, 4, x.shape)
        stream = io.BytesIO()
        Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(stream, "PNG")
        files.append(stream.getvalue())
    lines = ["picture,original,element"]
    for i in range(count):
        name = f"{i // 1000:04d}/{i:06d}.png"
        if i % 1000 == 0:
            (folder / name).parent.mkdir()
        (folder / name).write_bytes(files[i % len(files)])
        lines.append(f"{name},{i // _VIEWS},{(37 * i) % 360}")
    (folder / "elements.csv").write_text("\n".join(lines))


def resident() -> float:
    """Return the anonymous memory of this process and its children, in MB."""
    total, pids = 0.0, [os.getpid()]
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    for pid in [*pids, *map(int, children)]:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
    return total


def measure(folder: Path, workers: int, step_ms: float) -> dict[str, float]:
    """Return times in seconds and memory in MB of one process."""
    import torch

    from groupae import SO2
    from groupae.data import FolderPairs, Prefetched

    torch.set_num_threads(1)
    bare = resident()
    started = time.perf_counter()
    pairs = FolderPairs(folder, SO2(), chart="angle_deg")
    index = time.perf_counter() - started
    source = Prefetched(pairs, workers) if workers else pairs
    started = time.perf_counter()
    source.batch(0, 64)
    first = time.perf_counter() - started
    waits, steps = [], 300
    for step in range(1, steps + 1):
        started = time.perf_counter()
        source.batch(step, 64)
        waits.append(time.perf_counter() - started)
        time.sleep(step_ms / 1000)  # a device is at work, not a core
    waits = waits[20:]
    memory = resident() - bare
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if workers:
        source.close()
    return {
        "index": index,
        "first batch": first,
        "memory above the bare process": memory,
        "peak of the process": peak,
        "wait, median (ms)": 1e3 * float(np.median(waits)),
        "wait, 99 % (ms)": 1e3 * float(np.quantile(waits, 0.99)),
    }


def main() -> None:
    """Make the folder, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--step-ms", type=float, default=10.0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--workers", type=int, help="measure here, with so many workers")
    arguments = parser.parse_args()
    if arguments.workers is not None:
        print(json.dumps(measure(arguments.folder, arguments.workers, arguments.step_ms)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_folder(folder, arguments.count)
        rows = {}
        for workers in (0, 1, 2):
            words = [sys.executable, __file__, "--folder", name, "--workers", str(workers)]
            words += ["--step-ms", str(arguments.step_ms)]
            rows[workers] = json.loads(subprocess.check_output(words))
    print(f"{arguments.count} pictures of {_SIZE} x {_SIZE}; batch 64; seconds and MB\n")
    print("| | " + " | ".join(f"{workers} workers" for workers in rows) + " |")
    print("|---" * (len(rows) + 1) + "|")
    for key in rows[0]:
        print(f"| {key} | " + " | ".join(f"{row[key]:.3g}" for row in rows.values()) + " |")


if __name__ == "__main__":
    main()
