"""``groupae data``: what there is, what it costs, what it looks like; mistakes are sentences."""

import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from groupae.cli import data as command
from groupae.cli import main
from groupae.data import OrbitPairs, RecordedPairs
from groupae.experiments import get_experiment
from groupae.experiments.datasets.cache import cached_arrays
from groupae.experiments.datasets.registry import DATASETS, DatasetInfo
from groupae.experiments.presets.registry import DATASET_PLUG_INS
from groupae.groups import SO3, Cyclic
from groupae.viz import figure_style
from tests.installed_data import if_installed


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("groupae: ")
    return err


def load_stripes(split, *, seed=0, size="small", folder=None):
    """Return a set in the manner of rendered ones: in the cache, with masks."""
    n = {"train": 6, "validation": 3, "test": 5}[split] * (1 if size == "tiny" else 2)

    def make(start, stop):
        pictures = np.zeros((stop - start, 4, 3, 8, 8), dtype=np.uint8)
        for j in range(4):
            pictures[:, j, :, 2 * j : 2 * j + 2] = 200
        return {"pictures": pictures, "masks": np.packbits(pictures[:, :, 0] > 0, axis=-1)}

    layout = {"pictures": ((n, 4, 3, 8, 8), "uint8"), "masks": ((n, 4, 8, 1), "uint8")}
    arrays = cached_arrays(f"stripes-{split}", {"n": n}, layout, make, chunk=2)
    return RecordedPairs(
        arrays["pictures"], torch.arange(4), Cyclic(4), masks=arrays["masks"], seed=seed
    )


STRIPES = DatasetInfo(
    "stripes",
    "a stripe goes down",
    Cyclic(4),
    (3, 8, 8),
    load_stripes,
    source="made here",
    originals="none",
    is_rendered=True,
)


@pytest.fixture
def stripes(monkeypatch):
    monkeypatch.setitem(DATASETS, "stripes", STRIPES)


def test_the_list_has_every_data_set_and_says_what_is_ready(stripes, capsys):
    assert run("data", "list") == 0
    out = capsys.readouterr().out
    for info in DATASETS.values():
        (row,) = [line for line in out.splitlines() if line.split()[:1] == [info.name]]
        assert str(info.group) in row
        assert info.summary in row
        assert "x".join(map(str, info.x_shape)) in row
        assert ("to be built" in row) == (info.is_rendered and not info.missing_packages)
        assert all(f"needs {name}" in row for name in info.missing_packages)
    assert "stripes: made here; originals: none" in out
    assert run("data", "prepare", "stripes") == 0
    assert run("data", "list") == 0
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if line.split()[:1] == ["stripes"]]
    assert "kB cached" in row


def test_preparing_builds_once_and_says_where_and_how_much(stripes, cache, capsys):
    assert run("data", "prepare", "stripes", "--size", "tiny") == 0
    first = capsys.readouterr().out
    assert "building stripes-train once, into" in first
    assert "stripes, tiny: originals 6 train, 3 validation, 5 test; ready after" in first
    size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file())
    assert f"cache: {cache}, {size / 1e3:.0f} kB, {size / 1e3:.0f} kB of it stripes" in first
    assert size > 14 * 4 * 3 * 8 * 8
    assert run("data", "prepare", "stripes", "--size", "tiny") == 0
    assert "building" not in capsys.readouterr().out
    assert run("data", "prepare", "stripes") == 0
    assert "12 train" in capsys.readouterr().out


def test_what_needs_no_cache_is_ready_at_once(cache, capsys):
    assert run("data", "prepare", "rotated-digits") == 0
    out = capsys.readouterr().out
    assert "originals 3500 train, 500 validation, 1000 test" in out
    assert f"cache: {cache}, 0 kB\n" in out
    assert not cache.exists()


def colours_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)


def test_a_sheet_shows_pairs_and_an_orbit(stripes, tmp_path, capsys):
    assert run("data", "show", "stripes", "--size", "tiny") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "stripes.png"
    plain = colours_of(tmp_path / "stripes.png")
    is_stripe = (plain == 200).all(1)
    assert is_stripe.sum() > 10_000
    assert run("data", "show", "stripes", "--masks", "--size=tiny", "--out", "edges.png") == 0
    edges = colours_of(tmp_path / "edges.png")
    assert edges.shape == plain.shape
    with figure_style("light") as style:
        bad = np.array([int(style.bad[i : i + 2], 16) for i in (1, 3, 5)])
    assert (abs(edges - bad).max(1) < 40).sum() > 100
    assert not (abs(plain - bad).max(1) < 40).any()


@pytest.mark.parametrize("name", if_installed(DATASETS))
def test_every_data_set_can_be_shown(name, tmp_path):
    assert run("data", "show", name, "--size", "tiny", "--out", tmp_path / "sheet.png") == 0
    colours = colours_of(tmp_path / "sheet.png")
    assert len(colours) > 300_000
    assert len(np.unique(colours, axis=0)) > 20


def plug_in(name="dots"):
    points = OrbitPairs(torch.rand(6, 3, 8, 8), SO3(), lambda g, x: x)
    info = DatasetInfo(name, "dots turn", SO3(), (3, 8, 8), lambda *words, **options: points)
    return lambda: dataclasses.replace(get_experiment("rotated-digits"), data=info)


def test_plug_ins_are_listed_and_shown(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(DATASET_PLUG_INS, "_registered", {})
    DATASET_PLUG_INS.register("here", "dots", plug_in(), replace=False)
    DATASET_PLUG_INS.register("here", "broken", lambda: 1 / 0, replace=False)
    assert run("data", "list") == 0
    out = capsys.readouterr().out
    assert "dots: no source is named\n" in out
    assert "plug-in 'broken': expected an Experiment, got ZeroDivisionError" in out
    assert run("data", "show", "dots") == 0
    assert (tmp_path / "dots.png").exists()
    assert run("data", "prepare", "dots") == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "expected a command to be one of {list,prepare,show}"),
        (["fly"], "invalid choice: 'fly'"),
        (["show"], "the following arguments are required: dataset"),
        (["show", "digits"], "a data set to be one of rotated-digits"),
        (["prepare", "rotated-digit"], "did you mean 'rotated-digits'?"),
        (["show", "rotated-digits", "--size", "big"], "size: expected one of 'tiny', 'small', 'f"),
        (["show", "rotated-digits", "--out", "a.jpg"], "ending in .png, got a.jpg"),
        (
            ["show", "rotated-digits", "--out", "no/a.png"],
            "a folder that exists, its name ending in .png, got no/a.png",
        ),
        (["show", "rotated-digits", "--folder", "no"], "a folder with the four idx files, got no"),
        (["list", "rotated-digits"], "unrecognized arguments: rotated-digits"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(words, sentence, capsys):
    assert run("data", *words) == 2
    assert sentence in the_only_line(capsys)


def test_debug_shows_the_traceback(capsys):
    assert run("data", "show", "digits", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


def test_sizes_are_said_in_units_people_read():
    assert [command._megabytes(n) for n in (0, 1500, 999_000, 1_000_000, 612_400_000)] == [
        "0 kB",
        "2 kB",
        "999 kB",
        "1 MB",
        "612 MB",
    ]
