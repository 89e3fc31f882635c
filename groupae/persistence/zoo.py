"""Trained models that come with the package, by the names ``zoo:NAME``.

Each is a folder in ``groupae/zoo``: a saved model (`groupae.save`) and ``card.yaml``, which says
from which data and by which command it was trained, for how long, and how well it does. The card
has the SHA-256 of the other files, which are compared each time that a model is read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from groupae._files import sha256_of
from groupae._plain_yaml import read_plain_yaml
from groupae._validation import expected, unknown_choice

__all__ = [
    "CARD",
    "ZOO",
    "ZooName",
    "is_zoo_name",
    "read_card",
    "sum_of",
    "zoo_folder",
    "zoo_hint",
    "zoo_names",
]

CARD = "card.yaml"
ZOO = Path(__file__).parent.parent / "zoo"
"""Folder of the models."""

ZooName: TypeAlias = Literal[
    "zoo:blocked-digits",
    "zoo:brain-contrast",
    "zoo:cells",
    "zoo:galaxies",
    "zoo:glyphs",
    "zoo:leaves",
    "zoo:molecules",
    "zoo:objects",
    "zoo:point-clouds",
    "zoo:rotated-digits",
    "zoo:series",
    "zoo:sky-planes",
    "zoo:turntable",
]
"""The names as a type: checkers know the class of these models, and editors complete the names."""

_PREFIX = "zoo:"
_LARGEST = 2**16  # bytes of a card; ours have some three thousand
_VERSION = 1
_REPAIR = "install groupae again"


def zoo_names() -> tuple[str, ...]:
    """Return the names of the trained models in the package, without ``zoo:``.

    Example:
        >>> "series" in zoo_names()
        True
    """
    return tuple(sorted(card.parent.name for card in ZOO.glob(f"*/{CARD}")))


def is_zoo_name(folder: object) -> bool:
    """Return whether a text names a model of the zoo; a path never does.

    Example:
        >>> is_zoo_name("zoo:series"), is_zoo_name("./zoo:series")
        (True, False)
    """
    return isinstance(folder, str) and folder.startswith(_PREFIX)


def zoo_hint(folder: object) -> str:
    """Return the remedy for a name of the zoo without ``zoo:``, where no such folder is; or "".

    Example:
        >>> zoo_hint("series"), zoo_hint("runs/series")
        ("the trained model of the package is named 'zoo:series'", '')
    """
    is_name = str(folder) in zoo_names() and not Path(str(folder)).exists()
    return f"the trained model of the package is named '{_PREFIX}{folder}'" if is_name else ""


def zoo_folder(name: str) -> Path:
    """Return the folder of a model ``zoo:NAME``, its files compared with its card.

    Raises:
        ValueError: If there is no model of that name, or a file is another one than its card says.

    Example:
        >>> zoo_folder("zoo:series").name
        'series'
    """
    folder = _named(name)
    sums = read_card(name).get("sha256")
    if not isinstance(sums, dict) or not sums:
        raise ValueError(expected(folder / CARD, "the SHA-256 of each file", "none", _REPAIR))
    for file, wanted in sums.items():
        path = folder / str(file)
        found = sum_of(path) if path.is_file() else "no file"
        if found != wanted:
            what = f"the file of its card, with the SHA-256 {wanted}"
            raise ValueError(expected(path, what, found, _REPAIR))
    return folder


def read_card(name: str) -> dict[str, Any]:
    """Return the card of a model ``zoo:NAME``, as plain data.

    Raises:
        ValueError: If there is no model of that name, or the card is none.

    Example:
        >>> read_card("zoo:series")["data"]["name"]
        'series'
    """
    file, what = _named(name) / CARD, f"a card with groupae_card: {_VERSION}"
    try:
        card = read_plain_yaml(file, _LARGEST)
    except ValueError as error:
        raise ValueError(expected(file, what, error, _REPAIR)) from None
    version = card.get("groupae_card") if isinstance(card, dict) else None
    if version != _VERSION or isinstance(version, bool):
        raise ValueError(expected(file, what, f"{version!r:.60}", _REPAIR))
    assert isinstance(card, dict)
    return card


def sum_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return sha256_of(iter(lambda: stream.read(1 << 20), b""))


def _named(name: str) -> Path:
    own, known = name.removeprefix(_PREFIX), zoo_names()
    if own not in known:
        names = [_PREFIX + each for each in known]
        raise ValueError(unknown_choice("load", "a model of the zoo", name, names))
    return ZOO / own
