"""Metrics for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groupae.training.loggers.store import import_logger_package

__all__ = ["TensorBoardLogger"]


class TensorBoardLogger:
    """Logger for the package tensorboard (``pip install 'groupae[tensorboard]'``).

    It writes event files to ``folder/tensorboard``, one more for each part of a resumed training;
    TensorBoard hides what the parts before logged after the step from which it was resumed.
    ``tensorboard --logdir folder`` shows them. A thread writes them, no process is started and
    nothing is sent.

    Args:
        folder: Folder of the run.

    Raises:
        ModuleNotFoundError: If tensorboard is not installed.
    """

    def __init__(self, folder: Path | str) -> None:
        import_logger_package("TensorBoardLogger", "tensorboard", extra="tensorboard")
        self.folder: Path = Path(folder) / "tensorboard"
        self._first_step: int | None = None
        self._writer: Any = None
        self._step = -1

    def resume(self, step: int) -> None:
        """Let TensorBoard hide what was logged after a step."""
        self._first_step, self._step = step + 1, step

    def log_hyperparams(self, params: Mapping[str, Any]) -> None:
        """Log settings as a table of text."""
        rows = "".join(f"| {name} | {value} |\n" for name, value in params.items())
        self._opened().add_text("hyperparameters", f"| name | value |\n|---|---|\n{rows}", 0)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics of a step."""
        self._step = self._step + 1 if step is None else step
        for name, value in metrics.items():
            self._opened().add_scalar(name, value, self._step)

    def finalize(self, status: str) -> None:
        """Write all to disk, and close the file."""
        del status
        if self._writer is not None:
            self._writer.close()
        self._writer, self._first_step, self._step = None, None, -1

    def _opened(self) -> Any:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(
                str(self.folder), purge_step=self._first_step, flush_secs=30
            )
        return self._writer
