"""Bad input to profiles."""

import numpy as np
import torch
from PIL import Image

from groupae import SO3, OrbitProfiler, ShapeError
from groupae.profiles import cut_out
from tests.bad_input.rows import rows

PICTURES = np.random.default_rng(0).random((4, 8, 8))
SERIES = np.random.default_rng(0).random((4, 12))


def fit(x, *options, **more):
    return OrbitProfiler(*options, templates=more.pop("templates", 2), **more).fit(x)


def save(folder, *sizes):
    for i, size in enumerate(sizes):
        Image.new("L", size).save(folder / f"{i}.png")
    return folder


def command(folder, *sizes):
    from groupae.profiles.profile_folder import read_source

    return read_source(save(folder, *sizes))


def with_nan():
    x = PICTURES.copy()
    x[2, 3, 3] = np.nan
    return x


LOOSE = [np.zeros((3, 2)), np.ones((4, 3))]
LABELS = np.array([0, 1, 1, 0])
MASK = np.zeros((8, 8), dtype=int)
OUTSIDE = np.eye(8, dtype=int)

TABLE = rows(
    {
        "profile: one item": (lambda: fit(PICTURES[:1]), ValueError, "at least two items"),
        "profile: no item": (lambda: fit(PICTURES[:0]), ValueError, "at least one item"),
        "profile: labels": (lambda: fit(LABELS), ShapeError, "an axis of items"),
        "profile: words": (lambda: fit("digits"), TypeError, "an array"),
        "profile: NaN": (lambda: fit(with_nan()), ValueError, "NaN in item 2"),
        "profile: infinity": (lambda: fit(SERIES + np.inf), ValueError, "inf"),
        "profile: complex": (lambda: fit(SERIES * 1j), ValueError, "real numbers"),
        "profile: oblong": (
            lambda: fit(PICTURES[:, :4], kind="pictures"),
            ShapeError,
            "square pictures",
        ),
        "profile: unknown kind": (lambda: fit(PICTURES, kind="cells"), ValueError, "kind"),
        "profile: kind not told": (lambda: fit(PICTURES[..., :2]), ShapeError, "outlines"),
        "profile: sizes differ": (
            lambda: fit([np.zeros((8, 8)), np.zeros((9, 9))], kind="pictures"),
            ShapeError,
            "in item 1",
        ),
        "profile: points in space": (lambda: fit(LOOSE, kind="points"), ShapeError, "item 1"),
        "profile: outline of a point": (
            lambda: fit(np.ones((3, 5, 2)), kind="outlines"),
            ValueError,
            "some length",
        ),
        "profile: outline of two points": (
            lambda: fit(np.ones((3, 2, 2)), kind="outlines"),
            ShapeError,
            "at least 3",
        ),
        "profile: before fit": (
            lambda: OrbitProfiler().transform(SERIES),
            ValueError,
            "call fit",
        ),
        "profile: names before fit": (
            lambda: OrbitProfiler().get_feature_names_out(),
            ValueError,
            "call fit",
        ),
        "profile: other shape": (
            lambda: fit(PICTURES).transform(np.ones((2, 9, 9))),
            ShapeError,
            "as fitted",
        ),
        "profile: names missing": (
            lambda: fit(PICTURES).profile(PICTURES, ["a"]),
            ValueError,
            "4 names",
        ),
        "profile: non-compact": (lambda: fit(PICTURES, "se2"), ValueError, "a group of turns"),
        "profile: SO(3) on pictures": (lambda: fit(PICTURES, SO3()), ValueError, "turns"),
        "profile: shifted series": (
            lambda: fit(SERIES, "translation"),
            ValueError,
            "a group of turns for series",
        ),
        "profile: unknown group": (lambda: fit(PICTURES, "so9"), ValueError, "so9"),
        "profile: no group": (lambda: fit(PICTURES, 3), TypeError, "a group or its name"),
        "profile: c(5) on 12 samples": (lambda: fit(SERIES, "c(5)"), ValueError, "divides"),
        "profile: c(4) on outlines": (
            lambda: fit(np.random.default_rng(0).random((3, 5, 2)), "c(4)", kind="outlines"),
            ValueError,
            "so2 or o2",
        ),
        "profile: method": (lambda: fit(PICTURES, method="pca"), ValueError, "method"),
        "profile: templates": (lambda: fit(PICTURES, templates=0), ValueError, "templates"),
        "profile: thresholds": (lambda: fit(PICTURES, thresholds=-1), ValueError, "thresholds"),
        "profile: trained series": (
            lambda: fit(SERIES, method="autoencoder"),
            ValueError,
            "pictures under turns",
        ),
        "profile: trained odd sides": (
            lambda: fit(np.ones((3, 7, 7)), method="autoencoder", steps=1),
            ValueError,
            "divisible by 4",
        ),
        "profile: steps": (
            lambda: fit(PICTURES, method="autoencoder", steps=0),
            ValueError,
            "steps",
        ),
        "profile: neighbours": (
            lambda: fit(PICTURES).profile(PICTURES).neighbours(4),
            ValueError,
            "below the number of items",
        ),
        "profile: empty folder": (lambda folder: command(folder), ValueError, "pictures in"),
        "profile: sizes in a folder": (
            lambda folder: command(folder, (8, 8), (9, 9)),
            ShapeError,
            "like 0.png",
        ),
        "profile: oblong in a folder": (
            lambda folder: command(folder, (8, 9)),
            ShapeError,
            "square pictures",
        ),
        "cut_out: no object": (lambda: cut_out(PICTURES[0], MASK), ValueError, "background only"),
        "cut_out: another size": (lambda: cut_out(PICTURES[0], MASK[:7]), ShapeError, "labels"),
        "cut_out: a mask of floats": (
            lambda: cut_out(PICTURES[0], MASK * 1.0),
            ValueError,
            "whole numbers",
        ),
        "cut_out: too small a side": (
            lambda: cut_out(PICTURES[0], OUTSIDE, 4),
            ValueError,
            "a larger side",
        ),
        "cut_out: side": (lambda: cut_out(PICTURES[0], OUTSIDE, 0), ValueError, "side"),
        "cut_out: margin": (
            lambda: cut_out(PICTURES[0], OUTSIDE, margin=0.5),
            ValueError,
            "margin",
        ),
        "cut_out: NaN": (lambda: cut_out(with_nan()[2], OUTSIDE), ValueError, "finite"),
        "profile: a tensor on its way": (
            lambda: fit(torch.full((3, 8, 8), torch.nan)),
            ValueError,
            "NaN in item 0",
        ),
    }
)
