"""Calls of the compiled kernels with tensors; rows are shared among torch's number of threads.

Convention: tensors are on a processor. Vectors have shape ``(*batch, length, m)``; a block of a
term is ``(d, copies m)`` and ``widths`` are its second sizes. Their batch axes may be broadcast or
have any strides; where a vector itself does not lie in one piece, it is copied. Float16 and
bfloat16 vectors are read and written as such, and computed with in float32.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import math
import os
import struct
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from groupae._memory import keep_freed_memory
from groupae.kernels.compiled.loading import LEVELS, choose_level, load
from groupae.kernels.compiled.records import Record, record_of_blocks, record_of_sum, wigner_factors
from groupae.kernels.compiled.strides import MAX_AXES, in_one_piece, laid_out

__all__ = [
    "LEVELS",
    "act",
    "act_back",
    "forced_level",
    "is_compiled",
    "level",
    "levels",
    "multiply",
    "multiply_rows",
    "turn",
    "turn_back",
    "wigner",
]

_SUFFIX = {torch.float32: "f32", torch.float64: "f64"}
_FORMAT = {torch.bfloat16: 1, torch.float16: 2}  # as in formats.h; 0 is the format computed with
_BYTES_A_THREAD = 2**19
_BYTES_A_PART = 2**17
_LARGE_FROM = 2**22
_USUAL_CACHE = 2**25
_LARGE_PAGES, _STREAMS = 1, 2  # flags, as in calls.h
_ROWS_A_STEP = 16  # of the widest registers, which hold as many rotations
_forced_level: list[str] = []


def is_compiled() -> bool:
    """Return whether the kernels are compiled; checked once per process."""
    return bool(levels())


@functools.cache
def levels() -> tuple[str, ...]:
    """Return the sets of instructions that the kernels may use here, lowest first."""
    library = load().library
    return () if library is None else LEVELS[: library.groupae_level() + 1]


@functools.cache
def level() -> str | None:
    """Return the set of instructions that is used, or ``None`` without compiled kernels.

    Warns if ``GROUPAE_COMPILED`` names one that the processor lacks, or none at all.
    """
    if not levels():
        return None
    chosen, reason = choose_level(levels())
    if reason and os.environ.get("GROUPAE_COMPILED") != chosen:
        warnings.warn(reason, stacklevel=2)
    return chosen


@contextlib.contextmanager
def forced_level(name: str) -> Iterator[None]:
    """Use another of `levels` for a block of code, in tests and benchmarks."""
    assert name in levels(), f"expected one of {levels()}, got {name}"
    _forced_level.append(name)
    try:
        yield
    finally:
        _forced_level.pop()


@functools.cache
def _kernel(name: str, dtype: torch.dtype, level: str) -> Any:
    library = load().library
    assert library is not None, "the caller asks `is_compiled`"
    kernel = library[f"{name}_{_SUFFIX[dtype]}_{level}"]
    kernel.argtypes = [ctypes.c_char_p]
    return kernel


def _call(name: str, dtype: torch.dtype, record: bytes) -> None:
    which = _forced_level[-1] if _forced_level else level()
    assert which is not None, "the caller asks `is_compiled`"
    if _kernel(name, dtype, which)(record):
        raise MemoryError(f"the compiled kernel {name} found no memory for its workspace")


def _sharing(rows: int, bytes_a_row: int) -> tuple[int, int, int, int]:
    """Return the number of rows, threads, rows at a time, and flags for what is made."""
    size = rows * bytes_a_row
    if size < 2 * _BYTES_A_THREAD:
        return rows, 1, rows, 0
    threads = min(torch.get_num_threads(), size // _BYTES_A_THREAD)
    step = max(1, _BYTES_A_PART // (bytes_a_row * _ROWS_A_STEP))
    flags = 0
    if size >= _LARGE_FROM:
        _keep_memory()
        flags = _LARGE_PAGES if _asks_for_large_pages() else 0
    if size >= _streams_from():
        flags |= _STREAMS
    return rows, threads, step * _ROWS_A_STEP, flags


@functools.cache
def _keep_memory() -> None:
    """Let the process keep freed memory: to clear a page costs more than to compute what it holds.

    As `groupae._memory` does for trainings; ``GROUPAE_KEEP_MEMORY=0`` leaves it out.
    """
    keep_freed_memory()


@functools.cache
def _asks_for_large_pages() -> bool:
    """Return whether the user wants them: where free memory is in pieces, they cost more."""
    return os.environ.get("GROUPAE_LARGE_PAGES") == "1"


@functools.cache
def _streams_from() -> int:
    """Return the size that the cache cannot hold beside what is read; larger results go past it."""
    try:
        size = os.sysconf("SC_LEVEL3_CACHE_SIZE")
    except (AttributeError, ValueError, OSError):  # not Linux, or unknown
        size = 0
    return (size if size > 0 else _USUAL_CACHE) * 3 // 4


def _widths(copies: tuple[int, ...], x: Tensor) -> tuple[int, ...]:
    m = x.shape[-1]
    return copies if m == 1 else tuple([c * m for c in copies])


_ACT, _TURN, _MULTIPLY, _MATRICES = (struct.Struct(f"{count}q") for count in (29, 33, 22, 18))


def act(degrees: tuple[int, ...], copies: tuple[int, ...], rotation: Tensor, x: Tensor) -> Tensor:
    """Return vectors multiplied by the Wigner matrices of rotations ``(*batch, 3, 3)``.

    Batch axes broadcast; there are as many in both.
    """
    batch = x.shape[:-2]
    if rotation.shape[:-2] != batch:
        batch = torch.broadcast_shapes(rotation.shape[:-2], batch)
    out = x.new_empty((*batch, *x.shape[-2:]))
    _act((degrees, copies, False), rotation, x, None, out, None)
    return out


def act_back(
    degrees: tuple[int, ...],
    copies: tuple[int, ...],
    rotation: Tensor,
    grad: Tensor,
    output: Tensor | None,
    *,
    wants_x: bool,
) -> tuple[Tensor | None, Tensor | None]:
    r"""Return the gradients to the vectors and along the axes of rotation, in one pass.

    Args:
        degrees: Degree of each block.
        copies: Multiplicity of each block.
        rotation: Shape ``(*batch, 3, 3)``; its batch broadcasts to that of the gradient.
        grad: Gradient G to the result, shape ``(*batch, length, m)``.
        output: The result y, same shape, if :math:`\langle X_a, G y^\top \rangle` is wanted.
        wants_x: Whether the gradient to the vectors is wanted.

    Returns:
        Gradient to the vectors, of the batch of ``grad``; and shape ``(*batch, 3)``.
    """
    out = torch.empty_like(grad, memory_format=torch.contiguous_format) if wants_x else None
    torque = None if output is None else _new_sums(rotation, grad, 3)
    _act((degrees, copies, True), rotation, grad, output, out, torque)
    return out, torque


def _new_sums(like: Tensor, vectors: Tensor, count: int) -> Tensor:
    """Return memory for sums over each vector; 0 where vectors have no entries to sum."""
    shape = (*vectors.shape[:-2], count)
    return like.new_empty(shape) if vectors.numel() else like.new_zeros(shape)


def _act(
    sizes: tuple[tuple[int, ...], tuple[int, ...], bool],
    rotation: Tensor,
    x: Tensor,
    y: Tensor | None,
    out: Tensor | None,
    torque: Tensor | None,
) -> None:
    """Fill ``out`` with turned vectors, or with what is turned back, and ``torque``."""
    degrees, copies, is_back = sizes
    like = x if out is None else out
    record = record_of_sum(degrees, _widths(copies, x), rotation.dtype)
    rotation, x = in_one_piece(rotation, 2), in_one_piece(x, 2)
    y = x if y is None else in_one_piece(y, 2)
    batch, strides, (rotation, x, y) = laid_out(like.shape[:-2], (rotation, x, y))
    values = _ACT.pack(
        record.address,
        *batch,
        _FORMAT.get(x.dtype, 0),
        is_back,
        rotation.data_ptr(),
        x.data_ptr(),
        y.data_ptr(),
        0 if out is None else out.data_ptr(),
        0 if torque is None else torque.data_ptr(),
        *strides[0],
        *strides[1],
        *strides[2],
        *_sharing(like.numel() // max(1, record.length), record.length * x.element_size()),
    )
    _call("act", rotation.dtype, values)


def multiply(
    matrices: Sequence[Tensor | None], dims: tuple[int, ...], copies: tuple[int, ...], x: Tensor
) -> Tensor:
    """Return vectors with each block multiplied by its matrix ``(*batch, d, d)``, any strides.

    Batch axes broadcast; there are as many in all.
    """
    given = [matrix for matrix in matrices if matrix is not None]
    batch = torch.broadcast_shapes(x.shape[:-2], *(matrix.shape[:-2] for matrix in given))
    out = x.new_empty((*batch, *x.shape[-2:]))
    record = record_of_blocks(dims, _widths(copies, x))
    sizes, strides, (x, *given) = laid_out(batch, (in_one_piece(x, 2), *given))
    steps, pointers, rest = [], [], zip(given, strides[1:], strict=True)
    for matrix in matrices:
        if matrix is None:
            pointers.append(0)
            steps += [0] * (2 + MAX_AXES)
        else:
            ready, along = next(rest)
            pointers.append(ready.data_ptr())
            steps += [ready.stride(-2), ready.stride(-1), *along]
    pointer_array = (ctypes.c_int64 * len(pointers))(*pointers)
    step_array = (ctypes.c_int64 * len(steps))(*steps)
    values = _MULTIPLY.pack(
        len(dims),
        record.length,
        record.widest,
        record.address,
        ctypes.addressof(pointer_array),
        ctypes.addressof(step_array),
        *sizes,
        _FORMAT.get(x.dtype, 0),
        x.data_ptr(),
        out.data_ptr(),
        *strides[0],
        *_sharing(out.numel() // max(1, record.length), record.length * x.element_size()),
    )
    _call("multiply", given[0].dtype if given else x.dtype, values)
    return out


def multiply_rows(
    rows: Tensor,
    starts: tuple[int, ...],
    dims: tuple[int, ...],
    copies: tuple[int, ...],
    x: Tensor,
    *,
    is_back: bool,
) -> Tensor:
    """Return vectors with each block multiplied by a matrix that stands in ``(*batch, entries)``.

    Batch axes broadcast; there are as many in both.

    Args:
        rows: The matrices of one element after another, each row by row.
        starts: Where the matrix of each block begins in a row, -1 for a block left alone.
        dims: Degree of each block.
        copies: Multiplicity of each block.
        x: Vectors, shape ``(*batch, length, m)``.
        is_back: Whether matrices are transposed.
    """
    batch = x.shape[:-2]
    if rows.shape[:-1] != batch:
        batch = torch.broadcast_shapes(rows.shape[:-1], batch)
    out = x.new_empty((*batch, *x.shape[-2:]))
    record = record_of_blocks(dims, _widths(copies, x))
    x, rows = in_one_piece(x, 2), in_one_piece(rows, 1)[..., None]
    sizes, strides, (x, rows) = laid_out(batch, (x, rows))
    steps = _row_steps(starts, dims, strides[1], is_back)
    base, size = rows.data_ptr(), rows.element_size()
    pointers = [base + start * size if start >= 0 else 0 for start in starts]
    pointer_array = (ctypes.c_int64 * len(pointers))(*pointers)
    values = _MULTIPLY.pack(
        len(dims),
        record.length,
        record.widest,
        record.address,
        ctypes.addressof(pointer_array),
        steps.address,
        *sizes,
        _FORMAT.get(x.dtype, 0),
        x.data_ptr(),
        out.data_ptr(),
        *strides[0],
        *_sharing(out.numel() // max(1, record.length), record.length * x.element_size()),
    )
    _call("multiply", rows.dtype, values)
    return out


@functools.lru_cache(maxsize=256)
def _row_steps(
    starts: tuple[int, ...], dims: tuple[int, ...], along: tuple[int, ...], is_back: bool
) -> Record:
    """Return the strides of matrices that stand in rows: of their two axes, and of the batch."""
    steps: list[tuple[int, ...]] = []
    for start, d in zip(starts, dims, strict=True):
        pair = (1, d) if is_back else (d, 1)
        steps.append((*pair, *along) if start >= 0 else (0,) * (2 + MAX_AXES))
    array = np.array(steps, dtype=np.int64)
    return Record(array.ctypes.data, 0, 0, (array,))


def turn(
    cosine: Tensor, sine: Tensor, dims: tuple[int, ...], copies: tuple[int, ...], x: Tensor
) -> Tensor:
    """Return vectors with each block turned by its angle; phases have shape ``(*batch, terms)``.

    Batch axes broadcast; there are as many in both. Lines are multiplied by the cosine.
    """
    batch = x.shape[:-2]
    if cosine.shape[:-1] != batch:
        batch = torch.broadcast_shapes(cosine.shape[:-1], batch)
    out = x.new_empty((*batch, *x.shape[-2:]))
    _turn((dims, copies, False), (cosine, sine), x, None, out, None)
    return out


def turn_back(
    cosine: Tensor,
    sine: Tensor,
    dims: tuple[int, ...],
    copies: tuple[int, ...],
    grad: Tensor,
    output: Tensor | None,
    *,
    wants_x: bool,
) -> tuple[Tensor | None, Tensor | None]:
    r"""Return the gradients to the vectors and to the angles ``(*batch, terms)``, in one pass.

    Args:
        cosine: Cosines of the angles, ``(*batch, terms)``; they broadcast to the gradient.
        sine: Sines of the angles.
        dims: Degree of each block, 1 or 2.
        copies: Multiplicity of each block.
        grad: Gradient G to the result, shape ``(*batch, length, m)``.
        output: The result y, same shape, if :math:`\langle G, J y \rangle` is wanted.
        wants_x: Whether the gradient to the vectors is wanted.
    """
    out = torch.empty_like(grad, memory_format=torch.contiguous_format) if wants_x else None
    slopes = None if output is None else _new_sums(cosine, grad, len(dims))
    _turn((dims, copies, True), (cosine, sine), grad, output, out, slopes)
    return out, slopes


def _turn(
    sizes: tuple[tuple[int, ...], tuple[int, ...], bool],
    phases: tuple[Tensor, Tensor],
    x: Tensor,
    y: Tensor | None,
    out: Tensor | None,
    slopes: Tensor | None,
) -> None:
    """Fill ``out`` with turned vectors, or with what is turned back, and ``slopes``."""
    dims, copies, is_back = sizes
    like = x if out is None else out
    record = record_of_blocks(dims, _widths(copies, x))
    x = in_one_piece(x, 2)
    y = x if y is None else in_one_piece(y, 2)
    cosine, sine = (in_one_piece(phase, 1)[..., None] for phase in phases)
    batch, strides, (cosine, sine, x, y) = laid_out(like.shape[:-2], (cosine, sine, x, y))
    if strides[0] != strides[1]:
        cosine, sine = cosine.contiguous(), sine.contiguous()
        batch, strides, (cosine, sine, x, y) = laid_out(like.shape[:-2], (cosine, sine, x, y))
    values = _TURN.pack(
        len(dims),
        record.length,
        record.widest,
        record.address,
        *batch,
        _FORMAT.get(x.dtype, 0),
        is_back,
        cosine.data_ptr(),
        sine.data_ptr(),
        x.data_ptr(),
        y.data_ptr(),
        0 if out is None else out.data_ptr(),
        0 if slopes is None else slopes.data_ptr(),
        *strides[0],
        *strides[2],
        *strides[3],
        *_sharing(like.numel() // max(1, record.length), record.length * x.element_size()),
    )
    _call("turn", cosine.dtype, values)


def wigner(rotation: Tensor, highest: int) -> Tensor:
    """Return all entries of ``D^0 .. D^highest``, shape ``(*batch, entries)``."""
    entries = (highest + 1) * (2 * highest + 1) * (2 * highest + 3) // 3
    batch = rotation.shape[:-2]
    out = rotation.new_empty((*batch, entries))
    factors = wigner_factors(rotation.dtype)
    rotation = in_one_piece(rotation, 2)
    sizes, strides, (rotation,) = laid_out(batch, (rotation,))
    values = _MATRICES.pack(
        highest,
        entries,
        factors.ctypes.data,
        rotation.data_ptr(),
        out.data_ptr(),
        *sizes,
        *strides[0],
        *_sharing(math.prod(batch), entries * rotation.element_size()),
    )
    _call("matrices", rotation.dtype, values)
    return out
