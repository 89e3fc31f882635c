"""What every system under comparison can do."""

from __future__ import annotations

import abc
import dataclasses
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from groupae.groups import Group
from groupae.pairs import PairBatch

__all__ = ["Capabilities", "TransformModel", "TransformModule"]


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """What a model needs and can do, so that "not applicable" is a result and not a crash.

    Args:
        groups: Names of the groups it takes, or ``None`` for any.
        needs_data_action: Whether it must know how the group acts on pictures.
    """

    groups: tuple[str, ...] | None = None
    needs_data_action: bool = False

    def obstacle(self, group: Group, *, has_data_action: bool) -> str | None:
        """Return why a model cannot be used with a group, in a few words; ``None`` if it can.

        Args:
            group: The group that acts.
            has_data_action: Whether it is known how it acts on the data themselves.

        Example:
            >>> from groupae import SO3
            >>> Capabilities(groups=("SO(2)",)).obstacle(SO3(), has_data_action=True)
            'takes SO(2), not SO(3)'
        """
        if self.groups is not None and str(group) not in self.groups:
            return f"takes {' and '.join(self.groups)}, not {group}"
        if self.needs_data_action and not has_data_action:
            return f"needs {group} to act on the data themselves"
        return None


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


class TransformModule(nn.Module, abc.ABC):
    """A `TransformModel` with weights: what is trained.

    Attributes:
        group: The group whose elements it takes.
        capabilities: What it needs and can do.
    """

    group: Group
    capabilities: Capabilities = Capabilities()

    @abc.abstractmethod
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the prediction of what ``x`` becomes under ``g``, shape of ``x``."""

    @abc.abstractmethod
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return named loss terms; their sum is minimised."""

    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return predictions of each ``x`` under elements of its own.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            gs: Elements, shape ``(n, m, *element_shape)``.

        Returns:
            Shape ``(n, m, *x_shape)``.
        """
        n, m = gs.shape[:2]
        predictions = self.transform(gs.flatten(0, 1), x.repeat_interleave(m, 0))
        return torch.unflatten(predictions, 0, (n, m))
