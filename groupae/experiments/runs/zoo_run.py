"""Trained models of the package as runs: their data, scores and pictures, without a run folder."""

from __future__ import annotations

from pathlib import Path

from groupae._validation import expected
from groupae.experiments.runs.run import Run
from groupae.experiments.runs.run_config import RunConfig
from groupae.experiments.runs.run_folder import RESULT
from groupae.models import TransformModule
from groupae.persistence import load, read_card
from groupae.training import TrainingResult

__all__ = ["open_zoo"]


def open_zoo(name: str, folder: Path) -> tuple[Run, TransformModule]:
    """Return a trained model ``zoo:NAME`` with the run that made it.

    Args:
        name: The name, with ``zoo:``.
        folder: Folder for what is made of the run, such as pictures; it is not made.

    Raises:
        ValueError: If there is no such model, a file is damaged, or the card describes no run.

    Example:
        >>> run, model = open_zoo("zoo:series", Path("series"))
        >>> run.experiment.name, run.result.stopped
        ('series', '')
    """
    model, card = load(name), read_card(name)
    try:
        run = Run.of(folder, RunConfig.parsed(card["run"]))
        result = TrainingResult(**card["result"])
    except (KeyError, TypeError, ValueError) as error:
        got = " ".join(str(error).split())
        raise ValueError(expected(name, "a card with the run that made it", got)) from None
    run._kept[RESULT] = result
    return run, model
