"""Compare steps with the least that memory, arithmetic and Python allow on this machine.

``python benchmarks/roofline.py`` writes ``benchmarks/results/roofline`` (.json and .md). Four
bounds per step, all measured in the same alternation as the step, on one thread, float32:

bytes
    All codes and gradients that are read and written once each, at the speed of ``clone``. Matrices
    are not counted, since they can stay in a cache.
page faults
    The time by which the first writing of the new tensors exceeds writing over old ones.
operations
    A multiplication and an addition per entry of each block, at the speed of a product of matrices
    of 512 rows.
Python
    The same call for one row: arguments, autograd, and the way to the kernels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import torch
from representations import acting_step, sum_text
from timing import Call, facts, interleave, set_up, write

from groupae import SO2, SO3
from groupae.representations import IrrepSum

_SQUARE = 512


@dataclasses.dataclass(frozen=True)
class Step:
    """A call to compare with its bounds, and the same call for one row."""

    name: str
    call: Call
    one_row: Call
    shape: tuple[int, int]
    passes: int
    operations: int


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Milliseconds of a step, and of each of the bounds."""

    name: str
    measured: float
    bytes: float
    page_faults: float
    operations: float
    python: float


def _operations(rho: IrrepSum, batch: int, passes: int) -> int:
    """Return multiplications and additions of all blocks."""
    return 2 * batch * passes * sum(b.dim * b.size for b in rho.blocks)


def acting(copies: int, highest: int, batch: int) -> Step:
    """Return the step of SO(3), forward and backward to z."""
    rho = SO3().rep(sum_text(copies, highest))
    return Step(
        f"act {copies}x(0..{highest}), batch {batch}, forward + backward to z",
        acting_step(copies, highest, batch=batch),
        acting_step(copies, highest, batch=1),
        (batch, rho.dim),
        2,
        _operations(rho, batch, 2),
    )


def acting_forward(copies: int, highest: int, batch: int) -> Step:
    """Return one application in SO(3) without gradients."""
    rho = SO3().rep(sum_text(copies, highest))

    def call(rows: int) -> Call:
        g, z = SO3().sample(rows), torch.randn(rows, rho.dim)
        return lambda: rho.act(g, z)

    name = f"act {copies}x(0..{highest}), batch {batch}, forward, no gradients"
    operations = _operations(rho, batch, 1)
    return Step(name, call(batch), call(1), (batch, rho.dim), 1, operations)


def turning(copies: int, highest: int, batch: int) -> Step:
    """Return the step of SO(2), forward and backward to z."""
    rho = SO2().rep(" + ".join(f"{copies}x{k}" for k in range(1, highest + 1)))

    def call(rows: int) -> Call:
        g, grad = SO2().sample(rows), torch.randn(rows, rho.dim)
        z = torch.randn(rows, rho.dim, requires_grad=True)
        return lambda: torch.autograd.grad(rho.act(g, z), [z], grad)

    name = f"SO(2) {copies}x(1..{highest}), batch {batch}, forward + backward to z"
    operations = _operations(rho, batch, 2)
    return Step(name, call(batch), call(1), (batch, rho.dim), 2, operations)


def bounds_of(step: Step, seconds: float) -> Bounds:
    """Time a step and its bounds in one alternation."""
    x, old = torch.randn(step.shape), torch.empty(step.shape)
    square = torch.randn(_SQUARE, _SQUARE)
    calls = [
        step.call,
        lambda: old.copy_(x),
        lambda: x.clone(),
        lambda: square @ square,
        step.one_row,
    ]
    call, copy, clone, product, one_row = (t.median for t in interleave(calls, seconds=seconds))
    faults = max(0.0, clone - copy) * step.passes
    operations = product * step.operations / (2 * _SQUARE**3)
    return Bounds(step.name, call, copy * step.passes, faults, operations, one_row)


def steps() -> Iterator[Step]:
    """Yield the steps."""
    yield acting_forward(8, 6, 64)
    yield acting(16, 6, 1024)
    yield acting(128, 6, 1024)
    yield acting(16, 6, 65536)
    yield turning(64, 16, 1024)
    yield turning(8, 16, 65536)


def main(seconds: float) -> None:
    """Time all steps, print the table and write it."""
    lines = [
        "| step | measured, ms | bytes | page faults | operations | Python | measured over bytes "
        "and faults |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    found = []
    for step in steps():
        bounds = bounds_of(step, seconds)
        found.append(bounds)
        values = dataclasses.astuple(bounds)
        cells = " | ".join(f"{value:.3g}" for value in values[1:])
        lines.append(f"| {values[0]} | {cells} | {bounds.measured / sum(values[2:4]):.2f}x |")
        print(lines[-1], flush=True)
    write("roofline", facts(), {"bounds": [dataclasses.asdict(b) for b in found]}, lines)


if __name__ == "__main__":
    main(set_up(__doc__))
