"""World models of stable-worldmodel, for ``audit_world_model``, `groupae.audit` and ``fit_action``.

Nothing is imported: a model is known by its methods. Those of stable-worldmodel 0.1 take dicts with
a time axis, ``encode({"pixels": (n, T, C, H, W)})``, and come in two kinds: joint embeddings (LeWM,
PLDM), which write the code to ``"emb"`` and predict by ``predict(emb, action_encoder(action))``;
and TD-MPC2, which returns the code and predicts by ``model(z, action)``. Here observations, codes
and actions have one batch axis and no time, and a prediction sees one code, that of the present: a
predictor that was trained with a history of frames is asked as at the first step of its rollout.

Actions there are vectors of numbers in the units of the environment. Where they are not our
elements, ``to_action`` says what the environment is sent for an element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import ShapeError, expected

__all__ = ["StableEncoder", "StableWorldModel", "from_stable_worldmodel"]

_CODES = ("emb", "embed")  # of LeWM, PLDM, PreJEPA; of GCRL


class StableEncoder(nn.Module):
    """Encoder of a model of stable-worldmodel; `from_stable_worldmodel` makes it.

    Args:
        model: The model, kept as it is; calling the encoder encodes.
        pixels: Name under which ``model.encode`` expects the observations.

    Example:
        >>> import torch
        >>> class Flatten(nn.Module):
        ...     def encode(self, info):
        ...         return {"emb": info["pixels"].flatten(2)}
        >>> StableEncoder(Flatten())(torch.zeros(3, 1, 4, 4)).shape
        torch.Size([3, 16])
    """

    def __init__(self, model: nn.Module, pixels: str = "pixels") -> None:
        super().__init__()
        self.model, self.pixels = model, pixels

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the codes of observations, as ``encode`` does."""
        return self.encode(x)

    def encode(self, x: Tensor) -> Tensor:
        """Return the codes ``(n, *code_shape)`` of observations ``(n, *x_shape)``.

        Raises:
            TypeError: If the model returns no code under a known name.
            ShapeError: If there is not one code per observation.
        """
        model: Any = self.model
        found = model.encode({self.pixels: x[:, None]})
        if isinstance(found, dict):
            names = [name for name in _CODES if name in found]
            if not names:
                what = f"encode to write the code to one of {', '.join(_CODES)}"
                got = ", ".join(map(str, found)) or "an empty dict"
                raise TypeError(expected(type(self.model).__name__, what, got))
            found = found[names[0]]
        if not isinstance(found, Tensor):
            what = "encode to return a tensor or a dict of tensors"
            raise TypeError(expected(type(self.model).__name__, what, type(found).__name__))
        if found.ndim < 2 or found.shape[:2] != (len(x), 1):
            form = f"codes of shape ({len(x)}, 1, ...) for {len(x)} observations at one time"
            raise ShapeError(expected(type(self.model).__name__, form, tuple(found.shape)))
        return found[:, 0]


class StableWorldModel(StableEncoder):
    """World model of stable-worldmodel with ``encode(x)`` and ``predict(z, action)``.

    `from_stable_worldmodel` makes it.

    Args:
        model: The model, kept as it is.
        pixels: Name under which ``model.encode`` expects the observations.
        to_action: Function from elements to actions ``(n, action_dim)``; elements are actions
            themselves unless given.

    Example:
        >>> import torch
        >>> class Shift(nn.Module):
        ...     def encode(self, info):
        ...         return {"emb": info["pixels"].flatten(2)}
        ...     def action_encoder(self, action):
        ...         return action
        ...     def predict(self, emb, act_emb):
        ...         return emb + act_emb
        >>> world = StableWorldModel(Shift())
        >>> world.predict(world.encode(torch.zeros(3, 1, 1, 2)), torch.ones(3, 2)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        model: nn.Module,
        pixels: str = "pixels",
        to_action: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__(model, pixels)
        self.to_action = to_action

    def predict(self, z: Tensor, g: Tensor) -> Tensor:
        """Return the codes after an action.

        Args:
            z: Codes of shape ``(n, dim)``, as ``encode`` returns.
            g: Elements, or actions, shape ``(n, ...)``.

        Raises:
            ShapeError: If the actions are no vectors.
        """
        action = g if self.to_action is None else self.to_action(g)
        if action.ndim != 2 or len(action) != len(z):
            remedy = "to_action= makes actions of elements, as (n, action_dim)"
            what = f"actions of shape ({len(z)}, action_dim)"
            name = type(self.model).__name__
            raise ShapeError(expected(name, what, tuple(action.shape), remedy))
        model: Any = self.model
        if not _is_joint_embedding(self.model):
            following: Tensor = model(z, action)[0]
            return following
        steps: Tensor = model.predict(z[:, None], model.action_encoder(action[:, None]))
        return steps[:, -1]


def from_stable_worldmodel(
    model: nn.Module,
    *,
    pixels: str = "pixels",
    to_action: Callable[[Tensor], Tensor] | None = None,
) -> StableEncoder:
    """Return a model of stable-worldmodel as ``encode(x)`` and, if it has one, ``predict(z, g)``.

    Args:
        model: A ``LeWM``, ``PLDM`` or ``TDMPC2``, or an object with the same methods; or one that
            encodes only, such as ``GCRL``. Not copied: the mode, device and weights are its own.
        pixels: Name of the observations in its dicts, such as ``"state"`` for TD-MPC2 of states.
        to_action: Function from elements to the actions ``(n, action_dim)`` that it was trained
            with, such as ``lambda g: g / scale``; elements are actions themselves unless given.

    Returns:
        A `StableWorldModel`; of a model that does not predict from codes and actions, a
        `StableEncoder`, for `groupae.audit` and ``fit_action``. Both are modules: `groupae.audit`
        and ``audit_world_model`` find the layers and set the mode.

    Raises:
        TypeError: If the model has no ``encode``, or it predicts from codes with the action inside,
            as ``PreJEPA`` does, and a function of the action is asked for.

    Example:
        >>> import torch
        >>> class Shift(nn.Module):
        ...     def encode(self, info):
        ...         return {"emb": info["pixels"].flatten(2)}
        ...     def action_encoder(self, action):
        ...         return 2 * action
        ...     def predict(self, emb, act_emb):
        ...         return emb + act_emb
        >>> world = from_stable_worldmodel(Shift())
        >>> z = world.encode(torch.zeros(3, 1, 1, 2))
        >>> world.predict(z, torch.ones(3, 2)).tolist()
        [[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]
    """
    owner = "from_stable_worldmodel"
    if not isinstance(model, nn.Module) or not callable(getattr(model, "encode", None)):
        what = "a torch module with encode(dict), such as LeWM, PLDM, TDMPC2 or GCRL"
        raise TypeError(expected(owner, what, type(model).__name__))
    if _is_joint_embedding(model) or _is_latent_dynamics(model):
        return StableWorldModel(model, pixels, to_action)
    if to_action is not None:
        what = "a model with action_encoder and predict, or with dynamics, where to_action is given"
        remedy = "its encoder alone needs no to_action"
        raise TypeError(expected(owner, what, type(model).__name__, remedy))
    return StableEncoder(model, pixels)


def _is_joint_embedding(model: object) -> bool:
    """Return whether a model predicts from codes and encoded actions, as LeWM and PLDM do."""
    return all(callable(getattr(model, name, None)) for name in ("predict", "action_encoder"))


def _is_latent_dynamics(model: object) -> bool:
    """Return whether a model's call predicts from a code and an action, as that of TD-MPC2."""
    return callable(getattr(model, "dynamics", None)) and callable(model)
