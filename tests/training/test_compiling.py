"""Training under torch.compile: the same weights by the same names, or one sentence."""

import dataclasses
import functools

import pytest
import torch

from groupae import TrainingConfig, fit
from groupae.cli import main
from groupae.training import KeepBest, load_best
from groupae.training.compiling import check_compiler
from tests.training.test_training import linear_model, sources

CONFIG = TrainingConfig(steps=6, batch_size=8, validations=2, learning_rate=1e-2)
COMPILED = dataclasses.replace(CONFIG, compile=True)


def has_compiler():
    try:
        check_compiler()
    except ValueError:
        return False
    return True


@pytest.fixture
def traced(monkeypatch):
    """Let torch.compile trace forward and backward without writing code, so without a compiler."""
    torch._dynamo.reset()
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="aot_eager"))


def train(config, folder):
    model = linear_model()
    fit(model, *sources(), config, callbacks=[KeepBest(folder)])
    return load_best(folder)


def check_same_checkpoint(tmp_path):
    eager, compiled = train(CONFIG, tmp_path / "eager"), train(COMPILED, tmp_path / "compiled")
    assert set(compiled.weights) == set(eager.weights) == set(linear_model().state_dict())
    assert compiled.step == eager.step
    for name, weight in eager.weights.items():
        torch.testing.assert_close(compiled.weights[name], weight, rtol=1e-3, atol=1e-5)


def test_checkpoints_are_the_same_with_and_without(tmp_path, traced):
    check_same_checkpoint(tmp_path)


@pytest.mark.slow
def test_checkpoints_are_the_same_with_the_compilers_code(tmp_path):
    torch._dynamo.reset()
    if not has_compiler():
        pytest.skip("torch.compile finds no C++ compiler here")
    check_same_checkpoint(tmp_path)


def test_the_loss_that_is_trained_is_the_compiled_one(monkeypatch, traced):
    called = []
    compile_ = torch.compile

    def counted(function, **options):
        compiled = compile_(function, **options)

        def call(*arguments):
            called.append(function.__name__)
            return compiled(*arguments)

        return call

    monkeypatch.setattr(torch, "compile", counted)
    fit(linear_model(), *sources(), COMPILED)
    assert called == ["_probe", *["loss"] * 6]


def broken(function, **options):
    def call(*arguments):
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nin many lines")

    return call


def test_without_a_compiler_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(ValueError, match=r"a compiler that torch\.compile can use, got none"):
        fit(linear_model(), *sources(), COMPILED)
    words = ["train", "rotated-digits", "--steps", "2", "--compile", "--threads", "1"]
    with pytest.raises(SystemExit) as stop:
        main([*words, "--out", str(tmp_path / "run")])
    assert stop.value.code == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.endswith("install a C++ compiler (g++ or clang), or leave compile out\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("value", [1, "yes", None])
def test_compile_is_true_or_false(value):
    with pytest.raises(ValueError, match="TrainingConfig: expected compile as true or false, got"):
        TrainingConfig(compile=value)
