r"""Logarithms by a maximal torus, for principal logarithms outside the algebra.

In a compact connected group every element lies in a maximal torus, so has a logarithm: there the
equations are linear, up to multiples of :math:`2 \pi`. A generic member Y of the algebra that the
element commutes with determines one such torus. Jacobi rotations, one for each root, turn Y into a
fixed torus, whose lattice of weights is known; the shortest of all solutions is chosen. It is the
principal logarithm where that lies in the algebra.

References:
    M. Kleinsteuber, U. Helmke and K. Hueper, Jacobi's algorithm on compact Lie algebras, SIAM J.
    Matrix Anal. Appl. 26 (2004), 42-69.
"""

from __future__ import annotations

import dataclasses
import fractions
import itertools
import math

import torch
from torch import Tensor

from groupae.groups.class_algebra import generic_numbers
from groupae.groups.constants import Constant
from groupae.groups.matrices import unit_like

__all__ = ["MaximalTorus"]

_SWEEPS = 8  # of Jacobi rotations, which converge quadratically
_CANDIDATES = 2  # number of generic members tried
_SAME = 1e-8  # relative: largest eigenvalue that counts as 0
_DENOMINATORS = 1000  # largest ones of weights in terms of independent weights
_WHOLE = 1e-8  # tolerance of fractions; other numbers are as near once in 50000 times
_MOST_COMBINED = 4  # largest rank for which all small combinations are tried


@dataclasses.dataclass(frozen=True)
class MaximalTorus:
    """A maximal torus of the compact part of a Lie algebra of matrices.

    Args:
        algebra: Orthonormal basis of the skew-symmetric members, ``(m, n, n)``.
        starts: Coordinates of a few generic members, ``(c, m)``.
        torus: Orthonormal basis of a maximal commuting subalgebra, ``(r, n, n)``.
        planes: Two members per root that span its plane, ``(p, 2, n, n)``.
        axes: Member of the torus that spans an SU(2) with them, of norm 1, ``(p, n, n)``.
        speeds: Norm of each root, ``(p,)``.
        weights: Common eigenvectors of the torus, real and imaginary part, ``(2, n, n)``.
        characters: Integer combinations of the phases that are a basis of characters, ``(r, n)``.
        cocharacters: Dual basis, in coordinates of the torus, ``(r, r)``.
        periods: Short members of the torus with exponential 1, ``(s, r)``.
    """

    algebra: Constant
    starts: Constant
    torus: Constant
    planes: Constant
    axes: Constant
    speeds: tuple[float, ...]
    weights: Constant
    characters: Constant
    cocharacters: Constant
    periods: Constant

    @classmethod
    def of(cls, algebra: Tensor) -> MaximalTorus | None:
        """Return a torus, or ``None`` if no member is skew or the group of the torus is not closed.

        Args:
            algebra: Basis of a Lie algebra, ``(k, n, n)``, float64.
        """
        skew = _skew_part(algebra)
        if not len(skew):
            return None
        torus, planes, roots = _root_planes(skew)
        weights, values = _weights(torus)
        lattice = _character_basis(values)
        if lattice is None:
            return None
        characters, cocharacters = _reduced(*lattice)
        speeds = roots.norm(dim=1)
        axes = torch.einsum("pr,rij->pij", roots / speeds[:, None], torus)
        periods = 2 * math.pi * _short_combinations(len(torus)) @ cocharacters.mT
        both = torch.view_as_real(weights).movedim(-1, 0)
        starts = generic_numbers(_CANDIDATES * len(skew), 1).reshape(_CANDIDATES, -1)
        return cls(
            Constant(skew),
            Constant(starts),
            Constant(torus),
            Constant(planes),
            Constant(axes),
            tuple(speeds.tolist()),
            Constant(both),
            Constant(characters),
            Constant(cocharacters),
            Constant(periods),
        )

    def log(self, g: Tensor, accuracy: Tensor) -> Tensor:
        """Return members of the algebra whose exponentials are near g, ``(c, *batch, n, n)``.

        Args:
            g: Float64 matrices that commute with their transposes, ``(*batch, n, n)``.
            accuracy: Relative error of the entries of each, ``(*batch,)``.
        """
        g, stretch = _polar(g)
        y = self._commuting(g, stretch, accuracy)
        turn = self._turned_into_torus(y)
        there = turn @ g @ turn.mT
        real, imaginary = self.weights.like(g).unbind(0)
        vectors = torch.complex(real, imaginary)
        values = (vectors.conj() * (there.to(vectors.dtype) @ vectors)).sum(-2)
        phases = values.angle() @ self.characters.like(g).mT
        phases = phases - 2 * math.pi * (phases / (2 * math.pi)).round()
        inside = self._shortest(phases @ self.cocharacters.like(g).mT)
        x = torch.einsum("...r,rij->...ij", inside, self.torus.like(g))
        return turn.mT @ x @ turn + stretch

    def _commuting(self, g: Tensor, stretch: Tensor, accuracy: Tensor) -> Tensor:
        """Return a few generic members of norm 1 that commute with g and with ``stretch``."""
        basis = self.algebra.like(g)
        moved = g[..., None, :, :] @ basis @ g.mT[..., None, :, :] - basis
        aside = stretch[..., None, :, :] @ basis - basis @ stretch[..., None, :, :]
        equations = torch.cat([moved.flatten(-2), aside.flatten(-2)], -1).mT
        vh: Tensor
        _, values, vh = torch.linalg.svd(equations, full_matrices=False)
        # weighted, not cut at a rank: the better an equation holds, the more it counts
        weight = 1 / (1 + (values / accuracy[..., None]).square())
        weight = weight / weight.amax(-1, keepdim=True)
        parts = torch.einsum("...ij,cj->c...i", vh, self.starts.like(g)) * weight
        y = torch.einsum("c...i,...ij->c...j", parts, vh)
        y = y / y.norm(dim=-1, keepdim=True).clamp(min=1e-300)
        return torch.einsum("c...m,mij->c...ij", y, basis)

    def _turned_into_torus(self, y: Tensor) -> Tensor:
        """Return elements of the group that conjugate each member into the torus."""
        turn = unit_like(y).expand_as(y)
        roots = list(zip(self.planes.like(y), self.axes.like(y), self.speeds, strict=True))
        for _ in range(_SWEEPS if len(roots) > 1 else min(len(roots), 2)):
            for (first, second), axis, speed in roots:
                a, b, c = ((y * x).sum((-2, -1)) for x in (first, second, axis))
                size = torch.hypot(a, b)
                angle = torch.atan2(size, c.abs()) * torch.where(c < 0, 1.0, -1.0)
                scale = angle / (speed * size.clamp(min=1e-300))
                step = (-b * scale)[..., None, None] * first + (a * scale)[..., None, None] * second
                rotation = torch.linalg.matrix_exp(step)
                y = rotation @ y @ rotation.mT
                turn = rotation @ turn
        return turn

    def _shortest(self, x: Tensor) -> Tensor:
        """Return the shortest members of the torus with the same exponentials."""
        periods = self.periods.like(x)
        for _ in range(len(self.torus) + 1):
            every = x[..., None, :] + periods
            best = every.square().sum(-1).argmin(-1)[..., None, None]
            x = every.gather(-2, best.expand(*x.shape[:-1], 1, x.shape[-1]))[..., 0, :]
        return x


def _polar(g: Tensor) -> tuple[Tensor, Tensor]:
    """Return the orthogonal factor of g and the logarithm of its right symmetric factor."""
    u, values, vh = torch.linalg.svd(g)
    logs = values.clamp(min=1e-300).log()
    stretch = vh.mT @ (logs[..., None] * vh)
    return u @ vh, stretch


def _skew_part(algebra: Tensor) -> Tensor:
    """Return an orthonormal basis of the skew-symmetric members."""
    flat = algebra.flatten(1)
    symmetric = (algebra + algebra.mT).flatten(1)
    size = flat.norm(dim=1, keepdim=True)
    u, values, _ = torch.linalg.svd(symmetric / size, full_matrices=True)
    rank = int((values > _SAME).sum())
    inside = u[:, rank:].mT @ (flat / size)
    if not len(inside):
        return algebra[:0]
    basis: Tensor
    _, _, basis = torch.linalg.svd(inside, full_matrices=False)
    basis = basis.reshape(-1, *algebra.shape[1:])
    return (basis - basis.mT) / 2


def _root_planes(skew: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a maximal torus, the plane of each positive root, and the roots on the torus."""
    generic = torch.einsum("m,mij->ij", generic_numbers(len(skew), 0), skew)
    moved = generic @ skew - skew @ generic
    ad = moved.flatten(1) @ skew.flatten(1).mT  # antisymmetric: row i is [Y, K_i]
    values, vectors = torch.linalg.eigh(1j * ad.mT)
    scale = max(1.0, float(values.abs().amax()))
    still = vectors[:, values.abs() <= _SAME * scale]
    both = torch.cat([still.real, still.imag], 1)
    u, _, _ = torch.linalg.svd(both, full_matrices=False)
    torus = torch.einsum("mr,mij->rij", u[:, : still.shape[1]], skew)
    up = vectors[:, values > _SAME * scale] * math.sqrt(2)
    planes = torch.stack([up.real, up.imag], 1)  # [Y, first] = root(Y) second
    planes = torch.einsum("mcp,mij->pcij", planes, skew)
    first, second = planes.unbind(1)
    turned = torus[None] @ first[:, None] - first[:, None] @ torus[None]
    return torus, planes, (turned * second[:, None]).sum((-2, -1))


def _weights(torus: Tensor) -> tuple[Tensor, Tensor]:
    """Return common eigenvectors as columns ``(n, n)``, and the weights of each ``(n, r)``."""
    generic = torch.einsum("r,rij->ij", generic_numbers(len(torus), 2), torus)
    _, vectors = torch.linalg.eigh(-1j * generic)
    moved = torus.to(vectors.dtype) @ vectors
    return vectors, (vectors.conj() * moved).sum(1).imag.mT


def _character_basis(weights: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return integers ``(r, n)`` that combine weights to a basis, and its dual ``(r, r)``.

    ``None`` if the weights are in no lattice: the exponentials are then dense in a larger torus.
    """
    rows: list[int] = []
    rest = weights.clone()
    for _ in range(weights.shape[1]):  # take the longest remaining weight, project it out
        rows.append(int(rest.norm(dim=1).argmax()))
        axis = rest[rows[-1]] / rest[rows[-1]].norm()
        rest = rest - (rest @ axis)[:, None] * axis
    coefficients = weights @ torch.linalg.inv(weights[rows])
    for denominator in range(1, _DENOMINATORS + 1):
        whole = (denominator * coefficients).round()
        if bool(((denominator * coefficients - whole).abs() <= _WHOLE).all()):
            break
    else:
        return None
    basis, combinations = _lattice_basis(whole.long().tolist())
    exact = torch.tensor(basis, dtype=torch.float64) / denominator
    dual: Tensor = torch.linalg.inv(exact @ weights[rows])
    return torch.tensor(combinations, dtype=torch.float64), dual


def _lattice_basis(rows: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """Return a basis of all integer combinations of rows, and its integer coefficients."""
    n, width = len(rows), len(rows[0])
    joined = [row + [int(i == j) for j in range(n)] for i, row in enumerate(rows)]
    done: list[list[int]] = []
    for column in range(width):
        while True:  # Euclid's algorithm on the entries of one column
            live = [row for row in joined if row[column]]
            if len(live) <= 1:
                break
            least = min(live, key=lambda row: abs(row[column]))
            for row in live:
                if row is not least:
                    factor = round(fractions.Fraction(row[column], least[column]))
                    row[:] = [x - factor * y for x, y in zip(row, least, strict=True)]
        done += live
        joined = [row for row in joined if not row[column]]
    return [row[:width] for row in done], [row[width:] for row in done]


def _reduced(characters: Tensor, cocharacters: Tensor) -> tuple[Tensor, Tensor]:
    """Return a basis of shorter cocharacters (columns), and the dual characters."""
    characters, cocharacters = characters.clone(), cocharacters.clone()
    rank, changed = len(characters), True
    while changed:
        changed = False
        for i, j in itertools.permutations(range(rank), 2):
            one, other = cocharacters[:, i], cocharacters[:, j]
            factor = torch.round(one @ other / (other @ other) * (1 - 1e-9))
            if factor != 0:
                cocharacters[:, i] = one - factor * other
                characters[j] += factor * characters[i]
                changed = True
    return characters, cocharacters


def _short_combinations(rank: int) -> Tensor:
    """Return vectors of -1, 0 and 1, zero first: all, or those with at most two entries."""
    every = itertools.product((0, 1, -1), repeat=rank) if rank <= _MOST_COMBINED else None
    if every is None:
        pairs = itertools.combinations(range(rank), 2)
        eye = torch.eye(rank, dtype=torch.float64)
        two = [s * eye[i] + t * eye[j] for i, j in pairs for s in (1, -1) for t in (1, -1)]
        return torch.stack([0 * eye[0], *eye, *-eye, *two])
    return torch.tensor(list(every), dtype=torch.float64)
