"""Plot how times grow: with batch, degree and copies of ``rho.act``, and with the size of pictures.

``python benchmarks/growth.py`` writes ``benchmarks/results/growth`` (.json, .md and .png), with the
slopes on logarithmic axes at the end (1 is linear). ``rho.act`` of SO(3) forward and backward to z,
one thread, float32: 16 copies of the degrees 0 to 6 at a batch of 1024, one of which is varied. A
training step of an autoencoder, batch 32, for pictures. Peers are the fastest that others have on a
processor; in the environment of ``make peers`` they are drawn too.
"""

from __future__ import annotations

import importlib.util
import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from representations import acting_step, e3nn_step
from timing import RESULTS, Call, facts, interleave, portable, set_up, write

from groupae import SO2, LatentActionAE, VectorAction
from groupae.models import ConvDecoder, ConvEncoder

_SWEEPS: dict[str, list[tuple[int, int, int]]] = {
    "batch": [(16, 6, 4**power) for power in range(3, 9)],
    "highest degree": [(16, degree, 1024) for degree in (1, 2, 3, 4, 6, 8, 10, 12)],
    "copies": [(copies, 6, 1024) for copies in (1, 4, 16, 64, 128)],
}
_VARIES = {"batch": 2, "highest degree": 1, "copies": 0}
_SIZES = (16, 32, 64, 128)
_HIGHEST_OF_J = 11  # the degrees that fairchem's constants reach
_MOST_NUMBERS = 16 * 49 * 4096  # in all codes, of peers, which need several times their memory

Times = Mapping[str, Mapping[int, float]]


def picture_step(size: int) -> tuple[Call, Call]:
    """Return a training step of an autoencoder of pictures, with and without the action."""
    rho = SO2().rep("12x0 + 12x1 + 10x2 + 8x3 + 6x4")
    widths = (16, 32, 64, 64)
    encoder = ConvEncoder(rho.dim, in_channels=3, size=size, widths=widths)
    decoder = ConvDecoder(rho.dim, out_channels=3, size=size, widths=widths)
    model = LatentActionAE(encoder, decoder, VectorAction(rho))
    g, x = SO2().sample(32), torch.rand(32, 3, size, size)
    weights = list(model.parameters())

    def step(*, acts: bool) -> Sequence[torch.Tensor]:
        found = model.transform(g, x) if acts else model.decode(model.encode(x))
        return torch.autograd.grad((found - x).square().mean(), weights)

    return lambda: step(acts=True), lambda: step(acts=False)


def peers() -> dict[str, Callable[[int, int, int], Call]]:
    """Return the steps of others that are installed, by name."""
    found: dict[str, Callable[[int, int, int], Call]] = {
        "e3nn": lambda copies, highest, batch: e3nn_step(copies, highest, batch=batch)
    }
    if importlib.util.find_spec("fairchem"):
        from peers import J, fairchem_step

        found[J] = lambda copies, highest, batch: fairchem_step(copies, highest, batch=batch)
    return found


def sweep(settings: Sequence[tuple[int, int, int]], varies: int, seconds: float) -> Times:
    """Return milliseconds of all kinds against the number that varies."""
    found: dict[str, dict[int, float]] = {}
    for setting in settings:
        copies, highest, batch = setting
        ours = acting_step(copies, highest, batch=batch)
        z = torch.randn(batch, copies * (highest + 1) ** 2)
        calls = {"groupae": ours, "groupae, portable": portable(ours)}
        calls["copy, twice"] = lambda z=z: (z.clone(), z.clone())
        if z.numel() <= _MOST_NUMBERS and highest <= _HIGHEST_OF_J:
            calls |= {name: step(*setting) for name, step in peers().items()}
        for name, timing in zip(calls, interleave([*calls.values()], seconds=seconds), strict=True):
            found.setdefault(name, {})[setting[varies]] = timing.median
    return found


def picture_sweep(seconds: float) -> Times:
    """Return milliseconds of a training step against the size of pictures."""
    found: dict[str, dict[int, float]] = {"with the action": {}, "without": {}}
    for size in _SIZES:
        for times, timing in zip(
            found.values(), interleave(picture_step(size), seconds=seconds), strict=True
        ):
            times[size] = timing.median
    return found


def slope(times: Mapping[int, float]) -> float:
    """Return the slope on logarithmic axes between the last two points."""
    (a, first), (b, last) = itertools.islice(reversed(times.items()), 2)
    return math.log(first / last) / math.log(a / b)


def table(sweeps: Mapping[str, Times]) -> list[str]:
    """Return one line per kind and sweep."""
    lines = ["| against | what | ms | slope at the end |", "| --- | --- | --- | ---: |"]
    for name, kinds in sweeps.items():
        for kind, times in kinds.items():
            points = ", ".join(f"{place}: {time:.3g}" for place, time in times.items())
            lines.append(f"| {name} | {kind} | {points} | {slope(times):.2f} |")
    return lines


def draw(sweeps: Mapping[str, Times]) -> None:
    """Draw all sweeps side by side."""
    figure, axes = plt.subplots(1, len(sweeps), figsize=(13, 3.4), layout="constrained")
    for axis, (name, kinds) in zip(axes, sweeps.items(), strict=True):
        for kind, times in kinds.items():
            axis.loglog(list(times), list(times.values()), ".-", label=kind)
        places = list(next(iter(kinds.values())))
        axis.set_xticks(places, [f"{place:,}" for place in places], fontsize=7)
        axis.minorticks_off()
        axis.set_xlabel(name)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms, forward + backward")
    axes[0].legend(fontsize=7)
    axes[-1].legend(fontsize=7)
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "growth.png", dpi=120)
    print("written: benchmarks/results/growth.png")


def main(seconds: float) -> None:
    """Time the sweeps, and write table and picture."""
    sweeps: dict[str, Times] = {}
    for name, settings in _SWEEPS.items():
        sweeps[name] = sweep(settings, _VARIES[name], seconds)
    sweeps["pixels along a side"] = picture_sweep(seconds)
    lines = table(sweeps)
    print(*lines, sep="\n")
    write("growth", facts(), {"sweeps": sweeps}, lines)
    draw(sweeps)


if __name__ == "__main__":
    main(set_up(__doc__, seconds=2.0))
