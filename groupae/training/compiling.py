"""Loss under ``torch.compile``: the same numbers up to rounding, and unchanged state dicts.

The function is compiled, not the module: weights keep their names, and the model stays the same for
all other code.
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
    """Raise unless a small function compiles, which takes seconds once and is cached on disk.

    Raises:
        ValueError: If it does not: on a processor, because there is no C++ compiler.
    """
    try:
        torch.compile(_probe, dynamic=False)(torch.zeros(8))
    except Exception as error:  # torch wraps errors of its backends in kinds without public names
        what, got = "a compiler that torch.compile can use", "none that works"
        remedy = "install a C++ compiler (g++ or clang), or leave compile out"
        raise ValueError(expected("training with compile", what, got, remedy)) from error


def _probe(x: Tensor) -> Tensor:
    return x.cos() + 1


def compiled_loss(model: nn.Module) -> Callable[[PairBatch], dict[str, Tensor]]:
    """Return ``model.loss``, compiled at its first call for batches of one size."""
    loss: Any = model.loss
    compiled: Callable[[PairBatch], dict[str, Tensor]] = torch.compile(loss, dynamic=False)
    return compiled
