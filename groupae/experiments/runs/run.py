"""A run is a folder: what was trained, how it went, the weights, the report and the pictures.

Checkpoints and result hold the digest of the config, so that a config that was changed is told from
the one that was written. A lock lets one process at a time make or train a run in a folder.

Experiments have names. Beside the built-in ones there are those that installed packages offer by
entry points of the group ``groupae.datasets``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout
from typing_extensions import override

from groupae._files import (
    digest,
    discard,
    is_leftover,
    is_sealed,
    read_bounded,
    read_json,
    sealed,
    write_durably,
)
from groupae._validation import expected
from groupae.data import OrbitDataset
from groupae.experiments.datasets.options import Size, Split, check_options
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.building import build_model, check_trainable
from groupae.experiments.presets.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, check_name
from groupae.experiments.presets.registry import get_experiment
from groupae.models import TransformModule
from groupae.protocols import PairBatch
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

__all__ = [
    "EXPORTS",
    "Run",
    "RunExistsError",
    "describe_run",
]

_CONFIG = "config.yaml"
_VERSION = 1
EXPORTS = {"pt2": "model.pt2", "onnx": "model.onnx"}
"""What an exported model is called in a run folder, by format."""

_LOCK, _RESULT = ".lock", "result.json"
_FILES = frozenset(
    {_CONFIG, "metrics.jsonl", "checkpoints", _RESULT, "report.md", *EXPORTS.values()}
    | {"orbit.png", "swap.md", "swap.png", "training.png"}
)
_OURS = "|".join(map(re.escape, _FILES))
_LARGEST_CONFIG = 2**16  # bytes; ours have about a thousand
_LONGEST_NAME = 100  # of a preset of groupae 0.1, where there was no pattern for names
_DEEPEST = 20  # of what is nested in a config; ours are at 4


class RunExistsError(FileExistsError):
    """The folder holds something already."""


class _PlainLoader(yaml.SafeLoader):
    """YAML as we write it: a few levels deep and without aliases, which can grow without bound."""

    _depth = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias, which groupae never writes")
        if self._depth == _DEEPEST:
            raise yaml.YAMLError(f"more than {_DEEPEST} levels, one in another")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _read_config(path: Path) -> dict[str, Any]:
    """Return the config of a run folder.

    Raises:
        ValueError: If it is not one that `Run.create` wrote.
    """
    file = path / _CONFIG
    try:
        # a SafeLoader, and it makes less than one
        config = yaml.load(read_bounded(file, _LARGEST_CONFIG), Loader=_PlainLoader)
    except (yaml.YAMLError, ValueError) as error:
        got = " ".join(str(error).split())
        raise ValueError(expected(file, "YAML as groupae writes it", got)) from None
    version = config.get("groupae_run") if isinstance(config, dict) else None
    if version != _VERSION or isinstance(version, bool):
        form = f"the config of a groupae run, with groupae_run: {_VERSION}"
        raise ValueError(expected(file, form, f"{version!r:.60}"))
    assert isinstance(config, dict)
    return config


def _with(kind: type[Any], other: type[Any], value: Any) -> Any:
    """Return ``value`` with every ``other`` in it, list or tuple, as a ``kind``: YAML has lists."""
    if isinstance(value, dict):
        return {key: _with(kind, other, part) for key, part in value.items()}
    return kind(_with(kind, other, part) for part in value) if isinstance(value, other) else value


def _contents(path: Path) -> set[str]:
    """Return the names in a folder, without the lock and what a killed process left."""
    names = {entry.name for entry in path.iterdir()}
    return {name for name in names if name != _LOCK and not is_leftover(name, _OURS)}


def _is_run(path: Path) -> bool:
    """Return whether a folder is a run and holds nothing else."""
    names = _contents(path) if path.is_dir() else set()
    if _CONFIG not in names or not names <= _FILES:
        return False
    try:
        _read_config(path)
    except (ValueError, OSError):
        return False
    return True


def _is_locked(path: Path) -> bool:
    """Return whether a process is at work on a folder; a lock that a kill left counts for none."""
    if not path.is_dir() or not (path / _LOCK).is_file():
        return False
    lock = FileLock(path / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _check_free(path: Path, *, force: bool) -> None:
    """Raise `RunExistsError` unless the folder is missing, empty, or a run that may go."""
    if not path.exists() or (path.is_dir() and not _contents(path)):
        return
    if not _is_run(path):
        got, remedy = "one that holds other things", "name another folder with --out"
        raise RunExistsError(expected(path, "a new or empty folder", got, remedy))
    if not force:
        remedy = "to train anew name another folder with --out (--force deletes it)"
        if any(path.glob("checkpoints/step-*")):
            use = f"judge it with groupae evaluate {path}, or open it with groupae.Run.open"
            remedy = f"{use}; {remedy}"
        got = describe_run(path)
        raise RunExistsError(expected(path, "a new or empty folder", got, remedy))


def describe_run(path: Path) -> str:
    """Return in a few words what is in a run folder."""
    names = [folder.name[5:] for folder in path.glob("checkpoints/step-*")]
    last = max((int(name) for name in names if name.isdecimal()), default=None)
    if last is None:
        return "a run without checkpoints"
    kind = "a finished run" if (path / _RESULT).is_file() else "an unfinished run"
    return f"{kind} with checkpoints up to step {last}"


def _chosen(config: Any) -> dict[str, Any]:
    """Return the fields that differ from their defaults, so that a field may come later."""
    fields = dataclasses.fields(config)
    values = dataclasses.asdict(config)
    return {f.name: values[f.name] for f in fields if getattr(config, f.name) != f.default}


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

    Data are loaded once, when first asked for, and kept.

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
        folder = None if folder is None else Path(folder).absolute()
        run = cls(Path(path), experiment, preset, preset_name, size, folder, pixels)
        run.check(force=force)
        run.make_folder(force=force)
        return run

    def check(self, *, force: bool = False) -> None:
        """Raise what `create` raises, as far as it can be known, before anything is written."""
        check_options("Run.create", "train", self.size)
        check_name("Run.create", "preset_name", self.preset_name)
        self._kept["untrained"] = self.build_model()
        check_trainable(self.preset.model)
        if self.preset.training.compile:
            check_compiler()
        self.check_path(self.path, force=force)

    def moved_to(self, path: Path) -> Run:
        """Return the same run, with what is loaded, in another folder."""
        moved = dataclasses.replace(self, path=path)
        moved._kept.update(self._kept)
        return moved

    def make_folder(self, *, force: bool = False) -> None:
        """Make the folder and write the config, in the place of an old run's if ``force``.

        Raises:
            RunExistsError: As `create`; also if another process is at work on the folder.
        """
        self.check_path(self.path, force=force)
        self.path.mkdir(parents=True, exist_ok=True)
        with self._alone():
            _check_free(self.path, force=force)  # another process may have come first
            for old in self.path.iterdir():
                if old.name not in (_CONFIG, _LOCK):
                    discard(old)
            # last: a folder that holds a config is a run, so what is half deleted still is one
            content = yaml.safe_dump(self._config(), sort_keys=False)
            write_durably(self.path / _CONFIG, content.encode())

    @staticmethod
    def check_path(path: Path, *, force: bool = False) -> None:
        """Raise `RunExistsError` unless `create` may make its folder there; touch nothing."""
        if _is_locked(path):
            got, remedy = "one that another process is at work on", "name another with --out"
            raise RunExistsError(expected(path, "a new or empty folder", got, remedy))
        _check_free(path, force=force)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from making or training a run in the folder."""
        lock = FileLock(self.path / _LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            got, remedy = "one that another process is at work on", "name another with --out"
            raise RunExistsError(expected(self.path, "a folder of its own", got, remedy)) from None
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (self.path / _LOCK).unlink()
            lock.release()

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

    def _digest(self) -> str:
        """Return the SHA-256 of the config but for where the originals are: they may move."""
        return digest(
            {
                "experiment": self.experiment.name,
                "size": self.size,
                "pixels": self.pixels,
                "preset": self.preset_name,
                "model": _chosen(self.preset.model),
                "training": _chosen(self.preset.training),
            }
        )

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
            name = str(config.get("preset", "custom"))
            if not name.isprintable() or len(name) > _LONGEST_NAME:
                raise ValueError(f"a preset that is {name!r:.80}")
            build_model(experiment.data.resized(pixels), preset.model, seed=0)
        except KeyError as error:
            what = "the config of a groupae run"
            raise ValueError(expected(file, what, f"one without {error}")) from None
        except (TypeError, ValueError, OverflowError) as error:
            line = " ".join(str(error).split())
            raise ValueError(expected(file, "the config of a groupae run", line)) from None
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
        file = self.path / _RESULT
        if not file.is_file():
            return None
        try:
            values = read_json(file)
            kinds = {"steps": int, "best_step": int, "seconds": float}
            kinds |= {"validation_score": float, "loading": float}
            result = TrainingResult(**{name: kind(values[name]) for name, kind in kinds.items()})
            if not is_sealed(values):
                raise ValueError("one that was changed")
            if values.get("config_sha256", self._digest()) != self._digest():
                raise ValueError(f"that of another config than {_CONFIG}")
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            got = f"one without {error}" if isinstance(error, KeyError) else error
            remedy = "delete it; the checkpoints do not need it"
            raise ValueError(expected(file, "the result of a training", got, remedy)) from None
        return result

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
        if (split, seed) not in self._kept:
            loaded = self.data.load(split, seed=seed, size=self.size, folder=self.folder)
            self._kept[split, seed] = loaded
        dataset: OrbitDataset = self._kept[split, seed]
        return dataset

    def fixed(self, split: Split) -> PairBatch:
        """Return fixed pairs of a split: 1000 for testing, 500 otherwise."""
        return self.load(split).fixed(1000 if split == "test" else 500)

    def train(self, callbacks: Sequence[Callback] = ()) -> tuple[TransformModule, TrainingResult]:
        """Train, keeping metrics and the best weights in the folder; return the model.

        Raises:
            RunExistsError: If another process is at work on the folder.
            FileExistsError: If it has checkpoints already.
        """
        training = self.preset.training
        model: TransformModule = self._kept.pop("untrained", None) or self.build_model()
        train, validation = self.load("train", seed=training.seed), self.fixed("validation")
        keep = KeepBest(self.checkpoints, model=self._digest())
        with self._alone():
            result = fit(
                model,
                train,
                validation,
                training,
                score=self.experiment.scores[0],
                callbacks=[keep, MetricsLog(self.metrics), *callbacks],
            )
            values = sealed({**dataclasses.asdict(result), "config_sha256": self._digest()})
            write_durably(self.path / _RESULT, json.dumps(values, indent=2).encode())
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
        if checkpoint.model not in (None, self._digest()):
            what, got = f"weights of the run in {_CONFIG}", "those of one that reads otherwise"
            remedy = f"put {_CONFIG} back as groupae wrote it"
            raise CheckpointError(expected(checkpoint.path, what, got, remedy))
        model.load_state_dict(checkpoint.weights)
        model.eval()
        return model
