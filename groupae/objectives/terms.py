"""Loss terms by name, by function and with weights; and what a loss must be: one number a term."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from torch import Tensor, nn

from groupae._validation import ShapeError, expected, unknown_choice

__all__ = ["Terms", "check_terms", "is_torch_loss", "known_terms", "parse_terms"]

_T = TypeVar("_T")

Terms: TypeAlias = (
    Mapping[str, tuple[float, _T | str] | _T | str | float] | Sequence[_T | str] | _T | str
)
"""How terms are asked for; see `parse_terms`."""

_FORM = "{name: (weight, term)}, a term by name, or a function of the crossed pass"


def known_terms(*, reads_codes: bool = True) -> dict[str, Callable[[Any], Tensor]]:
    """Return the terms that have a name; those that read codes only if there are any."""
    from groupae.objectives import perceptual, reconstruction, sets

    of_codes = {"latent_cycle": reconstruction.latent_cycle} if reads_codes else {}
    return {
        **of_codes,
        "reconstruction": reconstruction.mean_squared_error,
        "mse": reconstruction.mean_squared_error,
        "log_mse": reconstruction.log_mean_squared_error,
        "chamfer": sets.chamfer_error,
        "log_chamfer": sets.log_chamfer_error,
        "st_lpips": perceptual.st_lpips_error,
        "lpips": perceptual.lpips_error,
    }


def is_torch_loss(function: object) -> bool:
    """Return whether it is one of torch's losses, which take a prediction and a target."""
    while isinstance(function, functools.partial):
        function = function.func
    is_function = getattr(function, "__module__", None) == "torch.nn.functional"
    return isinstance(function, nn.modules.loss._Loss) or (is_function and callable(function))


@dataclasses.dataclass(frozen=True)
class _OfPrediction:
    """A function of a prediction and a target as a term."""

    function: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, crossed: Any) -> Tensor:
        return self.function(crossed.prediction, crossed.target)


def parse_terms(
    owner: str, terms: object, *, reads_codes: bool = True
) -> dict[str, tuple[float, Callable[[Any], Tensor]]]:
    """Return weights and terms by name.

    Args:
        owner: Who complains.
        terms: One term or a list of them, by name or as functions (also torch's own losses), of
            weight 1; or a mapping from name to (weight, term), to a term, or, where the name is
            known, to a weight.
        reads_codes: Whether terms may read codes, not predictions and targets alone.

    Raises:
        TypeError: If it is none of these.
        ValueError: If a name is unknown, or there are no terms.
    """
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
    known = known_terms(reads_codes=reads_codes)
    return {name: _weighted(owner, name, entry, known) for name, entry in items}


def _name_of(term: object) -> str:
    if isinstance(term, str):
        return term
    return str(getattr(term, "__name__", type(term).__name__))


def _weighted(
    owner: str, name: str, entry: object, known: Mapping[str, Callable[[Any], Tensor]]
) -> tuple[float, Callable[[Any], Tensor]]:
    weight: object = 1.0
    if isinstance(entry, tuple) and len(entry) == 2:
        weight, entry = entry
    elif isinstance(entry, (int, float)) and not isinstance(entry, bool):
        weight, entry = entry, name
    if not isinstance(weight, (int, float)) or isinstance(weight, bool):
        raise TypeError(expected(owner, f"a number as the weight of {name!r}", repr(weight)))
    if isinstance(entry, str):
        if entry not in known:
            raise ValueError(unknown_choice(owner, "a term", entry, known))
        return float(weight), known[entry]
    if not callable(entry):
        raise TypeError(expected(owner, f"terms as {_FORM}", f"{name!r}: {entry!r}"))
    return float(weight), _OfPrediction(entry) if is_torch_loss(entry) else entry


def check_terms(owner: object, terms: object) -> dict[str, Tensor]:
    """Return loss terms by name, each a scalar; one tensor is the term ``"loss"``.

    Raises:
        TypeError: If they are no mapping from names to tensors.
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
