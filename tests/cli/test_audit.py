"""groupae audit: networks of a user's own, runs, and mistakes of the user."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from groupae.cli import main
from groupae.experiments import Run, get_experiment
from groupae.training.checkpoint import save_checkpoint

NETS = """
import torch
from torch import nn


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 6, 3, stride=2, padding=1)
        k = self.conv.weight.data
        k.copy_(sum(k.rot90(i, (2, 3)) for i in range(4)))
        self.head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, x):
        return self.head(self.conv(x))


net = Pooled()


def make(width=8):
    return Pooled().double()


def norm(x):
    return x.norm(dim=-1)


def arrows(x):
    return 2 * x


class Ok(nn.Module):
    def forward(self, x):
        return x


def constant(x):
    return torch.ones(len(x), 3)


def missing(x):
    return x * float("nan")


def named(x):
    return {"h": x}


def boom(x):
    raise RuntimeError("no")


def broken():
    raise RuntimeError("no weights")


number = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "own_nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main(["audit", *words])
    out, err = capsys.readouterr()
    return stopped.value.code or 0, out, err


PICTURES = ("--group", "c(4)", "--output", "invariant", "--layers", "positions")


@pytest.mark.parametrize("target", ["own_nets:net", "own_nets:Pooled", "own_nets:make"])
def test_a_network_that_is_invariant_on_odd_pictures_only(capsys, target, folder):
    words = (target, *PICTURES, "--samples", "8")
    code, out, err = run(capsys, *words, "--data", "random:1x17x17")
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: passed under C(4), relative error ")
    files = ("--json", "found.json", "--picture", "found.png")
    code, out, err = run(capsys, *words, "--data", "random:1x16x16", *files)
    assert (code, err) == (1, "")
    assert "FAILED under C(4): equivariance" in out
    assert "most is added by conv (Conv2d)" in out
    found = json.loads((folder / "found.json").read_text())
    assert found["passed"] is False
    assert found["parts"][target]["worst_layer"] == "conv"
    with Image.open(folder / "found.png") as picture:
        assert picture.size[0] > 800


def test_functions_of_vectors(capsys):
    words = ("--group", "so3", "--input", "vector:1x0 + 2x1")
    assert run(capsys, "own_nets:norm", *words, "--output", "invariant")[0] == 0
    assert run(capsys, "own_nets:arrows", *words, "--output", "vector:1x0 + 2x1")[0] == 0
    code, out, _ = run(capsys, "own_nets:arrows", *words, "--output", "invariant")
    assert code == 1
    assert "FAILED" in out
    code, out, _ = run(capsys, "own_nets:arrows", *words)  # the action is fitted
    assert code == 0
    assert "best linear action" in out


def test_data_from_files(capsys, folder):
    x = torch.rand(6, 1, 17, 17)
    np.save(folder / "x.npy", x.numpy())
    np.savez(folder / "x.npz", labels=np.zeros(6), x=(255 * x.numpy()).astype("uint8"))
    (folder / "pictures").mkdir()
    for i in range(4):
        picture = Image.fromarray((255 * x[i, 0].numpy()).astype("uint8"))
        picture.save(folder / "pictures" / f"{i}.png")
    for data, n in (("x.npy", 6), ("x.npz", 6), ("pictures", 4)):
        code, out, err = run(capsys, "own_nets:net", *PICTURES, "--data", data)
        assert (code, err) == (0, "")
        assert f"{n} samples" in out
    code, out, _ = run(capsys, "own_nets:net", *PICTURES, "--data", "x.npy", "--samples", "3")
    assert "3 samples" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("own_nets:nothing",), "'own_nets:nothing' to be there"),
        (("own_nets:broken",), "RuntimeError: no weights"),
        (("own_nets:number",), "to be a network or a function, got int"),
        (("own_nets:net",), "expected --group, such as --group so2, got none"),
        (("own_nets:net", "--group", "so2"), "expected --data, a file .npy or .npz"),
        (("own_nets:net", "--group", "so9"), "so9"),
        (("own_nets:net", "--group", "so2", "--data", "none.npy"), "a file none.npy, got none"),
        (("own_nets:net", "--group", "so2", "--data", "own_nets.py"), "--data as a file"),
        (("own_nets:net", "--group", "so2", "--data", "random"), "random:1x28x28"),
        (("own_nets:net", "--group", "so2", "--data", "random:0x8x8"), "a shape of at least 1"),
        (("own_nets:net", "--group", "so2", "--data", "random:3x9x9"), "to take a batch of shape"),
        (("own_nets:boom", "--group", "so2", "--data", "random:2"), "RuntimeError: no"),
        (("own_nets:net", *PICTURES, "--samples", "1"), "--samples of at least 2, got 1"),
        (("own_nets:net", *PICTURES, "--elements", "0"), "--elements"),
        (("own_nets:net", *PICTURES, "--data", "random:1x9x9", "--input", "grit"), "--input"),
        (("own_nets:norm", "--group", "so3", "--data", "random:5"), "5) beside 3 numbers of 1x1"),
        (
            ("own_nets:net", "--group", "so2", "--data", "random:1x9x9", "--input", "grid:1x1"),
            "--input with 1 channel,",
        ),
        (("no/such/run",), "no/such/run"),
        (("own_nets:a:b",), "expected package:object"),
    ],
)
def test_mistakes_are_one_line(capsys, words, message):
    code, out, err = run(capsys, *words)
    assert code == 2, (out, err)
    assert len(err.splitlines()) == 1
    assert err.startswith("groupae: ")
    assert message in err


def test_broken_arrays_are_one_line(capsys, folder):
    (folder / "bad.npy").write_bytes(b"not an array")
    np.save(folder / "words.npy", np.array(["a", "b"]))
    np.savez(folder / "two.npz", a=np.zeros(3), b=np.zeros(3))
    for name in ("bad.npy", "words.npy", "two.npz"):
        code, _, err = run(capsys, "own_nets:net", *PICTURES, "--data", name)
        assert code == 2
        assert len(err.splitlines()) == 1
        assert name in err


def untrained(path, name):
    """Return the folder of a run of a model as it is before training."""
    experiment = get_experiment(name)
    made = Run.create(path, experiment, experiment.preset("default"), size="tiny")
    save_checkpoint(made.checkpoints, made.build_model().state_dict(), step=0, score=0.0)
    return str(path)


QUICK = ("--samples", "4", "--elements", "2", "--layers", "none", "--json", "found.json")


def test_a_run_is_audited_by_its_halves(capsys, folder):
    path = untrained(folder / "digits", "rotated-digits")
    code, _, err = run(capsys, path, *QUICK)
    assert (code, err) == (1, "")
    found = json.loads((folder / "found.json").read_text())
    assert list(found["parts"]) == ["encoder", "decoder"]
    assert "GridAction(SO(2), (28, 28)" in found["parts"]["encoder"]["action_in"]
    assert "VectorAction(SO(2)" in found["parts"]["decoder"]["action_in"]
    assert found["parts"]["encoder"]["subject"] == "encoder"
    code, _, err = run(capsys, path, "--group", "so2")
    assert code == 2
    assert "no --group for a run" in err


def test_a_dot_for_the_colon(capsys):
    code, _, err = run(capsys, "mynet.resnet", "--group", "so2", "--data", "random:1x28x28")
    assert code == 2
    assert "expected a run folder, zoo:NAME or package:object, got 'mynet.resnet'" in err


def test_where_the_group_moves_a_part_of_the_data_codes_are_audited(capsys, folder):
    path = untrained(folder / "blocked", "blocked-digits")  # the digit turns behind a block
    code, _, err = run(capsys, path, *QUICK)
    assert (code, err) == (1, "")
    found = json.loads((folder / "found.json").read_text())
    assert list(found["parts"]) == ["decoder, then encoder"]


def test_names_are_printed_as_they_are(capsys):
    words = ("own_nets:Ok", "--group", "so3", "--input", "vector", "--output", "invariant")
    _, out, _ = run(capsys, *words)
    assert out.startswith("own_nets:Ok: FAILED")  # rich has an emoji of that name


def test_constant_and_infinite_outputs_are_said(capsys):
    words = ("--group", "so3", "--input", "vector", "--output", "invariant")
    code, out, _ = run(capsys, "own_nets:constant", *words)
    assert code == 0
    assert "but the outputs are constant" in out.splitlines()[0]
    code, out, _ = run(capsys, "own_nets:missing", *words)
    assert code == 1
    assert out.splitlines()[0].endswith("relative error inf")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("own_nets:constant",), "outputs that vary, to fit their action, got the same for all"),
        (("own_nets:missing",), "got some that are NaN or infinite"),
        (("own_nets:named", "--output", "vector"), "got dict; wrap it in a function"),
        (("own_nets:Ok", "--layers", "conv"), "got 'conv' of a Ok without any"),
    ],
)
def test_outputs_and_layers_that_cannot_be_audited(capsys, words, message):
    code, _, err = run(capsys, *words, "--group", "so3", "--input", "vector")
    assert code == 2
    assert message in err
