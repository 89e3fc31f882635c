"""How to train: one frozen dataclass, typed so that the command line can read it."""

from __future__ import annotations

import dataclasses
import sys
from typing import Literal

from groupae._validation import expected, unknown_choice

__all__ = ["TrainingConfig"]

_OPTIMIZERS = ("adam", "muon")
_DECAYS = ("cosine", "none")


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """Budget, optimiser and schedule of a training.

    Args:
        minutes: Wall-clock budget from the first step, validation included; ignored when
            ``steps`` or ``cpu_minutes`` is given. The schedule follows the fraction of the budget
            that is spent.
        steps: Budget in steps instead: then the run is a function of the weights it starts from and
            of the seed of the data.
        cpu_minutes: Budget in minutes of the process's processor time instead, all threads added
            up: on one thread a busy machine changes nothing.
        batch_size: Pairs a step; each is used in both directions.
        optimizer: ``"adam"`` (AdamW with betas 0.9 and 0.99, which is Adam at weight decay 0), or
            ``"muon"`` (orthogonalised momentum on matrices and kernels, AdamW on the rest).
        learning_rate: Its peak.
        weight_decay: Decoupled weight decay.
        warmup: Fraction of the budget over which the rate rises from zero.
        decay: Shape of its fall after that: ``"cosine"`` to zero, or ``"none"``.
        clip_norm: Largest norm of the gradient; 0 for no limit.
        validations: How many times the validation pairs are scored, evenly over the budget.
        compile: Run the loss under ``torch.compile``, which takes time of the budget first, a C++
            compiler on a processor, and is worth it or not by the machine; checkpoints have the
            same names and shapes with and without.
        seed: Key of the weights where a preset builds the model. It does not reach a model that you
            build, whose weights are drawn before `fit` sees it: call ``torch.manual_seed`` before
            that. Nor data that you build: give them their own ``seed=``, which fixes their order
            and elements.

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
        self._check_kinds()
        limits = {
            "minutes": self.minutes > 0,
            "steps": self.steps is None or self.steps > 0,
            "cpu_minutes": self.cpu_minutes is None or self.cpu_minutes > 0,
            "batch_size": self.batch_size > 0,
            "learning_rate": self.learning_rate > 0,
            "validations": self.validations > 0,
        }
        for name, choices in (("optimizer", _OPTIMIZERS), ("decay", _DECAYS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    unknown_choice("TrainingConfig", name, getattr(self, name), choices)
                )
        for name, holds in limits.items():
            if not holds:
                raise ValueError(
                    expected("TrainingConfig", f"{name} above zero", getattr(self, name))
                )
        for name in ("weight_decay", "clip_norm"):
            if not getattr(self, name) >= 0:
                raise ValueError(
                    expected("TrainingConfig", f"{name} of at least zero", getattr(self, name))
                )
        if not 0 <= self.seed < 2**63:
            raise ValueError(
                expected("TrainingConfig", "seed in 0..2^63 - 1", f"{self.seed!r:.60}")
            )
        if not 0 <= self.warmup < 1:
            raise ValueError(expected("TrainingConfig", "warmup in [0, 1)", self.warmup))

    def _check_kinds(self) -> None:
        """Raise unless figures are numbers, and those that count are whole: they may be read."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            is_float = isinstance(field.default, float) or field.name == "cpu_minutes"
            is_left_out = value is None and field.default is None
            if field.name in ("optimizer", "decay") or is_left_out:
                continue
            if field.name == "compile":
                if not isinstance(value, bool):
                    raise ValueError(
                        expected("TrainingConfig", "compile as true or false", repr(value))
                    )
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float) if is_float else int):
                form = f"{field.name} as {'a number' if is_float else 'an integer'}"
                raise ValueError(expected("TrainingConfig", form, repr(value)))
            largest = sys.float_info.max if is_float else 2**63 - 1
            if field.name not in ("clip_norm", "seed") and not -largest <= value <= largest:
                form = f"{field.name} {'as a finite number' if is_float else 'below 2^63'}"
                raise ValueError(expected("TrainingConfig", form, f"{value!r:.60}"))
