"""Set encoders ignore the order of points, decoders list them, and both check their input."""

import dataclasses

import pytest
import torch

from groupae import SO3, CrossReconstruction, LatentActionAE, OrbitPairs, VectorAction
from groupae.metrics import chamfer_distance
from groupae.models import SequenceDecoder, SequenceEncoder, SetDecoder, SetEncoder
from groupae.objectives import chamfer_error


def seeded(build):
    """Return a module with random weights in every layer, also those that start at zero."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = build()
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return module.double()


def points(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_the_code_does_not_depend_on_the_order():
    encoder, x = seeded(lambda: SetEncoder(11, 5, width=16)), points(4, 30, 5)
    order = torch.rand(4, 30, generator=torch.Generator().manual_seed(2)).argsort(1)
    shuffled = x.gather(1, order[..., None].expand_as(x))
    torch.testing.assert_close(encoder(shuffled), encoder(x))


def test_the_code_depends_on_every_point_and_on_how_they_go_together():
    encoder, x = seeded(lambda: SetEncoder(11, 3, width=16)), points(1, 8, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(encoder(x).square().sum(), x)
    assert (gradient.abs().sum(-1) > 0).all()
    swapped = x.detach().clone()
    swapped[:, [0, 1], 2] = swapped[:, [1, 0], 2]  # same numbers in each column
    assert (encoder(swapped) - encoder(x)).abs().max() > 1e-3


def test_places_tell_rows_apart():
    encoder, x = seeded(lambda: SetEncoder(11, 3, width=16, places=8)), points(2, 8, 3)
    assert (encoder(x.flip(1)) - encoder(x)).abs().max() > 1e-3
    with pytest.raises(ValueError, match=r"sets of shape \(n, 8, 3\), got \(2, 7, 3\)"):
        encoder(x[:, :7])


def test_a_linear_path_is_added_to_the_layers_of_encoder_and_decoder():
    x, z = points(3, 8, 5), points(3, 11)
    for build, given, plain in (
        (lambda **more: SetEncoder(11, 5, width=16, places=8, **more), x, x.flatten(1)),
        (lambda **more: SetDecoder(11, 8, 5, width=16, **more), z, z),
    ):
        whole, layers = seeded(lambda: build(linear_path=True)), seeded(build)  # noqa: B023
        missing = layers.load_state_dict(whole.state_dict(), strict=False).unexpected_keys
        assert missing == ["path.weight"]
        added = (plain @ whole.path.weight.mT).view_as(layers(given))
        torch.testing.assert_close(whole(given), layers(given) + added)
    with pytest.raises(ValueError, match="places for a linear path, got None"):
        SetEncoder(11, 5, linear_path=True)


def test_linear_paths_alone_can_rotate_points_in_order():
    """Three numbers per point under 8 copies of degree 1: the identity commutes with rotations."""
    shape = {"width": 16, "linear_path": True}
    encoder, decoder = SetEncoder(24, 3, places=8, **shape), SetDecoder(24, 8, 3, **shape)
    ae = LatentActionAE(encoder, decoder, VectorAction(SO3().rep("8x1"))).double()
    with torch.no_grad():
        for parameter in ae.parameters():
            parameter.zero_()
        order = torch.arange(24).view(8, 3).mT.flatten()  # the code lists x of all points first
        encoder.path.weight.copy_(torch.eye(24)[order])
        decoder.path.weight.copy_(torch.eye(24)[order].mT)
    x, g = points(5, 8, 3), SO3().sample(5, generator=torch.Generator().manual_seed(0)).double()
    g = SO3().exp(SO3().log(g))  # orthogonal in float64
    torch.testing.assert_close(ae.transform(g, x), x @ g.mT)


def test_sets_may_have_any_number_of_points():
    encoder = seeded(lambda: SetEncoder(11, width=16))
    x = points(3, 5, 3)
    assert encoder(x).shape == encoder(x[:, :1]).shape == (3, 11)
    doubled = torch.cat([x, x], 1)  # mean and maximum do not count
    torch.testing.assert_close(encoder(doubled), encoder(x))


def test_sets_are_encoded_and_decoded_one_by_one():
    encoder, decoder = seeded(lambda: SetEncoder(11)), seeded(lambda: SetDecoder(11, 7, 4))
    x, z = points(3, 5, 3), points(3, 11)
    torch.testing.assert_close(encoder(x)[1:2], encoder(x[1:2]))
    torch.testing.assert_close(decoder(z)[1:2], decoder(z[1:2]))
    assert decoder(z).shape == (3, 7, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SetEncoder(0), "SetEncoder: expected dim to be an integer of at least 1"),
        (lambda: SetEncoder(3, places=0), "SetEncoder: expected places to be an integer"),
        (lambda: SetDecoder(3, 0), "SetDecoder: expected points to be an integer of at least 1"),
        (lambda: SetEncoder(3)(torch.zeros(2, 3)), r"sets of shape \(n, N, 3\), got \(2, 3\)"),
        (lambda: SetEncoder(3)(torch.zeros(2, 5, 4)), r"sets of shape \(n, N, 3\), got"),
        (lambda: SetDecoder(4, 2)(torch.zeros(2, 5)), r"z of shape \(\*batch, 4\), got \(2, 5\)"),
        (lambda: SequenceEncoder(4, channels=2, length=100), "a size divisible by 8"),
        (lambda: SequenceDecoder(4, channels=2, length=64, widths=(12,)), "multiples of 8"),
        (
            lambda: SequenceEncoder(4, channels=2, length=64)(torch.zeros(3, 1, 64)),
            r"x of shape \(n, 2, 64\), got \(3, 1, 64\)",
        ),
        (
            lambda: SequenceDecoder(4, channels=2, length=64)(torch.zeros(3, 5)),
            r"z of shape \(\*batch, 4\), got \(3, 5\)",
        ),
    ],
)
def test_bad_sizes_and_shapes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("widths", [(8,), (16, 8), (8, 16, 24)])
def test_sequences_come_back_in_shape(widths):
    shape = {"channels": 3, "length": 48, "widths": widths}
    encoder = seeded(lambda: SequenceEncoder(9, **shape))
    decoder = seeded(lambda: SequenceDecoder(9, **shape))
    x = points(2, 3, 48)
    assert encoder(x).shape == (2, 9)
    assert decoder(encoder(x)).shape == x.shape
    torch.testing.assert_close(encoder(x)[1:], encoder(x[1:]))


def test_training_on_sets_needs_the_action():
    """Tripods with legs of different lengths: without the element their pose is unknown."""
    generator = torch.Generator().manual_seed(0)
    lengths = 0.3 + torch.rand(64, 3, generator=generator)
    legs = torch.diag_embed(lengths).repeat_interleave(3, 1)
    tripods = legs * torch.tensor([1 / 3, 2 / 3, 1]).repeat(3).unsqueeze(-1)
    group = SO3()
    data = OrbitPairs(tripods, group, lambda g, x: x @ g.mT)
    test = OrbitPairs(tripods[:32], group, data.act, seed=1).fixed()
    rho, loss = group.rep("4x0 + 4x1"), CrossReconstruction({"chamfer": (1.0, chamfer_error)})
    scores = []
    for is_told in (True, False):
        torch.manual_seed(0)
        parts = SetEncoder(rho.dim, width=32), SetDecoder(rho.dim, 9, width=64), VectorAction(rho)
        model = LatentActionAE(*parts, loss)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for step in range(150):
            batch = data.batch(step, 32)
            if not is_told:
                batch = dataclasses.replace(batch, g=group.identity(32))
            optimizer.zero_grad()
            model.loss(batch)["chamfer"].backward()
            optimizer.step()
        g = test.g if is_told else group.identity(32)
        scores.append(float(chamfer_distance(model.transform(g, test.x1), test.x2).mean().detach()))
    unchanged = float(chamfer_distance(test.x1, test.x2).mean())
    told, untold = scores
    assert told < 0.7 * untold
    assert told < 0.4 * unchanged
