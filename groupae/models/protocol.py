"""What every system under comparison can do."""

from __future__ import annotations

import dataclasses
from typing import Protocol, runtime_checkable

from torch import Tensor

from groupae.pairs import PairBatch

__all__ = ["Capabilities", "TransformModel"]


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """What a model needs and can do, so that "not applicable" is a result and not a crash.

    Args:
        groups: Names of the groups it takes, or ``None`` for any.
        needs_data_action: Whether it must know how the group acts on pictures.
        infers_element: Whether it can find g from a pair.
    """

    groups: tuple[str, ...] | None = None
    needs_data_action: bool = False
    infers_element: bool = False


@runtime_checkable
class TransformModel(Protocol):
    """Anything that predicts what ``x`` becomes under ``g``; one trainer serves all."""

    capabilities: Capabilities

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the prediction, shape of ``x``."""
        ...

    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return named loss terms; their sum is minimised."""
        ...
