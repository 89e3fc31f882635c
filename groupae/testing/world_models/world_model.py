"""Interface of a world model: ``encode(x)``, ``predict(z, action)``, and perhaps ``decode(z)``."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions.codes import named
from groupae.metrics.evaluated import evaluation_mode

__all__ = ["WorldModel", "as_world_model", "evaluated", "flat", "weights_of"]


@dataclasses.dataclass(frozen=True)
class WorldModel:
    """World model made of functions, for models whose methods have other names or arguments.

    Args:
        encode: Function from observations ``(n, *x_shape)`` to codes ``(n, ...)``, or dicts of
            named codes.
        predict: Function from codes and actions ``(n, *element_shape)`` to the codes after them.
        decode: Function from codes to observations, if there is one.

    Example:
        >>> from groupae import SO2
        >>> turn = SO2().rep("1x1")
        >>> model = WorldModel(encode=lambda x: x, predict=lambda z, g: turn.act(g, z))
        >>> model.predict(torch.tensor([[1.0, 0.0]]), torch.zeros(1))
        tensor([[1., 0.]])
    """

    encode: Callable[[Tensor], Any]
    predict: Callable[[Any, Tensor], Any]
    decode: Callable[[Any], Tensor] | None = None


def as_world_model(owner: str, model: object) -> WorldModel:
    """Return a model as a `WorldModel`.

    Args:
        owner: Subject of the error message.
        model: An object with ``encode(x)`` and ``predict(z, action)``, or with ``encode(x)`` and a
            latent ``action(g, z)``, as `groupae.LatentActionAE` has; ``decode(z)`` is used if it
            is there.

    Raises:
        TypeError: If it has no such methods.
    """
    if isinstance(model, WorldModel):
        return model
    encode, predict = (getattr(model, name, None) for name in ("encode", "predict"))
    action, decode = (getattr(model, name, None) for name in ("action", "decode"))
    if not callable(predict) and callable(action):
        predict = _swapped(action)
    if isinstance(model, type) or not callable(encode) or not callable(predict):
        what = "a model with encode(x) and predict(z, action), or encode(x) and action(g, z)"
        got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        remedy = "WorldModel(encode=..., predict=...) makes one of functions"
        raise TypeError(expected(owner, what, got, remedy))
    return WorldModel(encode, predict, decode if callable(decode) else None)


def _swapped(action: Callable[[Tensor, Any], Any]) -> Callable[[Any, Tensor], Any]:
    def predict(z: Any, g: Tensor) -> Any:
        return action(g, z)

    return predict


def _modules(model: object) -> list[torch.nn.Module]:
    """Return the modules of a model, also those whose methods it is made of."""
    parts = [model, *(getattr(model, name, None) for name in ("encode", "predict", "decode"))]
    owners = [getattr(part, "__self__", part) for part in parts]
    return [owner for owner in owners if isinstance(owner, torch.nn.Module)]


def weights_of(model: object) -> list[Tensor]:
    """Return the floating parameters of a model."""
    every = [weight for module in _modules(model) for weight in module.parameters()]
    return [weight for weight in every if weight.is_floating_point()]


@contextlib.contextmanager
def evaluated(model: object, seed: int) -> Iterator[None]:
    """Put all modules of a model in evaluation mode, without gradients, at a fixed seed."""
    with contextlib.ExitStack() as stack:
        for module in _modules(model):
            stack.enter_context(evaluation_mode(module))
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.random.fork_rng())
        torch.manual_seed(seed)
        yield


def flat(owner: str, what: str, z: Any, n: int) -> Tensor:
    """Return codes as float64 vectors ``(n, d)``; the parts of a dict one after another, by name.

    Raises:
        TypeError: If a part is no tensor.
        ShapeError: If there is not one code per datum.
    """
    parts = []
    for name, part in sorted(named(z).items()):
        label = f"{what} to return " + (f"a tensor for {name!r}" if name else "a tensor")
        if not isinstance(part, Tensor):
            raise TypeError(expected(owner, label, type(part).__name__))
        if part.ndim == 0 or len(part) != n:
            form = f"{what} to return one code for each of {n} data"
            raise ShapeError(expected(owner, form, tuple(part.shape)))
        parts.append(part.detach().double().reshape(n, -1))
    if not parts:
        raise TypeError(expected(owner, f"{what} to return a code", "an empty dict"))
    return torch.cat(parts, 1)
