"""Data other than plain float32 batches."""

import pytest
import torch
from torch import nn

from groupae import (
    O2,
    SO2,
    SO3,
    ConvDecoder,
    ConvEncoder,
    Cyclic,
    GridAction,
    LatentActionAE,
    PartsAction,
    Permutation,
    VectorAction,
    audit,
)


def test_integer_data_under_a_function():
    """Sets of tokens are permuted; their mean embedding does not change, the first one does."""
    tokens = torch.randint(0, 9, (12, 4))
    embedding = nn.Embedding(9, 3)

    def permute(g, x):
        return x[:, torch.argsort(g)]

    group = Permutation(4)
    mean = audit(lambda x: embedding(x).mean(1), permute, "invariant", tokens, group=group)
    assert mean.passed, str(mean)
    assert len(mean.by_element) == 24
    first = audit(lambda x: embedding(x)[:, 0], permute, "invariant", tokens, group=group)
    assert first.failures == ("equivariance",)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype):
    rho = SO2().rep("2x0 + 2x1")
    report = audit(lambda z: z * 2, rho, rho, torch.randn(16, 6).to(dtype))
    assert report.passed, str(report)
    assert not audit(lambda z: z.relu(), rho, rho, torch.randn(16, 6).to(dtype)).passed


def test_numbers_without_an_axis_and_data_that_are_not_contiguous():
    rho = SO3().rep("2x1")
    x = torch.randn(6, 16).mT
    assert audit(lambda z: z.square().sum(-1), rho, "invariant", x).passed
    assert audit(lambda z: z.mT.contiguous().mT, rho, rho, x).passed


def test_the_axis_of_a_representation_is_the_last_one():
    rho = O2().standard()
    points = torch.randn(8, 5, 2)
    assert audit(lambda x: x - x.mean(1, keepdim=True), rho, rho, points).passed
    assert not audit(lambda x: x.cumsum(-1), rho, rho, points).passed


@pytest.mark.parametrize("name", ["1x0 + 2x1", "1x0 + 1x1 + 1x2"])  # complex irreps, a real one
def test_irreps_of_complex_type(name):
    rho = Cyclic(5).rep(name)
    assert audit(lambda z: z * 3, rho, rho, torch.randn(8, rho.dim)).passed


def test_codes_of_several_parts():
    action = PartsAction({"v": VectorAction(SO3().rep("2x1")), "s": VectorAction(SO3().rep("3x0"))})
    x = {"v": torch.randn(8, 6), "s": torch.randn(8, 3)}
    report = audit(lambda z: {"v": z["v"] * z["s"][:, :1], "s": z["s"]}, action, action, x)
    assert report.passed, str(report)
    report = audit(lambda z: {"v": z["v"].relu(), "s": z["s"]}, action, action, x)
    assert report.failures == ("equivariance",)


def test_the_encoder_of_an_autoencoder_by_its_method():
    action = VectorAction(SO2().rep("4x0 + 4x1"))
    encoder = ConvEncoder(12, size=16, widths=(8, 8))
    model = LatentActionAE(encoder, ConvDecoder(12, size=16, widths=(8, 8)), action)
    x = torch.rand(8, 1, 16, 16)
    report = audit(model.encode, GridAction(SO2(), (16, 16)), action, x, n_elements=4)
    assert not report.passed  # it is not trained
    assert report.layers[-1].source in ("output", "given")


def test_a_batch_of_two():
    rho = SO2().rep("2x1")
    report = audit(lambda z: -z, rho, rho, torch.randn(2, 4))
    assert report.passed
    assert report.samples == 2


def test_batch_statistics_are_found_in_training_mode_and_restored():
    rho = SO2().rep("3x0")
    net = nn.BatchNorm1d(3)
    before = {name: part.clone() for name, part in net.state_dict().items()}
    report = audit(net, rho, rho, torch.randn(8, 3), evaluation=False)
    assert "batch_independence" in report.failures
    assert "twice" in report.errors["batch_independence"].note
    assert all(torch.equal(before[name], part) for name, part in net.state_dict().items())
    assert audit(net, rho, rho, torch.randn(8, 3)).passed


def test_data_of_another_dtype_than_the_weights():
    rho = SO2().rep("3x0")
    with pytest.raises(TypeError, match=r"the dtype of the weights, torch\.float32"):
        audit(nn.Linear(3, 3), rho, rho, torch.randn(8, 3).double())


def test_data_that_require_gradients():
    rho, x = SO2().rep("2x1"), torch.randn(8, 4, requires_grad=True)
    assert audit(lambda z: 2 * z, rho, rho, x).passed
    assert x.grad is None
