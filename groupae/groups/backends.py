"""Look-up of groups whose irreps another library evaluates.

They are the same groups: equal, and equal in hash. Their home is `groupae.interop`, which is
imported when one is asked for.
"""

from __future__ import annotations

import importlib
import warnings
from typing import TypeVar

from groupae._validation import unknown_choice
from groupae.groups.base import Group

__all__ = ["accept_backend", "evaluated_by"]

G = TypeVar("G", bound=Group)

_BACKENDS = ("table", "e3nn")


def evaluated_by(kind: type[Group], backend: str) -> type[Group]:
    """Return the class of a group whose irreps a library evaluates.

    Args:
        kind: SO3 or O3.
        backend: ``"e3nn"``, or ``"table"`` for the built-in class.

    Raises:
        ValueError: If the backend is another.
    """
    if backend not in _BACKENDS:
        raise ValueError(unknown_choice(kind.__name__, "backend", backend, _BACKENDS))
    if backend == "table":
        return kind
    found: type[Group] = getattr(
        importlib.import_module("groupae.interop.e3nn"), f"E3nn{kind.__name__}"
    )
    return found


def accept_backend(kind: type[G]) -> type[G]:
    """Let a class take the argument ``backend`` of groupae 0.2, with a `DeprecationWarning`."""

    def new(cls: type[Group], backend: str | None = None) -> Group:
        if backend is not None:
            cls = evaluated_by(kind, backend)
            where = "" if cls is kind else " of groupae.interop.e3nn"
            message = f"{kind.__name__}(backend={backend!r}) is {cls.__name__}(){where} now"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
        return object.__new__(cls)

    def init(self: Group, backend: str | None = None) -> None:
        del self, backend

    def backend(self: Group) -> str:
        return "table" if type(self) is kind else "e3nn"

    def set_state(self: Group, state: dict[str, object]) -> None:
        """Restore a pickle, of groupae 0.2 too, where the backend was a field."""
        if state.pop("backend", "table") == "e3nn":
            object.__setattr__(self, "__class__", evaluated_by(kind, "e3nn"))
        vars(self).update(state)

    methods = {
        "__new__": staticmethod(new),
        "__init__": init,
        "__setstate__": set_state,
        "backend": property(backend, doc="Source of the Wigner matrices, by name."),
    }
    for name, method in methods.items():
        setattr(kind, name, method)
    return kind
