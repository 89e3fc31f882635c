"""Training loop: steps, validations, and the best weights at the end.

All else is a part beside it that can be left out: devices and ranks, sources of pairs, optimisers
and schedulers, the average of the weights, snapshots and the resume from them, callbacks.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from groupae._interrupts import Terminated, interrupts_deferred
from groupae._memory import kept_memory
from groupae._printable import counted
from groupae._validation import expected
from groupae.data.global_generators import generators_restored, seed_generators
from groupae.metrics import Score, evaluate
from groupae.objectives.weighted_sum import check_terms
from groupae.protocols import ClosedFormParts, FixedPairs, PairBatch, PairSource
from groupae.training.arguments import (
    CheckedSource,
    check_model,
    check_same_weights,
    check_weights,
    parse_callbacks,
    parse_config,
    parse_resume,
    parse_score,
    parse_validation,
    warn_of_no_new_data,
)
from groupae.training.callbacks import Callback, EarlyStopping, TrainingState
from groupae.training.closed_form import check_parts, pair_count, start_in_closed_form
from groupae.training.compiling import check_compiler
from groupae.training.config import TrainingConfig
from groupae.training.devices import Devices
from groupae.training.ema import AveragedWeights
from groupae.training.modes import TrainingModes
from groupae.training.optimizers import OptimizerFactory, SchedulerFactory
from groupae.training.progress_bar import progress_bars
from groupae.training.schedule import Budget
from groupae.training.snapshot import TrainingSnapshot
from groupae.training.state_dicts import copied, put_back
from groupae.training.thread_choice import ThreadChoice
from groupae.training.updates import Updates

__all__ = ["NonFiniteLossError", "TrainingResult", "fit"]


class NonFiniteLossError(RuntimeError):
    """Loss, gradient or validation score that is not finite.

    Example:
        >>> issubclass(NonFiniteLossError, Exception)
        True
    """


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
        stopped: Reason why the training stopped before its budget was spent; ``""`` if it did not.

    Example:
        >>> result = TrainingResult(100, 2.5, best_step=80, validation_score=31.2, loading=0.1)
        >>> result.best_step
        80
    """

    steps: int
    seconds: float
    best_step: int
    validation_score: float
    loading: float
    score: str = ""
    stopped: str = ""


def fit(
    model: nn.Module,
    train: PairSource | DataLoader[Any] | Dataset[Any] | Sequence[Any],
    validation: PairBatch | FixedPairs | DataLoader[Any] | Dataset[Any] | Sequence[Any],
    config: TrainingConfig | Mapping[str, Any] | None = None,
    *,
    score: Score | str | None = None,
    callbacks: Sequence[Callback] | Callback = (),
    optimizer: OptimizerFactory | None = None,
    scheduler: SchedulerFactory | None = None,
    resume: TrainingSnapshot | Path | str | None = None,
    progress: bool | None = None,
) -> TrainingResult:
    """Train a `TransformModel` and leave it with its best weights.

    The model is returned to evaluation mode. Frozen parts stay frozen: parameters without
    ``requires_grad``; parts in evaluation mode while the model is in training mode, in this and
    later trainings; and batch normalisation whose own parameters are frozen. Parts that a model
    sets in closed form (`ClosedFormParts`) are set from training pairs before each validation but
    the first, in the model that is validated.

    Args:
        model: A module with ``loss(batch)`` and ``transform(g, x)``. It is trained on the best
            device there is and moved back to its own. ``config.seed`` does not set its initial
            weights: call ``torch.manual_seed`` before you build the model.
        train: Source of training pairs; or a ``DataLoader``, a ``Dataset`` of single pairs, or a
            list of batches, as `groupae.data.as_pair_source` takes them.
        validation: Fixed pairs that choose the best weights; or a data set of held-back originals,
            whose ``fixed()`` pairs are taken; or a loader, data set or list of pairs.
        config: Budget, optimiser and schedule.
        score: Score of the validation pairs, or its name; larger is better. By default the first
            one that suits the data: PSNR for pictures in [0, 1], else one without range or unit
            (`groupae.metrics.default_scores`).
        callbacks: Callbacks, called in order. Under several ranks they are called on the first.
        optimizer: Function of the list of parameters to train that returns an optimiser, or several
            in a list; instead of ``config.optimizer``. The learning rates that it sets are the
            peaks of the schedule.
        scheduler: Function of an optimiser that returns a scheduler of torch, which steps once per
            step; instead of the schedule of ``config``.
        resume: A snapshot of this training, or the folder to which `KeepSnapshots` writes them. The
            result is bit for bit that of a training without interruption, on the same machine and
            with a budget in steps. A larger budget lengthens the training: from there on the
            learning rate is that of the schedule of the whole new budget.
        progress: Whether to show a progress bar; by default in terminals and notebooks, and not
            beside a `ProgressBar` among the callbacks. Where none can be drawn, ``True`` prints one
            line per validation.

    Returns:
        Steps, seconds, the best validation score, and the share of the steps' time that went into
        making batches. A warning is given if no validation was better than the untrained model.

    Raises:
        TypeError: If an argument is of another kind.
        ValueError: If data and model are of different groups, the score is one where lower is
            better or does not suit the data, there is nothing to train, there is no compiler for
            ``config.compile`` or no such device, or a snapshot is of another training.
        CheckpointError: If no snapshot to resume from is valid.
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
    listeners = [*listeners, *progress_bars(progress, listeners)]
    check_model(model)
    check_weights(model)
    if config.start == "closed-form":
        check_parts(model)
    snapshot = parse_resume(resume, config, judge)
    source = CheckedSource(train, model, pairs, config)
    if config.compile:
        check_compiler()
    warn_of_no_new_data(validation, train)
    if config.patience:
        listeners = [*listeners, EarlyStopping(config.patience)]
    devices = Devices(
        device=config.device,
        devices=config.devices,
        precision=config.precision,
        deterministic=config.deterministic,
        batch_size=config.batch_size,
        accumulate=config.accumulate,
    )
    threads = ThreadChoice(
        config, is_alone=devices.device.type == "cpu" and devices.world_size == 1
    )
    with kept_memory(), generators_restored(), threads, devices:
        devices.check_same("config", config)
        devices.check_same("snapshot to resume from", None if snapshot is None else snapshot.step)
        updates = Updates(model, config, devices, optimizer, scheduler)
        training = _Training(source, pairs, judge, updates, listeners, snapshot, threads)
        training.run()
    state = training.state
    if state.step and not state.best_step and config.start == "as-built":
        _warn_of_no_progress(state, config)
    stepping = max(state.seconds - training.budget.validating, 1e-9)  # none of a run of no steps
    return TrainingResult(
        steps=state.step,
        seconds=state.seconds,
        best_step=state.best_step,
        validation_score=state.best_score,
        loading=state.loading_seconds / stepping,
        score=judge.name,
        stopped=state.stop_reason,
    )


class _Training:
    """One call of `fit`, after its arguments are checked.

    Attributes:
        state: Progress, as callbacks see it.
        best: Copy of the state dict of the best validation so far.
        budget: The budget and its clock.
    """

    def __init__(
        self,
        source: CheckedSource,
        pairs: PairBatch,
        score: Score,
        updates: Updates,
        callbacks: Sequence[Callback],
        snapshot: TrainingSnapshot | None,
        threads: ThreadChoice,
    ) -> None:
        self.threads = threads
        self.model, self.source, self.updates = updates.model, source, updates
        self.config, self.devices = updates.config, updates.devices
        self.callbacks = callbacks if self.devices.is_main else ()
        self.pairs = self.devices.place(pairs)
        self.average = AveragedWeights.of(self.model, self.config)
        self.judged = self.average.module if self.average else self.model
        self.state = TrainingState(self.model, score, judged=self.judged)
        self.state.take_snapshot = self._snapshot
        self.best: dict[str, Any] = copy.deepcopy(self.judged.state_dict())
        self.budget = Budget(self.config, None if snapshot is None else snapshot.clock)
        self.modes = TrainingModes(self.model)
        if snapshot is not None:
            self._restore(snapshot)

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
                ending.callback(self.source.close)
                ending.callback(self.modes.end)
                ending.callback(lambda: put_back(self.model, self.best))
                for callback in reversed(self.callbacks):
                    ending.callback(callback.on_end, self.state)

    def _step_through(self, raise_if_interrupted: Callable[[], None]) -> None:
        """Alternate steps and validations until the budget is spent."""
        state, config = self.state, self.config
        self.modes.begin()
        self._call("on_start")
        if not state.scores:
            seed_generators(config.seed, 0, self.devices.rank)
            self._start()
            self._validate()  # so that there is a checkpoint even if the first step fails
            self._call("on_step_end")
        progress = self._progress()
        due = self._next_validation(state.scores[-1][0])
        while progress < 1 and not state.stop_reason:
            with self.threads.step():
                self._take_step(progress)
            state.threads = torch.get_num_threads()
            state.step += 1
            progress = self._progress()
            state.progress, state.seconds = min(1.0, progress), self.budget.seconds
            self._call("on_step")
            if progress >= due / config.validations:
                self._validate()
                progress = self._progress()
                due = int(progress * config.validations) + 1
            self._agree_to_stop()
            self._call("on_step_end")
            self._raise_together(raise_if_interrupted)
        state.progress = 1.0
        if state.scores[-1][0] != state.step:
            self._validate()
        self._raise_together(raise_if_interrupted)
        state.is_finished = True

    def _start(self) -> None:
        """Set the first weights as the config says."""
        if self.config.start == "closed-form":
            count = pair_count(self.source, self.source.originals)
            start_in_closed_form(self.model, self.source, count=count)
            self.state.is_in_closed_form = True
            if self.average is not None:
                put_back(self.judged, self.model.state_dict())
            self.state.seconds = self.budget.seconds  # the start is part of the budget

    def _progress(self) -> float:
        """Return the spent fraction of the budget, the same on all ranks."""
        return self.devices.agree(self.budget.progress(self.state.step), stop=False)[0]

    def _next_validation(self, step: int) -> int:
        """Return the number of the validation that is due after the one at ``step``."""
        if self.config.steps is None:
            return int(self._progress() * self.config.validations) + 1
        return int(step / self.config.steps * self.config.validations) + 1

    def _agree_to_stop(self) -> None:
        """Let all ranks stop if a callback, which only the first one calls, has said so."""
        _, is_stopped = self.devices.agree(0.0, stop=bool(self.state.stop_reason))
        if is_stopped and not self.state.stop_reason:
            self.state.stop("another rank has stopped")

    def _raise_together(self, raise_if_interrupted: Callable[[], None]) -> None:
        """Raise a deferred interruption, on all ranks if one has received it."""
        received: KeyboardInterrupt | None = None
        try:
            raise_if_interrupted()
        except KeyboardInterrupt as error:
            received = error
        if self.devices.agree(0.0, stop=received is not None)[1]:
            self._call("on_interrupt")
            raise received or Terminated

    def _validate(self) -> None:
        """Score the weights, and keep them if they are the best so far."""
        state, score = self.state, self.state.score
        with self.updates.evaluating():
            self.devices.share_buffers(self.judged)
            with self.budget.reserving(), self.devices.autocast():
                if state.step and isinstance(self.judged, ClosedFormParts):
                    self.judged.set_closed_form_parts(self.source)
                # a module cannot be typed as having `transform` too
                found = evaluate(self.judged, self.pairs, [score], resamples=0)  # type: ignore[arg-type]
            state.validation_score = self.devices.broadcast(found[score.name].mean)
            if not math.isfinite(state.validation_score):
                owner, what = f"validation at step {state.step}", f"a finite {score.name}"
                remedy = "look for NaN in the validation pairs, or in the score itself"
                raise NonFiniteLossError(expected(owner, what, state.validation_score, remedy))
            state.scores.append((state.step, state.validation_score))
            if state.validation_score > state.best_score:
                state.best_score, state.best_step = state.validation_score, state.step
                self.best = copy.deepcopy(self.judged.state_dict())
            self._call("on_validation")

    def _call(self, name: str) -> None:
        """Call a method of all callbacks; those that are no `Callback` may lack the later ones."""
        for callback in self.callbacks:
            method = getattr(callback, name, None)
            if method is not None:
                method(self.state)

    def _take_step(self, progress: float) -> None:
        """Update the weights once, on the pairs of this step."""
        state, config, updates = self.state, self.config, self.updates
        started = time.perf_counter()
        batch = self.devices.place(self.source.batch(state.step, config.batch_size))
        state.loading_seconds += time.perf_counter() - started
        seed_generators(config.seed, state.step + 1, self.devices.rank)
        updates.set_learning_rate(progress)
        state.learning_rate = updates.learning_rate
        values: dict[str, float] = {}
        for part, weight, is_last in updates.parts(batch):
            with self.devices.accumulating(is_last=is_last):
                terms = check_terms(type(self.model).__name__, updates.loss(part))
                total = self._total(terms)
                self.devices.backward(total if weight == 1 else total * weight)
            for name, term in terms.items():
                values[name] = values.get(name, 0.0) + weight * float(term.detach())
        norm = updates.clip_gradients()
        if not math.isfinite(sum(values.values()) + float(norm)):
            raise NonFiniteLossError(self._non_finite(batch, values, norm))
        updates.apply()
        if self.average is not None:
            self.average.update(self.model)
        state.terms = values

    # --- snapshots ---------------------------------------------------------------------------
    def _snapshot(self) -> TrainingSnapshot:
        """Return the state after the last step, in memory of its own."""
        state, updates = self.state, self.updates
        clock = {**self.budget.state_dict(), "loading": state.loading_seconds}
        return TrainingSnapshot(
            step=state.step,
            config=dataclasses.asdict(self.config),
            score=state.score.name,
            scores=tuple(state.scores),
            best_score=state.best_score,
            best_step=state.best_step,
            weights=copied(self.model.state_dict()),
            best=copied(self.best),
            average=None if self.average is None else copied(self.average.state_dict()),
            optimizers=updates.states(updates.optimizers),
            schedulers=updates.states(updates.schedulers),
            clock=clock,
        )

    def _restore(self, snapshot: TrainingSnapshot) -> None:
        """Put model, optimisers and progress in the state of a snapshot."""
        state = self.state
        check_same_weights(self.model, snapshot.weights)
        put_back(self.model, snapshot.weights)
        if self.average is not None and snapshot.average is not None:
            self.average.load_state_dict(snapshot.average)
        self.updates.restore(snapshot.optimizers, snapshot.schedulers)
        self.best = copied(snapshot.best)
        state.step = state.first_step = snapshot.step
        state.scores = list(snapshot.scores)
        state.best_score, state.best_step = snapshot.best_score, snapshot.best_step
        state.validation_score = snapshot.scores[-1][1]
        state.loading_seconds = snapshot.clock["loading"]
        state.seconds = self.budget.seconds
        state.progress = min(1.0, self.budget.progress(state.step))

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


def _warn_of_no_progress(state: TrainingState, config: TrainingConfig) -> None:
    """Warn that the model has its untrained weights, and name a likely reason."""
    name = state.score.name
    remedy = (
        f"it holds its untrained weights: train longer, lower learning_rate (now "
        f"{config.learning_rate:.2g}), or see whether validation and training pairs are alike"
    )
    if len({score for _, score in state.scores}) == 1:
        remedy = (
            "it holds its untrained weights: the score does not move, so it may be clamped or "
            "capped for such data; choose them by another, say score='relative_snr'"
        )
    what = f"a validation better than the untrained model's {name} of {state.best_score:.4g}"
    got = f"none in {counted(state.step, 'step')}"
    warnings.warn(expected("fit", what, got, remedy), stacklevel=3)
