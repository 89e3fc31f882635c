"""Time representations against escnn, which computes one matrix after another in numpy.

``python benchmarks/escnn_loop.py`` in the environment of ``make test-escnn`` prints one table and
writes it to ``benchmarks/results``: 256 elements, one thread, float32.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from escnn.group import cyclic_group, so3_group
from timing import Comparison, run, set_up

from groupae import SO3, Cyclic

_BATCH = 256
_PEER = "escnn loop"


def regular_of_cyclic(order: int, asked: float) -> Comparison:
    """Time the regular representation of a cyclic group."""
    theirs = cyclic_group(order)
    rho = theirs.regular_representation
    group = Cyclic(order)
    ours = group.regular(on_elements=True)
    g, x = group.sample(_BATCH), torch.randn(_BATCH, order)
    elements = [theirs.element(int(i)) for i in g]

    def loop() -> torch.Tensor:
        matrices = torch.stack([torch.from_numpy(rho(e)).float() for e in elements])
        return torch.einsum("nij,nj->ni", matrices, x)

    assert torch.allclose(ours.act(g, x), loop(), atol=1e-5)
    name = f"C({order}) regular, batch {_BATCH}"
    return Comparison(name, lambda: ours.act(g, x), {_PEER: loop}, {_PEER: asked})


def rotations(copies: int, highest: int, asked: float) -> Comparison:
    """Time a sum of irreps of SO(3), each in the basis of its own library."""
    theirs = so3_group(highest)
    irreps = [theirs.irrep(degree) for degree in range(highest + 1)]
    rho = SO3().rep(" + ".join(f"{copies}x{degree}" for degree in range(highest + 1)))
    g, x = SO3().sample(_BATCH), torch.randn(_BATCH, rho.dim)
    elements = [theirs.element(matrix.double().numpy(), "MAT") for matrix in g]
    blocks = [part.view(_BATCH, -1, copies) for part in x.split([b.size for b in rho.blocks], 1)]

    def loop() -> list[torch.Tensor]:
        moved = []
        for irrep, block in zip(irreps, blocks, strict=True):
            matrices = torch.stack([torch.from_numpy(irrep(e)).float() for e in elements])
            moved.append(torch.einsum("nij,njm->nim", matrices, block))
        return moved

    name = f"SO(3) {copies}x(0..{highest}), batch {_BATCH}"
    return Comparison(name, lambda: rho.act(g, x), {_PEER: loop}, {_PEER: asked})


def rows() -> Iterator[Comparison]:
    """Yield all comparisons."""
    yield regular_of_cyclic(36, 500)
    yield rotations(4, 6, 100)


if __name__ == "__main__":
    seconds = set_up(__doc__)
    run("escnn", rows(), seconds=seconds)
