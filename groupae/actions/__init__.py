"""Latent actions: how a group moves a code.

``base`` has the interface, ``linear`` the actions by a representation (vectors, channels),
``tokens``, ``sets`` and ``grid`` those on sequences, points and pictures, ``affine`` the scale and
shift, ``multiplication`` poses, ``parts`` the codes made of named parts, ``learned`` the split that
is learned, ``custom`` the user's own function. ``alignment``, ``newton`` and ``gauss_newton`` find
the element between two codes. A new action is a new file here.
"""

from groupae.actions.affine import AffineAction
from groupae.actions.align.gauss_newton import search
from groupae.actions.base import AxisAction, Description, LatentAction, LatentRow
from groupae.actions.grid import GridAction
from groupae.actions.left_multiplication import LeftMultiplication
from groupae.actions.linear import ChannelAction, VectorAction
from groupae.actions.parts import PartsAction
from groupae.actions.registry import get_action
from groupae.actions.set import SetAction
from groupae.actions.split import SplitAction
from groupae.actions.token import TokenAction

__all__ = [
    "AffineAction",
    "AxisAction",
    "ChannelAction",
    "Description",
    "GridAction",
    "LatentAction",
    "LatentRow",
    "LeftMultiplication",
    "PartsAction",
    "SetAction",
    "SplitAction",
    "TokenAction",
    "VectorAction",
    "get_action",
    "search",
]
