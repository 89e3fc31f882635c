"""groupae export: a file that gives the model's numbers, or one sentence and no file."""

import sys

import pytest
import torch

from groupae.cli import main
from groupae.experiments import Run, export_run, get_experiment
from groupae.experiments.runs import export as exports_module
from groupae.interop.onnx import run_onnx
from groupae.models import ExportError
from groupae.training import save_checkpoint


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.fixture
def made(tmp_path):
    """A run folder of a small model as it is before training."""
    experiment = get_experiment("rotated-digits")
    made = Run.create(tmp_path / "run", experiment, experiment.preset("paper"), size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    return made


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


def test_a_graph_gives_the_numbers_of_the_model(made, capsys):
    assert run("export", made.path, "--threads", "1") == 0
    captured = capsys.readouterr()
    assert f"{made.path}/model.pt2: 1." in captured.out
    assert " MiB; inputs g (n) and x (n, 1, 28, 28), any n" in captured.out
    assert "largest difference from the model on 8 held-out pairs: " in captured.out
    assert captured.err == ""
    pairs = made.load("test").fixed(3)
    graph = torch.export.load(made.path / "model.pt2").module()
    wanted = made.load_model().transform(pairs.g, pairs.x1)
    torch.testing.assert_close(graph(pairs.g, pairs.x1), wanted)
    Run.check_path(made.path, force=True)  # a run with the file can still be replaced


def test_an_onnx_model_gives_the_numbers_of_the_model(made, tmp_path, capsys):
    out = tmp_path / "digits.onnx"
    assert run("export", made.path, "--format", "onnx", "--out", out, "--threads", "1") == 0
    captured = capsys.readouterr()
    assert f"{out}: " in captured.out
    assert captured.err == ""
    pairs = made.load("test").fixed(3)
    wanted = made.load_model().transform(pairs.g, pairs.x1).detach()
    predicted = run_onnx(out.read_bytes(), pairs.g, pairs.x1)
    torch.testing.assert_close(predicted, wanted, rtol=1e-4, atol=1e-5)
    assert not (made.path / "model.onnx").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits.onnx", "run"]


def test_without_the_extra_it_is_one_sentence(made, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert run("export", made.path, "--format", "onnx") == 2
    line = the_only_line(capsys)
    assert line.startswith("groupae: export --format onnx: expected ")
    remedy = "pip install 'groupae[onnx]', or pip install -e '.[onnx]' in a checkout"
    assert line.endswith(f"; {remedy}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "tflite"], "'pt2', 'onnx'"),
        (["--out", "thesis.tex"], "a file that ends in .pt2, got thesis.tex; name another file"),
        (["--format", "onnx", "--out", "model.pt2"], "a file that ends in .onnx, got model.pt2"),
    ],
)
def test_a_mistake_is_one_sentence(made, words, sentence, capsys):
    assert run("export", made.path, *words) == 2
    assert sentence in the_only_line(capsys)


def test_no_run_is_one_sentence(tmp_path, capsys):
    assert run("export", tmp_path) == 2
    assert "name the folder that groupae train wrote" in the_only_line(capsys)


def test_a_file_with_other_numbers_does_not_replace_an_older_one(made, monkeypatch):
    (made.path / "model.pt2").write_text("older")

    def off(model, g, x):
        return b"newer", lambda g, x: model.transform(g, x) + 0.1

    monkeypatch.setitem(exports_module._WRITERS, "pt2", off)
    with pytest.raises(ExportError, match=r"pt2 to give the model's numbers, got a difference of"):
        export_run(made, made.load_model())
    assert (made.path / "model.pt2").read_text() == "older"


def test_a_model_that_cannot_be_traced_is_one_sentence(made, monkeypatch, capsys):
    def refuse(*arguments, **options):
        raise RuntimeError("the batch\nis fixed")

    monkeypatch.setattr(torch.export, "export", refuse)
    assert run("export", made.path, "--threads", "1") == 2
    line = the_only_line(capsys)
    assert "LatentActionAE: expected a model that torch.export can trace" in line
    assert line.endswith("got the error: the batch\n")
    assert not (made.path / "model.pt2").exists()
