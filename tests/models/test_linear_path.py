"""An affine map beside a network adds to it, and can be saved; the network can be silenced."""

import pytest
import torch
from torch import nn

import groupae
from groupae import SO2, LatentActionAE, ShapeError, VectorAction
from groupae.models import ConvDecoder, LinearPath


def test_both_are_added():
    path = LinearPath((2, 3), (4,), nn.Sequential(nn.Flatten(), nn.Linear(6, 4)))
    weight, bias = torch.randn(4, 6), torch.randn(4)
    path.set_affine(weight, bias)
    x = torch.randn(5, 2, 3)
    assert torch.allclose(path(x), x.flatten(1) @ weight.mT + bias + path.network(x), atol=1e-6)


def test_a_silent_network_adds_nothing_until_it_is_trained():
    torch.manual_seed(0)
    path = LinearPath((6,), (1, 28, 28), ConvDecoder(6))
    path.set_affine(torch.randn(784, 6), torch.randn(784))
    path.train()
    path.silence_network()
    z = torch.randn(3, 6)
    assert torch.equal(path(z), path.linear(z).view(3, 1, 28, 28))
    assert all(module.training for module in path.modules())
    path(z).square().sum().backward()
    gradients = [p.grad for p in path.network.parameters() if p.grad is not None]
    assert any(bool(gradient.any()) for gradient in gradients)
    assert path.linear.weight.grad is None  # it is not trained unless asked for


def test_an_affine_map_alone_and_one_that_is_trained():
    alone = LinearPath((3,), (2,))
    alone.silence_network()
    assert torch.equal(alone(torch.randn(0, 3)), torch.zeros(0, 2))
    trained = LinearPath((3,), (2,), is_trained=True)
    trained(torch.ones(4, 3).mT.contiguous().mT).sum().backward()
    assert bool(trained.linear.weight.grad.any())


def refined():
    torch.manual_seed(0)
    refiner = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.SiLU(), nn.Conv2d(4, 1, 1))
    path = LinearPath((6,), (1, 8, 8), refiner=refiner)
    path.set_affine(torch.randn(64, 6), torch.randn(64))
    return path


def test_a_refiner_corrects_the_output_and_is_silent_at_first():
    path, z = refined(), torch.randn(3, 6)
    plain = path.linear(z).view(3, 1, 8, 8)
    assert torch.equal(path(z), plain + path.refiner(plain))
    path.silence_network()
    assert torch.equal(path(z), plain)


def test_a_refiner_learns_what_the_affine_map_cannot():
    """Ripples below 0 are cut off, which is not affine."""
    path, z = refined(), torch.randn(64, 6)
    path.silence_network()
    wanted = path(z).detach().clamp(min=0)
    optimizer = torch.optim.Adam(path.refiner.parameters(), lr=1e-2)
    errors = []
    for _ in range(150):
        error = (path(z) - wanted).square().mean()
        errors.append(float(error.detach()))
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    assert errors[-1] < 0.1 * errors[0]


def test_a_refiner_is_saved_and_loaded(tmp_path):
    rho = SO2().rep("2x0 + 2x1")
    model = LatentActionAE(LinearPath((1, 8, 8), (6,)), refined(), VectorAction(rho))
    again = groupae.load(groupae.save(model, tmp_path / "model"))
    g, x = SO2().sample(5), torch.randn(5, 1, 8, 8)
    assert torch.equal(again.transform(g, x), model.transform(g, x))


def test_it_can_be_saved_and_loaded(tmp_path):
    rho = SO2().rep("1x0 + 1x1")
    encoder, decoder = LinearPath((4,), (3,), nn.Linear(4, 3)), LinearPath((3,), (4,))
    encoder.set_affine(torch.randn(3, 4), torch.randn(3))
    model = LatentActionAE(encoder, decoder, VectorAction(rho))
    groupae.save(model, tmp_path / "model")
    again = groupae.load(tmp_path / "model")
    g, x = SO2().sample(5), torch.randn(5, 4)
    assert torch.equal(again.transform(g, x), model.transform(g, x))


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda: LinearPath((3,), (2,), "conv"), TypeError, "network to be a module, or None"),
        (
            lambda: LinearPath((3,), (2,), refiner="conv"),
            TypeError,
            "refiner to be a module, or None",
        ),
        (lambda: LinearPath((), (2,)), ValueError, "in_shape as lengths above zero"),
        (lambda: LinearPath((3,), "2"), ValueError, "out_shape as lengths above zero"),
        (lambda: LinearPath((3,), (2,))(torch.zeros(1, 4)), ShapeError, r"\(n, 3\)"),
        (
            lambda: LinearPath((3,), (2,)).set_affine(torch.zeros(3, 2), torch.zeros(2)),
            ShapeError,
            r"weight of shape \(2, 3\)",
        ),
        (
            lambda: LinearPath(
                (3,), (2,), nn.Sequential(nn.Linear(3, 2), nn.Sigmoid())
            ).silence_network(),
            TypeError,
            "a linear layer or a convolution at its end",
        ),
    ],
)
def test_bad_arguments_are_told(act, kind, words):
    with pytest.raises(kind, match=words):
        act()
