"""The file ``config.yaml`` of a run: data set, preset and options, enough to train again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from groupae._files import digest, write_durably
from groupae._plain_yaml import read_plain_yaml
from groupae._validation import expected
from groupae.experiments.datasets.options import Size, check_options
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.config import BaselineConfig, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, check_name
from groupae.experiments.presets.registry import get_experiment
from groupae.experiments.runs.run_options import BUDGET, MACHINE, NO_OPTIONS, RunOptions
from groupae.training import TrainingConfig

__all__ = ["CONFIG", "RunConfig", "read_yaml"]

CONFIG = "config.yaml"
"""Name of the file in a run folder."""

_VERSION = 1
_LARGEST = 2**16  # bytes; ours have about a thousand
_LONGEST_NAME = 100  # characters of a preset of groupae 0.1, which had no pattern for names


def read_yaml(folder: Path) -> dict[str, Any]:
    """Return the content of the config in a run folder, as plain data.

    Raises:
        ValueError: If it is no YAML as groupae writes it, or of another version.
    """
    file = folder / CONFIG
    try:
        config = read_plain_yaml(file, _LARGEST)
    except ValueError as error:
        raise ValueError(expected(file, "YAML as groupae writes it", error)) from None
    version = config.get("groupae_run") if isinstance(config, dict) else None
    if version != _VERSION or isinstance(version, bool):
        form = f"the config of a groupae run, with groupae_run: {_VERSION}"
        raise ValueError(expected(file, form, f"{version!r:.60}"))
    assert isinstance(config, dict)
    return config


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Settings that determine a run.

    Args:
        experiment: Data set with its presets.
        preset: The model and its training.
        preset_name: Name of the preset.
        size: Size of the data set.
        folder: Folder of the originals, if they are used.
        pixels: Height and width that pictures are shrunk to; ``None`` for their own.
        options: Settings beside data, model and training.
    """

    experiment: Experiment
    preset: Preset
    preset_name: str
    size: Size
    folder: Path | None
    pixels: int | None
    options: RunOptions = NO_OPTIONS

    @classmethod
    def read(cls, folder: Path) -> RunConfig:
        """Return the config in a run folder.

        Raises:
            ValueError: If it cannot be read, or its model cannot be built.
        """
        config, what = read_yaml(folder), "the config of a groupae run"
        try:
            found = cls.parsed(config)
            data = found.experiment.data.resized(found.pixels)
            build_model(data, found.preset.model, seed=0)
        except KeyError as error:
            raise ValueError(expected(folder / CONFIG, what, f"one without {error}")) from None
        except (TypeError, ValueError, OverflowError, MemoryError, RuntimeError) as error:
            line = " ".join(str(error).split())
            raise ValueError(expected(folder / CONFIG, what, line)) from None
        return found

    @classmethod
    def parsed(cls, config: dict[str, Any]) -> RunConfig:
        """Return the config described by plain data, the inverse of `as_data`.

        Raises:
            KeyError: If an entry is missing.
            TypeError: If an entry is of the wrong type, or there is no such field.
            ValueError: If a value is out of range, or there is no such data set.
        """
        sections = {"data": {}, **config}
        for name in ("model", "training", "data"):
            if not isinstance(sections[name], dict):
                raise TypeError(f"{name} that is {sections[name]!r}")
        data = sections["data"]
        values = _replaced(list, tuple, config["model"])
        model = (BaselineConfig if "system" in values else ModelConfig)(**values)
        size, folder, pixels = data.get("size", "small"), data.get("folder"), data.get("pixels")
        check_options("data", "test", size)
        if not isinstance(folder, (str, type(None))):
            raise TypeError(f"a folder that is {folder!r}")
        options, name = RunOptions.parsed(config), str(config["experiment"])
        experiment = _experiment(name, options, folder, pixels)
        preset = Preset(model, TrainingConfig(**config["training"]))
        name = str(config.get("preset", "custom"))
        if not name.isprintable() or len(name) > _LONGEST_NAME:
            raise ValueError(f"a preset that is {name!r:.80}")
        place = Path(folder) if folder else None
        found = cls(experiment, preset, name, size, place, pixels, options)
        _ = found.earlier_sha256  # raises for an earlier budget that is none
        return found

    def write(self, folder: Path) -> None:
        """Write the config into a run folder."""
        content = yaml.safe_dump(self.as_data(), sort_keys=False)
        write_durably(folder / CONFIG, content.encode())

    def as_data(self) -> dict[str, Any]:
        """Return the config as plain data, with every field."""
        return {
            "groupae_run": _VERSION,
            "experiment": self.experiment.name,
            "data": {
                "size": self.size,
                "folder": self.folder and str(self.folder),
                "pixels": self.pixels,
            },
            "preset": self.preset_name,
            "model": _replaced(tuple, list, dataclasses.asdict(self.preset.model)),
            "training": dataclasses.asdict(self.preset.training),
            **self.options.as_data(),
        }

    @property
    def sha256(self) -> str:
        """SHA-256 of the config without the folder of the originals, which may be moved.

        Nor does it depend on the devices, on logs or on the times of snapshots.
        """
        training = _chosen(self.preset.training)
        return digest(
            {
                "experiment": self.experiment.name,
                "size": self.size,
                "pixels": self.pixels,
                "preset": self.preset_name,
                "model": _chosen(self.preset.model),
                "training": {k: v for k, v in training.items() if k not in MACHINE},
                **self.options.identity(),
            }
        )

    @property
    def earlier_sha256(self) -> tuple[str, ...]:
        """SHA-256 of the config with each of the earlier budgets of a lengthened run."""
        return tuple(self._with_budget(budget).sha256 for budget in self.options.earlier)

    def _with_budget(self, budget: Mapping[str, Any]) -> RunConfig:
        training = dataclasses.replace(self.preset.training, **budget)
        return dataclasses.replace(self, preset=Preset(self.preset.model, training))

    def changed(self, training: TrainingConfig, options: RunOptions) -> RunConfig:
        """Return the config with another training, which records its budget if that differs."""
        old = {name: getattr(self.preset.training, name) for name in BUDGET}
        earlier = self.options.earlier
        if any(getattr(training, name) != value for name, value in old.items()):
            earlier = (*earlier, old)
        options = dataclasses.replace(options, earlier=earlier)
        return dataclasses.replace(
            self, preset=Preset(self.preset.model, training), options=options
        )


def _experiment(
    name: str, options: RunOptions, folder: str | None, pixels: int | None
) -> Experiment:
    """Return the experiment of a config: one by name, or of own pictures."""
    if options.own is None:
        return get_experiment(name)
    if folder is None:
        raise TypeError("own pictures without their folder")
    check_name("own_folder", "experiment", name)
    found = options.own.experiment(Path(folder), pixels)
    return dataclasses.replace(found, data=dataclasses.replace(found.data, name=name))  # if moved


def _replaced(old: type[Any], new: type[Any], value: Any) -> Any:
    """Return plain data with lists for tuples or the reverse: YAML has lists only."""
    if isinstance(value, dict):
        return {key: _replaced(old, new, part) for key, part in value.items()}
    return new(_replaced(old, new, part) for part in value) if isinstance(value, old) else value


def _chosen(config: Any) -> dict[str, Any]:
    """Return the fields that differ from their defaults, so that a new field changes no hash."""
    fields = dataclasses.fields(config)
    values = dataclasses.asdict(config)
    return {f.name: values[f.name] for f in fields if getattr(config, f.name) != f.default}
