"""Dispatch between the implementations of each kernel.

====================  =========================================  ==================================
way                   taken when                                 operations
====================  =========================================  ==================================
plain                 ``torch.compile``, export, torch.jit or    ordinary operations: they can be
                      a mode records, or ``torch.func``,         traced, fused and transformed any
                      forward mode or a batched gradient         number of times
                      transforms
compiled              else, if the kernels in C are there, for   one pass per row of the batch,
                      float32 or float64 on a processor, and     through all its blocks
                      vectors of 16 bits
numpy                 else, for float32 or float64 on a          matrix products written where the
                      processor with one thread                  result belongs; the rest is torch
torch                 else                                       operations of torch
====================  =========================================  ==================================

All but the plain way are the fast path: its first gradient is stated by a formula. On it, vectors
of few copies are turned without forming Wigner matrices (`turns_vectors`), and the planes of small
vectors all at once (`gathers_planes`). All ways obey the same laws; `forced_path` takes one of
them, for tests and benchmarks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from groupae.kernels.compiled.library import is_compiled

__all__ = [
    "HALF_DTYPES",
    "computes_compiled",
    "count_entries",
    "forced_path",
    "full_precision",
    "gathers_planes",
    "hides_values",
    "is_derived",
    "is_transformed",
    "multiplies_in_numpy",
    "needs_gradient",
    "rows_at_once",
    "turns_vectors",
    "untransformed",
    "uses_fast_path",
]

HALF_DTYPES = (torch.bfloat16, torch.float16)
"""Formats in which vectors are stored and not computed with."""

_CACHED_BYTES = 2**20
# Where turning vectors and forming matrices cost the same: as many numbers in a vector as in the
# matrices on a processor, twice as many in a small batch (measured, 1 to 16384 rows); this many
# copies on a device.
_FEW_ON_A_DEVICE = 2
# Where one pass over all planes and one per run of equal terms cost the same (measured)
_FEW_NUMBERS = 2**14
_NARROW = 16
_NUMPY_DTYPES = (torch.float32, torch.float64)
_PLAIN_TYPES = (Tensor, torch.nn.Parameter)
_NO_CONTEXT = contextlib.nullcontext()
_forced: list[tuple[bool, bool]] = []


# torch's test for tensors of its older vmap, which batches gradients; it has no public name
_hides_a_batch: Callable[[Tensor], bool] = torch._C._functorch.is_legacy_batchedtensor


def uses_fast_path(*inputs: Tensor | None) -> bool:
    """Return whether operations are neither traced nor transformed, so that the fast path is valid.

    Asked once per call of a kernel, which then stays on its path.

    Args:
        inputs: The tensors computed with. Gradients of
            ``torch.autograd.grad(is_grads_batched=True)`` are of a kind that only ordinary
            operations know.
    """
    # a function that states its jvp has 0 for second forward derivatives, in torch 2.13 at least
    if torch.compiler.is_compiling() or is_transformed():
        return False
    # torch.jit and modes (make_fx, counters of operations) do not see what numpy computes; neither
    # test has a public name that is not deprecated
    if torch._C._is_tracing() or torch._C._len_torch_dispatch_stack():
        return False
    for x in inputs:
        if x is not None and _hides_a_batch(x):
            return False
    return _forced[-1][0] if _forced else True


@contextlib.contextmanager
def forced_path(*, fast: bool, compiled: bool = True) -> Iterator[None]:
    """Force one of the paths for a block of code, in tests and benchmarks.

    Args:
        fast: The fast path, or the plain one.
        compiled: Whether the fast path may take compiled kernels, where they are.
    """
    _forced.append((fast, compiled))
    try:
        yield
    finally:
        _forced.pop()


def computes_compiled(*inputs: Tensor | None) -> bool:
    """Return whether compiled kernels exist and are used for these tensors.

    They take each row of a batch through all its blocks while it is in the cache. Of two formats
    one is float32 and the other of 16 bits: such vectors are computed with in float32.
    """
    if not is_compiled() or (_forced and not _forced[-1][1]):
        return False
    wide: torch.dtype | None = None
    short: torch.dtype | None = None
    for x in inputs:
        if x is None:
            continue
        dtype = x.dtype
        if dtype in HALF_DTYPES:
            if short is not None and short != dtype:
                return False
            short = dtype
        elif dtype not in _NUMPY_DTYPES or (wide is not None and wide != dtype):
            return False
        else:
            wide = dtype
        if not _is_plain(x):
            return False
    return wide is not None and (short is None or wide == torch.float32)


def _is_plain(x: Tensor) -> bool:
    if type(x) not in _PLAIN_TYPES or x.device.type != "cpu" or x.is_neg():
        return False
    return not (_hides_a_batch(x) or x._is_zerotensor())  # zeros of forward mode have no memory


def multiplies_in_numpy(x: Tensor) -> bool:
    """Return whether numpy multiplies many small matrices, on one thread 2 times faster.

    numpy's OpenBLAS has kernels for small matrices and writes to where the result belongs;
    torch's bmm has neither, but shares a batch among threads.
    """
    return torch.get_num_threads() == 1 and x.dtype in _NUMPY_DTYPES and _is_plain(x)


def turns_vectors(
    degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor
) -> bool:
    """Return whether vectors of SO(3) are turned directly, which is cheaper than forming matrices.

    That is so for one batch of vectors of few copies, of degrees that have no matrix at hand.
    """
    highest = max(degrees)
    if highest < 2 or rotation.shape[:-2] != x.shape[:-2] or rotation.dtype != x.dtype:
        return False
    if x.device.type != "cpu":
        return max(copies) * x.shape[-1] <= _FEW_ON_A_DEVICE
    length, entries = x.shape[-2] * x.shape[-1], count_entries(highest)
    is_few = length <= entries or (length <= 2 * entries and x.numel() <= _FEW_NUMBERS / 2)
    return is_few and not computes_compiled(rotation, x)


def count_entries(highest: int) -> int:
    """Return the number of entries of all Wigner matrices of degrees up to ``highest``."""
    return (highest + 1) * (2 * highest + 1) * (2 * highest + 3) // 3


def gathers_planes(terms: int, x: Tensor) -> bool:
    """Return whether planes are turned all at once, their angles spread over the entries.

    That is so for few numbers, or few copies per term: else cosines are taken too often.
    """
    length = x.shape[-2] * x.shape[-1]
    return x.numel() <= _FEW_NUMBERS or (x.device.type == "cpu" and length <= _NARROW * terms)


def needs_gradient(*inputs: Any) -> bool:
    """Return whether autograd records operations on these tensors."""
    if torch.is_grad_enabled():
        for x in inputs:
            if isinstance(x, Tensor) and x.requires_grad:
                return True
    return False


def is_derived(*inputs: Any) -> bool:
    """Return whether derivatives are asked for, or a transform of a whole function."""
    return needs_gradient(*inputs) or is_transformed()


def is_transformed() -> bool:
    """Return whether a transform of ``torch.func`` or forward mode is active."""
    # torch's own test in `Function.apply`, and the level of forward mode: neither has a public name
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


@contextlib.contextmanager
def untransformed() -> Iterator[None]:
    """Leave all transforms of ``torch.func`` for a block that makes constants from nothing.

    Within them random numbers raise, and a result that is kept would belong to the transform.
    """
    if not torch._C._are_functorch_transforms_active():
        yield
        return
    from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

    with temporarily_clear_interpreter_stack():
        yield


def hides_values(x: Tensor) -> bool:
    """Return whether reading a number from a tensor raises, or makes a device wait."""
    if torch.compiler.is_compiling() or x.device.type != "cpu" or _hides_a_batch(x):
        return True
    levels = torch._C._functorch.get_interpreter_stack() or ()
    return any(level.key() == torch._C._functorch.TransformType.Vmap for level in levels)


def full_precision(x: Tensor) -> contextlib.AbstractContextManager[None]:
    """Return a context in which autocast is off, for group arithmetic."""
    if x.is_meta or not torch.is_autocast_enabled(x.device.type):  # meta tensors have no autocast
        return _NO_CONTEXT
    autocast: contextlib.AbstractContextManager[None] = torch.autocast(x.device.type, enabled=False)
    return autocast


def rows_at_once(rows: int, bytes_a_row: int, device: torch.device) -> int:
    """Return the number of rows to compute at a time, which fit a core's cache on a processor.

    Example:
        >>> cpu = torch.device("cpu")
        >>> rows_at_once(1024, 64, cpu), rows_at_once(1024, 8192, cpu)
        (1024, 128)
    """
    if device.type != "cpu":
        return max(1, rows)
    return max(1, min(rows, max(64, _CACHED_BYTES // max(bytes_a_row, 1))))
