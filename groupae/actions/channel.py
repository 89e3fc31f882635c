"""Action by a representation on the channels of a feature map."""

from __future__ import annotations

from groupae._configurable import configurable
from groupae._validation import expected
from groupae.actions.axis import RepresentationAction
from groupae.representations import Representation

__all__ = ["ChannelAction"]


@configurable
class ChannelAction(RepresentationAction):
    """A representation on the channels of a feature map, the same at every position.

    Args:
        rho: The representation, whose degree is the number of channels.
        spatial_dims: Number of spatial axes behind the channels: 2 for ``(*batch, C, H, W)``.

    Example:
        >>> import torch
        >>> from groupae import Cyclic
        >>> action = ChannelAction(Cyclic(4).rep("2x0 + 3x1"))
        >>> action(torch.tensor([1, 2]), torch.randn(2, 8, 7, 7)).shape
        torch.Size([2, 8, 7, 7])
    """

    def __init__(self, rho: Representation, *, spatial_dims: int = 2) -> None:
        if not isinstance(spatial_dims, int) or spatial_dims < 0:
            what = "spatial_dims as an integer of at least 0"
            raise ValueError(expected("ChannelAction", what, repr(spatial_dims)))
        super().__init__(rho, axis=-1 - spatial_dims)
