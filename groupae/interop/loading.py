"""Import of optional libraries, with one sentence when they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from groupae._validation import expected

__all__ = ["load"]


def load(module: str, remedy: str) -> ModuleType:
    """Return an imported module of an optional library.

    Args:
        module: Its dotted name.
        remedy: How to install it.

    Raises:
        ModuleNotFoundError: If the library is not installed; the sentence ends in the remedy.
    """
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] != library:
            raise  # the library is there, and lacks something itself
        owner = f"groupae.interop.{library}"
        sentence = expected(owner, f"{library} to be installed", "no such module", remedy)
        raise ModuleNotFoundError(sentence, name=error.name) from error
