"""Checks of arguments, and the wording of their errors.

Every message has the form ``<owner>: expected <argument> <what>, got <what>; <remedy>``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

import torch
from torch import Tensor
from typing_extensions import override

__all__ = [
    "Method",
    "ShapeError",
    "check_axis_size",
    "check_batches",
    "check_count",
    "check_element",
    "check_floating",
    "expected",
    "said_by",
    "unknown_choice",
]


@dataclasses.dataclass(frozen=True)
class Method:
    """Owner of an error message; its text is formatted only if an error is raised."""

    subject: object
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.subject!r}.{self.name}"


class ShapeError(ValueError):
    """Error for a tensor of the wrong shape.

    Example:
        >>> import groupae, torch
        >>> groupae.SO3().inverse(torch.zeros(2, 2))
        Traceback (most recent call last):
            ...
        groupae._validation.ShapeError: SO(3): expected elements of shape (*batch, 3, 3), got (2, 2)
    """


_LONGEST_GOT = 2000  # characters


def expected(owner: object, what: str, got: object, remedy: str = "") -> str:
    """Return the error message ``<owner>: expected <what>, got <got>; <remedy>``.

    A ``got`` of a file can be of any length; it is cut.
    """
    found = str(got)
    if len(found) > _LONGEST_GOT:
        found = f"{found[:_LONGEST_GOT]}..."
    sentence = f"{owner}: expected {what}, got {found}"
    return f"{sentence}; {remedy}" if remedy else sentence


@contextlib.contextmanager
def said_by(owner: object, instead_of: str) -> Iterator[None]:
    """Give errors whose subject is ``instead_of`` another one, such as the command that was called.

    Example:
        >>> with said_by("groupae demo", "write_demo"):
        ...     raise ValueError(expected("write_demo", "pictures", "none"))
        Traceback (most recent call last):
        ValueError: groupae demo: expected pictures, got none
    """
    try:
        yield
    except (ValueError, TypeError, OSError, ImportError) as error:
        subject, colon, rest = str(error).partition(": ")
        if colon and subject == instead_of:
            sentence = f"{owner}: {rest}"
            error.args = (sentence, *error.args[1:])
            if isinstance(error, ImportError):
                error.msg = sentence  # which its text is taken from
        raise


def unknown_choice(owner: object, what: str, got: object, choices: Iterable[object]) -> str:
    """Return the error message for a name that is not in a list, with the nearest match if any."""
    names = [str(choice) for choice in choices]
    near = get_close_matches(str(got)[:100].lower(), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else ""
    return expected(owner, f"{what} to be one of {', '.join(names)}", f"{got!r:.200}", hint)


def check_axis_size(
    owner: object, x: object, axis: int, size: int, remedy: str, *, name: str = "x"
) -> None:
    """Raise unless ``x`` is a tensor with ``size`` entries along ``axis``.

    Raises:
        TypeError: If ``x`` is no tensor.
        ShapeError: If the axis is missing or has another length.
    """
    if not isinstance(x, Tensor):
        raise TypeError(expected(owner, f"{name} to be a tensor", type(x).__name__, remedy))
    if not -x.ndim <= axis < x.ndim or x.shape[axis] != size:
        behind = ", ".join([str(size)] + ["_"] * (-axis - 1))
        shape = f"(*batch, {behind})" if axis < 0 else f"with {size} entries along axis {axis}"
        raise ShapeError(expected(owner, f"{name} of shape {shape}", tuple(x.shape), remedy))


def check_batches(owner: object, *batches: tuple[int, ...]) -> None:
    """Raise `ShapeError` unless batch axes broadcast: from the last one, equal or 1."""
    for a, b in itertools.combinations(batches, 2):
        if any(m != n and 1 not in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False)):
            got = f"{tuple(a)} and {tuple(b)}"
            remedy = "put axes of length 1 where they differ"
            raise ShapeError(expected(owner, "batch axes that broadcast", got, remedy))


def check_count(owner: object, name: str, value: object) -> None:
    """Raise `ValueError` unless ``value`` is an integer (not a bool) of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(expected(owner, f"{name} to be an integer of at least 1", repr(value)))


def check_floating(owner: object, what: str, x: object) -> None:
    """Raise `TypeError` unless ``x`` is a real floating-point tensor."""
    if not isinstance(x, Tensor):
        raise TypeError(expected(owner, f"{what} to be a tensor", type(x).__name__))
    if not x.is_floating_point():
        remedy = "convert it with .float()"
        if x.dtype == torch.uint8:
            remedy = "bytes become numbers in [0, 1] by .float() / 255"
        raise TypeError(expected(owner, f"{what} of a floating dtype", x.dtype, remedy))


def check_element(
    owner: object, g: object, element_shape: tuple[int, ...], *, is_integer: bool
) -> None:
    """Raise unless ``g`` is a tensor of group elements: trailing shape and kind of dtype.

    Raises:
        TypeError: If ``g`` is no tensor or its dtype is of the wrong kind.
        ShapeError: If its trailing axes are not ``element_shape``.
    """
    n = len(element_shape)
    if isinstance(g, Tensor) and g.ndim >= n and g.shape[g.ndim - n :] == element_shape:
        if is_integer and (g.is_floating_point() or g.is_complex() or g.dtype == torch.bool):
            remedy = (
                "elements are indices: .long() makes them of whole numbers; the index of an angle "
                "is found by preimage of an inclusion, such as SO2().subgroup('c(4)')"
            )
            raise TypeError(expected(owner, "elements of an integer dtype", g.dtype, remedy))
        if not is_integer and not g.is_floating_point():
            remedy = (
                "indices of another group are carried over by its inclusion, such as "
                "SO2().subgroup('c(4)')(g); coordinates become floating by .float()"
            )
            raise TypeError(expected(owner, "elements of a floating dtype", g.dtype, remedy))
        return
    trailing = ", ".join(str(size) for size in element_shape)
    form = f"(*batch, {trailing})" if element_shape else "(*batch,)"
    if not isinstance(g, Tensor):
        raise TypeError(expected(owner, f"elements as a tensor {form}", type(g).__name__))
    raise ShapeError(expected(owner, f"elements of shape {form}", tuple(g.shape)))
