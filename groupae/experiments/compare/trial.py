"""Trials of a comparison: one model trained with one seed.

``cells/PRESET-SEED.json`` has the result, ``cells/PRESET-SEED.safetensors`` predictions for the
picture grid. Both are meant to be kept and shared; the run folder, ``runs/PRESET-SEED``, is not.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from typing_extensions import override

from groupae import __version__
from groupae._files import read_bounded, sha256_of, write_durably
from groupae._validation import expected
from groupae.experiments.compare.result import Result, ResultError
from groupae.experiments.datasets.options import Size
from groupae.experiments.presets.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.registry import get_experiment
from groupae.experiments.runs.report import choose_examples
from groupae.experiments.runs.run import Run
from groupae.metrics import OWN_PSNR, Score, evaluate, perceptual_scores
from groupae.models import TransformModule
from groupae.protocols import PairBatch
from groupae.training import Callback, TrainingConfig, TrainingState

__all__ = ["Cell", "ProcessorClock", "Trial", "comparison_scores", "train_trial"]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training of a comparison: its settings, and the places of its files.

    Args:
        out: Folder of the comparison.
        dataset: Name of the experiment.
        preset_name: Name of the model.
        preset: The model, and its training with budget and seed.
        size: Size of the data set.
        pixels: Height and width that pictures are shrunk to.
        folder: Folder of the originals, if they are used.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> preset = get_experiment("rotated-digits").preset("paper")
        >>> Trial(Path("out"), "rotated-digits", "paper", preset).file.as_posix()
        'out/cells/paper-0.json'
    """

    out: Path
    dataset: str
    preset_name: str
    preset: Preset
    size: Size = "small"
    pixels: int | None = None
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Model and seed."""
        return f"{self.preset_name}-{self.preset.training.seed}"

    @property
    def file(self) -> Path:
        """File of the result, which exists once the trial is finished."""
        return self.out / "cells" / f"{self.name}.json"

    @property
    def predictions_file(self) -> Path:
        """File of the predictions."""
        return self.file.with_suffix(".safetensors")

    @property
    def run_path(self) -> Path:
        """Path of the run folder."""
        return self.out / "runs" / self.name

    @property
    def log(self) -> Path:
        """File with the output of the process that trains."""
        return self.out / "runs" / f"{self.name}.log"

    @property
    def config(self) -> dict[str, Any]:
        """Settings that determine the result, as JSON has them; a folder is named without path."""
        model, training = self.preset.model, self.preset.training
        values = {
            "dataset": self.dataset,
            "size": self.size,
            "pixels": self.pixels,
            "folder": self.folder and self.folder.absolute().name,
            "preset": self.preset_name,
            "model": dataclasses.asdict(model),
            "training": dataclasses.asdict(training),
        }
        config: dict[str, Any] = _as_json(values)
        return config

    @property
    def run(self) -> Run:
        """Run of the trial, whether its folder exists or not."""
        return Run(
            self.run_path,
            get_experiment(self.dataset),
            self.preset,
            self.preset_name,
            self.size,
            self.folder and self.folder.absolute(),
            self.pixels,
        )

    def train(self) -> Result:
        """Train in this process and write the files, see ``train_trial``."""
        return train_trial(self)

    def read(self) -> Result:
        """Return the result, after verifying that the predictions belong to it.

        Raises:
            FileNotFoundError: If the trial is not finished.
            ResultError: If one of the files is damaged or was changed, or of other settings.
        """
        try:
            result = Result.from_json(read_bounded(self.file))
            found = _with_defaults(result.config, self.preset)
        except FileNotFoundError:
            raise
        except (ValueError, TypeError, KeyError, OSError) as error:
            got = f"one without {error}" if isinstance(error, KeyError) else _reason(error)
            raise ResultError(expected(self.file, "a finished result", got)) from None
        for key, wanted in self.config.items():
            if found.get(key) != wanted:
                what, got = f"a result with {key} {_short(wanted)}", _short(found.get(key))
                raise ResultError(expected(self.file, what, got))
        if (first := get_experiment(self.dataset).scores[0].name) not in result.scores:
            got = f"one without {first}"
            raise ResultError(expected(self.file, "a finished result", got))
        self._read_predictions(result.predictions_sha256)
        return result

    def read_predictions(self) -> Tensor:
        """Return the predictions on the examples, floating, shape ``(n, *x_shape)``.

        Raises:
            FileNotFoundError: If the trial is not finished.
            ResultError: If one of the files is damaged or was changed, or of other settings.
        """
        return self._read_predictions(self.read().predictions_sha256)

    def _read_predictions(self, sha256: str) -> Tensor:
        file, what = self.predictions_file, "the predictions of its figures"
        try:
            content = file.read_bytes()
            stored = load(content)["predictions"]
        except (OSError, SafetensorError, KeyError) as error:
            raise ResultError(expected(file, "predictions", _reason(error))) from None
        if sha256 not in ("", sha256_of([content])):
            raise ResultError(expected(file, what, "others"))
        x_shape = get_experiment(self.dataset).data.resized(self.pixels).x_shape
        if stored.shape[1:] != x_shape:
            raise ResultError(expected(file, f"{what}, (n, *{x_shape})", tuple(stored.shape)))
        return stored / 255 if stored.dtype == torch.uint8 else stored


def _reason(error: Exception) -> str:
    """Return the message of an error in one line, without the name of the file."""
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join(str(text or error).split())


def _as_json(values: Any) -> Any:
    return json.loads(json.dumps(values))


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}..."


def _with_defaults(config: Mapping[str, Any], preset: Preset) -> dict[str, Any]:
    """Return a config with the defaults of settings that did not exist when it was written."""
    filled = dict(config)
    for key, kind in (("model", type(preset.model)), ("training", TrainingConfig)):
        filled[key] = {**_as_json(_defaults(kind)), **config[key]}
    return filled


def _defaults(kind: type[ModelConfig | BaselineConfig | TrainingConfig]) -> dict[str, Any]:
    fields = dataclasses.fields(kind)
    return {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}


# --- evaluating ----------------------------------------------------------------------------------
def comparison_scores(run: Run, pairs: PairBatch) -> tuple[Score, ...]:
    """Return the scores that models are compared by on pairs of the data set of a run.

    These are the scores of the experiment, PSNR of the moving part where that is known, and the
    perceptual distances that are defined for such pictures and have their weights installed.
    """
    own = (OWN_PSNR,) if pairs.mask is not None else ()
    scores = (*run.experiment.scores, *own, *perceptual_scores(run.data.x_shape))
    return tuple(dict.fromkeys(scores))


# --- training ------------------------------------------------------------------------------------
class ProcessorClock(Callback):
    """Processor time of a training, and peak memory of the process until its end."""

    seconds = 0.0
    peak: float | None = None

    @override
    def on_start(self, state: TrainingState) -> None:
        self.seconds = -time.process_time()

    @override
    def on_end(self, state: TrainingState) -> None:
        self.seconds += time.process_time()
        self.peak = _peak_mebibytes()


def _peak_mebibytes() -> float | None:
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss of Linux counts the parent process too
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def train_trial(trial: Trial) -> Result:
    """Train in this process, evaluate on the fixed test pairs, and write the files of the trial.

    Raises:
        RunExistsError: If the place of the run folder holds anything but a run.
        ResultError: If a folder that is not empty is in the place of a file.
        NonFiniteLossError: If the training fails.
    """
    for file in (trial.file, trial.predictions_file):
        _make_place(file)
    run = trial.run
    run.check(force=True)
    run.make_folder(force=True)
    clock = ProcessorClock()
    model, trained = run.train([clock])
    pairs = run.fixed("test")
    predictions = save({"predictions": _predict_examples(run.experiment, model, pairs)})
    result = Result(
        config=trial.config,
        scores=dict(evaluate(model, pairs, comparison_scores(run, pairs), resamples=0)),
        parameters=sum(p.numel() for p in model.parameters()),
        steps=trained.steps,
        pairs=trained.steps * run.preset.training.batch_size,
        best_step=trained.best_step,
        wall_seconds=round(trained.seconds, 2),
        cpu_seconds=round(clock.seconds, 2),
        peak_mebibytes=clock.peak and round(clock.peak, 1),
        versions={
            "groupae": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        machine={"processor": platform.machine(), "cores": os.cpu_count()},
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        predictions_sha256=sha256_of([predictions]),
    )
    trial.file.parent.mkdir(parents=True, exist_ok=True)
    write_durably(trial.predictions_file, predictions)
    write_durably(trial.file, result.to_json())  # last: it marks the trial as finished
    return result


def _make_place(file: Path) -> None:
    """Raise before a training if the file of its result cannot be written."""
    if file.is_dir() and not file.is_symlink():
        if any(file.iterdir()):
            got = "a folder with something in it"
            raise ResultError(expected(file, "a file", got, "move it away"))
        file.rmdir()


@torch.no_grad()
def _predict_examples(experiment: Experiment, model: TransformModule, pairs: PairBatch) -> Tensor:
    """Return predictions on the examples: pictures as bytes, other data as they are."""
    shown = pairs[choose_examples(pairs.label, len(pairs))]
    model.eval()
    prediction = model.transform(shown.g, shown.x1).contiguous()
    if experiment.data.kind != "pictures":
        return prediction
    return (prediction.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8)


Cell = Trial  # name until groupae 0.2
