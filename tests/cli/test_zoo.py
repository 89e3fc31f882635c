"""Trained models of the package on the command line: listed, inspected, audited, drawn."""

import pytest
import yaml

from groupae.cli import main
from groupae.persistence import load, read_card, zoo_names
from groupae.persistence import zoo as zoo_module


def run(*words, code=0):
    with pytest.raises(SystemExit) as left:
        main(list(words))
    assert left.value.code == code


@pytest.fixture
def at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_models_are_listed_with_their_scores(capsys):
    run("zoo")
    out = capsys.readouterr().out
    for name in zoo_names():
        (line,) = (line for line in out.splitlines() if f"zoo:{name} " in line)
        card = read_card(f"zoo:{name}")
        assert card["data"]["group"] in line
        assert f"{card['parameters']:,}" in line
    assert "groupae.load('zoo:NAME')" in out


def test_a_card_is_printed_with_the_model(capsys):
    run("inspect", "zoo:series")
    out = " ".join(capsys.readouterr().out.split())
    for words in ("groupae train --resume RUN", "processor seconds", "licence", "VectorAction"):
        assert words in out


def test_a_damaged_model_is_refused_in_one_sentence(capsys, tmp_path, monkeypatch):
    folder = tmp_path / "zoo" / "broken"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text("")
    card = {"groupae_card": 1, "sha256": {"model.yaml": "0" * 64}}
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    monkeypatch.setattr(zoo_module, "ZOO", tmp_path / "zoo")
    run("inspect", "zoo:broken", code=2)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "expected the file of its card, with the SHA-256 000" in err


def test_an_unknown_name_is_refused_in_one_sentence(capsys, at):
    for command in ("inspect", "orbit", "audit", "evaluate"):
        run(command, "zoo:molecule", code=2)
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "did you mean 'zoo:molecules'?" in err
    assert list(at.iterdir()) == []


def test_a_card_is_in_words(capsys):
    run("inspect", "zoo:rotated-digits")
    out = capsys.readouterr().out
    assert not set("{}[]") & set(out)
    card = read_card("zoo:rotated-digits")
    assert f"psnr {card['scores']['psnr']['mean']:.4g} (" in out
    assert f"{card['training']['steps']} steps of 32 pairs" in out
    assert "(1, 28, 28)" in out


def test_a_name_without_its_prefix_is_recognised(capsys, at):
    for command in ("inspect", "orbit", "evaluate", "export"):
        run(command, "series", code=2)
        assert "named 'zoo:series'" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError, match="named 'zoo:series'"):
        load("series")
    (at / "series").mkdir()
    with pytest.raises(FileNotFoundError, match=r"groupae\.save\(model, folder\)"):
        load("series")


def test_an_orbit_is_drawn_into_a_folder_among_the_runs(capsys, at):
    run("orbit", "zoo:series")
    assert (at / "runs/zoo-series/orbit.png").stat().st_size > 10_000
    assert "runs/zoo-series/orbit.png" in capsys.readouterr().out


def test_a_model_is_audited(capsys, at):
    run("audit", "zoo:series", "--samples", "4", "--elements", "3", "--layers", "none", code=1)
    assert "decoder, then encoder" in capsys.readouterr().out
