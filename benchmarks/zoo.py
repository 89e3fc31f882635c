"""Trained models of the package: make a run for one, and write a trained run into the zoo.

Usage:
    ``python benchmarks/zoo.py begin NAME RUN [--cpu-minutes M]`` makes the run folder of `MODELS`;
    ``groupae train --resume RUN`` trains it, and with a larger ``--cpu-minutes`` lengthens it, as
    often as one likes;
    ``python benchmarks/zoo.py add NAME RUN`` evaluates it, rounds its weights and writes
    ``groupae/zoo/NAME`` with the card, and the picture of the page of the zoo;
    ``python benchmarks/zoo.py table`` writes the table of that page.
"""

from __future__ import annotations

import argparse
import dataclasses
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
import yaml
from PIL import Image

import groupae
from groupae._files import write_durably
from groupae._table import Table
from groupae.experiments import Run, get_experiment
from groupae.experiments.runs.report import choose_examples
from groupae.metrics import OWN_PSNR, Score, evaluate
from groupae.models import TransformModule
from groupae.persistence import read_card, zoo_names
from groupae.persistence.folder import WEIGHTS
from groupae.persistence.zoo import CARD, ZOO, sum_of
from groupae.protocols import PairBatch
from groupae.training import load_snapshot
from groupae.viz import element_title, plot_orbit, save_figure, to_pictures

PICTURES = Path(__file__).parent.parent / "docs" / "pictures" / "zoo"
TABLE = Path(__file__).parent / "results" / "zoo.md"
MOST_BYTES = 2_000_000
MOST_PICTURE = 150_000
CHECKED = 64  # pairs of the tiny test split, which a test evaluates again


@dataclasses.dataclass(frozen=True)
class Model:
    """A model of the zoo: how it differs from a preset of its data set.

    Args:
        minutes: Processor time of its training.
        preset: Name of the preset.
        model: Fields of the model that differ.
        training: Fields of the training that differ.
        size: Size of the data set.
        pixels: Height and width that pictures are shrunk to.
        licence: Licence of the data.
    """

    minutes: float
    preset: str = "default"
    model: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    size: str = "small"
    pixels: int | None = None
    licence: str = "made by groupae (Apache-2.0)"


LINEAR = {"backbone": "linear", "linear_path": False, "widths": ()}  # data are moved linearly
CLOSED_FORM = {"start": "closed-form", "optimizer": "adam", "learning_rate": 1e-4}
MNIST = "MNIST: LeCun, Cortes, Burges; CC BY-SA 3.0"

# 552 numbers: the principal copies of training digits, as fit_action(..., size=594) finds them
DIGIT_FREQUENCIES = (
    "14x0 + 15x1 + 14x2 + 14x3 + 14x4 + 13x5 + 13x6 + 13x7 + 12x8 + 11x9 + 10x10 + 10x11 + 10x12"
    " + 9x13 + 9x14 + 9x15 + 8x16 + 8x17 + 8x18 + 7x19 + 7x20 + 7x21 + 6x22 + 6x23 + 5x24 + 5x25"
    " + 4x26 + 4x27 + 4x28 + 3x29 + 3x30 + 2x31 + 2x32 + 2x33 + 1x34 + 1x35"
)
HARMONICS = " + ".join(f"1x{k}" for k in range(64))
CURVE = " + ".join(f"1x(1,{m})" for m in range(1, 64))

MODELS = {
    "rotated-digits": Model(
        20,
        preset="linear-path",
        model={**LINEAR, "representation": DIGIT_FREQUENCIES, "widths": (72, 72, 72)},
        licence=MNIST,
    ),
    "blocked-digits": Model(8, model={"widths": (32, 40)}, licence=MNIST),
    "brain-contrast": Model(
        4,
        licence="Colin27: C. J. Holmes et al. 1998, copyright McConnell Brain Imaging Centre, MNI",
    ),
    "turntable": Model(15, model={"widths": (16, 32, 64, 64)}, size="full"),
    "sky-planes": Model(15, model={"widths": (16, 32, 64, 64)}, size="full"),
    "point-clouds": Model(3),
    "molecules": Model(
        2, licence="enumerated for groupae, positions computed by RDKit (Apache-2.0)"
    ),
    "series": Model(2),
    "cells": Model(
        0.3,
        model={**LINEAR, "representation": CURVE},
        training=CLOSED_FORM,
        licence="outlines of geomstats (MIT)",
    ),
    "leaves": Model(
        0.1,
        model={**LINEAR, "representation": HARMONICS},
        training=CLOSED_FORM,
        licence="OSULeaf in aeon (BSD)",
    ),
    "glyphs": Model(
        5,
        model={"widths": (32, 40)},
        licence="23 fonts of matplotlib (free licences), drawn by groupae",
    ),
    "galaxies": Model(
        3,
        model={"widths": (32, 32)},
        licence="Hubble eXtreme Deep Field: NASA, ESA (public domain)",
    ),
    "objects": Model(10, pixels=32, licence="meshes of pybullet (zlib)"),
}


# --- a run ----------------------------------------------------------------------------------------
def begin(name: str, path: Path, minutes: float | None = None) -> Run:
    """Make the run folder of a model."""
    wanted = MODELS[name]
    experiment = get_experiment(name)
    preset = experiment.preset(wanted.preset).replace(**wanted.model)
    spent = {"cpu_minutes": minutes or wanted.minutes, "threads": 1}
    training = dataclasses.replace(preset.training, **{**spent, **wanted.training})
    preset = dataclasses.replace(preset, training=training)
    kept: Any = wanted.size
    run = Run.create(
        path, experiment, preset, preset_name=wanted.preset, size=kept, pixels=wanted.pixels
    )
    numbers = sum(parameter.numel() for parameter in run.build_model().parameters())
    print(f"{path}: {numbers:,} parameters, {2 * numbers / 1e6:.2f} MB in half precision")
    print(f"groupae train --resume {path}")
    return run


# --- a card ---------------------------------------------------------------------------------------
def add(name: str, path: Path) -> None:
    """Write a trained run into the zoo, and draw its orbit for the page of the zoo."""
    run = Run.open(path)
    model = run.load_model()
    pairs, columns = run.fixed("test"), columns_of(run)
    first = columns[0]
    exact = scored(model, pairs, [first])[first.name]
    changes = {
        kind: round(scored(rounded(model, kind), pairs, [first])[first.name] - exact, 4)
        for kind in ("float16", "bfloat16")
    }
    is_coarse = abs(changes["float16"]) > abs(changes["bfloat16"]) + 0.01
    kind = "bfloat16" if is_coarse else "float16"
    target = ZOO / name
    if target.exists():
        shutil.rmtree(target)
    groupae.save(model, target, precision=kind)
    (target / WEIGHTS).chmod(0o644)  # safetensors makes files for their owner alone
    stored = groupae.load(target)
    card = card_of(name, run, stored, pairs, columns)
    card["precision"] = {"stored": kind, f"change_of_{first.name}": changes}
    card["sha256"] = {file.name: sum_of(file) for file in sorted(target.iterdir())}
    size = sum(file.stat().st_size for file in target.iterdir())
    if size > MOST_BYTES:
        raise ValueError(f"{target}: expected at most {MOST_BYTES} bytes, got {size}")
    write_durably(target / CARD, yaml.safe_dump(card, sort_keys=False, width=100).encode())
    draw(name, run, stored)
    print((target / CARD).read_text())


def columns_of(run: Run) -> tuple[Score, ...]:
    """Return the scores of a card, the one that selects the weights first."""
    columns = run.experiment.scores
    has_mask = run.fixed("test").mask is not None
    return (*columns, OWN_PSNR) if has_mask and OWN_PSNR not in columns else columns


def rounded(model: TransformModule, kind: str) -> TransformModule:
    """Return a model with the weights that a file in half precision has."""
    with tempfile.TemporaryDirectory() as folder:
        return groupae.load(groupae.save(model, folder, precision=kind))


def scored(model: TransformModule, pairs: PairBatch, columns: Sequence[Score]) -> dict[str, float]:
    """Return the means of scores."""
    found = evaluate(model, pairs, columns, resamples=0)
    return {column.name: round(found[column.name].mean, 4) for column in columns}


def card_of(
    name: str, run: Run, model: TransformModule, pairs: PairBatch, columns: Sequence[Score]
) -> dict[str, Any]:
    """Return the card of a trained run; ``model`` is the one that is stored."""
    result, data = run.result, run.data
    assert result is not None
    clock = load_snapshot(run.snapshots).clock
    found = evaluate(model, pairs, columns)
    few = data.load("test", size="tiny").fixed(CHECKED)
    scores = {
        each.name: {
            "mean": round(found[each.name].mean, 4),
            "interval": [round(limit, 4) for limit in found[each.name].interval or ()],
        }
        for each in columns
    }
    return {
        "groupae_card": 1,
        "summary": data.summary,
        "data": {
            "name": data.name,
            "size": run.size,
            "pixels": run.pixels,
            "group": data.group.name,
            "shape": list(data.x_shape),
            "source": data.source,
            "licence": MODELS[name].licence,
        },
        "commands": commands_of(name, run),
        "training": {
            "steps": result.steps,
            "processor_seconds": round(clock["spent"]),
            "best_step": result.best_step,
            "pairs_per_step": run.preset.training.batch_size,
            "threads": 1,
            "seed": run.preset.training.seed,
        },
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "scores": {"pairs": len(pairs), "split": "test", **scores},
        "check": {
            "pairs": len(few),
            "split": "test",
            "size": "tiny",
            **scored(model, few, columns),
        },
        "versions": {
            "groupae": groupae.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
        "result": dataclasses.asdict(result),
        "run": run.config.as_data(),
    }


def commands_of(name: str, run: Run) -> list[str]:
    """Return the commands that made a model, with each budget that its training had."""
    first, *later = (
        f"--cpu-minutes {budget['cpu_minutes']:g}"
        for budget in (*run.options.earlier, {"cpu_minutes": run.preset.training.cpu_minutes})
    )
    return [
        f"python benchmarks/zoo.py begin {name} RUN {first}",
        "groupae train --resume RUN",
        *(f"groupae train --resume RUN {budget}" for budget in later),
        f"python benchmarks/zoo.py add {name} RUN",
    ]


def draw(name: str, run: Run, model: TransformModule) -> None:
    """Draw the orbits of three held-out data, for the page of the zoo."""
    test = run.load("test")
    views = test.orbit(choose_examples(test.labels, len(test), 3), 8)
    figure = plot_orbit(
        cast("Any", model),
        views.x[0],
        views.moves(test.group),
        views.x.transpose(0, 1),
        title=lambda g: element_title(test.group, g),
        to_pictures=to_pictures(run.data.kind),
    )
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{name}.png"
    save_figure(figure, file)
    for colours in (128, 32, 16):  # a third of the bytes or less
        Image.open(file).convert("RGB").quantize(colours).save(file, optimize=True)
        if file.stat().st_size < MOST_PICTURE:
            break


# --- the table of the page ------------------------------------------------------------------------
def write_table() -> None:
    """Write the table of all cards, for the page of the zoo."""
    headings = (
        "model",
        "group",
        "shape",
        "parameters",
        "kB",
        "steps",
        "processor minutes",
        "scores",
    )
    rows = [(name, *row_of(ZOO / name, read_card(f"zoo:{name}"))) for name in zoo_names()]
    content = Table(headings, rows).markdown()
    write_durably(TABLE, f"{content}\n".encode())
    print(content)


def row_of(folder: Path, card: dict[str, Any]) -> tuple[str, ...]:
    """Return the cells of a model, behind its name."""
    data, training = card["data"], card["training"]
    scores = (
        f"{name} {each['mean']:.4g} ({each['interval'][0]:.4g} .. {each['interval'][1]:.4g})"
        for name, each in card["scores"].items()
        if isinstance(each, dict)
    )
    return (
        data["group"],
        "x".join(map(str, data["shape"])),
        f"{card['parameters']:,}",
        f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e3:.0f}",
        f"{training['steps']:,}",
        f"{training['processor_seconds'] / 60:.1f}",
        ", ".join(scores),
    )


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("begin", "add"):
        options = commands.add_parser(command)
        options.add_argument("name", choices=MODELS)
        options.add_argument("run", type=Path)
        if command == "begin":
            options.add_argument("--cpu-minutes", type=float)
    commands.add_parser("table")
    given = parser.parse_args()
    if given.command == "begin":
        begin(given.name, given.run, given.cpu_minutes)
    elif given.command == "add":
        add(given.name, given.run)
    else:
        write_table()


if __name__ == "__main__":
    main()
