"""groupae swap: a figure and a table, or one sentence."""

import pytest
import torch
from torch import nn

from groupae.cli import main
from groupae.experiments import Run, get_experiment, make_swap_report
from groupae.training import save_checkpoint


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


def make_run(path, name):
    """Return a run folder of a model as it is before training."""
    experiment = get_experiment(name)
    made = Run.create(path, experiment, experiment.preset("default"), size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    return made


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "run", "blocked-digits")


def test_a_figure_and_a_table(digits, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run("swap", digits.path, "--threads", "1") == 0
    assert (digits.path / "swap.png").stat().st_size > 10_000
    table = (digits.path / "swap.md").read_text()
    assert "| x in the pose of y | swap | " in table
    assert "](swap.png)" in table
    out = capsys.readouterr().out
    for words in ("the square of x before the digit of y", "x in the pose of y", "y unchanged"):
        assert words in out
    for words in ("truth reconstructed", "PSNR of what is seen", "100 held-out pairs"):
        assert words in out
    Run.check_path(digits.path, force=True)  # a run with the figure can still be replaced


def test_brains_are_judged_by_what_moves_too(tmp_path):
    made = make_run(tmp_path / "run", "brain-contrast")
    report = make_swap_report(made, made.load_model())
    assert [column.name for column in report.columns] == ["psnr", "ssim", "own_psnr"]
    found = report.scores["y as it is"]
    assert found["y unchanged"]["psnr"].mean == pytest.approx(100)
    assert torch.isfinite(torch.tensor(found["swap"]["psnr"].mean))


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_no_run_is_one_sentence(tmp_path, capsys):
    assert run("swap", tmp_path) == 2
    assert "name the folder that groupae train wrote" in the_only_line(capsys)


def test_data_without_a_truth_are_one_sentence(tmp_path, capsys):
    made = make_run(tmp_path / "series", "series")
    assert run("swap", made.path) == 2
    assert (
        "expected a data set that says what a swap should show, got one that does"
        in the_only_line(capsys)
    )
    assert not (made.path / "swap.png").exists()


def test_a_model_without_parts_is_refused(digits):
    with pytest.raises(ValueError, match="a model with a latent code whose parts can be swapped"):
        make_swap_report(digits, nn.Identity())
