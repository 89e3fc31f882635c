r"""Matrix exponential by operations whose derivatives are exact to rounding too.

``torch.linalg.matrix_exp`` is not that. For one matrix of small norm a coefficient is wrong in 2.13
and 2.14 (1e-10 in float64, 2e-5 in float32). And its derivatives are read off the exponential of a
matrix of twice the size that holds the gradient: a large gradient, as of a scaled loss, scales that
matrix down too far, so that 65536 times a gradient differs from it by 1 % in float32.

Here Taylor's polynomial of degree 20 serves norms up to 1, its remainder :math:`1 / 21!`. A larger
matrix is halved s times, and its exponential squared as often.

References:
    https://github.com/pytorch/pytorch/issues/196592
    Paterson & Stockmeyer 1973, for the polynomial.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae.kernels.dispatch import hides_values

__all__ = ["matrix_exponential"]

_DEGREE = 20  # of 21 terms, in threes
_ENOUGH_SQUARINGS = 10
_MOST_SQUARINGS = 1024  # no norm is larger


def matrix_exponential(x: Tensor) -> Tensor:
    """Return ``exp(x)`` for square matrices, shape ``(*batch, n, n)``.

    Under ``vmap`` or on a device it is NaN where a norm is above 1024. Traced by ``torch.compile``
    it is torch's, whose gradient loses digits where it is scaled by much.

    Example:
        >>> turn = torch.tensor([[0.0, -0.04], [0.04, 0.0]], dtype=torch.float64)
        >>> float((matrix_exponential(turn)[1, 0] - torch.sin(turn[1, 0])).abs()) < 1e-16
        True
    """
    if torch.compiler.is_compiling():  # one operation, not fifty to compile
        return _by_torch(x)
    norm = x.detach().abs().sum(-2).amax(-1)[..., None, None]
    halvings = norm.nan_to_num(0.0).clamp(min=1).log2().ceil()
    result = _taylor(x * torch.exp2(-halvings))
    squarings = _squarings(x, halvings)
    for i in range(squarings):
        result = torch.where(halvings > i, result @ result, result)
    return torch.where(halvings <= squarings, result, math.nan)


def _squarings(x: Tensor, halvings: Tensor) -> int:
    """Return the number of squarings needed, or a bound where values cannot be read."""
    if x.numel() == 0 or hides_values(x):
        return _ENOUGH_SQUARINGS
    return int(halvings.amax().clamp(max=_MOST_SQUARINGS))


def _by_torch(x: Tensor) -> Tensor:
    """Return torch's exponential of a matrix padded to a norm for which it is exact."""
    n = x.shape[-1]
    last = torch.arange(n + 1, device=x.device) == n
    padded = torch.nn.functional.pad(x, (0, 1, 0, 1)) + torch.diag(last.to(x.dtype))
    exponential: Tensor = torch.linalg.matrix_exp(padded)
    return exponential[..., :n, :n]


def _taylor(x: Tensor) -> Tensor:
    """Return the polynomial by Horner's scheme in the third power."""
    n, square = x.shape[-1], x @ x
    powers = torch.stack([torch.eye(n, dtype=x.dtype, device=x.device).expand_as(x), x, square], -3)
    inverses = [1 / math.factorial(k) for k in range(_DEGREE + 1)]
    coefficients = torch.tensor(inverses, dtype=x.dtype, device=x.device).view(-1, 3)
    # by one product: in forward mode each sum with a constant is taken apart in python
    parts = (coefficients @ powers.flatten(-2)).unflatten(-1, (n, n)).unbind(-3)
    cube = square @ x
    result: Tensor = parts[-1]
    for part in reversed(parts[:-1]):
        result = part + cube @ result
    return result
