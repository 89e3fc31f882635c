"""Arguments of `fit`, checked before the first step, each with its own error message."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from groupae._printable import counted
from groupae._validation import ShapeError, expected, unknown_choice
from groupae.data.loader_pairs import LoaderPairs
from groupae.data.pair_sources import as_pair_source, as_validation_pairs
from groupae.data.prefetched import Prefetched
from groupae.data.written_elements import are_elements
from groupae.groups.matching import check_same_group, group_of
from groupae.metrics import Score
from groupae.metrics.evaluation import as_pairs
from groupae.metrics.registry import parse_scores
from groupae.protocols import PairBatch, as_batch, has_parts
from groupae.training.callbacks import Callback
from groupae.training.config import TrainingConfig
from groupae.training.snapshot import TrainingSnapshot, load_snapshot

__all__ = [
    "CheckedSource",
    "check_elements",
    "check_model",
    "check_same_weights",
    "check_weights",
    "parse_callbacks",
    "parse_config",
    "parse_resume",
    "parse_score",
    "parse_validation",
    "warn_of_no_new_data",
]

_METHODS = ("on_start", "on_step", "on_validation", "on_end")


def parse_config(config: object) -> TrainingConfig:
    """Return the config, which may be given as a mapping from names to values."""
    if config is None:
        return TrainingConfig()
    if isinstance(config, Mapping):
        names = [field.name for field in dataclasses.fields(TrainingConfig)]
        for name in config:
            if name not in names:
                raise ValueError(unknown_choice("fit", "an entry of config", name, names))
        return TrainingConfig(**config)
    if not isinstance(config, TrainingConfig):
        got, remedy = type(config).__name__, "fit(model, train, validation, TrainingConfig(...))"
        raise TypeError(expected("fit", "config as a TrainingConfig", got, remedy))
    return config


def parse_validation(validation: object, train: object, model: object) -> PairBatch:
    """Return the validation pairs: a batch, or the fixed pairs of a data set."""
    if validation is None:
        remedy = "hold some originals back: OrbitPairs(held_back, group, act).fixed()"
        raise TypeError(expected("fit", "validation pairs, which choose the weights", None, remedy))
    if isinstance(validation, (TrainingConfig, Mapping)) and not has_parts(validation):
        what, got = (
            "validation as a PairBatch or a data set with fixed()",
            type(validation).__name__,
        )
        remedy = "the config comes after it: fit(model, train, validation, config)"
        raise TypeError(expected("fit", what, got, remedy))
    check_same_group("fit", "training pairs", model, train)
    validation = as_validation_pairs(validation, group=group_of(model))
    pairs = as_pairs("fit", validation, model, name="validation")
    check_same_group("fit", "validation pairs", train, pairs)
    return pairs


def warn_of_no_new_data(validation: object, train: object) -> None:
    """Warn if the training source also chooses the weights."""
    if validation is train:
        what, got = "validation pairs of originals held back", "the source that is trained on"
        remedy = "the score that chooses the weights says nothing about new data"
        warnings.warn(expected("fit", what, got, remedy), stacklevel=3)


def parse_score(score: object, validation: PairBatch) -> Score:
    """Return the score that chooses the weights; by default the first one that suits the data."""
    chosen = parse_scores("fit", score if score is None else [score], validation)[0]
    if chosen.lower_is_better:
        what, got = "a score where larger is better", f"{chosen.name!r}"
        raise ValueError(expected("fit", what, got, "choose the weights by another, say PSNR"))
    return chosen


def parse_callbacks(callbacks: object) -> Sequence[Callback]:
    """Return the callbacks, given as one or many."""
    if callbacks is None:
        return ()
    many: Any = callbacks if isinstance(callbacks, Iterable) else (callbacks,)
    found = tuple(many)
    for callback in found:
        listens = all(callable(getattr(callback, name, None)) for name in _METHODS)
        if isinstance(callback, type) or not listens:
            got = getattr(callback, "__name__", type(callback).__name__)
            remedy = "subclass Callback and give on_step or on_validation"
            if callable(getattr(callback, "log_metrics", None)):
                remedy = "LoggerCallback(logger) writes to a logger"
            raise TypeError(expected("fit", "callbacks as objects of Callback", got, remedy))
    return found


def check_model(model: object) -> None:
    """Raise `TypeError` unless the model is a module with ``loss`` and ``transform``."""
    is_module = isinstance(model, nn.Module)
    for name in ("loss", "transform"):
        if not is_module or not callable(getattr(model, name, None)):
            what = "a module with loss(pairs) and transform(g, x)"
            remedy = "LatentActionAE(encoder, decoder, action) is one"
            raise TypeError(expected("fit", what, type(model).__name__, remedy))


def check_weights(model: nn.Module) -> None:
    """Raise unless there are weights to train, and all can be updated and restored.

    Raises:
        ValueError: If no parameter requires a gradient, or weights do not exist yet or are
            expanded, so that several entries share one number in memory.
    """
    owner, kept = type(model).__name__, model.state_dict().keys()
    kinds = (("parameter", model.named_parameters()), ("buffer", model.named_buffers()))
    for kind, tensors in kinds:
        for name, tensor in tensors:
            if is_lazy(tensor) or tensor.is_meta:
                what, got = "weights that exist", f"the {kind} {name!r} without values"
                remedy = "run the model once on data: model.transform(g, x)"
                if not is_lazy(tensor):
                    remedy = "leave the meta device: model.to_empty(device=...), then initialise"
                raise ValueError(expected(owner, what, got, remedy))
            is_kept = kind == "parameter" or name in kept
            if is_kept and _is_expanded(tensor):
                what = "weights with memory of their own"
                got = f"the {kind} {name!r} of shape {tuple(tensor.shape)}, which is expanded"
                remedy = "register tensor.clone(), or the small one and expand it in forward"
                raise ValueError(expected(owner, what, got, remedy))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        got = "none" if next(model.parameters(), None) is None else "all of them frozen"
        remedy = "" if got == "none" else "model.requires_grad_(True) frees them"
        raise ValueError(expected(owner, "parameters to train", got, remedy))


_FREE = {
    *("minutes", "steps", "cpu_minutes", "patience"),
    *("device", "devices", "workers", "threads", "accumulate"),
}
"""Fields of a config that a resumed training may change: budget and machine."""


def parse_resume(resume: object, config: TrainingConfig, score: Score) -> TrainingSnapshot | None:
    """Return the snapshot to resume from, of a training with this config.

    Raises:
        TypeError: If it is neither a snapshot nor a folder.
        CheckpointError: If the folder has no valid snapshot.
        ValueError: If it is of another training, or has more steps than the budget.
    """
    if resume is None:
        return None
    if not isinstance(resume, (TrainingSnapshot, str, Path)):
        got = type(resume).__name__
        remedy = "KeepSnapshots(folder) writes snapshots"
        raise TypeError(expected("fit", "resume as a folder or a TrainingSnapshot", got, remedy))
    found = resume if isinstance(resume, TrainingSnapshot) else load_snapshot(resume)
    now = dataclasses.asdict(config)
    then = {**dataclasses.asdict(TrainingConfig()), **found.config}  # older ones lack later fields
    changed = [name for name in now if name not in _FREE and now[name] != then[name]]
    if changed:
        got = ", ".join(f"{name} {now[name]!r} (was {then[name]!r})" for name in changed)
        remedy = "budget, patience and device may change; start a new training for others"
        raise ValueError(expected("fit", "the config of the training to resume", got, remedy))
    if found.score != score.name:
        what = f"the score of the training to resume, {found.score!r}"
        raise ValueError(expected("fit", what, repr(score.name)))
    if config.steps is not None and config.steps < found.step:
        what = f"a budget of at least the {counted(found.step, 'step')} of the snapshot"
        raise ValueError(expected("fit", what, f"steps={config.steps}"))
    return found


def check_same_weights(model: nn.Module, weights: Mapping[str, Any]) -> None:
    """Raise unless a model has parameters of the names and shapes of a snapshot."""
    own = {name: tuple(part.shape) for name, part in model.named_parameters()}
    found = {name: tuple(part.shape) for name, part in weights.items() if name in own}
    if own != found:
        different = sorted(name for name in own if own[name] != found.get(name))
        name = different[0]
        what = f"the model of the snapshot, with {name} of shape {found.get(name, 'unknown')}"
        got = f"shape {own[name]} ({len(different)} parameters differ)"
        raise ValueError(expected("fit", what, got, "build it as for the first training"))


def _is_expanded(tensor: Tensor) -> bool:
    if tensor.layout != torch.strided:  # a sparse tensor has no strides
        return False
    steps = zip(tensor.stride(), tensor.shape, strict=True)
    return any(step == 0 and length > 1 for step, length in steps)


class CheckedSource:
    """Source of pairs whose batches are checked against model and validation pairs.

    Args:
        source: A source of pairs, or what `as_pair_source` takes.
        model: The model to be trained.
        validation: Pairs with data of the expected shape.
        config: Batch size, workers and seed.

    Raises:
        TypeError: If ``source`` is no source of pairs.
    """

    def __init__(
        self, source: object, model: nn.Module, validation: PairBatch, config: TrainingConfig
    ) -> None:
        found = as_pair_source(
            source,
            batch_size=config.batch_size,
            workers=config.workers,
            seed=config.seed,
            group=group_of(model),
        )
        self._has_own_size = getattr(found, "has_own_size", False)
        if config.workers and found is source:
            found = Prefetched(found, config.workers, pin_memory=torch.cuda.is_available())
        self.source, self.model, self.x_shape = found, model, validation.x1.shape[1:]
        self._warned: set[str] = set()
        self._is_checked = found is source

    def close(self) -> None:
        """Stop the workers."""
        for part in (self.source, getattr(self.source, "source", None)):
            if isinstance(part, (LoaderPairs, Prefetched)):
                part.close()

    @property
    def originals(self) -> int | None:
        """Number of originals of the source, ``None`` if it does not tell."""
        inner = self.source.source if isinstance(self.source, Prefetched) else self.source
        return len(inner) if isinstance(inner, Sized) else None

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of a step, detached from the graph of automatic differentiation."""
        owner = f"training step {step}"
        batch = as_batch(owner, self.source.batch(step, size), self.model, method="to")
        if len(batch.x1) == 0:
            raise ShapeError(expected(owner, counted(size, "pair"), "none"))
        if len(batch.x1) != size and not self._has_own_size:
            self._warn("size", expected(owner, f"{size} pairs, the batch_size", len(batch.x1)))
        if batch.x1.shape[1:] != self.x_shape:
            what, got = (
                f"data of the shape of validation, {tuple(self.x_shape)}",
                batch.x1.shape[1:],
            )
            self._warn("shape", expected(owner, what, tuple(got)))
        if not self._is_checked:
            check_elements(owner, self.model, batch)
            self._is_checked = True
        return batch.detach() if isinstance(batch, PairBatch) else batch

    def _warn(self, kind: str, sentence: str) -> None:
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(sentence, stacklevel=7)  # at the call of fit


def check_elements(owner: str, model: object, batch: PairBatch) -> None:
    """Raise unless the elements of a batch are of the model's group, as numbers of any loader.

    Raises:
        ValueError: If the shape or a number is wrong.
    """
    group = group_of(model)
    if group is None:
        return
    shape = tuple(batch.g.shape[1:])
    form = f"elements of {group}, shape {('n', *group.element_shape)}".replace("'", "")
    if shape != tuple(group.element_shape):
        raise ShapeError(expected(owner, form, tuple(batch.g.shape), "see group.charts"))
    kinds = batch.g.is_floating_point() != group.has_integer_elements
    wrong = 0 if not kinds else int((~are_elements(group, batch.g)).sum())
    if not kinds or wrong:
        got = f"{wrong} of {len(batch)} that are none" if kinds else f"numbers of {batch.g.dtype}"
        remedy = "group.from_chart converts other ways to write them"
        raise ValueError(expected(owner, f"elements of {group}", got, remedy))
