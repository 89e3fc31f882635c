"""Error for a missing optional test library."""

from __future__ import annotations

from groupae._validation import expected

__all__ = ["missing"]


def missing(owner: str, library: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return the error to raise where ``library`` could not be imported.

    Args:
        owner: Module that needs the library.
        library: Top-level name of the library.
        error: Error of its import, returned unchanged if a dependency of the library is missing.
    """
    if error.name is not None and error.name.partition(".")[0] != library:
        return error
    remedy = "pip install 'groupae[testing]'"
    sentence = expected(owner, f"{library} to be installed", "no such module", remedy)
    return ModuleNotFoundError(sentence, name=error.name)
