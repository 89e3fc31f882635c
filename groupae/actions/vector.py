"""Action by a representation on vectors."""

from __future__ import annotations

from groupae._configurable import configurable
from groupae.actions.axis import RepresentationAction
from groupae.representations import Representation

__all__ = ["VectorAction"]


@configurable
class VectorAction(RepresentationAction):
    """A representation on the last axis: ``z`` of shape ``(*batch, rho.dim)``.

    The action of the paper on digits has frequency 1 only, ``SO2().rep("8x0 + 8x1")``.

    Args:
        rho: The representation.

    Example:
        >>> from groupae import SO2
        >>> action = VectorAction(SO2().rep("1x0 + 2x1"))
        >>> z = action.random_latent(64)
        >>> action(action.group.sample(64), z).shape
        torch.Size([64, 5])
    """

    def __init__(self, rho: Representation) -> None:
        super().__init__(rho, axis=-1)
