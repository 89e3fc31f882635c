"""Sentence for a missing test library, which `groupae.testing` alone does without."""

from __future__ import annotations

from groupae._validation import expected

__all__ = ["missing"]


def missing(owner: str, library: str, error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return the error to raise where ``library`` could not be imported.

    Args:
        owner: The module that needs it.
        library: Its top-level name.
        error: What its import raised; returned as it is if the library is there, and lacks
            something itself.
    """
    if error.name is not None and error.name.partition(".")[0] != library:
        return error
    remedy = "pip install 'groupae[testing]'"
    sentence = expected(owner, f"{library} to be installed", "no such module", remedy)
    return ModuleNotFoundError(sentence, name=error.name)
