"""Pairs of an evaluation, from a batch or a data set."""

from __future__ import annotations

from torch.utils.data import DataLoader, Dataset

from groupae._validation import ShapeError, expected
from groupae.protocols import PairBatch, as_batch, has_parts

__all__ = ["as_pairs"]


def as_pairs(owner: str, pairs: object, model: object, *, name: str = "pairs") -> PairBatch:
    """Return the pairs of an evaluation: a batch, or the fixed pairs of a data set.

    Args:
        owner: Subject of the error message.
        pairs: A batch, any object with the parts of one, or a data set with ``fixed()``.
        model: The model, whose group is compared.
        name: Name of the argument in error messages.

    Raises:
        TypeError: If ``pairs`` is neither, or data are not floating.
        ValueError: If the pairs are of another group than the model.
        ShapeError: If there are no pairs.
    """
    fixed = getattr(pairs, "fixed", None)
    if callable(fixed) and not isinstance(pairs, type):
        source, pairs = type(pairs).__name__, fixed()
        if not has_parts(pairs):
            what, got = f"{source}.fixed() to return a PairBatch", type(pairs).__name__
            raise TypeError(expected(owner, what, got))
    elif not has_parts(pairs):
        remedy = "PairBatch(x1, g, x2) makes one"
        got = type(pairs).__name__
        if isinstance(pairs, type):
            got, remedy = f"the class {pairs.__name__}", "make an object of it"
        elif callable(getattr(pairs, "batch", None)):
            got = f"{got}, which has batch(step, size) only"
            remedy = (
                "give one of its batches, say batch(0, 500), or write fixed(), which returns one"
            )
        elif isinstance(pairs, (list, DataLoader, Dataset)):
            remedy = "groupae.data.as_validation_pairs joins a loader or list of batches to one"
        what = f"{name} as a PairBatch or a data set with fixed()"
        raise TypeError(expected(owner, what, got, remedy))
    batch = as_batch(owner, pairs, model, method="chunks")
    if len(batch) == 0:
        raise ShapeError(expected(owner, "at least one pair", "none"))
    return batch
