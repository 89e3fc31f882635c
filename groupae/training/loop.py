"""The training loop: short, on lightning-fabric, with keyed randomness."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from groupae._interrupts import interrupts_deferred
from groupae._validation import expected
from groupae.metrics import PSNR, Score, evaluate
from groupae.pairs import PairBatch, PairSource
from groupae.training.callbacks import Callback, TrainingState
from groupae.training.compiling import check_compiler, compiled_loss
from groupae.training.config import TrainingConfig
from groupae.training.optimizers import build_optimizers
from groupae.training.schedule import Budget, learning_rate_factor

__all__ = ["NonFiniteLossError", "TrainingResult", "fit"]


class NonFiniteLossError(RuntimeError):
    """The loss or its gradient stopped being a number."""


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training came to.

    Args:
        steps: Steps taken.
        seconds: Wall-clock seconds from the first step, validation included.
        best_step: Step of the best validation score; the model holds those weights.
        validation_score: That score.
        loading: Fraction of the time of the steps that went into making batches.
    """

    steps: int
    seconds: float
    best_step: int
    validation_score: float
    loading: float


def fit(
    model: nn.Module,
    train: PairSource,
    validation: PairBatch,
    config: TrainingConfig | None = None,
    *,
    score: Score = PSNR,
    callbacks: Sequence[Callback] = (),
) -> TrainingResult:
    """Train a `groupae.models.TransformModel` and leave it with its best weights.

    Args:
        model: A module with ``loss(batch)`` and ``transform(g, x)``. It is trained on the best
            device there is and comes back to its own.
        train: Where pairs come from.
        validation: Fixed pairs that choose the best weights.
        config: Budget, optimiser and schedule.
        score: What the validation pairs are judged by; larger is better.
        callbacks: What listens.

    Returns:
        Steps, seconds, the best validation score, and the share of the steps' time that went into
        making batches.

    Raises:
        ValueError: If the score is one where lower is better, or there is no compiler for
            ``config.compile``.
        NonFiniteLossError: With the step, the loss terms and the remedy. The model holds its best
            weights so far; checkpoints already written stay.
        KeyboardInterrupt: At the end of the step that was interrupted, after the weights were
            validated and handed to the callbacks, so that a checkpoint is written. SIGTERM counts
            as Ctrl-C: it raises `Terminated`, which is one.

    Example:
        >>> from groupae import SO2, LatentActionAE, RotatedDigits, VectorAction
        >>> from groupae.models import PaperDigitDecoder, PaperDigitEncoder
        >>> action = VectorAction(SO2().rep("8x0 + 8x1"))
        >>> model = LatentActionAE(PaperDigitEncoder(24), PaperDigitDecoder(24), action)
        >>> data = RotatedDigits("train"), RotatedDigits("validation").fixed()[:50]
        >>> fit(model, *data, TrainingConfig(steps=3, batch_size=8)).steps
        3
    """
    config = config or TrainingConfig()
    if score.lower_is_better:
        what, got = "a score where larger is better", f"{score.name!r}"
        raise ValueError(expected("fit", what, got, "choose the weights by another, say PSNR"))
    if config.compile:
        check_compiler()
    fabric = Fabric(accelerator="auto", devices=1)
    state = TrainingState(model, score)
    home = next((p.device for p in model.parameters()), torch.device("cpu"))
    optimizers = build_optimizers(fabric.to_device(model), config)
    wrapped, *ready = fabric.setup(model, *optimizers)
    wrapped.mark_forward_method("loss")
    loss = compiled_loss(model) if config.compile else wrapped.loss
    validation = validation.to(fabric.device)
    best: dict[str, Tensor] = copy.deepcopy(model.state_dict())
    budget = Budget(config)

    def validate() -> int:
        """Score the weights, keep them if they are the best, and return the step."""
        nonlocal best
        with budget.reserving():
            # a module cannot be typed as having `transform` too
            estimates = evaluate(model, validation, [score])  # type: ignore[arg-type]
        state.validation_score = estimates[score.name].mean
        if not math.isfinite(state.validation_score):
            got, remedy = state.validation_score, "look for NaN in the validation pairs"
            owner = f"validation at step {state.step}"
            raise NonFiniteLossError(expected(owner, f"a finite {score.name}", got, remedy))
        if state.validation_score > state.best_score:
            state.best_score, state.best_step = state.validation_score, state.step
            best = copy.deepcopy(model.state_dict())
        for callback in callbacks:
            callback.on_validation(state)
        return state.step

    interrupts = contextlib.ExitStack()
    raise_if_interrupted = interrupts.enter_context(interrupts_deferred())
    try:
        for callback in callbacks:
            callback.on_start(state)
        due, validated = 1, validate()  # so that there is a checkpoint whatever happens
        wrapped.train()
        while (progress := budget.progress(state.step)) < 1:
            state.progress = progress
            state.learning_rate = config.learning_rate * learning_rate_factor(config, progress)
            started = time.perf_counter()
            batch = train.batch(state.step, config.batch_size).to(fabric.device)
            state.loading_seconds += time.perf_counter() - started
            state.terms = _take_step(fabric, wrapped, loss, ready, batch, state, config)
            state.step += 1
            state.seconds = budget.seconds
            for callback in callbacks:
                callback.on_step(state)
            if budget.progress(state.step) >= due / config.validations:
                validated = validate()
                due = int(budget.progress(state.step) * config.validations) + 1
            raise_if_interrupted()
        state.progress = 1.0
        if validated != state.step:
            validate()
        raise_if_interrupted()
    except NonFiniteLossError:
        model.load_state_dict(best)
        raise
    except KeyboardInterrupt:
        validate()
        raise
    finally:
        state.seconds = budget.seconds
        for callback in callbacks:
            callback.on_end(state)
        model.to(home)
        interrupts.close()
    model.load_state_dict(best)
    stepping = max(state.seconds - budget.validating, 1e-9)
    loading = state.loading_seconds / stepping
    return TrainingResult(state.step, state.seconds, state.best_step, state.best_score, loading)


def _take_step(
    fabric: Fabric,
    model: nn.Module,
    loss: Callable[[PairBatch], dict[str, Tensor]],
    optimizers: Sequence[Any],
    batch: PairBatch,
    state: TrainingState,
    config: TrainingConfig,
) -> dict[str, float]:
    """Update the weights once and return the loss terms; refuse a step that is not finite."""
    terms = loss(batch)
    total = torch.stack(list(terms.values())).sum()
    for optimizer in optimizers:
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = state.learning_rate
    fabric.backward(total)
    limit = config.clip_norm or float("inf")
    norm = nn.utils.clip_grad_norm_(model.parameters(), limit)
    values = {name: float(term.detach()) for name, term in terms.items()}
    if not torch.isfinite(total.detach() + norm):
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
        raise NonFiniteLossError(
            expected(
                f"training step {state.step}",
                "a finite loss and gradient",
                f"{shown}, gradient norm {float(norm):.4g}",
                f"lower learning_rate (now {config.learning_rate:.2g}) or set clip_norm lower "
                f"(now {config.clip_norm or 'off'}); the best weights so far are kept",
            )
        )
    for optimizer in optimizers:
        optimizer.step()
    return values
