"""Command ``groupae bench``."""

import json

import pytest

from groupae.cli import main

_SMALL = [
    *("bench", "rotated-digits", "--splits", "wedge", "--models", "paper", "--seeds", "1"),
    *("--cpu-minutes", "0.01", "--size", "tiny", "--jobs", "1"),
]


def run(words):
    with pytest.raises(SystemExit) as stop:
        main(words)
    return stop.value.code


def test_a_benchmark_writes_its_table_and_goes_on(tmp_path, capsys):
    arguments = [*_SMALL, "--out", str(tmp_path / "out")]
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert "1 cells, 0 there already" in printed
    assert "asked for all" in printed
    board = json.loads((tmp_path / "out/bench.json").read_text())
    (table,) = board["tables"]
    assert [row["model"] for row in table["models"]] == ["paper"]
    assert str(tmp_path) not in (tmp_path / "out/bench.md").read_text()
    assert (tmp_path / "out/rotated-digits-wedge.png").stat().st_size > 1000
    assert run(arguments) == 0
    assert "1 cells, 1 there already" in capsys.readouterr().out


def test_results_of_others_join_the_table(tmp_path, capsys):
    out, others = tmp_path / "out", tmp_path / "others"
    assert run([*_SMALL, "--out", str(out)]) == 0
    cell = json.loads((out / "cells/rotated-digits/wedge/paper-0.json").read_text())
    cell["model"] = "theirs"
    of_another_task = json.loads(json.dumps(cell))
    of_another_task["task"]["split"] = "whole"
    everything = {"name": "all", "value": None, "unit": "", "inside": True}
    scores = of_another_task["conditions"][0]["scores"]
    of_another_task["conditions"] = [{**everything, "scores": scores}]
    submission = {
        **{"format": 1, "model": "theirs", "authors": "A. Author", "source": "a paper"},
        **{"code": "https://example.org/code", "cells": [cell, of_another_task]},
    }
    others.mkdir()
    (others / "theirs.json").write_text(json.dumps(submission))
    assert run([*_SMALL, "--out", str(out), "--submissions", str(others)]) == 0
    assert "theirs: A. Author" in (out / "bench.md").read_text()
    capsys.readouterr()
    del submission["code"]
    (others / "theirs.json").write_text(json.dumps(submission))
    fresh = tmp_path / "fresh"
    assert run([*_SMALL, "--out", str(fresh), "--submissions", str(others)]) == 2
    assert not fresh.exists()  # refused before any training
    error = capsys.readouterr().err
    assert "theirs.json: expected a field code" in error
    assert error.count("\n") == 1


def test_a_submission_without_the_main_score_is_refused(tmp_path, capsys):
    out, others = tmp_path / "out", tmp_path / "others"
    assert run([*_SMALL, "--out", str(out)]) == 0
    cell = json.loads((out / "cells/rotated-digits/wedge/paper-0.json").read_text())
    cell["model"] = "theirs"
    for condition in cell["conditions"]:
        del condition["scores"]["psnr"]
    submission = {
        **{"format": 1, "model": "theirs", "authors": "A. Author", "source": "a paper"},
        **{"code": "https://example.org/code", "cells": [cell]},
    }
    others.mkdir()
    (others / "theirs.json").write_text(json.dumps(submission))
    capsys.readouterr()
    assert run([*_SMALL, "--out", str(out), "--submissions", str(others)]) == 2
    assert "theirs: expected the score psnr under rotated-digits/wedge" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits"], "rotated-digits"),
        (["rotated-digits", "--splits", "symmetric"], "no known symmetry"),
        (["rotated-digits", "--splits", "steep-45"], "a split"),
        (["rotated-digits", "--models", "papre"], "a preset of these data sets"),
        (["rotated-digits", "--seeds", "0"], "seeds"),
        (["rotated-digits", "--cpu-minutes", "-1"], "cpu"),
        (["rotated-digits", "--jobs", "0"], "jobs"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, capsys, arguments, message):
    assert run(["bench", *arguments, "--size", "tiny", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
