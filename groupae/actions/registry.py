"""Actions by name: those that installed packages offer."""

from __future__ import annotations

from typing import Any

from groupae._plugins import PlugInError, PlugIns, describe
from groupae._validation import expected
from groupae.actions.base import LatentAction

__all__ = ["ACTION_PLUG_INS", "get_action"]

ACTION_PLUG_INS = PlugIns("actions", "action", lambda name: False)


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
    function = ACTION_PLUG_INS.find(name)
    if function is None:
        raise ValueError(ACTION_PLUG_INS.unknown("get_action", "an action", name, ()))
    owner = f"plug-in {name!r}"
    if not callable(function) or isinstance(function, LatentAction):
        what = "a function without arguments that returns an action"
        raise PlugInError(expected(owner, what, repr(function)))
    try:
        action = function()
    except Exception as error:
        raise PlugInError(expected(owner, "an action", describe(error))) from error
    if not isinstance(action, LatentAction):
        raise PlugInError(expected(owner, "a LatentAction", repr(action)))
    return action
