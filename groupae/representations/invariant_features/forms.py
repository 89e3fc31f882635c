r"""Invariant bilinear and trilinear forms of irreps, in bases that do not depend on chance.

The bilinear invariant forms on a real irrep are :math:`x^\top J y` with J in its commutant: the
real numbers, the complex ones or the quaternions. The trilinear ones on three irreps are the
Clebsch-Gordan maps of the first two into the third.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from groupae.groups import Product
from groupae.groups.constants import Constant
from groupae.groups.products.product import whole_label
from groupae.representations.algebra import TensorProduct
from groupae.representations.base import Representation
from groupae.representations.haar_average import averaged_intertwiners
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["canonical_basis", "commutant_units", "symmetrised", "trilinear_forms"]

_RANK_TOLERANCE = 1e-7  # of Haar averages, as in `groupae.representations.haar_average`
_TIE = 1e-6  # entries as nearly equal as this are taken in their order
_MOST_TRACED = 2000  # elements of a finite group over which characters are averaged


def canonical_basis(rows: Tensor) -> Tensor:
    """Return an orthonormal basis of the span of rows that depends on the span alone.

    It is Gram and Schmidt's of the projections of unit vectors, taken by pivoting.

    Args:
        rows: Shape ``(k, *shape)``, of any rank.

    Returns:
        Shape ``(rank, *shape)``.
    """
    flat = rows.flatten(1)
    vh: Tensor
    _, values, vh = torch.linalg.svd(flat, full_matrices=False)
    q = vh[values > _RANK_TOLERANCE * values.amax().clamp(min=1)] if len(flat) else flat
    left = q.square().sum(0)
    found = flat.new_zeros(0, flat.shape[1])
    for _ in range(len(q)):
        pivot = int((left > left.amax() - _TIE).int().argmax())
        row = q.mT @ q[:, pivot]
        for _ in range(2):  # twice is enough
            row = row - found.mT @ (found @ row)
        row = row / torch.linalg.vector_norm(row)
        found = torch.cat([found, row[None]])
        left = left - row.square()
    return found.reshape(-1, *rows.shape[1:])


@functools.lru_cache(maxsize=512)
def commutant_units(irrep: Representation) -> Constant:
    """Return the imaginary units J of the commutant of an orthogonal irrep.

    They are orthogonal and antisymmetric: none for the real type, one for the complex type, three
    that anticommute for the quaternionic type.

    Returns:
        Shape ``(0 | 1 | 3, d, d)``.
    """
    d = irrep.dim
    if isinstance(irrep, IrrepSum) and irrep.group.irreps.commutant_dim(irrep.labels[0]) == 1:
        return Constant(torch.zeros(0, d, d, dtype=torch.float64))
    commuting = averaged_intertwiners(irrep, irrep)
    commuting = commuting - commuting.mT  # the real part is symmetric, the imaginary one not
    # the first entry of the first column is positive: (x, y) becomes (-y, x) for turns
    return Constant(-canonical_basis(commuting) * math.sqrt(d))


@functools.lru_cache(maxsize=4096)
def trilinear_forms(a: Representation, b: Representation, c: Representation) -> Constant:
    """Return an orthonormal basis of the invariant trilinear forms on three irreps.

    Returns:
        Shape ``(n, a.dim, b.dim, c.dim)``; n may be 0.
    """
    shape = (a.dim, b.dim, c.dim)
    isometries = _known_coupling(a, b, c)
    if isometries is not None:
        units = torch.cat([torch.eye(c.dim, dtype=torch.float64)[None], commutant_units(c).values])
        forms = torch.einsum("nijk,ukl->nuijl", isometries, units).flatten(0, 1)
    elif _are_none(a, b, c):
        forms = torch.zeros(0, *shape, dtype=torch.float64)
    else:
        maps = averaged_intertwiners(TensorProduct.of(a, b), c)
        forms = maps.reshape(-1, c.dim, a.dim, b.dim).permute(0, 2, 3, 1)
    return Constant(canonical_basis(forms))


def _known_coupling(a: Representation, b: Representation, c: Representation) -> Tensor | None:
    """Return the isometries of c in the product of a and b if there is a formula for them."""
    labels = []
    for irrep in (a, b, c):
        if not isinstance(irrep, IrrepSum) or not irrep.group.irreps.is_complete:
            return None
        labels.append(irrep.labels[0])
    third = labels[2]
    if isinstance(a.group, Product) and whole_label(third) != third:
        return None  # half of a listed product: formulas name the product
    return a.group.irreps.coupling(*labels)


def _are_none(a: Representation, b: Representation, c: Representation) -> bool:
    """Return whether characters show that a finite group has no form on three irreps."""
    group = a.group
    if group.order is None or group.order > _MOST_TRACED:
        return False
    g = group.elements()
    traces = [irrep.character(g, torch.float64) for irrep in (a, b, c)]
    return bool(torch.stack(traces).prod(0).mean() < 0.5)


def symmetrised(forms: Tensor, slots: Sequence[int]) -> Tensor:
    """Return a basis of the forms that are left when equal vectors stand in some slots.

    Args:
        forms: Shape ``(n, d, d, e)``, closed under exchanges of these slots.
        slots: Slots with equal vectors, counted from 0.
    """
    total = torch.zeros_like(forms)
    for order in itertools.permutations(slots):
        axes = [0, 1, 2]
        for slot, other in zip(slots, order, strict=True):
            axes[slot] = other
        total = total + forms.permute(0, *(axis + 1 for axis in axes))
    return canonical_basis(total)
