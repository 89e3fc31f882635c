"""Training loop on lightning-fabric, with keyed randomness."""

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
    """Loss, gradient or validation score that is not finite."""


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """Result of a training run.

    Args:
        steps: Steps taken.
        seconds: Wall-clock seconds from the first step, validation included.
        best_step: Step of the best validation score; the model holds those weights.
        validation_score: The best validation score.
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

    The model is returned to evaluation mode. Frozen parts stay frozen: parameters without
    ``requires_grad``; parts in evaluation mode while the model is in training mode, in this and
    later trainings; and batch normalisation whose own parameters are frozen.

    Args:
        model: A module with ``loss(batch)`` and ``transform(g, x)``. It is trained on the best
            device there is and moved back to its own. ``config.seed`` does not set its initial
            weights: call ``torch.manual_seed`` before you build the model.
        train: Source of training pairs.
        validation: Fixed pairs that choose the best weights; or a data set of held-back originals,
            whose ``fixed()`` pairs are taken.
        config: Budget, optimiser and schedule.
        score: Score of the validation pairs, or its name; larger is better. By default the first
            one that suits the data: PSNR for pictures in [0, 1], else one without range or unit
            (`groupae.metrics.default_scores`).
        callbacks: Callbacks, called in order.

    Returns:
        Steps, seconds, the best validation score, and the share of the steps' time that went into
        making batches. A warning is given if no validation was better than the untrained model.

    Raises:
        TypeError: If an argument is of another kind.
        ValueError: If data and model are of different groups, the score is one where lower is
            better or does not suit the data, there is nothing to train, or there is no compiler
            for ``config.compile``.
        ShapeError: If predictions have another shape than the data.
        NonFiniteLossError: With the step, the loss terms and the remedy.
        KeyboardInterrupt: At the end of the step that was interrupted, after the weights were
            validated and handed to the callbacks, so that a checkpoint is written. SIGTERM counts
            as Ctrl-C: it raises `Terminated`, which is one.

    After any exception from the first validation on, the model holds its best weights so far;
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
    training = _Training(model, source, pairs, judge, config, listeners)
    training.run()
    state = training.state
    if state.step and not state.best_step:
        _warn_of_no_progress(state, config, training.scores)
    stepping = max(state.seconds - training.budget.validating, 1e-9)  # none of a run of no steps
    return TrainingResult(
        steps=state.step,
        seconds=state.seconds,
        best_step=state.best_step,
        validation_score=state.best_score,
        loading=state.loading_seconds / stepping,
        score=judge.name,
    )


class _Training:
    """One call of `fit`, after its arguments are checked.

    Attributes:
        state: Progress, as callbacks see it.
        best: Copy of the state dict of the best validation so far.
        scores: All validation scores, in order.
        budget: The budget and its clock.
    """

    def __init__(
        self,
        model: nn.Module,
        source: CheckedSource,
        pairs: PairBatch,
        score: Score,
        config: TrainingConfig,
        callbacks: Sequence[Callback],
    ) -> None:
        self.model, self.source, self.config, self.callbacks = model, source, config, callbacks
        self.state = TrainingState(model, score)
        self.fabric = Fabric(accelerator="auto", devices=1)
        self.home = next(p.device for p in model.parameters())
        optimizers = build_optimizers(self.fabric.to_device(model), config)
        self.wrapped, *ready = self.fabric.setup(model, *optimizers)
        self.optimizers: list[Any] = ready
        self.wrapped.mark_forward_method("loss")
        self.loss = compiled_loss(model) if config.compile else self.wrapped.loss
        self.pairs = pairs.to(self.fabric.device)
        self.best: dict[str, Any] = copy.deepcopy(model.state_dict())
        self.scores: list[float] = []
        self.budget, self.modes = Budget(config), TrainingModes(model)

    def run(self) -> None:
        """Train until the budget is spent; leave the best weights also after an exception."""
        interrupts = contextlib.ExitStack()
        raise_if_interrupted = interrupts.enter_context(interrupts_deferred())
        try:
            self._step_through(raise_if_interrupted)
        except KeyboardInterrupt:
            self._validate()
            raise
        finally:
            self.state.seconds = self.budget.seconds
            with contextlib.ExitStack() as ending:  # runs all, in reverse, also if one raises
                ending.push(interrupts)
                ending.callback(self.model.to, self.home)
                ending.callback(self.modes.end)
                ending.callback(lambda: put_back(self.model, self.best))
                for callback in reversed(self.callbacks):
                    ending.callback(callback.on_end, self.state)

    def _step_through(self, raise_if_interrupted: Callable[[], None]) -> None:
        """Alternate steps and validations until the budget is spent."""
        state, budget, validations = self.state, self.budget, self.config.validations
        self.modes.begin()
        for callback in self.callbacks:
            callback.on_start(state)
        self._validate()  # so that there is a checkpoint even if the first step fails
        due, validated = 1, 0
        while (progress := budget.progress(state.step)) < 1:
            self._take_step(progress)
            state.step += 1
            state.progress = min(1.0, budget.progress(state.step))
            state.seconds = budget.seconds
            for callback in self.callbacks:
                callback.on_step(state)
            if budget.progress(state.step) >= due / validations:
                self._validate()
                validated = state.step
                due = int(budget.progress(state.step) * validations) + 1
            raise_if_interrupted()
        state.progress = 1.0
        if validated != state.step:
            self._validate()
        raise_if_interrupted()

    def _validate(self) -> None:
        """Score the weights, and keep them if they are the best so far."""
        state, score = self.state, self.state.score
        with self.budget.reserving():
            # a module cannot be typed as having `transform` too
            found = evaluate(self.model, self.pairs, [score])  # type: ignore[arg-type]
        state.validation_score = found[score.name].mean
        self.scores.append(state.validation_score)
        if not math.isfinite(state.validation_score):
            owner, what = f"validation at step {state.step}", f"a finite {score.name}"
            remedy = "look for NaN in the validation pairs, or in the score itself"
            raise NonFiniteLossError(expected(owner, what, state.validation_score, remedy))
        if state.validation_score > state.best_score:
            state.best_score, state.best_step = state.validation_score, state.step
            self.best = copy.deepcopy(self.model.state_dict())
        for callback in self.callbacks:
            callback.on_validation(state)

    def _take_step(self, progress: float) -> None:
        """Update the weights once, on the pairs of this step."""
        state, config = self.state, self.config
        state.learning_rate = config.learning_rate * learning_rate_factor(config, progress)
        started = time.perf_counter()
        batch = self.source.batch(state.step, config.batch_size).to(self.fabric.device)
        state.loading_seconds += time.perf_counter() - started
        terms = check_terms(type(self.model).__name__, self.loss(batch))
        total = self._total(terms)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
            for group in optimizer.param_groups:
                group["lr"] = state.learning_rate
        self.fabric.backward(total)
        limit = config.clip_norm or float("inf")
        norm = nn.utils.clip_grad_norm_(self.wrapped.parameters(), limit)
        values = {name: float(term.detach()) for name, term in terms.items()}
        if not torch.isfinite(total.detach() + norm):
            raise NonFiniteLossError(self._non_finite(batch, values, norm))
        for optimizer in self.optimizers:
            optimizer.step()
        state.terms = values

    def _total(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Return the sum of the loss terms, which has a gradient."""
        owner = type(self.model).__name__
        if not terms:
            raise ValueError(expected(owner, "a loss of at least one term", "none"))
        total = torch.stack(list(terms.values())).sum()
        if not total.requires_grad:
            got = f"{', '.join(terms)} without one"
            remedy = "nothing that is trained enters the loss, or .detach() or no_grad cuts it off"
            raise ValueError(expected(owner, "a loss with a gradient", got, remedy))
        return total

    def _non_finite(self, batch: PairBatch, terms: Mapping[str, float], norm: Tensor) -> str:
        """Return the message about a loss or gradient that is not finite."""
        config = self.config
        shown = ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
        remedy = (
            f"lower learning_rate (now {config.learning_rate:.2g}) or set clip_norm lower "
            f"(now {config.clip_norm or 'off'}); the best weights so far are kept"
        )
        for name in ("x1", "g", "x2"):
            if not bool(getattr(batch, name).isfinite().all()):
                remedy = (
                    f"look at the data: there is NaN or infinity in {name} of this step's pairs"
                )
        owner, what = f"training step {self.state.step}", "a finite loss and gradient"
        return expected(owner, what, f"{shown}, gradient norm {float(norm):.4g}", remedy)


def _warn_of_no_progress(state: TrainingState, config: TrainingConfig, scores: list[float]) -> None:
    """Warn that the model has its untrained weights, and name a likely reason."""
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
