"""Time the renderer: images per second at 64x64 pixels with 2x2 samples per pixel.

``python benchmarks/rendering.py`` prints one table: balls that fill the picture (one mesh for all
pictures), objects of the data sets (one mesh per picture), and clouds of 256 points. Two cores are
used by two processes of one thread each, since the operations are too small to be shared by
threads. Other processes disturb wall-clock times; the column "2 x processor" extrapolates the
processor time of one process to two free cores.
"""

from __future__ import annotations

import argparse
import math
import platform
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
from torch import Tensor

from groupae import SO3
from groupae.data import keyed_generator
from groupae.experiments.datasets.rendering import Camera, Mesh, render, render_points
from groupae.experiments.datasets.shapes import CATEGORIES, make_shape
from groupae.experiments.datasets.shapes.primitives import ellipsoids

CAMERA = Camera.orbiting(0.0, math.radians(20))
BALLS = {f"ball of {2 * n} sides": 2 * n for n in (12, 24, 40)}
POINTS = "256 points"


def meshes(name: str, count: int) -> list[Mesh]:
    """Return the mesh of each picture."""
    if name in BALLS:
        return [ellipsoids([0] * 3, [1] * 3, [0.8, 0.6, 0.4], sides=BALLS[name])] * count
    return [make_shape(name, i) for i in range(count)]


def task(name: str, count: int) -> Callable[[], Tensor]:
    """Return a function that draws ``count`` pictures."""
    rotations = SO3().sample(count, generator=keyed_generator(0))
    if name == POINTS:
        places = SO3().sample(256 * count, generator=keyed_generator(1))[:, 0]
        blue = torch.tensor([0.2, 0.4, 0.9])
        return lambda: render_points(places.view(count, 256, 3), blue, 0.05, CAMERA)
    batch = meshes(name, count)
    return lambda: render(batch, rotations, CAMERA)


def measure(name: str, count: int, repeats: int) -> tuple[float, float, float]:
    """Return images per second of wall-clock and of processor time (best of some), and peak MB."""
    torch.set_num_threads(1)
    draw = task(name, count)
    draw()
    seconds = []
    for _ in range(repeats):
        clock, processor = time.perf_counter(), time.process_time()
        draw()
        seconds.append((time.perf_counter() - clock, time.process_time() - processor))
    clock, processor = (min(column) for column in zip(*seconds, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return count / clock, count / processor, peak


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=192)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{platform.machine()}, torch {torch.__version__}, {options.images} images")
    header = ("object", "faces", "1 process", "2 processes", "2 x processor", "peak MB")
    print("{:<20}{:>8}{:>12}{:>14}{:>16}{:>10}".format(*header))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for name in (*BALLS, *CATEGORIES, POINTS):
            arguments = (name, options.images, options.repeats)
            alone, processor, peak = pool.submit(measure, *arguments).result()
            together = [pool.submit(measure, *arguments) for _ in range(2)]
            both = sum(result.result()[0] for result in together)
            faces = 0 if name == POINTS else sum(len(m.faces) for m in meshes(name, 32)) // 32
            row = (faces, alone, both, 2 * processor, peak)
            print("{:<20}{:>8}{:>12.0f}{:>14.0f}{:>16.0f}{:>10.0f}".format(name, *row))


if __name__ == "__main__":
    main()
