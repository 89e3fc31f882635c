"""Groups by name: the text that ``str`` of a group prints, and short forms of it.

Each spelling has small examples, for ``groupae check`` and for the strategies of
`groupae.testing`. Names that are not built in are those of plug-ins.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping

from groupae._plugins import NAME, PlugIns
from groupae._validation import expected
from groupae.groups.backends import evaluated_by
from groupae.groups.base import Group
from groupae.groups.finite.cyclic import Cyclic
from groupae.groups.finite.dihedral import Dihedral
from groupae.groups.finite.finite_matrix_group import parse_matrices
from groupae.groups.finite.permutation_group import parse_permutations
from groupae.groups.finite.polyhedral import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.finite.symmetric import Permutation
from groupae.groups.finite.table_group import parse_table
from groupae.groups.lie.affine import Affine
from groupae.groups.lie.matrix_lie_group import MatrixLieGroup
from groupae.groups.lie.o2 import O2
from groupae.groups.lie.o3 import O3
from groupae.groups.lie.scaling import Scaling
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.lie.so2 import SO2
from groupae.groups.lie.so3 import SO3
from groupae.groups.lie.translation import Translation
from groupae.groups.products.packed import split_outside
from groupae.groups.products.semidirect import Semidirect

__all__ = ["GROUP_PLUG_INS", "example_groups", "get_group", "register_group"]

_DEEPEST = 20  # brackets in a row
_LONGEST_NAME = 200  # characters of a plug-in with its arguments

# Pattern of the text, with arguments as named groups; what makes the group; small examples.
_SPELLINGS: Mapping[str, tuple[str, Callable[..., Group], tuple[str, ...]]] = {
    "so2": (r"so\(?2\)?", SO2, ("so2",)),
    "so3": (r"so\(?3\)?|so\(3, *backend=(?P<backend>\w+)\)", SO3, ("so3",)),
    "cyclic(n)": (
        r"(?:c|cyclic)[_(](?P<n>\d+)\)?",
        Cyclic,
        ("cyclic(1)", "cyclic(2)", "cyclic(5)", "cyclic(8)"),
    ),
    "dihedral(n)": (
        r"(?:d|dihedral)[_(](?P<n>\d+)\)?",
        Dihedral,
        ("dihedral(1)", "dihedral(3)", "dihedral(4)"),
    ),
    "o2": (r"o\(?2\)?", O2, ("o2",)),
    "o3": (r"o\(?3\)?|o\(3, *backend=(?P<backend>\w+)\)", O3, ("o3",)),
    "permutation(n)": (
        r"(?:s|permutation)[_(](?P<n>\d+)\)?",
        Permutation,
        ("permutation(1)", "permutation(3)", "permutation(4)"),
    ),
    "tetrahedral": (r"tetrahedral", Tetrahedral, ("tetrahedral",)),
    "octahedral": (r"octahedral", Octahedral, ("octahedral",)),
    "icosahedral": (r"icosahedral", Icosahedral, ("icosahedral",)),
    "<(0 1 2), (0 1)>": (
        r"<(?P<cycles>[\d(), ]+?)(?: on (?P<points>\d+))?>",
        parse_permutations,
        ("<(0 1 2 3)(4 5 6 7), (0 4 2 6)(1 7 3 5)>",),
    ),
    "table[[...]]": (r"table(?P<text>\[.*\])", parse_table, ("table[[0,1,2],[1,2,0],[2,0,1]]",)),
    "matrices[[...]]": (
        r"matrices(?P<text>\[.*\])",
        parse_matrices,
        ("matrices[[[0,-1],[1,0]],[[1,0],[0,-1]]]",),
    ),
    "MatrixLieGroup(algebra=[[[...]]])": (
        r"MatrixLieGroup\(algebra=(?P<algebra>[^a-df-z]*?)(?:,discrete=(?P<discrete>[^a-df-z]*))?\)",
        MatrixLieGroup.from_text,
        ("MatrixLieGroup(algebra=[[[1,0],[0,-1]],[[0,1],[0,0]],[[0,0],[1,0]]])",),
    ),
    "affine": (r"aff\+\(1\)|affine", Affine, ("affine",)),
    "scaling": (r"r>0|scaling", Scaling, ("scaling",)),
    "translation(n)": (
        r"(?:t|translation)[_(](?P<n>\d+)\)?",
        Translation,
        ("translation(1)", "translation(3)"),
    ),
    "se2": (r"se\(?2\)?", SE2, ("se2",)),
    "se3": (r"se\(?3\)?", SE3, ("se3",)),
}
_PRODUCTS = (
    "cyclic(3) * cyclic(4)",
    "cyclic(4) * so2",
    "so3 * affine",
    "translation(2) x| cyclic(4)",
    "translation(2) x| so2",
)


def get_group(text: str | Mapping[str, str]) -> Group:
    """Return the group written ``text``, or described by `Group.to_config`.

    Args:
        text: ``"so2"``, ``"SO(3)"``, ``"cyclic(8)"``, ``"affine"``, or factors joined by ``*``;
            or shifts and what acts on them, ``"translation(2) x| so2"``, which binds closer;
            or the name of a plug-in, with integer arguments if it takes any.

    Raises:
        ValueError: If no group has that name, or the plug-in that has it cannot be used.

    Example:
        >>> get_group("cyclic(8) * so2")
        Product(factors=(Cyclic(n=8), SO2()))
    """
    if isinstance(text, Mapping):
        text = text.get("group", "")
    if not isinstance(text, str):
        raise TypeError(expected("get_group", "the name of a group", type(text).__name__))
    if found := re.search(r"\d{30,}", text):  # digits of floats are fewer
        what = "numbers of fewer than 30 digits"
        raise ValueError(expected("get_group", what, f"one of {len(found[0])}"))
    if re.search(rf"[(\[{{]{{{_DEEPEST + 1}}}", text):
        what = f"at most {_DEEPEST} brackets that open in a row"
        raise ValueError(expected("get_group", what, f"more in {text[:40]!r}..."))
    if "x|<" in text:
        what = "a semidirect product by the standard action"
        remedy = "a custom action has no text: build it with Semidirect(normal, acting, action)"
        raise ValueError(expected("get_group", what, repr(text), remedy))
    return functools.reduce(operator.mul, (_factor(part) for part in split_outside(text, "*")))


def example_groups() -> tuple[Group, ...]:
    """Return small examples of every kind of built-in group and of products, simplest first."""
    texts = (*(text for _, _, some in _SPELLINGS.values() for text in some), *_PRODUCTS)
    return tuple(get_group(text) for text in texts)


def register_group(
    name: str, factory: Group | Callable[..., Group], *, replace: bool = False
) -> None:
    """Register a group under a name for `get_group`, for the lifetime of the process.

    A package does so for all programs by an entry point of the group ``groupae.groups``.

    Args:
        name: Letters, digits and single ``. - _``; upper and lower case are one.
        factory: The group, or a function that returns it; ``get_group("name(8)")`` calls it with 8.
        replace: Whether the name may be registered already, or be that of an installed plug-in.

    Raises:
        TypeError: If the factory is neither a group nor a function.
        ValueError: If the name is built in, misshapen, or taken and ``replace`` is not given.

    Example:
        >>> register_group("wallpaper", lambda n: Cyclic(n) * SO2(), replace=True)
        >>> print(get_group("wallpaper(4)"))
        C(4) * SO(2)
    """
    if not (isinstance(factory, Group) or callable(factory)):
        what = "a group or a function that returns one"
        raise TypeError(expected("register_group", what, repr(factory)))
    GROUP_PLUG_INS.register("register_group", name, factory, replace=replace)


def _factor(text: str) -> Group:
    parts = split_outside(text, "x|")
    if len(parts) == 2:
        return Semidirect(get_group(parts[0]), get_group(parts[1]))
    if text[:1] == "(" and text[-1:] == ")":
        return get_group(text[1:-1])
    return _simple_group(text)


def _simple_group(text: str) -> Group:
    text = text.strip()
    return _built_in(text) or _plug_in(text)


def _built_in(text: str) -> Group | None:
    for pattern, build, _ in _SPELLINGS.values():
        match = re.fullmatch(pattern, text.strip(), flags=re.IGNORECASE)
        if match:
            found = {key: value for key, value in match.groupdict().items() if value is not None}
            if "backend" in found:
                assert isinstance(build, type)
                build = evaluated_by(build, found.pop("backend"))
            return build(**{k: _integer(v) if k == "n" else v for k, v in found.items()})
    return None


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(expected("get_group", "integer arguments", repr(text.strip()))) from None


def _is_built_in(name: str) -> bool:
    """Return whether a name, alone or with a number, is that of a built-in group."""
    texts = (name, *(f"{name}({n})" for n in (1, 2, 3, 4)))
    patterns = [pattern for pattern, _, _ in _SPELLINGS.values()]
    return any(re.fullmatch(p, t, flags=re.IGNORECASE) for p in patterns for t in texts)


GROUP_PLUG_INS = PlugIns(
    "groups",
    "group",
    base=Group,
    described="a group",
    form="a group or a function that returns one",
    is_built_in=_is_built_in,
)


def _plug_in(text: str) -> Group:
    """Return the group of a plug-in, written ``name`` or ``name(8)``.

    Raises:
        PlugInError: If it makes no group.
        ValueError: If no plug-in has the name, or it takes other arguments.
    """
    match = re.fullmatch(rf"({NAME})(?:\(([-\d, ]*)\))?", text)
    if len(text) > _LONGEST_NAME:
        got = f"{len(text)} characters that begin with {text[:40]!r}"
        raise ValueError(expected("get_group", "the name of a group", got))
    if match is None:
        raise ValueError(GROUP_PLUG_INS.unknown("get_group", text, _SPELLINGS))
    arguments = [_integer(word) for word in (match[2] or "").split(",") if word.strip()]
    made: Group = GROUP_PLUG_INS.get(
        "get_group", match[1], _SPELLINGS, text=text, arguments=arguments
    )
    return made
