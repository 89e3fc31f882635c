"""The command line: one sentence an error, the right exit code, no traceback."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from PIL import Image

from groupae.cli import main, running
from groupae.experiments import Run, get_experiment
from groupae.experiments.datasets import progress as building
from groupae.training import load_best, save_checkpoint

SHORT = ["--steps", "3", "--batch_size", "4", "--threads", "1"]


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder made by the command itself."""
    path = tmp_path_factory.mktemp("runs") / "run"
    assert run("train", "rotated-digits", "--out", path, *SHORT) == 0
    return path


@pytest.fixture
def a_copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def test_training_leaves_everything_in_the_folder(trained):
    made = {path.name for path in trained.iterdir()}
    assert made == {
        "config.yaml",
        "metrics.jsonl",
        "checkpoints",
        "snapshots",
        "result.json",
        "report.md",
        "orbit.png",
        "training.png",
    }
    report = (trained / "report.md").read_text()
    assert "(0 exact; unrelated codes: about 2 or more)" in report
    for row in ("default preset", "oracle", "unchanged", "mean image", "equivariance"):
        assert row in report
    assert json.loads((trained / "result.json").read_text())["steps"] == 3
    assert not list(trained.rglob("*.pt"))
    assert not list(trained.rglob("*.pkl"))


def test_evaluate_prints_the_table_again(trained, capsys):
    before = (trained / "report.md").read_text()
    assert run("evaluate", trained, "--threads", "1") == 0
    out = capsys.readouterr().out
    assert "oracle: x1 itself turned" in out
    assert (trained / "report.md").read_text() == before


def test_orbit_draws_the_picture_again(trained):
    (trained / "orbit.png").unlink()
    assert run("orbit", trained) == 0
    assert (trained / "orbit.png").stat().st_size > 10_000


def test_orbit_moves_if_asked(trained, capsys):
    assert run("orbit", trained, "--format", "gif", "--theme", "dark") == 0
    with Image.open(trained / "orbit.gif") as found:
        assert found.n_frames == 36
        assert found.convert("RGB").getpixel((0, 0)) == (20, 23, 28)
    kilobytes = round((trained / "orbit.gif").stat().st_size / 1000)
    assert f"{kilobytes} kB\n" in capsys.readouterr().out
    assert run("orbit", trained, "--format", "avi") == 2
    assert "--format: expected one of" in capsys.readouterr().err


def test_the_paper_preset_trains(tmp_path, capsys):
    out = tmp_path / "paper"
    assert run("train", "rotated-digits", "--preset", "paper", "--out", out, *SHORT) == 0
    config = yaml.safe_load((out / "config.yaml").read_text())
    assert config["model"]["representation"] == "8x0 + 8x1"
    assert config["model"]["objective"] == {"mse": 1.0, "latent_cycle": 1e-4}
    printed = capsys.readouterr().out
    assert "rotated-digits, paper preset, seed 0" in printed
    assert f"groupae.Run.open({str(out)!r}).load_model()" in printed


def test_a_run_opens_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = get_experiment("turntable")
    Run.create(Path("run"), experiment, experiment.preset("default"), folder=Path("views"))
    monkeypatch.chdir("/")
    assert Run.open(tmp_path / "run").folder == tmp_path / "views"


def test_an_unknown_size_makes_no_folder(tmp_path):
    experiment = get_experiment("turntable")
    with pytest.raises(ValueError, match=r"Run\.create: expected size to be one of tiny, small"):
        Run.create(tmp_path / "run", experiment, experiment.preset("default"), size="huge")
    assert not (tmp_path / "run").exists()


def test_originals_that_are_not_there_leave_no_run(tmp_path, a_copy, capsys):
    words = ("train", "rotated-digits", "--folder", tmp_path / "nowhere", "--out")
    assert run(*words, tmp_path / "new", *SHORT) == 2
    assert "a folder with the four idx files, got" in the_only_line(capsys)
    assert not (tmp_path / "new").exists()
    assert run(*words, a_copy, "--force", *SHORT) == 2
    assert (a_copy / "result.json").exists(), "the old run is kept"


def test_without_out_the_next_free_folder_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run("train", "rotated-digits", *SHORT) == 0
    names = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert names == ["rotated-digits-001", "rotated-digits-002"]


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("groupae: ")
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["train", "rotated-digits", "--preset", "big"],
            "a preset to be one of default, paper, paper-published",
        ),
        (["train", "digits"], "a data set to be one of rotated-digits"),
        (["train", "rotated-digits", "--minutes", "soon"], "minutes: expected float, got soon"),
        (["train", "rotated-digits", "--minutes", "-1"], "expected minutes above zero, got -1.0"),
        (["train", "rotated-digits", "--sped", "1"], "unrecognized arguments: --sped 1"),
        (["train", "rotated-digits", "--threads", "0"], "a number in 1..1024, got 0"),
        (["fly"], "invalid choice: 'fly'"),
        ([], "train,evaluate,compare"),
        (["evaluate", "/nowhere"], "/nowhere: expected a run folder with config.yaml, got none"),
        (["orbit", "/nowhere"], "name the folder that groupae train wrote"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(words, sentence, capsys):
    assert run(*words) == 2
    assert sentence in the_only_line(capsys)


def test_an_existing_run_is_not_overwritten_without_force(a_copy, capsys):
    before = (a_copy / "result.json").read_text()
    assert run("train", "rotated-digits", "--out", a_copy, *SHORT) == 2
    line = the_only_line(capsys)
    assert "expected a new or empty folder, got a finished run of 3 steps, the best weights" in line
    assert f"judge it with groupae evaluate {a_copy}, or open it with groupae.Run.open; " in line
    assert f"groupae train --resume {a_copy} --steps N lengthens it; " in line
    assert line.endswith("another folder with --out (--force deletes it)\n")
    assert (a_copy / "result.json").read_text() == before
    assert run("train", "rotated-digits", "--out", a_copy, "--force", *SHORT) == 0
    assert (a_copy / "result.json").read_text() != before


def test_force_does_not_delete_what_is_no_run(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert run("train", "rotated-digits", "--out", tmp_path, "--force", *SHORT) == 2
    assert "got one that holds other things" in the_only_line(capsys)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


@pytest.mark.parametrize("keep", ["config.yaml", "thesis.tex"])
def test_force_deletes_nothing_from_a_folder_with_other_things(a_copy, keep, capsys):
    """Neither a foreign config.yaml nor a run with something beside it makes a folder ours."""
    if keep == "config.yaml":
        shutil.rmtree(a_copy)
        a_copy.mkdir()
    (a_copy / keep).write_text("years: of work")
    before = sorted(path.name for path in a_copy.iterdir())
    assert run("train", "rotated-digits", "--out", a_copy, "--force", *SHORT) == 2
    assert "got one that holds other things" in the_only_line(capsys)
    assert sorted(path.name for path in a_copy.iterdir()) == before


def test_force_keeps_the_old_run_if_the_new_one_cannot_be(a_copy, capsys):
    words = ("--out", a_copy, "--force", "--seed", str(2**64), *SHORT)
    assert run("train", "rotated-digits", *words) == 2
    assert "seed in 0..2^63 - 1" in the_only_line(capsys)
    assert (a_copy / "result.json").exists()


def test_options_may_be_spelled_with_hyphens(tmp_path):
    words = ("--steps", "2", "--batch-size=4", "--learning-rate", "1e-3", "--threads", "1")
    assert run("train", "rotated-digits", "--out", tmp_path / "run", *words) == 0
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert (config["training"]["batch_size"], config["training"]["learning_rate"]) == (4, 1e-3)


def test_a_path_that_looks_like_markup_is_printed_as_it_is(tmp_path, capsys):
    out = tmp_path / "br[red]ack[/a]"
    assert run("train", "rotated-digits", "--out", out, *SHORT) == 0
    assert f"{out}/orbit.png\n" in capsys.readouterr().out


def test_the_table_is_the_result_even_if_the_report_cannot_be_written(a_copy, capsys):
    (a_copy / "report.md").unlink()
    (a_copy / "report.md").mkdir()
    assert run("evaluate", a_copy, "--threads", "1") == 0
    captured = capsys.readouterr()
    assert "oracle: x1 itself turned" in captured.out
    assert captured.err == "groupae: report.md is not written: is a directory\n"
    assert not list(a_copy.glob(".report*"))


@pytest.mark.filterwarnings("always:passed over")
def test_a_damaged_checkpoint_falls_back_with_one_line(a_copy, capsys):
    best = load_best(a_copy / "checkpoints")
    save_checkpoint(a_copy / "checkpoints", best.weights, step=0, score=best.score - 1)
    file = best.path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    assert run("evaluate", a_copy, "--threads", "1") == 0
    assert "passed over a damaged checkpoint" in the_only_line(capsys)


def test_a_damaged_result_is_a_sentence(a_copy, capsys):
    (a_copy / "result.json").write_text("{")
    assert run("evaluate", a_copy, "--threads", "1") == 2
    assert "the result of a training, got" in the_only_line(capsys)
    earlier = {"steps": 3, "best_step": 3, "seconds": 1.0, "validation_psnr": 12.0}
    (a_copy / "result.json").write_text(json.dumps(earlier))
    assert run("evaluate", a_copy, "--threads", "1") == 2
    assert "got one without 'validation_score'; delete it" in the_only_line(capsys)


def test_no_valid_checkpoint_is_a_sentence(a_copy, capsys):
    shutil.rmtree(a_copy / "checkpoints")
    assert run("evaluate", a_copy) == 2
    assert "at least one checkpoint step-N, got none" in the_only_line(capsys)


def test_a_checkpoint_of_another_model_is_a_sentence(a_copy, capsys):
    config = yaml.safe_load((a_copy / "config.yaml").read_text())
    config["model"]["representation"] = "4x0 + 4x1"
    (a_copy / "config.yaml").write_text(yaml.safe_dump(config))
    assert run("evaluate", a_copy) == 2
    assert "expected weights of the model in config.yaml, got" in the_only_line(capsys)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["model"].update(representation="8y1"), "an irrep among 0, 1, 2"),
        (lambda c: c.update(experiment="moon"), "a data set to be one of rotated-digits"),
        (lambda c: c["model"].update(depth=3), "unexpected keyword argument 'depth'"),
        (lambda c: c["model"].update(objective={"l7": 1.0}), "a loss term to be one of mse"),
        (
            lambda c: c["model"].update(backbone="cnn"),
            "backbone to be one of residual, unet, linear, set, ordered_set, sequence, paper_digit",
        ),
        (lambda c: c.update(groupae_run=99), "with groupae_run: 1, got 99"),
        (lambda c: c["model"].update(objective=["mse"]), "objective to map loss terms to weights"),
        (lambda c: c["model"].update(widths=["a"]), "widths above zero"),
        (lambda c: c["model"].update(widths=[-8, 8]), "widths above zero"),
        (lambda c: c["model"].update(blocks="x"), "blocks from 0, got widths"),
        (lambda c: c["training"].update(optimizer="sgd"), "optimizer to be one of adam, muon"),
        (lambda c: c.pop("training"), "a groupae run, got one without 'training'"),
        (lambda c: c.update(training=None), "a groupae run, got training that is None"),
        (lambda c: c.update(model=[]), "a groupae run, got model that is []"),
        (lambda c: c.update(data="tiny"), "a groupae run, got data that is 'tiny'"),
        (lambda c: c.update(experiment=None), "a data set to be one of rotated-digits"),
        (lambda c: c["data"].update(folder=5), "a groupae run, got a folder that is 5"),
        (lambda c: c["data"].update(size="huge"), "size to be one of tiny, small, full, got 'hu"),
        (
            lambda c: c["model"].update(widths=8),
            "widths above zero and blocks from 0, got widths 8",
        ),
        (lambda c: c["model"].update(blocks=True), "widths above zero and blocks from 0"),
        (lambda c: c["model"].update(objective={"mse": True}), "loss terms to weights"),
        (lambda c: c["model"].update(objective={"mse": float("nan")}), "loss terms to weights"),
        (lambda c: c["model"].update(colours=-1), "colours as a count from 0, got -1"),
        (lambda c: c["model"].update(stride=3), "a backbone of unet for stride, got 'residual'"),
        (lambda c: c["model"].update(stride=3, backbone="unet"), "stride 1 or 2, got 3"),
        (
            lambda c: c["model"].update(colours=2, backbone="paper_digit"),
            "a backbone of residual, unet for colours, got 'paper_digit'; leave colours out",
        ),
        (
            lambda c: c["model"].update(skips="8x0", backbone="unet"),
            "skips as a list of texts, got '8x0'",
        ),
        (
            lambda c: c["model"].update(skips=[8, 4], backbone="unet"),
            "skips as a list of texts, got (8, 4)",
        ),
        (lambda c: c["model"].update(skips=["8x0"]), "a backbone of unet, paper_scene for skips"),
        (lambda c: c["model"].update(backbone=None), "backbone and representation as text, got"),
        (lambda c: c["model"].update(representation=5), "backbone and representation as text, got"),
        (lambda c: c["training"].update(steps=2.5), "TrainingConfig: expected steps as an integer"),
        (lambda c: c["training"].update(minutes="5"), "expected minutes as a number, got '5'"),
        (lambda c: c["training"].update(seed=True), "expected seed as an integer, got True"),
    ],
)
def test_a_config_that_makes_no_sense_is_a_sentence(a_copy, change, sentence, capsys):
    config = yaml.safe_load((a_copy / "config.yaml").read_text())
    change(config)
    (a_copy / "config.yaml").write_text(yaml.safe_dump(config))
    assert run("evaluate", a_copy) == 2
    assert sentence in the_only_line(capsys)


def test_a_read_only_folder_is_a_sentence(tmp_path, capsys, monkeypatch):
    """Root may write anywhere, so the refusal of the system is played."""

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    assert run("train", "rotated-digits", "--out", tmp_path / "new", *SHORT) == 2
    line = the_only_line(capsys)
    assert (
        f"{tmp_path / 'new'}: permission denied; make it writable, or name another folder" in line
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere; the test above plays it")
def test_a_folder_that_really_is_read_only(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert run("train", "rotated-digits", "--out", tmp_path / "new", *SHORT) == 2
    assert "permission denied" in the_only_line(capsys)


def test_a_file_in_the_way_is_a_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert run("train", "rotated-digits", "--out", tmp_path / "file", *SHORT) == 2
    assert "a new or empty folder" in the_only_line(capsys)


def test_debug_shows_the_traceback(capsys):
    assert run("evaluate", "/nowhere", "--debug") == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_diverging_run_exits_with_1_and_the_remedy(tmp_path, capsys):
    code = run(
        *("train", "rotated-digits", "--preset", "paper", "--out", tmp_path / "run"),
        *("--steps", "200", "--batch_size", "4", "--threads", "1", "--learning_rate", "1e30"),
    )
    assert code == 1
    line = the_only_line(capsys)
    assert "expected a finite loss and gradient, got" in line
    assert "lower learning_rate (now 1e+30) or set clip_norm lower (now 1.0)" in line
    assert list((tmp_path / "run" / "checkpoints").glob("step-*"))


def test_help_and_version(capsys):
    assert run("--version") == 0
    assert run("train", "--help") == 0
    out = capsys.readouterr().out
    assert "groupae 0." in out
    assert "Wall-clock budget in minutes" in out


def test_an_error_of_many_lines_is_one_line(capsys, monkeypatch):
    def crash(run):
        raise RuntimeError("out of\nmemory")

    monkeypatch.setattr(Run, "open", crash)
    assert run("evaluate", "run") == 1
    assert the_only_line(capsys) == "groupae: RuntimeError: out of memory\n"


def interrupt(*words, **options):
    raise KeyboardInterrupt


def test_only_a_training_speaks_of_what_was_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(building, "show_building", interrupt)
    assert run("data", "prepare", "rotated-digits") == 130
    assert the_only_line(capsys) == "groupae: interrupted\n"
    monkeypatch.setattr(Run, "train", interrupt)
    assert run("train", "rotated-digits", "--out", tmp_path / "run", *SHORT) == 130
    path = tmp_path / "run"
    again = f"groupae train --resume {path} begins"
    sentence = f"groupae: interrupted; nothing was trained yet in {path}; {again}\n"
    assert the_only_line(capsys) == sentence
    monkeypatch.setattr(running, "show_building", interrupt)
    assert run("train", "rotated-digits", "--out", tmp_path / "run2", *SHORT) == 130
    assert the_only_line(capsys) == "groupae: interrupted\n"


def test_ctrl_c_writes_a_checkpoint_and_exits_with_130(tmp_path):
    out = tmp_path / "run"
    words = ["train", "rotated-digits", "--minutes", "5", "--threads", "1", "--out", str(out)]
    # a shell that runs the tests in the background has its children ignore Ctrl-C
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from groupae.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    metrics = out / "metrics.jsonl"
    deadline = time.monotonic() + 90
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == (
        "groupae: interrupted; what was trained so far is kept; "
        f"groupae train --resume {out} goes on, groupae evaluate {out} makes its table"
    )
    assert "Traceback" not in err
    assert list((out / "checkpoints").glob("step-*"))
    assert run("evaluate", out, "--threads", "1") == 0
    assert "interrupted" in (out / "report.md").read_text()


def test_the_module_is_the_command_too():
    words = [sys.executable, "-m", "groupae", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0], done.stderr) == (0, "groupae", "")
