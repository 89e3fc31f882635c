"""Time representations against e3nn, dense products and a copy of the same bytes.

``python benchmarks/representations.py`` prints one table and writes it to ``benchmarks/results``.
One thread, float32, batch 1024 unless stated otherwise. e3nn's matrices are computed as in its
documentation, by ``matrix_to_angles`` and ``wigner_D``, and applied irrep by irrep with einsum.
groupae is timed as installed, and also with the compiled kernels if ``make compiled`` was run.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from timing import Row, compare, run, set_up
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from groupae import SO2, SO3, Cyclic
from groupae.models import ConvDecoder, ConvEncoder

warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)

_BATCH = 1024


def e3nn_matrices(g: Tensor, highest: int) -> list[Tensor]:
    """Return e3nn's Wigner matrices up to a degree."""
    from e3nn import o3

    angles = o3.matrix_to_angles(g)
    return [o3.wigner_D(degree, *angles) for degree in range(highest + 1)]


def _sum_text(copies: int, highest: int) -> str:
    return " + ".join(f"{copies}x{degree}" for degree in range(highest + 1))


def wigner(batch: int, highest: int, asked: float) -> Row:
    """Time all Wigner matrices up to a degree."""
    g = SO3().sample(batch)
    labels = tuple(range(highest + 1))
    return compare(
        f"Wigner matrices, l <= {highest}, batch {batch}",
        lambda: SO3().irreps.matrices(labels, g, g.dtype),
        lambda: e3nn_matrices(g, highest),
        peer_name="e3nn",
        asked=asked,
    )


def acting_step(
    copies: int, highest: int, *, with_g: bool = False, batch: int = _BATCH
) -> Callable[[], object]:
    """Return a step that applies a sum of irreps of SO(3), forward and backward."""
    g, rho = SO3().sample(batch).requires_grad_(with_g), SO3().rep(_sum_text(copies, highest))
    z, grad = torch.randn(batch, rho.dim, requires_grad=True), torch.randn(batch, rho.dim)
    also = [g] if with_g else []
    return lambda: torch.autograd.grad(rho.act(g, z), [z, *also], grad)


def e3nn_step(copies: int, highest: int, *, with_g: bool) -> Callable[[], object]:
    """Return the same step with e3nn, irrep by irrep."""
    g, sizes = SO3().sample(_BATCH).requires_grad_(with_g), [2 * d + 1 for d in range(highest + 1)]
    blocks = [torch.randn(_BATCH, size, copies, requires_grad=True) for size in sizes]
    grads = [torch.randn(_BATCH, size, copies) for size in sizes]
    also = [g] if with_g else []

    def step() -> Sequence[Tensor]:
        pairs = zip(e3nn_matrices(g, highest), blocks, strict=True)
        moved = [torch.einsum("nij,njm->nim", matrix, block) for matrix, block in pairs]
        return torch.autograd.grad(moved, [*blocks, *also], grads)

    return step


def acting(copies: int, highest: int, asked: float, *, with_g: bool) -> Row:
    """Time the application of sums of irreps, forward and backward."""
    ours = acting_step(copies, highest, with_g=with_g)
    theirs = e3nn_step(copies, highest, with_g=with_g)
    what = "z and g" if with_g else "z"
    name = f"act {copies}x(0..{highest}), forward + backward to {what}"
    return compare(name, ours, theirs, peer_name="e3nn", asked=asked, seconds=5)


def _copy_twice(x: Tensor) -> Callable[[], object]:
    return lambda: (x.clone(), x.clone())


def acting_against_a_copy(copies: int, highest: int, asked: float) -> Row:
    """Time the same step against two copies of its bytes."""
    ours, x = acting_step(copies, highest), torch.randn(_BATCH, copies * (highest + 1) ** 2)
    name = f"act {copies}x(0..{highest}), forward + backward to z"
    options = {"peer_name": "copy, twice", "asked": asked}
    return compare(name, ours, _copy_twice(x), is_limit=True, **options)


def acting_against_dense(copies: int, highest: int, batch: int, asked: float) -> Row:
    """Time the forward application against e3nn's dense matrix of the whole sum."""
    from e3nn import o3

    g = SO3().sample(batch)
    rho = SO3().rep(_sum_text(copies, highest))
    irreps = o3.Irreps([(copies, (degree, 1)) for degree in range(highest + 1)])
    z = torch.randn(batch, rho.dim)
    return compare(
        f"act {copies}x(0..{highest}), batch {batch}, against the dense D_from_matrix + einsum",
        lambda: rho.act(g, z),
        lambda: torch.einsum("nij,nj->ni", irreps.D_from_matrix(g), z),
        peer_name="e3nn dense",
        asked=asked,
    )


def turning(copies: int, highest: int, asked: float) -> Row:
    """Time SO(2), forward and backward, against two copies of its bytes."""
    rho = SO2().rep(" + ".join(f"{copies}x{k}" for k in range(1, highest + 1)))
    g, z = SO2().sample(_BATCH), torch.randn(_BATCH, rho.dim, requires_grad=True)
    grad = torch.randn(_BATCH, rho.dim)
    name = f"SO(2) {copies}x(1..{highest}), forward + backward to z"
    options = {"peer_name": "copy, twice", "asked": asked}
    return compare(
        name,
        lambda: torch.autograd.grad(rho.act(g, z), [z], grad),
        _copy_twice(z.detach()),
        is_limit=True,
        **options,
    )


def permuting(order: int, batch: int, asked: float) -> Row:
    """Time the regular representation of a cyclic group against its matrices."""
    group = Cyclic(order)
    rho = group.regular(on_elements=True)
    matrices = rho.matrix(group.elements())
    g, x = group.sample(batch), torch.randn(batch, order)
    return compare(
        f"C({order}) regular, batch {batch}",
        lambda: rho.act(g, x),
        lambda: torch.einsum("nij,nj->ni", matrices[g], x),
        peer_name="dense",
        asked=asked,
    )


def training_step(asked: float) -> Row:
    """Time an autoencoder step on 64 colour pictures with and without the action."""
    x, g, rho = torch.rand(64, 3, 64, 64), SO3().sample(64), SO3().rep(_sum_text(16, 6))
    encoder = ConvEncoder(rho.dim, in_channels=3, size=64, widths=(16, 32, 64, 64))
    decoder = ConvDecoder(rho.dim, out_channels=3, size=64, widths=(16, 32, 64, 64))

    def step(*, acts: bool) -> None:
        z = encoder(x)
        mean_squared_error = (decoder(rho.act(g, z) if acts else z) - x).square().mean()
        mean_squared_error.backward()

    return compare(
        f"autoencoder step, batch 64, 3x64x64, latent of {rho.dim}",
        lambda: step(acts=True),
        lambda: step(acts=False),
        peer_name="no action",
        asked=asked,
        is_limit=True,
        seconds=20,
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


def rows() -> Iterator[Row]:
    """Yield all comparisons."""
    yield wigner(_BATCH, 6, 60)
    yield wigner(_BATCH, 10, 40)
    yield wigner(64, 6, 30)
    yield acting(16, 6, 20, with_g=False)
    yield acting(128, 6, 9, with_g=False)
    yield acting(16, 6, 50, with_g=True)
    yield acting(128, 6, 19, with_g=True)
    yield acting(16, 10, 70, with_g=True)
    yield acting_against_dense(8, 6, 64, 60)
    yield acting_against_a_copy(128, 6, 3)
    yield turning(64, 16, 1.4)
    yield permuting(36, 256, 3)
    yield training_step(1.04)


if __name__ == "__main__":
    set_up(__doc__)
    memory = {"peak memory of act 128x(0..6), forward + backward": peak_memory(128, 6)}
    run("representations", rows(), memory)
