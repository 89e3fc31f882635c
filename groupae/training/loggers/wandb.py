"""Metrics for Weights & Biases."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Literal

from typing_extensions import override

from groupae.training.loggers.store import StoreLogger

__all__ = ["WandbLogger"]


class WandbLogger(StoreLogger):
    """Logger for the package wandb (``pip install 'groupae[wandb]'``).

    wandb writes to ``folder/wandb`` and to its cache, and starts the process ``wandb-core``, which
    ends with Python. It sends to its server unless its mode is ``"offline"`` or ``"disabled"``.
    Offline, each part of a resumed training is a folder of its own with the same id of the run, to
    be sent by ``wandb sync``.

    Args:
        folder: Folder of the run, to which wandb writes.
        project: Project of the run.
        name: Name of the run; the name of the folder by default.
        mode: ``"online"``, ``"offline"`` or ``"disabled"``; by default as the environment variable
            ``WANDB_MODE`` has it.

    Raises:
        ModuleNotFoundError: If wandb is not installed.
    """

    package = "wandb"
    delay = 10.0  # metrics are written by another process or thread

    def __init__(
        self,
        folder: Path | str,
        *,
        project: str = "groupae",
        name: str | None = None,
        mode: Literal["online", "offline", "disabled"] | None = None,
    ) -> None:
        super().__init__(folder, project=project, name=name)
        self.mode = mode

    @override
    def _begin(self, run_id: str | None) -> tuple[Any, str]:
        run = self._module.init(
            project=self.project,
            name=self.name,
            id=run_id or secrets.token_hex(4),
            resume="allow" if run_id else None,
            dir=str(self.folder),
            mode=self.mode,
            config=self._hyperparameters,
            settings=self._module.Settings(console="off"),  # stdout stays that of the progress bar
        )
        return run, str(run.id)

    @override
    def _log(self, metrics: dict[str, float], step: int | None) -> None:
        self._run.log(metrics, step=step)

    @override
    def _end(self, run: Any, status: str) -> None:
        run.finish(exit_code=0 if status == "success" else 1)
