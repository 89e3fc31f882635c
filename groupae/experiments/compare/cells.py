"""Cells of a comparison: one model trained with one seed, and what came of it as two small files.

``cells/PRESET-SEED.json`` has the figures, with everything that led to them;
``cells/PRESET-SEED.safetensors`` has predictions for the picture grid. They are meant to be kept
and shared: no path of a machine is in them. The run folder itself, ``runs/PRESET-SEED``, is not.
The figures hold a digest of themselves and of the predictions, so that a changed one is told.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
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
from groupae._files import is_sealed, parse_json, read_bounded, sealed, sha256_of, write_durably
from groupae._validation import expected
from groupae.experiments.datasets.options import Size
from groupae.experiments.presets.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.registry import get_experiment
from groupae.experiments.runs.report import choose_examples
from groupae.experiments.runs.run import Run
from groupae.metrics import OWN_PSNR, Estimate, Score, evaluate, perceptual_scores
from groupae.models import TransformModule
from groupae.protocols import PairBatch
from groupae.training import Callback, TrainingConfig, TrainingState

__all__ = ["Cell", "CellError", "CellResult", "comparison_scores", "train_cell"]

_VERSION = 1


class CellError(ValueError):
    """A cell that is damaged, or of other settings than asked for."""


@dataclasses.dataclass(frozen=True)
class CellResult:
    """What came of one training.

    Args:
        config: All that led to it, as plain data.
        scores: Mean and half width over the fixed test pairs, by the score's name.
        parameters: Number of weights.
        steps: Steps taken.
        pairs: Training pairs seen, steps times batch size.
        best_step: Step of the weights that were judged.
        wall_seconds: From the first step to the last, validations included.
        cpu_seconds: Processor time of the same.
        peak_mebibytes: Most memory the process held in training, MiB; ``None`` where the system
            does not tell.
        versions: Of groupae, torch and python.
        machine: Kind of processor and number of cores.
        date: When it ended, ISO 8601, UTC.
        predictions_sha256: Of the file of predictions; empty if it was not recorded.

    Example:
        >>> figures = {"parameters": 9, "steps": 5, "pairs": 160, "best_step": 5, "date": "2026"}
        >>> CellResult({}, {}, **figures, wall_seconds=8.0, cpu_seconds=4.0).images_per_cpu_second
        80.0
    """

    config: Mapping[str, Any]
    scores: Mapping[str, Estimate]
    parameters: int
    steps: int
    pairs: int
    best_step: int
    wall_seconds: float
    cpu_seconds: float
    peak_mebibytes: float | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    machine: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    date: str = ""
    predictions_sha256: str = ""

    @property
    def images_per_cpu_second(self) -> float:
        """Training images (two a pair) a second of processor time, validations included."""
        return 2 * self.pairs / max(self.cpu_seconds, 1e-9)

    @property
    def seed(self) -> int:
        """Key of the training."""
        return int(self.config["training"]["seed"])

    def to_json(self) -> bytes:
        """Return the content of the file."""
        values = {"groupae_cell": _VERSION, **dataclasses.asdict(self)}
        values["images_per_cpu_second"] = round(self.images_per_cpu_second, 1)
        return json.dumps(sealed(values), indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes | str) -> CellResult:
        """Return what `to_json` wrote.

        Raises:
            ValueError: If it is no JSON, another version's, or was changed since.
            KeyError: If something is missing.
            TypeError: If something is of the wrong kind.
        """
        values = _of_kind("content", parse_json(content), dict)
        if values["groupae_cell"] != _VERSION:
            raise ValueError(f"version {values['groupae_cell']!r:.60}")
        found: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name == "predictions_sha256" and field.name not in values:
                continue  # of groupae 0.1
            value = values[field.name]
            if value is not None or field.name != "peak_mebibytes":
                value = _of_kind(field.name, value, *_KINDS[field.name])
            found[field.name] = value
        found["scores"] = {name: _estimate(name, given) for name, given in found["scores"].items()}
        if not found["scores"]:
            raise TypeError("no scores")
        for name, version in found["versions"].items():
            _of_kind(f"a version of {name}", version, str)
        if not is_sealed(values):
            raise ValueError("one that was changed after it was written")
        return cls(**found)


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("config", "scores", "versions", "machine"), (dict,)),
    **dict.fromkeys(("parameters", "steps", "pairs", "best_step"), (int,)),
    **dict.fromkeys(("wall_seconds", "cpu_seconds", "peak_mebibytes"), (int, float)),
    **dict.fromkeys(("date", "predictions_sha256"), (str,)),
}


def _of_kind(name: str, value: Any, *kinds: type) -> Any:
    """Return a value read from a file.

    Raises:
        TypeError: If it is of another kind; ``True`` is no number, nor is infinity.
    """
    limit = sys.float_info.max
    is_beyond = isinstance(value, (int, float)) and not -limit <= value <= limit
    if isinstance(value, bool) or not isinstance(value, kinds) or is_beyond:
        raise TypeError(f"{name} that is {value!r:.60}")
    return value


def _estimate(name: str, value: Any) -> Estimate:
    given = _of_kind(f"the score {name}", value, dict)
    mean, half_width = given["mean"], given["half_width"]
    if not (isinstance(half_width, float) and math.isnan(half_width)):  # of one pair
        half_width = _of_kind(f"half_width of {name}", half_width, int, float)
    return Estimate(float(_of_kind(f"mean of {name}", mean, int, float)), float(half_width))


@dataclasses.dataclass(frozen=True)
class Cell:
    """One training of a comparison: what to do, and where its files are.

    Args:
        out: Folder of the comparison.
        dataset: Name of the experiment.
        preset_name: Name of the model.
        preset: The model, and its training with budget and seed.
        size: How much of the data set.
        pixels: Size that pictures are shrunk to.
        folder: Where the originals are, if they are used.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> preset = get_experiment("rotated-digits").preset("paper")
        >>> Cell(Path("out"), "rotated-digits", "paper", preset).file.as_posix()
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
        """Where its figures are, once it is done."""
        return self.out / "cells" / f"{self.name}.json"

    @property
    def predictions_file(self) -> Path:
        """Where its predictions are."""
        return self.file.with_suffix(".safetensors")

    @property
    def run_path(self) -> Path:
        """Its run folder."""
        return self.out / "runs" / self.name

    @property
    def log(self) -> Path:
        """What the process wrote that trained it."""
        return self.out / "runs" / f"{self.name}.log"

    @property
    def config(self) -> dict[str, Any]:
        """All that leads to its result, as JSON has it; of a folder, the name without its path."""
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
        """Its run folder, whether it is there or not."""
        return Run(
            self.run_path,
            get_experiment(self.dataset),
            self.preset,
            self.preset_name,
            self.size,
            self.folder,
            self.pixels,
        )

    def read(self) -> CellResult:
        """Return its result, after looking whether its predictions are those that belong to it.

        Raises:
            FileNotFoundError: If it is not done yet.
            CellError: If one of the files is damaged or was changed, or of other settings.
        """
        try:
            result = CellResult.from_json(read_bounded(self.file))
            found = _with_defaults(result.config, self.preset)
        except FileNotFoundError:
            raise
        except (ValueError, TypeError, KeyError, OSError) as error:
            got = f"one without {error}" if isinstance(error, KeyError) else _reason(error)
            raise CellError(expected(self.file, "a finished cell", got)) from None
        for key, wanted in self.config.items():
            if found.get(key) != wanted:
                what, got = f"a cell with {key} {_short(wanted)}", _short(found.get(key))
                raise CellError(expected(self.file, what, got))
        if (first := get_experiment(self.dataset).scores[0].name) not in result.scores:
            got = f"one without {first}"
            raise CellError(expected(self.file, "a finished cell", got))
        self._read_predictions(result.predictions_sha256)
        return result

    def read_predictions(self) -> Tensor:
        """Return its predictions on the examples, floating, shape ``(n, *x_shape)``.

        Raises:
            FileNotFoundError: If it is not done yet.
            CellError: If one of the files is damaged or was changed, or of other settings.
        """
        return self._read_predictions(self.read().predictions_sha256)

    def _read_predictions(self, sha256: str) -> Tensor:
        file, what = self.predictions_file, "the predictions of its figures"
        try:
            content = file.read_bytes()
            stored = load(content)["predictions"]
        except (OSError, SafetensorError, KeyError) as error:
            raise CellError(expected(file, "predictions", _reason(error))) from None
        if sha256 not in ("", sha256_of([content])):
            raise CellError(expected(file, what, "others"))
        x_shape = get_experiment(self.dataset).data.resized(self.pixels).x_shape
        if stored.shape[1:] != x_shape:
            raise CellError(expected(file, f"{what}, (n, *{x_shape})", tuple(stored.shape)))
        return stored / 255 if stored.dtype == torch.uint8 else stored


def _reason(error: Exception) -> str:
    """Return in one line what an error says, without the file's name."""
    text = error.strerror if isinstance(error, OSError) else None
    return " ".join(str(text or error).split())


def _as_json(values: Any) -> Any:
    return json.loads(json.dumps(values))


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}..."


def _with_defaults(config: Mapping[str, Any], preset: Preset) -> dict[str, Any]:
    """Return a config with what it leaves out, written before there was such a setting."""
    filled = dict(config)
    for key, kind in (("model", type(preset.model)), ("training", TrainingConfig)):
        filled[key] = {**_as_json(_defaults(kind)), **config[key]}
    return filled


def _defaults(kind: type[ModelConfig | BaselineConfig | TrainingConfig]) -> dict[str, Any]:
    fields = dataclasses.fields(kind)
    return {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}


# --- judging -------------------------------------------------------------------------------------
def comparison_scores(run: Run, pairs: PairBatch) -> tuple[Score, ...]:
    """Return what models are judged by on pairs of a run's data set.

    The experiment's scores; PSNR of what moves, where that is known; the perceptual distances that
    are defined for such pictures and have their weights here.
    """
    own = (OWN_PSNR,) if pairs.mask is not None else ()
    scores = (*run.experiment.scores, *own, *perceptual_scores(run.data.x_shape))
    return tuple(dict.fromkeys(scores))


# --- training ------------------------------------------------------------------------------------
class _Clock(Callback):
    """Processor time of a training, and the most memory the process held until its end."""

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
    if status.exists():  # Linux's ru_maxrss counts the process too that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def train_cell(cell: Cell) -> CellResult:
    """Train a cell in this process, judge it on the fixed test pairs, and write its files.

    Raises:
        RunExistsError: If the place of its run folder holds anything but a run.
        CellError: If a folder that is not empty is in the place of a file.
        NonFiniteLossError: If the training fails.
    """
    for file in (cell.file, cell.predictions_file):
        _make_place(file)
    wanted = cell.run
    run = Run.create(
        wanted.path,
        wanted.experiment,
        wanted.preset,
        preset_name=wanted.preset_name,
        size=wanted.size,
        folder=wanted.folder,
        pixels=wanted.pixels,
        force=True,
    )
    clock = _Clock()
    model, trained = run.train([clock])
    pairs = run.fixed("test")
    predictions = save({"predictions": _predict_examples(run.experiment, model, pairs)})
    result = CellResult(
        config=cell.config,
        scores=evaluate(model, pairs, comparison_scores(run, pairs)),
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
    cell.file.parent.mkdir(parents=True, exist_ok=True)
    write_durably(cell.predictions_file, predictions)
    write_durably(cell.file, result.to_json())  # last: it says that the cell is done
    return result


def _make_place(file: Path) -> None:
    """Raise before a training, not after it, if its file could not be written."""
    if file.is_dir() and not file.is_symlink():
        if any(file.iterdir()):
            got = "a folder with something in it"
            raise CellError(expected(file, "a file", got, "move it away"))
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
