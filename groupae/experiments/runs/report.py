"""Report of a run: scores beside references, laws and sizes; and its pictures."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from groupae._choices import OrbitFormat, Theme
from groupae._files import write_durably
from groupae._printable import counted, say
from groupae._table import Table
from groupae.data import OrbitDataset, Views
from groupae.experiments.runs.run import Run
from groupae.groups import Group
from groupae.metrics import OWN_PSNR, Estimate, Score, evaluate, latent_equivariance_error
from groupae.models import LatentActionAE, TransformModule
from groupae.protocols import PairBatch
from groupae.testing import check_action
from groupae.training import TrainingResult
from groupae.viz import (
    element_title,
    plot_orbit,
    plot_training,
    save_figure,
    save_orbit,
    to_pictures,
)

__all__ = [
    "Report",
    "choose_examples",
    "draw_orbit",
    "draw_training",
    "make_report",
    "write_report",
]

_EXAMPLES, _MOVING = 8, 5  # data in a strip, and in a moving picture
_STILL, _FRAMES = 12, 36  # their elements at most


@dataclasses.dataclass(frozen=True)
class Report:
    """Scores and facts of a trained model.

    Args:
        title: Experiment, preset and seed.
        columns: Scores, one per column.
        scores: Estimates on the fixed test pairs, by model and score; the trained model first.
        facts: Further facts, name to text.
        pairs: Number of test pairs.
    """

    title: str
    columns: tuple[Score, ...]
    scores: dict[str, dict[str, Estimate]]
    facts: dict[str, str]
    pairs: int

    @property
    def _table(self) -> Table:
        return Table(
            ["predicts x2", *(column.heading for column in self.columns)],
            [
                [name, *(f"{estimates[c.name]:.{c.digits}f}" for c in self.columns)]
                for name, estimates in self.scores.items()
            ],
            title=self.title,
            caption=f"{counted(self.pairs, 'held-out pair')}; mean and 95 % interval over pairs",
            styles={0: "bold"},
            is_framed=True,
            file="report.md",
        )

    def markdown(self) -> str:
        """Return the report as Markdown."""
        scores, facts = self._table, Table(["", ""], list(self.facts.items()))
        parts = [f"# {self.title}", scores.markdown(), f"{scores.caption}.", facts.markdown()]
        return "\n\n".join(parts) + "\n"

    def print(self, console: Console) -> None:
        """Print the report, with as many scores as fit on the terminal."""
        self._table.print(console)
        width = max((len(name) for name in self.facts), default=0)
        for name, text in self.facts.items():
            say(console, f"{name:<{width}}  {text}")


def _law_errors(model: LatentActionAE) -> str:
    """Return the worst error of the action's laws in both precisions."""
    parts = []
    for dtype, name in ((torch.float64, "float64"), (torch.float32, "float32")):
        report = check_action(model.action, dtype=dtype)
        worst = report.worst
        verdict = "" if report.passed else f", FAILED: {', '.join(report.failures)}"
        allowed = f"{worst.error:.1e} of {worst.tolerance:.1e} allowed"
        parts.append(f"{name} {allowed} ({worst.law}{verdict})")
    return "; ".join(parts)


@torch.no_grad()
def _equivariance(model: LatentActionAE, pairs: PairBatch) -> Estimate:
    z1, z2 = model.encode(pairs.x1), model.encode(pairs.x2)
    return Estimate.of(latent_equivariance_error(model.action, pairs.g, z1, z2))


def _latent_facts(model: TransformModule, pairs: PairBatch) -> dict[str, str]:
    if not isinstance(model, LatentActionAE):
        return {}
    error = f"{_equivariance(model, pairs):.4f}  (0 exact; unrelated codes: about 2 or more)"
    return {
        "latent": f"{model.action}",
        "latent equivariance error": error,
        "worst law error of the action": _law_errors(model),
    }


def make_report(run: Run, model: TransformModule) -> Report:
    """Evaluate a model and its references on the test pairs."""
    pairs = run.fixed("test")
    columns = run.experiment.scores
    if pairs.mask is not None and OWN_PSNR not in columns:
        columns = (*columns, OWN_PSNR)
    training = run.preset.training
    references = run.experiment.references(run.load("train"))
    models = {f"{run.preset_name} preset": model, **references}
    result = run.result
    spent = "interrupted"
    if result:
        spent = _spent(result, is_in_closed_form=training.start == "closed-form")
    facts = {
        **_latent_facts(model, pairs),
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}",
        "training": f"{spent}, batch {training.batch_size}",
    }
    return Report(
        title=f"{run.experiment.name}, {run.preset_name} preset, seed {training.seed}",
        columns=columns,
        scores={
            name: dict(evaluate(other, pairs, columns, resamples=0))
            for name, other in models.items()
        },
        facts=facts,
        pairs=len(pairs),
    )


def _spent(result: TrainingResult, *, is_in_closed_form: bool) -> str:
    """Return in words what a training took."""
    if is_in_closed_form and not result.steps:
        return f"closed form: {result.seconds:.0f} s, no steps"
    loading = f"{result.loading:.0%} of a step in the loader"
    told = f"{result.seconds:.0f} s, {counted(result.steps, 'step')}, {loading}"
    return f"{told}, after a start in closed form" if is_in_closed_form else told


def write_report(run: Run, report: Report) -> None:
    """Write ``report.md``."""
    write_durably(run.path / "report.md", report.markdown().encode())


def choose_examples(labels: Tensor | None, total: int, count: int = _EXAMPLES) -> Tensor:
    """Return the indices of examples: of different classes if those are known, else evenly spread.

    Args:
        labels: Class of each item, shape ``(total,)``.
        total: Number of items.
        count: Largest number of examples.

    Example:
        >>> choose_examples(torch.tensor([7, 7, 7, 2, 2, 5]), 6, 3)
        tensor([0, 3, 5])
        >>> choose_examples(None, 100, 4)
        tensor([ 0, 25, 50, 75])
    """
    count = min(count, total)
    if labels is None:
        return torch.arange(count) * total // count
    members = [(labels == label).nonzero()[:, 0] for label in labels.unique()]
    ranked = [row[i] for i in range(count) for row in members if i < len(row)]
    return torch.stack(ranked[:count]).sort().values


def draw_orbit(
    run: Run, model: TransformModule, *, format: OrbitFormat = "png", theme: Theme = "light"
) -> Path:
    """Write ``orbit.png`` or a moving picture: held-out data under many elements, and the truth.

    Args:
        run: The run.
        model: Its model.
        format: ``"png"`` for a strip of 12 elements at rest; ``"gif"``, ``"webp"`` or ``"mp4"`` for
            a picture of 36 that repeats, with fewer data. Of recorded views there are as many as
            all of these data have.
        theme: ``"light"`` or ``"dark"``.

    Returns:
        The file.

    Raises:
        FileNotFoundError: If MP4 is asked for where there is no ffmpeg.
    """
    test, path = run.load("test"), run.path / f"orbit.{format}"
    is_still = format == "png"
    count = _EXAMPLES if is_still else _MOVING
    views = _views(test, choose_examples(test.labels, len(test), count), is_still)
    model.eval()
    x, gs, truth = views.x[0], views.moves(test.group), views.x.transpose(0, 1)
    options: dict[str, Any] = {
        "title": lambda g: element_title(test.group, g),
        "to_pictures": to_pictures(run.data.kind),
        "theme": theme,
    }
    if is_still:
        save_figure(plot_orbit(model, x, gs, truth, **options), path)
    else:
        save_orbit(model, x, path, gs, truth, **options)
    return path


def _views(test: OrbitDataset, index: Tensor, is_still: bool) -> Views:
    """Return as many views of an orbit as fit, without repeats: few may be recorded."""
    count = _STILL if is_still else _FRAMES
    while True:
        views = test.orbit(index, count)
        different = _different(test.group, views, is_still)
        if different == count:
            return views
        count = different


def _different(group: Group, views: Views, is_still: bool) -> int:
    """Return the least number of views of one original that differ.

    A view of a moving picture may come again later, as on a path there and back, but at once.
    """
    m = len(views.g)
    repeats = torch.zeros(views.g.shape[1], m, dtype=torch.bool)
    for i in range(1, m):
        for j in range(i) if is_still else [i - 1]:
            same = (views.x[i] == views.x[j]).flatten(1).all(1)
            repeats[:, i] |= same & group.equal(views.g[i], views.g[j], 1e-4)
    return m - int(repeats.sum(1).max())


def draw_training(run: Run) -> None:
    """Write ``training.png``: loss terms and validation score over time."""
    save_figure(plot_training(run.metrics), run.path / "training.png")
