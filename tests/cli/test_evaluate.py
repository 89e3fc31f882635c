"""groupae evaluate --all: every score that applies, after the report."""

import json

import pytest

from groupae.cli import main
from groupae.experiments import Run, get_experiment
from groupae.metrics import MODEL_SCORES
from groupae.training import save_checkpoint


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """A run folder of a model as it is before training."""
    path = tmp_path_factory.mktemp("runs") / "run"
    experiment = get_experiment("rotated-digits")
    made = Run.create(path, experiment, experiment.preset("default"), size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    return made


def test_all_scores_come_after_the_report(digits, capsys, monkeypatch):
    """Few pairs and the scores of few laws show what all do."""
    few = {name: MODEL_SCORES[name] for name in ("skill_score", "data_lie_derivative_error")}
    monkeypatch.setattr("groupae.metrics.evaluation.MODEL_SCORES", few)
    monkeypatch.setattr(Run, "fixed", lambda self, split: self.load(split).fixed(20))
    assert run("evaluate", digits.path, "--threads", "1") == 0
    usual = capsys.readouterr().out
    assert "skill" not in usual
    assert not (digits.path / "evaluation.json").exists()
    assert run("evaluate", digits.path, "--all", "--threads", "1") == 0
    out = capsys.readouterr().out
    assert out.startswith(usual)
    assert "skill over doing nothing" in out
    assert "Lie derivative, against data" in out  # the data set knows the action on pictures
    stored = json.loads((digits.path / "evaluation.json").read_text())
    assert stored["pairs"] == 20
    assert stored["scores"]["skill_score"]["definition"]
    assert stored["scores"]["psnr"]["interval"][0] < stored["scores"]["psnr"]["value"]
    Run.check_path(digits.path, force=True)  # a run with the file can still be replaced
