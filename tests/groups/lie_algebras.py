"""Generators of the classical compact groups, as real matrices."""

import itertools

import torch

__all__ = [
    "as_real",
    "block_sum",
    "orthogonal_algebra",
    "symplectic_algebra",
    "torus_algebra",
    "unitary_algebra",
]

DOUBLE = torch.float64


def as_real(z):
    """Return complex matrices acting on (real parts, imaginary parts)."""
    above = torch.cat([z.real, -z.imag], -1)
    return torch.cat([above, torch.cat([z.imag, z.real], -1)], -2)


def orthogonal_algebra(n):
    """Return generators of SO(n)."""
    units = torch.eye(n, dtype=DOUBLE)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    return torch.stack(
        [torch.outer(units[i], units[j]) - torch.outer(units[j], units[i]) for i, j in pairs]
    )


def _antihermitian(n):
    units = torch.eye(n, dtype=torch.complex128)
    found = []
    for i in range(n):
        for j in range(i):
            x = torch.outer(units[i], units[j])
            found += [x - x.mT, 1j * (x + x.mT)]
    return found, [1j * torch.outer(u, u) for u in units]


def unitary_algebra(n, *, special=False):
    """Return generators of U(n) or SU(n), on 2n real numbers."""
    mixed, diagonal = _antihermitian(n)
    if special:
        diagonal = [a - b for a, b in itertools.pairwise(diagonal)]
    return as_real(torch.stack(mixed + diagonal))


def symplectic_algebra(n):
    """Return generators of the compact Sp(n), on 4n real numbers: U(2n) that keeps J."""
    mixed, diagonal = _antihermitian(2 * n)
    every = torch.stack(mixed + diagonal)
    j = torch.zeros(2 * n, 2 * n, dtype=torch.complex128)
    j[:n, n:], j[n:, :n] = torch.eye(n), -torch.eye(n)
    off = torch.view_as_real(every.mT @ j + j @ every).flatten(1)
    u, values, _ = torch.linalg.svd(off)
    inside = u[:, int((values > 1e-9).sum()) :].mT
    return as_real(torch.einsum("ka,aij->kij", inside.to(every.dtype), every))


def torus_algebra(*weights):
    """Return generators that turn one plane for each row of weights."""
    planes = torch.tensor(weights, dtype=DOUBLE)
    j = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=DOUBLE)
    return torch.stack([torch.block_diag(*(w * j for w in column)) for column in planes.mT])


def block_sum(a, b):
    """Return generators of the product of two groups, side by side."""
    n, m = a.shape[-1], b.shape[-1]
    return torch.cat(
        [torch.nn.functional.pad(a, (0, m, 0, m)), torch.nn.functional.pad(b, (n, 0, n, 0))]
    )
