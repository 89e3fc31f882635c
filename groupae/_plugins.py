"""Plug-ins: objects by name from installed packages or from the running program.

An installed package offers objects by entry points, named in its ``pyproject.toml``:

.. code-block:: toml

    [project.entry-points."groupae.groups"]
    klein4 = "my_package:KleinFour"

There are four kinds: ``groupae.groups``, ``groupae.actions``, ``groupae.datasets`` and
``groupae.models``. A name is looked up among what is built in, then among what the program
registered, then among entry points; upper and lower case are one. Nothing is loaded until it is
asked for. An offer that cannot be loaded is named in errors, and hides no other offer.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from typing_extensions import override

from groupae._validation import expected, unknown_choice

__all__ = ["NAME", "Offer", "PlugInError", "PlugIns", "describe"]

NAME = r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)*"
"""Pattern of plug-in names."""


class PlugInError(ValueError):
    """Error for a plug-in that cannot be used; the message names it and the reason."""


@dataclasses.dataclass(frozen=True)
class Offer:
    """Entry point of an installed package.

    Args:
        name: Name of the plug-in.
        entry: Place of the object.
    """

    name: str
    entry: EntryPoint

    @property
    def origin(self) -> str:
        """Package, version and import path of the object."""
        package = f"{self.entry.dist.name} {self.entry.dist.version}" if self.entry.dist else "?"
        return f"{package}, {self.entry.value}"

    def load(self) -> object:
        """Return the imported object of the entry point.

        Raises:
            PlugInError: If importing it raises an exception of any type.
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


@dataclasses.dataclass(eq=False)
class PlugIns:
    """The plug-ins of one kind.

    Args:
        kind: Kind, such as ``"groups"``: the entry points are in ``groupae.groups``.
        noun: Noun for error messages, such as ``"group"``.
        base: Class of the objects.
        described: The class in words, such as ``"a group"``.
        form: The objects that a package may offer, in words.
        is_shared: Whether an object may be offered itself, not only a function that returns it.
        is_built_in: Predicate of the names that are built in, which no plug-in may have.
    """

    kind: str
    noun: str
    base: type[Any]
    described: str
    form: str
    is_shared: bool = True
    is_built_in: Callable[[str], bool] = lambda name: False
    _registered: dict[str, tuple[str, object]] = dataclasses.field(default_factory=dict, init=False)

    # --- names ------------------------------------------------------------------------------
    def offers(self) -> tuple[Offer, ...]:
        """Return the entry points of installed packages, usable or not; nothing is loaded."""
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
        """Load all entry points; return one sentence per offer that cannot be used."""
        sentences = []
        for offer in self.offers():
            try:
                self._usable(offer).load()
            except PlugInError as error:
                sentences.append(str(error))
        return tuple(dict.fromkeys(sentences))

    # --- objects ----------------------------------------------------------------------------
    def get(
        self,
        owner: str,
        name: str,
        built_in: Iterable[str] = (),
        *,
        text: str = "",
        arguments: Sequence[int] = (),
    ) -> Any:
        """Return the object of a plug-in, called if it is a function that returns it.

        Args:
            owner: Caller, for error messages.
            name: Name of the plug-in.
            built_in: Built-in names, for error messages.
            text: Text of the call, such as ``"name(8)"``, where arguments may be given.
            arguments: Arguments in that text.

        Raises:
            ValueError: If no plug-in has the name, or its function takes other arguments.
            PlugInError: If the plug-in cannot be used.
        """
        found = self.find(name)
        if found is None:
            raise ValueError(self.unknown(owner, text or name, built_in))
        if isinstance(found, self.base) and self.is_shared:
            if arguments:
                raise ValueError(expected(owner, f"{name!r} without arguments", repr(text)))
            return found
        plug_in = f"plug-in {name!r}"
        if not callable(found) or isinstance(found, self.base):
            raise PlugInError(expected(plug_in, self.form, repr(found)))
        if text:
            _check_arguments(owner, name, found, text, arguments)
        try:
            made = found(*arguments)
        except Exception as error:
            what = f"{self.described} from {text!r}" if text else self.described
            raise PlugInError(expected(plug_in, what, describe(error))) from error
        if not isinstance(made, self.base):
            raise PlugInError(expected(plug_in, self.described, repr(made)))
        return made

    def find(self, name: str) -> object | None:
        """Return the object offered under a name, ``None`` if there is none.

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

    def unknown(self, owner: str, got: str, built_in: Iterable[str] = ()) -> str:
        """Return the error message for an unknown name, with the plug-ins that failed to load."""
        names = [*built_in, *self.names()]
        what = f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"
        none = expected(owner, what, repr(got), f"no package offers a groupae.{self.kind}")
        sentence = unknown_choice(owner, what, got, names) if names else none
        problems = self.problems()
        return f"{sentence}; not counting: {'; '.join(problems)}" if problems else sentence

    def _usable(self, offer: Offer) -> Offer:
        """Return the offer; raise if its name is invalid, built in or offered twice."""
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
        """Return expected and actual name for an error message, ``None`` if the name is valid."""
        if not re.fullmatch(NAME, name):
            return "a name of letters, digits and single . - _", repr(name)
        if self.is_built_in(name):
            return f"another name than that of a built-in {self.noun}", repr(name)
        return None

    # --- registering ------------------------------------------------------------------------
    def register(self, owner: str, name: str, thing: object, *, replace: bool) -> None:
        """Register an object under a name, for the lifetime of the process.

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


def _check_arguments(
    owner: str, name: str, function: Callable[..., object], text: str, arguments: Sequence[int]
) -> None:
    """Raise `ValueError` unless a function takes the arguments."""
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError:
        what = f"{name}({', '.join(signature.parameters)})"
        raise ValueError(expected(owner, what, repr(text))) from None
