"""Latent actions: how a group moves a code.

``base`` has the interface, ``linear`` the actions by a representation (vectors, channels),
``affine`` the scale and shift, ``parts`` the codes made of named parts. A new action is a new file
here.
"""

from groupae.actions.affine import AffineAction
from groupae.actions.base import AxisAction, Description, LatentAction, LatentRow
from groupae.actions.linear import ChannelAction, VectorAction
from groupae.actions.parts import PartsAction

__all__ = [
    "AffineAction",
    "AxisAction",
    "ChannelAction",
    "Description",
    "LatentAction",
    "LatentRow",
    "PartsAction",
    "VectorAction",
]
