"""Accuracy and time of every mode of `rotate`, compared with scipy's splines of order 3.

``python benchmarks/rotation.py`` prints one table. Pictures are band-limited noise inside the disk.
"after a full turn" is the PSNR of the picture after twelve rotations by 30 degrees against the
first; the time is that of one rotation of 64 pictures of 3 x 64 x 64, best of several, relative to
scipy's.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable

import torch
from scipy import ndimage
from torch import Tensor

from groupae.data import rotate


def main() -> None:
    """Measure all modes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    x = band_limited(64, 3, 64)
    modes = ("nearest", "bilinear", "bicubic", "fft")
    trials: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        mode: lambda theta, x, mode=mode: rotate(theta, x, mode=mode) for mode in modes
    }
    trials["scipy, order 3"] = splines
    seconds = {name: best_time(act, x, options.repeats) for name, act in trials.items()}
    print("| mode | after a full turn (dB) | time / scipy's |")
    print("|---|---|---|")
    for name, act in trials.items():
        ratio = seconds[name] / seconds["scipy, order 3"]
        print(f"| {name} | {full_turn(act, x):.1f} | {ratio:.2f} |")


def band_limited(n: int, channels: int, size: int) -> Tensor:
    """Return noise below half Nyquist, fading out inside the disk, with values in [-1/2, 1/2]."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(n, channels, size, size, generator=generator)
    k = torch.fft.fftfreq(size)
    low = (k[:, None] ** 2 + k**2).sqrt() < 0.2
    y = (torch.arange(size) - (size - 1) / 2) / (size / 2)
    window = torch.exp(-9 * (y[:, None] ** 2 + y**2))
    x = torch.fft.ifft2(torch.fft.fft2(noise) * low).real * window
    return 0.5 * x / x.abs().amax((-2, -1), keepdim=True)


def splines(theta: Tensor, x: Tensor) -> Tensor:
    """Rotate by ``scipy.ndimage``, one picture at a time, since it takes one angle per call."""
    pairs = zip(theta.rad2deg().tolist(), x.numpy(), strict=True)
    turned = [ndimage.rotate(p, a, axes=(-2, -1), reshape=False, order=3) for a, p in pairs]
    return torch.stack([torch.from_numpy(p) for p in turned])


def full_turn(act: Callable[[Tensor, Tensor], Tensor], x: Tensor) -> float:
    """Return the mean PSNR after twelve rotations by 30 degrees."""
    theta, turned = torch.full((len(x),), math.pi / 6), x
    for _ in range(12):
        turned = act(theta, turned)
    return float(-10 * (turned - x).square().flatten(1).mean(1).log10().mean())


def best_time(act: Callable[[Tensor, Tensor], Tensor], x: Tensor, repeats: int) -> float:
    """Return the best of several times, for angles around the full circle."""
    theta = torch.linspace(0, 2 * math.pi, len(x))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        act(theta, x)
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    main()
