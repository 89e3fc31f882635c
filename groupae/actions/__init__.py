"""Latent actions: how a group moves a code.

A file is named as its class, without "Action". ``base`` has the interface and the action by a
function of the user's, ``align`` the search for the element between two codes, ``positions`` and
``resampling`` how points and pictures are moved, ``fitted`` the search for the action that a code
already has. A new action is a new file here.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.actions.affine import AffineAction
from groupae.actions.align.gauss_newton import search
from groupae.actions.axis import AxisAction
from groupae.actions.base import LatentAction
from groupae.actions.channel import ChannelAction
from groupae.actions.description import Description, LatentRow
from groupae.actions.fitted import FittedAction, FittedCopy, HiddenAction, fit_action
from groupae.actions.grid import GridAction
from groupae.actions.left_multiplication import LeftMultiplication
from groupae.actions.parts import PartsAction
from groupae.actions.registry import get_action
from groupae.actions.set import SetAction
from groupae.actions.split import SplitAction
from groupae.actions.token import TokenAction
from groupae.actions.vector import VectorAction

__all__ = [
    "AffineAction",
    "AxisAction",
    "ChannelAction",
    "Description",
    "FittedAction",
    "FittedCopy",
    "GridAction",
    "HiddenAction",
    "LatentAction",
    "LatentRow",
    "LeftMultiplication",
    "PartsAction",
    "SetAction",
    "SplitAction",
    "TokenAction",
    "VectorAction",
    "fit_action",
    "get_action",
    "search",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(__name__, {})  # modules of groupae 0.2 by their old names
