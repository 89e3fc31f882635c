"""Measure the time of each part of a training step, for the default presets of four data sets.

``python benchmarks/training_profile.py`` trains each preset for a few steps with the library's
training loop, times the functions that it calls, and writes
``benchmarks/results/training_profile.json`` and ``.md``. The clock is processor time on one thread,
which other processes on the machine hardly change.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from timing import facts, set_up, write
from torch import Tensor, nn
from typing_extensions import override

from groupae.data import OrbitDataset
from groupae.experiments import get_experiment
from groupae.experiments.datasets.progress import show_building
from groupae.experiments.presets.building import build_model
from groupae.models import LatentActionAE
from groupae.protocols import PairBatch
from groupae.training import Callback, TrainingState, fit
from groupae.training.devices import Devices
from groupae.training.updates import Updates

_NAMES = ("rotated-digits", "brain-contrast", "turntable", "sky-planes")
_PIXELS = {"turntable": 32, "sky-planes": 32}
_STEPS, _WARM_UP = 45, 5
_MODULES = ("encode", "act", "decode")
_PARTS = ("loader", *_MODULES, "loss", "backward", "optimiser", "the rest")
_BACKWARD = tuple(f"backward of {name}" for name in reversed(_MODULES))


class Stopwatch(Callback):
    """Processor seconds of each part of each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, float]] = []
        self.calls: list[dict[str, int]] = []
        self._start_step()

    def _start_step(self) -> None:
        self.spent = dict.fromkeys((*_PARTS, *_BACKWARD), 0.0)
        self.called = dict.fromkeys(_PARTS, 0)
        self.marks: dict[str, float] = {}
        self.started = time.process_time()

    @contextlib.contextmanager
    def measuring(self, part: str) -> Iterator[None]:
        """Add the time of the enclosed block to a part."""
        started = time.process_time()
        yield
        self.spent[part] += time.process_time() - started
        self.called[part] += 1

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, timed."""

        def call(*arguments: Any, **options: Any) -> Any:
            with self.measuring(part):
                return function(*arguments, **options)

        return call

    def mark(self, name: str, tensors: Any) -> None:
        """Record the time at which the gradient reaches the first of some tensors."""
        for tensor in _tensors(tensors):
            if tensor.requires_grad:
                tensor.register_hook(lambda _: self._note(name))

    def _note(self, name: str) -> None:
        self.marks.setdefault(name, time.process_time())

    @override
    def on_step(self, state: TrainingState) -> None:
        """Close the step; time outside all measured parts is the rest."""
        ended = time.process_time()
        spent, marks = self.spent, self.marks
        spent["loss"] -= sum(spent[name] for name in _MODULES)  # the loss calls these modules
        spent["the rest"] = ended - self.started - sum(spent[name] for name in _PARTS)
        edges = [marks["begun"], marks["decoded"], marks["coded"], marks["ended"]]
        for name, (begun, over) in zip(_BACKWARD, itertools.pairwise(edges), strict=True):
            spent[name] = over - begun
        self.steps.append(spent)
        self.calls.append(self.called)
        self._start_step()

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Discard the time of a validation, which is not part of a step."""
        self._start_step()


def _tensors(code: Any) -> list[Tensor]:
    return list(code.values()) if isinstance(code, dict) else [code]


@dataclasses.dataclass(frozen=True)
class _Source:
    """A data set whose batches are timed."""

    dataset: OrbitDataset
    watch: Stopwatch

    def batch(self, step: int, size: int) -> PairBatch:
        """Return the pairs of one step."""
        with self.watch.measuring("loader"):
            return self.dataset.batch(step, size)


def _watch_model(model: LatentActionAE, watch: Stopwatch) -> None:
    """Time the forward passes, and record when the gradient passes from one module to the next."""

    def watch_module(name: str, module: nn.Module) -> None:
        forward = watch.timed(name, module.forward)

        def call(*arguments: Any) -> Any:
            out = forward(*arguments)
            if model.training and name == "act":
                watch.mark("decoded", out)
                watch.mark("coded", arguments[1])
            return out

        module.forward = call  # type: ignore[method-assign]

    for name, module in zip(_MODULES, (model.encoder, model.action, model.decoder), strict=True):
        watch_module(name, module)
    model.objective = watch.timed("loss", model.objective)


@contextlib.contextmanager
def _watching_updates(watch: Stopwatch) -> Iterator[None]:
    """Time the backward pass and the steps of the optimisers."""
    backward = Devices.backward

    def timed_backward(devices: Devices, total: Tensor) -> None:
        watch._note("begun")
        with watch.measuring("backward"):
            backward(devices, total)
        watch._note("ended")

    timed_apply = watch.timed("optimiser", Updates.apply)
    with (
        mock.patch.object(Devices, "backward", timed_backward),
        mock.patch.object(Updates, "apply", lambda updates: timed_apply(updates)),
    ):
        yield


def profile(name: str) -> dict[str, Any]:
    """Return median milliseconds of each part of a step, and its number of calls."""
    experiment = get_experiment(name)
    data, preset = experiment.data.resized(_PIXELS.get(name)), experiment.preset("default")
    model, watch = build_model(data, preset.model, seed=0), Stopwatch()
    assert isinstance(model, LatentActionAE)
    train, validation = data.load("train"), data.load("validation").fixed(8)
    _watch_model(model, watch)
    config = dataclasses.replace(preset.training, steps=_STEPS, validations=1)
    with _watching_updates(watch):
        fit(model, _Source(train, watch), validation, config, callbacks=[watch])
    steps, calls = watch.steps[_WARM_UP:], watch.calls[_WARM_UP:]
    assert all(call == calls[0] for call in calls)
    parts = {part: 1e3 * statistics.median(s[part] for s in steps) for part in steps[0]}
    return {"pairs": config.batch_size, "ms": parts, "calls": calls[0]}


def share(profiled: dict[str, Any], *parts: str) -> float:
    """Return the fraction of a step that some of its parts take."""
    return sum(profiled["ms"][part] for part in parts) / sum(profiled["ms"][p] for p in _PARTS)


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return the profiles as lines of a Markdown table, one column per data set."""
    lines = ["| | " + " | ".join(found) + " |", "| --- |" + " ---: |" * len(found)]

    def add(name: str, cells: list[str]) -> None:
        lines.append(f"| {name} | {' | '.join(cells)} |")

    totals = [sum(p["ms"][part] for part in _PARTS) for p in found.values()]
    add("time per step, ms", [f"{total:.0f}" for total in totals])
    add("pairs per step", [f"{p['pairs']}" for p in found.values()])
    for part in _PARTS:
        add(part, [f"{share(p, part):.1%}" for p in found.values()])
        if part == "backward":
            for name in _BACKWARD:
                add(f"... {name.split()[-1]}", [f"{share(p, name):.1%}" for p in found.values()])
    both = ("act", "backward of act")
    add(
        "**the action, forward and backward**",
        [f"**{share(p, *both):.1%}**" for p in found.values()],
    )
    passes = [" + ".join(str(p["calls"][m]) for m in _MODULES) for p in found.values()]
    add("calls of encoder + action + decoder", passes)
    return lines


def main() -> None:
    """Profile all data sets, print the table and write it."""
    known = facts({"clock": f"processor time, median of {_STEPS - _WARM_UP} steps"})
    with show_building():
        found = {name: profile(name) for name in _NAMES}
    write("training_profile", known, {"profiles": found}, table(found))


if __name__ == "__main__":
    set_up(__doc__)
    main()
