"""Updates of the weights: loss on a device, gradients, optimisers and their learning rates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import expected
from groupae.protocols import PairBatch
from groupae.training.compiling import compiled_loss
from groupae.training.config import TrainingConfig
from groupae.training.devices import Devices
from groupae.training.optimizers import (
    OptimizerFactory,
    SchedulerFactory,
    build_optimizers,
    build_schedulers,
)
from groupae.training.schedule import learning_rate_factor
from groupae.training.state_dicts import copied

__all__ = ["Updates"]


class Updates:
    """Loss, optimisers and learning rates of a model on its devices.

    Args:
        model: The model; it is moved to the device.
        config: Settings of the training.
        devices: The devices, set up.
        optimizer: Function of the parameters that returns the optimisers; by default those of
            ``config.optimizer``.
        scheduler: Function of an optimiser that returns its scheduler; by default the schedule of
            ``config``.

    Attributes:
        loss: Function of a batch that returns the loss terms.
    """

    def __init__(
        self,
        model: nn.Module,
        config: TrainingConfig,
        devices: Devices,
        optimizer: OptimizerFactory | None = None,
        scheduler: SchedulerFactory | None = None,
    ) -> None:
        self.model, self.config, self.devices = model, config, devices
        self.loss = devices.setup(model, compiled_loss(model) if config.compile else None)
        self.optimizers: list[Any] = [*build_optimizers(model, config, optimizer)]
        for each in filter(_has_modes, self.optimizers):
            each.train()
        self._peaks = [[group["lr"] for group in each.param_groups] for each in self.optimizers]
        self.schedulers: list[Any] = build_schedulers(self.optimizers, scheduler)

    @property
    def learning_rate(self) -> float:
        """Learning rate of the first group of parameters."""
        return float(self.optimizers[0].param_groups[0]["lr"])

    def set_learning_rate(self, progress: float) -> None:
        """Set the rates of the schedule; a scheduler of the user sets its own."""
        if self.schedulers:
            return
        factor = learning_rate_factor(self.config, progress)
        for optimizer, peaks in zip(self.optimizers, self._peaks, strict=True):
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor

    def parts(self, batch: PairBatch) -> Iterator[tuple[PairBatch, float, bool]]:
        """Clear the gradients; yield the parts of a batch for this rank.

        Yields:
            A part, the weight of its mean loss, and whether it is the last one.
        """
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        parts = self.devices.parts(batch)
        for i, (part, weight) in enumerate(parts):
            yield part, weight, i == len(parts) - 1

    def clip_gradients(self) -> Tensor:
        """Clip the norm of the gradient; return the norm that it had."""
        parameters = self.model.parameters()
        if self.config.clip_norm:
            return nn.utils.clip_grad_norm_(parameters, self.config.clip_norm)
        return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])

    def apply(self) -> None:
        """Update the weights, then the schedulers."""
        for optimizer in self.optimizers:
            optimizer.step()
        for scheduler in self.schedulers:
            try:
                scheduler.step()
            except ValueError as error:
                what, remedy = "a scheduler for all steps of the budget", "give it as many steps"
                raise ValueError(expected("fit", what, error, remedy)) from error

    @contextlib.contextmanager
    def evaluating(self) -> Iterator[None]:
        """Give the model the weights to be validated and kept, if an optimiser has two kinds.

        Schedule-free optimisers train at other weights than those that they find. They change
        them in place and back, with rounding errors, so those in training are put back as they
        were: a further validation has no effect on the training.
        """
        own = [each for each in self.optimizers if _has_modes(each)]
        if not own:
            yield
            return
        parameters = [p for each in own for group in each.param_groups for p in group["params"]]
        before = [parameter.detach().clone() for parameter in parameters]
        for each in own:
            each.eval()
        try:
            yield
        finally:
            for each in own:
                each.train()
            with torch.no_grad():
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.copy_(value)

    @staticmethod
    def states(owners: Sequence[Any]) -> tuple[dict[str, Any], ...]:
        """Return the kind and a copy of the state of each optimiser or scheduler."""
        kinds = [type(owner).__name__ for owner in owners]
        states = [copied(owner.state_dict()) for owner in owners]
        return tuple({"kind": k, "state": s} for k, s in zip(kinds, states, strict=True))

    def restore(
        self, optimizers: Sequence[Mapping[str, Any]], schedulers: Sequence[Mapping[str, Any]]
    ) -> None:
        """Restore the `states` of optimisers and schedulers.

        Raises:
            ValueError: If there are others than those that the states are of.
        """
        for name, own, states in (
            ("optimisers", self.optimizers, optimizers),
            ("schedulers", self.schedulers, schedulers),
        ):
            if len(own) != len(states):
                what, got = f"{len(states)} {name}, as in the snapshot", len(own)
                raise ValueError(expected("fit", what, got, "resume with the same functions"))
            for one, state in zip(own, states, strict=True):
                _load(one, state)


def _has_modes(optimizer: Any) -> bool:
    """Return whether an optimiser has a mode for training and one for evaluation."""
    return all(callable(getattr(optimizer, name, None)) for name in ("train", "eval"))


def _load(one: Any, stored: Mapping[str, Any]) -> None:
    """Restore the state of an optimiser or scheduler."""
    kind, remedy = type(one).__name__, "resume with the functions that the training began with"
    if stored["kind"] != kind:
        raise ValueError(expected("fit", f"a {stored['kind']}, as in the snapshot", kind, remedy))
    try:
        one.load_state_dict(copied(stored["state"]))
    except (ValueError, KeyError) as error:
        what = f"a {kind} like that of the snapshot"
        raise ValueError(expected("fit", what, error, remedy)) from error
