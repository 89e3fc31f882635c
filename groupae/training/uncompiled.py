"""Optimisers of torch that do without its compiler, which takes over a second to load.

Methods of `torch.optim.Optimizer` load ``torch._dynamo`` when they are first called, in order to
exclude themselves from a compiled step. `fit` compiles the loss only, so they are called as they
are inside those wrappers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

__all__ = ["AdamW", "Uncompiled"]


def _bare(method: Callable[..., Any]) -> Any:
    """Return a method without the wrappers that torch puts around it."""
    return inspect.unwrap(method)


class Uncompiled(torch.optim.Optimizer):
    """Base class of optimisers whose methods are never compiled."""

    add_param_group = _bare(torch.optim.Optimizer.add_param_group)
    zero_grad = _bare(torch.optim.Optimizer.zero_grad)
    state_dict = _bare(torch.optim.Optimizer.state_dict)
    load_state_dict = _bare(torch.optim.Optimizer.load_state_dict)


class AdamW(Uncompiled, torch.optim.AdamW):
    """`torch.optim.AdamW`, with the same updates, state and name.

    Example:
        >>> weight = torch.nn.Parameter(torch.ones(1))
        >>> weight.grad = torch.ones(1)
        >>> AdamW([weight], lr=0.1, weight_decay=0.0).step()
        >>> round(weight.item(), 3)
        0.9
    """

    step = torch.no_grad()(_bare(torch.optim.AdamW.step))
