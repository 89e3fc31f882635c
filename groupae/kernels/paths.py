"""Which of two ways to compute the same thing: decided here, for every group.

*Fast* paths write into memory of their own and state their gradients by the formula of the theory.
*Plain* paths are ordinary operations, which a compiler can trace, fuse and export. Both obey the
same laws, and the tests force each of them.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

__all__ = [
    "differentiable",
    "forced_path",
    "full_precision",
    "known_signature",
    "multiplies_in_numpy",
    "rows_at_once",
    "uses_fast_path",
    "vmapped_to_front",
]

_CACHED_BYTES = 2**20
_NUMPY_DTYPES = (torch.float32, torch.float64)
_forced: list[bool] = []


def uses_fast_path() -> bool:
    """Return whether to take the fast path: always, but when something traces the operations."""
    if torch.compiler.is_compiling():
        return False
    return _forced[-1] if _forced else True


@contextlib.contextmanager
def forced_path(*, fast: bool) -> Iterator[None]:
    """Take one of the paths inside, whatever the sizes; for tests and benchmarks."""
    _forced.append(fast)
    try:
        yield
    finally:
        _forced.pop()


def multiplies_in_numpy(x: Tensor) -> bool:
    """Return whether many small matrices are multiplied by numpy: 2 times faster, on one thread.

    numpy's OpenBLAS has kernels for small matrices and writes to where the result belongs;
    torch's bmm has neither, but shares a batch among threads.
    """
    is_plain = type(x) is Tensor and x.device.type == "cpu"
    return is_plain and x.dtype in _NUMPY_DTYPES and torch.get_num_threads() == 1


def known_signature(function: type[torch.autograd.Function]) -> type[torch.autograd.Function]:
    """Note down the signature of ``forward``, which torch otherwise works out at every call."""
    # Python looks for it there (PEP 362); the type of a function does not know
    function.forward.__signature__ = inspect.signature(function.forward)  # type: ignore[attr-defined]
    return function


def differentiable(function: type[torch.autograd.Function], *inputs: Any) -> Any:
    """Return the outputs of a function that states its derivatives.

    Where nobody asks for any, without what it costs to note them down: some 50 us.
    """
    if _is_derived(inputs):
        return function.apply(*inputs)
    return function.forward(*inputs)


def _is_derived(inputs: Iterable[Any]) -> bool:
    if torch.is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        return True
    # torch's own test in `Function.apply` and the level of forward mode: neither has a public name
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def vmapped_to_front(
    tensors: Iterable[Tensor | None], axes: Iterable[int | None]
) -> list[Tensor | None]:
    """Return what ``vmap`` hands over with its axis in front; 1 long if it has none."""
    return [
        None if x is None else x.unsqueeze(0) if axis is None else x.movedim(axis, 0)
        for x, axis in zip(tensors, axes, strict=True)
    ]


def full_precision(x: Tensor) -> contextlib.AbstractContextManager[None]:
    """Return a context in which autocast leaves group arithmetic alone."""
    if x.is_meta:  # has no autocast
        return contextlib.nullcontext()
    autocast: contextlib.AbstractContextManager[None] = torch.autocast(x.device.type, enabled=False)
    return autocast


def rows_at_once(rows: int, bytes_a_row: int, device: torch.device) -> int:
    """Return how many rows to work on at a time: on a processor, what stays in a core's cache.

    Example:
        >>> cpu = torch.device("cpu")
        >>> rows_at_once(1024, 64, cpu), rows_at_once(1024, 8192, cpu)
        (1024, 128)
    """
    if device.type != "cpu":
        return max(1, rows)
    return max(1, min(rows, max(64, _CACHED_BYTES // max(bytes_a_row, 1))))
