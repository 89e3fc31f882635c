"""Directional derivatives in forward mode, without the warnings that torch gives on first use.

torch registers its rules for forward mode with the first dual number, and scripts them, which
its newer releases call deprecated. The warning is about torch and not about the caller.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

__all__ = ["directional_derivative", "prepare_forward_mode"]

Value = TypeVar("Value", Tensor, tuple[Tensor, ...])


@functools.cache
def prepare_forward_mode() -> None:
    """Make torch register its rules of forward mode, with its deprecation warnings hidden.

    A DeprecationWarning in torch 2.13, a FutureWarning in 2.14. Nothing else is hidden, and nothing
    afterwards.
    """
    with warnings.catch_warnings():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", "`?torch.jit", category)
        with forward_ad.dual_level():
            forward_ad.make_dual(torch.zeros(()), torch.zeros(()))


def directional_derivative(
    function: Callable[[Tensor], Value], x: Tensor, direction: Tensor
) -> tuple[Value, Value]:
    """Return ``function(x)`` and its derivative at ``x`` along a direction.

    Args:
        function: A differentiable function of one tensor; returns a tensor or a tuple of them.
        x: The point, any shape.
        direction: Same shape as ``x``.

    Example:
        >>> value, slope = directional_derivative(torch.sin, torch.zeros(2), torch.ones(2))
        >>> value.tolist(), slope.tolist()
        ([0.0, 0.0], [1.0, 1.0])
    """
    if not torch.compiler.is_compiling():
        prepare_forward_mode()
    value, slope = torch.func.jvp(function, (x,), (direction,))[:2]
    return value, slope
