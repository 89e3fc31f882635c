"""How often `fit_action` finds the right multiplicities of a hidden action, and how fast it is.

``python benchmarks/hidden_actions.py`` draws codes ``Q rho(g) Q^-1 z + noise`` with a random
well-conditioned Q and random multiplicities, fits, and counts. The error is that of ``z2`` on new
pairs, over the error of the true action, which the noise on ``z1`` causes. ``--quick`` draws two
seeds per group and no large codes.
"""

from __future__ import annotations

import argparse
import time

import torch
from timing import facts, write

from groupae import SO2, Group, fit_action, get_group
from groupae.testing.hidden_codes import HiddenCodes, random_multiplicities

_GROUPS = {  # cutoff; largest multiplicity of small and of large codes
    "so2": (8, 3, 60),
    "so3": (4, 2, 30),
    "o2": (8, 3, 60),
    "c(8)": (None, 4, 100),
    "c(12)": (None, 4, 80),
    "s(4)": (None, 3, 90),
}
_NOISES = (
    (0.1, 4, 20),
    (0.1, 16, 20),
    (0.3, 12, 18),
)  # noise, pairs per number, seeds to get right
_LARGEST = 512
_PAIRS, _SECONDS = 100_000, 30


def trial(name: str, most: int, seed: int, noise: float, pairs: int) -> tuple[bool, float, int]:
    """Return whether the multiplicities are right, the relative error, and the size."""
    group, cutoff = get_group(name), _GROUPS[name][0]
    counts = random_multiplicities(group, most, seed=seed, cutoff=cutoff)
    size = _trim(group, counts)
    n = pairs * size
    codes = HiddenCodes.draw(group, counts, n + 2000, seed=seed, noise=noise)
    train, test = codes[:n], codes[n:]
    fitted = fit_action(group, train.z1, train.g, train.z2, cutoff=cutoff)
    found = {block.irrep: block.copies for block in fitted.representation.blocks}
    is_right = found == {irrep: m for irrep, m in counts.items() if m}
    predicted = fitted.decode(fitted.representation.act(test.g, fitted.encode(test.z1)))
    error = (predicted - test.z2).square().mean() / (test.oracle() - test.z2).square().mean()
    return is_right, float(error), size


def _trim(group: Group, counts: dict[str, int]) -> int:
    """Take copies away until the code has at most 512 numbers; return how many it has."""
    degrees = {irrep: group.irreps.dim(group.irreps.parse(irrep)) for irrep in counts}
    while (size := sum(m * degrees[irrep] for irrep, m in counts.items())) > _LARGEST:
        largest = max(counts, key=lambda irrep: counts[irrep] * degrees[irrep])
        counts[largest] -= 1
    return size


def table(seeds: int, large: int) -> list[dict[str, object]]:
    """Return one row per group, noise and kind of size."""
    rows: list[dict[str, object]] = []
    for name, (_, small, big) in _GROUPS.items():
        for noise, pairs, least in _NOISES:
            for most, count in ((small, seeds), (big, large)):
                if not count or (most == big and pairs == 16):
                    continue
                before = time.process_time()
                found = [trial(name, most, seed, noise, pairs) for seed in range(count)]
                right, errors, sizes = zip(*found, strict=True)
                rows.append(
                    {
                        "group": name,
                        "numbers": f"{min(sizes)} to {max(sizes)}",
                        "noise": noise,
                        "pairs per number": pairs,
                        "right": sum(right),
                        "seeds": count,
                        "asked": least if count == 20 else None,
                        "error over that of the true action": sum(errors) / count,
                        "seconds per fit": (time.process_time() - before) / count,
                    }
                )
                print(rows[-1], flush=True)
    return rows


def speed() -> dict[str, float]:
    """Return wall and processor seconds of one fit to 10^5 pairs of 512 numbers, cutoff 8."""
    copies = {"0": 100, "1": 40, "2": 40, "3": 30, "4": 30, "5": 20, "6": 20, "7": 16, "8": 10}
    codes = HiddenCodes.draw(SO2(), copies, _PAIRS, seed=0)
    z1, g, z2 = codes.z1.float(), codes.g.float(), codes.z2.float()
    wall, processor = time.perf_counter(), time.process_time()
    fit_action(SO2(), z1, g, z2, cutoff=8)
    return {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}


def main() -> None:
    """Run the benchmark and write its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = table(2, 0) if options.quick else table(20, 2)
    found = speed() if not options.quick else {}
    heads = list(rows[0])
    lines = [f"| {' | '.join(heads)} |", "|" + " ---: |" * len(heads)]
    lines += [f"| {' | '.join(_cell(row[head]) for head in heads)} |" for row in rows]
    if found:
        lines += [
            "",
            f"{_PAIRS:,} pairs of 512 numbers, SO(2) to frequency 8, "
            f"{torch.get_num_threads()} thread(s): {found['wall']:.1f} s of wall time, "
            f"{found['processor']:.1f} s of processor time; asked: {_SECONDS} s on two cores.",
        ]
    write("hidden_actions", facts(), {"rows": rows, "speed": found}, lines)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
