"""A run: one training in a folder, with its config, metrics, weights, report and pictures.

Checkpoints and result hold the SHA-256 of the config, so that a config that was changed is told
from the one that was written. A lock lets one process at a time make or train a run in a folder.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groupae._files import is_sealed, read_json, sealed, write_durably
from groupae._validation import expected
from groupae.data import OrbitDataset
from groupae.experiments.datasets.options import Size, Split, check_options
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.building import build_model, check_trainable
from groupae.experiments.presets.config import Preset
from groupae.experiments.presets.experiment import Experiment, check_name
from groupae.experiments.runs.run_config import CONFIG, RunConfig
from groupae.experiments.runs.run_folder import (
    EXPORTS,
    RESULT,
    RunExistsError,
    check_free,
    check_usable,
    describe_run,
    empty,
    locked,
)
from groupae.models import TransformModule
from groupae.protocols import PairBatch
from groupae.training import (
    Callback,
    CheckpointError,
    KeepBest,
    MetricsLog,
    TrainingResult,
    fit,
    load_best,
)
from groupae.training.compiling import check_compiler

__all__ = ["EXPORTS", "Run", "RunExistsError", "describe_run"]


@dataclasses.dataclass(frozen=True)
class Run:
    """A run folder.

    Args:
        path: The folder.
        experiment: Data set with its presets.
        preset: The model and its training.
        preset_name: Name of the preset.
        size: Size of the data set.
        folder: Folder of the originals, if they are used.
        pixels: Height and width that pictures are shrunk to; ``None`` for their own.

    Data are loaded once, when first asked for, and kept.

    `Run.create` makes a new one, `Run.open` opens an old one:
    ``Run.open(Path("runs/rotated-digits-001")).load_model()`` is the trained model.
    """

    path: Path
    experiment: Experiment
    preset: Preset
    preset_name: str
    size: Size = "small"
    folder: Path | None = None
    pixels: int | None = None
    _kept: dict[object, Any] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

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
            experiment: Data set with its presets.
            preset: The model and its training.
            preset_name: Name of the preset.
            size: Size of the data set.
            folder: Folder of the originals; kept as an absolute path, so that the run opens
                from any folder.
            pixels: Height and width to shrink pictures to.
            force: Whether to replace the run in an existing folder.

        Raises:
            ValueError: If the size is unknown, pictures do not shrink to ``pixels``, the model
                cannot be built, or there is no compiler for a training that asks for one.
            ModuleNotFoundError: If a package that the loss needs is not installed.
            RunExistsError: If the folder is not empty and ``force`` is not given, or if it holds
                anything but a run: then nothing is touched.
        """
        folder = None if folder is None else Path(folder).absolute()
        run = cls(Path(path), experiment, preset, preset_name, size, folder, pixels)
        run.check(force=force)
        run.make_folder(force=force)
        return run

    def check(self, *, force: bool = False) -> None:
        """Raise the errors of `create` that can be known before anything is written."""
        check_options("Run.create", "train", self.size)
        check_name("Run.create", "preset_name", self.preset_name)
        self._kept["untrained"] = self.build_model()
        check_trainable(self.preset.model)
        if self.preset.training.compile:
            check_compiler()
        self.check_path(self.path, force=force)

    def moved_to(self, path: Path) -> Run:
        """Return the same run in another folder; data that are loaded are kept."""
        moved = dataclasses.replace(self, path=path)
        moved._kept.update(self._kept)
        return moved

    def make_folder(self, *, force: bool = False) -> None:
        """Make the folder and write the config; with ``force`` an old run is replaced.

        Raises:
            RunExistsError: As `create`; also if another process is at work on the folder.
        """
        self.check_path(self.path, force=force)
        self.path.mkdir(parents=True, exist_ok=True)
        with locked(self.path):
            check_free(self.path, force=force)  # another process may have come first
            empty(self.path)
            self.config.write(self.path)

    @staticmethod
    def check_path(path: Path, *, force: bool = False) -> None:
        """Raise `RunExistsError` unless `create` may make its folder there; touch nothing."""
        check_usable(path, force=force)

    @property
    def config(self) -> RunConfig:
        """Settings that determine the run."""
        return RunConfig(
            self.experiment, self.preset, self.preset_name, self.size, self.folder, self.pixels
        )

    @classmethod
    def open(cls, path: Path) -> Run:
        """Return the run in a folder.

        Raises:
            FileNotFoundError: If the folder holds no run.
            ValueError: If its config cannot be read.
        """
        path = Path(path)
        if not (path / CONFIG).is_file():
            remedy = "name the folder that groupae train wrote"
            raise FileNotFoundError(expected(path, f"a run folder with {CONFIG}", "none", remedy))
        read = RunConfig.read(path)
        preset, name = read.preset, read.preset_name
        return cls(path, read.experiment, preset, name, read.size, read.folder, read.pixels)

    # --- files ------------------------------------------------------------------------------
    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """File with one line of JSON per measurement."""
        return self.path / "metrics.jsonl"

    @property
    def result(self) -> TrainingResult | None:
        """Result of the training; ``None`` if it was interrupted."""
        file = self.path / RESULT
        if not file.is_file():
            return None
        try:
            values = read_json(file)
            kinds = {"steps": int, "best_step": int, "seconds": float}
            kinds |= {"validation_score": float, "loading": float}
            result = TrainingResult(**{name: kind(values[name]) for name, kind in kinds.items()})
            if not is_sealed(values):
                raise ValueError("one that was changed")
            if values.get("config_sha256", self.config.sha256) != self.config.sha256:
                raise ValueError(f"that of another config than {CONFIG}")
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            got = f"one without {error}" if isinstance(error, KeyError) else error
            remedy = "delete it; the checkpoints do not need it"
            raise ValueError(expected(file, "the result of a training", got, remedy)) from None
        return result

    # --- data, model and training -----------------------------------------------------------
    @property
    def data(self) -> DatasetInfo:
        """The data set, with pictures of the size of the run."""
        return self.experiment.data.resized(self.pixels)

    def build_model(self) -> TransformModule:
        """Return the model before training."""
        return build_model(self.data, self.preset.model, seed=self.preset.training.seed)

    def load(self, split: Split, *, seed: int = 0) -> OrbitDataset:
        """Return a split of the data set."""
        if (split, seed) not in self._kept:
            loaded = self.data.load(split, seed=seed, size=self.size, folder=self.folder)
            self._kept[split, seed] = loaded
        dataset: OrbitDataset = self._kept[split, seed]
        return dataset

    def fixed(self, split: Split) -> PairBatch:
        """Return fixed pairs of a split: 1000 for testing, 500 otherwise."""
        return self.load(split).fixed(1000 if split == "test" else 500)

    def train(self, callbacks: Sequence[Callback] = ()) -> tuple[TransformModule, TrainingResult]:
        """Train; metrics and the best weights are kept in the folder.

        Raises:
            RunExistsError: If another process is training in the folder.
            FileExistsError: If it has checkpoints already.
        """
        training = self.preset.training
        model: TransformModule = self._kept.pop("untrained", None) or self.build_model()
        train, validation = self.load("train", seed=training.seed), self.fixed("validation")
        keep = KeepBest(self.checkpoints, model=self.config.sha256)
        with locked(self.path):
            result = fit(
                model,
                train,
                validation,
                training,
                score=self.experiment.scores[0],
                callbacks=[keep, MetricsLog(self.metrics), *callbacks],
            )
            values = sealed({**dataclasses.asdict(result), "config_sha256": self.config.sha256})
            write_durably(self.path / RESULT, json.dumps(values, indent=2).encode())
        return model, result

    def load_model(self) -> TransformModule:
        """Return the model with the weights of the best valid checkpoint, in evaluation mode.

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
            what = f"weights of the model in {CONFIG}"
            got = f"{len(different)} that do not fit, the first one {name} {shape}"
            raise CheckpointError(expected(checkpoint.path, what, got))
        if checkpoint.model not in (None, self.config.sha256):
            what, got = f"weights of the run in {CONFIG}", "those of one that reads otherwise"
            remedy = f"put {CONFIG} back as groupae wrote it"
            raise CheckpointError(expected(checkpoint.path, what, got, remedy))
        model.load_state_dict(checkpoint.weights)
        model.eval()
        return model
