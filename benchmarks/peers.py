"""Time representations of SO(3) against what others compute them by on a processor.

``python benchmarks/peers.py`` in the environment of ``make peers`` prints one table and writes it
to ``benchmarks/results``. One thread, float32. Before anything is timed, each peer's matrices are
compared with groupae's in a common basis. Peers are given the angles or quaternions that they start
from, whose computation is not timed; groupae starts from rotation matrices.

e3nn
    ``wigner_D``, by matrix exponentials; the angles are timed, as it is made for matrices.
fairchem, J
    ``wigner_D`` of its models: two constant matrices J between three rotations about one axis.
fairchem, quaternions
    ``wigner_d_from_quaternion_hybrid`` of its models: polynomials of the quaternion's entries.
spherical
    ``Wigner.D``, a recursion compiled by numba; complex, in float64, one rotation after another.
cuEquivariance
    ``Rotation``, which is made for GPUs; on a processor it multiplies segment by segment.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import itertools
import math
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from representations import acting_step, e3nn_matrices, e3nn_step, matrices, sum_text
from timing import Call, Comparison, run, set_up
from torch import Tensor

from groupae import SO3

warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", message="Segments are not the same shape")
warnings.filterwarnings("ignore", message="cuequivariance_ops_torch is not available")

_TOLERANCE = 1e-4
_LIBRARIES = ("e3nn", "fairchem-core", "spherical", "cuequivariance-torch")
_UMA = "fairchem.core.models.uma"
J, QUATERNIONS, SPHERICAL = "fairchem, J", "fairchem, quaternions", "spherical"


def fairchem_module(name: str) -> Any:
    """Return a module of fairchem's models, without what the package imports at its top.

    The modules need torch alone; the package would import calculators and data bases.
    """
    if "fairchem.core" not in sys.modules:
        package = types.ModuleType("fairchem.core")
        package.__path__ = [str(_fairchem_folder())]
        sys.modules["fairchem.core"] = package
    return importlib.import_module(f"{_UMA}.common.{name}")


def _fairchem_folder() -> Path:
    spec = importlib.util.find_spec("fairchem")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations))) / "core"


def fairchem_matrices(g: Tensor, highest: int) -> Callable[[], list[Tensor]]:
    """Return a call of fairchem's matrices from Euler angles, and precomputed J."""
    from e3nn import o3

    rotation = fairchem_module("rotation")
    constants = torch.load(_fairchem_folder() / "models/uma/Jd.pt", weights_only=True)
    constants = [constant.to(g.dtype) for constant in constants]
    angles = o3.matrix_to_angles(g)
    return lambda: [rotation.wigner_D(degree, *angles, constants) for degree in range(highest + 1)]


def fairchem_from_quaternions(g: Tensor, highest: int) -> Callable[[], list[Tensor]]:
    """Return a call of fairchem's matrices from quaternions, one block diagonal per rotation."""
    hybrid = fairchem_module("quaternion.wigner_d_hybrid").wigner_d_from_quaternion_hybrid
    utilities = fairchem_module("quaternion.quaternion_wigner_utils")
    data = utilities.create_wigner_data_module(highest).to(g.dtype)
    quat = SO3().convert(g, from_="matrix", to="quat_wxyz")
    parts = data.coeffs, data.U_blocks, data.custom_kernels

    def call() -> list[Tensor]:
        whole = hybrid(quat, highest, *parts)
        ends = [degree**2 for degree in range(highest + 2)]
        return [whole[:, a:b, a:b] for a, b in itertools.pairwise(ends)]

    return call


def spherical_matrices(g: Tensor, highest: int) -> Callable[[], NDArray[Any]]:
    """Return a call of spherical's complex matrices, one row of numbers per rotation."""
    import spherical

    # its polar axis is z, that of groupae's basis is y
    quat = SO3().convert(g.double(), from_="matrix", to="quat_wxyz")[:, [0, 3, 1, 2]].numpy()
    wigner = spherical.Wigner(highest)
    out = np.zeros((len(quat), wigner.Dsize), dtype=complex)
    space = wigner.new_workspace()
    return lambda: wigner.D(quat, out=out, workspace=space)


def real_matrices(rows: NDArray[Any], highest: int) -> list[Tensor]:
    """Return spherical's matrices in groupae's real basis."""
    found, start = [], 0
    for degree in range(highest + 1):
        size = 2 * degree + 1
        block = rows[:, start : start + size**2].reshape(-1, size, size)
        start += size**2
        basis = _real_basis(degree)
        found.append(torch.from_numpy((basis @ block @ basis.conj().T).real))
    return found


def _real_basis(degree: int) -> NDArray[Any]:
    """Return real spherical harmonics as combinations of complex ones."""
    basis = np.zeros((2 * degree + 1, 2 * degree + 1), dtype=complex)
    basis[degree, degree] = 1
    for k in range(1, degree + 1):
        sign, up, down = (-1) ** k, degree + k, degree - k
        basis[up, [up, down]] = sign / math.sqrt(2), 1 / math.sqrt(2)
        basis[down, [up, down]] = -1j * sign / math.sqrt(2), 1j / math.sqrt(2)
    return basis


def check(name: str, ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> None:
    """Raise if a peer's tensors are not groupae's."""
    for own, other in zip(ours, theirs, strict=True):
        error = float((own - other).detach().abs().max())
        assert error < _TOLERANCE, f"{name} differs from groupae by {error:.1e}"


def wigner(batch: int, highest: int, *, e3nn: float, fastest: float) -> Comparison:
    """Compare all Wigner matrices up to a degree with those of every peer."""
    g = SO3().sample(batch)
    peers: dict[str, Call] = {
        "e3nn": lambda: e3nn_matrices(g, highest),
        J: fairchem_matrices(g, highest),
        QUATERNIONS: fairchem_from_quaternions(g, highest),
        SPHERICAL: spherical_matrices(g, highest),
    }
    ours = matrices(g, highest)
    for name, call in peers.items():
        found: Any = call()
        check(name, ours, real_matrices(found, highest) if name == SPHERICAL else found)
    return Comparison(
        f"Wigner matrices, l <= {highest}, batch {batch}",
        lambda: matrices(g, highest),
        peers,
        {"e3nn": e3nn, **dict.fromkeys((J, QUATERNIONS, SPHERICAL), fastest)},
        weight=2,
    )


def fairchem_step(copies: int, highest: int, *, batch: int) -> Call:
    """Return a step, forward and backward to z, with fairchem's J and one einsum per irrep."""
    call = fairchem_matrices(SO3().sample(batch), highest)
    sizes = [2 * degree + 1 for degree in range(highest + 1)]
    blocks = [torch.randn(batch, size, copies, requires_grad=True) for size in sizes]
    grads = [torch.randn(batch, size, copies) for size in sizes]

    def step() -> Sequence[Tensor]:
        pairs = zip(call(), blocks, strict=True)
        moved = [torch.einsum("nij,njm->nim", matrix, block) for matrix, block in pairs]
        return torch.autograd.grad(moved, blocks, grads)

    return step


def cuequivariance_step(copies: int, highest: int, *, batch: int) -> Call:
    """Return a step, forward and backward to z, of cuEquivariance's rotation."""
    import cuequivariance as cue
    import cuequivariance_torch as cuet
    from e3nn import o3

    rho, g = SO3().rep(sum_text(copies, highest)), SO3().sample(batch)
    irreps = cue.Irreps("SO3", sum_text(copies, highest))
    rotation = cuet.Rotation(irreps, layout=cue.ir_mul)
    alpha, beta, gamma = o3.matrix_to_angles(g)
    z, grad = torch.randn(batch, rho.dim, requires_grad=True), torch.randn(batch, rho.dim)
    check("cuEquivariance", [rho.act(g, z)], [rotation(gamma, beta, alpha, z)])
    return lambda: torch.autograd.grad(rotation(gamma, beta, alpha, z), [z], grad)


def acting(copies: int, highest: int, batch: int) -> Comparison:
    """Compare the application of a sum of irreps, forward and backward to z."""
    return Comparison(
        f"act {copies}x(0..{highest}), batch {batch}, forward + backward to z",
        acting_step(copies, highest, batch=batch),
        {
            "e3nn": e3nn_step(copies, highest, batch=batch),
            J: fairchem_step(copies, highest, batch=batch),
            "cuEquivariance": cuequivariance_step(copies, highest, batch=batch),
        },
        weight=3,
    )


def rows() -> Iterator[Comparison]:
    """Yield all comparisons."""
    yield wigner(1024, 10, e3nn=200, fastest=20)
    yield wigner(1024, 6, e3nn=60, fastest=20)
    yield wigner(64, 6, e3nn=150, fastest=12)
    yield acting(16, 6, 64)
    yield acting(16, 6, 1024)


if __name__ == "__main__":
    seconds = set_up(__doc__)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    run("peers", rows(), seconds=seconds, about={"peers": versions})
