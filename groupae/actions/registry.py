"""Actions of installed packages, by name."""

from __future__ import annotations

from typing import Any

from groupae._plugins import PlugIns
from groupae._validation import expected
from groupae.actions.base import LatentAction

__all__ = ["ACTION_PLUG_INS", "get_action"]

ACTION_PLUG_INS = PlugIns(
    "actions",
    "action",
    base=LatentAction,
    described="a LatentAction",
    form="a function without arguments that returns an action",
    is_shared=False,  # an action may have weights, which two models must not share
)


def get_action(name: str) -> LatentAction[Any]:
    """Return the action that an installed package offers under a name.

    A package offers one by an entry point of the group ``groupae.actions``, whose object is a
    function without arguments that returns it.

    Raises:
        ValueError: If no package offers one of that name, or what it offers cannot be used.

    Example:
        >>> get_action("spin")
        Traceback (most recent call last):
        ValueError: get_action: expected an action..., got 'spin'...
    """
    if not isinstance(name, str):
        raise TypeError(expected("get_action", "the name of an action", type(name).__name__))
    action: LatentAction[Any] = ACTION_PLUG_INS.get("get_action", name)
    return action
