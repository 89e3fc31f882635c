"""Time representations against e3nn, dense products and a copy of the same bytes.

``python benchmarks/representations.py`` prints one table and writes it to ``benchmarks/results``.
One thread, float32, batch 1024 unless stated otherwise, gradients by ``torch.autograd.grad`` of a
fixed cotangent. e3nn's matrices are computed as in its documentation, by ``matrix_to_angles`` and
``wigner_D``, and applied irrep by irrep with einsum.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from timing import PROCESSOR_TIME, Call, Comparison, run, set_up
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from groupae import SO2, SO3, Cyclic
from groupae.models import ConvDecoder, ConvEncoder

warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)

_BATCH = 1024
_COPY = "copy, twice"


def e3nn_matrices(g: Tensor, highest: int) -> list[Tensor]:
    """Return e3nn's Wigner matrices up to a degree."""
    from e3nn import o3

    angles = o3.matrix_to_angles(g)
    return [o3.wigner_D(degree, *angles) for degree in range(highest + 1)]


def sum_text(copies: int, highest: int) -> str:
    """Return the text of a sum of equally many copies of all degrees."""
    return " + ".join(f"{copies}x{degree}" for degree in range(highest + 1))


def matrices(g: Tensor, highest: int) -> list[Tensor]:
    """Return groupae's Wigner matrices up to a degree."""
    return list(SO3().irreps.matrices(tuple(range(highest + 1)), g, g.dtype))


def wigner(batch: int, highest: int, asked: float) -> Comparison:
    """Compare all Wigner matrices up to a degree."""
    g = SO3().sample(batch)
    return Comparison(
        f"Wigner matrices, l <= {highest}, batch {batch}",
        lambda: matrices(g, highest),
        {"e3nn": lambda: e3nn_matrices(g, highest)},
        {"e3nn": asked},
    )


def acting_step(copies: int, highest: int, *, with_g: bool = False, batch: int = _BATCH) -> Call:
    """Return a step that applies a sum of irreps of SO(3), forward and backward."""
    g, rho = SO3().sample(batch).requires_grad_(with_g), SO3().rep(sum_text(copies, highest))
    z, grad = torch.randn(batch, rho.dim, requires_grad=True), torch.randn(batch, rho.dim)
    also = [g] if with_g else []
    return lambda: torch.autograd.grad(rho.act(g, z), [z, *also], grad)


def e3nn_step(copies: int, highest: int, *, with_g: bool = False, batch: int = _BATCH) -> Call:
    """Return the same step with e3nn, irrep by irrep."""
    g, sizes = SO3().sample(batch).requires_grad_(with_g), [2 * d + 1 for d in range(highest + 1)]
    blocks = [torch.randn(batch, size, copies, requires_grad=True) for size in sizes]
    grads = [torch.randn(batch, size, copies) for size in sizes]
    also = [g] if with_g else []

    def step() -> Sequence[Tensor]:
        pairs = zip(e3nn_matrices(g, highest), blocks, strict=True)
        moved = [torch.einsum("nij,njm->nim", matrix, block) for matrix, block in pairs]
        return torch.autograd.grad(moved, [*blocks, *also], grads)

    return step


def acting(copies: int, highest: int, asked: float, *, with_g: bool) -> Comparison:
    """Compare the application of sums of irreps, forward and backward."""
    what = "z and g" if with_g else "z"
    return Comparison(
        f"act {copies}x(0..{highest}), forward + backward to {what}",
        acting_step(copies, highest, with_g=with_g),
        {"e3nn": e3nn_step(copies, highest, with_g=with_g)},
        {"e3nn": asked},
        weight=1.7 if highest <= 6 else 4,
    )


def _copy_twice(x: Tensor) -> Call:
    return lambda: (x.clone(), x.clone())


def acting_against_a_copy(
    copies: int, highest: int, batch: int, asked: float | None = None
) -> Comparison:
    """Compare the same step with two copies of its bytes."""
    return Comparison(
        f"act {copies}x(0..{highest}), batch {batch}, forward + backward to z",
        acting_step(copies, highest, batch=batch),
        {_COPY: _copy_twice(torch.randn(batch, copies * (highest + 1) ** 2))},
        {} if asked is None else {_COPY: asked},
        is_limit=True,
    )


def acting_against_dense(copies: int, highest: int, batch: int, asked: float) -> Comparison:
    """Compare the forward application with e3nn's dense matrix of the whole sum."""
    from e3nn import o3

    g = SO3().sample(batch)
    rho = SO3().rep(sum_text(copies, highest))
    irreps = o3.Irreps([(copies, (degree, 1)) for degree in range(highest + 1)])
    z = torch.randn(batch, rho.dim)
    return Comparison(
        f"act {copies}x(0..{highest}), batch {batch}, against the dense D_from_matrix + einsum",
        lambda: rho.act(g, z),
        {"e3nn dense": lambda: torch.einsum("nij,nj->ni", irreps.D_from_matrix(g), z)},
        {"e3nn dense": asked},
    )


def one_call(copies: int, highest: int, batch: int, asked: float) -> Comparison:
    """Limit the processor time of one application without gradients."""
    g, rho = SO3().sample(batch), SO3().rep(sum_text(copies, highest))
    z = torch.randn(batch, rho.dim)
    return Comparison(
        f"act {copies}x(0..{highest}), batch {batch}, forward, no gradients",
        lambda: rho.act(g, z),
        asked={PROCESSOR_TIME: asked},
        is_limit=True,
    )


def turning(copies: int, highest: int, batch: int, asked: float | None = None) -> Comparison:
    """Compare SO(2), forward and backward, with two copies of its bytes."""
    rho = SO2().rep(" + ".join(f"{copies}x{k}" for k in range(1, highest + 1)))
    g, z = SO2().sample(batch), torch.randn(batch, rho.dim, requires_grad=True)
    grad = torch.randn(batch, rho.dim)
    return Comparison(
        f"SO(2) {copies}x(1..{highest}), batch {batch}, forward + backward to z",
        lambda: torch.autograd.grad(rho.act(g, z), [z], grad),
        {_COPY: _copy_twice(z.detach())},
        {} if asked is None else {_COPY: asked},
        is_limit=True,
    )


def permuting(order: int, batch: int, asked: float) -> Comparison:
    """Compare the regular representation of a cyclic group with its matrices."""
    group = Cyclic(order)
    rho = group.regular(on_elements=True)
    of_elements = rho.matrix(group.elements())
    g, x = group.sample(batch), torch.randn(batch, order)
    return Comparison(
        f"C({order}) regular, batch {batch}",
        lambda: rho.act(g, x),
        {"dense": lambda: torch.einsum("nij,nj->ni", of_elements[g], x)},
        {"dense": asked},
    )


def training_step(asked: float) -> Comparison:
    """Compare an autoencoder step on 64 colour pictures with and without the action."""
    x, g, rho = torch.rand(64, 3, 64, 64), SO3().sample(64), SO3().rep(sum_text(16, 6))
    encoder = ConvEncoder(rho.dim, in_channels=3, size=64, widths=(16, 32, 64, 64))
    decoder = ConvDecoder(rho.dim, out_channels=3, size=64, widths=(16, 32, 64, 64))
    weights = [*encoder.parameters(), *decoder.parameters()]

    def step(*, acts: bool) -> Sequence[Tensor]:
        z = encoder(x)
        mean_squared_error = (decoder(rho.act(g, z) if acts else z) - x).square().mean()
        return torch.autograd.grad(mean_squared_error, weights)

    return Comparison(
        f"autoencoder step, batch 64, 3x64x64, latent of {rho.dim}",
        lambda: step(acts=True),
        {"no action": lambda: step(acts=False)},
        {"no action": asked},
        is_limit=True,
        weight=9,
    )


def peak_memory(copies: int, highest: int) -> str:
    """Return the peak memory of a step, forward and backward, without its inputs.

    Measured by torch's profiler, relative to the bytes of the vectors.
    """
    ours, size = acting_step(copies, highest), 4 * _BATCH * copies * (highest + 1) ** 2
    ours()
    options = {"activities": [ProfilerActivity.CPU], "profile_memory": True}
    with tempfile.TemporaryDirectory() as folder, profile(**options) as profiler:
        ours()
        profiler.stop()
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        events = json.loads(trace.read_text())["traceEvents"]
    changes = [event["args"] for event in events if event.get("name") == "[memory]"]
    totals = [change["Total Allocated"] for change in changes]
    most = max(totals) - (totals[0] - changes[0]["Bytes"])
    return f"{most / size:.1f}x the vectors' bytes"


def rows() -> Iterator[Comparison]:
    """Yield all comparisons."""
    yield wigner(_BATCH, 6, 60)
    yield wigner(_BATCH, 10, 200)
    yield wigner(64, 6, 150)
    for with_g, asked in ((False, (50, 14)), (True, (120, 40))):
        yield acting(16, 6, asked[0], with_g=with_g)
        yield acting(128, 6, asked[1], with_g=with_g)
    yield acting(16, 10, 70, with_g=True)
    yield acting_against_dense(8, 6, 64, 60)
    yield one_call(8, 6, 64, 100)
    yield acting_against_a_copy(128, 6, _BATCH, 2)
    yield turning(64, 16, _BATCH, 1.4)
    for batch in (64, 65536):
        yield acting_against_a_copy(16, 6, batch)
        yield turning(8, 16, batch)
    yield permuting(36, 256, 3)
    yield training_step(1.04)


if __name__ == "__main__":
    seconds = set_up(__doc__)
    memory = {"peak memory of act 128x(0..6), forward + backward": peak_memory(128, 6)}
    run("representations", rows(), seconds=seconds, about=memory)
