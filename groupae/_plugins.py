"""Names that other packages add, or the running program.

An installed package offers objects by entry points, named in its ``pyproject.toml``:

.. code-block:: toml

    [project.entry-points."groupae.groups"]
    klein4 = "my_package:KleinFour"

There are four kinds: ``groupae.groups``, ``groupae.actions``, ``groupae.datasets`` and
``groupae.models``. A name is looked up among what is built in, then among what the program
registered, then among entry points; upper and lower case are one. Nothing is loaded until it is
asked for. What cannot be loaded is told wherever it matters, and hides nothing else.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points

from typing_extensions import override

from groupae._validation import expected, unknown_choice

__all__ = ["NAME", "Offer", "PlugInError", "PlugIns"]

NAME = r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)*"
"""Pattern of the names plug-ins may have."""


class PlugInError(ValueError):
    """A plug-in that cannot be used; the sentence says which and why."""


@dataclasses.dataclass(frozen=True)
class Offer:
    """An object by name that an installed package offers.

    Args:
        name: How it is asked for.
        entry: Where it is.
    """

    name: str
    entry: EntryPoint

    @property
    def origin(self) -> str:
        """The package, its version and the object's place in it."""
        package = f"{self.entry.dist.name} {self.entry.dist.version}" if self.entry.dist else "?"
        return f"{package}, {self.entry.value}"

    def load(self) -> object:
        """Return the object.

        Raises:
            PlugInError: If that fails, in whatever way.
        """
        try:
            loaded: object = self.entry.load()
        except (Exception, SystemExit) as error:
            raise PlugInError(
                expected(f"plug-in {self}", "an object that loads", describe(error))
            ) from error
        return loaded

    @override
    def __str__(self) -> str:
        return f"{self.name!r} ({self.origin})"


def describe(error: BaseException) -> str:
    """Return an exception in one line: its type and message."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class PlugIns:
    """The plug-ins of one kind.

    Args:
        kind: Which: the entry points' group is ``groupae.`` and this.
        noun: What one of them is called in sentences.
        is_built_in: Whether a name is one of ours, and so cannot be taken.
    """

    def __init__(self, kind: str, noun: str, is_built_in: Callable[[str], bool]) -> None:
        self.kind = kind
        self.noun = noun
        self._is_built_in = is_built_in
        self._registered: dict[str, tuple[str, object]] = {}

    # --- what there is ----------------------------------------------------------------------
    def offers(self) -> tuple[Offer, ...]:
        """Return what installed packages offer, usable or not; nothing is loaded."""
        found = entry_points(group=f"groupae.{self.kind}")
        offers = (Offer(entry.name, entry) for entry in found)
        return tuple(sorted(offers, key=lambda offer: (offer.name.casefold(), offer.origin)))

    def names(self) -> tuple[str, ...]:
        """Return every name that is registered or offered, once, in order."""
        names = {key: name for key, (name, _) in self._registered.items()}
        for offer in self.offers():
            if self._complaint(offer.name) is None:
                names.setdefault(offer.name.casefold(), offer.name)
        return tuple(sorted(names.values(), key=str.casefold))

    def problems(self) -> tuple[str, ...]:
        """Load everything that is offered; return a sentence for each offer that cannot be used."""
        sentences = []
        for offer in self.offers():
            try:
                self._usable(offer).load()
            except PlugInError as error:
                sentences.append(str(error))
        return tuple(dict.fromkeys(sentences))

    # --- looking up -------------------------------------------------------------------------
    def find(self, name: str) -> object | None:
        """Return the object of that name, ``None`` if there is none.

        Raises:
            PlugInError: If there is one but it cannot be used.
        """
        key = name.casefold()
        if key in self._registered:
            return self._registered[key][1]
        for offer in self.offers():
            if offer.name.casefold() == key:
                return self._usable(offer).load()
        return None

    def unknown(self, owner: str, what: str, got: str, built_in: Iterable[str]) -> str:
        """Return the sentence for a name nobody has, with the plug-ins that failed to load."""
        names = [*built_in, *self.names()]
        none = expected(owner, what, repr(got), f"no package offers a groupae.{self.kind}")
        sentence = unknown_choice(owner, what, got, names) if names else none
        problems = self.problems()
        return f"{sentence}; not counting: {'; '.join(problems)}" if problems else sentence

    def _usable(self, offer: Offer) -> Offer:
        """Return the offer unless its name is wrong, ours, or offered twice."""
        key = offer.name.casefold()
        complaint = self._complaint(offer.name)
        if complaint is not None:
            raise PlugInError(expected(f"plug-in {offer}", *complaint))
        if key in self._registered:
            return offer
        rivals = [other for other in self.offers() if other.name.casefold() == key]
        if len(rivals) > 1:
            origins = " and ".join(str(rival) for rival in rivals)
            what, remedy = f"one {self.noun} named {offer.name!r}", "uninstall all but one"
            raise PlugInError(expected("plug-ins", what, origins, remedy))
        return offer

    def _complaint(self, name: str) -> tuple[str, str] | None:
        """Return what a name should be and what it is, ``None`` if it may be taken."""
        if not re.fullmatch(NAME, name):
            return "a name of letters, digits and single . - _", repr(name)
        if self._is_built_in(name):
            return f"another name than that of a built-in {self.noun}", repr(name)
        return None

    # --- registering ------------------------------------------------------------------------
    def register(self, owner: str, name: str, thing: object, *, replace: bool) -> None:
        """Add a name for the running program.

        Raises:
            TypeError: If the name is no text.
            ValueError: If it is built in, misshapen, or taken and ``replace`` is not given.
        """
        if not isinstance(name, str):
            raise TypeError(expected(owner, "a name", repr(name)))
        complaint = self._complaint(name)
        if complaint is not None:
            raise ValueError(expected(owner, *complaint))
        key = name.casefold()
        offered = [str(o) for o in self.offers() if o.name.casefold() == key]
        if not replace and (key in self._registered or offered):
            got = f"{name!r} again" if key in self._registered else f"that of {offered[0]}"
            raise ValueError(expected(owner, "a new name", got, "or give replace=True"))
        self._registered[key] = (name, thing)
