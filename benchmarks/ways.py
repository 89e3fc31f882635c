"""Cost of the plain operations that torch.func needs, and of torch's product of small matrices.

``python benchmarks/ways.py`` writes ``results/ways.md``: the same gradient by the formula of the
fast path and by ``torch.func``, for vectors of SO(3) up to degree 6; and a batch of small products
by numpy and by ``torch.bmm``, in processor time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from timing import facts, rounds_of, set_up, spread, write
from torch import Tensor

from groupae import SO3

HEAD = "| operation | first, ms | second, ms | second over first |\n| --- | ---: | ---: | ---: |"


def gradient_calls(copies: int, batch: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """Return two calls that differentiate ``act``: by the formula, and by `torch.func.vjp`."""
    rho = SO3().rep(" + ".join(f"{copies}x{degree}" for degree in range(7)))
    g, z = SO3().sample(batch), torch.randn(batch, rho.dim)
    cotangent = torch.randn_like(z)

    def by_formula() -> object:
        inputs = (g.detach().requires_grad_(), z.detach().requires_grad_())
        return torch.autograd.grad(rho.act(*inputs), inputs, cotangent)

    def by_func() -> object:
        _, pull_back = torch.func.vjp(rho.act, g, z)
        return pull_back(cotangent)

    for ours, theirs in zip(by_formula(), by_func(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-3), "the two ways differ"
    return by_formula, by_func


def product_calls(degree: int, copies: int, batch: int) -> tuple[Callable[[], object], ...]:
    """Return a batch of products of small matrices by numpy, and by torch."""
    size = 2 * degree + 1
    a: Tensor = torch.randn(batch, size, size)
    b = torch.randn(batch, size, copies)
    x, y = a.numpy(), b.numpy()
    return (lambda: np.matmul(x, y)), (lambda: torch.bmm(a, b))


def main() -> None:
    """Time all rows, and write the table."""
    seconds = set_up(__doc__, seconds=3.0)
    rows = {}
    for copies, batch in ((1, 1024), (8, 64), (8, 1024), (128, 64), (128, 256)):
        name = f"gradient of {copies}x(0..6), batch {batch}: formula, torch.func"
        rows[name] = gradient_calls(copies, batch)
    for degree, copies in ((1, 8), (2, 16), (3, 64), (6, 128)):
        name = f"1024 products of degree {degree} with {copies} copies: numpy, torch.bmm"
        rows[name] = product_calls(degree, copies, 1024)
    lines, data = [HEAD], []
    for name, calls in rows.items():
        times = rounds_of(calls, seconds=seconds, clock=time.process_time)
        first, second = (spread(each).median for each in times)
        ratio = spread([b / a for a, b in zip(*times, strict=True)]).median
        lines.append(f"| {name} | {first:.3g} | {second:.3g} | {ratio:.2f} |")
        data.append({"name": name, "first": first, "second": second, "ratio": ratio})
        print(lines[-1], flush=True)
    write("ways", facts({"clock": "processor time, float32"}), {"rows": data}, lines)


if __name__ == "__main__":
    main()
