"""The steerable encoder commutes with rotations. Where escnn is installed: `make test-escnn`."""

import importlib.util
import math

import pytest
import torch

from groupae import SO2, RotatedDigits
from groupae.data import rotate
from groupae.experiments.baselines import Winter
from groupae.interop.steerable import steerable_encoder

G = SO2()

is_there = importlib.util.find_spec("escnn") is not None
needs_escnn = pytest.mark.skipif(not is_there, reason="escnn is not installed")
# without Fortran; coefficients are then found numerically
pytestmark = pytest.mark.filterwarnings("ignore:`py3nj` package not found:UserWarning")


@pytest.fixture(scope="module")
def digits():
    return RotatedDigits("train", size="tiny").batch(0, 6)


def small(x_shape=(1, 28, 28), dim=5, **options):
    torch.manual_seed(0)
    return steerable_encoder(x_shape, dim, **{"fields": 3, **options})


@needs_escnn
@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("halvings", [(0, 3), (1, 3)])
def test_quarter_turns_move_the_vector_and_leave_the_code(quarters, halvings, digits):
    encoder = small(halvings=halvings)
    theta = torch.full((6,), quarters * math.pi / 2)
    with torch.no_grad():
        (code, v), (moved, w) = encoder(digits.x1), encoder(rotate(theta, digits.x1))
    assert code.std(0).min() > 1e-3  # a constant code would be invariant too
    torch.testing.assert_close(moved, code, atol=2e-5, rtol=0)
    torch.testing.assert_close(w, G.rep("1").act(theta, v), atol=2e-5, rtol=0)
    assert (w - v).norm() > 0.1 * v.norm()


@needs_escnn
def test_other_turns_nearly_do(digits):
    x = torch.nn.functional.avg_pool2d(digits.x1, 5, 1, 2)  # smooth: turns without much loss
    theta = torch.full((6,), 0.5)
    encoder = small(fields=8, halvings=(1, 3))
    with torch.no_grad():
        (code, v), (moved, w) = encoder(x), encoder(rotate(theta, x))
    assert (moved - code).norm() < 0.1 * code.norm()
    assert (w - G.rep("1").act(theta, v)).norm() < 0.25 * v.norm()


@needs_escnn
def test_the_mode_changes_neither_values_nor_state(digits):
    encoder = small()
    before = encoder(digits.x1)[0]
    names = list(encoder.state_dict())
    encoder.eval()
    assert list(encoder.state_dict()) == names
    torch.testing.assert_close(encoder(digits.x1)[0], before)
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter *= 2
    assert (encoder(digits.x1)[0] - before).norm() > 0.1 * before.norm()


@needs_escnn
def test_it_serves_winter_and_learns(digits):
    model = Winter(G, (1, 28, 28), rotate, encoder=small(dim=32), decoder_widths=(8,))
    model.loss(digits)["reconstruction"].backward()
    for name, parameter in model.encoder.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
    assert all(layer.kernels.weights.grad.norm() > 0 for layer in model.encoder.layers)
    quarter = torch.full((6,), math.pi / 2)
    with torch.no_grad():
        moved = model.transform(torch.zeros(6), rotate(quarter, digits.x1))
        torch.testing.assert_close(model.transform(quarter, digits.x1), moved, atol=1e-4, rtol=0)


@needs_escnn
@pytest.mark.parametrize("x_shape", [(3, 32, 32), (3, 64, 64)])
def test_it_takes_other_sizes(x_shape):
    code, v = small(x_shape)(torch.rand(2, *x_shape))
    assert (code.shape, v.shape) == ((2, 5), (2, 2))


@needs_escnn
def test_bad_pictures_get_one_sentence():
    with pytest.raises(ValueError, match=r"SteerableEncoder: expected x of shape \(n, 1, 28, 28\)"):
        small()(torch.rand(2, 1, 32, 32))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"x_shape": (1, 28, 32)}, r"square pictures \(C, size, size\), got \(1, 28, 32\)"),
        ({"fields": 0}, "fields to be an integer of at least 1"),
        ({"kernels": (7, 5, 5)}, "more than 3 kernels of odd sizes"),
        ({"kernels": (7, 4, 5, 3, 1)}, "more than 3 kernels of odd sizes"),
        ({"x_shape": (1, 16, 16)}, "kernels that fit pictures of 16 pixels"),
    ],
)
def test_bad_input_gets_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        small(**options)


@pytest.mark.skipif(is_there, reason="escnn is installed")
def test_without_escnn_the_remedy_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"escnn to be installed.*--no-deps escnn"):
        small()
