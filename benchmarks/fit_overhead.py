"""Overhead of `fit` over a bare loop, and that of the Lightning Trainer and of accelerate.

``python benchmarks/fit_overhead.py`` trains copies of one model on the same batches by each of
them, in one process. They take turns step by step, so that other processes slow all alike, and
each step is timed by the processor time of its thread. The weights at the end must be the same
bits. The peers take part if ``pytorch-lightning`` and ``accelerate`` are installed.
"""

from __future__ import annotations

import contextlib
import copy
import importlib.metadata
import logging
import statistics
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from timing import facts, set_up, write
from torch import Tensor, nn
from typing_extensions import override

from groupae import SO2, LatentActionAE, RotatedDigits, TrainingConfig, VectorAction, fit
from groupae.models import PaperDigitDecoder, PaperDigitEncoder
from groupae.protocols import PairBatch
from groupae.training import Callback, TrainingState
from groupae.training.schedule import learning_rate_factor

_STEPS, _WARM_UP = 1020, 20
_CONFIG = TrainingConfig(steps=_STEPS, validations=1, device="cpu")


class Turns:
    """Turns of several loops, each in a thread: one runs at a time, one step each.

    Args:
        names: Names of the loops.

    Attributes:
        seconds: Processor seconds of each step of each loop.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.seconds: dict[str, list[float]] = {name: [] for name in names}
        self._condition = threading.Condition()
        self._turn = names[0]
        self._started: dict[str, float] = {}

    def pass_on(self, name: str, *, last: bool = False) -> None:
        """End the step of a loop, and return at its next turn."""
        now = time.thread_time()
        if name in self._started:
            self.seconds[name].append(now - self._started[name])
        with self._condition:
            if name in self._started or last:
                self._turn = self.names[(self.names.index(name) + 1) % len(self.names)]
            if last:
                self.names.remove(name)
            self._condition.notify_all()
            if not last:
                self._condition.wait_for(lambda: self._turn == name)
        self._started[name] = time.thread_time()


class Batches:
    """Source of prepared batches for one loop, which takes turns with others.

    Args:
        batches: The batches, used in turn.
        turns: The turns.
        name: Name of the loop.
    """

    def __init__(self, batches: Sequence[PairBatch], turns: Turns, name: str) -> None:
        self.batches, self.turns, self.name = batches, turns, name

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the batch of a step at the next turn."""
        del size
        self.turns.pass_on(self.name)
        return self.batches[step % len(self.batches)]

    def __iter__(self) -> Iterator[PairBatch]:
        return (self.batch(step, 0) for step in range(_STEPS))


def _rate(step: int) -> float:
    return learning_rate_factor(_CONFIG, step / _STEPS)


def _optimizer(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0, betas=(0.9, 0.99))


def _total(terms: Mapping[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


# --- the loops -----------------------------------------------------------------------------------
def bare(model: Any, source: Batches, validation: PairBatch) -> None:
    """Train as one would write it."""
    del validation
    optimizer = _optimizer(model)
    model.train()
    for step, batch in enumerate(source):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * _rate(step)
        optimizer.zero_grad()
        _total(model.loss(batch)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


class _LastWeights(Callback):
    @override
    def on_step(self, state: TrainingState) -> None:
        if state.step == _STEPS:
            self.weights = copy.deepcopy(state.model.state_dict())


def ours(model: Any, source: Batches, validation: PairBatch) -> None:
    """Train by `fit`, and keep the last weights, not the best ones."""
    last = _LastWeights()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit(model, source, validation, _CONFIG, callbacks=last)
    model.load_state_dict(last.weights)


def lightning(model: Any, source: Batches, validation: PairBatch) -> None:
    """Train by the Lightning Trainer, without logger, checkpoints and progress bar."""
    del validation
    import pytorch_lightning

    class Module(pytorch_lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch: PairBatch) -> Tensor:
            return _total(self.model.loss(batch))

        def configure_optimizers(self) -> Any:
            optimizer = _optimizer(self.model)
            scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _rate)
            return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    trainer = pytorch_lightning.Trainer(
        max_steps=_STEPS,
        accelerator="cpu",
        devices=1,
        gradient_clip_val=1.0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(Module(), train_dataloaders=source)


def accelerated(model: Any, source: Batches, validation: PairBatch) -> None:
    """Train by accelerate."""
    del validation
    import accelerate

    accelerator = accelerate.Accelerator(cpu=True)
    optimizer = _optimizer(model)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _rate)
    module, prepared, schedule = accelerator.prepare(model, optimizer, scheduler)
    model.train()
    for batch in source:
        prepared.zero_grad()
        accelerator.backward(_total(module.loss(batch)))
        accelerator.clip_grad_norm_(module.parameters(), 1.0)
        prepared.step()
        schedule.step()


_LOOPS: dict[str, tuple[Callable[..., None], str | None]] = {
    "bare loop": (bare, None),
    "groupae.fit": (ours, None),
    "Lightning Trainer": (lightning, "pytorch-lightning"),
    "accelerate": (accelerated, "accelerate"),
}


# --- the comparison ------------------------------------------------------------------------------
def loops() -> dict[str, Callable[..., None]]:
    """Return the loops that can run here."""
    found = {}
    for name, (loop, package) in _LOOPS.items():
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            version = f" {importlib.metadata.version(package)}" if package else ""
            found[name + version] = loop
    return found


def compare(model: Any, batches: Sequence[PairBatch]) -> dict[str, list[float]]:
    """Return processor seconds of each step of each loop, after checking the weights."""
    found = loops()
    turns = Turns(list(found))
    models = {name: copy.deepcopy(model) for name in found}
    validation = batches[0][:2]
    failed: list[BaseException] = []

    def run(name: str) -> None:
        try:
            found[name](models[name], Batches(batches, turns, name), validation)
        except BaseException as error:
            failed.append(error)
        finally:
            turns.pass_on(name, last=True)

    threads = [threading.Thread(target=run, args=(name,)) for name in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    wanted = models[next(iter(found))].state_dict()
    for name, each in models.items():
        for key, value in each.state_dict().items():
            assert torch.equal(value, wanted[key]), f"{name} gives another {key}"
    return {name: steps[_WARM_UP:_STEPS] for name, steps in turns.seconds.items()}


def _small() -> Any:
    rho = SO2().rep("2x0 + 3x1")
    networks = nn.Linear(784, 8), nn.Linear(8, 784)
    parts = (
        nn.Sequential(nn.Flatten(), networks[0]),
        nn.Sequential(networks[1], nn.Unflatten(-1, (1, 28, 28))),
    )
    return LatentActionAE(*parts, VectorAction(rho))


def _digits() -> Any:
    action = VectorAction(SO2().rep("8x0 + 8x1"))
    return LatentActionAE(PaperDigitEncoder(24), PaperDigitDecoder(24), action)


_MODELS: dict[str, tuple[Callable[[], Any], int]] = {
    "convolutional, 12 digits per step": (_digits, 12),
    "two linear layers, 8 digits per step": (_small, 8),
}


def main() -> None:
    """Compare on both models, print the table and write it."""
    known = facts({"clock": f"processor time of the thread, median of {_STEPS - _WARM_UP} steps"})
    data = RotatedDigits("train")
    lines = ["| model | loop | ms per step | over the bare loop | quartiles |"]
    lines += ["| --- | --- | ---: | ---: | ---: |"]
    rows: list[dict[str, object]] = []
    for title, (build, size) in _MODELS.items():
        torch.manual_seed(0)
        seconds = compare(build(), [data.batch(step, size) for step in range(30)])
        base = seconds["bare loop"]
        for name, steps in seconds.items():
            ms = 1e3 * statistics.median(steps)
            ratios = [own / other - 1 for own, other in zip(steps, base, strict=True)]
            low, over, high = statistics.quantiles(ratios, n=4)  # of steps taken one after another
            spread = f"{low:+.1%} to {high:+.1%}"
            rows.append({"model": title, "loop": name, "ms": ms, "quartiles": [low, over, high]})
            if name == "bare loop":
                lines.append(f"| {title} | {name} | {ms:.2f} | | |")
            else:
                lines.append(f"| {title} | {name} | {ms:.2f} | {over:+.1%} | {spread} |")
    write("fit_overhead", known, {"rows": rows}, lines)


if __name__ == "__main__":
    set_up(__doc__)
    main()
