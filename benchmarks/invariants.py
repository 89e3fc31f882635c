"""Speed of invariant features: codes per second of processor time, by kind and representation.

``python benchmarks/invariants.py`` writes ``results/invariants.md``; ``--seconds`` per row.
"""

from __future__ import annotations

import time

import torch
from timing import facts, set_up, write

from groupae import SO2, SO3, Dihedral
from groupae.representations import Representation
from groupae.representations.invariant_features import invariant_map

HEAD = "| representation | kind | features | codes per second |\n| --- | --- | ---: | ---: |"
SUBJECTS = {
    "SO(2), 8 copies each of frequencies 0 to 8": SO2().rep("+".join(f"8x{k}" for k in range(9))),
    "SO(3), 16 copies each of degrees 0 to 6": SO3().rep("+".join(f"16x{k}" for k in range(7))),
    "D(8), regular": Dihedral(8).regular(),
}
OPTIONS = {"power": {}, "gram": {}, "bispectrum": {}, "max_filter": {"templates": 64}}


def rate(rho: Representation, kind: str, seconds: float) -> tuple[int, float]:
    """Return the number of features, and codes per second of processor time."""
    features = invariant_map(rho, kind, **OPTIONS[kind])
    z = torch.randn(8 if kind == "max_filter" else 256, rho.dim)
    features(z)
    start, calls = time.process_time(), 0
    while time.process_time() - start < seconds:
        features(z)
        calls += 1
    return features.count, calls * len(z) / (time.process_time() - start)


def main() -> None:
    """Time all kinds, and write the table."""
    seconds, rows = set_up(__doc__, seconds=1.0), []
    for name, rho in SUBJECTS.items():
        for kind in OPTIONS:
            count, speed = rate(rho, kind, seconds)
            rows.append({"representation": name, "kind": kind, "features": count, "rate": speed})
    lines = [
        f"| {row['representation']} | {row['kind']} | {row['features']:,} | {row['rate']:,.0f} |"
        for row in rows
    ]
    write("invariants", facts({"clock": "processor time, float32"}), {"rows": rows}, [HEAD, *lines])


if __name__ == "__main__":
    main()
