"""Import of optional libraries, with one sentence when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from groupae._validation import expected

__all__ = ["load"]


def load(module: str, remedy: str, owner: object = None) -> ModuleType:
    """Return an imported module of an optional library.

    Args:
        module: Its dotted name.
        remedy: How to install it.
        owner: Who needs it, the subject of the error; by default the module for the library.

    Raises:
        ModuleNotFoundError: If the library is not installed; the sentence ends in the remedy.
    """
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != library:
            raise  # the library is there, and lacks something itself
        who = f"groupae.interop.{library}" if owner is None else owner
        sentence = expected(who, f"{library} to be installed", "no such module", remedy)
        raise ModuleNotFoundError(sentence, name=error.name) from error
