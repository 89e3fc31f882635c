"""Page on which one turns the held-out pictures of a run."""

from __future__ import annotations

import re
from pathlib import Path

from torch import Tensor

from groupae._printable import counted
from groupae._validation import expected
from groupae.data.orbit_dataset import OrbitDataset
from groupae.demo import Demo, Facts, write_demo
from groupae.experiments.datasets import BlockedDigits, RotatedDigits
from groupae.experiments.runs.report import choose_examples
from groupae.experiments.runs.run import Run
from groupae.metrics import evaluate
from groupae.models import TransformModule
from groupae.persistence.zoo import is_zoo_name, read_card

__all__ = ["PICTURES", "check_shows", "write_run_demo"]

PICTURES = 16
"""Number of pictures on a page."""


def write_run_demo(
    run: Run,
    model: TransformModule,
    folder: Path,
    *,
    source: str = "",
    pictures: Tensor | None = None,
    runtime: Path | None = None,
    force: bool = False,
) -> Demo:
    """Write the page of a trained run, with 16 pictures of its held-out data.

    Args:
        run: The run.
        model: Its trained model.
        folder: Folder of the page.
        source: Name of the run, ``zoo:NAME`` for a model of the zoo, whose card has its score.
        pictures: Other pictures to show, shape ``(n, *x_shape)``.
        runtime: Folder of the npm package onnxruntime-web.
        force: Replace the page that is in the folder.

    Raises:
        ValueError: If the data are no pictures.
        ExportError: If the model cannot be exported.
    """
    check_shows(run)
    test = run.load("test")
    index = choose_examples(test.labels, len(test), PICTURES)
    views = test.orbit(index, 12)
    own = pictures is None
    facts = Facts(
        title=run.experiment.name.replace("-", " ").capitalize(),
        summary=run.data.summary,
        labels=_labels(test, index) if own else None,
        split="test" if own else "own",
        score=_score(run, model, source),
        licences=[f"data: {_licence(run, source)}"],
    )
    return write_demo(
        model,
        views.x[0] if pictures is None else pictures,
        folder,
        facts=facts,
        elements=views.moves(test.group).flatten(0, 1),
        frame=None if run.data.frame is None else run.data.frame(),
        runtime=runtime,
        force=force,
    )


def check_shows(run: Run) -> None:
    """Raise `ValueError` unless the data of a run are pictures."""
    if run.data.kind != "pictures":
        what, got = "a run on pictures", f"{run.data.kind} ({run.experiment.name})"
        remedy = "a page shows no outlines, points or series yet"
        raise ValueError(expected("groupae demo", what, got, remedy))


def _labels(test: OrbitDataset, index: Tensor) -> list[str] | None:
    """Return the classes of pictures in words, if they have any; those of digits are digits."""
    is_digits = isinstance(test, (BlockedDigits, RotatedDigits))
    classes = "0123456789" if is_digits else getattr(test, "classes", None)
    if test.labels is None or classes is None:
        return None
    return [str(classes[int(label)]) for label in test.labels[index]]


def _score(run: Run, model: TransformModule, source: str) -> str:
    """Return the first score of the experiment on held-out pairs, in words."""
    score = run.experiment.scores[0]
    if is_zoo_name(source):
        scores = read_card(source)["scores"]
        mean, pairs = float(scores[score.name]["mean"]), int(scores["pairs"])
    else:
        held_out = run.fixed("test")
        mean = evaluate(model, held_out, (score,), resamples=0)[score.name].mean
        pairs = len(held_out)
    unit = re.search(r" \((.+)\)$", score.title)  # "PSNR (dB)"
    value = f"{mean:.1f} {unit[1]}" if unit else f"{mean:.3g}"
    return f"{score.title.partition(' (')[0]} {value} on {counted(pairs, 'held-out pair')}"


def _licence(run: Run, source: str) -> str:
    card = read_card(source)["data"] if is_zoo_name(source) else {}
    return str(card.get("licence") or run.data.source or run.experiment.name)
