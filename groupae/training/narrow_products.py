"""Convolutions and large linear layers in bfloat16, everything else as it is."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from typing_extensions import override

__all__ = ["NarrowProducts", "has_bfloat16", "narrow_products"]

_LEAST_TERMS = 64  # per entry of a result; shorter sums gain less than the conversion costs
_LEAST_WEIGHTS = 2**15  # of a linear layer, for the same reason
_CONVOLUTIONS = (torch.conv1d, torch.conv2d, torch.conv3d)


class NarrowProducts(TorchFunctionMode):
    """Context in which convolutions and large linear layers multiply in bfloat16.

    Their float32 inputs and weights are rounded to bfloat16, sums are taken in float32 and results
    are float32 again. Norms, activations, sums of residuals, losses and the action of the group
    stay as they are: `torch.autocast` rounds these too, and on a processor its norms take longer
    than its convolutions save.

    Example:
        >>> layer, x = torch.nn.Conv2d(16, 16, 3), torch.ones(1, 16, 8, 8)
        >>> with NarrowProducts():
        ...     found = layer(x)
        >>> found.dtype, bool((found - layer(x)).abs().max() < 0.02)
        (torch.float32, True)
    """

    @override
    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if not kwargs and _is_worthwhile(func, args):
            narrow = [each.bfloat16() if isinstance(each, Tensor) else each for each in args]
            return func(*narrow).float()
        return func(*args, **(kwargs or {}))


def _is_worthwhile(func: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Return whether a call of torch is a product of float32 tensors that is faster in bfloat16."""
    if func is not F.linear and func not in _CONVOLUTIONS:
        return False
    x: Tensor = args[0]
    weight: Tensor = args[1]
    if x.dtype != torch.float32 or weight.dtype != torch.float32:
        return False
    if func is F.linear:
        return weight.numel() >= _LEAST_WEIGHTS
    return weight.shape[1:].numel() >= _LEAST_TERMS


@functools.cache
def has_bfloat16(device: str = "cpu") -> bool:
    """Return whether a kind of device has instructions for products in bfloat16."""
    if device == "cuda":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported(False)
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    has_any = any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))
    return device == "cpu" and has_any and torch.backends.mkldnn.is_available()


def narrow_products(device: str = "cpu") -> contextlib.AbstractContextManager[Any]:
    """Return `NarrowProducts` where a kind of device has instructions for it, else no change."""
    return NarrowProducts() if has_bfloat16(device) else contextlib.nullcontext()
