"""The report of a run: scores against honest references, laws, sizes; and the pictures."""

from __future__ import annotations

import dataclasses

import torch
from rich.console import Console
from rich.table import Table

from groupae._files import write_durably
from groupae.data import OrbitPairs
from groupae.experiments.run import Run
from groupae.metrics import Estimate, Evaluation, evaluate, latent_equivariance_error
from groupae.models import LatentActionAE
from groupae.testing import check_action
from groupae.viz import plot_orbit, plot_training, save_figure

__all__ = ["Report", "draw_orbit", "draw_training", "make_report", "write_report"]


@dataclasses.dataclass(frozen=True)
class Report:
    """What is known of a trained model.

    Args:
        title: Experiment, preset and seed.
        scores: Evaluation on the fixed test pairs, by name; the trained model first.
        facts: Other figures, name to text.
        pairs: Number of test pairs.
    """

    title: str
    scores: dict[str, Evaluation]
    facts: dict[str, str]
    pairs: int

    @property
    def _rows(self) -> list[tuple[str, str, str]]:
        return [(name, f"{e.psnr:.2f}", f"{e.ssim:.3f}") for name, e in self.scores.items()]

    @property
    def _caption(self) -> str:
        return f"{self.pairs} held-out pairs; mean and 95 % interval over pairs"

    def markdown(self) -> str:
        """Return the report as Markdown."""
        lines = [f"# {self.title}", "", "| predicts x2 | PSNR (dB) | SSIM |", "|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in self._rows]
        lines += ["", f"{self._caption}.", "", "| | |", "|---|---|"]
        lines += [f"| {name} | {text} |" for name, text in self.facts.items()]
        return "\n".join([*lines, ""])

    def print(self, console: Console) -> None:
        """Draw the report as tables."""
        table = Table(title=self.title, caption=self._caption, title_justify="left")
        table.add_column("predicts x2")
        table.add_column("PSNR (dB)", justify="right")
        table.add_column("SSIM", justify="right")
        for i, row in enumerate(self._rows):
            table.add_row(*row, style="bold" if i == 0 else None)
        console.print(table)
        facts = Table.grid(padding=(0, 2))
        for name, text in self.facts.items():
            facts.add_row(name, text)
        console.print(facts)


def _law_errors(model: LatentActionAE) -> str:
    """Return the worst error of the action's laws in both precisions."""
    parts = []
    for dtype, name in ((torch.float64, "float64"), (torch.float32, "float32")):
        report = check_action(model.action, dtype=dtype)
        worst = report.worst
        verdict = "" if report.passed else f", FAILED: {', '.join(report.failures)}"
        parts.append(f"{name} {worst.error:.1e} ({worst.law}{verdict})")
    return "; ".join(parts)


@torch.no_grad()
def _equivariance(model: LatentActionAE, test: OrbitPairs) -> Estimate:
    pairs = test.fixed()
    z1, z2 = model.encode(pairs.x1), model.encode(pairs.x2)
    return Estimate.of(latent_equivariance_error(model.action, pairs.g, z1, z2))


def make_report(run: Run, model: LatentActionAE) -> Report:
    """Evaluate a model and its references on the test pairs."""
    test = run.experiment.pairs("test", 0)
    pairs = test.fixed()
    training = run.preset.training
    references = run.experiment.references(run.experiment.pairs("train", 0))
    models = {f"groupae, {run.preset_name} preset": model, **references}
    result = run.result
    spent = f"{result.seconds:.0f} s, {result.steps} steps" if result else "interrupted"
    facts = {
        "latent": f"{model.action.group}: {run.preset.model.representation}",
        "latent equivariance error": f"{_equivariance(model, test):.4f}  (0 exact, 2 unrelated)",
        "worst law error of the action": _law_errors(model),
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}",
        "training": f"{spent}, batch {training.batch_size}",
    }
    return Report(
        title=f"{run.experiment.name}, {run.preset_name} preset, seed {training.seed}",
        scores={name: evaluate(other, pairs) for name, other in models.items()},
        facts=facts,
        pairs=len(pairs),
    )


def write_report(run: Run, report: Report) -> None:
    """Write ``report.md``."""
    write_durably(run.path / "report.md", report.markdown().encode())


def draw_orbit(run: Run, model: LatentActionAE) -> None:
    """Write ``orbit.png``: held-out pictures under many elements, predictions above truth."""
    picture = run.experiment.orbit_picture(run.experiment.pairs("test", 0))
    model.eval()
    figure = plot_orbit(model, picture.x, picture.gs, picture.truth, titles=picture.titles)
    save_figure(figure, run.path / "orbit.png")


def draw_training(run: Run) -> None:
    """Write ``training.png``: loss terms and validation score over time."""
    save_figure(plot_training(run.metrics), run.path / "training.png")
