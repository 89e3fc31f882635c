"""Optimisers by name, Muon among them, or by a function of the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from groupae._printable import counted
from groupae._validation import expected
from groupae.training.config import TrainingConfig
from groupae.training.muon import Muon, orthogonalise
from groupae.training.uncompiled import AdamW

__all__ = [
    "Muon",
    "OptimizerFactory",
    "SchedulerFactory",
    "build_optimizers",
    "build_schedulers",
    "named_optimizers",
    "orthogonalise",
]

OptimizerFactory = Callable[[list[nn.Parameter]], Any]
"""Function of the parameters to train that returns an optimiser, or several in a list."""

SchedulerFactory = Callable[[torch.optim.Optimizer], Any]
"""Function of an optimiser that returns a scheduler with ``step()``, called after each step."""


def build_optimizers(
    model: nn.Module, config: TrainingConfig, factory: OptimizerFactory | None = None
) -> list[torch.optim.Optimizer]:
    """Return the optimisers for the parameters that require a gradient.

    Args:
        model: The model.
        config: Its ``optimizer`` is taken unless there is a factory.
        factory: Function of the list of parameters that returns an optimiser, or several.

    Raises:
        TypeError: If the factory returns anything else.
        ValueError: If a parameter has no optimiser or several, or an optimiser has others.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    if factory is None:
        return named_optimizers(parameters, config)
    if not callable(factory):
        got = type(factory).__name__
        remedy = "for example optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1)"
        what = "optimizer as a function of parameters that returns an optimiser"
        raise TypeError(expected("fit", what, got, remedy))
    made = factory(parameters)
    optimizers: list[torch.optim.Optimizer] = (
        list(made) if isinstance(made, (list, tuple)) else [made]
    )
    for optimizer in optimizers:
        _check_optimizer(optimizer, parameters)
    if not optimizers:
        raise TypeError(expected("fit", "optimizer to return an optimiser", "an empty list"))
    _check_complete(optimizers, parameters)
    return optimizers


def _check_optimizer(optimizer: object, parameters: Sequence[nn.Parameter]) -> None:
    """Raise unless an object is an optimiser of some of the parameters."""
    if not isinstance(optimizer, torch.optim.Optimizer):
        got = f"{type(optimizer).__name__}"
        what = "optimizer to return a torch.optim.Optimizer, or a list of them"
        raise TypeError(expected("fit", what, got))
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        remedy = "take one that updates from one gradient, such as AdamW or SGD"
        what = "an optimiser that evaluates the loss once per step"
        raise TypeError(expected("fit", what, type(optimizer).__name__, remedy))
    known = {id(parameter) for parameter in parameters}
    own = _parameters_of(optimizer)
    strange = sum(id(parameter) not in known for parameter in own)
    if strange or not own:
        got = f"one with {strange} others among {len(own)}" if own else "one without any"
        remedy = "give it the parameters that the function is called with"
        raise ValueError(expected("fit", "an optimiser of the model's parameters", got, remedy))


def _check_complete(
    optimizers: Sequence[torch.optim.Optimizer], parameters: Sequence[nn.Parameter]
) -> None:
    """Raise unless each parameter has one optimiser: none is left out, and none updated twice."""
    own = [id(parameter) for optimizer in optimizers for parameter in _parameters_of(optimizer)]
    what = f"one optimiser for each of the {counted(len(parameters), 'parameter')} to train"
    if missing := len(parameters) - len(set(own)):
        remedy = "freeze by requires_grad_(False) what is not to be trained"
        raise ValueError(expected("fit", what, f"none for {missing} of them", remedy))
    if len(own) > len(parameters):
        got = f"several for {len(own) - len(parameters)} of them"
        raise ValueError(expected("fit", what, got, "give each optimiser a part of them"))


def _parameters_of(optimizer: torch.optim.Optimizer) -> list[nn.Parameter]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def named_optimizers(
    parameters: Sequence[nn.Parameter], config: TrainingConfig
) -> list[torch.optim.Optimizer]:
    """Return the optimisers of ``config.optimizer``.

    Muon takes matrices and kernels with both sides of 16 or more, AdamW all others.
    """
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adam":
        return [_adamw(parameters, rate, decay)]
    matrices = [p for p in parameters if p.ndim >= 2 and min(len(p), p[0].numel()) >= 16]
    chosen = {id(p) for p in matrices}
    rest = [p for p in parameters if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = []
    if matrices:
        optimizers.append(Muon(matrices, lr=rate, weight_decay=decay))
    if rest:
        optimizers.append(_adamw(rest, rate, 0.0))
    return optimizers


def _adamw(parameters: Sequence[nn.Parameter], rate: float, decay: float) -> torch.optim.AdamW:
    """Return AdamW, in one pass over all parameters where torch has it: 8 times faster."""
    is_fused = all(
        parameter.is_floating_point() and parameter.device.type in ("cpu", "cuda", "mps")
        for parameter in parameters
    )
    options: dict[str, Any] = {"lr": rate, "weight_decay": decay, "betas": (0.9, 0.99)}
    return AdamW(parameters, **options, fused=is_fused or None)


def build_schedulers(
    optimizers: Sequence[torch.optim.Optimizer], factory: SchedulerFactory | None
) -> list[Any]:
    """Return one scheduler per optimiser; none without a factory.

    Raises:
        TypeError: If the factory returns anything without ``step``, ``state_dict`` and
            ``load_state_dict``.
        ValueError: If the scheduler is of another optimiser.
    """
    if factory is None:
        return []
    if not callable(factory):
        what = "scheduler as a function of an optimiser that returns a scheduler"
        remedy = "for example scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 1000)"
        raise TypeError(expected("fit", what, type(factory).__name__, remedy))
    schedulers = [factory(optimizer) for optimizer in optimizers]
    for scheduler, optimizer in zip(schedulers, optimizers, strict=True):
        needs = ("step", "state_dict", "load_state_dict")
        if not all(callable(getattr(scheduler, name, None)) for name in needs):
            what = "scheduler to return a scheduler of torch.optim.lr_scheduler"
            raise TypeError(expected("fit", what, type(scheduler).__name__))
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            what = "a scheduler that steps without a score"
            remedy = "TrainingConfig(patience=...) stops at a plateau instead"
            raise TypeError(expected("fit", what, "ReduceLROnPlateau", remedy))
        if getattr(scheduler, "optimizer", optimizer) is not optimizer:
            what = "a scheduler of the optimiser that the function is called with"
            raise ValueError(expected("fit", what, "one of another optimiser"))
    return schedulers
