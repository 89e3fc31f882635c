"""The training loop: short, on lightning-fabric, with keyed randomness."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from groupae._interrupts import interrupts_deferred
from groupae._validation import expected
from groupae.metrics import Score, evaluate
from groupae.objectives.weighted_sum import check_terms
from groupae.protocols import FixedPairs, PairBatch, PairSource
from groupae.training.arguments import (
    CheckedSource,
    check_model,
    check_weights,
    parse_callbacks,
    parse_config,
    parse_score,
    parse_validation,
    warn_of_no_new_data,
)
from groupae.training.callbacks import Callback, TrainingState
from groupae.training.compiling import check_compiler, compiled_loss
from groupae.training.config import TrainingConfig
from groupae.training.modes import TrainingModes
from groupae.training.optimizers import build_optimizers
from groupae.training.schedule import Budget, learning_rate_factor
from groupae.training.state_dicts import put_back

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
        score: Name of the score that chose the weights.
    """

    steps: int
    seconds: float
    best_step: int
    validation_score: float
    loading: float
    score: str = ""


def fit(
    model: nn.Module,
    train: PairSource,
    validation: PairBatch | FixedPairs,
    config: TrainingConfig | Mapping[str, Any] | None = None,
    *,
    score: Score | str | None = None,
    callbacks: Sequence[Callback] | Callback = (),
) -> TrainingResult:
    """Train a `TransformModel` and leave it with its best weights.

    The model comes back in evaluation mode. What is frozen stays so: parameters that want no
    gradient; parts in evaluation mode while the model is in training mode, in this and later
    trainings; and batch normalisation whose own parameters are frozen.

    Args:
        model: A module with ``loss(batch)`` and ``transform(g, x)``. It is trained on the best
            device there is and comes back to its own. Its weights at the start are the caller's:
            call ``torch.manual_seed`` before the model is built, for ``config.seed`` comes too late
            for them.
        train: Where pairs come from.
        validation: Fixed pairs that choose the best weights; or a data set of held-back originals,
            whose ``fixed()`` pairs are taken.
        config: Budget, optimiser and schedule.
        score: What the validation pairs are judged by, or its name; larger is better. By default
            the first one that suits the data: PSNR for pictures in [0, 1], else one that knows no
            range or unit (`groupae.metrics.default_scores`).
        callbacks: What listens.

    Returns:
        Steps, seconds, the best validation score, and the share of the steps' time that went into
        making batches. If no validation was better than the untrained model, a warning says so.

    Raises:
        TypeError: If an argument is of another kind; the sentence says what is expected.
        ValueError: If data and model are of different groups, the score is one where lower is
            better or does not suit the data, there is nothing to train, or there is no compiler
            for ``config.compile``.
        ShapeError: If predictions have another shape than the data.
        NonFiniteLossError: With the step, the loss terms and the remedy.
        KeyboardInterrupt: At the end of the step that was interrupted, after the weights were
            validated and handed to the callbacks, so that a checkpoint is written. SIGTERM counts
            as Ctrl-C: it raises `Terminated`, which is one.

    Whatever is raised after the first validation, the model holds its best weights so far;
    checkpoints already written stay.

    Example:
        >>> from groupae import SO2, LatentActionAE, RotatedDigits, VectorAction
        >>> from groupae.models import PaperDigitDecoder, PaperDigitEncoder
        >>> _ = torch.manual_seed(0)
        >>> action = VectorAction(SO2().rep("8x0 + 8x1"))
        >>> model = LatentActionAE(PaperDigitEncoder(24), PaperDigitDecoder(24), action)
        >>> data = RotatedDigits("train"), RotatedDigits("validation").fixed()[:50]
        >>> fit(model, *data, TrainingConfig(steps=20, batch_size=8)).steps
        20
    """
    config = parse_config(config)
    pairs = parse_validation(validation, train, model)
    judge = parse_score(score, pairs)
    listeners = parse_callbacks(callbacks)
    check_model(model)
    check_weights(model)
    source = CheckedSource(train, model, pairs)
    if config.compile:
        check_compiler()
    warn_of_no_new_data(validation, train)
    fabric = Fabric(accelerator="auto", devices=1)
    state = TrainingState(model, judge)
    home = next(p.device for p in model.parameters())
    optimizers = build_optimizers(fabric.to_device(model), config)
    wrapped, *ready = fabric.setup(model, *optimizers)
    wrapped.mark_forward_method("loss")
    loss = compiled_loss(model) if config.compile else wrapped.loss
    pairs = pairs.to(fabric.device)
    best: dict[str, Any] = copy.deepcopy(model.state_dict())
    budget, modes, scores = Budget(config), TrainingModes(model), []

    def validate() -> int:
        """Score the weights, keep them if they are the best, and return the step."""
        nonlocal best
        with budget.reserving():
            # a module cannot be typed as having `transform` too
            estimates = evaluate(model, pairs, [judge])  # type: ignore[arg-type]
        state.validation_score = estimates[judge.name].mean
        scores.append(state.validation_score)
        if not math.isfinite(state.validation_score):
            got, remedy = state.validation_score, "look for NaN in the validation pairs"
            owner = f"validation at step {state.step}"
            remedy = f"{remedy}, or in the score itself"
            raise NonFiniteLossError(expected(owner, f"a finite {judge.name}", got, remedy))
        if state.validation_score > state.best_score:
            state.best_score, state.best_step = state.validation_score, state.step
            best = copy.deepcopy(model.state_dict())
        for callback in listeners:
            callback.on_validation(state)
        return state.step

    interrupts = contextlib.ExitStack()
    raise_if_interrupted = interrupts.enter_context(interrupts_deferred())
    try:
        modes.begin()
        for callback in listeners:
            callback.on_start(state)
        due, validated = 1, validate()  # so that there is a checkpoint whatever happens
        while (progress := budget.progress(state.step)) < 1:
            state.learning_rate = config.learning_rate * learning_rate_factor(config, progress)
            started = time.perf_counter()
            batch = source.batch(state.step, config.batch_size).to(fabric.device)
            state.loading_seconds += time.perf_counter() - started
            state.terms = _take_step(fabric, wrapped, loss, ready, batch, state, config)
            state.step += 1
            state.progress = min(1.0, budget.progress(state.step))
            state.seconds = budget.seconds
            for callback in listeners:
                callback.on_step(state)
            if budget.progress(state.step) >= due / config.validations:
                validated = validate()
                due = int(budget.progress(state.step) * config.validations) + 1
            raise_if_interrupted()
        state.progress = 1.0
        if validated != state.step:
            validate()
        raise_if_interrupted()
    except KeyboardInterrupt:
        validate()
        raise
    finally:
        state.seconds = budget.seconds
        with contextlib.ExitStack() as ending:  # from the last to the first, whatever is raised
            ending.push(interrupts)
            ending.callback(model.to, home)
            ending.callback(modes.end)
            ending.callback(lambda: put_back(model, best))
            for callback in reversed(listeners):
                ending.callback(callback.on_end, state)
    if state.step and not state.best_step:
        _warn_of_no_progress(state, config, scores)
    stepping = max(state.seconds - budget.validating, 1e-9)
    loading = state.loading_seconds / stepping
    return TrainingResult(
        state.step, state.seconds, state.best_step, state.best_score, loading, judge.name
    )


def _warn_of_no_progress(state: TrainingState, config: TrainingConfig, scores: list[float]) -> None:
    """Say that the model has its untrained weights, and what may be the reason."""
    name = state.score.name
    remedy = (
        f"it holds its untrained weights: train longer, lower learning_rate (now "
        f"{config.learning_rate:.2g}), or see whether validation and training pairs are alike"
    )
    if min(scores) == max(scores):
        remedy = (
            "it holds its untrained weights: the score does not move, so it may be clamped or "
            "capped for such data; choose them by another, say score='relative_snr'"
        )
    what = f"a validation better than the untrained model's {name} of {state.best_score:.4g}"
    got = f"none in {state.step} steps"
    warnings.warn(expected("fit", what, got, remedy), stacklevel=3)


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
    terms = check_terms(type(state.model).__name__, loss(batch))
    if not terms:
        raise ValueError(
            expected(type(state.model).__name__, "a loss of at least one term", "none")
        )
    total = torch.stack(list(terms.values())).sum()
    if not total.requires_grad:
        got = f"{', '.join(terms)} without one"
        remedy = "nothing that is trained enters the loss, or .detach() or no_grad cuts it off"
        raise ValueError(
            expected(type(state.model).__name__, "a loss with a gradient", got, remedy)
        )
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
        remedy = (
            f"lower learning_rate (now {config.learning_rate:.2g}) or set clip_norm lower "
            f"(now {config.clip_norm or 'off'}); the best weights so far are kept"
        )
        for name in ("x1", "g", "x2"):
            if not bool(getattr(batch, name).isfinite().all()):
                remedy = (
                    f"look at the data: there is NaN or infinity in {name} of this step's pairs"
                )
        owner, what = f"training step {state.step}", "a finite loss and gradient"
        got = f"{shown}, gradient norm {float(norm):.4g}"
        raise NonFiniteLossError(expected(owner, what, got, remedy))
    for optimizer in optimizers:
        optimizer.step()
    return values
