"""Full and read-only disks, two processes in one folder, and clocks set back lose nothing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import warnings

import pytest
import torch

from groupae import TrainingConfig, fit
from groupae.training import Callback, KeepBest, KeepSnapshots, load_best, load_snapshot
from groupae.training import checkpoint as checkpoints_of
from groupae.training import snapshot as snapshots_of
from tests.training.test_training import linear_model, sources

CONFIG = TrainingConfig(steps=6, batch_size=8, validations=3, learning_rate=1e-2, ema=0.5)


def _train(folder, config=CONFIG, *, extra=(), resume=None):
    train, validation = sources()
    model = linear_model()
    callbacks = [KeepBest(folder / "best"), KeepSnapshots(folder / "kept", every_steps=2), *extra]
    fit(model, train, validation, config, callbacks=callbacks, resume=resume)
    return model.state_dict()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    return _train(tmp_path_factory.mktemp("whole"))


def _assert_resumes(folder, wanted):
    """All on disk is whole, and the training goes on to the same bits."""
    kept = [p.name for name in ("kept", "best") for p in (folder / name).glob(".*")]
    assert kept == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is damaged
        has_snapshot = any((folder / "kept").glob("step-*"))
        if has_snapshot:
            load_snapshot(folder / "kept")
        if any((folder / "best").glob("step-*")):
            load_best(folder / "best")
    target = folder if has_snapshot else folder / "anew"
    found = _train(target, resume=folder / "kept" if has_snapshot else None)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    load_best(target / "best")
    return has_snapshot


class _FailsAt:
    """A function that fails at its k-th call, and at all later ones until the disk has space."""

    def __init__(self, usual, k, error, *, forever=True):
        self.usual, self.k, self.error, self.forever = usual, k, error, forever
        self.calls = 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.calls == self.k or (self.forever and self.calls > self.k):
            raise self.error
        return self.usual(*args, **kwargs)


def _full():
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _assert_is_full(error):
    assert error.errno == errno.ENOSPC
    assert "step-" in str(error.filename), error
    assert "\n" not in str(error)


@pytest.mark.parametrize("forever", [True, False])
def test_a_disk_that_fills_at_any_flush_loses_nothing(tmp_path, monkeypatch, wanted, forever):
    resumed, k = 0, 1
    while True:
        folder = tmp_path / f"{k}-{forever}"
        with monkeypatch.context() as patched:
            fsync = _FailsAt(os.fsync, k, _full(), forever=forever)
            patched.setattr(os, "fsync", fsync)
            if k > 1000:
                raise AssertionError("no end")
            try:
                _train(folder)
            except OSError as error:
                _assert_is_full(error)
            else:
                assert fsync.calls < k
                break
        resumed += _assert_resumes(folder, wanted)
        k += 1 if k < 12 else 7
    assert k > 30
    assert resumed > 5


def test_a_disk_that_fills_at_any_file_of_tensors_loses_nothing(tmp_path, monkeypatch, wanted):
    k = 1
    while True:
        folder = tmp_path / str(k)
        with monkeypatch.context() as patched:
            save = _FailsAt(checkpoints_of.save_file, k, _full())
            patched.setattr(checkpoints_of, "save_file", save)
            try:
                _train(folder)
            except OSError as error:
                _assert_is_full(error)
            else:
                assert save.calls < k
                break
        _assert_resumes(folder, wanted)
        k += 1
    assert k > 5


_CHILD = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from tests.training.test_faults_of_disks import _train
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    _train(Path(sys.argv[1]))
except OSError as error:
    print(error.errno, error.filename, error.strerror)
    sys.exit(3)
"""


@pytest.mark.parametrize("limit", [2500, 100])
def test_files_that_cannot_be_written_whole_lose_nothing(tmp_path, wanted, limit):
    command = [sys.executable, "-c", _CHILD, str(tmp_path), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert done.stdout.startswith(f"{errno.EFBIG} {tmp_path}/")
    _assert_resumes(tmp_path, wanted)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "kept").write_text("a file in the place of the folder")
    with pytest.raises(OSError, match="kept"):
        _train(tmp_path)
    assert (tmp_path / "kept").read_text() == "a file in the place of the folder"


class _Then(Callback):
    """Calls a function after a step."""

    def __init__(self, step, function):
        self.step, self.function = step, function

    def on_step(self, state):
        if state.step == self.step:
            self.function()


def test_a_disk_that_becomes_read_only_is_named(tmp_path, monkeypatch, wanted):
    def refuse(path, *args, **kwargs):
        if not path.exists():
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def remount():
        monkeypatch.setattr("pathlib.Path.mkdir", refuse)

    with pytest.raises(OSError, match="Read-only file system") as caught:
        _train(tmp_path, extra=[_Then(3, remount)])
    assert str(caught.value.filename).startswith(str(tmp_path))
    monkeypatch.undo()
    assert _assert_resumes(tmp_path, wanted)


# --- two processes -------------------------------------------------------------------------------
_HOLDER = """
import sys, time
from pathlib import Path
from groupae.training.snapshot import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("name", ["best", "kept"])
def test_a_second_process_is_refused_and_touches_nothing(tmp_path, monkeypatch, wanted, name):
    stop = _Then(3, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, extra=[stop])
    held = tmp_path / name
    unfinished = held / ".step-00000004.1.0123abcd.groupae"
    unfinished.mkdir()  # the first process is at work on it
    monkeypatch.setattr(snapshots_of, "_PATIENCE", 0.0)
    command = [sys.executable, "-c", _HOLDER, str(held)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "locked\n"
            before = sorted(held.iterdir())
            with pytest.raises(FileExistsError, match="another training writes to") as caught:
                _train(tmp_path, resume=tmp_path / "kept")
            assert "\n" not in str(caught.value)
            assert f"{held}: expected a folder of its own, got " in str(caught.value)
            assert sorted(held.iterdir()) == before
        finally:
            holder.kill()  # its lock is left, and does not count
    assert (held / ".lock").exists()
    found = _train(tmp_path, resume=tmp_path / "kept")
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)
    assert not list(tmp_path.glob("*/.*"))


def test_the_folder_is_free_after_an_error(tmp_path, wanted):
    def fail():
        raise RuntimeError("a bug of a callback")

    with pytest.raises(RuntimeError, match="a bug"):
        _train(tmp_path, extra=[_Then(5, fail)])
    assert _assert_resumes(tmp_path, wanted)


# --- clocks and interrupts -----------------------------------------------------------------------
def test_a_clock_that_is_set_back_changes_nothing(tmp_path, monkeypatch, wanted):
    usual = time.time
    monkeypatch.setattr(time, "time", lambda: usual() - 1e6)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, extra=[_Then(3, lambda: signal.raise_signal(signal.SIGINT))])
    for path in (tmp_path / "kept").glob("step-*"):  # the newest step has the oldest date
        date = 1e9 - int(path.name[5:])
        os.utime(path, (date, date))
    assert load_snapshot(tmp_path / "kept").step == 3
    monkeypatch.setattr(time, "time", lambda: usual() - 1e9)
    assert _assert_resumes(tmp_path, wanted)


def test_a_budget_of_time_is_not_that_of_a_clock_that_is_set_back(tmp_path, monkeypatch):
    usual, calls = time.time, []

    def jumping():
        calls.append(1)
        return usual() - 1e4 * len(calls)

    monkeypatch.setattr(time, "time", jumping)
    config = TrainingConfig(minutes=0.005, batch_size=8, validations=1)
    started = time.monotonic()
    _train(tmp_path, config)
    assert time.monotonic() - started < 20
    assert 0 < load_snapshot(tmp_path / "kept").clock["seconds"] < 20


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupts_within_a_write_of_a_snapshot_lose_nothing(
    tmp_path, monkeypatch, wanted, number
):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for count in (1, 2):  # the second of two is raised at once, in the middle of the write
            for k in (1, 4, 9, 14):
                folder = tmp_path / f"{count}-{k}"
                usual, calls = os.fsync, []

                def interrupted(descriptor, k=k, count=count, usual=usual, calls=calls):
                    calls.append(1)
                    if len(calls) == k:
                        for _ in range(count):
                            signal.raise_signal(number)
                    usual(descriptor)

                with monkeypatch.context() as patched:
                    patched.setattr(os, "fsync", interrupted)
                    with pytest.raises(KeyboardInterrupt):
                        _train(folder)
                _assert_resumes(folder, wanted)
    finally:
        signal.signal(signal.SIGINT, before)
