"""Plot the time of ``rho.act`` against degree, batch and copies.

``python benchmarks/growth.py`` writes ``benchmarks/results/growth.png`` and prints the slopes on
logarithmic axes (1 is linear). Forward and backward to z, one thread, float32.
"""

from __future__ import annotations

import itertools
import math

import matplotlib.pyplot as plt
from representations import acting_step
from timing import RESULTS, interleave, portable, set_up

from groupae.kernels.compiled.library import is_compiled

_SWEEPS = {
    "highest degree": [(16, degree, 1024) for degree in (1, 2, 3, 4, 6, 8, 10, 12)],
    "batch": [(16, 6, batch) for batch in (16, 64, 256, 1024, 4096)],
    "copies": [(copies, 6, 1024) for copies in (1, 4, 16, 64, 128)],
}
_VARIES = {"highest degree": 1, "batch": 2, "copies": 0}


def main() -> None:
    """Time the sweeps and plot them."""
    figure, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True, layout="constrained")
    for axis, (name, settings) in zip(axes, _SWEEPS.items(), strict=True):
        places = [setting[_VARIES[name]] for setting in settings]
        steps = [acting_step(c, degree, batch=batch) for c, degree, batch in settings]
        kinds = {"as installed": [portable(step) for step in steps]}
        if is_compiled():
            kinds["compiled"] = steps
        every = interleave(list(itertools.chain(*kinds.values())), seconds=12, rounds=5)
        for i, kind in enumerate(kinds):
            times = [timing.median for timing in every[i * len(steps) : (i + 1) * len(steps)]]
            axis.loglog(places, times, "o-", label=kind)
            slope = math.log(times[-1] / times[-2]) / math.log(places[-1] / places[-2])
            table = ", ".join(f"{p}: {t:.3g} ms" for p, t in zip(places, times, strict=True))
            print(f"{name}, {kind}: {table}; slope at the end {slope:.2f}", flush=True)
        axis.set_xlabel(name)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("ms, forward + backward")
    axes[0].legend()
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / "growth.png", dpi=120)
    print("written: benchmarks/results/growth.png")


if __name__ == "__main__":
    set_up(__doc__)
    main()
