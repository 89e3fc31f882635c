"""Trained models of the package: they load, score as their cards say, turn, and are small."""

import importlib.metadata
import shutil
from pathlib import Path

import pytest
import torch

import groupae
from groupae.experiments.runs.zoo_run import open_zoo
from groupae.metrics import evaluate
from groupae.persistence import load, read_card, zoo_names
from groupae.persistence import zoo as zoo_module
from groupae.persistence.zoo import CARD, ZOO, zoo_folder

NAMES = zoo_names()
TOLERANCE = 0.02  # of a score, relative: sums in another order, on other processors
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def few(tmp_path):
    """Return a function that gives a run of the zoo and its pairs of the tiny test split."""

    def pairs_of(name):
        run, model = open_zoo(f"zoo:{name}", tmp_path)
        count = read_card(f"zoo:{name}")["check"]["pairs"]
        try:
            data = run.data.load("test", size="tiny")
        except ModuleNotFoundError as error:  # of a data set in a package that is an extra
            if any(True for _ in importlib.metadata.distributions(name=error.name)):
                raise
            pytest.skip(str(error))
        return run, model, data.fixed(count)

    return pairs_of


@every
def test_a_model_scores_on_a_few_pairs_as_its_card_says(name, few):
    card = read_card(f"zoo:{name}")
    run, model, pairs = few(name)
    columns = [column for column in card["check"] if column not in ("pairs", "split", "size")]
    found = evaluate(model, pairs, columns, resamples=0)
    assert columns
    for column in columns:
        wanted = card["check"][column]
        assert abs(found[column].mean - wanted) <= TOLERANCE * abs(wanted), column
    assert card["parameters"] == sum(p.numel() for p in model.parameters())
    assert card["training"]["steps"] == run.result.steps


@every
def test_a_model_turns(name, few):
    """Two elements in a row act as their product, and predictions depend on the element."""
    run, model, pairs = few(name)
    group, g, h = model.action.group, pairs.g, pairs.g.roll(1, 0)
    with torch.no_grad():
        z = model.encode(pairs.x1)
        twice = model.decode(model.action(g, model.action(h, z)))
        at_once = model.decode(model.action(group.compose(g, h), z))
        right, wrong = model.transform(g, pairs.x1), model.transform(h, pairs.x1)
    assert torch.allclose(twice, at_once, atol=1e-3)
    score = run.experiment.scores[0]
    found, chance = (float(score.function(x, pairs).mean()) for x in (right, wrong))
    assert found < 0.8 * chance if score.lower_is_better else found > chance + 0.5  # dB


@every
def test_a_card_is_whole(name):
    card = read_card(f"zoo:{name}")
    assert {"summary", "data", "commands", "training", "scores", "versions"} <= set(card)
    assert card["data"]["licence"]
    assert card["training"]["processor_seconds"] > 0
    scores = [score for score in card["scores"].values() if isinstance(score, dict)]
    assert scores
    for score in scores:
        low, high = score["interval"]
        assert low <= score["mean"] <= high
    assert set(card["sha256"]) == {f.name for f in (ZOO / name).iterdir()} - {CARD}


@every
def test_a_model_is_at_most_two_megabytes(name):
    assert sum(file.stat().st_size for file in (ZOO / name).iterdir()) <= 2_000_000


@every
def test_the_page_has_the_row_and_the_picture_of_a_model(name):
    card, root = read_card(f"zoo:{name}"), Path(__file__).parents[2]
    rows = (root / "benchmarks/results/zoo.md").read_text().splitlines()
    (row,) = (row for row in rows if row.startswith(f"| {name} |"))
    for score in card["scores"].values():
        assert not isinstance(score, dict) or f"{score['mean']:.4g}" in row
    assert f"zoo/{name}.png" in (root / "docs/guides/zoo.rst").read_text()
    assert (root / f"docs/pictures/zoo/{name}.png").stat().st_size < 200_000


def test_all_models_are_at_most_twenty_megabytes():
    assert sum(file.stat().st_size for file in ZOO.rglob("*") if file.is_file()) <= 20_000_000


def test_a_loaded_model_is_in_evaluation_mode_and_float32():
    model = groupae.load(f"zoo:{NAMES[0]}")
    assert not model.training
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_an_unknown_name_is_refused_with_the_names():
    words = rf"one of .*zoo:{NAMES[-1]}.*, got 'zoo:molecule'; did you mean 'zoo:molecules'"
    with pytest.raises(ValueError, match=words):
        load("zoo:molecule")


def test_a_path_is_no_name_of_the_zoo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saved = groupae.save(torch.nn.Linear(2, 3), tmp_path / "zoo:series")
    assert isinstance(load("./zoo:series"), torch.nn.Linear)
    assert isinstance(load(saved), torch.nn.Linear)


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Return the folder of a copy of one model, which stands for the zoo."""
    shutil.copytree(ZOO / NAMES[0], tmp_path / "zoo" / NAMES[0])
    monkeypatch.setattr(zoo_module, "ZOO", tmp_path / "zoo")
    return tmp_path / "zoo" / NAMES[0]


@pytest.mark.parametrize("file", ["model.safetensors", "model.yaml"])
def test_a_damaged_file_is_refused(copied, file):
    content = bytearray((copied / file).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / file).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{file}: expected the file of its card, with the SHA"):
        load(f"zoo:{copied.name}")


def test_another_model_in_its_place_is_refused(copied):
    """Its own description and weights agree; the card's sums tell."""
    kept = (copied / CARD).read_bytes()
    (copied / CARD).unlink()
    groupae.save(torch.nn.Linear(2, 3), copied)
    (copied / CARD).write_bytes(kept)
    with pytest.raises(ValueError, match="with the SHA-256"):
        zoo_folder(f"zoo:{copied.name}")


def test_a_missing_file_and_a_card_of_another_form_are_refused(copied):
    (copied / "model.yaml").unlink()
    with pytest.raises(ValueError, match="got no file; install groupae again"):
        load(f"zoo:{copied.name}")
    (copied / CARD).write_text("groupae_card: 2\n")
    with pytest.raises(ValueError, match="a card with groupae_card: 1, got 2"):
        load(f"zoo:{copied.name}")
    (copied / CARD).write_text("groupae_card: 1\n")
    with pytest.raises(ValueError, match="the SHA-256 of each file, got none"):
        load(f"zoo:{copied.name}")
