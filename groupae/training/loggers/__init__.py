"""Loggers of metrics: CSV, TensorBoard, wandb, mlflow and trackio behind one protocol.

The protocol is that of lightning-fabric, so its loggers and those of Lightning work as they are:
``fit(..., callbacks=LoggerCallback(logger))``. A logger package is imported when its logger is
made. A resumed training logs no step twice: each logger below says how.
"""

from groupae.training.loggers.callback import LoggerCallback, MetricsLogger
from groupae.training.loggers.csv import CSVLogger
from groupae.training.loggers.mlflow import MLflowLogger
from groupae.training.loggers.registry import get_logger
from groupae.training.loggers.store import StoreLogger
from groupae.training.loggers.tensorboard import TensorBoardLogger
from groupae.training.loggers.trackio import TrackioLogger
from groupae.training.loggers.wandb import WandbLogger

__all__ = [
    "CSVLogger",
    "LoggerCallback",
    "MLflowLogger",
    "MetricsLogger",
    "StoreLogger",
    "TensorBoardLogger",
    "TrackioLogger",
    "WandbLogger",
    "get_logger",
]
