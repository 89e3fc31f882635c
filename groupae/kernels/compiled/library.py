"""Calls of the compiled kernels with tensors; rows are shared among torch's number of threads.

Convention: tensors are on a processor. Vectors have shape ``(*batch, length, m)``; a block of a
term is ``(d, copies m)`` and ``widths`` are its second sizes. Their batch axes may be broadcast or
have any strides; where a vector itself does not lie in one piece, it is copied. Float16 and
bfloat16 vectors are read and written as such, and computed with in float32.
"""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import functools
import math
import os
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from groupae.kernels.compiled.loading import LEVELS, choose_level, load
from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_generators

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
_DTYPE = {torch.float32: np.float32, torch.float64: np.float64}
_FORMAT = {torch.bfloat16: 1, torch.float16: 2}  # as in formats.h; 0 is the format computed with
_MAX_AXES = 4
_BYTES_A_THREAD = 2**19
_BYTES_A_PART = 2**17
_LARGE_PAGES_FROM = 2**22
_USUAL_CACHE = 2**25
_LARGE_PAGES, _STREAMS = 1, 2  # flags, as in rows.h
_ROWS_A_STEP = 16  # of the widest registers, which hold as many rotations
_ZERO = 1e-12  # what rounding leaves of zeros in the generators
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
    """Return the set of instructions that is used, or ``None`` without compiled kernels."""
    return choose_level(levels())[0] if levels() else None


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
    flags = _LARGE_PAGES if size >= _LARGE_PAGES_FROM and _asks_for_large_pages() else 0
    if size >= _streams_from():
        flags |= _STREAMS
    return rows, threads, step * _ROWS_A_STEP, flags


@functools.cache
def _asks_for_large_pages() -> bool:
    return os.environ.get("GROUPAE_LARGE_PAGES") != "0"


@functools.cache
def _streams_from() -> int:
    """Return the size that the cache cannot hold beside what is read; larger results go past it."""
    try:
        size = os.sysconf("SC_LEVEL3_CACHE_SIZE")
    except (AttributeError, ValueError, OSError):  # not Linux, or unknown
        size = 0
    return (size if size > 0 else _USUAL_CACHE) * 3 // 4


def _strides_of(
    batch: torch.Size, tensors: Sequence[Tensor]
) -> tuple[tuple[int, ...], list[tuple[int, ...]]] | None:
    """Return number and sizes of the batch axes, and the strides of each tensor along them.

    Axes that are one in all tensors are joined. ``None`` if too many are left.
    """
    if len(batch) == 1:
        one: list[tuple[int, ...]] = [
            (t.stride(0) if t.shape[0] != 1 else 0, 0, 0, 0) for t in tensors
        ]
        return (1, batch[0], 0, 0, 0), one
    sizes: list[int] = []
    strides: list[list[int]] = [[] for _ in tensors]
    for axis, size in enumerate(batch):
        if size == 1:
            continue
        steps = [t.stride(axis) if t.shape[axis] != 1 else 0 for t in tensors]
        found = list(zip(strides, steps, strict=True))
        if sizes and all(before[-1] == size * step for before, step in found):
            sizes[-1] *= size
            for before, step in found:
                before[-1] = step
            continue
        sizes.append(size)
        for before, step in found:
            before.append(step)
    if len(sizes) > _MAX_AXES:
        return None
    if not sizes:
        sizes, strides = [1], [[0] for _ in tensors]
    rest = (0,) * (_MAX_AXES - len(sizes))
    return (len(sizes), *sizes, *rest), [(*steps, *rest) for steps in strides]


def _in_one_piece(x: Tensor, axes: int) -> Tensor:
    """Return the tensor, copied unless each part of its last axes lies in one piece."""
    step = 1
    for axis in range(-1, -1 - axes, -1):
        size = x.shape[axis]
        if size != 1 and x.stride(axis) != step:
            return x.contiguous()
        step *= size
    return x


def _laid_out(
    batch: torch.Size, tensors: Sequence[Tensor], axes: int = 2
) -> tuple[tuple[int, ...], list[tuple[int, ...]], Sequence[Tensor]]:
    """Return `_strides_of` tensors with some axes behind the batch, copied if too many."""
    found = _strides_of(batch, tensors)
    if found is None:
        tensors = [t.expand(*batch, *t.shape[t.ndim - axes :]).contiguous() for t in tensors]
        found = _strides_of(batch, tensors)
        assert found is not None, "axes in one piece are joined"
    return *found, tensors


@dataclasses.dataclass(frozen=True)
class _Record:
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
def _blocks(dims: tuple[int, ...], widths: tuple[int, ...]) -> _Record:
    """Return the sizes of blocks: degree and width of each."""
    sizes = np.array([*zip(dims, widths, strict=True)], dtype=np.int64).reshape(-1, 2)
    numbers = sizes.prod(1)
    return _Record(sizes.ctypes.data, int(numbers.sum()), int(numbers.max(initial=1)), (sizes,))


@functools.lru_cache(maxsize=256)
def _sum(degrees: tuple[int, ...], widths: tuple[int, ...], dtype: torch.dtype) -> _Record:
    """Return the record of a sum of irreps of SO(3)."""
    numbers = [(2 * degree + 1) * width for degree, width in zip(degrees, widths, strict=True)]
    length, widest, highest = sum(numbers), max(numbers), max(1, *degrees)
    sizes = np.array([*zip(degrees, widths, strict=True)], dtype=np.int64)
    where, values = _generator_entries(highest, dtype)
    spans = np.array([_span(degree) for degree in degrees], dtype=np.int64)
    arrays = (sizes, _wigner_factors(dtype), where, spans, values)
    addresses = [array.ctypes.data for array in arrays]
    record = struct.pack("9q", len(degrees), length, highest, widest, *addresses)
    buffer = ctypes.create_string_buffer(record)
    return _Record(ctypes.addressof(buffer), length, widest, (buffer, *arrays))


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
    torque = None if output is None else rotation.new_empty((*grad.shape[:-2], 3))
    _act((degrees, copies, True), rotation, grad, output, out, torque)
    return out, torque


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
    record = _sum(degrees, _widths(copies, x), rotation.dtype)
    rotation, x = _in_one_piece(rotation, 2), _in_one_piece(x, 2)
    y = x if y is None else _in_one_piece(y, 2)
    batch, strides, (rotation, x, y) = _laid_out(like.shape[:-2], (rotation, x, y))
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
    record = _blocks(dims, _widths(copies, x))
    sizes, strides, (x, *given) = _laid_out(batch, (_in_one_piece(x, 2), *given))
    steps, pointers, rest = [], [], zip(given, strides[1:], strict=True)
    for matrix in matrices:
        if matrix is None:
            pointers.append(0)
            steps += [0] * (2 + _MAX_AXES)
        else:
            laid_out, along = next(rest)
            pointers.append(laid_out.data_ptr())
            steps += [laid_out.stride(-2), laid_out.stride(-1), *along]
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
        *_sharing(math.prod(batch), record.length * x.element_size()),
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
    record = _blocks(dims, _widths(copies, x))
    x, rows = _in_one_piece(x, 2), _in_one_piece(rows, 1)[..., None]
    sizes, strides, (x, rows) = _laid_out(batch, (x, rows))
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
) -> _Record:
    """Return the strides of matrices that stand in rows: of their two axes, and of the batch."""
    steps: list[tuple[int, ...]] = []
    for start, d in zip(starts, dims, strict=True):
        pair = (1, d) if is_back else (d, 1)
        steps.append((*pair, *along) if start >= 0 else (0,) * (2 + _MAX_AXES))
    array = np.array(steps, dtype=np.int64)
    return _Record(array.ctypes.data, 0, 0, (array,))


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
    slopes = None if output is None else cosine.new_empty((*grad.shape[:-2], len(dims)))
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
    record = _blocks(dims, _widths(copies, x))
    x = _in_one_piece(x, 2)
    y = x if y is None else _in_one_piece(y, 2)
    cosine, sine = (_in_one_piece(phase, 1)[..., None] for phase in phases)
    batch, strides, (cosine, sine, x, y) = _laid_out(like.shape[:-2], (cosine, sine, x, y))
    if strides[0] != strides[1]:
        cosine, sine = cosine.contiguous(), sine.contiguous()
        batch, strides, (cosine, sine, x, y) = _laid_out(like.shape[:-2], (cosine, sine, x, y))
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
    factors = _wigner_factors(rotation.dtype)
    rotation = _in_one_piece(rotation, 2)
    sizes, strides, (rotation,) = _laid_out(batch, (rotation,))
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


@functools.cache
def _wigner_factors(dtype: torch.dtype) -> NDArray[Any]:
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
    generators = [x.numpy() for x in wigner_generators(highest)]
    where = [np.argwhere(np.abs(x) > _ZERO) for x in generators]
    values = [x[tuple(places.T)] for x, places in zip(generators, where, strict=True)]
    return np.concatenate(where).astype(np.int64), np.concatenate(values).astype(_DTYPE[dtype])


@functools.cache
def _span(degree: int) -> tuple[int, int]:
    """Return the first and last place in `_generator_entries` of one degree."""
    counts = [int((x.abs() > _ZERO).sum()) for x in wigner_generators(degree)]
    return sum(counts[:-1]), sum(counts)
