"""One of each family, and a whole model, as a graph of ``torch.export`` and as an ONNX model.

Graphs are traced at one size of batch and run at others: the axis is free.
"""

import subprocess
import sys

import pytest
import torch
from torch import nn

from groupae import (
    SO2,
    SO3,
    Affine,
    ConvDecoder,
    ConvEncoder,
    Cyclic,
    Dihedral,
    LatentActionAE,
    VectorAction,
)
from groupae.groups import O2
from groupae.interop.onnx import check_onnx_installed, onnx_from_program, run_onnx
from groupae.models import ExportError, TransformModule, export_transform, pt2_from_program

FAMILIES = {
    "SO2": lambda: SO2().rep("2x0 + 3x1 + 1x5"),
    "O2": lambda: O2().rep("1x0 + 1x0- + 2x1"),
    "SO3": lambda: SO3().rep("2x0 + 1x1 + 1x2 + 2x3"),
    "Cyclic": lambda: Cyclic(6).rep("1x0 + 2x1 + 1x3"),
    "Dihedral": lambda: Dihedral(4).rep("1x0 + 1x1 + 1x2-"),
    "Affine": lambda: Affine().rep("1xstd + 1x0"),
    "regular": lambda: Cyclic(6).regular(on_elements=True),
    "induced": lambda: Cyclic(3).rep("1x0 + 1x1").induce(Dihedral(3).subgroup("c(3)")),
    "Product": lambda: (SO2() * Cyclic(6)).rep("1x(0,0) + 2x(1,2)"),
}
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


def some(rho, n):
    generator = torch.Generator().manual_seed(n)
    g = rho.group.sample(n, generator=generator, dtype=torch.float32)
    return g, torch.randn(n, rho.dim, generator=generator)


@pytest.fixture(scope="module", params=FAMILIES)
def exported(request):
    """An action and its graph."""
    rho = FAMILIES[request.param]()
    action = VectorAction(rho)
    batch = {0: torch.export.Dim("batch")}
    return action, torch.export.export(action, some(rho, 3), dynamic_shapes=(batch, batch))


@pytest.mark.parametrize("n", [2, 7])
def test_an_action_is_exported_for_batches_of_any_size(exported, n):
    action, program = exported
    g, z = some(action.rho, n)
    torch.testing.assert_close(program.module()(g, z), action(g, z), **TOLERANCE)


@pytest.mark.slow
def test_an_action_runs_in_onnxruntime(exported):
    action, program = exported
    g, z = some(action.rho, 7)
    content = onnx_from_program(program, output="z_g")
    torch.testing.assert_close(run_onnx(content, g, z), action(g, z), **TOLERANCE)


def small_model():
    """Return a model of pictures that is quickly traced."""
    rho = SO3().rep("4x0 + 2x1 + 1x2")
    encoder = ConvEncoder(rho.dim, size=8, widths=(8,))
    decoder = ConvDecoder(rho.dim, size=8, widths=(8,), colours=2)
    return LatentActionAE(encoder, decoder, VectorAction(rho))


def pictures(n):
    generator = torch.Generator().manual_seed(n)
    g = SO3().sample(n, generator=generator, dtype=torch.float32)
    return g, torch.rand(n, 1, 8, 8, generator=generator)


@pytest.fixture(scope="module")
def model_and_graph():
    model = small_model().train()
    program = export_transform(model, *pictures(2))
    assert model.training, "a model is left as it was"
    return model.eval(), program


def test_a_model_is_exported_for_batches_of_any_size(model_and_graph):
    model, program = model_and_graph
    for n in (1, 2, 9):
        wanted = model.transform(*pictures(n))
        torch.testing.assert_close(program.module()(*pictures(n)), wanted, **TOLERANCE)


def test_a_model_runs_in_onnxruntime(model_and_graph):
    model, program = model_and_graph
    content = onnx_from_program(program)
    for n in (1, 9):
        wanted = model.transform(*pictures(n)).detach()
        torch.testing.assert_close(run_onnx(content, *pictures(n)), wanted, **TOLERANCE)


@pytest.mark.slow
def test_a_saved_graph_needs_torch_alone(model_and_graph, tmp_path):
    model, program = model_and_graph
    (tmp_path / "model.pt2").write_bytes(pt2_from_program(program))
    g, x = pictures(4)
    torch.save({"g": g, "x": x}, tmp_path / "inputs.pt")
    code = (
        "import sys, torch; inputs = torch.load('inputs.pt');"
        "x_g = torch.export.load('model.pt2').module()(inputs['g'], inputs['x']);"
        "assert not any(name.startswith('groupae') for name in sys.modules);"
        "torch.save(x_g, 'x_g.pt')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    torch.testing.assert_close(
        torch.load(tmp_path / "x_g.pt"), model.transform(g, x).detach(), **TOLERANCE
    )


class _Choosy(TransformModule):
    """Looks at the size of its batch."""

    group = SO2()

    def transform(self, g, x):
        return x + g[:, None] if len(x) == 2 else x

    def loss(self, batch):
        raise NotImplementedError


def test_a_model_that_looks_at_its_batch_is_one_sentence():
    with pytest.raises(ExportError, match=r"_Choosy: expected a model that torch\.export"):
        export_transform(_Choosy(), torch.zeros(2), torch.zeros(2, 3))


def test_one_pair_is_too_few_to_trace():
    with pytest.raises(ValueError, match="2 or more, got 1 elements and 1 data"):
        export_transform(small_model(), *pictures(1))


class _Exponential(nn.Module):
    def forward(self, g, z):
        return torch.linalg.matrix_exp(g) @ z


def test_what_onnx_lacks_is_one_sentence():
    program = torch.export.export(_Exponential(), (torch.zeros(2, 3, 3), torch.zeros(2, 3, 1)))
    with pytest.raises(ExportError, match="expected a model of operations that ONNX has"):
        onnx_from_program(program)


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_without_the_extra_the_remedy_is_said(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'groupae\[onnx\]'"):
        check_onnx_installed()
