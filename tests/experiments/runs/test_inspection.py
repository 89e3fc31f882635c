"""Folders are looked at without running any of their content."""

from __future__ import annotations

import pytest
import torch

import groupae
from groupae import SO2, LatentActionAE
from groupae.cli import main
from groupae.experiments.runs.inspection import inspect_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "mine"
    words = ["train", "rotated-digits", "--size", "tiny", "--steps", "3", "--out", str(path)]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert not left.value.code
    return path


def test_a_run_is_printed(run, capsys, monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("a model is built")

    monkeypatch.setattr("groupae.experiments.presets.building.build_model", refuse)
    with pytest.raises(SystemExit) as left:
        main(["inspect", str(run)])
    printed = capsys.readouterr().out
    assert left.value.code == 0
    for words in ("rotated-digits, tiny", "12x0 + 11x1", "3 steps", "checkpoint step-", "snapshot"):
        assert words in printed
    assert "1,411,108 numbers" in printed
    assert "result" in printed


def test_each_damage_is_one_sentence(run, tmp_path, capsys):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    weights = sorted(copy.glob("checkpoints/step-*/model.safetensors"))[-1]
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    for file in copy.glob("snapshots/step-*/state.json"):
        file.unlink()
    (copy / "result.json").write_text("{}}")
    found = inspect_folder(copy)
    assert any("SHA-256" in sentence for sentence in found.damages)
    assert any("state.json" in sentence for sentence in found.damages)
    assert any("result.json" in sentence or "Extra data" in sentence for sentence in found.damages)
    assert all("\n" not in sentence for sentence in found.damages)
    (copy / "config.yaml").write_text("groupae_run: 7")
    assert any("groupae_run: 1" in sentence for sentence in inspect_folder(copy).damages)
    with pytest.raises(SystemExit) as left:
        main(["inspect", str(copy)])
    assert left.value.code == 1


def test_a_saved_model_is_printed(tmp_path):
    model = LatentActionAE.conv(SO2().rep("4x0 + 3x1"), (1, 8, 8), widths=(8,))
    path = groupae.save(model, tmp_path / "saved")
    lines = dict(inspect_folder(path).lines)
    assert lines["model"] == "LatentActionAE"
    assert lines["action"] == "VectorAction(rho=4x0 + 3x1 of SO(2))"
    assert "tensors" in lines["weights"]
    (path / "model.safetensors").write_bytes(b"short")
    assert len(inspect_folder(path).damages) == 1


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="or a saved model with"):
        inspect_folder(tmp_path)
    torch.save({}, tmp_path / "model.pt")
    with pytest.raises(FileNotFoundError):
        inspect_folder(tmp_path)
