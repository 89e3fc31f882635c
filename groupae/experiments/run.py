"""A run is a folder: what was trained, how it went, the weights, the report and the pictures.

Experiments have names. Beside the built-in ones there are those that installed packages offer by
entry points of the group ``groupae.datasets``.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from groupae._files import write_durably
from groupae._plugins import PlugInError, PlugIns, describe
from groupae._validation import expected
from groupae.data import OrbitDataset
from groupae.data.options import Size, Split, check_options
from groupae.data.registry import DatasetInfo
from groupae.experiments.beyond_pictures import MOLECULES, POINT_CLOUDS, SERIES
from groupae.experiments.blocked_digits import BLOCKED_DIGITS
from groupae.experiments.brain_contrast import BRAIN_CONTRAST
from groupae.experiments.building import build_model, check_trainable
from groupae.experiments.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.experiment import Experiment
from groupae.experiments.rotated_digits import ROTATED_DIGITS
from groupae.experiments.sky_planes import SKY_PLANES
from groupae.experiments.turntable import TURNTABLE
from groupae.models import TransformModule
from groupae.pairs import PairBatch
from groupae.training import (
    Callback,
    CheckpointError,
    KeepBest,
    MetricsLog,
    TrainingConfig,
    TrainingResult,
    fit,
    load_best,
)
from groupae.training.compiling import check_compiler

__all__ = ["DATASET_PLUG_INS", "EXPERIMENTS", "EXPORTS", "Run", "RunExistsError", "get_experiment"]

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        *(ROTATED_DIGITS, BLOCKED_DIGITS, BRAIN_CONTRAST, TURNTABLE, SKY_PLANES),
        *(POINT_CLOUDS, MOLECULES, SERIES),
    )
}

DATASET_PLUG_INS = PlugIns("datasets", "data set", lambda name: name.casefold() in EXPERIMENTS)

_CONFIG = "config.yaml"
_VERSION = 1
EXPORTS = {"pt2": "model.pt2", "onnx": "model.onnx"}
"""What an exported model is called in a run folder, by format."""

_FILES = frozenset(
    {_CONFIG, "metrics.jsonl", "checkpoints", "result.json", "report.md", *EXPORTS.values()}
    | {"orbit.png", "swap.md", "swap.png", "training.png"}
)


class RunExistsError(FileExistsError):
    """The folder holds something already."""


def get_experiment(name: str) -> Experiment:
    """Return an experiment by name, built in or of a plug-in.

    Raises:
        ValueError: If there is none of that name, or the plug-in that has it cannot be used.
    """
    found = EXPERIMENTS.get(name) or DATASET_PLUG_INS.find(name)
    if found is None:
        raise ValueError(DATASET_PLUG_INS.unknown("groupae", "a data set", name, EXPERIMENTS))
    owner = f"plug-in {name!r}"
    if callable(found):
        try:
            found = found()
        except Exception as error:
            raise PlugInError(expected(owner, "an Experiment", describe(error))) from error
    if not isinstance(found, Experiment):
        what = "an Experiment or a function without arguments that returns one"
        raise PlugInError(expected(owner, what, repr(found)))
    if not isinstance(found.data, DatasetInfo):
        raise PlugInError(expected(owner, "an Experiment on a DatasetInfo", repr(found.data)))
    if found.name != name:  # a run folder keeps the experiment's own name
        raise PlugInError(expected(owner, "an Experiment of that name", repr(found.name)))
    return found


def _read_config(path: Path) -> dict[str, Any]:
    """Return the config of a run folder.

    Raises:
        ValueError: If it is not one that `Run.create` wrote.
    """
    file = path / _CONFIG
    try:
        config = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(expected(file, "YAML", " ".join(str(error).split()))) from None
    version = config.get("groupae_run") if isinstance(config, dict) else None
    if version != _VERSION:
        form = f"the config of a groupae run, with groupae_run: {_VERSION}"
        raise ValueError(expected(file, form, repr(version)))
    assert isinstance(config, dict)
    return config


def _with(kind: type[Any], other: type[Any], value: Any) -> Any:
    """Return ``value`` with every ``other`` in it, list or tuple, as a ``kind``: YAML has lists."""
    if isinstance(value, dict):
        return {key: _with(kind, other, part) for key, part in value.items()}
    return kind(_with(kind, other, part) for part in value) if isinstance(value, other) else value


def _is_run(path: Path) -> bool:
    """Return whether a folder is a run and holds nothing else."""
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set()
    if _CONFIG not in names or not names <= _FILES:
        return False
    try:
        _read_config(path)
    except ValueError:
        return False
    return True


@dataclasses.dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        path: The folder.
        experiment: What is trained on.
        preset: The model and how it is trained.
        preset_name: What that preset is called.
        size: How much of the data set.
        folder: Where the originals are, if they are used.
        pixels: Size that pictures are shrunk to; ``None`` for their own.

    Use `Run.create` for a new one, `Run.open` for an old one:
    ``Run.open(Path("runs/rotated-digits-001")).load_model()`` is the trained model.
    """

    path: Path
    experiment: Experiment
    preset: Preset
    preset_name: str
    size: Size = "small"
    folder: Path | None = None
    pixels: int | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        experiment: Experiment,
        preset: Preset,
        *,
        preset_name: str = "custom",
        size: Size = "small",
        folder: Path | None = None,
        pixels: int | None = None,
        force: bool = False,
    ) -> Run:
        """Make the folder and write its config.

        Args:
            path: The folder.
            experiment: What to train on.
            preset: The model and how to train it.
            preset_name: What to call that.
            size: How much of the data set.
            folder: The originals; kept as an absolute path, so that the run opens anywhere.
            pixels: Size to shrink pictures to.
            force: Replace the run in an existing folder.

        Raises:
            ValueError: If there is no such size, pictures do not shrink to ``pixels``, the model
                cannot be built, or there is no compiler for a training that asks for one.
            ModuleNotFoundError: If a package that its loss needs is not installed.
            RunExistsError: If the folder is not empty and ``force`` is not given, or if it holds
                anything but a run: then nothing is touched.
        """
        path = Path(path)
        folder = None if folder is None else Path(folder).absolute()
        # what cannot be, fails before anything is written
        check_options("Run.create", "train", size)
        data = experiment.data.resized(pixels)
        build_model(data, preset.model, seed=preset.training.seed)
        check_trainable(preset.model)
        if preset.training.compile:
            check_compiler()
        cls.check_path(path, force=force)
        path.mkdir(parents=True, exist_ok=True)
        for old in path.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        run = cls(path, experiment, preset, preset_name, size, folder, pixels)
        write_durably(path / _CONFIG, yaml.safe_dump(run._config(), sort_keys=False).encode())
        return run

    @staticmethod
    def check_path(path: Path, *, force: bool = False) -> None:
        """Raise `RunExistsError` unless `create` may make its folder there; touch nothing."""
        if not path.exists() or (path.is_dir() and not any(path.iterdir())):
            return
        if not _is_run(path):
            got, remedy = "one that holds other things", "name another folder with --out"
            raise RunExistsError(expected(path, "a new or empty folder", got, remedy))
        if not force:
            remedy = "name another folder with --out, or replace it with --force"
            raise RunExistsError(expected(path, "a new or empty folder", "a run", remedy))

    def _config(self) -> dict[str, Any]:
        model = dataclasses.asdict(self.preset.model)
        folder = self.folder and str(self.folder)
        return {
            "groupae_run": _VERSION,
            "experiment": self.experiment.name,
            "data": {"size": self.size, "folder": folder, "pixels": self.pixels},
            "preset": self.preset_name,
            "model": _with(list, tuple, model),
            "training": dataclasses.asdict(self.preset.training),
        }

    @classmethod
    def open(cls, path: Path) -> Run:
        """Return the run in a folder.

        Raises:
            FileNotFoundError: If the folder holds no run.
            ValueError: If its config cannot be read.
        """
        path = Path(path)
        file = path / _CONFIG
        if not file.is_file():
            remedy = "name the folder that groupae train wrote"
            raise FileNotFoundError(expected(path, f"a run folder with {_CONFIG}", "none", remedy))
        config = _read_config(path)
        try:
            sections = {"data": {}, **config}
            for name in ("model", "training", "data"):
                if not isinstance(sections[name], dict):
                    raise TypeError(f"{name} that is {sections[name]!r}")
            experiment = get_experiment(str(config["experiment"]))
            values = _with(tuple, list, config["model"])
            model = (BaselineConfig if "system" in values else ModelConfig)(**values)
            data = sections["data"]
            size, folder = data.get("size", "small"), data.get("folder")
            pixels = data.get("pixels")
            check_options("data", "test", size)
            if not isinstance(folder, (str, type(None))):
                raise TypeError(f"a folder that is {folder!r}")
            preset = Preset(model, TrainingConfig(**config["training"]))
            build_model(experiment.data.resized(pixels), preset.model, seed=0)
        except KeyError as error:
            what = "the config of a groupae run"
            raise ValueError(expected(file, what, f"one without {error}")) from None
        except (TypeError, ValueError) as error:
            line = " ".join(str(error).split())
            raise ValueError(expected(file, "the config of a groupae run", line)) from None
        name = str(config.get("preset", "custom"))
        return cls(path, experiment, preset, name, size, Path(folder) if folder else None, pixels)

    # --- files ------------------------------------------------------------------------------
    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """File with one JSON line a measurement."""
        return self.path / "metrics.jsonl"

    @property
    def result(self) -> TrainingResult | None:
        """What the training came to; ``None`` if it was interrupted."""
        file = self.path / "result.json"
        if not file.is_file():
            return None
        try:
            values = json.loads(file.read_text())
            kinds = {"steps": int, "best_step": int, "seconds": float}
            kinds |= {"validation_score": float, "loading": float}
            return TrainingResult(**{name: kind(values[name]) for name, kind in kinds.items()})
        except (ValueError, TypeError, KeyError) as error:
            got = f"one without {error}" if isinstance(error, KeyError) else error
            remedy = "delete it; the checkpoints do not need it"
            raise ValueError(expected(file, "the result of a training", got, remedy)) from None

    # --- doing ------------------------------------------------------------------------------
    @property
    def data(self) -> DatasetInfo:
        """The data set, at the size of the run."""
        return self.experiment.data.resized(self.pixels)

    def build_model(self) -> TransformModule:
        """Return the model before training."""
        return build_model(self.data, self.preset.model, seed=self.preset.training.seed)

    def load(self, split: Split, *, seed: int = 0) -> OrbitDataset:
        """Return a split of the data set."""
        return self.data.load(split, seed=seed, size=self.size, folder=self.folder)

    def fixed(self, split: Split) -> PairBatch:
        """Return fixed pairs of a split: 1000 for testing, 500 otherwise."""
        return self.load(split).fixed(1000 if split == "test" else 500)

    def train(self, callbacks: Sequence[Callback] = ()) -> tuple[TransformModule, TrainingResult]:
        """Train, keeping metrics and the best weights in the folder; return the model."""
        training = self.preset.training
        model = self.build_model()
        result = fit(
            model,
            self.load("train", seed=training.seed),
            self.fixed("validation"),
            training,
            score=self.experiment.scores[0],
            callbacks=[MetricsLog(self.metrics), KeepBest(self.checkpoints), *callbacks],
        )
        content = json.dumps(dataclasses.asdict(result), indent=2)
        write_durably(self.path / "result.json", content.encode())
        return model, result

    def load_model(self) -> TransformModule:
        """Return the model with the best valid checkpoint's weights, in evaluation mode.

        Raises:
            CheckpointError: If no checkpoint is valid, or it is of another model.
        """
        checkpoint = load_best(self.checkpoints)
        model = self.build_model()
        wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        found = {name: tuple(tensor.shape) for name, tensor in checkpoint.weights.items()}
        if wanted != found:
            different = sorted(set(wanted.items()) ^ set(found.items()))
            name, shape = different[0]
            what = f"weights of the model in {_CONFIG}"
            got = f"{len(different)} that do not fit, the first one {name} {shape}"
            raise CheckpointError(expected(checkpoint.path, what, got))
        model.load_state_dict(checkpoint.weights)
        model.eval()
        return model
