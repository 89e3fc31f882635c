"""Settings of a training: one frozen dataclass, typed so that the command line can parse it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Literal

from groupae._validation import expected, unknown_choice

__all__ = ["TrainingConfig"]

_CHOICES = {
    "optimizer": ("adam", "muon"),
    "decay": ("cosine", "linear", "none"),
    "start": ("as-built", "closed-form"),
}

_ABOVE_ZERO = (
    *("minutes", "steps", "cpu_minutes", "batch_size", "learning_rate", "validations"),
    *("accumulate", "devices"),
)
_FROM_ZERO = ("weight_decay", "clip_norm", "patience", "workers", "threads")
_RANGES: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    **dict.fromkeys(_ABOVE_ZERO, ("above zero", lambda value: value > 0)),
    **dict.fromkeys(_FROM_ZERO, ("of at least zero", lambda value: value >= 0)),
    **dict.fromkeys(("warmup", "ema", "ema_share"), ("in [0, 1)", lambda value: 0 <= value < 1)),
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
        decay: Shape of its decrease after that: ``"cosine"`` or ``"linear"`` to zero at the end of
            the budget, or ``"none"``.
        clip_norm: Largest norm of the gradient; 0 for no limit.
        validations: Number of validations, evenly over the budget.
        accumulate: Number of parts of each batch whose gradients are summed before the weights are
            updated, for less memory; the batch size stays the number of pairs per update. The sum
            is that of the whole batch if the loss is a mean over pairs.
        ema: Decay per step of an exponential moving average of the weights, which is validated and
            kept instead of the weights, such as 0.999; 0 for none.
        ema_share: Length of such an average as a share of the steps so far, such as 0.1, instead of
            ``ema``. It needs no start: after a few steps it is better than the weights, by 1 dB or
            more where the learning rate is high, and equal to them where that has fallen to 0.
        patience: Validations without a better score after which the training stops; 0 to spend the
            whole budget.
        device: ``"auto"`` (the best there is), ``"cpu"``, ``"cuda"``, ``"cuda:1"`` or ``"mps"``.
        devices: Number of processes, each with its device, that share each batch; they are started
            by torchrun.
        precision: Number format, by lightning-fabric's names: ``"32-true"`` (that of the weights),
            ``"bf16-mixed"`` (autocast to bfloat16), ``"64-true"`` (all in float64), or, a name of
            our own, ``"bf16-products"``: convolutions and large linear layers multiply in bfloat16
            on processors with instructions for it, which takes a quarter less time per step; all
            else, and all on other processors, is as for ``"32-true"``.
        deterministic: Whether only deterministic algorithms of torch may be used.
        workers: Processes that make the batches; 0 to make them between the steps. The batches are
            the same.
        threads: Number of threads of torch. By default (0) the present number, or what the quota of
            a container grants if that is less; with a budget in time also fewer, while other
            processes keep cores busy. The number is fixed with a budget in steps, with
            ``deterministic`` or ``compile``, and if ``OMP_NUM_THREADS`` is set: results depend on
            it in their last digits. After the training it is as before.
        compile: Whether the loss runs under ``torch.compile``. It needs a C++ compiler on a
            processor and takes time of the budget first; the gain depends on the machine.
            Checkpoints have the same names and shapes with and without.
        start: Weights at the first step: ``"as-built"``, or ``"closed-form"`` for linear paths as
            `groupae.training.start_in_closed_form` sets them, from the first pairs of the source
            and within the budget.
        seed: Key of the draws of layers such as dropout in each step, of the order of a
            ``DataLoader``, and of the weights of a model that a preset builds. It has no effect on
            a model that you build, whose weights are drawn before `groupae.fit`: call
            ``torch.manual_seed`` first. Nor on data sets of groupae that you build: their own
            ``seed=`` fixes their order and elements.

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
    decay: Literal["cosine", "linear", "none"] = "cosine"
    clip_norm: float = 1.0
    validations: int = 20
    compile: bool = False
    seed: int = 0
    accumulate: int = 1
    ema: float = 0.0
    patience: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    deterministic: bool = False
    workers: int = 0
    threads: int = 0
    ema_share: float = 0.0
    start: Literal["as-built", "closed-form"] = "as-built"

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None or field.default is not None:
                _check_value(field.name, value, is_float=field.type.startswith("float"))
        if self.ema and self.ema_share:
            what, got = "one average of the weights", f"ema={self.ema} and ema_share"
            remedy = "leave ema out, whose fixed decay needs a start"
            raise ValueError(expected("TrainingConfig", what, got, remedy))


def _check_value(name: str, value: object, *, is_float: bool) -> None:
    """Raise unless a figure is of its kind and in its range; figures may come from a file."""
    owner = "TrainingConfig"
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ValueError(unknown_choice(owner, name, value, _CHOICES[name]))
        return
    if name in ("compile", "deterministic"):
        if not isinstance(value, bool):
            raise ValueError(expected(owner, f"{name} as true or false", repr(value)))
        return
    if name in ("device", "precision"):  # compared with the machine when a training starts
        if not isinstance(value, str) or not value:
            raise ValueError(expected(owner, f"{name} as text", repr(value)))
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
