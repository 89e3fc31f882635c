"""Representations of symm-learning's modules, and their actions on inputs and outputs.

symm-learning describes vector spaces by escnn's ``Representation`` and knows the representation of
each module's input and output as ``in_rep`` and ``out_rep``. Both act on column vectors on the last
axis, and on the channels (last axis but one) of one-dimensional convolutions, by the same matrices
here: its vectors are taken in its own basis, unpermuted, by a change of basis of ours.

It is installed without what it declares, as escnn is::

    pip install 'groupae[escnn]'
    pip install --no-deps escnn symm-learning
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from groupae._validation import expected
from groupae.actions import ChannelAction, VectorAction
from groupae.interop.escnn.representations import representation_from_escnn, representation_to_escnn
from groupae.representations import Representation

if TYPE_CHECKING:
    from escnn.group import Group as EscnnGroup
    from escnn.group import Representation as EscnnRepresentation

    from groupae.actions import LatentAction

__all__ = [
    "actions_from_symm_learning",
    "layer_actions_from_symm_learning",
    "representation_from_symm_learning",
    "representation_to_symm_learning",
]

_CONVOLUTIONS = (nn.Conv1d, nn.ConvTranspose1d)  # eConv1d and eConvTranspose1d are subclasses
_EXACT = 1e-12


def representation_from_symm_learning(rho: EscnnRepresentation) -> Representation:
    """Return the representation with the same matrices on the same vectors.

    Args:
        rho: A representation such as ``module.in_rep``.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no ``escnn.group.Representation``, or of a group that is not known here.
    """
    sigma, basis = representation_from_escnn(rho)
    eye = torch.eye(sigma.dim, dtype=torch.float64)
    return sigma if bool((basis - eye).abs().max() < _EXACT) else sigma.change_basis(basis)


def representation_to_symm_learning(
    rho: Representation, group: EscnnGroup | None = None
) -> EscnnRepresentation:
    """Return the representation that its modules take, with the same matrices.

    Args:
        rho: Any representation of a compact group that escnn has.
        group: escnn's group to represent, that of `groupae.interop.escnn.group_to_escnn` unless
            given; the representations of one module are of one group.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        ValueError: If escnn has no such group, or no such irreps.
    """
    return representation_to_escnn(rho, group)


def actions_from_symm_learning(module: nn.Module) -> tuple[LatentAction[Any], LatentAction[Any]]:
    """Return the actions on the inputs and on the outputs of a module, for `groupae.audit`.

    Args:
        module: A module with ``in_rep`` and ``out_rep``, such as ``eMLP`` or ``eConv1d``.

    Returns:
        Actions on the last axis; on the channels for convolutions, ``(*batch, channels, length)``.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If the module has no representations, or they are of a group that is not known
            here.
    """
    theirs = _representation(module, "in_rep"), _representation(module, "out_rep")
    if None in theirs:
        what = "a module with in_rep and out_rep, such as symm_learning.models.eMLP"
        remedy = "representation_from_symm_learning converts a representation by itself"
        owner = "actions_from_symm_learning"
        raise TypeError(expected(owner, what, type(module).__name__, remedy))
    first, second = (representation_from_symm_learning(rho) for rho in theirs)
    return _action(module, first), _action(module, second)


def layer_actions_from_symm_learning(
    name: str, module: nn.Module, output: Tensor
) -> LatentAction[Any] | None:
    """Return the action on the output of a module by its ``out_rep``, for `groupae.audit`.

    Give the function itself: ``audit(..., layer_actions=layer_actions_from_symm_learning)``. So
    each layer is held to the law that it declares, and no action has to be fitted.

    Args:
        name: Name of the module, not used.
        module: A module of a network.
        output: Its output, not used.

    Returns:
        The action, ``None`` for modules of other libraries.
    """
    del name, output
    theirs = _representation(module, "out_rep")
    return None if theirs is None else _action(module, representation_from_symm_learning(theirs))


def _representation(module: object, name: str) -> Any:
    return getattr(module, name, None)


def _action(module: nn.Module, rho: Representation) -> LatentAction[Any]:
    if isinstance(module, _CONVOLUTIONS):
        return ChannelAction(rho, spatial_dims=1)
    return VectorAction(rho)
