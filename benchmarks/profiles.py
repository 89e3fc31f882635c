"""Profiles of outlines and leaves in unknown orientation against what is done by hand.

Two data sets that come in packages, read from their files: 650 outlines of cells (geomstats) and
OSULeaf (aeon). Run it as ``python benchmarks/profiles.py``; it writes
``benchmarks/results/profiles.md``.

A support vector machine on `groupae.OrbitProfiler`'s vectors, its parameters chosen by
cross-validation inside the training items only. The profiler is fitted to training items only.
"""

from __future__ import annotations

import importlib.util
import math
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge, RidgeClassifierCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from groupae import OrbitProfiler
from groupae._table import Table

RESULTS = Path(__file__).parent / "results" / "profiles.md"
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)
SEEDS = (0, 1)  # of the templates of leaves


def folder_of(package: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"pip install --no-deps {package}, whose data are described")
    return Path(found.origin).parent


def cells() -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Return outlines, treatments and cell lines."""
    folder = folder_of("geomstats") / "datasets" / "data" / "cells"
    blocks = (folder / "cells.txt").read_text().strip().split("\n\n")
    outlines = [np.array([line.split() for line in b.split("\n")], dtype=float) for b in blocks]
    names = ("treatments.txt", "cell_lines.txt")
    treatments, lines = (np.array((folder / name).read_text().split()) for name in names)
    return outlines, treatments, lines


def leaves(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return series and classes of a published split."""
    file = folder_of("aeon") / "datasets" / "data" / "OSULeaf" / f"OSULeaf_{split}.ts"
    lines = [x for x in file.read_text().splitlines() if x.strip() and x[0] not in "#@"]
    parts = [line.rsplit(":", 1) for line in lines]
    return np.array([a.split(",") for a, _ in parts], dtype=float), np.array([b for _, b in parts])


def classifier(columns: int, scoring: str) -> GridSearchCV:
    """Return a support vector machine that chooses its parameters by inner cross-validation."""
    grid = {"svc__C": [1, 3, 10], "svc__gamma": np.array([0.03, 0.1, 0.3]) / columns}
    machine = make_pipeline(StandardScaler(), SVC(class_weight="balanced"))
    return GridSearchCV(machine, grid, scoring=scoring, cv=3)


def turned(outlines: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Return outlines turned by random angles, begun at random points, half of them mirrored."""
    rng, found = np.random.default_rng(seed), []
    for outline in outlines:
        a, flip = rng.uniform(0, 2 * math.pi), rng.choice([-1, 1])
        turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
        found.append(np.roll(outline, rng.integers(len(outline)), 0) * [1, flip] @ turn.T)
    return found


def same_pixels(outlines: Sequence[np.ndarray], spread: float = 15.0) -> list[np.ndarray]:
    """Return outlines scaled to one size and drawn on pixels again, all equally coarse."""
    found = []
    for outline in outlines:
        middle = outline - outline.mean(0)
        scaled = (middle * (spread / np.sqrt((middle**2).sum(1).mean()))).round()
        kept = np.r_[True, (np.diff(scaled, axis=0) != 0).any(1)]
        found.append(scaled[kept])
    return found


def fold_scores(
    outlines: list[np.ndarray], labels: Sequence[np.ndarray], tests: list[np.ndarray]
) -> tuple[list[str], list[str]]:
    """Return the balanced accuracy per label: on outlines as they are, and on those of `tests`."""
    strata = np.array([" ".join(parts) for parts in zip(*labels, strict=True)])
    scores: list[list[list[float]]] = [[[], []] for _ in labels]
    for train, test in FOLDS.split(strata, strata):
        profiler = OrbitProfiler("o2", kind="outlines").fit([outlines[i] for i in train])
        x = profiler.transform([outlines[i] for i in train])
        shown = [profiler.transform([kind[i] for i in test]) for kind in (outlines, tests)]
        for label, found in zip(labels, scores, strict=True):
            machine = classifier(x.shape[1], "balanced_accuracy").fit(x, label[train])
            for part, values in zip(shown, found, strict=True):
                values.append(balanced_accuracy_score(label[test], machine.predict(part)))
    straight, moved = ([spread(found[which]) for found in scores] for which in (0, 1))
    return straight, moved


def size_scores(sizes: np.ndarray, labels: Sequence[np.ndarray]) -> list[str]:
    """Return the same of the logarithm of the size alone."""
    strata = np.array([" ".join(parts) for parts in zip(*labels, strict=True)])
    scores: list[list[float]] = [[] for _ in labels]
    for train, test in FOLDS.split(strata, strata):
        for label, found in zip(labels, scores, strict=True):
            machine = classifier(1, "balanced_accuracy").fit(sizes[train], label[train])
            found.append(balanced_accuracy_score(label[test], machine.predict(sizes[test])))
    return [spread(found) for found in scores]


def spread(values: Sequence[float]) -> str:
    """Return a mean with its standard error over the folds."""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.3f}"


def cell_rows() -> tuple[list[list[str]], list[str]]:
    """Return the rows of the cells, and sentences on the vectors."""
    outlines, treatment, line = cells()
    profiler = OrbitProfiler("o2", kind="outlines")
    start = time.process_time()
    x = profiler.fit_transform(outlines)
    seconds = time.process_time() - start
    sizes = np.log(profiler.profile(outlines).sizes)[:, None]
    other = profiler.transform(turned(outlines, 1))
    change = np.linalg.norm(other - x, axis=1) / np.linalg.norm(x, axis=1)
    fine = same_pixels(outlines)
    leak = {}
    for name, part in (("as given", x), ("same pixels", profiler.transform(fine))):
        guess = cross_val_predict(
            make_pipeline(StandardScaler(), Ridge(10)), part, sizes[:, 0], cv=5
        )
        leak[name] = 1 - np.var(guess - sizes[:, 0]) / np.var(sizes)
    labels = (treatment, line)
    straight, moved = fold_scores(outlines, labels, turned(outlines, 2))
    coarse, _ = fold_scores(fine, labels, fine)
    rows = [
        ["by hand: Fourier magnitudes", "0.632", "0.673"],
        ["size alone", *size_scores(sizes, labels)],
        ["OrbitProfiler, size removed", *straight],
        ["the same, test outlines turned, mirrored, begun elsewhere", *moved],
        ["the same, all outlines first drawn on equally coarse pixels", *coarse],
    ]
    notes = [
        f"{x.shape[1]} numbers per outline, {seconds:.1f} processor-seconds for all 650.",
        f"Turned by any angle, mirrored and begun elsewhere, vectors change by {change.max():.1e} "
        "of their length at most.",
        "Share of the variance of log size that a ridge regression finds in the vectors: "
        + ", ".join(f"{share:.2f} {name}" for name, share in leak.items())
        + ". (Outlines are drawn on pixels, so small cells are coarser, and shape and size of "
        "cells go together.)",
    ]
    return rows, notes


def leaf_rows() -> list[list[str]]:
    """Return the rows of the leaves."""
    (x, y), (t, u) = leaves("TRAIN"), leaves("TEST")
    rng = np.random.default_rng(0)
    rolled = np.stack([np.roll(row, rng.integers(len(row))) for row in t])
    rows = [["by hand: best shift, 1-NN", "0.727", ""]]
    makers = {
        "1-NN": lambda _: KNeighborsClassifier(1),
        "support vector machine": lambda d: classifier(d, "accuracy"),
        "ridge": lambda _: make_pipeline(
            StandardScaler(), RidgeClassifierCV(np.logspace(-3, 5, 15))
        ),
    }
    for name, make in makers.items():
        scores = []
        for seed in SEEDS:
            profiler = OrbitProfiler("so2", random_state=seed).fit(x)
            a = profiler.transform(x)
            machine = make(a.shape[1]).fit(a, y)
            scores.append([machine.score(profiler.transform(part), u) for part in (t, rolled)])
        cells = [f"{c.mean():.3f} ({c.min():.3f} to {c.max():.3f})" for c in np.array(scores).T]
        rows.append([f"OrbitProfiler, {name}", *cells])
    return rows


def main() -> None:
    """Measure, print and write the tables."""
    warnings.filterwarnings("ignore", category=UserWarning)
    rows, notes = cell_rows()
    first = Table(["650 cell outlines", "treatment (3)", "cell line (2)"], rows).markdown()
    heads = ["OSULeaf, published split", "accuracy", "test leaves begun anywhere"]
    second = Table(heads, leaf_rows()).markdown()
    text = (
        "# Profiles in unknown orientation\n\n`python benchmarks/profiles.py`, one thread. "
        "Balanced accuracy in 5 folds, with the standard error over folds; chance is 0.333 and "
        f"0.500.\n\n{first}\n" + "\n".join(f"* {note}" for note in notes) + "\n\n"
        f"Mean over {len(SEEDS)} seeds of the templates (smallest to largest).\n\n{second}"
    )
    RESULTS.write_text(text.rstrip() + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
