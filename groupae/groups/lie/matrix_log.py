r"""Logarithms of matrices that lie in a given Lie algebra.

Two stages. `coarse_log` finds the principal logarithm to three digits, by square roots and a
series, without gradients. `newton_step` then solves :math:`\exp(v) = g` in the coordinates of the
algebra: with :math:`\exp(-v)\, g = 1 + r`,

.. math:: v \leftarrow v + J(v)^{-1} c(r),
    \qquad J(v) = \frac{1 - e^{-\mathrm{ad}\,v}}{\mathrm{ad}\,v}

where c are coordinates by least squares. It converges quadratically, so rounding errors of the
first stage vanish, and two steps from a solution have the right derivatives up to the third order.
The number of batched operations is fixed.

References:
    S. H. Cheng, N. J. Higham, C. S. Kenney and A. J. Laub, Approximating the logarithm of a
    matrix to specified accuracy, 2001: product form of the Denman-Beavers iteration, (3.6).
    A. Iserles, H. Z. Munthe-Kaas, S. P. Norsett and A. Zanna, Lie-group methods, 2000: the
    derivative of the exponential, section 2.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae.groups.matrices import largest_entry, unit_like
from groupae.kernels.exponential import matrix_exponential

__all__ = ["coarse_log", "exp_jacobian", "newton_step"]

# Steps of each root. The first takes most: eigenvalues near the negative axis converge slowly.
# Within about 1e-6 radian of it even twenty are not enough.
_ROOT_STEPS = (20, 10, 8)
_DAMPING = 0.7  # power of eps; rounding errors of the normal equations stay below 1e-8


def _square_root(a: Tensor, steps: int) -> Tensor:
    """Return the principal square root: the Denman-Beavers iteration in product form."""
    eye = unit_like(a)
    root = defect = a
    for _ in range(steps):
        inverse = torch.linalg.inv_ex(defect).inverse  # no error, so no sync, if singular
        root = root @ (eye + inverse) / 2
        defect = eye / 2 + (defect + inverse) / 4
    return root


def coarse_log(g: Tensor) -> Tensor:
    """Return the principal logarithm to about 1e-3, shape ``(*batch, n, n)``.

    NaN where the roots do not converge. Wrong if its norm is above about 15 (unless it is
    nilpotent).
    """
    eye = unit_like(g)
    root = g
    for steps in _ROOT_STEPS:
        root = _square_root(root, steps)
    power = root
    for _ in _ROOT_STEPS:
        power = power @ power
    converged = largest_entry(power - g) <= 0.1 * largest_entry(g)
    z = (root - eye) @ torch.linalg.inv_ex(root + eye).inverse
    square = z @ z
    series = eye / 11
    for odd in (9, 7, 5, 3, 1):  # log = 2 artanh z
        series = eye / odd + square @ series
    logarithm = 2 ** (len(_ROOT_STEPS) + 1) * (z @ series)
    return torch.where(converged[..., None, None], logarithm, math.nan)


def exp_jacobian(ad: Tensor) -> Tensor:
    r"""Return :math:`(1 - e^{-\mathrm{ad}}) / \mathrm{ad}`, shape ``(*batch, k, k)``.

    It is the mean of :math:`e^{-s\,\mathrm{ad}}` over s in [0, 1], and the upper right block of the
    exponential of ``[[-ad, 1], [0, 0]]``.
    """
    k = ad.shape[-1]
    upper = torch.cat([-ad, unit_like(ad).expand_as(ad)], -1)
    whole = torch.cat([upper, torch.zeros_like(upper)], -2)
    exponential = matrix_exponential(whole)
    return exponential[..., :k, k:]


def newton_step(v: Tensor, ad: Tensor, residual: Tensor, *, damped: bool) -> Tensor:
    """Return coordinates ``(*batch, k)`` after one Newton step.

    They are unchanged where the derivative of exp is singular, as at a logarithm of -1 in SU(2).

    Args:
        v: Coordinates, shape ``(*batch, k)``.
        ad: Adjoint matrix of the coordinates, shape ``(*batch, k, k)``.
        residual: Coordinates of ``exp(-v) g - 1``, shape ``(*batch, k)``.
        damped: Whether to use damped least squares, for a compact group, where the derivative is
            never large; else a step is taken whole or not at all.
    """
    jacobian = exp_jacobian(ad)
    eps = torch.finfo(ad.dtype).eps
    eye = unit_like(ad)
    # no torch.linalg.solve: its forward-mode derivative is wrong under vmap (torch 2.13)
    inverse: Tensor
    if damped:
        square = jacobian.mT @ jacobian + eps**_DAMPING * eye
        inverse = torch.linalg.inv_ex(square).inverse @ jacobian.mT
        for _ in range(2):  # each squares the relative error of the damping
            inverse = 2 * inverse - inverse @ jacobian @ inverse
    else:
        wild = ~(torch.linalg.inv_ex(jacobian.detach()).inverse.abs() < eps**-0.75)
        singular = wild.flatten(-2).any(-1)[..., None, None]
        inverse = torch.linalg.inv_ex(torch.where(singular, eye, jacobian)).inverse
        inverse = torch.where(singular, 0.0, inverse)
    return v + (inverse @ residual[..., None])[..., 0]
