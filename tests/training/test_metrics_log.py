"""The file metrics.jsonl of resumed trainings, and of ones that were killed while writing."""

from __future__ import annotations

import json

import pytest
from torch import nn

from groupae.training import MetricsLog, TrainingState


def _line(step, **values):
    return json.dumps({"step": step, "seconds": 1.0, **(values or {"learning_rate": 0.1})}) + "\n"


def _after_start(path, text, *, step, scores):
    path.write_text(text)
    state = TrainingState(nn.Linear(1, 1), step=step, scores=scores)
    MetricsLog(path).on_start(state)
    return path.read_text()


def test_a_resumed_training_cuts_the_lines_of_steps_that_it_takes_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    kept = [_line(0, validation_psnr=1.0), _line(20), _line(40), _line(40, validation_psnr=2.0)]
    cut = [_line(60), _line(80), _line(80, validation_psnr=3.0), '{"step": 100, "sec']
    found = _after_start(path, "".join(kept + cut), step=50, scores=[(0, 1.0), (40, 2.0)])
    assert found == "".join(kept)


def test_the_validation_of_an_interruption_is_cut_too(tmp_path):
    path = tmp_path / "metrics.jsonl"
    kept = [_line(0, validation_psnr=1.0), _line(20)]
    text = "".join([*kept, _line(20, validation_psnr=2.0)])
    assert _after_start(path, text, step=20, scores=[(0, 1.0)]) == "".join(kept)


def test_nothing_else_is_lost(tmp_path):
    path = tmp_path / "metrics.jsonl"
    text = "a note of mine\n" + _line(0, validation_psnr=1.0) + '{"step": 2' + "\n[3]\n" + _line(20)
    assert _after_start(path, text, step=20, scores=[(0, 1.0)]) == text
    assert _after_start(path, text[:-1], step=20, scores=[(0, 1.0)]) == text
    assert _after_start(path, text, step=0, scores=[]) == text


def test_a_new_training_does_not_join_its_line_to_a_torn_one(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert _after_start(path, _line(20) + '{"step": 4', step=0, scores=[]) == _line(20)
    assert _after_start(path, '{"step": 4', step=0, scores=[]) == ""


def test_an_interval_of_zero_is_refused(tmp_path):
    with pytest.raises(ValueError, match="MetricsLog: expected every to be an integer of at least"):
        MetricsLog(tmp_path / "metrics.jsonl", every=0)
