"""Base class of loggers whose package keeps runs in a store of its own."""

from __future__ import annotations

import importlib
import json
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from groupae._files import read_json, write_durably
from groupae._validation import expected

__all__ = ["StoreLogger", "import_logger_package"]


def import_logger_package(owner: str, package: str, *, extra: str) -> ModuleType:
    """Return a package that a logger needs.

    Raises:
        ModuleNotFoundError: If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        got = f"no module {error.name!r}"
        remedy = f"pip install 'groupae[{extra}]'"
        raise ModuleNotFoundError(expected(owner, f"the package {extra}", got, remedy)) from None


class StoreLogger:
    """Base class of loggers whose package keeps runs in a store of its own.

    Run and last step are noted in ``folder/<package>.json``. A resumed training goes on with that
    run, and what the run has already is not logged again, since stores take no metrics back: a
    resumed training repeats its steps with the same numbers. After a killed process, metrics of its
    last ``delay`` seconds may be there twice.

    A subclass sets ``package`` and overrides the methods whose names begin with an underscore.

    Args:
        folder: Folder of the note and of files that the package writes; made if missing.
        project: Name under which the package groups runs.
        name: Name of the run; the name of the folder by default.

    Raises:
        ModuleNotFoundError: If the package is not installed, with the command that installs it.

    Example:
        >>> from groupae.training.loggers import TrackioLogger
        >>> issubclass(TrackioLogger, StoreLogger)
        True
    """

    package = ""
    delay = 0.0
    """Seconds after which what was logged is surely in the store, also if the process is killed."""

    def __init__(
        self, folder: Path | str, *, project: str = "groupae", name: str | None = None
    ) -> None:
        self._module = self._import()
        self.folder: Path = Path(folder).absolute()
        self.project, self.name = project, name or self.folder.name
        self._hyperparameters: dict[str, Any] = {}
        self._run: Any = None
        self._reset()

    def _import(self) -> Any:
        return import_logger_package(type(self).__name__, self.package, extra=self.package)

    def _reset(self) -> None:
        self._id: str | None = None
        self._logged = -1  # last step that a resumed run has already
        self._recent: deque[tuple[float, int]] = deque()  # times and steps that are not noted

    def resume(self, step: int) -> None:
        """Go on with the run that is noted in the folder; a new one is begun if none is."""
        del step
        if self._note.is_file() and not self._note.is_symlink():
            found = read_json(self._note)
            try:
                self._id, self._logged = str(found["run"]), int(found["step"])
            except (TypeError, KeyError, ValueError) as error:
                what, remedy = "a note of a run and its last step", "delete it to begin a new run"
                raise ValueError(expected(self._note, what, repr(error), remedy)) from None

    def log_hyperparams(self, params: Mapping[str, Any]) -> None:
        """Keep settings, which are logged when the run is begun."""
        self._hyperparameters = dict(params)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics of a step; the first ones begin the run."""
        self.begin()
        if step is None or step > self._logged:
            self._log(dict(metrics), step)
            if step is not None:
                self._recent.append((time.monotonic(), step))
                self._write_note(self.delay)

    def begin(self) -> None:
        """Begin the run if it is not begun."""
        if self._run is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._run, self._id = self._begin(self._id)
            write_durably(self._note, self._noted(self._logged))

    def finalize(self, status: str) -> None:
        """End the run; the next training begins another."""
        if self._run is not None:
            run, self._run = self._run, None
            try:
                self._end(run, status)
                self._write_note(0.0)
            finally:
                self._reset()

    # --- the note ----------------------------------------------------------------------------
    @property
    def _note(self) -> Path:
        return self.folder / f"{self.package}.json"

    def _noted(self, step: int) -> bytes:
        return json.dumps({"run": self._id, "step": step}).encode() + b"\n"

    def _write_note(self, delay: float) -> None:
        """Note the last step that is in the store by now; the disk is not waited for."""
        last, before = None, time.monotonic() - delay
        while self._recent and self._recent[0][0] <= before:
            last = self._recent.popleft()[1]
        if last is not None:
            beside = self._note.with_suffix(".json.new")
            beside.write_bytes(self._noted(last))
            beside.replace(self._note)

    # --- what a subclass does ----------------------------------------------------------------
    def _begin(self, run_id: str | None) -> tuple[Any, str]:
        """Begin a run, or go on with one; return it and its id."""
        raise NotImplementedError

    def _log(self, metrics: dict[str, float], step: int | None) -> None:
        raise NotImplementedError

    def _end(self, run: Any, status: str) -> None:
        raise NotImplementedError
