"""Checkpoints: whole or absent, verified, no pickle."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors import SafetensorError

from groupae._files import hidden_beside, is_leftover, write_durably
from groupae.training import (
    CheckpointError,
    KeepBest,
    TrainingState,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
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
        (text_for_step, "expected step as a count from 0, got 'abc'"),
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
    del manifest["sha256"]
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


# --- what is told apart ---------------------------------------------------------------------------
def change(path, **values):
    """Change figures of a manifest; without a digest, as groupae 0.1 wrote it."""
    manifest = json.loads((path / "manifest.json").read_text()) | values
    del manifest["sha256"]
    (path / "manifest.json").write_text(json.dumps(manifest))


def test_a_changed_score_is_told(folder):
    """Siblings: the step, the digest of the model, the size of a file."""
    best = folder / "step-00000020"
    text = (best / "manifest.json").read_text()
    assert load_checkpoint(best).score == 25.0
    for old, new in (("25.0", "23.0"), ('"step": 20', '"step": 21'), ('"bytes": ', '"bytes": 1')):
        assert old in text
        (best / "manifest.json").write_text(text.replace(old, new))
        with pytest.raises(CheckpointError, match="the manifest that was written"):
            load_checkpoint(best)
        with pytest.warns(UserWarning, match="a changed one"):
            assert load_best(folder).step == 30


def test_a_manifest_of_an_earlier_version_has_no_digest_and_opens(folder):
    change(folder / "step-00000020", score=26.5)
    assert load_best(folder).score == 26.5
    assert load_best(folder).model is None


def test_whose_weights_they_are_is_kept(tmp_path):
    path = save_checkpoint(tmp_path, weights(), step=1, score=0.0, model="ab" * 32)
    assert load_checkpoint(path).model == "ab" * 32


@pytest.mark.parametrize("key", ["step", "score"])
@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e400", "true", "null", '"3"'])
def test_a_manifest_with_a_figure_that_is_none_is_passed_over(folder, key, number):
    best = folder / "step-00000020"
    change(best)
    manifest = json.loads((best / "manifest.json").read_text())
    text = json.dumps({**manifest, key: 777}).replace("777", number)
    (best / "manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match=f"expected {key} as a "):
        load_checkpoint(best)
    with pytest.warns(UserWarning, match=f"expected {key} as a "):
        assert load_best(folder).step == 30


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"step": ' + "9" * 5000 + "}", "a readable manifest.json, got Exceeds the limit"),
        ("[" * 100_000, "JSON that is nested too deeply"),
        ('{"a":' * 100_000, "JSON that is nested too deeply"),
        (" " * 2**21, "more than 1048576 bytes"),
        ("\udcff", "a readable manifest.json"),
    ],
)
def test_a_manifest_beyond_reason_is_passed_over(folder, content, words):
    path = folder / "step-00000020" / "manifest.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.warns(UserWarning, match=words):
        assert load_best(folder).step == 30


def test_a_negative_or_fractional_step_is_none(folder):
    for step in (-1, 2.5):
        change_to = json.loads((folder / "step-00000020/manifest.json").read_text())
        change_to.pop("sha256", None)
        change_to["step"] = step
        (folder / "step-00000020/manifest.json").write_text(json.dumps(change_to))
        with pytest.raises(CheckpointError, match="expected step as a count from 0"):
            load_checkpoint(folder / "step-00000020")


@pytest.mark.parametrize(
    ("step", "score"), [(-1, 1.0), (True, 1.0), (1, float("nan")), (1, float("inf")), (1, 10**400)]
)
def test_no_checkpoint_is_written_that_would_not_be_read(tmp_path, step, score):
    with pytest.raises(ValueError, match=r"save_checkpoint: expected (step|score) as a"):
        save_checkpoint(tmp_path / "new", weights(), step=step, score=score)
    assert not (tmp_path / "new").exists()


def test_a_state_that_would_not_be_read_is_not_written(tmp_path):
    heavy = {**weights(), "_extra_state": {"text": "a" * 2**20}}
    with pytest.raises(ValueError, match=r"at most 1048576 bytes, got \d+; keep less in get_extra"):
        save_checkpoint(tmp_path, heavy, step=1, score=0.0)
    assert names(tmp_path) == []


# --- a folder that is used ------------------------------------------------------------------------
def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_with_checkpoints_is_refused_at_the_start(folder):
    """Those of a new training, of lower score, would be deleted at once."""
    before = names(folder)
    with pytest.raises(FileExistsError, match="a folder without checkpoints, got 3 in it, "):
        KeepBest(folder).on_start(TrainingState(torch.nn.Linear(1, 1)))
    assert names(folder) == before


def test_a_folder_with_what_a_kill_left_is_swept_and_used(tmp_path):
    for name in (".step-00000000.4711", ".step-00000001.4711.0123abcd.groupae"):
        (tmp_path / name).mkdir()
    (tmp_path / ".step-notes").mkdir()
    keep, state = KeepBest(tmp_path), TrainingState(torch.nn.Linear(1, 1))
    keep.on_start(state)
    assert names(tmp_path) == [".lock", ".step-notes"]
    keep.on_end(state)
    assert names(tmp_path) == [".step-notes"]


@pytest.mark.parametrize("damage", [garble, foreign, remove, truncate])
def test_pruning_deletes_no_valid_one_for_a_damaged_one(folder, damage):
    save_checkpoint(folder, weights(), step=40, score=1.0)
    for step in (20, 30):
        damage(folder / f"step-000000{step}")
    prune_checkpoints(folder, keep=2)
    assert names(folder) == [f"step-000000{step}" for step in (10, 20, 30, 40)]
    save_checkpoint(folder, weights(), step=50, score=30.0)
    prune_checkpoints(folder, keep=2)
    assert names(folder) == [f"step-000000{step}" for step in (10, 20, 30, 50)]


# --- writing --------------------------------------------------------------------------------------
def test_a_link_is_replaced_not_written_through(tmp_path):
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    for target in (precious, tmp_path / "nowhere", tmp_path):
        link = tmp_path / "link"
        link.symlink_to(target)
        write_durably(link, b"new")
        assert not link.is_symlink()
        assert link.read_bytes() == b"new"
        link.unlink()
    assert precious.read_text() == "years of work"


def test_a_disk_that_fills_is_named_and_nothing_is_left(tmp_path, monkeypatch):
    """Siblings: the weights, the manifest, a file, a line of metrics."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    def full_for_safetensors(*_, **__):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    save_checkpoint(tmp_path, weights(), step=0, score=0.0)
    for target, fake in (("save_file", full_for_safetensors), ("write_durably", full)):
        with monkeypatch.context() as patched:
            patched.setattr(f"groupae.training.checkpoint.{target}", fake)
            with pytest.raises(OSError, match=r"(?i)no space left") as caught:
                save_checkpoint(tmp_path, weights(), step=1, score=1.0)
        assert caught.value.errno == errno.ENOSPC
        assert caught.value.filename == str(tmp_path / "step-00000001")
        assert names(tmp_path) == ["step-00000000"]
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_durably(tmp_path / "report.md", b"report")
    assert caught.value.filename == str(tmp_path / "report.md")
    assert names(tmp_path) == ["step-00000000"]


def test_what_the_weights_writer_says_of_the_system_is_understood(tmp_path):
    """A limit on the size of files stands for a disk that fills: a full one takes root to make."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            save_checkpoint(tmp_path, weights(), step=1, score=1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
        signal.signal(signal.SIGXFSZ, before)
    assert caught.value.errno == errno.EFBIG
    assert names(tmp_path) == []


def test_what_a_kill_left_is_known_by_its_name(tmp_path):
    assert is_leftover(hidden_beside(tmp_path / "report.md").name, r"report\.md")
    assert is_leftover(".discarded-report.md.4711", r"report\.md")
    for name in ("report.md", ".report.md", ".report.md.bak", ".thesis.tex.4711", ".lock"):
        assert not is_leftover(name, r"report\.md")
    longest = tmp_path / ("a" * 251 + ".png")
    write_durably(longest, b"new")
    assert names(tmp_path) == [longest.name]
