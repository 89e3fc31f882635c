"""Charts: coordinates of elements, and the check that given numbers are valid.

Conventions: each group declares its charts in `Group.atlas`, the native one first, and
`Group.convert` checks every input against them by `check_chart`: shape, kind of dtype and values.
The tolerance is the rounding of printed numbers, 1e-3 (or 4 eps of a half-precision dtype): a
matrix farther from a rotation than that is refused, and `Group.project` returns the nearest one.
Lengths of quaternions and of complex numbers and whole turns of angles do not matter. Values are
not checked where they cannot be read: while a graph is traced, under ``torch.func``, on ``meta``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups.matrices import unit_like
from groupae.kernels.dispatch import full_precision, is_transformed

__all__ = [
    "MODULO",
    "PROJECT",
    "Chart",
    "check_chart",
    "check_finite",
    "check_real",
    "is_homogeneous",
    "is_nonzero",
    "is_orthogonal",
    "is_permutation",
    "is_permutation_matrix",
    "is_rotation",
    "is_sign",
    "to_whole",
    "within",
]

PROJECT = "project returns the nearest one"
MODULO = "project takes it modulo the order"

_NEAR = 1e-3  # rounding of printed numbers

Kind = Literal["floating", "integer", "complex", "real"]
Test = Callable[[Tensor, float], Tensor]
"""Test of a batch of numbers, to a tolerance: which of them are elements."""

_FLOATING = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
_COMPLEX = (torch.complex128, torch.complex64, torch.complex32)
_INTEGER = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
_DTYPES = {
    "floating": (_FLOATING, "make it one with .float() or .double()"),
    "integer": (_INTEGER, "make it one with .long()"),
    "complex": (_COMPLEX, "make it one with torch.complex"),
    "real": (_FLOATING + _INTEGER, "make it one with .float() or .double()"),
}


@dataclasses.dataclass(frozen=True)
class Chart:
    """Coordinates of elements.

    Args:
        name: The name, with order and unit.
        shape: Trailing shape.
        kind: Kind of dtype; ``"real"`` is floating or integer.
        what: Description of the valid numbers, for errors.
        is_valid: Test of values: from ``(*batch, *shape)``, finite and of at least single
            precision, and a tolerance, to booleans ``(*batch,)``. ``None``: all are valid.
        remedy: Remedy for invalid numbers, for errors.
    """

    name: str
    shape: tuple[int, ...] = ()
    kind: Kind = "floating"
    what: str = "finite numbers"
    is_valid: Test | None = None
    remedy: str = "leave it out"


def check_chart(owner: object, chart: Chart, x: object) -> None:
    """Raise unless ``x`` is a batch of elements in the coordinates of a chart.

    Raises:
        TypeError: If it is no tensor, or of another kind of dtype.
        ShapeError: If its trailing axes are not those of the chart.
        ValueError: If a number is not finite, or the numbers are no element.
    """
    if not isinstance(x, Tensor):
        remedy = "make it one with torch.tensor"
        raise TypeError(_sentence(owner, chart, "as a tensor", type(x).__name__, remedy))
    lead = x.ndim - len(chart.shape)
    if lead < 0 or x.shape[lead:] != chart.shape:
        remedy = "batch axes lead, and the last ones are as the chart says"
        what = f"of shape {_form(chart.shape)}"
        raise ShapeError(_sentence(owner, chart, what, tuple(x.shape), remedy))
    dtypes, remedy = _DTYPES[chart.kind]
    if x.dtype not in dtypes:
        what = f"of {_article(chart.kind)}"
        raise TypeError(_sentence(owner, chart, what, x.dtype, remedy))
    if x.layout != torch.strided:
        remedy = "make it one with .to_dense()"
        raise TypeError(_sentence(owner, chart, "as a dense tensor", x.layout, remedy))
    if not _has_values(x):
        return
    with torch.no_grad(), full_precision(x):
        good = _are_elements(chart, x.detach(), lead)
        if not bool(good.all()):
            got = _first_wrong(x, good, lead)
            raise ValueError(_sentence(owner, chart, "", got, chart.remedy))


def check_finite(owner: object, x: Tensor) -> None:
    """Raise ``ValueError`` unless all numbers are finite; tensors without values pass."""
    if x.is_floating_point() and _has_values(x) and not bool(x.isfinite().all()):
        place = tuple((~x.isfinite()).nonzero()[0].tolist())
        got = f"{x.detach()[place].item()} at index {place}"
        raise ValueError(expected(owner, "finite numbers", got, "there is no nearest element"))


def check_real(owner: object, x: Tensor, shape: tuple[int, ...] = ()) -> None:
    """Raise unless ``x`` is a tensor of finite real numbers with trailing axes ``shape``."""
    form = _form(shape)
    if not isinstance(x, Tensor):
        raise TypeError(expected(owner, f"numbers as a tensor {form}", type(x).__name__))
    if x.dtype not in _DTYPES["real"][0]:
        raise TypeError(expected(owner, "numbers of a real dtype", x.dtype, _DTYPES["real"][1]))
    if x.ndim < len(shape) or x.shape[x.ndim - len(shape) :] != shape:
        raise ShapeError(expected(owner, f"numbers of shape {form}", tuple(x.shape)))
    check_finite(owner, x)


def to_whole(owner: object, x: Tensor) -> Tensor:
    """Return the nearest whole numbers, int64."""
    check_real(owner, x)
    return x.round().long() if x.is_floating_point() else x.long()


def _sentence(owner: object, chart: Chart, what: str, got: object, remedy: str) -> str:
    named = f"{chart.name!r} ({chart.what}) {what}".rstrip()
    return expected(f"{owner}.convert", named, got, remedy)


def _form(shape: tuple[int, ...]) -> str:
    return f"(*batch, {', '.join(map(str, shape))})" if shape else "(*batch,)"


def _article(kind: Kind) -> str:
    return f"{'an' if kind == 'integer' else 'a'} {kind} dtype"


def _has_values(x: Tensor) -> bool:
    """Return whether values can be read: not under a tracer or a function transform."""
    if x.is_meta or x.numel() == 0 or torch.compiler.is_compiling() or is_transformed():
        return False
    if type(x) not in (Tensor, torch.nn.Parameter) or torch._C._len_torch_dispatch_stack():
        return False  # a fake or wrapped tensor; a mode that makes a graph
    if torch._C._get_tracing_state() or torch._C._functorch.is_legacy_batchedtensor(x):
        return False
    return not (x.is_cuda and torch.cuda.is_current_stream_capturing())


def _are_elements(chart: Chart, x: Tensor, lead: int) -> Tensor:
    tolerance = max(_NEAR, 4 * torch.finfo(x.dtype).eps) if x.is_floating_point() else _NEAR
    if x.dtype in (torch.float16, torch.bfloat16):
        x = x.float()
    elif x.dtype == torch.complex32:
        x = x.to(torch.complex64)
    finite = x.isfinite()
    good = finite.reshape(*x.shape[:lead], -1).all(-1)
    if chart.is_valid is None:
        return good
    return good & chart.is_valid(torch.where(finite, x, torch.ones_like(x)), tolerance)


def _first_wrong(x: Tensor, good: Tensor, lead: int) -> str:
    """Return the text of the first invalid element, with its position in the batch."""
    place = tuple((~good).nonzero()[0].tolist())
    numbers = x.detach()[place].tolist()
    text = str(_short(numbers))
    text = f"{text[:80]}..." if len(text) > 80 else text
    return f"{text} at batch index {place}" if lead else text


def _short(numbers: object) -> object:
    if isinstance(numbers, list):
        return [_short(number) for number in numbers]
    return float(f"{numbers:.4g}") if isinstance(numbers, float) else numbers


# --- tests of values to a tolerance ------------------------------------------------------------
def is_nonzero(x: Tensor, tolerance: float = 0.0) -> Tensor:
    """Return whether vectors along the last axis, or complex numbers, are not zero."""
    del tolerance
    return x != 0 if x.is_complex() else (x.abs() > torch.finfo(x.dtype).tiny).any(-1)


def is_sign(x: Tensor, tolerance: float) -> Tensor:
    """Return whether numbers are 1 or -1."""
    return (x.abs() - 1).abs() <= tolerance


def is_orthogonal(x: Tensor, tolerance: float) -> Tensor:
    """Return whether matrices are orthogonal."""
    return ((x.mT @ x - unit_like(x)).abs() <= 4 * tolerance).flatten(-2).all(-1)


def is_rotation(x: Tensor, tolerance: float) -> Tensor:
    """Return whether matrices are rotations: orthogonal with determinant 1."""
    determinant: Tensor = torch.linalg.det(x)
    return is_orthogonal(x, tolerance) & (determinant > 0)


def is_homogeneous(x: Tensor, tolerance: float) -> Tensor:
    """Return whether the last row of matrices is ``0, ..., 0, 1``."""
    last = torch.zeros_like(x[..., -1, :])
    last[..., -1] = 1
    return ((x[..., -1, :] - last).abs() <= tolerance).all(-1)


def is_permutation(x: Tensor, tolerance: float = 0.0) -> Tensor:
    """Return whether integers along the last axis are 0..n-1 in some order."""
    del tolerance
    return (x.sort(-1).values == torch.arange(x.shape[-1], device=x.device)).all(-1)


def is_permutation_matrix(x: Tensor, tolerance: float) -> Tensor:
    """Return whether matrices have one 1 in every row and column, and zeros elsewhere."""
    whole = x.round()
    ones = whole == 1
    good = ((x - whole).abs() <= tolerance) & (ones | (whole == 0))
    single = (ones.sum(-1) == 1).all(-1) & (ones.sum(-2) == 1).all(-1)
    return good.flatten(-2).all(-1) & single


def within(order: int) -> Test:
    """Return a test for indices in ``0..order-1``."""
    return lambda x, _: (x >= 0) & (x < order)
