"""The loss under ``torch.compile``: the same numbers up to rounding, and state dicts as ever.

What is compiled is the function, not the module: weights keep their names, and whatever else looks
at the model finds it as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import expected
from groupae.protocols import PairBatch

__all__ = ["check_compiler", "compiled_loss"]


def check_compiler() -> None:
    """Compile one small function, which takes seconds once and is remembered on the disk.

    Raises:
        ValueError: If that fails: on a processor, for want of a C++ compiler.
    """
    try:
        torch.compile(_probe, dynamic=False)(torch.zeros(8))
    except Exception as error:  # torch wraps its backends' errors in kinds without public names
        what, got = "a compiler that torch.compile can use", "none that works"
        remedy = "install a C++ compiler (g++ or clang), or leave compile out"
        raise ValueError(expected("training with compile", what, got, remedy)) from error


def _probe(x: Tensor) -> Tensor:
    return x.cos() + 1


def compiled_loss(model: nn.Module) -> Callable[[PairBatch], dict[str, Tensor]]:
    """Return ``model.loss``, compiled for batches of one size when it is first called."""
    loss: Any = model.loss
    compiled: Callable[[PairBatch], dict[str, Tensor]] = torch.compile(loss, dynamic=False)
    return compiled
