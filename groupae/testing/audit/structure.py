"""Tensors inside the arguments and results of functions: tuples, lists, dicts, wrapped tensors.

A wrapped tensor is an object with a tensor ``.tensor`` and a ``.type`` that wraps another one when
called, such as escnn's geometric tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor

__all__ = ["is_wrapped", "map_tensors", "named_tensors", "tensors"]


def is_wrapped(x: object) -> bool:
    """Return whether ``x`` wraps a tensor."""
    return isinstance(getattr(x, "tensor", None), Tensor) and callable(getattr(x, "type", None))


def named_tensors(x: Any, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a structure with their places, such as ``"[0]"`` or ``"['h']"``."""
    if isinstance(x, Tensor):
        yield prefix, x
    elif is_wrapped(x):
        yield prefix, x.tensor
    elif isinstance(x, Mapping):
        for name, part in x.items():
            yield from named_tensors(part, f"{prefix}[{name!r}]")
    elif isinstance(x, (tuple, list)):
        for i, part in enumerate(x):
            yield from named_tensors(part, f"{prefix}[{i}]")


def tensors(x: Any) -> list[Tensor]:
    """Return the tensors of a structure."""
    return [part for _, part in named_tensors(x)]


def map_tensors(f: Callable[[str, Tensor], Tensor], x: Any, prefix: str = "") -> Any:
    """Return the structure with ``f(place, tensor)`` for each tensor; other objects stay."""
    if isinstance(x, Tensor):
        return f(prefix, x)
    if is_wrapped(x):
        return x.type(f(prefix, x.tensor))
    if isinstance(x, Mapping):
        parts = {name: map_tensors(f, part, f"{prefix}[{name!r}]") for name, part in x.items()}
        return parts if type(x) is dict else type(x)(parts)  # type: ignore[call-arg]  # a dict
    if isinstance(x, (tuple, list)):
        items = [map_tensors(f, part, f"{prefix}[{i}]") for i, part in enumerate(x)]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    return x
