"""The quick start runs from its first line to its last, in short form."""

import math

import torch

from tests.docs.pages import run_python, run_shell


def test_the_program_runs_and_leaves_its_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = run_python("quickstart")
    assert names["result"].steps == 2
    assert (tmp_path / "orbit.png").stat().st_size > 10_000
    assert {path.name for path in (tmp_path / "my-model").iterdir()} == {
        "model.yaml",
        "model.safetensors",
    }
    assert names["upright"].shape == names["swapped"].shape == (6, 1, 28, 28)
    angles = names["best"].estimate(names["x"], names["better"])
    assert float((angles - math.pi / 2).abs().max()) < 0.1  # a trained one knows the quarter turn
    assert torch.isfinite(names["angles"]).all()


def test_the_lines_for_a_shell_write_what_they_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_shell("quickstart", {"--minutes 2": "--steps 2 --size tiny --threads 1"})
    printed = capsys.readouterr().out
    for file in (
        "runs/rotated-digits-001/orbit.png",
        "runs/zoo-rotated-digits/orbit.png",
        "runs/zoo-rotated-digits/swap.png",
    ):
        assert file in printed
        assert (tmp_path / file).is_file()
