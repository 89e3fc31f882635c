"""Loggers by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from groupae._validation import unknown_choice
from groupae.training.loggers.callback import MetricsLogger
from groupae.training.loggers.csv import CSVLogger
from groupae.training.loggers.mlflow import MLflowLogger
from groupae.training.loggers.tensorboard import TensorBoardLogger
from groupae.training.loggers.trackio import TrackioLogger
from groupae.training.loggers.wandb import WandbLogger

__all__ = ["LOGGERS", "get_logger"]

LOGGERS: Mapping[str, Callable[..., MetricsLogger]] = {
    "csv": CSVLogger,
    "tensorboard": TensorBoardLogger,
    "wandb": WandbLogger,
    "mlflow": MLflowLogger,
    "trackio": TrackioLogger,
}
"""Classes of loggers by name."""


def get_logger(name: str, folder: Path | str, **options: Any) -> MetricsLogger:
    """Return the logger of a name, for `LoggerCallback`.

    Args:
        name: ``"csv"``, ``"tensorboard"``, ``"wandb"``, ``"mlflow"`` or ``"trackio"``.
        folder: Folder to which it writes.
        options: Further arguments of its class, such as ``project="digits"``.

    Raises:
        ValueError: If there is no logger of that name, or none of its options has that name.
        ModuleNotFoundError: If its package is not installed, with the command that installs it.

    Example:
        >>> get_logger("csv", "run/logs").path.name
        'metrics.csv'
    """
    if name not in LOGGERS:
        raise ValueError(unknown_choice("get_logger", "name", name, LOGGERS))
    known = [each for each in inspect.signature(LOGGERS[name]).parameters if each != "folder"]
    for option in options:
        if option not in known:
            owner, what = f"get_logger({name!r})", "an option"
            raise ValueError(unknown_choice(owner, what, option, known))
    return LOGGERS[name](folder, **options)
