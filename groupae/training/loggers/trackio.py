"""Metrics for Trackio."""

from __future__ import annotations

import secrets
from typing import Any

from typing_extensions import override

from groupae.training.loggers.store import StoreLogger

__all__ = ["TrackioLogger"]


class TrackioLogger(StoreLogger):
    """Logger for the package trackio (``pip install 'groupae[trackio]'``).

    trackio writes to its own folder, which is ``TRACKIO_DIR`` in the environment when it is
    imported, else in the cache of Hugging Face; ``trackio show`` opens it. It starts a thread and
    no process, and sends nothing unless ``TRACKIO_SPACE_ID`` or ``TRACKIO_SERVER_URL`` is set. Its
    runs are known by name, so a random suffix makes the name of a new run its own.

    Args:
        folder: Folder in which the name of the run is noted, for a resumed training.
        project: Project of the run.
        name: Beginning of the name of the run; the name of the folder by default.

    Raises:
        ModuleNotFoundError: If trackio is not installed.
    """

    package = "trackio"
    delay = 10.0  # metrics are written by another thread

    @override
    def _begin(self, run_id: str | None) -> tuple[Any, str]:
        name = run_id or f"{self.name}-{secrets.token_hex(3)}"
        run = self._module.init(
            project=self.project,
            name=name,
            resume="allow" if run_id else "never",
            config=self._hyperparameters or None,
            embed=False,  # else a notebook gets a server and a frame
            auto_log_cpu=False,
            auto_log_gpu=False,
        )
        return run, name

    @override
    def _log(self, metrics: dict[str, float], step: int | None) -> None:
        self._run.log(metrics, step=step)

    @override
    def _end(self, run: Any, status: str) -> None:
        del run, status  # trackio has no status; run.finish() alone is said again at exit
        self._module.finish()
