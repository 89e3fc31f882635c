"""Control without group structure: given g, it is not an action, but can represent one."""

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, RotatedDigits
from groupae.experiments.baselines import Conditional
from groupae.models import (
    ConvDecoder,
    ConvEncoder,
    SequenceDecoder,
    SequenceEncoder,
    TransformModel,
    UNetDecoder,
    UNetEncoder,
)
from groupae.objectives import log_mean_squared_error
from groupae.protocols import PairBatch

FEATURES = {
    SO2(): "1x1 + 1x2 + 1x3",
    SO3(): "1x1 + 1x2",
    Affine(): "1xstd",
    Cyclic(24): "1x1 + 1x2 + 1x3",
}
GROUPS = tuple(FEATURES)


def residual(group, x_shape=(1, 16, 16), *, dim=12, widths=(8, 8), hidden=16, terms=None):
    torch.manual_seed(0)
    shape = {"size": x_shape[-1], "widths": widths}
    encoder = ConvEncoder(dim, in_channels=x_shape[0], **shape)
    decoder = ConvDecoder(dim, out_channels=x_shape[0], **shape)
    return Conditional(
        encoder, decoder, group.rep(FEATURES[group]), dim, hidden=hidden, terms=terms
    )


def unet(group, x_shape=(1, 16, 16), *, terms=None):
    torch.manual_seed(0)
    shape = {"size": x_shape[-1], "widths": (8, 8, 8)}
    encoder = UNetEncoder(12, (4, 0, 2), in_channels=x_shape[0], **shape)
    decoder = UNetDecoder(12, (4, 0, 2), out_channels=x_shape[0], **shape)
    parts = {"code": 12, "skip0": 4, "skip2": 2}
    rho = group.rep(FEATURES[group])
    return Conditional(encoder, decoder, rho, parts, hidden=16, terms=terms)


def pairs(group, n=4, x_shape=(1, 16, 16)):
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(2, n, *x_shape, generator=generator)
    return PairBatch(x[0], group.sample(n, generator=generator), x[1])


@pytest.mark.parametrize("make", [residual, unet])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_it_takes_any_group_and_is_told_what_g_is(make, group):
    model, batch = make(group), pairs(group)
    assert isinstance(model, TransformModel)
    assert model.capabilities.obstacle(group, has_data_action=False) is None
    moved = model.transform(batch.g, batch.x1)
    assert moved.shape == batch.x1.shape
    others = model.transform(batch.g.roll(1, 0), batch.x1)
    assert (moved - others).flatten(1).abs().amax(1).min() > 1e-4


@pytest.mark.parametrize("make", [residual, unet])
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_it_is_no_action(make, group):
    model, batch = make(group), pairs(group)
    g, h = batch.g, batch.g.roll(1, 0)
    z = model.encoder(batch.x1)
    parts = z if isinstance(z, dict) else {"code": z}

    def moved(g, z):
        out = model.condition(g, z)
        return out if isinstance(z, dict) else {"code": out}

    for name, part in parts.items():
        assert (moved(group.identity(4), z)[name] - part).norm() > 0.05 * part.norm()
        twice = moved(h, model.condition(g, z))[name]
        at_once = moved(group.compose(h, g), z)[name]
        assert (twice - at_once).norm() > 0.05 * part.norm()


def test_it_can_be_one_exactly():
    # (x, x', y, y') -> (c x, s x', c y, s y'), of which linear maps make the turned (x, y)
    model = Conditional(Doubled(), Turned(), SO2().rep("1"), 4, hidden=1)
    head = model.heads["code"]
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor([-1.0] * 4 + [0.0] * 4))
        head.weight[[0, 2], 0] = 1.0  # entries of the matrix: c, -s, s, c
        head.weight[[1, 3], 2] = 1.0
    x, g = torch.randn(5, 2), SO2().sample(5)
    torch.testing.assert_close(model.transform(g, x), SO2().rep("1").act(g, x))


class Doubled(torch.nn.Module):
    def forward(self, x):
        return x.repeat_interleave(2, -1)


class Turned(torch.nn.Module):
    def forward(self, z):
        cx, sx, cy, sy = z.unbind(-1)
        return torch.stack([cx - sy, sx + cy], -1)


def test_it_knows_the_entries_of_the_blocks_and_no_zeros():
    model = residual(SO2())
    theta = torch.tensor([0.3])
    known = torch.stack([f(k * theta) for k in (1, 2, 3) for f in (torch.cos, torch.sin)], -1)
    c, s = known[:, ::2], known[:, 1::2]
    torch.testing.assert_close(model.entries(theta), torch.stack([c, -s, s, c], -1).flatten(1))
    assert len(model.entries) == 12
    a, b = torch.tensor([[2.0, 3.0]]).unbind(-1)
    expected = torch.tensor([[2.0, 3.0, 0.0, 1.0]])
    torch.testing.assert_close(unet(Affine()).entries(torch.stack([a, b], -1)), expected)


@pytest.mark.parametrize("make", [residual, unet])
def test_the_loss_reaches_every_parameter(make):
    model = make(SO3(), terms={"log_mse": (1.0, log_mean_squared_error)})
    loss = model.loss(pairs(SO3()))
    assert list(loss) == ["log_mse"]
    loss["log_mse"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    for head in model.heads.values():
        assert head.weight.grad.abs().max() > 0


def test_both_directions_count():
    model, batch = residual(SO3()), pairs(SO3())
    back = PairBatch(batch.x2, SO3().inverse(batch.g), batch.x1)
    torch.testing.assert_close(model.loss(back), model.loss(batch), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("make", [residual, unet])
def test_the_orbit_is_what_transform_says(make):
    model, batch = make(Affine()), pairs(Affine())
    gs = Affine().sample(4, 3)
    orbit = model.orbit(batch.x1, gs)
    for j in range(3):
        torch.testing.assert_close(orbit[:, j], model.transform(gs[:, j], batch.x1))


@pytest.mark.parametrize("make", [residual, unet])
def test_one_element_serves_all(make):
    model, batch = make(SO3()), pairs(SO3())
    one = model.transform(batch.g[0], batch.x1)
    torch.testing.assert_close(one, model.transform(batch.g[:1].expand(4, 3, 3), batch.x1))


def test_a_batch_is_overfitted_and_g_is_heeded():
    torch.manual_seed(0)
    batch = RotatedDigits("train", size="tiny").batch(0, 4)
    model = residual(SO2(), (1, 28, 28), dim=32, widths=(16,), hidden=64)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.loss(batch)["reconstruction"]
        loss.backward()
        optimizer.step()
    seen = torch.cat([batch.x1, batch.x2])
    blind = (seen - seen.mean(0)).square().mean().item()
    assert loss.item() < 0.1 * blind
    wrong = PairBatch(batch.x1, batch.g.roll(1, 0), batch.x2)
    assert model.loss(wrong)["reconstruction"].item() > 3 * loss.item()


def test_a_part_that_is_not_named_is_carried_along():
    model = Conditional(Doubled(), Turned(), SO2().rep("1"), {"code": 2})
    z = {"code": torch.rand(3, 2), "picture": torch.rand(3, 5)}
    told = model.condition(SO2().sample(3), z)
    assert torch.equal(told["picture"], z["picture"])
    assert not torch.equal(told["code"], z["code"])


def test_it_takes_other_data():
    shape = {"channels": 2, "length": 32, "widths": (8, 8)}
    encoder, decoder = SequenceEncoder(10, **shape), SequenceDecoder(10, **shape)
    model = Conditional(encoder, decoder, SO2().rep("1"), 10)
    x = torch.rand(3, 2, 32)
    assert model.transform(SO2().sample(3), x).shape == x.shape


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: residual(SO2(), hidden=0), "Conditional: expected hidden to be an integer"),
        (
            lambda: Conditional(Doubled(), Turned(), SO2().rep("1"), 0),
            "Conditional: expected channels of code to be an integer",
        ),
        (
            lambda: Conditional(Doubled(), Turned(), SO2().rep("1"), {}),
            "Conditional: expected channels of at least one part",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
