"""Swaps of a run, drawn and scored: invariants of one held-out datum, the rest of another."""

from __future__ import annotations

import dataclasses

import torch
from rich.console import Console

from groupae._files import write_durably
from groupae._printable import counted
from groupae._table import Table
from groupae._validation import expected
from groupae.experiments.runs.run import Run
from groupae.metrics import OWN_PSNR, SEEN_PSNR, Estimate, Score, swap_scores
from groupae.models import TransformModule
from groupae.protocols import Recombinations, Swaps
from groupae.viz import plot_swap, save_figure, to_pictures

__all__ = ["SwapReport", "draw_swap", "make_swap_report", "write_swap_report"]

_JUDGED, _DRAWN = 1000, 8


@dataclasses.dataclass(frozen=True)
class SwapReport:
    """Scores of the swaps of a trained model.

    Args:
        title: Experiment, preset and seed.
        columns: Scores, one per column.
        scores: Estimates by reading of a swap, then as `groupae.metrics.swap_scores` returns them.
            Scores that are not defined are missing.
        swaps: Number of swaps.
    """

    title: str
    columns: tuple[Score, ...]
    scores: dict[str, dict[str, dict[str, Estimate]]]
    swaps: int

    @property
    def _table(self) -> Table:
        rows = [
            [meaning, name, *(_cell(estimates.get(column.name), column) for column in self.columns)]
            for meaning, found in self.scores.items()
            for name, estimates in found.items()
        ]
        return Table(
            ["judged as", "picture", *(column.heading for column in self.columns)],
            rows,
            title=self.title,
            caption=f"{counted(self.swaps, 'held-out pair')} x, y; "
            "mean and 95 % interval over pairs",
            labels=2,
            is_grouped=True,
            styles={i: "bold" for i, row in enumerate(rows) if row[1] == "swap"},
            is_framed=True,
            file="swap.md",
        )

    def markdown(self) -> str:
        """Return the report as Markdown, with a link to the picture."""
        table, picture = self._table, "![x, y, their swap, and what it should show](swap.png)"
        parts = [f"# {self.title}", table.markdown(), f"{table.caption}.", picture]
        return "\n\n".join(parts) + "\n"

    def print(self, console: Console) -> None:
        """Print the report, with as many scores as fit on the terminal."""
        self._table.print(console)


def _cell(estimate: Estimate | None, score: Score) -> str:
    return "" if estimate is None else f"{estimate:.{score.digits}f}"


def _swapping(run: Run, model: TransformModule) -> Swaps:
    if isinstance(model, Swaps):
        return model
    what, got = "a model with a latent code whose parts can be swapped", type(model).__name__
    raise ValueError(expected(run.path, what, got, "name a run of the default or paper preset"))


def _columns(run: Run, reading: Recombinations) -> tuple[Score, ...]:
    """Return the scores of the experiment, and those on known parts of a picture."""
    usual = tuple(score for score in run.experiment.scores if score is not OWN_PSNR)
    own = () if reading.mask is None else (OWN_PSNR,)
    return (*usual, *own, *(() if reading.seen is None else (SEEN_PSNR,)))


def make_swap_report(run: Run, model: TransformModule) -> SwapReport:
    """Evaluate swaps of held-out data against the truth of each reading.

    Raises:
        ValueError: If the code of the model has no parts to swap, or the data set has no truth.
    """
    swapping, test = _swapping(run, model), run.load("test")
    readings = test.recombinations(min(_JUDGED, len(test)))
    scores = {r.meaning: swap_scores(swapping, r, _columns(run, r)) for r in readings}
    columns = dict.fromkeys(c for r in readings for c in _columns(run, r))
    seed = run.preset.training.seed
    title = f"{run.experiment.name}, {run.preset_name} preset, seed {seed}: swaps"
    return SwapReport(title, tuple(columns), scores, len(readings[0]))


def write_swap_report(run: Run, report: SwapReport) -> None:
    """Write ``swap.md``."""
    write_durably(run.path / "swap.md", report.markdown().encode())


def draw_swap(run: Run, model: TransformModule) -> None:
    """Write ``swap.png``: held-out x and y, their swap, and the truth.

    Raises:
        ValueError: As for `make_swap_report`.
    """
    swapping, test = _swapping(run, model), run.load("test")
    readings = test.recombinations(min(_DRAWN, len(test)))
    x, y = readings[0].x, readings[0].y
    truths = {r.meaning: r.truth for r in readings if not torch.equal(r.truth, y)}
    model.eval()
    figure = plot_swap(swapping, x, y, truths, to_pictures=to_pictures(run.data.kind))
    save_figure(figure, run.path / "swap.png")
