"""``groupae train`` goes on with a run, lengthens it, begins with its weights, or trains seeds."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from groupae.cli import main
from groupae.experiments import Run
from groupae.experiments.runs.resuming import newest_unfinished
from groupae.training import Callback, load_best

SHORT = ["--preset", "paper", "--size", "tiny", "--steps", "4", "--batch-size", "4"]

# three steps need not be better than none
pytestmark = pytest.mark.filterwarnings("ignore:fit. expected a validation better than")


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


class Kill(Callback):
    """End of the process at a step, as far as the files can tell."""

    def on_step_end(self, state):
        if state.step == 2:
            raise RuntimeError("killed")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "runs" / "a-001"
    assert run("train", "rotated-digits", "--out", path, *SHORT, "--threads", "1") == 0
    return path


@pytest.fixture
def a_copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "runs" / "a-001")


@pytest.fixture
def begun(whole, tmp_path):
    """A run that was killed at step 2, whose last snapshot is that of step 0."""
    old = Run.open(whole)
    path = tmp_path / "runs" / "b-001"
    made = Run.create(path, old.experiment, old.preset, preset_name="paper", size="tiny")
    with pytest.raises(RuntimeError, match="killed"):
        made.train([Kill()])
    return path


def weights_of(path):
    return load_best(path / "checkpoints").weights


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(whole, begun, capsys):
    assert run("train", "--resume", begun, "--threads", "1") == 0
    assert "goes on at step 0 (0% of the budget)" in capsys.readouterr().out
    found, wanted = weights_of(begun), weights_of(whole)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    assert (begun / "report.md").read_text().splitlines()[0] == "# " + (
        "rotated-digits, paper preset, seed 0"
    )


def test_a_run_that_was_killed_while_it_was_reported_is_completed(a_copy, monkeypatch, capsys):
    monkeypatch.chdir(a_copy.parent.parent)
    before = (a_copy / "result.json").read_text()
    (a_copy / "training.png").unlink()
    assert run("train", "--resume", "auto", "--threads", "1") == 0
    assert "the training is finished; its report and pictures are made" in capsys.readouterr().out
    assert (a_copy / "training.png").is_file()
    assert (a_copy / "result.json").read_text() == before


def test_a_longer_budget_lengthens_a_finished_run(a_copy, capsys):
    assert run("train", "--resume", a_copy, "--steps", "6", "--threads", "1") == 0
    out = capsys.readouterr().out
    assert "goes on at step 4 (67% of the budget) with a learning rate of " in out
    assert "lengthened from 4 steps to 6 steps in all" in out
    config = yaml.safe_load((a_copy / "config.yaml").read_text())
    assert config["training"]["steps"] == 6
    assert config["earlier"] == [{"minutes": 5.0, "steps": 4, "cpu_minutes": None, "patience": 0}]
    assert json.loads((a_copy / "result.json").read_text())["steps"] == 6
    Run.open(a_copy).load_model()


def test_checkpoints_and_result_of_an_earlier_budget_are_known(a_copy):
    opened = Run.open(a_copy)
    longer = opened.change(dataclasses.replace(opened.preset.training, steps=9))
    assert longer.result is None
    again = Run.open(a_copy)
    assert again.result is None
    again.load_model()
    with pytest.raises(ValueError, match="the config of the run, got another one"):
        opened.train(resume=True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "a finished run of 4 steps; --steps N, above 4, lengthens it to N in all"),
        (["--steps", "3"], "a total of at least 4, the budget so far, got --steps 3"),
        (["--steps", "9", "--minutes", "1"], "one new budget, got --steps and --minutes"),
        (["--cpu-minutes", "9"], "a budget in steps, as the run has measured"),
        (["--learning-rate", "1"], "got --learning-rate 1.0 (there 0.001)"),
        (["--seed", "3", "--size", "small"], "--size small (there tiny), --seed 3 (there 0)"),
        (["--force"], "no option for a new run beside --resume, got --force"),
        (["--device", "cuda:9", "--steps", "9"], "cuda"),
    ],
)
def test_an_option_that_contradicts_the_run_is_a_sentence(whole, words, sentence, capsys):
    before = (whole / "config.yaml").read_bytes()
    assert run("train", "--resume", whole, *words) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1
    assert (whole / "config.yaml").read_bytes() == before


def test_auto_does_not_depend_on_times_of_files(whole, begun, tmp_path):
    shutil.copytree(whole, tmp_path / "runs" / "a-002")
    later = shutil.copytree(begun, tmp_path / "runs" / "a-003")
    text = (later / "config.yaml").read_text()
    (later / "config.yaml").write_text(text.replace("serial: 1", "serial: 7"))
    os.utime(later / "config.yaml", (0, 0))
    assert newest_unfinished(tmp_path / "runs") == later


def test_auto_without_an_unfinished_run_is_a_sentence(a_copy, monkeypatch, capsys):
    monkeypatch.chdir(a_copy.parent.parent)
    assert run("train", "--resume", "auto") == 2
    assert "an unfinished run, got 1 finished" in capsys.readouterr().err


def test_first_weights_are_those_of_the_other_run(whole, tmp_path):
    path = tmp_path / "new"
    assert run("train", "--init", whole, "--out", path, "--steps", "1", "--threads", "1") == 0
    shutil.rmtree(path / "snapshots")
    first = Run.open(path)._first_weights()
    assert all(torch.equal(first.weights[n], w) for n, w in weights_of(whole).items())


def test_first_weights_of_another_model_are_refused(whole, tmp_path, capsys):
    words = ("rotated-digits", "--preset", "default", "--init", whole, "--out", tmp_path / "new")
    assert run("train", *words) == 2
    assert "got backbone 'residual' (there 'paper_digit')" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_seeds_have_a_run_each_and_one_table(tmp_path, capsys):
    base = tmp_path / "a"
    words = ("train", "rotated-digits", "--out", base, *SHORT, "--threads", "1", "--seeds", "2")
    assert run(*words) == 0
    assert "standard deviation" in capsys.readouterr().out
    assert {p.name for p in tmp_path.iterdir()} == {"a-s0", "a-s1"}
    shutil.rmtree(tmp_path / "a-s1")
    assert run("train", "--resume", base, "--seeds", "2", "--threads", "1") == 0
    assert Run.open(tmp_path / "a-s1").preset.training.seed == 1
    assert run(*words) == 2
    assert "completes them" in capsys.readouterr().err


def test_options_are_read_from_a_file(tmp_path, whole, capsys):
    file = tmp_path / "options.yaml"
    file.write_text("dataset: rotated-digits\nsteps: 4\nbatch_size: 8\n")
    assert run("train", "--steps", "7", "--config", file, "--print-config") == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    found = [printed[name] for name in ("dataset", "steps", "batch_size")]
    assert found == ["rotated-digits", 7, 8]
    assert run("train", "--config", whole / "config.yaml") == 2
    assert "the config of a run; --resume" in capsys.readouterr().err
    file.write_text("force: 3\n")
    assert run("train", "--config", file) == 2
    assert "force: expected bool, got 3" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_a_sentence(capsys):
    assert run("train", "./nowhere") == 2
    assert "expected a folder ./nowhere, got none" in capsys.readouterr().err


# --- a folder of one's own ------------------------------------------------------------------------
@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Folder of pictures with elements, and the run of its training."""
    root = tmp_path_factory.mktemp("own")
    folder = root / "pics"
    folder.mkdir()
    lines = ["picture,original,element"]
    for i in range(20):
        picture = np.zeros((16, 16), np.uint8)
        picture[4:12, 6:10] = 100 + 5 * i
        for quarter in range(4):
            name = f"{i}-{quarter}.png"
            Image.fromarray(np.rot90(picture, quarter)).save(folder / name)
            lines.append(f"{name},{i},{90 * quarter}")
    (folder / "elements.csv").write_text("\n".join(lines))
    words = ("--group", "so2", "--chart", "angle_deg", "--steps", "2", "--batch-size", "4")
    assert run("train", folder, *words, "--out", root / "run", "--threads", "1") == 0
    return folder, root / "run"


def test_a_run_on_own_pictures_is_used_from_its_folder_alone(own):
    _, path = own
    assert (path / "report.md").read_text().startswith("# pics, default preset, seed 0")
    for command in ("evaluate", "orbit", "export"):
        assert run(command, path, "--threads", "1") == 0
    assert run("train", "--resume", path, "--steps", "3", "--threads", "1") == 0
    assert Run.open(path).result.steps == 3


def test_own_pictures_that_were_moved_are_a_sentence_and_found_by_their_new_path(own, capsys):
    folder, path = own
    moved = folder.rename(folder.with_name("elsewhere"))
    try:
        assert run("evaluate", path) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert f"expected a folder {folder}, got none; put it back, or write its new path" in err
        config = (path / "config.yaml").read_text()
        (path / "config.yaml").write_text(config.replace(str(folder), str(moved)))
        assert run("evaluate", path, "--threads", "1") == 0
        (path / "config.yaml").write_text(config)
    finally:
        moved.rename(folder)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "expected --group for a folder of pictures, got none"),
        (["--group", "so2", "--size", "tiny"], "expected no such option, got --size beside"),
        (["--group", "nope"], "a group to be one of so2"),
    ],
)
def test_an_option_that_does_not_go_with_a_folder_is_a_sentence(own, words, sentence, capsys):
    assert run("train", own[0], *words) == 2
    assert sentence in capsys.readouterr().err
