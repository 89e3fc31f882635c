"""Settings of a training: one frozen dataclass, typed so that the command line can parse it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Literal

from groupae._validation import expected, unknown_choice

__all__ = ["TrainingConfig"]

_CHOICES = {"optimizer": ("adam", "muon"), "decay": ("cosine", "none")}

_ABOVE_ZERO = ("minutes", "steps", "cpu_minutes", "batch_size", "learning_rate", "validations")
_RANGES: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    **dict.fromkeys(_ABOVE_ZERO, ("above zero", lambda value: value > 0)),
    **dict.fromkeys(("weight_decay", "clip_norm"), ("of at least zero", lambda value: value >= 0)),
    "warmup": ("in [0, 1)", lambda value: 0 <= value < 1),
    "seed": ("in 0..2^63 - 1", lambda value: 0 <= value < 2**63),
}


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Budget, optimiser and schedule of a training.

    Args:
        minutes: Wall-clock budget from the first step, validation included; ignored when
            ``steps`` or ``cpu_minutes`` is given. The schedule follows the fraction of the budget
            that is spent.
        steps: Budget in steps instead: then the run is a function of its initial weights and of
            the seed of the data.
        cpu_minutes: Budget in minutes of the process's processor time instead, summed over threads:
            on one thread, other processes on the machine have no effect.
        batch_size: Pairs per step; each is used in both directions.
        optimizer: ``"adam"`` (AdamW with betas 0.9 and 0.99, which is Adam at weight decay 0), or
            ``"muon"`` (orthogonalised momentum on matrices and kernels, AdamW on the rest).
        learning_rate: Largest learning rate.
        weight_decay: Decoupled weight decay.
        warmup: Fraction of the budget over which the rate rises from zero.
        decay: Shape of its decrease after that: ``"cosine"`` to zero, or ``"none"``.
        clip_norm: Largest norm of the gradient; 0 for no limit.
        validations: Number of validations, evenly over the budget.
        compile: Whether the loss runs under ``torch.compile``. It needs a C++ compiler on a
            processor and takes time of the budget first; the gain depends on the machine.
            Checkpoints have the same names and shapes with and without.
        seed: Key of the weights of a model that a preset builds. It has no effect on a model that
            you build, whose weights are drawn before `fit`: call ``torch.manual_seed`` first. Nor
            on data that you build: their own ``seed=`` fixes their order and elements.

    Raises:
        ValueError: If a figure is out of range.

    Example:
        >>> TrainingConfig(steps=2000, optimizer="muon", learning_rate=1e-2).warmup
        0.05
    """

    minutes: float = 5.0
    steps: int | None = None
    cpu_minutes: float | None = None
    batch_size: int = 64
    optimizer: Literal["adam", "muon"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    warmup: float = 0.05
    decay: Literal["cosine", "none"] = "cosine"
    clip_norm: float = 1.0
    validations: int = 20
    compile: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                _check_value(field.name, value, is_float=field.type.startswith("float"))


def _check_value(name: str, value: object, *, is_float: bool) -> None:
    """Raise unless a figure is of its kind and in its range; figures may come from a file."""
    owner = "TrainingConfig"
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(unknown_choice(owner, name, value, _CHOICES[name]))
        return
    if name == "compile":
        if not isinstance(value, bool):
            raise ValueError(expected(owner, "compile as true or false", repr(value)))
        return
    if isinstance(value, bool) or not isinstance(value, (int, float) if is_float else int):
        kind = "a number" if is_float else "an integer"
        raise ValueError(expected(owner, f"{name} as {kind}", repr(value)))
    largest = sys.float_info.max if is_float else 2**63 - 1
    if name not in ("clip_norm", "seed") and not -largest <= value <= largest:
        form = "as a finite number" if is_float else "below 2^63"
        raise ValueError(expected(owner, f"{name} {form}", f"{value!r:.60}"))
    form, holds = _RANGES[name]
    if not holds(value):
        raise ValueError(expected(owner, f"{name} {form}", f"{value!r:.60}"))
