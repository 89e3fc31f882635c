"""Checkpoints: whole or absent, verified, no pickle."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch

from groupae._files import write_durably
from groupae.training import CheckpointError, load_best, load_checkpoint, save_checkpoint
from groupae.training.checkpoint import prune_checkpoints


def weights(value=1.0):
    kernel = torch.full((2, 3, 3, 3), value).to(memory_format=torch.channels_last)
    return {"kernel": kernel, "bias": torch.arange(4.0)}


@pytest.fixture
def folder(tmp_path):
    for step, score in ((10, 20.0), (20, 25.0), (30, 24.0)):
        save_checkpoint(tmp_path, weights(step), step=step, score=score)
    return tmp_path


def test_round_trip(tmp_path):
    path = save_checkpoint(tmp_path, weights(), step=7, score=1.5)
    loaded = load_checkpoint(path)
    assert (loaded.step, loaded.score) == (7, 1.5)
    assert all(torch.equal(loaded.weights[name], tensor) for name, tensor in weights().items())
    assert sorted(p.name for p in path.iterdir()) == ["manifest.json", "model.safetensors"]
    assert not list(tmp_path.glob(".*"))


def test_the_best_is_by_score_not_by_age(folder):
    assert load_best(folder).step == 20


def test_saving_a_step_again_replaces_it(folder):
    save_checkpoint(folder, weights(5.0), step=20, score=30.0)
    assert float(load_best(folder).weights["kernel"][0, 0, 0, 0]) == 5.0


def test_pruning_keeps_the_best(folder):
    prune_checkpoints(folder, keep=2)
    assert sorted(p.name for p in folder.iterdir()) == ["step-00000020", "step-00000030"]


def truncate(path):
    file = path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-10])


def flip(path):
    file = path / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(bytes(content))


def remove(path):
    (path / "model.safetensors").unlink()


def garble(path):
    (path / "manifest.json").write_text("{")


def empty(path):
    (path / "manifest.json").write_text(json.dumps({"format": "groupae-checkpoint-1"}))


def wrong_kinds(path):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "files": ["model.safetensors"]}))


def without_hash(path):
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["files"]["model.safetensors"]["sha256"]
    (path / "manifest.json").write_text(json.dumps(manifest))


def text_for_step(path):
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**manifest, "step": "abc"}))


def foreign(path):
    (path / "manifest.json").write_text(json.dumps({"format": "somebody else's"}))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, r"expected \d+ bytes, got \d+"),
        (flip, "the SHA-256 of its manifest, got another one"),
        (remove, "the file model.safetensors, got none"),
        (garble, "a readable manifest.json"),
        (empty, r"a complete manifest\.json, got one whose 'files' is missing"),
        (without_hash, "one whose 'sha256' is missing or of the wrong kind"),
        (text_for_step, "one whose a number is missing or of the wrong kind"),
        (wrong_kinds, r"a complete manifest\.json, got one whose .* wrong kind"),
        (foreign, "a manifest of format groupae-checkpoint-1, got .somebody else's."),
    ],
)
def test_a_damaged_checkpoint_is_named_and_passed_over(folder, damage, words):
    best = folder / "step-00000020"
    damage(best)
    with pytest.raises(CheckpointError, match=words):
        load_checkpoint(best)
    with pytest.warns(UserWarning, match=words):
        assert load_best(folder).step == 30


def test_a_folder_without_a_valid_checkpoint_says_so(folder, tmp_path):
    with pytest.raises(CheckpointError, match="at least one checkpoint step-N, got none; train"):
        load_best(tmp_path / "nothing")
    for path in folder.iterdir():
        remove(path)
    with (
        pytest.warns(UserWarning, match="passed over"),
        pytest.raises(CheckpointError, match="one valid checkpoint, got 3 damaged"),
    ):
        load_best(folder)


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"a groupae checkpoint, got no manifest\.json"):
        load_checkpoint(tmp_path)


def test_a_pickle_is_not_opened(tmp_path):
    path = save_checkpoint(tmp_path, weights(), step=1, score=0.0)
    file = path / "model.safetensors"
    torch.save(weights(), file)
    manifest = json.loads((path / "manifest.json").read_text())
    import hashlib

    content = file.read_bytes()
    described = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest["files"]["model.safetensors"] = described
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="a safetensors file"):
        load_checkpoint(path)


def test_a_durable_write_replaces_whole(tmp_path):
    file = tmp_path / "a.txt"
    write_durably(file, b"old")
    write_durably(file, b"new")
    assert file.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


KILLED = """
import sys, torch
from pathlib import Path
from groupae.training import save_checkpoint
weights = {"w": torch.zeros(400_000)}
for step in range(10_000):
    save_checkpoint(Path(sys.argv[1]), weights, step=step % 5, score=float(step))
    if step == 0:
        print("started", flush=True)
"""


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.11])
def test_a_kill_never_leaves_half_a_checkpoint(tmp_path, delay):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "started"
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    found = list(tmp_path.glob("step-*"))
    assert found
    for path in found:
        assert load_checkpoint(path).weights["w"].shape == (400_000,)
