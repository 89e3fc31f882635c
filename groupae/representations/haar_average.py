r"""Averages over a compact group, which project matrices onto intertwiners.

The Haar average :math:`X \mapsto \int \rho(g) X \sigma(g)^{-1} dg` projects any matrix onto the
intertwiners of sigma and rho. For a finite group it is a sum over the elements; for others it is
approached by averaging over fixed random elements again and again, which converges geometrically,
whatever the group. By Schur's lemma an intertwiner from an irrep is an isometry up to scale, and
its image is one copy of that irrep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import SO2, Product
from groupae.groups.irreps import IrrepLabel
from groupae.representations.base import Representation
from groupae.representations.irrep_sum import IrrepSum, Term

__all__ = [
    "averaged_intertwiners",
    "copies_inside",
    "haar_average",
    "require_compact",
    "unitarised",
]

_MOST_ELEMENTS = 2000  # a larger finite group is sampled: a sum over its elements is slower
_HALVINGS = 11  # frequencies below 2048 are averaged to 0
_MOST_ROUNDS = 100  # each halves the error or does better; rounding may keep it from 1e-12


def haar_average(rho: Representation, sigma: Representation, x: Tensor) -> Tensor:
    """Return the projections of ``x``, shape ``(k, rho.dim, sigma.dim)``, onto intertwiners."""
    group = rho.group
    if group.order is not None and group.order <= _MOST_ELEMENTS:
        return _average(rho, sigma, group.elements(), x)
    factors = group.factors if isinstance(group, Product) else (group,)
    if all(isinstance(factor, SO2) for factor in factors):  # exactly, by doubling a turn
        for step in _turns(len(factors)).reshape(-1, *group.element_shape):
            x = (x + _average(rho, sigma, step[None], x)) / 2
        return x
    g = group.sample(16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = math.inf
    for _ in range(_MOST_ROUNDS):
        averaged = _average(rho, sigma, g, x)
        moved = float((averaged - x).abs().amax())
        x = averaged
        scale = max(1.0, float(x.abs().amax()))
        if moved <= 1e-15 * scale or before <= moved <= 1e-12 * scale:
            break
        before = moved
    return x


def _turns(factors: int) -> Tensor:
    """Return turns by 1/2, 1/4, ... of a circle in each factor of a torus."""
    halvings = 2.0 ** -torch.arange(1, _HALVINGS + 1, dtype=torch.float64)
    each = 2 * math.pi * halvings[:, None, None] * torch.eye(factors, dtype=torch.float64)
    return each.flatten(0, 1)


def _average(rho: Representation, sigma: Representation, g: Tensor, x: Tensor) -> Tensor:
    """Return the mean of ``rho(g) x sigma(g)^-1``, computed in chunks of elements."""
    k, n, m = x.shape
    total = torch.zeros(n * k, m, dtype=torch.float64)
    vectors = x.transpose(0, 1).flatten(1)[None]  # (1, n, k m)
    for part in g.split(max(1, 2**22 // (k * n * m))):
        right = sigma.matrix(rho.group.inverse(part), torch.float64)  # (c, m, m)
        moved = rho._apply(part, vectors)  # (c, n, k m)
        moved = moved.unflatten(-1, (k, m)).movedim(0, 2).reshape(n * k, len(part) * m)
        total = total + moved @ right.flatten(0, 1)
    return torch.unflatten(total / len(g), 0, (n, k)).transpose(0, 1)


def require_compact(rho: Representation, what: str) -> None:
    """Raise `TypeError` unless the group of ``rho`` is compact."""
    if not rho.group.is_compact:
        remedy = "representations of other groups need not split; intertwiners() still works"
        raise TypeError(expected(what, "a compact group", rho.group, remedy))


def copies_inside(
    rho: Representation, label: IrrepLabel, known: Sequence[tuple[IrrepLabel, Tensor]] = ()
) -> Tensor:
    """Return embeddings of all copies of an irrep in ``rho``, shape ``(copies, rho.dim, d)``.

    The images are orthogonal to each other for the invariant inner product (the plain one if
    rho is orthogonal, which the caller has arranged), and to copies of others already known.
    """
    d = rho.group.irreps.dim(label)
    found = torch.zeros(0, rho.dim, d, dtype=torch.float64)
    if rho.dim < d:
        return found
    irrep, generator = IrrepSum(rho.group, (Term(1, label),)), torch.Generator().manual_seed(1)
    tries = 2
    while True:  # as long as every random start leads to a new copy, there may be more
        start = torch.randn(tries, rho.dim, d, generator=generator, dtype=torch.float64)
        for _, copies in known:
            u = copies.movedim(0, -1).flatten(1)
            start = start - u @ (u.mT @ start)
        fresh = _extract(haar_average(rho, irrep, start), found)
        found = torch.cat([found, fresh])
        if len(fresh) < tries:
            return found
        tries = 2 * tries


def _extract(x: Tensor, known: Tensor) -> Tensor:
    """Return isometries with images orthogonal to each other and to the known ones."""
    fresh: list[Tensor] = []
    for copy in known:
        x = x - copy @ (copy.mT @ x)
    while True:
        u, values, vh = torch.linalg.svd(x, full_matrices=False)
        best = int(values[:, -1].argmax())  # equal singular values, by Schur, if irreducible
        if values[best, -1] < 1e-7:
            return torch.stack(fresh) if fresh else known[:0]
        copy = u[best] @ vh[best]  # the isometry of the polar factors
        fresh.append(copy)
        for _ in range(2):
            x = x - copy @ (copy.mT @ x)  # what is left lies in the orthogonal complement


def unitarised(rho: Representation) -> tuple[Representation, Tensor]:
    """Return ``rho`` made orthogonal, ``S^-1 rho S``, and S; Weyl's averaged inner product."""
    if rho.is_orthogonal:
        return rho, torch.eye(rho.dim, dtype=torch.float64)
    form = haar_average(rho.dual, rho, torch.eye(rho.dim, dtype=torch.float64)[None])[0]
    values, vectors = torch.linalg.eigh((form + form.mT) / 2)
    if not values[0] > 1e-11 * values[-1]:
        what = "a basis of condition below 3e5"
        got = "invariant lengths that differ by more"
        raise ValueError(expected(f"decompose({rho})", what, got, "change_basis() it first"))
    root = (vectors * values.rsqrt()) @ vectors.mT
    return rho.change_basis((vectors * values.sqrt()) @ vectors.mT), root


def averaged_intertwiners(rho: Representation, sigma: Representation) -> Tensor:
    """Return an orthonormal basis of the equivariant maps, by averages of random matrices.

    It needs no irreps. Shape ``(k, sigma.dim, rho.dim)``.
    """
    generator, tries = torch.Generator().manual_seed(3), 4
    while True:  # as many as are found, there may be more
        shape = (min(tries, sigma.dim * rho.dim), sigma.dim, rho.dim)
        start = torch.randn(shape, generator=generator, dtype=torch.float64)
        averaged = haar_average(sigma, rho, start).flatten(1)
        vh: Tensor
        _, values, vh = torch.linalg.svd(averaged, full_matrices=False)
        rank = int((values > 1e-7).sum())
        if rank < tries:
            return vh[:rank].reshape(rank, sigma.dim, rho.dim)
        tries *= 4
