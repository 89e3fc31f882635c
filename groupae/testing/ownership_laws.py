"""Law of ownership: a result belongs to the caller, who may write into it.

Writing into one row of a result changes no other row, no later result and no input. Broadcast
results, returned inputs and views of cached tensors all break it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from groupae.testing.report import LawBook

__all__ = ["check_ownership"]

_JUNK = -12345  # no result of a law contains it


def check_ownership(book: LawBook, method: str, call: Callable[..., Any], *inputs: Any) -> None:
    """Check that writing into the result of ``call(*inputs)`` has no effect elsewhere.

    Args:
        book: Record of the law.
        method: Name of the method, for the note.
        call: A deterministic function; a tensor it returns has rows along its first axis.
        inputs: Tensors, or dicts of tensors.
    """
    with book.law("ownership"), torch.no_grad():
        given = _copied(inputs)
        first = _copied(call(*given))
        result = call(*given)
        for part in _tensors(result):
            if part.numel() and part.ndim:
                _overwrite(part[0])
        written, write = _copied(result), "writing into the first row of the result changes"
        faults = {
            f"{write} another row": not _agree(_rest(result), _rest(first)),
            f"{write} an input": not _agree(given, inputs),
            f"{write} a later result": not _agree(call(*_copied(inputs)), first),
            "a later call changes an earlier result": not _agree(result, written),
        }
        for fault, is_found in faults.items():
            book.require("ownership", not is_found, f"{method}: {fault}")
        for part, was in zip(_tensors(result), _tensors(first), strict=True):
            if part.numel() and part.ndim:
                part[0].copy_(was[0])  # restore it, in case it is shared


def _tensors(x: Any) -> Iterator[Tensor]:
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, Mapping):
        for part in x.values():
            yield from _tensors(part)
    elif isinstance(x, (tuple, list)):
        for part in x:
            yield from _tensors(part)


def _copied(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.detach().clone()
    if isinstance(x, Mapping):
        return {name: _copied(part) for name, part in x.items()}
    return tuple(_copied(part) for part in x)


def _overwrite(row: Tensor) -> None:
    if row.dtype == torch.bool:
        row.logical_not_()
    else:
        row.fill_(0 if bool((row == _JUNK).any()) else _JUNK)


def _rest(x: Any) -> list[Tensor]:
    return [part[1:] for part in _tensors(x) if part.ndim]


def _agree(a: Any, b: Any) -> bool:
    """Return whether tensors agree up to rounding, which may depend on memory layout."""
    pairs = zip(_tensors(a), _tensors(b), strict=True)
    return all(p.shape == q.shape and _close(p, q) for p, q in pairs)


def _close(p: Tensor, q: Tensor) -> bool:
    p, q = (x.to(torch.complex128) for x in (p, q))  # to which every dtype can be cast
    return torch.allclose(p, q, rtol=1e-3, atol=1e-3, equal_nan=True)
