"""The function under audit: its calls, counted, on copies of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import ShapeError, expected
from groupae.testing.audit.structure import map_tensors, named_tensors, tensors

__all__ = ["Subject", "find_module", "rows_of"]


def find_module(f: object) -> nn.Module | None:
    """Return the network of a function: itself, or the object of a bound method."""
    if isinstance(f, nn.Module):
        return f
    owner = getattr(f, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def rows_of(x: Any, some: slice | list[int]) -> Any:
    """Return some samples of a structure of tensors."""
    return map_tensors(lambda _, part: part[some], x)


class Subject:
    """A function that is called on copies of its inputs.

    Args:
        owner: Beginning of error messages.
        f: The function, from a batch to a batch.
        needs_grad: Whether it differentiates inside.

    Attributes:
        passes: Number of calls.
        changed: Places of the inputs that a call changed.
    """

    def __init__(self, owner: str, f: Callable[[Any], Any], *, needs_grad: bool) -> None:
        self.owner, self.f, self.needs_grad = owner, f, needs_grad
        self.passes = 0
        self.changed: set[str] = set()

    @property
    def name(self) -> str:
        """Name of the function or class of the network."""
        return str(getattr(self.f, "__qualname__", type(self.f).__name__))

    def __call__(self, x: Any) -> Any:
        """Return the output for a batch.

        Raises:
            TypeError: If the output holds no floating tensors.
            ShapeError: If it has another number of samples.
        """
        self.passes += 1
        given = map_tensors(lambda _, part: part.clone(), x)
        kept = dict(named_tensors(given))
        with torch.set_grad_enabled(self.needs_grad):
            y = self._called(given)
        for place, part in named_tensors(x):
            if not _same(kept[place], part):
                self.changed.add(f"x{place}")
        y = map_tensors(lambda _, part: part.detach(), y)
        self._check(y, len(tensors(x)[0]))
        return y

    def _called(self, x: Any) -> Any:
        """Return ``f(x)``; explain an error that data of another dtype cause."""
        try:
            return self.f(x)
        except RuntimeError as error:
            module = find_module(self.f)
            weights = [] if module is None else list(module.parameters())
            known = {weight.dtype for weight in weights if weight.is_floating_point()}
            got = {part.dtype for part in tensors(x) if part.is_floating_point()}
            if len(known) != 1 or got <= known:
                raise
            what = f"data of the dtype of the weights, {known.pop()}"
            remedy = "convert the data, or the network with .float() or .double()"
            raise TypeError(
                expected(self.owner, what, ", ".join(sorted(map(str, got))), remedy)
            ) from error

    def _check(self, y: Any, n: int) -> None:
        parts = tensors(y)
        if not parts or not all(part.is_floating_point() for part in parts):
            got = ", ".join(str(part.dtype) for part in parts) or type(y).__name__
            remedy = "wrap f so that it returns scores or features, not classes or words"
            raise TypeError(expected(self.owner, "f to return floating tensors", got, remedy))
        for part in parts:
            if part.ndim == 0 or len(part) != n:
                what = f"f to return one output for each of {n} samples, shape ({n}, ...)"
                raise ShapeError(expected(self.owner, what, tuple(part.shape)))


def _same(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors are equal, NaN included."""
    if a.shape != b.shape:
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())
