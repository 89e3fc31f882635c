"""Evaluation of a run by all scores that apply: predictions, laws, codes."""

from __future__ import annotations

from typing import Any

from groupae._files import write_durably
from groupae.experiments.runs.run import Run
from groupae.experiments.runs.run_folder import EVALUATION
from groupae.metrics import Evaluation, evaluate
from groupae.models import TransformModule
from groupae.protocols import PairBatch

__all__ = ["evaluate_fully", "write_evaluation"]


class _HeldOut:
    """The test pairs of a run, with what its data set knows beside them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._data: Any = run.load("test")
        self.has_recombinations: bool = self._data.has_recombinations
        self.recombinations = self._data.recombinations
        self.data_action = getattr(self._data, "data_action", None)

    def __len__(self) -> int:
        return len(self._data)

    def fixed(self) -> PairBatch:
        return self._run.fixed("test")


def evaluate_fully(run: Run, model: TransformModule) -> Evaluation:
    """Return all scores that apply to a trained model and its data, on the test pairs."""
    return evaluate(model, _HeldOut(run))


def write_evaluation(run: Run, evaluation: Evaluation) -> None:
    """Write ``evaluation.json``."""
    write_durably(run.path / EVALUATION, evaluation.to_json().encode() + b"\n")
