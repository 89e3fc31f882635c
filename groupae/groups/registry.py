"""Groups by name: the text that `str` of a group prints, and short forms of it."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping

from groupae._validation import expected, unknown_choice
from groupae.groups.base import Group
from groupae.groups.finite import Cyclic
from groupae.groups.planar import SO2
from groupae.groups.spatial import SO3
from groupae.groups.vector import Affine

__all__ = ["get_group"]

_SPELLINGS: Mapping[str, tuple[str, Callable[..., Group]]] = {
    "so2": (r"so\(?2\)?", SO2),
    "so3": (r"so\(?3\)?|so\(3, *backend=(?P<backend>\w+)\)", SO3),
    "cyclic(n)": (r"(?:c|cyclic)[_(](?P<n>\d+)\)?", Cyclic),
    "affine": (r"aff\+\(1\)|affine", Affine),
}


def get_group(text: str | Mapping[str, str]) -> Group:
    """Return the group written ``text``, or described by `Group.to_config`.

    Args:
        text: ``"so2"``, ``"SO(3)"``, ``"cyclic(8)"``, ``"affine"``, or factors joined by ``*``.

    Raises:
        ValueError: If no group has that name.

    Example:
        >>> get_group("cyclic(8) * so2")
        Product(factors=(Cyclic(n=8), SO2()))
    """
    if isinstance(text, Mapping):
        text = text.get("group", "")
    if not isinstance(text, str):
        raise TypeError(expected("get_group", "the name of a group", type(text).__name__))
    return functools.reduce(operator.mul, (_simple_group(part) for part in text.split("*")))


def _simple_group(text: str) -> Group:
    for pattern, build in _SPELLINGS.values():
        match = re.fullmatch(pattern, text.strip(), flags=re.IGNORECASE)
        if match:
            found = {key: value for key, value in match.groupdict().items() if value is not None}
            return build(**{k: int(v) if v.isdecimal() else v for k, v in found.items()})
    raise ValueError(unknown_choice("get_group", "a group", text.strip(), _SPELLINGS))
