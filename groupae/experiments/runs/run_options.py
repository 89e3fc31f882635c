"""Optional sections of a run's config: own pictures, first weights, earlier budgets, logs.

A section that is not used is not written, so configs of earlier versions read as before.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupae._validation import expected
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.own_folder import own_folder

__all__ = [
    "BUDGET",
    "MACHINE",
    "NO_OPTIONS",
    "SNAPSHOT_MINUTES",
    "Origin",
    "OwnFolder",
    "RunOptions",
    "next_serial",
    "serial_in",
]

BUDGET = ("minutes", "steps", "cpu_minutes", "patience")
"""Fields of a `TrainingConfig` that say when a training ends."""

MACHINE = ("device", "devices", "workers", "threads")
"""Fields of a `TrainingConfig` that say where it runs, with the same result up to rounding."""

SNAPSHOT_MINUTES = 2.0
"""Default minutes between snapshots; at most so much work is lost."""

_LONGEST = 200  # characters of a text of a config


@dataclasses.dataclass(frozen=True)
class OwnFolder:
    """Description of a folder of a user's own pictures; its path is that of the run's data.

    Args:
        group: The group, as text.
        chart: How elements are written in the table; ``None`` for the default of the group.
        elements: Columns with the numbers of an element; empty for all that begin with
            ``element``.
        mode: ``"L"`` for grey pictures, ``"RGB"`` for colours, ``None`` as they are.

    Raises:
        ValueError: If an entry is of the wrong type: it may come from a file.
    """

    group: str
    chart: str | None = None
    elements: tuple[str, ...] = ()
    mode: str | None = None

    def __post_init__(self) -> None:
        for name in ("group", "chart", "mode"):
            value = getattr(self, name)
            if not (_is_text(value) or (value is None and name != "group")):
                raise ValueError(expected("own_folder", f"{name} as text", f"{value!r:.80}"))
        if not isinstance(self.elements, tuple) or not all(map(_is_text, self.elements)):
            got = f"{self.elements!r:.80}"
            raise ValueError(expected("own_folder", "elements as a list of columns", got))

    def experiment(self, folder: Path, pixels: int | None) -> Experiment:
        """Return the experiment on the pictures in a folder.

        Raises:
            FileNotFoundError: If the folder is missing.
            ValueError: If its content is not as described.
        """
        if not folder.is_dir():
            remedy = "put it back, or write its new path under data, folder in config.yaml"
            raise FileNotFoundError(expected("own pictures", f"a folder {folder}", "none", remedy))
        elements = list(self.elements) or None
        return own_folder(
            folder, self.group, self.chart, elements=elements, mode=self.mode, pixels=pixels
        )


@dataclasses.dataclass(frozen=True)
class Origin:
    """Weights that a run began with, of an earlier run.

    Args:
        run: Path of the earlier run, for the record.
        step: Step of its checkpoint.
        sha256: SHA-256 of its weights.
    """

    run: str
    step: int
    sha256: str

    def __post_init__(self) -> None:
        is_count = isinstance(self.step, int) and type(self.step) is not bool
        is_sum = isinstance(self.sha256, str) and re.fullmatch("[0-9a-f]{64}", self.sha256)
        if not (_is_text(self.run, 4096) and is_count and is_sum):
            raise ValueError(expected("init", "run, step and sha256 of the first weights", self))


def _is_text(value: object, longest: int = _LONGEST) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= longest


@dataclasses.dataclass(frozen=True)
class RunOptions:
    """Settings of a run beside data, model and training.

    Args:
        own: Own pictures, in place of a data set by name.
        init: First weights, if they are of an earlier run.
        earlier: Earlier budgets of a run that was lengthened, the first one first.
        log: Names of loggers beside ``metrics.jsonl``.
        snapshot_minutes: Minutes between snapshots.
        serial: Place of the run among those of its folder in order of creation, 0 if unknown.

    Raises:
        ValueError: If an entry is of the wrong type or out of range.

    Example:
        >>> RunOptions(log=("csv",)).as_data()
        {'log': ['csv']}
    """

    own: OwnFolder | None = None
    init: Origin | None = None
    earlier: tuple[Mapping[str, Any], ...] = ()
    log: tuple[str, ...] = ()
    snapshot_minutes: float = SNAPSHOT_MINUTES
    serial: int = 0

    def __post_init__(self) -> None:
        minutes = self.snapshot_minutes
        is_number = isinstance(minutes, (int, float)) and type(minutes) is not bool
        if not is_number or not 0 < minutes < math.inf:
            raise ValueError(expected("run", "snapshot_minutes above zero", f"{minutes!r:.60}"))
        if not isinstance(self.log, tuple) or not all(map(_is_text, self.log)):
            raise ValueError(expected("run", "log as a list of names", f"{self.log!r:.80}"))
        if not isinstance(self.serial, int) or isinstance(self.serial, bool) or self.serial < 0:
            raise ValueError(expected("run", "serial as a count", f"{self.serial!r:.60}"))
        for budget in self.earlier:
            if not isinstance(budget, Mapping) or not set(budget) <= set(BUDGET):
                what = f"earlier budgets with {', '.join(BUDGET)}"
                raise ValueError(expected("run", what, f"{budget!r:.80}"))

    @classmethod
    def parsed(cls, config: Mapping[str, Any]) -> RunOptions:
        """Return the options in the plain data of a config, the inverse of `as_data`.

        Raises:
            TypeError: If a section is of another kind, or has an unknown entry.
            ValueError: If a value is out of range.
        """
        found: dict[str, Any] = {}
        kinds: Mapping[str, Any] = {"own_folder": OwnFolder, "init": Origin}
        for name, kind in kinds.items():
            if (section := config.get(name)) is not None:
                if not isinstance(section, dict):
                    raise TypeError(f"{name} that is {section!r:.80}")
                values = {k: tuple(v) if isinstance(v, list) else v for k, v in section.items()}
                found["own" if kind is OwnFolder else name] = kind(**values)
        for name in ("earlier", "log"):
            if (entries := config.get(name)) is not None:
                if not isinstance(entries, list):
                    raise TypeError(f"{name} that is {entries!r:.80}")
                found[name] = tuple(entries)
        for name in ("snapshot_minutes", "serial"):
            if name in config:
                found[name] = config[name]
        return cls(**found)

    def as_data(self) -> dict[str, Any]:
        """Return the sections that are used, as plain data."""
        sections: dict[str, Any] = {
            "own_folder": self.own and _listed(dataclasses.asdict(self.own)),
            "init": self.init and dataclasses.asdict(self.init),
            "earlier": [dict(budget) for budget in self.earlier],
            "log": list(self.log),
        }
        found = {name: section for name, section in sections.items() if section}
        if self.snapshot_minutes != SNAPSHOT_MINUTES:
            found["snapshot_minutes"] = self.snapshot_minutes
        return {**found, **({"serial": self.serial} if self.serial else {})}

    def identity(self) -> dict[str, Any]:
        """Return the parts that determine the weights, as plain data; empty by default."""
        found: dict[str, Any] = {}
        if self.own is not None:
            own = dataclasses.asdict(self.own)
            found["own_folder"] = _listed({k: v for k, v in own.items() if v})
        if self.init is not None:
            found["init"] = {"step": self.init.step, "sha256": self.init.sha256}
        return found


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def serial_in(config: Path) -> int:
    """Return the serial number in a config, read as text; 0 if there is none."""
    try:
        with config.open(errors="replace") as stream:
            found = re.search(r"^serial: (\d{1,9})$", stream.read(2**16), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def next_serial(folder: Path) -> int:
    """Return the number after the largest serial number of the runs in a folder.

    Unlike times of files it is right also after a clock was set back.
    """
    return 1 + max(map(serial_in, folder.glob("*/config.yaml")), default=0)


NO_OPTIONS = RunOptions()
"""Options of a run that uses none of them."""
