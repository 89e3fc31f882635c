"""A run: one training in a folder, with its config, metrics, weights, report and pictures.

Checkpoints and result hold the SHA-256 of the config, so that a config that was changed is told
from the one that was written. A lock lets one process at a time make or train a run in a folder.
"""

from __future__ import annotations

import dataclasses
import glob
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groupae._files import discard, is_sealed, read_json, sealed, write_durably
from groupae._validation import expected
from groupae.data import OrbitDataset
from groupae.experiments.datasets.options import Size, Split, check_options
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.building import build_model, check_trainable
from groupae.experiments.presets.config import Preset
from groupae.experiments.presets.experiment import Experiment, check_name
from groupae.experiments.runs.first_weights import FIRST, load_first, read_first, save_first
from groupae.experiments.runs.run_config import CONFIG, RunConfig
from groupae.experiments.runs.run_folder import (
    EXPORTS,
    LOGS,
    ORBITS,
    REPORTS,
    RESULT,
    RunExistsError,
    check_free,
    check_usable,
    describe_run,
    empty,
    last_step,
    locked,
)
from groupae.experiments.runs.run_options import NO_OPTIONS, RunOptions, next_serial, serial_in
from groupae.models import TransformModule
from groupae.persistence.zoo import zoo_hint
from groupae.protocols import PairBatch
from groupae.training import (
    Callback,
    Checkpoint,
    CheckpointError,
    KeepBest,
    KeepSnapshots,
    MetricsLog,
    TrainingConfig,
    TrainingResult,
    fit,
    load_best,
)
from groupae.training.compiling import check_compiler
from groupae.training.device_choice import Ranks
from groupae.training.devices import Devices

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
        options: Settings beside data, model and training.

    Data are loaded once, when first asked for, and kept.

    `Run.create` makes a new one, `Run.open` opens an old one:
    ``Run.open("runs/rotated-digits-001").load_model()`` is the trained model.

    Example:
        >>> import tempfile
        >>> from groupae.experiments import get_experiment
        >>> experiment = get_experiment("rotated-digits")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path, preset = Path(folder, "run"), experiment.preset("default")
        ...     run = Run.create(path, experiment, preset, size="tiny")
        ...     Run.open(path).is_reported, run.metrics.name
        (False, 'metrics.jsonl')
    """

    path: Path
    experiment: Experiment
    preset: Preset
    preset_name: str
    size: Size = "small"
    folder: Path | None = None
    pixels: int | None = None
    options: RunOptions = NO_OPTIONS
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
        options: RunOptions | None = None,
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
            options: Settings beside data, model and training.
            force: Whether to replace the run in an existing folder.

        Raises:
            ValueError: If the size is unknown, pictures do not shrink to ``pixels``, the model
                cannot be built, or there is no compiler for a training that asks for one.
            ModuleNotFoundError: If a package that the loss needs is not installed.
            RunExistsError: If the folder is not empty and ``force`` is not given, or if it holds
                anything but a run: then nothing is touched.
        """
        folder = None if folder is None else Path(folder).absolute()
        options = options or NO_OPTIONS
        run = cls(Path(path), experiment, preset, preset_name, size, folder, pixels, options)
        run.check(force=force)
        run.make_folder(force=force)
        return run

    def check(self, *, force: bool = False) -> None:
        """Raise the errors of `create` that can be known before anything is written."""
        check_options("Run.create", "train", self.size)
        check_name("Run.create", "preset_name", self.preset_name)
        self._kept["untrained"] = self.build_model()
        self.check_training()
        self.check_path(self.path, force=force)

    def check_training(self) -> None:
        """Raise unless this machine has the packages, compiler and devices of the training."""
        training = self.preset.training
        check_trainable(self.preset.model)
        if training.compile:
            check_compiler()
        _check_devices(training)

    def new(self) -> Run:
        """Return a run of the same settings that has not begun, and so was not lengthened."""
        run = dataclasses.replace(self, options=dataclasses.replace(self.options, earlier=()))
        if self.options.init is not None:
            run._kept[FIRST] = self._first_weights()
        return run

    def sharing_data(self, other: Run) -> Run:
        """Return the run with the data that another one on the same data has loaded."""
        same = dataclasses.replace(self)
        kept = other._kept
        same._kept.update({key: kept[key] for key in kept if isinstance(key, tuple)})
        if FIRST in kept:
            same._kept[FIRST] = kept[FIRST]
        return same

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
            self._numbered().config.write(self.path)
            self._kept[CONFIG] = (self.path / CONFIG).read_bytes()
            if (first := self._kept.get(FIRST)) is not None:
                save_first(self.path, first)

    def _numbered(self) -> Run:
        """Return the run with its place among those of ``runs/``, where ``--resume auto`` looks."""
        folder = self.path.absolute().parent
        if folder.name != "runs":
            return self
        options = dataclasses.replace(self.options, serial=next_serial(folder))
        return dataclasses.replace(self, options=options)

    @staticmethod
    def check_path(path: Path, *, force: bool = False) -> None:
        """Raise `RunExistsError` unless `create` may make its folder there; touch nothing."""
        check_usable(path, force=force)

    @property
    def config(self) -> RunConfig:
        """Settings that determine the run."""
        return RunConfig(
            self.experiment,
            self.preset,
            self.preset_name,
            self.size,
            self.folder,
            self.pixels,
            self.options,
        )

    @classmethod
    def of(cls, path: Path, config: RunConfig) -> Run:
        """Return the run with a config in a folder."""
        return cls(path, **{f.name: getattr(config, f.name) for f in dataclasses.fields(config)})

    @classmethod
    def open(cls, path: str | Path) -> Run:
        """Return the run in a folder.

        Raises:
            FileNotFoundError: If the folder holds no run.
            ValueError: If its config cannot be read.
        """
        path = Path(path)
        if not (path / CONFIG).is_file():
            remedy = zoo_hint(path) or "name the folder that groupae train wrote"
            if any(path.absolute().parent.glob(f"{glob.escape(path.name)}-s[0-9]*/{CONFIG}")):
                remedy = f"name one of {path}-s0, ..., or add --seeds N to --resume"
            raise FileNotFoundError(expected(path, f"a run folder with {CONFIG}", "none", remedy))
        run = cls.of(path, RunConfig.read(path))
        run._kept[CONFIG] = (path / CONFIG).read_bytes()
        return run

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
    def snapshots(self) -> Path:
        """Folder of the snapshots, from which the training is resumed."""
        return self.path / "snapshots"

    @property
    def is_reported(self) -> bool:
        """Whether the report and the pictures of the finished training are there."""
        return all((self.path / name).is_file() for name in REPORTS)

    @property
    def result(self) -> TrainingResult | None:
        """Result of the training; ``None`` if it is not finished, or was lengthened since."""
        if RESULT in self._kept:  # of a model of the zoo, which has no run folder
            kept: TrainingResult = self._kept[RESULT]
            return kept
        file = self.path / RESULT
        if not file.is_file() or file.is_symlink():  # a link is none of ours
            return None
        try:
            values = read_json(file)
            kinds = {"steps": int, "best_step": int, "seconds": float}
            kinds |= {"validation_score": float, "loading": float}
            given = {name: kind(values[name]) for name, kind in kinds.items()}
            given |= {name: str(values.get(name, "")) for name in ("score", "stopped")}
            result = TrainingResult(**given)
            if not is_sealed(values):
                raise ValueError("one that was changed")
            config = self.config
            if values.get("config_sha256") in config.earlier_sha256:
                return None
            if values.get("config_sha256", config.sha256) != config.sha256:
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

    def begin_with(self, other: Path) -> Run:
        """Return the run with the best weights of another run as its first weights.

        Raises:
            CheckpointError: If the other run has no valid checkpoint.
            ValueError: If the other run is of another model; the message says what differs.
        """
        first, origin = load_first(self.config, Run.open(other))
        run = dataclasses.replace(self, options=dataclasses.replace(self.options, init=origin))
        run._kept.update({**self._kept, FIRST: first})
        return run

    def change(self, training: TrainingConfig, options: RunOptions | None = None) -> Run:
        """Return the run with another budget, devices, or logs, and write its config.

        Earlier budgets are recorded, so that its checkpoints open still.

        Raises:
            ValueError: If any other field of the training differs.
            RunExistsError: If another process is at work on the run.
        """
        changed = self.config.changed(training, options or self.options)
        if changed == self.config:
            return self
        with locked(self.path):
            self._check_unchanged()
            if changed.options.earlier != self.options.earlier:
                discard(self.path / REPORTS[0])  # a run without it is not counted as complete
            serial = serial_in(self.path / CONFIG)
            options = dataclasses.replace(changed.options, serial=serial)
            dataclasses.replace(changed, options=options).write(self.path)
            written = (self.path / CONFIG).read_bytes()
            if changed.options.earlier != self.options.earlier:
                for name in (RESULT, *REPORTS, *ORBITS):
                    discard(self.path / name)
        run = Run.of(self.path, changed)
        run._kept.update({**self._kept, CONFIG: written})
        return run

    def _check_unchanged(self) -> None:
        """Raise if the config is not as this object has read or written it."""
        known = self._kept.get(CONFIG)
        if known is not None and (self.path / CONFIG).read_bytes() != known:
            got, remedy = "another one", "it was changed meanwhile; open the run again"
            raise ValueError(expected(self.path / CONFIG, "the config of the run", got, remedy))

    def train(
        self, callbacks: Sequence[Callback] = (), *, resume: bool = False
    ) -> tuple[TransformModule, TrainingResult]:
        """Train; metrics, snapshots and the best weights are kept in the folder.

        Under several ranks, only the first one writes.

        Args:
            callbacks: Callbacks, called in order.
            resume: Whether to go on with an interrupted or lengthened training from its last
                snapshot, or begin one that has not begun. A finished one is left as it is.

        Raises:
            RunExistsError: If another process is training in the folder.
            FileExistsError: If it has checkpoints already, and ``resume`` is not given.
            CheckpointError: If there is no valid snapshot to resume from.
        """
        if Ranks.of().rank:
            return self._fit([], self._resumed_from(resume=resume))
        with locked(self.path):
            self._check_unchanged()
            if resume and (result := self.result) is not None:
                return self.load_model(), result
            if not resume and any(self.checkpoints.glob("step-*")):
                got = describe_run(self.path)
                remedy = "train(resume=True) completes an unfinished one; else name another folder"
                what = "a folder without checkpoints"
                raise FileExistsError(expected(self.path, what, got, remedy))
            start = self._resumed_from(resume=resume)
            if start is None:
                self._clear()
            keep = [
                KeepBest(self.checkpoints, model=self.config.sha256),
                KeepSnapshots(self.snapshots, every_minutes=self.options.snapshot_minutes),
                MetricsLog(self.metrics),
                *self._loggers(),
            ]
            model, result = self._fit([*keep, *callbacks], start)
            values = sealed({**dataclasses.asdict(result), "config_sha256": self.config.sha256})
            write_durably(self.path / RESULT, json.dumps(values, indent=2).encode())
        return model, result

    def _fit(
        self, callbacks: Sequence[Callback], resume: Path | None
    ) -> tuple[TransformModule, TrainingResult]:
        training = self.preset.training
        model: TransformModule = self._kept.pop("untrained", None) or self.build_model()
        if self.options.init is not None and resume is None:
            model.load_state_dict(self._first_weights().weights)
        result = fit(
            model,
            self.load("train", seed=training.seed),
            self.fixed("validation"),
            training,
            score=self.experiment.scores[0],
            callbacks=callbacks,
            resume=resume,
        )
        return model, result

    def _loggers(self) -> list[Callback]:
        """Return callbacks that write the metrics to loggers by name."""
        if not self.options.log:
            return []
        from groupae.training.loggers import LoggerCallback, get_logger

        training = dataclasses.asdict(self.preset.training)
        facts = {"experiment": self.experiment.name, "preset": self.preset_name, **training}
        loggers = [get_logger(name, self.path / LOGS) for name in self.options.log]
        return [
            LoggerCallback(
                logger, hyperparameters=facts if hasattr(logger, "log_hyperparams") else None
            )
            for logger in loggers
        ]

    def _first_weights(self) -> Checkpoint:
        kept: Checkpoint | None = self._kept.get(FIRST)
        assert self.options.init is not None
        return kept or read_first(self.path, self.options.init)

    def _resumed_from(self, *, resume: bool) -> Path | None:
        """Return the folder of snapshots to resume from; ``None`` to begin.

        Raises:
            CheckpointError: If there are checkpoints of a training but no snapshot.
        """
        if not resume or last_step(self.path, "snapshots") is not None:
            return self.snapshots if resume else None
        if last_step(self.path, "checkpoints"):
            got = f"none, but {describe_run(self.path)}"
            remedy = f"groupae train --init {self.path} begins a new run with its weights"
            raise CheckpointError(expected(self.snapshots, "a snapshot step-N", got, remedy))
        return None

    def _clear(self) -> None:
        """Delete the files of a training that was killed before its first snapshot."""
        for path in (self.checkpoints, self.snapshots, self.metrics, self.path / LOGS):
            if not path.is_symlink():  # which its writer replaces
                discard(path)

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
        config = self.config
        if checkpoint.model not in (None, config.sha256, *config.earlier_sha256):
            what, got = f"weights of the run in {CONFIG}", "those of one that reads otherwise"
            remedy = f"put {CONFIG} back as groupae wrote it"
            raise CheckpointError(expected(checkpoint.path, what, got, remedy))
        model.load_state_dict(checkpoint.weights)
        model.eval()
        return model


def _check_devices(training: TrainingConfig) -> None:
    """Raise unless the devices of a training exist, have its precision and share its batches."""
    Devices(
        device=training.device, devices=Ranks.of().size, precision=training.precision
    )  # ranks are started later
    parts = training.devices * training.accumulate
    if training.batch_size % parts:
        what = f"batch_size divisible by devices x accumulate, {parts}"
        remedy = f"take {max(1, round(training.batch_size / parts)) * parts}"
        raise ValueError(expected("training", what, training.batch_size, remedy))
