"""Convolutions and large linear layers in bfloat16, all else untouched."""

import contextlib

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from groupae import SO2, ConvDecoder, ConvEncoder, LatentActionAE, OrbitPairs, VectorAction, fit
from groupae.data import rotate
from groupae.training import TrainingConfig
from groupae.training.devices import Devices
from groupae.training.narrow_products import NarrowProducts, has_bfloat16, narrow_products


@pytest.fixture
def instructions(monkeypatch):
    """Function that sets the capabilities that torch finds."""

    def set_found(**found):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
        has_bfloat16.cache_clear()

    yield set_found
    has_bfloat16.cache_clear()


def _gradients(layer, x, context):
    layer.zero_grad()
    with context:
        y = layer(x)
    y.square().sum().backward()
    return y.detach(), [parameter.grad.clone() for parameter in layer.parameters()]


_LARGE = {
    "convolution": (nn.Conv2d(16, 24, 3, stride=2, padding=1), (2, 16, 9, 9)),
    "of rows": (nn.Conv1d(32, 8, 3, padding="same"), (2, 32, 9)),
    "of volumes": (nn.Conv3d(8, 8, 2, bias=False), (1, 8, 4, 4, 4)),
    "linear": (nn.Linear(256, 128), (3, 256)),
}


@pytest.mark.parametrize("name", _LARGE)
def test_results_and_gradients_are_those_of_rounded_factors(name):
    layer, shape = _LARGE[name]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    plain, plain_gradients = _gradients(layer, x, contextlib.nullcontext())
    found, gradients = _gradients(layer, x, NarrowProducts())
    assert found.dtype == torch.float32
    assert not torch.equal(found, plain)
    for one, other in zip((found, *gradients), (plain, *plain_gradients), strict=True):
        assert one.dtype == torch.float32
        assert (one - other).norm() < 0.01 * other.norm()


@pytest.mark.parametrize(
    "layer",
    [nn.Conv2d(3, 8, 4), nn.Linear(64, 64), nn.GroupNorm(4, 64), nn.SiLU(), nn.Bilinear(8, 8, 8)],
    ids=str,
)
def test_all_else_keeps_its_bits(layer):
    generator = torch.Generator().manual_seed(0)
    shapes = {nn.Conv2d: [(2, 3, 9, 9)], nn.Bilinear: [(5, 8), (5, 8)]}.get(type(layer), [(5, 64)])
    inputs = [torch.randn(shape, generator=generator) for shape in shapes]
    with NarrowProducts():
        found = layer(*inputs)
    assert torch.equal(found, layer(*inputs))


def test_other_dtypes_keep_their_bits():
    layer = nn.Conv2d(16, 16, 3).double()
    x = torch.randn(1, 16, 5, 5, dtype=torch.float64)
    empty = torch.zeros(0, 16, 5, 5)
    with NarrowProducts():
        found = layer(x)
        assert F.conv2d(empty, torch.zeros(4, 16, 3, 3)).shape == (0, 4, 3, 3)
    assert torch.equal(found, layer(x))


def test_processors_without_instructions_train_in_float32(instructions):
    instructions(avx512_f=True, avx2=True)
    assert not has_bfloat16()
    layer, shape = _LARGE["convolution"]
    x = torch.ones(shape)
    with narrow_products():
        found = layer(x)
    assert torch.equal(found, layer(x))
    instructions(avx512_bf16=True)
    assert has_bfloat16() == torch.backends.mkldnn.is_available()
    assert not has_bfloat16("mps")


def _model():
    torch.manual_seed(0)
    shape = {"size": 16, "widths": (16, 32)}
    action = VectorAction(SO2().rep("8x0 + 8x1"))
    return LatentActionAE(ConvEncoder(24, **shape), ConvDecoder(24, **shape), action)


def test_a_training_is_near_that_in_float32_and_repeats(instructions):
    instructions(avx512_bf16=True)
    pictures = torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    train = OrbitPairs(pictures[:32], SO2(), rotate, seed=0)
    pairs = OrbitPairs(pictures[32:], SO2(), rotate, seed=1).fixed()
    results = []
    for precision in ("32-true", "bf16-products", "bf16-products"):
        model = _model()
        config = TrainingConfig(steps=6, batch_size=8, validations=2, precision=precision)
        score = fit(model, train, pairs, config).validation_score
        weights = torch.cat([parameter.detach().flatten() for parameter in model.parameters()])
        assert weights.dtype == torch.float32
        results.append((score, weights))
    (score, weights), (narrow_score, narrow_weights), (_, again) = results
    assert narrow_score == pytest.approx(score, abs=0.1)
    assert torch.equal(narrow_weights, again)
    assert not torch.equal(narrow_weights, weights)
    assert (narrow_weights - weights).norm() < 0.01 * weights.norm()


def test_the_context_of_a_training_has_it():
    with Devices(device="cpu", precision="bf16-products") as devices:
        assert isinstance(devices.autocast(), type(narrow_products()))
