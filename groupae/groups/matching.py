"""Comparison of the groups of two objects: data and model, action and representation.

Elements are plain tensors: an index of C(8) looks like one of C(4), an angle like a scale. So the
groups of two objects are compared wherever they are used together.
"""

from __future__ import annotations

import torch

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.maps.subgroups import find_subgroup

__all__ = ["check_same_group", "group_of"]


def group_of(thing: object) -> Group | None:
    """Return the group of an object or of a bound method's object, ``None`` if it has none.

    Example:
        >>> from groupae import SO2
        >>> group_of(SO2().rep("2x1").act), group_of(abs)
        (SO2(), None)
    """
    owner = getattr(thing, "__self__", thing)
    group = owner if isinstance(owner, Group) else getattr(owner, "group", None)
    return group if isinstance(group, Group) else None


def check_same_group(owner: object, what: str, wanted: object, found: object) -> None:
    """Raise if two objects are of different groups; pass if one has none.

    Args:
        owner: Name at the start of the message.
        what: Noun for ``found`` in the plural, such as "pairs".
        wanted: A group, or an object that has one.
        found: Likewise.

    Raises:
        ValueError: If both have groups and these differ; the message names the inclusion of one
            in the other if there is one.
    """
    if torch.compiler.is_compiling():  # before a graph is traced
        return
    mine, theirs = group_of(wanted), group_of(found)
    if mine is None or theirs is None or mine is theirs or mine == theirs:
        return
    got = f"{what} of {theirs}"
    raise ValueError(expected(owner, f"{what} of {mine}", got, _remedy(mine, theirs)))


def _remedy(mine: Group, theirs: Group) -> str:
    for large, small in ((mine, theirs), (theirs, mine)):
        try:
            inclusion = find_subgroup(large, str(small))
        except (ValueError, TypeError):  # it has no subgroup of that name
            continue
        if inclusion.source == small:
            name = f"{large}.subgroup({str(small).lower()!r})"
            if large == mine:
                return f"the inclusion {name} carries elements over"
            return f"restrict {theirs} to it, or build on {theirs}: the inclusion is {name}"
    return "an element means something else in each, even where tensors look alike"
