"""Base class of models with weights, and the declaration of their abilities."""

from __future__ import annotations

import abc
import dataclasses

import torch
from torch import Tensor, nn

from groupae._validation import ShapeError, check_floating, expected
from groupae.groups import Group
from groupae.groups.matching import group_of
from groupae.protocols import PairBatch, check_prediction

__all__ = ["Capabilities", "TransformModule"]


@dataclasses.dataclass(frozen=True)
class Capabilities:
    """Groups and abilities that a model supports, to be checked before it is used.

    Args:
        groups: Names of the groups that the model takes, or ``None`` for any.
        needs_data_action: Whether the model needs the group's action on data.
        needs_compact_group: Whether the group must be compact.
    """

    groups: tuple[str, ...] | None = None
    needs_data_action: bool = False
    needs_compact_group: bool = False

    def obstacle(self, group: Group, *, has_data_action: bool) -> str | None:
        """Return the reason why a model cannot be used with a group; ``None`` if it can.

        Args:
            group: The group that acts.
            has_data_action: Whether its action on the data themselves is known.

        Example:
            >>> from groupae import SO3
            >>> Capabilities(groups=("SO(2)",)).obstacle(SO3(), has_data_action=True)
            'takes SO(2), not SO(3)'
        """
        if self.groups is not None and str(group) not in self.groups:
            return f"takes {' and '.join(self.groups)}, not {group}"
        if self.needs_data_action and not has_data_action:
            return f"needs {group} to act on the data themselves"
        if self.needs_compact_group and not group.is_compact:
            return f"needs a compact group, not {group}"
        return None


class TransformModule(nn.Module, abc.ABC):
    """Base class of a `TransformModel` with weights.

    Attributes:
        group: The group of the elements.
        capabilities: Groups and abilities that the model takes.

    Example:
        >>> from groupae import LatentActionAE
        >>> issubclass(LatentActionAE, TransformModule)
        True
    """

    group: Group
    capabilities: Capabilities = Capabilities()

    @abc.abstractmethod
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the prediction of ``g . x``, shape of ``x``."""

    @abc.abstractmethod
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return named loss terms; their sum is minimised."""

    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return the predictions of each ``x`` under many elements.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            gs: Elements, shape ``(n, m, *element_shape)``; or ``(m, *element_shape)``, the same
                for all.

        Returns:
            Shape ``(n, m, *x_shape)``.
        """
        gs = self._elements_of_each(gs, x)
        n, m = gs.shape[:2]
        predictions = self.transform(gs.flatten(0, 1), x.repeat_interleave(m, 0))
        return self._unflattened(predictions, x, n, m)

    # --- checks of arguments and of predictions ----------------------------------------------
    def _check_call(self, method: str, g: Tensor, x: Tensor, most: int = 1) -> tuple[int, ...]:
        """Raise unless ``x`` are data and ``g`` elements, one for all or one for each.

        Args:
            method: Name of the method, with its arguments in order: "transform(g, x)".
            g: Elements, shape ``(*element_shape)``, ``(n, *element_shape)``, ...
            x: Data, shape ``(n, *x_shape)``.
            most: Largest number of batch axes of the elements.

        Returns:
            Lengths of the batch axes of the elements.
        """
        owner, group = type(self).__name__, self.group
        is_data = isinstance(g, Tensor) and g.is_floating_point() and g.ndim > 0
        if is_data and not _are_elements(group, g) and _are_elements(group, x):
            what = f"elements as g, data as x in {method}"
            raise TypeError(expected(owner, what, "them the other way round"))
        group.check_elements(g)
        check_floating(f"{owner}.{method}", "x", x)
        batch = tuple(g.shape[: g.ndim - len(group.element_shape)])
        fits = len(batch) <= min(most, x.ndim)
        if not fits or (batch and batch[0] != x.shape[0] and 1 not in (batch[0], x.shape[0])):
            got = f"{tuple(g.shape)} for data {tuple(x.shape)}"
            what = f"elements for {method}, one for all data or one for each"
            raise ShapeError(expected(owner, what, got, "the first axis of both is the batch"))
        return batch

    def _elements_of_each(self, gs: Tensor, x: Tensor) -> Tensor:
        """Return the elements of an orbit as ``(n, m, *element_shape)``, or raise."""
        if group_of(self) is None:  # a user's model may know none
            return gs
        ending = self.group.element_shape
        if _are_elements(self.group, gs) and gs.ndim == len(ending) + 1:
            gs = gs.unsqueeze(0)
        batch = self._check_call("orbit(x, gs)", gs, x, most=2)
        if len(batch) < 2:
            owner = f"{type(self).__name__}.orbit"
            raise ShapeError(expected(owner, "a list of elements", "one", "give it an axis"))
        return gs.expand(x.shape[0], batch[1], *ending)

    def _predicted(self, prediction: object, x: Tensor, batch: tuple[int, ...] = ()) -> Tensor:
        """Return a prediction that has the shape of ``x``, or raise; one ``x`` may serve many g."""
        n = batch[0] if batch and x.shape[0] == 1 else x.shape[0]
        shape = (n, *x.shape[1:])
        check_prediction(type(self).__name__, "the decoder", prediction, shape)
        assert isinstance(prediction, Tensor)
        return prediction

    def _unflattened(self, predictions: object, x: Tensor, n: int, m: int) -> Tensor:
        """Return ``n * m`` predictions as ``(n, m, ...)``; raise unless each is like one datum."""
        shape = (n * m, *x.shape[1:])
        check_prediction(type(self).__name__, "the decoder", predictions, shape)
        assert isinstance(predictions, Tensor)
        return torch.unflatten(predictions, 0, (n, m))


def _are_elements(group: Group, g: object) -> bool:
    """Return whether a tensor has the last axes and the kind of dtype of elements."""
    if not isinstance(g, Tensor) or g.is_floating_point() == group.has_integer_elements:
        return False
    n = len(group.element_shape)
    return g.ndim >= n and tuple(g.shape[g.ndim - n :]) == group.element_shape
