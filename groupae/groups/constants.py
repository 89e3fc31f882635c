"""Constant tensors as frozen data: equal by value, hashable, picklable."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.kernels.dispatch import uses_fast_path

__all__ = ["Constant", "kept", "look_up"]


def kept(
    make: Callable[..., Tensor],
    like: Tensor,
    *arguments: Hashable,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Return ``make(*arguments)`` on the device and in the dtype of ``like``; read only.

    Another dtype may be given. It is made once per dtype and device, and anew while a graph is
    traced or transformed, to which it then belongs.
    """
    if uses_fast_path(like):
        return _kept(make, arguments, dtype or like.dtype, like.device)
    return make(*arguments).to(like.device, dtype or like.dtype)


@functools.lru_cache(maxsize=256)
def _kept(
    make: Callable[..., Tensor],
    arguments: tuple[Hashable, ...],
    dtype: torch.dtype,
    device: torch.device,
) -> Tensor:
    # what is kept may be asked for derivatives later; and whatever the default device is
    with torch.inference_mode(False), torch.device("cpu"):
        return make(*arguments).to(device, dtype)


def look_up(table: Tensor, *indices: Tensor) -> Tensor:
    """Return the entries of a table at indices, which broadcast, shape ``(*batch, *rest)``.

    Example:
        >>> look_up(torch.tensor([[0, 1], [2, 3]]), torch.tensor(1), torch.tensor([0, 1])).tolist()
        [2, 3]
    """
    # torch reads an index without axes as a number, which vmap refuses inside a derivative
    places = tuple(index.long().unsqueeze(-1) for index in indices)
    return table.to(places[0].device)[places].squeeze(max(index.ndim for index in indices))


class Constant:
    """A constant tensor, float64 or int64 on the CPU, for fields of frozen dataclasses.

    Args:
        values: A tensor or nested lists; copied. Booleans and integers become int64.

    Example:
        >>> Constant([[1, 2], [3, 4]]) == Constant(torch.tensor([[1, 2], [3, 4]]))
        True
    """

    __slots__ = ("_digest", "_values")

    def __init__(self, values: Any) -> None:
        if not isinstance(values, Tensor):
            try:
                values = torch.as_tensor(
                    values, dtype=torch.float64 if _has_float(values) else None
                )
            except (TypeError, ValueError, RuntimeError):
                what = "numbers in nested lists of equal lengths"
                raise ShapeError(expected("groupae", what, repr(values)[:80])) from None
        if values.is_complex():
            remedy = "write a complex matrix A + iB as [[A, -B], [B, A]]"
            raise TypeError(expected("groupae", "real numbers", values.dtype, remedy))
        kept = torch.float64 if values.is_floating_point() else torch.int64
        with torch.inference_mode(False):  # what is kept may be asked for derivatives later
            self._values: Tensor = values.detach().to("cpu", kept).clone()
        content = self._values + 0  # -0.0 becomes 0.0
        self._digest = hashlib.sha256(
            f"{kept}{tuple(content.shape)}".encode() + content.contiguous().numpy().tobytes()
        ).hexdigest()

    @property
    def values(self) -> Tensor:
        """A copy of the tensor."""
        return self._values.clone()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return tuple(self._values.shape)

    def to(
        self, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Tensor:
        """Return the tensor in another dtype and on another device; read only."""
        return self._values.to(device=device, dtype=dtype)

    def like(self, x: Tensor) -> Tensor:
        """Return the tensor in the dtype and on the device of ``x``; read only."""
        return self._values.to(device=x.device, dtype=x.dtype)

    def __len__(self) -> int:
        return len(self._values)

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self._digest == other._digest

    @override
    def __hash__(self) -> int:
        return hash(self._digest)

    @override
    def __reduce__(self) -> tuple[type[Constant], tuple[Tensor]]:
        return Constant, (self._values,)

    def __deepcopy__(self, memo: dict[int, Any]) -> Constant:
        return self

    @override
    def __str__(self) -> str:
        """Return nested lists as JSON, whole numbers without a point."""
        return json.dumps(_plain(self._values.tolist()), separators=(",", ":"))

    @override
    def __repr__(self) -> str:
        return f"Constant({self})"


def _has_float(values: Any) -> bool:
    if isinstance(values, (list, tuple)):
        return any(_has_float(value) for value in values)
    return isinstance(values, float)


def _plain(values: Any) -> Any:
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return int(values) if float(values).is_integer() else values
