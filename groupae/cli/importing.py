"""Import of a user's own object, written ``package:object``."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groupae._plugins import describe
from groupae._validation import expected

__all__ = ["import_object"]


def import_object(owner: str, target: str, make: Callable[[Any], Any] = lambda found: found) -> Any:
    """Return the object written ``package:object``, from installed packages or this folder.

    Args:
        owner: Subject of error messages.
        target: The text.
        make: Function of the object whose result is returned, such as a call of a factory.

    Raises:
        ValueError: If the text is of another form, or importing or making the object fails.
    """
    module, _, path = target.partition(":")
    if not re.fullmatch(r"[\w.]+:[\w.]+", target):
        raise ValueError(expected(owner, "package:object", repr(target)))
    here = str(Path.cwd())
    sys.path.insert(0, here)  # as python -m does
    try:
        found: Any = importlib.import_module(module)
        for name in path.split("."):
            found = getattr(found, name)
        return make(found)
    except (Exception, SystemExit) as error:
        what = f"{target!r} to be there and to be made without arguments"
        first = module.partition(".")[0]
        is_away = isinstance(error, ModuleNotFoundError) and error.name == first
        remedy = f"run it in the folder of {first}.py, or install the package" if is_away else ""
        raise ValueError(expected(owner, what, describe(error), remedy)) from error
    finally:
        sys.path.remove(here)
