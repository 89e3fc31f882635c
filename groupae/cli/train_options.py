"""Options of ``groupae train``: the run that they describe, and how they differ from one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from groupae._choices import Size
from groupae._validation import expected
from groupae.cli.folders import is_own_folder
from groupae.experiments import Experiment, Preset, Run, get_experiment
from groupae.experiments.datasets.registry import DATASETS
from groupae.experiments.runs.run_options import BUDGET, MACHINE, OwnFolder, RunOptions
from groupae.training import TrainingConfig

__all__ = ["TrainOptions"]

_OWNER = "groupae train"
_TRAINING = (
    *("minutes", "steps", "cpu_minutes", "patience", "batch_size", "learning_rate", "seed"),
    *("accumulate", "ema", "ema_share", "device", "devices", "precision", "workers", "threads"),
)
_FLAGS = ("compile", "deterministic")
_NO_GROUP = ("none", "so2, o2, so3, 'c(8)', translation, ...: the group that moves the pictures")
_OWN = ("group", "chart", "elements", "mode")


@dataclasses.dataclass(frozen=True)
class TrainOptions:
    """Options as they were given; ``None`` or ``""`` where one was not.

    The fields are the arguments of `groupae.cli.commands.train`.
    """

    dataset: str
    preset: str | None
    group: str | None
    chart: str | None
    elements: str | None
    mode: str | None
    minutes: float | None
    steps: int | None
    cpu_minutes: float | None
    patience: int | None
    batch_size: int | None
    learning_rate: float | None
    accumulate: int | None
    ema: float | None
    ema_share: float | None
    device: str | None
    devices: int | None
    precision: str | None
    workers: int | None
    seed: int | None
    seeds: int | None
    size: Size | None
    pixels: int | None
    folder: Path | None
    out: Path | None
    resume: str | None
    init: Path | None
    log: str | None
    snapshot_minutes: float | None
    threads: int | None
    compile: bool
    deterministic: bool
    force: bool

    def given(self, *names: str) -> dict[str, Any]:
        """Return the values of those of some options that were given."""
        found = {name: getattr(self, name) for name in names}
        return {k: v for k, v in found.items() if v is not None and v is not False}

    # --- a new run -------------------------------------------------------------------------------
    def run(self) -> Run:
        """Return the run that the options describe, without a path; no file is written.

        Raises:
            ValueError: If a name is unknown or options do not go together.
        """
        if self.init is not None:
            return self._run_like(Run.open(self.init))
        if not self.dataset:
            what = "the name of a data set, or a folder of pictures"
            remedy = "groupae data list shows them; --resume auto goes on with the newest run"
            raise ValueError(expected(_OWNER, what, "none", remedy))
        experiment, own = self.experiment()
        name = self.preset or "default"
        return self._run(experiment, own, experiment.preset(name), name)

    def _run_like(self, other: Run) -> Run:
        """Return a run with the data, model and training of another where no option says else."""
        experiment, own = other.experiment, other.options.own
        name, preset = other.preset_name, other.preset
        size, folder, pixels = other.size, other.folder, other.pixels
        if self.dataset or self.given(*_OWN):
            experiment, own = self.experiment()
            size, folder, pixels = "small", None, None
        if self.preset is not None:
            name, preset = self.preset, experiment.preset(self.preset)
        seed = self.seed or 0
        preset = Preset(preset.model, dataclasses.replace(preset.training, seed=seed))
        run = self._run(experiment, own, preset, name, size, folder, pixels)
        return run.begin_with(other.path)

    def _run(
        self,
        experiment: Experiment,
        own: OwnFolder | None,
        preset: Preset,
        name: str,
        size: Size = "small",
        folder: Path | None = None,
        pixels: int | None = None,
    ) -> Run:
        training = self.training(preset.training)
        folder = folder if self.folder is None else self.folder.absolute()
        if own is not None and self.dataset:
            folder = Path(self.dataset).absolute()
        return Run(
            Path(),
            experiment,
            Preset(preset.model, training),
            name,
            self.size or size,
            folder,
            pixels if self.pixels is None else self.pixels,
            self.run_options(RunOptions(own=own)),
        )

    def training(self, usual: TrainingConfig) -> TrainingConfig:
        """Return a training with the options that were given in place of its own."""
        changes = self.given(*_TRAINING, *_FLAGS)
        budget = {"steps", "minutes", "cpu_minutes"} & set(changes)
        if budget:
            changes = {"steps": None, "cpu_minutes": None, **changes}
        if average := {"ema", "ema_share"} & set(changes):  # one in place of the other
            changes = {**dict.fromkeys({"ema", "ema_share"} - average, 0.0), **changes}
        return dataclasses.replace(usual, **changes)

    def run_options(self, usual: RunOptions) -> RunOptions:
        """Return options of a run with logs and snapshots as they were given."""
        changes = self.given("snapshot_minutes")
        if self.log is not None:
            names = [name.strip() for name in self.log.split(",") if name.strip()]
            changes["log"] = tuple(dict.fromkeys(names))
            _check_loggers(changes["log"])
        return dataclasses.replace(usual, **changes)

    def experiment(self) -> tuple[Experiment, OwnFolder | None]:
        """Return the experiment of a data set, or of a folder of own pictures, described.

        Raises:
            ValueError: If there is no such data set, or an option does not go with it.
        """
        if not is_own_folder(self.dataset):
            if "/" in self.dataset:
                what, remedy = (
                    f"a folder {self.dataset}",
                    "name a folder of pictures, or a data set",
                )
                raise FileNotFoundError(expected(_OWNER, what, "none", remedy))
            if given := self.given(*_OWN):
                what = f"a folder of pictures for {', '.join(map(_option, given))}"
                is_named = self.dataset in DATASETS
                remedy = "" if is_named else f"there is no folder {self.dataset} here"
                raise ValueError(expected(_OWNER, what, repr(self.dataset), remedy))
            return get_experiment(self.dataset), None
        if self.group is None:
            raise ValueError(expected(_OWNER, "--group for a folder of pictures", *_NO_GROUP))
        if given := self.given("folder", "size"):
            got = f"{', '.join(map(_option, given))} beside the folder {self.dataset}"
            raise ValueError(expected(_OWNER, "no such option", got, "leave it out"))
        names = [name.strip() for name in (self.elements or "").split(",") if name.strip()]
        own = OwnFolder(self.group, self.chart, tuple(names), self.mode)
        return own.experiment(Path(self.dataset).absolute(), self.pixels), own

    # --- an old run ------------------------------------------------------------------------------
    @property
    def changes(self) -> dict[str, Any]:
        """New budget of a run to resume, as far as given."""
        return self.given(*BUDGET)

    def check_same(self, run: Run) -> None:
        """Raise `ValueError` if an option contradicts the config of a run to resume.

        Budget, devices, logs and snapshots may change.
        """
        training, own = run.preset.training, run.options.own or OwnFolder("none")
        known: dict[str, Any] = {
            "dataset": run.experiment.name if run.options.own is None else str(run.folder),
            "preset": run.preset_name,
            "group": own.group,
            "chart": own.chart,
            "elements": ",".join(own.elements),
            "mode": own.mode,
            "size": run.size,
            "pixels": run.pixels,
            "folder": run.folder,
            **{name: getattr(training, name) for name in (*_TRAINING, *_FLAGS)},
        }
        given = self.given(*(name for name in known if name not in (*BUDGET, *MACHINE)))
        if not given.pop("dataset"):
            pass
        elif run.options.own is None:
            given["dataset"] = self.dataset
        else:
            given["dataset"] = str(Path(self.dataset).absolute())
        if "folder" in given:
            given["folder"] = given["folder"].absolute()
        different = [name for name, value in given.items() if value != known[name]]
        refused = list(map(_option, self.given("out", "init", "force")))
        if refused:
            remedy = "leave it out, or name a new run by --out without --resume"
            what = "no option for a new run beside --resume"
            raise ValueError(expected(_OWNER, what, ", ".join(refused), remedy))
        if different:
            got = ", ".join(f"{_option(n)} {given[n]} (there {known[n]})" for n in different)
            what = f"the options of {run.path}"
            remedy = "leave them out; budget, devices, threads and logs may change"
            raise ValueError(expected(f"{_OWNER} --resume", what, got, remedy))


def _option(name: str) -> str:
    return "the data set" if name == "dataset" else f"--{name.replace('_', '-')}"


def _check_loggers(names: tuple[str, ...]) -> None:
    """Raise unless all loggers exist and their packages are installed."""
    if not names:
        what, got = "--log with names and commas between, such as csv,tensorboard", "none"
        raise ValueError(expected(_OWNER, what, got))
    from groupae.training.loggers import get_logger

    for name in names:
        get_logger(name, "logs")  # writes nothing until it logs
