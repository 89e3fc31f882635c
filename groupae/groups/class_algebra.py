r"""Minimal idempotents of the centre of the real group algebra of a finite group.

Functions on the group that are constant on conjugacy classes and on inverses commute under
convolution. Their minimal idempotents :math:`e_\chi` correspond to the real irreps: convolving by
:math:`e_\chi` projects functions onto all copies of one. They are the common eigenvectors of the
convolutions by a few generic such functions, a problem of the size of the number of classes.

References:
    Schneider, Dixon's character table algorithm revisited, J. Symbolic Comput. 9 (1990), 601-606.
"""

from __future__ import annotations

import dataclasses
import functools

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups.matrices import nearer_isometry

__all__ = ["Centre", "generic_numbers", "ideals"]

_OPERATORS = 6  # no two eigenvectors have nearly equal values under all of them
_REFINEMENTS = 3


@dataclasses.dataclass(frozen=True)
class Centre:
    """The minimal idempotents of the real centre, the trivial one among them.

    Args:
        shapes: The idempotents divided by their value at the identity, shape ``(k, n)``.
        sizes: The dimension of the ideal that each generates.
    """

    shapes: Tensor
    sizes: list[int]


@functools.lru_cache(maxsize=64)
def generic_numbers(n: int, seed: int) -> Tensor:
    """Return fixed generic numbers in [-1, 1], the same on every machine."""
    state, numbers = 1 + seed, []
    for _ in range(n + 8):  # Lehmer's generator in whole numbers; the first few are small
        state = state * 48271 % (2**31 - 1)
        numbers.append(2 * state / (2**31 - 1) - 1)
    return torch.tensor(numbers[8:], dtype=torch.float64)


def _real_classes(product: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
    """Return one element per conjugacy class (with inverses), and the class of each element."""
    least = product[product, inverse[:, None]].amin(0)  # over g of g h g^-1
    least = torch.minimum(least, least[inverse])
    first, of = least.unique(return_inverse=True)
    return first, of


def ideals(product: Tensor, inverse: Tensor) -> Centre:
    """Return the minimal idempotents of the centre of a group with these products.

    Raises:
        ValueError: If numerical errors hide the difference between two of them.
    """
    n = len(product)
    first, of = _real_classes(product, inverse)
    size = torch.bincount(of).to(torch.float64)
    quotients = product[first][:, inverse]  # d y^-1 for a d of each class and every y
    operators = []
    for seed in range(_OPERATORS):
        weight = generic_numbers(len(first), 2 * seed + 1) / size.sqrt()
        sums = torch.zeros(len(first), len(first), dtype=torch.float64)
        sums.index_add_(1, of, weight[of][quotients])
        scaled = sums * size.sqrt()[:, None] / size.sqrt()
        operators.append((scaled + scaled.mT) / 2)
    vectors = _common_eigenvectors(torch.stack(operators))
    shapes = (vectors / size.sqrt()[:, None]).mT
    shapes = shapes / shapes[:, :1]  # class 0 is that of the identity
    exact = n / (size * shapes.square()).sum(1)
    sizes = [round(x) for x in exact.tolist()]
    if sum(sizes) != n or bool((exact - exact.round()).abs().amax() > 1e-6 * n):
        raise ValueError(expected("find_irreps", "ideals that fill the group algebra", "others"))
    return Centre(shapes[:, of], sizes)


def _common_eigenvectors(operators: Tensor) -> Tensor:
    """Return orthonormal common eigenvectors of commuting symmetric matrices."""
    vectors: Tensor
    _, vectors = torch.linalg.eigh(operators.sum(0))
    eye = torch.eye(len(vectors), dtype=torch.float64)
    for _ in range(_REFINEMENTS):  # one Newton step of simultaneous diagonalisation
        turned = vectors.mT @ operators @ vectors
        values = turned.diagonal(dim1=1, dim2=2)
        apart = values[:, :, None] - values[:, None, :]
        gaps = apart.square().sum(0) + eye
        step = -((turned * apart).sum(0) * (1 - eye)) / gaps
        vectors = vectors + vectors @ step
        vectors = nearer_isometry(vectors)
    return vectors
