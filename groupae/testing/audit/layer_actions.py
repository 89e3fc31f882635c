"""Actions on the outputs of layers, as users give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from groupae._validation import expected, unknown_choice
from groupae.actions import GridAction
from groupae.testing.audit.sides import ActionLike, KnownSide

__all__ = ["LayerActions", "check_layer_actions"]

LayerActions = (
    Mapping[str, ActionLike] | Callable[[str, nn.Module, Tensor], ActionLike | None] | str | None
)
"""By name, by a function of name, module and output, ``"positions"``, or none."""


def check_layer_actions(owner: str, known: LayerActions, side_in: KnownSide) -> None:
    """Raise unless ``layer_actions`` are of the right kind.

    Raises:
        ValueError: If it is a word other than ``"positions"``, or inputs are not moved on a grid.
        TypeError: If it is something else.
    """
    if isinstance(known, str):
        if known != "positions":
            raise ValueError(unknown_choice(owner, "layer_actions", known, ["positions"]))
        if not isinstance(side_in.action, GridAction):
            what = "a GridAction on the inputs for layer_actions='positions'"
            raise ValueError(expected(owner, what, side_in.text))
    elif not (known is None or isinstance(known, Mapping) or callable(known)):
        what = "layer_actions as a dict of actions by layer, a function or 'positions'"
        raise TypeError(expected(owner, what, type(known).__name__))
