"""Tables and pictures of ``plain_codes.py``."""

from __future__ import annotations

import dataclasses
import json
import platform
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from plain_code_study import STUDIES, Study, Workshop
from torch import Tensor

from groupae import PairBatch
from groupae.actions.fitted import FittedAction
from groupae.metrics import evaluate
from groupae.protocols import Model

__all__ = ["Record", "write_report"]

RESULTS = Path(__file__).parent / "results"
_SHOWN = 8  # held-out pairs in a picture

_NOTES = """
PSNR of held-out pictures in dB, mean and 95 % interval; an empty cell was not measured. Rows
"fitted", the regression and the fit to pixels are in closed form, from codes of pairs of training
pictures. The others are trained: the plain autoencoder and the conditional net for 150 seconds of
processor time, the network with an action from the start for 300, the fine-tuning for 150.
"""
_SPECTRUM = """
Actions found in the plain codes. Explained is the share of the variance of the code in them; the
error is that of a predicted code on held-out pairs, as a share of the variance.
"""


@dataclasses.dataclass
class Record:
    """Scores, spectrum and example pictures of one study."""

    shop: Workshop

    def __post_init__(self) -> None:
        self.scores: dict[str, dict[str, float]] = {}
        self.pictures: dict[str, Tensor] = {}
        self.facts: dict[str, Any] = {}

    @torch.no_grad()
    def add(
        self, name: str, model: Model, pairs: PairBatch | None = None, *, is_shown: bool = True
    ) -> None:
        """Measure a model on held-out pairs, and keep its predictions of the first few."""
        pairs = self.shop.test if pairs is None else pairs
        psnr = evaluate(model, pairs, "psnr")["psnr"]
        self.scores[name] = {"psnr": psnr.mean, "half_width": psnr.half_width}
        print(f"{self.shop.study.name:<22}{name:<48}{psnr:.2f}", flush=True)
        if is_shown:
            few = pairs[-_SHOWN:]
            self.pictures[name] = model.transform(few.g, few.x1).clamp(0, 1)

    def add_spectrum(self, fitted: FittedAction) -> None:
        """Keep what the spectrum says."""
        self.facts["representation"] = str(fitted.representation)
        self.facts["explained"] = fitted.explained
        self.facts["held_out_error"] = fitted.held_out_error
        self.facts["spectrum"] = [dataclasses.asdict(copy) for copy in fitted.spectrum]

    def content(self) -> dict[str, Any]:
        """Return all figures, for JSON."""
        study = dataclasses.asdict(self.shop.study)
        facts = {"study": study, **self.facts, "curves": self.shop.curves}
        return {"psnr": self.scores, **facts}


def write_report(measured: Mapping[str, Mapping[str, Any]]) -> None:
    """Write tables and figures of studies just measured, and of the others from their file."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "plain_codes.json"
    known = {**(json.loads(path.read_text()) if path.exists() else {}), **measured}
    found = {name: known[name] for name in STUDIES if name in known}
    path.write_text(json.dumps(found, indent=1) + "\n")
    lines = [
        _NOTES,
        *_score_table(found),
        "",
        _SPECTRUM,
        *_spectrum_table(found),
        "",
        _machine(),
        "",
    ]
    (RESULTS / "plain_codes.md").write_text("\n".join(lines).lstrip())


def _machine() -> str:
    return (
        f"`python benchmarks/plain_codes.py`, one thread, {platform.machine()}, "
        f"torch {torch.__version__}."
    )


def _score_table(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(row for study in found.values() for row in study["psnr"]))
    lines = ["| | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    for name in names:
        cells = [_cell(study["psnr"].get(name)) for study in found.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _cell(score: Mapping[str, float] | None) -> str:
    return "" if score is None else f"{score['psnr']:.2f} ± {score['half_width']:.2f}"


def _spectrum_table(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = "| | numbers | explained | error of codes | representation | seconds |"
    lines = [names, "|---|" + "---|" * 5]
    for name, study in found.items():
        cells = [str(study["numbers"]), "", "", "not fitted: the group is not compact", ""]
        if "representation" in study:
            cells[1] = f"{study['explained']:.1%}"
            cells[2] = f"{study['held_out_error']:.3f}"
            cells[3:] = [study["representation"], f"{study['fit_seconds']:.0f}"]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def draw(record: Record) -> None:
    """Write held-out predictions, the spectrum and the curves of a study as one picture."""
    study = record.shop.study
    shown = {"x1": record.shop.test.x1[-_SHOWN:], "x2": record.shop.test.x2[-_SHOWN:]}
    rows = {**shown, **record.pictures}
    figure, axes = plt.subplot_mosaic(
        [["pictures", "spectrum"], ["pictures", "curves"]],
        figsize=(13, 0.62 * len(rows) + 0.6),
        width_ratios=(1.5, 1),
        layout="constrained",
    )
    axis = axes["pictures"]
    axis.imshow(_mosaic(list(rows.values())), cmap="gray", vmin=0, vmax=1)
    height = next(iter(rows.values())).shape[-1] + 2
    labels = [textwrap.fill(label, 28) for label in rows]
    axis.set_yticks([height * (i + 0.5) for i in range(len(rows))], labels, fontsize=8)
    axis.set_xticks([])
    axis.set_title(f"{study.name}: held-out pairs")
    _draw_spectrum(axes["spectrum"], record.facts.get("spectrum", []))
    _draw_curves(axes["curves"], record.shop.curves, study)
    figure.savefig(RESULTS / f"plain_codes-{study.name}.png", dpi=110)
    plt.close(figure)


def _mosaic(rows: Sequence[Tensor]) -> Tensor:
    """Return pictures ``(n, C, H, W)`` per row as one picture with gaps, channels last."""
    padded = [torch.nn.functional.pad(row, (1, 1, 1, 1), value=1.0) for row in rows]
    lines = [torch.cat(list(row), -1) for row in padded]
    whole = torch.cat(lines, -2).movedim(0, -1)
    return whole.squeeze(-1)


def _draw_spectrum(axis: Axes, spectrum: Sequence[Mapping[str, Any]]) -> None:
    places = {label: i for i, label in enumerate(dict.fromkeys(c["irrep"] for c in spectrum))}
    for is_used, colour, label in ((False, "0.8", "left out"), (True, "C0", "used")):
        copies = [copy for copy in spectrum if copy["is_used"] == is_used]
        xs = [places[copy["irrep"]] for copy in copies]
        axis.plot(xs, [copy["residual"] for copy in copies], "o", c=colour, ms=3, label=label)
    axis.set_xticks(list(places.values()), list(places), fontsize=7)
    axis.set(xlabel="irrep", ylabel="held-out residual", title="copies in the plain code")
    axis.legend(fontsize=7)


def _draw_curves(axis: Axes, curves: Mapping[str, Any], study: Study) -> None:
    labels = {"tuned": "plain, fitted, fine-tuned", "start": "with the action from the start"}
    for name, label in labels.items():
        if name in curves:
            shift = study.seconds if name == "tuned" else 0.0
            points = [(seconds + shift, psnr) for seconds, psnr in curves[name]]
            axis.plot(*zip(*points, strict=True), "o-", ms=3, label=label)
    axis.set(xlabel="processor seconds, plain training included", ylabel="validation PSNR (dB)")
    axis.legend(fontsize=7)
