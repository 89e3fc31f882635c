r"""Closed formulas for the decomposition of a product of two irreps.

A coupling is an irrep c of a (x) b with isometries C of shape ``(copies, dim a, dim b, dim c)``,
:math:`(\rho_a \otimes \rho_b)\, C = C\, \rho_c`. Frequencies add and subtract, like the exponents
of complex numbers; degrees of rotations of space run from \|a - b\| to a + b.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from groupae.groups.class_algebra import generic_numbers
from groupae.groups.irreps import IrrepLabel
from groupae.groups.lie.quaternions import matrix_from_euler_yxy
from groupae.groups.matrices import nearer_isometry

__all__ = ["couple_degrees", "couple_frequencies", "fold_frequency"]

Matrices = Callable[[Sequence[IrrepLabel], Tensor, torch.dtype], list[Tensor]]
_ELEMENTS_PER_COLUMN = 3  # well spread, they determine a column well


def fold_frequency(k: int, n: int | None = None) -> tuple[int, bool]:
    """Return the non-negative frequency (at most n / 2 modulo n), and whether its sign changed."""
    if n is None:
        return abs(k), k < 0
    k %= n
    return (n - k, True) if 2 * k > n else (k, False)


def couple_frequencies(
    a: tuple[int, int], b: tuple[int, int], n: int | None = None
) -> list[tuple[int, Tensor]]:
    """Return the frequencies in a product of two, with complex bilinear forms onto each.

    Args:
        a: Frequency and degree of the first: 2 for ``(x, y)`` read as ``x + iy``, 1 for a sign.
        b: Those of the second.
        n: Modulus of frequencies, if there is one.

    Returns:
        Frequencies and forms ``(dim a, dim b)``, whose real and imaginary parts have norm 1 or 0.
    """
    plane = torch.tensor([1, 1j], dtype=torch.complex128)
    first, second = plane[: a[1]], plane[: b[1]]
    forms = [(a[0] + b[0], torch.outer(first, second))]
    if a[1] == b[1] == 2:
        forms.append((a[0] - b[0], torch.outer(first, second.conj())))
    found = []
    for k, form in forms:
        frequency, turns_back = fold_frequency(k, n)
        form = (form.conj() if turns_back else form) / form.real.norm()
        found.append((frequency, form.resolve_conj()))
    return found


def couple_degrees(matrices: Matrices, a: int, b: int, c: int) -> Tensor:
    """Return the isometry of degree ``c`` into the product of ``a`` and ``b``.

    Vectors that are invariant under turns about the polar axis y are averaged with the zonal
    function of degree c over exact quadratures; the result is the image of the zonal vector. Its
    rotated copies give the other columns.

    Args:
        matrices: Function that returns the matrices of irreps.
        a: The first degree.
        b: The second.
        c: The third, in ``|a - b|..a + b``.

    Returns:
        Shape ``(2a + 1, 2b + 1, 2c + 1)``; its first large entry is positive.
    """
    around = torch.arange(a + b + 1, dtype=torch.float64) * (2 * math.pi / (a + b + 1))
    nodes, weights = (torch.from_numpy(x) for x in np.polynomial.legendre.leggauss(a + b + 1))
    count = _ELEMENTS_PER_COLUMN * (2 * c + 1)
    turns = torch.arange(count, dtype=torch.float64)
    tilts = (1 - (2 * turns + 1) / count).acos()  # a spiral of equal areas
    angles = torch.cat(
        [
            torch.stack([around, 0 * around, 0 * around], -1),
            torch.stack([0 * nodes, nodes.acos(), 0 * nodes], -1),
            torch.stack([turns * (math.pi * (3 - math.sqrt(5))), tilts, 0 * turns], -1),
        ]
    )
    sizes = [len(around), len(nodes), count]
    elements = matrix_from_euler_yxy(angles)
    left, right, third = (x.split(sizes) for x in matrices([a, b, c], elements, torch.float64))

    def average(part: int, x: Tensor, w: Tensor) -> Tensor:
        moved = left[part] @ x @ right[part].mT
        mean: Tensor = (moved * w[:, None, None]).sum(0)
        return mean

    uniform = torch.ones(len(around), dtype=torch.float64)
    zonal = third[1][:, c, c] * weights
    x = generic_numbers((2 * a + 1) * (2 * b + 1), 0).reshape(2 * a + 1, 2 * b + 1)
    x = average(0, average(1, average(0, x, uniform), zonal), uniform)
    moved = (left[2] @ (x / x.norm()) @ right[2].mT).flatten(1)
    columns = third[2][:, :, c]
    found: Tensor = torch.linalg.lstsq(columns, moved).solution.mT
    found = nearer_isometry(nearer_isometry(found))
    large = found.flatten()[(found.flatten().abs() > 1e-6).int().argmax()]
    return (found * large.sign()).reshape(2 * a + 1, 2 * b + 1, 2 * c + 1)
