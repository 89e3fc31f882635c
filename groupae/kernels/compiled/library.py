"""Calls of the compiled kernels with tensors; rows are shared among torch's number of threads.

Convention: tensors are on a processor, of one dtype, float32 or float64. Vectors are in one piece,
``(*batch, length, m)``; a block of a term is ``(d, copies m)`` and ``widths`` are its second sizes.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groupae.kernels.compiled.loading import load
from groupae.kernels.wigner.recursion import wigner_generators

__all__ = ["is_compiled", "multiply", "torque", "turn", "wigner"]

_SUFFIX = {torch.float32: "f32", torch.float64: "f64"}
_DTYPE = {torch.float32: np.float32, torch.float64: np.float64}
_BYTES_A_THREAD = 2**19
_ZERO = 1e-12  # what rounding leaves of zeros in the generators


@functools.cache
def _library() -> ctypes.CDLL | None:
    return load().library


def is_compiled() -> bool:
    """Return whether the kernels are compiled; checked once per process."""
    return _library() is not None


def _call(name: str, rows: int, like: Tensor, *arguments: Any) -> None:
    """Call a kernel on all rows, in one part per thread if the data are large enough."""
    library = _library()
    assert library is not None, "the caller asks `is_compiled`"
    kernel = getattr(library, f"{name}_{_SUFFIX[like.dtype]}")
    size = like.numel() * like.element_size()
    parts = max(1, min(torch.get_num_threads(), rows, size // _BYTES_A_THREAD))
    ends = [ctypes.c_int64(rows * i // parts) for i in range(parts + 1)]
    # threads of its own, not a pool: none is left behind for a process that is forked
    others = [
        threading.Thread(target=kernel, args=(*ends[i : i + 2], *arguments))
        for i in range(1, parts)
    ]
    for other in others:
        other.start()
    kernel(*ends[:2], *arguments)
    for other in others:
        other.join()


def _address(x: Tensor | NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(x.data_ptr() if isinstance(x, Tensor) else x.ctypes.data)


@functools.lru_cache(maxsize=256)
def _sizes(dims: tuple[int, ...], widths: tuple[int, ...]) -> Any:
    values = [value for pair in zip(dims, widths, strict=True) for value in pair]
    return (ctypes.c_int64 * len(values))(*values)


def multiply(
    matrices: Sequence[Tensor | None],
    dims: tuple[int, ...],
    widths: tuple[int, ...],
    x: Tensor,
    out: Tensor,
) -> None:
    """Multiply each block of ``x`` by its matrix ``(n, d, d)``, with any strides."""
    terms = len(dims)
    pointers = (ctypes.c_void_p * terms)(*(m if m is None else m.data_ptr() for m in matrices))
    strides = [stride for m in matrices for stride in ((0, 0, 0) if m is None else m.stride())]
    _call(
        "multiply",
        math.prod(x.shape[:-2]),
        x,
        ctypes.c_int64(terms),
        _sizes(dims, widths),
        pointers,
        (ctypes.c_int64 * len(strides))(*strides),
        _address(x),
        _address(out),
    )


def turn(
    cosine: Tensor,
    sine: Tensor,
    dims: tuple[int, ...],
    widths: tuple[int, ...],
    x: Tensor,
    out: Tensor,
) -> None:
    """Turn each block of ``x`` by its angle; phases are in one piece, shape ``(n, terms)``."""
    sizes, phases = _sizes(dims, widths), (_address(cosine), _address(sine))
    terms = ctypes.c_int64(len(dims))
    _call("turn", math.prod(x.shape[:-2]), x, terms, sizes, *phases, _address(x), _address(out))


def wigner(rotation: Tensor, highest: int) -> Tensor:
    """Return all entries of ``D^0 .. D^highest``, shape ``(*batch, entries)``."""
    entries = sum((2 * degree + 1) ** 2 for degree in range(highest + 1))
    batch = rotation.shape[:-2]
    out = rotation.new_empty(*batch, entries)
    factors = _wigner_factors(rotation.dtype)
    rotation = rotation.contiguous()
    addresses = _address(factors), _address(rotation), _address(out)
    _call("wigner", math.prod(batch), out, ctypes.c_int64(highest), *addresses)
    return out


@functools.cache
def _wigner_factors(dtype: torch.dtype) -> NDArray[Any]:
    """Return u, v, w of every entry of degrees 2 .. 12.

    References:
        Ivanic & Ruedenberg 1996, table 1, as corrected in 1998.
    """
    factors = []
    for degree in range(2, 13):
        for m in range(-degree, degree + 1):
            for n in range(-degree, degree + 1):
                inside = abs(n) < degree
                below = (degree + n) * (degree - n) if inside else 2 * degree * (2 * degree - 1)
                size, is_zero = abs(m), m == 0
                u = math.sqrt((degree + m) * (degree - m) / below)
                v = math.sqrt((1 + is_zero) * (degree + size - 1) * (degree + size) / below)
                w = math.sqrt(max(0, degree - size - 1) * (degree - size) / below)
                factors += [u, v * (0.5 - is_zero), w * (is_zero - 1) / 2]
    return np.array(factors, dtype=_DTYPE[dtype])


def torque(degrees: Sequence[int], widths: tuple[int, ...], grad: Tensor, y: Tensor) -> Tensor:
    r"""Return :math:`\langle X_a, G y^\top \rangle` summed over blocks, shape ``(*batch, 3)``."""
    out = grad.new_empty(*grad.shape[:-2], 3)
    dims = tuple(2 * degree + 1 for degree in degrees)
    where, values = _generator_entries(max(degrees), grad.dtype)
    spans = [bound for degree in degrees for bound in _span(degree)]
    _call(
        "torque",
        math.prod(grad.shape[:-2]),
        grad,
        _address(where),
        _address(values),
        ctypes.c_int64(len(dims)),
        _sizes(dims, widths),
        (ctypes.c_int64 * len(spans))(*spans),
        _address(grad),
        _address(y),
        _address(out),
    )
    return out


@functools.cache
def _generator_entries(highest: int, dtype: torch.dtype) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (axis, row, column) and value of the generators' entries that are not 0."""
    generators = [x.numpy() for x in wigner_generators(highest)]
    where = [np.argwhere(np.abs(x) > _ZERO) for x in generators]
    values = [x[tuple(places.T)] for x, places in zip(generators, where, strict=True)]
    return np.concatenate(where).astype(np.int64), np.concatenate(values).astype(_DTYPE[dtype])


@functools.cache
def _span(degree: int) -> tuple[int, int]:
    """Return the first and last place in `_generator_entries` of one degree."""
    counts = [int((x.abs() > _ZERO).sum()) for x in wigner_generators(degree)]
    return sum(counts[:-1]), sum(counts)
