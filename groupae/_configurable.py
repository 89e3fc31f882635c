"""Record of the arguments that an object was made with, so that it can be made again."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from groupae._validation import expected

__all__ = ["arguments_of", "configurable", "is_configurable"]

_T = TypeVar("_T", bound=Callable[..., Any])
_MARK, _RECORD = "_is_configurable", "_made_with"


def configurable(kind: _T) -> _T:
    """Mark a class or a function as one that `groupae.save` may name in its file.

    Each instance of the class keeps the arguments that it was made with. They are numbers, text,
    groups, representations, lists and dicts of these, and parts that are described themselves.
    `groupae.load` is given the class or function, as no file is trusted to import one.

    Args:
        kind: A class, or a function such as a loss term.

    Raises:
        TypeError: If it is neither.

    Example:
        >>> import torch
        >>> @configurable
        ... class Halves(torch.nn.Module):
        ...     def __init__(self, size: int, scale: float = 0.5) -> None:
        ...         super().__init__()
        >>> arguments_of(Halves(3))
        {'size': 3}
    """
    if not callable(kind):
        raise TypeError(expected("configurable", "a class or a function", repr(kind)))
    setattr(kind, _MARK, kind)
    if isinstance(kind, type) and not hasattr(vars(kind).get("__init__"), "_records"):
        type.__setattr__(kind, "__init__", _recording(inspect.getattr_static(kind, "__init__")))
    return kind


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    """Return an ``__init__`` that keeps the arguments of the call that made the object."""
    signature = inspect.signature(init)

    @functools.wraps(init)
    def recorded(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)  # it raises if the arguments do not bind
        if type(self).__init__ is recorded:  # not a call by the __init__ of a subclass
            given = dict(signature.bind(self, *args, **kwargs).arguments)
            given.pop(next(iter(given)))
            vars(self)[_RECORD] = {name: _kept(value) for name, value in given.items()}

    vars(recorded)["_records"] = True
    return recorded


def _kept(value: Any) -> Any:
    """Return a value that later changes of a list or dict do not reach."""
    return copy.copy(value) if type(value) in (list, dict) else value


def is_configurable(kind: object) -> bool:
    """Return whether this very class or function was marked, not only a base class."""
    return getattr(kind, _MARK, None) is kind


def arguments_of(thing: object) -> dict[str, Any] | None:
    """Return the arguments by name that an object was made with, ``None`` if not recorded."""
    found: dict[str, Any] | None = getattr(thing, "__dict__", {}).get(_RECORD)
    return found
