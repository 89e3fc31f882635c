"""The page on trained models: what is exported is read without the library."""

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, VectorAction
from groupae.cli.table import COMMANDS
from groupae.interop.onnx import onnx_from_program
from groupae.models.exporting import export_transform, pt2_from_program
from tests.docs.pages import blocks, run_python

PAGE = "guides/use_a_model"


@pytest.fixture
def exported(tmp_path, monkeypatch):
    """A working directory with the two files, of a smaller model than that of the page."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    rho = SO2().rep("2x0 + 2x1")
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(256, rho.dim))
    decoder = nn.Sequential(nn.Linear(rho.dim, 256), nn.Unflatten(1, (2, 128)))
    model = LatentActionAE(encoder, decoder, VectorAction(rho)).eval()
    program = export_transform(model, torch.zeros(2), torch.zeros(2, 2, 128))
    folder = tmp_path / "runs/zoo-series"
    folder.mkdir(parents=True)
    (folder / "model.pt2").write_bytes(pt2_from_program(program))
    (folder / "model.onnx").write_bytes(onnx_from_program(program))
    return model


def test_an_export_is_read_without_the_library(exported):
    names = run_python(PAGE)
    with torch.no_grad():
        expected = exported.transform(names["g"], names["x"])
    torch.testing.assert_close(names["prediction"], expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.from_numpy(names["same"]), expected, atol=1e-5, rtol=0)


def test_the_lines_for_a_shell_are_commands():
    for block in blocks(PAGE, "bash"):
        for line in block.text.splitlines():
            assert line.split()[0] == "groupae"
            assert line.split()[1] in COMMANDS
