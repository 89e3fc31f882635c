"""Weighted sum of named loss terms, which are given by name or as functions."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

from torch import Tensor, nn

from groupae._validation import ShapeError, expected
from groupae.objectives.registry import TERMS, get_term

__all__ = ["Terms", "WeightedSum", "check_terms", "is_torch_loss"]

_T = TypeVar("_T")

Terms: TypeAlias = (
    Mapping[str, tuple[float, _T | str] | _T | str | float] | Sequence[_T | str] | _T | str
)
"""Forms in which terms are given; see `WeightedSum`."""

_FORM = "{name: (weight, term)}, a term by name, or a function of the crossed pass"


def is_torch_loss(function: object) -> bool:
    """Return whether a function is one of torch's losses, of a prediction and a target."""
    while isinstance(function, functools.partial):
        function = function.func
    is_function = getattr(function, "__module__", None) == "torch.nn.functional"
    return isinstance(function, nn.modules.loss._Loss) or (is_function and callable(function))


@dataclasses.dataclass(frozen=True)
class _OfPrediction:
    """Loss term made of a function of a prediction and a target."""

    function: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, crossed: Any) -> Tensor:
        return self.function(crossed.prediction, crossed.target)


class WeightedSum:
    """Weighted sum of named loss terms.

    Args:
        terms: One term or a list of them, by name or as functions (also torch's own losses), of
            weight 1; or a mapping from name to (weight, term), to a term, or, where the name is
            known, to a weight. The mean squared error unless given.

    Attributes:
        terms: Weight and function of each term, by name.

    Raises:
        TypeError: If ``terms`` is none of these.
        ValueError: If a name is unknown, or there are no terms.

    Example:
        >>> WeightedSum({"mse": 1.0, "size": (0.1, lambda made: made.prediction.mean())}).names
        ('mse', 'size')
    """

    choices: ClassVar[Mapping[str, Callable[[Any], Tensor]]] = TERMS
    """Terms that have a name."""

    def __init__(self, terms: Terms[Callable[[Any], Tensor]] | None = None) -> None:
        owner, given = type(self).__name__, _items(type(self).__name__, terms)
        self.terms = {name: _weighted(owner, name, entry, self.choices) for name, entry in given}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(self.terms)

    def weigh(self, made: Any) -> dict[str, Tensor]:
        """Return each term times its weight, by name; their sum is the loss.

        Args:
            made: The argument of the terms: predictions and targets, or a whole pass.

        Raises:
            TypeError: If a term is no tensor.
            ShapeError: If a term is not one number.
        """
        terms = {name: weight * term(made) for name, (weight, term) in self.terms.items()}
        return check_terms(type(self).__name__, terms)


def _items(owner: str, terms: object) -> list[tuple[str, object]]:
    """Return terms given in any form as pairs of a name and an entry."""
    if terms is None:
        terms = "reconstruction"
    if isinstance(terms, str) or callable(terms):
        terms = (terms,)
    if isinstance(terms, Mapping):
        items = [(str(name), entry) for name, entry in terms.items()]
    elif isinstance(terms, Sequence):
        items = [(_name_of(term), term) for term in terms]
    else:
        raise TypeError(expected(owner, f"terms as {_FORM}", type(terms).__name__))
    if not items:
        raise ValueError(expected(owner, f"terms as {_FORM}", "none"))
    return items


def _name_of(term: object) -> str:
    if isinstance(term, str):
        return term
    return str(getattr(term, "__name__", type(term).__name__))


def _weighted(
    owner: str, name: str, entry: object, choices: Mapping[str, Callable[[Any], Tensor]]
) -> tuple[float, Callable[[Any], Tensor]]:
    """Return weight and function of one term."""
    weight: object = 1.0
    if isinstance(entry, tuple) and len(entry) == 2:
        weight, entry = entry
    elif isinstance(entry, (int, float)) and not isinstance(entry, bool):
        weight, entry = entry, name
    if not isinstance(weight, (int, float)) or isinstance(weight, bool):
        raise TypeError(expected(owner, f"a number as the weight of {name!r}", repr(weight)))
    if isinstance(entry, str):
        return float(weight), get_term(entry, owner=owner, choices=choices)
    if not callable(entry):
        raise TypeError(expected(owner, f"terms as {_FORM}", f"{name!r}: {entry!r}"))
    return float(weight), _OfPrediction(entry) if is_torch_loss(entry) else entry


def check_terms(owner: object, terms: object) -> dict[str, Tensor]:
    """Return loss terms by name, each a scalar; one tensor is the term ``"loss"``.

    Raises:
        TypeError: If ``terms`` is no mapping from names to tensors.
        ShapeError: If a term is not one number.
    """
    if isinstance(terms, Tensor):
        terms = {"loss": terms}
    if not isinstance(terms, Mapping):
        got = type(terms).__name__
        raise TypeError(expected(owner, "loss terms by name, or one scalar tensor", got))
    for name, term in terms.items():
        if not isinstance(term, Tensor):
            remedy = "leave out .item() and float(): they cut the gradient"
            what = f"the term {name!r} to be a tensor"
            raise TypeError(expected(owner, what, type(term).__name__, remedy))
        if term.numel() != 1:
            what = f"the term {name!r} to be one number"
            raise ShapeError(expected(owner, what, tuple(term.shape), "take its mean"))
    return {name: term if term.ndim == 0 else term.reshape(()) for name, term in terms.items()}
