"""Cells of the benchmark: one model trained with one seed on one task, asked all conditions."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from groupae import __version__
from groupae._files import parse_json, read_bounded, sha256_of, write_durably
from groupae.experiments.bench.extra_scores import extra_scores, pose_error_modulo_symmetry
from groupae.experiments.bench.result import BenchResult, ConditionResult, ScoreResult
from groupae.experiments.bench.splits import HeldOut
from groupae.experiments.bench.task import BenchTask
from groupae.experiments.compare.trial import ProcessorClock
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.config import Preset
from groupae.metrics import Estimate, evaluate
from groupae.models import LatentActionAE, TransformModule
from groupae.protocols import Model
from groupae.training import TrainingResult, fit

__all__ = ["BenchCell", "InSteps"]


class InSteps:
    """Model that applies elements one after the other instead of their product.

    With a latent action the code is moved step by step and decoded once; other models transform
    their own predictions.

    Args:
        model: The model.
        steps: The elements, shape ``(m, n, *element_shape)``.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action = VectorAction(SO2().rep("1x1"))
        >>> ae = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), action)
        >>> steps, x = torch.full((4, 1), torch.pi / 2), torch.tensor([[1.0, 0.0]])
        >>> bool((InSteps(ae, steps).transform(steps[0], x) - x).abs().max() < 1e-5)
        True
    """

    def __init__(self, model: Model, steps: Tensor) -> None:
        self.model = model
        self.steps = steps

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return predictions for all of the data; ``g`` is the product of the steps, not read."""
        del g
        if not isinstance(self.model, LatentActionAE):
            for step in self.steps:
                x = self.model.transform(step, x)
            return x
        z = self.model.encode(x)
        for step in self.steps:
            z = self.model.action(step, z)
        return self.model.decode(z)


@dataclasses.dataclass(frozen=True)
class BenchCell:
    """A model, trained with one seed on one task.

    Args:
        out: Folder of the benchmark.
        task: The task.
        model: Name of the preset; its current one, where an older one has published results.
        seed: Seed of weights, of order and elements of the pairs, and of the originals where a
            split draws them.

    Example:
        >>> task = BenchTask("rotated-digits", "steps-45", 1.0)
        >>> BenchCell(Path("out"), task, "default", 0).file.as_posix()
        'out/cells/rotated-digits/steps-45/default-0.json'
    """

    out: Path
    task: BenchTask
    model: str
    seed: int

    @property
    def name(self) -> str:
        """Data set, split, model and seed."""
        return f"{self.task.key.name}/{self.model}-{self.seed}"

    @property
    def file(self) -> Path:
        """File of the result, which exists once the cell is finished."""
        return self.out / "cells" / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """File with the output of the process that trains."""
        return self.out / "logs" / f"{self.name}.log"

    @property
    def preset(self) -> Preset:
        """Model and training, with the budget of the task."""
        preset = self.task.experiment.current_preset(self.model)
        training = dataclasses.replace(
            preset.training,
            seed=self.seed,
            steps=None,
            cpu_minutes=self.task.cpu_minutes,
        )
        return Preset(preset.model, training)

    @property
    def digest(self) -> str:
        """SHA-256 of the settings that determine the result."""
        preset = self.preset
        settings: dict[str, object] = {
            "task": dataclasses.asdict(self.task),
            "model": dataclasses.asdict(preset.model),
            "training": dataclasses.asdict(preset.training),
        }
        if self.seed > 0:  # it drew weights only, before it drew order and elements of the data too
            settings["data_seed"] = self.seed
        if (version := self.task.split.version) > 1:
            settings["split_version"] = version
        return sha256_of([json.dumps(settings, sort_keys=True).encode()])

    def read(self) -> BenchResult:
        """Return the result of these settings.

        Raises:
            FileNotFoundError: If the cell is not finished.
            BenchFileError: If the file is damaged.
            LookupError: If the result is of other settings.
        """
        content = read_bounded(self.file)
        result = BenchResult.from_data(str(self.file), parse_json(content))
        if result.digest != self.digest:
            raise LookupError("made with other settings")
        return result

    def train(self) -> BenchResult:
        """Train in this process, ask all conditions, and write the file of the result.

        Raises:
            NonFiniteLossError: If the training fails.
        """
        model, trained, seconds = self._fit()
        result = BenchResult(
            task=self.task.key,
            model=self.model,
            seed=self.seed,
            conditions=tuple(self._asked(model)),
            scores=self._scores(model),
            parameters=sum(p.numel() for p in model.parameters()),
            steps=trained.steps,
            cpu_seconds=round(seconds, 2),
            versions={
                "groupae": __version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
            digest=self.digest,
        )
        self.file.parent.mkdir(parents=True, exist_ok=True)
        content = json.dumps(result.data(), indent=1, allow_nan=False) + "\n"
        write_durably(self.file, content.encode())
        return result

    def _fit(self) -> tuple[TransformModule, TrainingResult, float]:
        task, preset = self.task, self.preset
        model = build_model(task.experiment.data, preset.model, seed=self.seed)
        clock = ProcessorClock()
        trained = fit(
            model,
            task.train(self.seed),
            task.validation(),
            preset.training,
            score=task.experiment.scores[0],
            callbacks=[clock],
            progress=False,
        )
        return model, trained, clock.seconds

    def _asked(self, model: TransformModule) -> Iterator[ConditionResult]:
        for held_out in self.task.conditions():
            asked: Model = model
            if held_out.steps is not None:
                asked = InSteps(model, held_out.steps)
            found = evaluate(
                asked,
                held_out.pairs,
                self.task.experiment.scores,
                batch_size=len(held_out.pairs) if held_out.steps is not None else 100,
            )
            n = len(held_out.pairs)
            scores = {name: _score(estimate, n) for name, estimate in found.items()}
            scores |= _pose_scores(model, held_out)
            yield ConditionResult(held_out.condition, scores)

    def _scores(self, model: TransformModule) -> dict[str, ScoreResult]:
        return {
            name: _score(estimate, n)
            for name, (estimate, n) in extra_scores(self.task, model).items()
        }


def _pose_scores(model: TransformModule, held_out: HeldOut) -> dict[str, ScoreResult]:
    """Return the error of the estimated element, modulo the symmetry of the original."""
    is_alignable = isinstance(model, LatentActionAE) and model.action.can_align
    if held_out.orders is None or not is_alignable:
        return {}
    assert isinstance(model, LatentActionAE)
    errors = pose_error_modulo_symmetry(model, held_out)
    return {"pose_error": _score(Estimate.of(errors, resamples=1000), len(errors))}


def _score(estimate: Estimate, count: int) -> ScoreResult:
    assert estimate.interval is not None
    low, high = estimate.interval
    if low != low:  # one item has no interval
        low = high = estimate.mean
    return ScoreResult(estimate.mean, min(low, estimate.mean), max(high, estimate.mean), count)
