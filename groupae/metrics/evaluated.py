"""Model and pairs under evaluation, with everything that several scores use computed once."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected
from groupae.actions import LatentAction
from groupae.actions.codes import map_latent, named
from groupae.groups import Group
from groupae.groups.matching import group_of
from groupae.metrics.chamfer import chamfer_distance
from groupae.metrics.relative import rows_of, spread_of
from groupae.protocols import (
    Model,
    PairBatch,
    Recombinations,
    check_prediction,
    is_point_set,
)

__all__ = ["Evaluated", "evaluation_mode", "flat_codes", "set_modes"]

_Value = TypeVar("_Value")
_ROUNDING = 16  # units in the last place by which equal codes of different batches may differ
_MOST_SWAPS = 500  # recombinations that scores of swaps use


@contextlib.contextmanager
def evaluation_mode(model: object) -> Iterator[None]:
    """Put a module in evaluation mode; afterwards restore the mode of each part."""
    parts = model.modules() if isinstance(model, torch.nn.Module) else ()
    modes = {module: module.training for module in parts}
    try:
        if isinstance(model, torch.nn.Module) and any(modes.values()):
            model.eval()
        yield
    finally:
        set_modes(modes)


def set_modes(modes: Mapping[torch.nn.Module, bool]) -> None:
    """Put each module in training or evaluation mode, from the outermost to the innermost.

    By ``train(mode)``, which reaches all modules below, and not by assignment: layers of escnn keep
    filters in evaluation mode, and ``train`` makes and drops them.
    """
    for module, mode in modes.items():
        if module.training != mode:
            module.train(mode)


def flat_codes(z: Any) -> Tensor:
    """Return codes as rows, ``(n, d)``: named parts are joined in the order of their names.

    Example:
        >>> flat_codes({"b": torch.zeros(2, 3), "a": torch.ones(2, 1, 2)})[0]
        tensor([1., 1., 0., 0., 0.])
    """
    parts = named(z)
    return torch.cat([rows_of(parts[name]) for name in sorted(parts)], 1)


class Evaluated:
    """Model and pairs under evaluation: the argument of a `groupae.metrics.ModelScore`.

    Codes and predictions are computed when first asked for, and kept: in chunks, on the device of
    the model, in evaluation mode, without gradients. Results are on the device of the pairs.

    Args:
        model: Any `groupae.protocols.Model`.
        pairs: The pairs.
        data: The data set that the pairs are of, where there is one; it may know recombinations and
            the action on data.
        data_action: Action of the group on data, a function of ``(g, x)``; that of the data set
            unless given.
        batch_size: Largest number of pairs per chunk.
        seed: Seed of `generator`.

    Attributes:
        model: The model.
        pairs: The pairs.

    Example:
        >>> from groupae.theory import realise_data_action
        >>> from groupae import Cyclic
        >>> shifts = Cyclic(5).regular(on_elements=True)
        >>> x, g = torch.randn(8, 5), torch.arange(8) % 5
        >>> pairs = PairBatch(x, g, shifts.act(g, x))
        >>> evaluated = Evaluated(realise_data_action(shifts), pairs)
        >>> torch.allclose(evaluated.moved, evaluated.z2, atol=1e-5)
        True
    """

    def __init__(
        self,
        model: Model,
        pairs: PairBatch,
        *,
        data: object = None,
        data_action: Callable[[Tensor, Tensor], Tensor] | None = None,
        batch_size: int = 250,
        seed: int = 0,
    ) -> None:
        check_count("Evaluated", "batch_size", batch_size)
        self.model: Model = model
        self.pairs: PairBatch = pairs.detach() if isinstance(pairs, PairBatch) else pairs
        self.batch_size = batch_size
        self.seed = seed
        self._data = data
        self._data_action = data_action
        self._kept: dict[object, Any] = {}

    def __len__(self) -> int:
        return len(self.pairs)

    # --- abilities --------------------------------------------------------------------------
    @property
    def group(self) -> Group | None:
        """The group of the model or of the pairs, ``None`` if neither knows it."""
        return group_of(self.model) or group_of(self.action) or group_of(self.pairs)

    @property
    def action(self) -> LatentAction[Any] | None:
        """The latent action of a model with ``encode``, ``None`` if there is none."""
        action = getattr(self.model, "action", None)
        is_codec = isinstance(action, LatentAction) and self._has("encode")
        return action if is_codec else None

    @property
    def can_decode(self) -> bool:
        """Whether the model has a latent action and ``decode(z)``."""
        return self.action is not None and self._has("decode")

    def _has(self, method: str) -> bool:
        return callable(getattr(self.model, method, None))

    @property
    def labels(self) -> Tensor | None:
        """Class of each pair where known, shape ``(n,)``."""
        return self.pairs.label

    @property
    def data_action(self) -> Callable[[Tensor, Tensor], Tensor] | None:
        """Action of the group on data where known, a function of ``(g, x)``."""
        return self._data_action or getattr(self._data, "data_action", None)

    @functools.cached_property
    def recombinations(self) -> tuple[Recombinations, ...]:
        """Readings of swaps where the data set knows them, at most 500 pairs each."""
        data: Any = self._data
        if not getattr(data, "has_recombinations", False):
            return ()
        readings: tuple[Recombinations, ...] = data.recombinations(min(len(data), _MOST_SWAPS))
        return readings

    @property
    def generator(self) -> torch.Generator:
        """A new seeded generator, so that no score depends on the draws of another."""
        return torch.Generator().manual_seed(self.seed)

    # --- computed once ----------------------------------------------------------------------
    @functools.cached_property
    def z1(self) -> Any:
        """Codes of ``x1``: a tensor ``(n, ...)``, or a dict of them."""
        return self.encode(self.pairs.x1)

    @functools.cached_property
    def z2(self) -> Any:
        """Codes of ``x2``."""
        return self.encode(self.pairs.x2)

    @functools.cached_property
    def moved(self) -> Any:
        """Codes ``g . z1``."""
        return self.act(self.pairs.g, self.z1)

    @functools.cached_property
    def prediction(self) -> Tensor:
        """Predictions ``transform(g, x1)`` of ``x2``."""
        return torch.cat([found.to(self.pairs.x1.device) for _, found in self._predicted()])

    def predictions(self) -> Iterator[tuple[PairBatch, Tensor]]:
        """Yield pairs and predictions in chunks, both on the model's device.

        They are kept only if `prediction` was asked for before.
        """
        if "prediction" not in self.__dict__:
            yield from self._predicted()
            return
        start = 0
        for batch in self.pairs.chunks(self.batch_size):
            found = self.prediction[start : start + len(batch)]
            start += len(batch)
            yield self._placed(batch), self._placed(found)

    @functools.cached_property
    def unmoved(self) -> Tensor:
        """Predictions ``transform(e, x1)`` under the identity ``e``."""
        return self.transform(self.identity(len(self)), self.pairs.x1)

    @functools.cached_property
    def other_elements(self) -> Tensor:
        """The elements of the pairs in a random order, so as to be distributed as they are."""
        return self.pairs.g[torch.randperm(len(self), generator=self.generator)]

    def identity(self, n: int) -> Tensor:
        """Return the identity of the group n times, like the elements of the pairs."""
        assert self.group is not None
        g = self.pairs.g
        return self.group.identity(n, dtype=g.dtype, device=g.device)

    # --- errors relative to the spread ------------------------------------------------------
    @functools.cached_property
    def code_spread(self) -> float:
        """Mean squared distance of the codes of ``x1`` and ``x2`` from their mean; 0 if collapsed.

        Differences within the rounding of numbers do not count.
        """
        z = torch.cat([flat_codes(self.z1), flat_codes(self.z2)]).double()
        spread = float((z - z.mean(0)).square().sum(1).mean())
        rounding = _ROUNDING * torch.finfo(flat_codes(self.z1).dtype).eps
        return spread if spread > rounding**2 * float(z.square().sum(1).mean()) else 0.0

    @functools.cached_property
    def has_finite_codes(self) -> bool:
        """Whether all codes of ``x1`` and ``x2`` are finite."""
        return all(bool(flat_codes(z).isfinite().all()) for z in (self.z1, self.z2))

    def code_error(self, z: Any, w: Any) -> Tensor:
        """Return squared distances of codes over their spread, ``(n,)``; 2 for unrelated codes."""
        apart = (flat_codes(z) - flat_codes(w)).double().square().sum(1)
        return apart / self.code_spread

    @functools.cached_property
    def data_spread(self) -> float:
        """Mean squared distance of ``x1`` and ``x2`` from their mean, per number or per point."""
        x = torch.cat([self.pairs.x1, self.pairs.x2])
        size = x.shape[-1] if is_point_set(tuple(x.shape[1:])) else 1
        return size * spread_of(x) ** 2

    def data_error(self, x: Tensor, y: Tensor) -> Tensor:
        """Return squared distances of data over their spread, ``(n,)``.

        It is 2 for unrelated data, and 1 between a datum and the mean of all. Sets of points are
        compared by half their squared Chamfer distance.
        """
        if is_point_set(tuple(x.shape[1:])):
            apart = chamfer_distance(x.double(), y.double()) / 2
        else:
            apart = rows_of(x.double() - y.double()).square().mean(1)
        return apart / self.data_spread

    def cached(self, function: Callable[[Evaluated], _Value]) -> _Value:
        """Return ``function(self)``, computed once for all scores that use it.

        Args:
            function: A function of a module, by which the result is found again.
        """
        if function not in self._kept:
            self._kept[function] = function(self)
        found: _Value = self._kept[function]
        return found

    # --- the model, in chunks ---------------------------------------------------------------
    def encode(self, x: Tensor) -> Any:
        """Return the codes ``E(x)``."""
        model: Any = self.model
        return self.in_chunks(lambda part: _checked_codes(model, model.encode(part), part), x)

    def decode(self, z: Any) -> Tensor:
        """Return the data ``D(z)``."""
        model: Any = self.model
        x_shape = self.pairs.x1.shape[1:]

        def decode(part: Any) -> Any:
            found = model.decode(part)
            n = len(next(iter(named(part).values())))
            check_prediction(type(model).__name__, "the decoder", found, (n, *x_shape))
            return found

        found: Tensor = self.in_chunks(decode, z)
        return found

    def act(self, g: Tensor, z: Any) -> Any:
        """Return the codes ``g . z``."""
        return self.in_chunks(self.action, g, z)

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the predictions ``transform(g, x)``."""

        def transform(h: Tensor, part: Tensor) -> Any:
            found = self.model.transform(h, part)
            check_prediction(type(self.model).__name__, "transform", found, part.shape)
            return found

        moved: Tensor = self.in_chunks(transform, g, x)
        return moved

    def in_chunks(self, function: Any, *parts: Any) -> Any:
        """Return a function of tensors and codes of equal length, called in chunks.

        Args:
            function: Function of tensors (or dicts of them) that returns such; it is called on the
                model's device, in evaluation mode and without gradients.
            parts: Its arguments, each with the items along the first axis.
        """
        size, total = self.batch_size, len(next(iter(named(parts[0]).values())))
        found = []
        with torch.no_grad(), evaluation_mode(self.model):
            for start in range(0, max(total, 1), size):

                def chunk(part: Tensor, start: int = start) -> Any:
                    return self._placed(part[start : start + size]).clone()  # may change in place

                pieces = [map_latent(chunk, part) for part in parts]
                with _dtypes_explained(self.model, self.pairs.x1):
                    value = function(*pieces)
                found.append(map_latent(lambda part: part.to(self.pairs.x1.device), value))
        return map_latent(lambda *some: torch.cat(some), *found)

    def placed(self, z: Any) -> Any:
        """Return a tensor, or the named tensors of a code, on the device of the model."""
        return map_latent(self._placed, z)

    def _placed(self, part: Any) -> Any:
        device = _device_of(self.model)
        return part if device is None else part.to(device)

    def _predicted(self) -> Iterator[tuple[PairBatch, Tensor]]:
        for batch in self.pairs.chunks(self.batch_size):
            placed = self._placed(batch)
            explained = _dtypes_explained(self.model, placed.x1)
            with torch.no_grad(), evaluation_mode(self.model), explained:
                found = self.model.transform(placed.g, placed.x1.clone())  # may change in place
            check_prediction(type(self.model).__name__, "transform", found, placed.x2.shape)
            yield placed, found


def _device_of(model: object) -> torch.device | None:
    if not isinstance(model, torch.nn.Module):
        return None
    return next((parameter.device for parameter in model.parameters()), None)


@contextlib.contextmanager
def _dtypes_explained(model: object, x: Tensor) -> Iterator[None]:
    """Explain an error of a call of the model that data of another dtype cause."""
    try:
        yield
    except RuntimeError as error:
        parts = model.parameters() if isinstance(model, torch.nn.Module) else ()
        dtypes = {part.dtype for part in parts if part.is_floating_point()}
        if len(dtypes) != 1 or x.dtype in dtypes:
            raise
        what = f"data of the dtype of its weights, {dtypes.pop()}"
        remedy = "convert the data, or the model with .float() or .double()"
        owner = type(model).__name__
        raise TypeError(expected(owner, what, x.dtype, remedy)) from error


def _checked_codes(model: object, z: Any, x: Tensor) -> Any:
    """Return codes; raise unless they are a tensor or a dict of them, one code per datum."""
    owner, what = type(model).__name__, "encode to return a tensor, or a dict of named tensors"
    for part in named(z).values():
        if not isinstance(part, Tensor):
            raise TypeError(expected(owner, what, type(part).__name__))
        if part.shape[:1] != x.shape[:1]:
            what = f"encode to return one code for each of {len(x)} data"
            raise ShapeError(expected(owner, what, tuple(part.shape)))
    return z
