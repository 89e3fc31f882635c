"""Actions on the outputs of escnn's modules, for `groupae.audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from groupae.interop.escnn.fields import grid_action_from_field_type

if TYPE_CHECKING:
    from groupae.actions import GridAction

__all__ = ["layer_actions_from_escnn", "layers_from_escnn"]

_MAPS = (4, 5)  # axes of a batch of feature maps in the plane and in space


def layer_actions_from_escnn(name: str, module: nn.Module, output: Tensor) -> GridAction | None:
    """Return the action on the output of a module by its field type, for `groupae.audit`.

    Give the function itself: ``audit(..., layer_actions=layer_actions_from_escnn)``. So each layer
    is held to the law that it declares, and no action has to be fitted.

    Args:
        name: Name of the module, not used.
        module: A module of a network; escnn's have an ``out_type``.
        output: Its output as a tensor, ``(n, channels, *size)``.

    Returns:
        The action on maps of that size, ``None`` for modules of other libraries.

    Raises:
        TypeError: If the field type is of a group that `group_from_escnn` does not know.
    """
    del name
    field_type = getattr(module, "out_type", None)
    if field_type is None or output.ndim not in _MAPS:
        return None
    return grid_action_from_field_type(field_type, tuple(output.shape[2:]))


def layers_from_escnn(network: nn.Module) -> list[str]:
    """Return the names of the modules of a network that are layers to escnn, for `groupae.audit`.

    They have a field type, and no module inside that has one: a convolution counts as a layer,
    although it has modules of its own, for its basis of kernels.

    Args:
        network: The network, usually of escnn's modules.
    """
    typed = [name for name, module in network.named_modules() if hasattr(module, "out_type")]
    inside = {name: f"{name}." if name else "" for name in typed}
    return [
        name
        for name in typed
        if not any(other != name and other.startswith(inside[name]) for other in typed)
    ]
