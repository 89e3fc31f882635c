"""Worker of ``products.py``: times one case of one version of groupae when asked on its input.

It runs with the version on its path, and needs nothing of other versions' names.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import torch

from groupae import O2, O3, SE3, SO2, SO3, Cyclic, Dihedral, FiniteGroup, Permutation
from groupae.representations import Representation

_ALTERNATING = [[1, 2, 3, 4, 0], [1, 2, 0, 3, 4]]  # generators of A(5)

CASES: dict[str, Callable[[], Representation]] = {
    "SO(3), 8x(0..6)": lambda: SO3().rep(" + ".join(f"8x{k}" for k in range(7))),
    "SO(2), 8x(1..8)": lambda: SO2().rep(" + ".join(f"8x{k}" for k in range(1, 9))),
    "O(3), 8x(0e..3o)": lambda: O3().rep(" + ".join(f"8x{k}{p}" for k in range(4) for p in "eo")),
    "O(2), 8x(0, 0-, 1..3)": lambda: O2().rep("8x0 + 8x0- + 8x1 + 8x2 + 8x3"),
    "SE(3), 8x(0..2) + 2xstd": lambda: SE3().rep("8x0 + 8x1 + 8x2 + 2xstd"),
    "C(8), 8x(0..4)": lambda: Cyclic(8).rep("8x0 + 8x1 + 8x2 + 8x3 + 8x4"),
    "D(4), 8x each irrep": lambda: Dihedral(4).rep("8x0 + 8x0- + 8x1 + 8x2 + 8x2-"),
    "S(4), 8x each irrep": lambda: Permutation(4).rep(
        "8x[4] + 8x[3,1] + 8x[2,2] + 8x[2,1,1] + 8x[1,1,1,1]"
    ),
    "A(5), 4x each irrep": lambda: FiniteGroup.from_permutations(_ALTERNATING).rep(
        "4x0 + 4x1 + 4x2 + 4x3 + 4x4"
    ),
    "SO(3), tensor product": lambda: SO3().rep("2x0 + 2x1 + 2x2") * SO3().rep("1x1 + 1x2"),
    "SO(2), tensor product": lambda: SO2().rep("2x0 + 2x1 + 2x2") * SO2().rep("1x1 + 1x2"),
    "SO(3), sum with a product": lambda: SO3().rep("8x0 + 8x1") + SO3().irrep(1) * SO3().irrep(1),
    "SO(3) restricted to SO(2)": lambda: (
        SO3().rep("8x0 + 8x1 + 8x2 + 8x3").restrict(SO3().subgroup("so2"))
    ),
    "C(3) induced to C(6)": lambda: Cyclic(3).rep("4x0 + 4x1").induce(Cyclic(6).subgroup("c(3)")),
    "SO(2) induced to O(2)": lambda: SO2().rep("4x0 + 4x1").induce(O2().subgroup("so2")),
    "SO(2) * SO(3)": lambda: (SO2() * SO3()).rep("4x(0,0) + 4x(1,1) + 4x(2,2)"),
    "C(4) * S(3)": lambda: (Cyclic(4) * Permutation(3)).rep("4x(0,[3]) + 4x(1,[2,1])"),
}


def prepare(name: str, batch: int, *, backward: bool) -> Callable[[], object]:
    """Return the call to be timed: ``act``, or ``act`` and its gradient to the codes."""
    rho = CASES[name]()
    generator = torch.Generator().manual_seed(0)
    g = rho.group.sample(batch, generator=generator)
    z = torch.randn(batch, rho.dim, generator=generator).requires_grad_(backward)
    if not backward:
        return lambda: rho.act(g, z)
    cotangent = torch.randn(batch, rho.dim, generator=generator)
    return lambda: torch.autograd.grad(rho.act(g, z), z, cotangent)


def main() -> None:
    """Answer each line ``[name, batch, backward, count]`` by the microseconds of one call."""
    torch.set_num_threads(1)
    prepared: dict[tuple[str, int, bool], Callable[[], object]] = {}
    for line in sys.stdin:
        name, batch, backward, count = json.loads(line)
        key = name, batch, backward
        if key not in prepared:
            prepared[key] = prepare(name, batch, backward=backward)
            for _ in range(3):
                prepared[key]()
        started = time.process_time()
        for _ in range(count):
            prepared[key]()
        taken = (time.process_time() - started) / count * 1e6
        sys.stdout.write(f"{taken}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
