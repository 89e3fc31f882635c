"""Constants of the compiled kernels, made once per sum of irreps, in the memory that they read."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import math
import struct
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_generators

__all__ = ["Record", "record_of_blocks", "record_of_sum", "wigner_factors"]

_DTYPE = {torch.float32: np.float32, torch.float64: np.float64}
_ZERO = 1e-12  # what rounding leaves of zeros in the generators


@dataclasses.dataclass(frozen=True)
class Record:
    """Constants of a kernel in the memory that it reads.

    Args:
        address: Where they lie.
        length: Numbers in a vector.
        widest: Numbers in its largest block.
        kept: The memory that belongs to it.
    """

    address: int
    length: int
    widest: int
    kept: tuple[Any, ...]


@functools.lru_cache(maxsize=256)
def record_of_blocks(dims: tuple[int, ...], widths: tuple[int, ...]) -> Record:
    """Return the sizes of blocks: degree and width of each."""
    sizes = np.array([*zip(dims, widths, strict=True)], dtype=np.int64).reshape(-1, 2)
    numbers = sizes.prod(1)
    return Record(sizes.ctypes.data, int(numbers.sum()), int(numbers.max(initial=1)), (sizes,))


@functools.lru_cache(maxsize=256)
def record_of_sum(degrees: tuple[int, ...], widths: tuple[int, ...], dtype: torch.dtype) -> Record:
    """Return the record of a sum of irreps of SO(3)."""
    numbers = [(2 * degree + 1) * width for degree, width in zip(degrees, widths, strict=True)]
    length, widest, highest = sum(numbers), max(numbers), max(1, *degrees)
    sizes = np.array([*zip(degrees, widths, strict=True)], dtype=np.int64)
    where, values = _generator_entries(highest, dtype)
    spans = np.array([_span(degree) for degree in degrees], dtype=np.int64)
    arrays = (sizes, wigner_factors(dtype), where, spans, values)
    addresses = [array.ctypes.data for array in arrays]
    record = struct.pack("9q", len(degrees), length, highest, widest, *addresses)
    buffer = ctypes.create_string_buffer(record)
    return Record(ctypes.addressof(buffer), length, widest, (buffer, *arrays))


@functools.cache
def wigner_factors(dtype: torch.dtype) -> NDArray[Any]:
    """Return u, v, w of every row of degrees 2 .. 12, and behind each degree those of its columns.

    References:
        Ivanic & Ruedenberg 1996, table 1, as corrected in 1998.
    """
    factors: list[float] = []
    for degree in range(2, MAX_DEGREE + 1):
        orders = range(-degree, degree + 1)
        for m in orders:
            size, is_zero = abs(m), m == 0
            u = math.sqrt((degree + m) * (degree - m))
            v = math.sqrt((1 + is_zero) * (degree + size - 1) * (degree + size))
            w = math.sqrt(max(0, degree - size - 1) * (degree - size))
            factors += [u, v * (0.5 - is_zero), w * (is_zero - 1) / 2]
        edge = 2 * degree * (2 * degree - 1)
        inside = [(degree + n) * (degree - n) for n in orders]
        factors += [1 / math.sqrt(squared or edge) for squared in inside]
    return np.array(factors, dtype=_DTYPE[dtype])


@functools.cache
def _generator_entries(highest: int, dtype: torch.dtype) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (axis, row, column) and value of the generators' entries that are not 0."""
    with torch.device("cpu"):  # whatever the default device is
        generators = [x.numpy() for x in wigner_generators(highest)]
    where = [np.argwhere(np.abs(x) > _ZERO) for x in generators]
    values = [x[tuple(places.T)] for x, places in zip(generators, where, strict=True)]
    return np.concatenate(where).astype(np.int64), np.concatenate(values).astype(_DTYPE[dtype])


@functools.cache
def _span(degree: int) -> tuple[int, int]:
    """Return the first and last place in `_generator_entries` of one degree."""
    with torch.device("cpu"):
        counts = [int((x.abs() > _ZERO).sum()) for x in wigner_generators(degree)]
    return sum(counts[:-1]), sum(counts)
