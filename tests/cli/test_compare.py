"""``groupae compare`` in miniature, through real processes: stopped, killed, gone on with."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from groupae.cli import main
from groupae.experiments import ComparisonRun

MINIATURE = ["compare", "rotated-digits", "--size", "tiny", "--models", "default,paper"]
MINIATURE += ["--seeds", "2", "--steps", "3"]


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


def start(out):
    """Start the miniature, one training at a time, in a session of its own."""
    options = [*MINIATURE, "--jobs", "1", "--out", str(out)]
    # what a shell starts in the background is deaf to Ctrl-C unless told to hear it
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{hears}; from groupae.cli import main; main({options!r})"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    words = [sys.executable, "-c", f"if __name__ == '__main__':\n    {code}"]
    return subprocess.Popen(words, start_new_session=True, **pipes)


def cells(out):
    return {file.name: file.stat().st_mtime_ns for file in (out / "cells").glob("*.json")}


def until(condition):
    ends = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < ends, "it took too long"
        time.sleep(0.05)


def children(parent):
    stats = [file.read_text() for file in Path("/proc").glob("[0-9]*/stat") if file.exists()]
    fields = [(int(s.split()[0]), s.rpartition(")")[2].split()) for s in stats]
    return {number for number, rest in fields if int(rest[1]) == parent and rest[0] != "Z"}


def is_alive(number):
    file = Path(f"/proc/{number}/stat")
    return file.exists() and file.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
@pytest.mark.timeout(900)  # a minute, but not on a busy machine
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_what_is_finished_is_kept_whatever_happens(tmp_path, capsys):
    stopped = start(tmp_path)
    until((tmp_path / "runs" / "paper-0.log").exists)  # the second one is at work
    workers = children(stopped.pid)
    os.killpg(stopped.pid, signal.SIGINT)  # as a terminal does on Ctrl-C
    out, err = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert err.count("\n") == 1
    assert f"interrupted; finished results are kept in {tmp_path / 'cells'}" in err
    assert "default-0: PSNR (dB)" in out
    until(lambda: not any(map(is_alive, workers)))
    first = cells(tmp_path)

    killed = start(tmp_path)
    until(lambda: len(cells(tmp_path)) == len(first) + 1)
    until(lambda: children(killed.pid))
    workers = children(killed.pid)
    killed.kill()
    killed.communicate()
    until(lambda: not any(map(is_alive, workers)))  # no orphan writes into the folder
    second = cells(tmp_path)
    assert first.items() <= second.items()
    assert len(second) < 4

    assert run(*MINIATURE, "--jobs", "2", "--out", tmp_path) == 0
    third = cells(tmp_path)
    assert second.items() <= third.items(), "finished cells were not trained again"
    assert third.keys() == {f"{name}-{seed}.json" for name in ("default", "paper") for seed in "01"}
    capsys.readouterr()

    damaged = tmp_path / "cells" / "paper-1.json"
    damaged.write_text(damaged.read_text()[:100])
    third = cells(tmp_path)
    assert run(*MINIATURE, "--jobs", "2", "--out", tmp_path) == 0
    out = capsys.readouterr().out
    assert out.count("there already") == 3
    assert "paper-1: trained again: " in out
    assert {name for name, time in cells(tmp_path).items() if third[name] != time} == {damaged.name}
    for word in ("default", "paper", "oracle: x1 itself turned", "our default is better by"):
        assert word in out
    table = json.loads((tmp_path / "compare.json").read_text())
    assert {row["name"]: row["seeds"] for row in table["models"]} == {
        "default": [0, 1],
        "paper": [0, 1],
    }
    assert not list(tmp_path.rglob("*.pkl"))
    assert str(tmp_path) not in (tmp_path / "compare.md").read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["digits"], "a data set to be one of rotated-digits"),
        (["rotated-digits", "--models", "papper"], "a model to be one of all, ablation, default"),
        (["rotated-digits", "--seeds", "0"], "seeds to be an integer of at least 1, got 0"),
        (["rotated-digits", "--jobs", "0"], "jobs to be an integer of at least 1, got 0"),
        (["rotated-digits", "--cpu-minutes", "0"], "expected --cpu-minutes above zero, got 0"),
        (["rotated-digits", "--steps", "3", "--cpu-minutes", "1"], "not both, got 3 and 1"),
        (["series", "--models", "default", "--pixels", "16"], "square pictures (C, H, W)"),
        (["rotated-digits", "--folder", "/nowhere"], "a folder with the four idx files"),
    ],
)
def test_bad_input_is_one_sentence(words, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    models = [] if "--models" in words else ["--models", "default"]
    assert run("compare", *words, *models) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert sentence in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("failures", "code"), [({}, 0), ({"paper-0": "a loss of nan"}, 1)])
def test_a_failed_training_shows_in_the_exit_code(tmp_path, monkeypatch, failures, code):
    ended = SimpleNamespace(failures=failures, print=lambda console: None)
    monkeypatch.setattr(ComparisonRun, "run", lambda self, jobs, tell: ended)
    assert run(*MINIATURE, "--out", tmp_path / "out") == code
