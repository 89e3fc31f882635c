r"""Irreps of the symmetric groups by real orthogonal matrices: Young's orthogonal form.

A partition of n names an irrep, written ``[3,1]``. Its basis is the standard Young tableaux of
that shape. The adjacent transposition of k and k + 1 keeps the plane spanned by a tableau T and
the tableau T' in which the two numbers are exchanged:

.. math:: \rho(s_k)\, T = \frac{1}{r}\, T + \sqrt{1 - \frac{1}{r^2}}\; T'

where r is the axial distance, the content (column minus row) of k + 1 less that of k. Any other
element is a product of adjacent transpositions. Odd-even transposition sort finds one without a
branch: n rounds of conditional swaps, at the same positions for every element of a batch.

References:
    G. James and A. Kerber, The Representation Theory of the Symmetric Group, 1981, section 3.3.
    J. S. Frame, G. de B. Robinson and R. M. Thrall, The hook graphs of the symmetric group, 1954.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

__all__ = [
    "Partition",
    "partitions",
    "sorting_swaps",
    "standard_tableaux",
    "tableau_count",
    "young_act",
    "young_form",
    "young_numbers",
]

Partition = tuple[int, ...]


def partitions(n: int, largest: int | None = None) -> Iterator[Partition]:
    """Yield the partitions of ``n`` into parts of at most ``largest``, largest parts first."""
    if n == 0:
        yield ()
    for first in range(min(n, n if largest is None else largest), 0, -1):
        for rest in partitions(n - first, first):
            yield (first, *rest)


def tableau_count(partition: Partition) -> int:
    """Return the number of standard tableaux, the degree, by the hook length formula."""
    columns = [sum(row > j for row in partition) for j in range(partition[0])]
    hooks = (row - j + columns[j] - i - 1 for i, row in enumerate(partition) for j in range(row))
    return math.factorial(sum(partition)) // math.prod(hooks)


def standard_tableaux(partition: Partition) -> list[tuple[int, ...]]:
    """Return the standard tableaux, each as the rows of 0, 1, 2, ... in it."""
    if not partition:
        return [()]
    corners = [
        i for i, row in enumerate(partition) if i + 1 == len(partition) or row > partition[i + 1]
    ]
    found = []
    for i in corners:
        smaller = (*partition[:i], partition[i] - 1, *partition[i + 1 :])
        rest = smaller if smaller[-1] else smaller[:-1]
        found += [(*rows, i) for rows in standard_tableaux(rest)]
    return found


@functools.lru_cache(maxsize=64)
def young_numbers(partition: Partition) -> tuple[list[list[list[float]]], list[list[int]]]:
    """Return `young_form` as nested lists, which tracers of tensors leave alone."""
    n, tableaux = sum(partition), standard_tableaux(partition)
    place = {rows: i for i, rows in enumerate(tableaux)}
    coefficients = [[[0.0] * len(tableaux) for _ in range(n - 1)] for _ in range(2)]
    partners = [[0] * len(tableaux) for _ in range(n - 1)]
    for i, rows in enumerate(tableaux):
        contents = [rows[:k].count(row) - row for k, row in enumerate(rows)]
        for k in range(n - 1):
            inverse = 1 / (contents[k + 1] - contents[k])
            exchanged = (*rows[:k], rows[k + 1], rows[k], *rows[k + 2 :])
            coefficients[0][k][i] = inverse
            coefficients[1][k][i] = math.sqrt(1 - inverse * inverse)
            partners[k][i] = place.get(exchanged, i)
    return coefficients, partners


@functools.lru_cache(maxsize=64)
def young_form(partition: Partition) -> tuple[Tensor, Tensor]:
    """Return the adjacent transpositions of ``k`` and ``k + 1``, sparse, for k = 0..n-2.

    Returns:
        Coefficients ``1 / r`` and ``sqrt(1 - 1 / r^2)`` in float64, shape ``(2, n - 1, d)``, and
        the position of the tableau with the two numbers exchanged, int64, shape ``(n - 1, d)``:
        of the tableau itself where that is not standard, with the second coefficient zero.
    """
    coefficients, partners = young_numbers(partition)
    d = len(standard_tableaux(partition))
    numbers = torch.tensor(coefficients, dtype=torch.float64).reshape(2, -1, d)
    return numbers, torch.tensor(partners, dtype=torch.int64).reshape(-1, d)


def sorting_swaps(images: Tensor) -> list[tuple[int, Tensor]]:
    """Return the swaps of an odd-even transposition sort of permutations.

    Args:
        images: Permutations as images, integer, shape ``(*batch, n)``.

    Returns:
        Pairs of a position k and a mask ``(*batch,)``: whether the entries at k and k + 1 are
        swapped. With s1, s2, ... the swaps in their order, ``p s1 s2 ... sm`` is the identity, so
        ``p = sm ... s2 s1``.
    """
    entries = list(images.unbind(-1))
    swaps = []
    for turn in range(len(entries)):
        for k in range(turn % 2, len(entries) - 1, 2):
            first, second = entries[k], entries[k + 1]
            swaps.append((k, first > second))
            entries[k] = torch.minimum(first, second)
            entries[k + 1] = torch.maximum(first, second)
    return swaps


def young_act(
    coefficients: Tensor, partners: Tensor, swaps: Sequence[tuple[int, Tensor]], x: Tensor
) -> Tensor:
    """Apply a permutation, given by its swaps, to vectors of an irrep in Young's form.

    Args:
        coefficients: From `young_form`.
        partners: From `young_form`.
        swaps: From `sorting_swaps`; masks of shape ``(*batch,)``.
        x: Shape ``(*batch, d, m)``.

    Returns:
        Shape of ``x``, batch axes broadcast.
    """
    own, other = coefficients.to(x).unbind(0)
    for k, swap in swaps:
        mask = swap[..., None]
        keep = torch.where(mask, own[k], 1.0)[..., None]
        exchange = torch.where(mask, other[k], 0.0)[..., None]
        x = keep * x + exchange * x.index_select(-2, partners[k])
    return x
