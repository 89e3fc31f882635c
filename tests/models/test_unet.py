"""U-Net: encoder and decoder mirror each other, and the group acts on skips and pictures."""

import pytest
import torch

from groupae import SO2, Affine, ChannelAction, LatentActionAE, PartsAction, VectorAction
from groupae.experiments.datasets.brain_contrast import change_contrast
from groupae.models import UNetDecoder, UNetEncoder
from groupae.testing import check_action


def unet(group, code, skips, **shape):
    sizes = [group.rep(text).dim if text else 0 for text in skips]
    rho = group.rep(code)
    acted = {f"skip{i}": ChannelAction(group.rep(text)) for i, text in enumerate(skips) if text}
    encoder, decoder = UNetEncoder(rho.dim, sizes, **shape), UNetDecoder(rho.dim, sizes, **shape)
    return LatentActionAE(encoder, decoder, PartsAction({"code": VectorAction(rho), **acted}))


@pytest.mark.parametrize("skips", [(), ("4x0",), ("", "2x0 + 3x1"), ("1x0", "", "2x1")])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("size", "widths"), [(24, (8, 16, 32)), (48, (16, 8, 8, 8))])
def test_the_decoder_mirrors_the_encoder(skips, stride, size, widths):
    model = unet(SO2(), "3x0 + 2x1", skips, size=size, widths=widths, stride=stride)
    x = torch.rand(2, 1, size, size)
    z = model.encode(x)
    assert sorted(z) == ["code", *(f"skip{i}" for i, text in enumerate(skips) if text)]
    for i, text in enumerate(skips):
        if text:
            side = size // stride >> i
            assert z[f"skip{i}"].shape == (2, SO2().rep(text).dim, side, side)
    assert model.transform(torch.zeros(2), x).shape == x.shape


def test_an_acted_skip_moves_and_a_carried_one_does_not():
    G = Affine()
    model = unet(G, "2x0 + 1xstd", ("2x0 + 1xstd", "4x0"), size=16, widths=(8, 8))
    z = model.encode(torch.rand(3, 1, 16, 16))
    g, h = G.sample(2, 3)
    moved = model.action(g, z)
    assert torch.equal(moved["skip1"], z["skip1"])
    torch.testing.assert_close(moved["skip0"][:, :2], z["skip0"][:, :2])
    a, b = (part[:, None, None] for part in g.unbind(-1))
    torch.testing.assert_close(moved["skip0"][:, 2], a * z["skip0"][:, 2] + b * z["skip0"][:, 3])
    one, other = model.action(G.compose(h, g), z), model.action(h, moved)
    for name in z:
        torch.testing.assert_close(one[name], other[name], atol=1e-5, rtol=1e-5)


def test_a_decoder_that_draws_over_the_picture_can_leave_it_and_can_hide_it():
    shape = {"size": 16, "widths": (8, 8)}
    encoder = UNetEncoder(3, [2], keeps_picture=True, **shape)
    decoder = UNetDecoder(3, [2], draws_over_picture=True, **shape)
    x = torch.rand(2, 1, 16, 16)
    z = encoder(x)
    assert torch.equal(z["picture"], x)
    last = decoder.to_picture[2]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.25, -50.0]))
        torch.testing.assert_close(decoder(z), x)
        last.bias.copy_(torch.tensor([0.25, 50.0]))
        torch.testing.assert_close(decoder(z), torch.full_like(x, 0.25))
        last.bias.copy_(torch.tensor([0.25, 0.0]))
        torch.testing.assert_close(decoder(z), (x + 0.25) / 2)
    with pytest.raises(ValueError, match=r"parts \['code', 'picture', 'skip0'\], got"):
        decoder({name: z[name] for name in ("code", "skip0")})


def acted_unet(*, channels=1, stride=1):
    """A model that blends the picture as it was, the acted picture, and what it draws."""
    G = Affine()
    shape = {"size": 16, "widths": (8, 8), "coordinates": "logit", "acted_picture": 2 * channels}
    shape |= {"stride": stride}
    encoder = UNetEncoder(4, [3], in_channels=channels, keeps_picture=True, **shape)
    decoder = UNetDecoder(4, [3], out_channels=channels, draws_over_picture=True, **shape)
    parts = {"code": VectorAction(G.rep("2x0 + 1xstd")), "skip0": ChannelAction(G.rep("3x0"))}
    parts |= {"picture": None, "acted_picture": ChannelAction(G.rep(f"{channels}xstd"))}
    return LatentActionAE(encoder, decoder, PartsAction(parts))


def show(model, *, acted, drawn, logits=0.0):
    """Set the logits of all opacities of the decoder."""
    last = model.decoder.to_picture[2]
    with torch.no_grad():
        last.weight.zero_()
        maps = last.bias.view(-1, len(last.bias) // (model.decoder.channels + 2))
        maps[:-2], maps[-2], maps[-1] = logits, acted, drawn


@pytest.mark.parametrize("channels", [1, 3])
def test_the_acted_picture_is_in_homogeneous_coordinates(channels):
    model = acted_unet(channels=channels)
    x = torch.rand(2, channels, 16, 16)
    z = model.encode(x)
    assert torch.equal(z["picture"], x)
    logits, ones = z["acted_picture"].split(channels, 1)
    torch.testing.assert_close(logits.sigmoid(), x.clamp(1e-3, 1 - 1e-3))
    assert torch.equal(ones, torch.ones_like(x))
    assert model.transform(Affine().sample(2), x).shape == x.shape


def test_the_picture_is_acted_on_by_law():
    model = acted_unet().double()
    n = len(Affine().sample(9))
    z = model.encode(torch.rand(3 * n, 1, 16, 16, dtype=torch.float64))
    assert check_action(model.action, elements=Affine().sample(n).double(), latent=z).passed


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("stride", [1, 2])
def test_contrast_is_changed_exactly_where_the_acted_picture_shows(channels, stride):
    model = acted_unet(channels=channels, stride=stride).double()
    x = 0.01 + 0.98 * torch.rand(4, channels, 16, 16, dtype=torch.float64)
    g = Affine().sample(4).double()
    everywhere = torch.ones(4, 1, 16, 16, dtype=torch.bool)
    with torch.no_grad():
        show(model, acted=50.0, drawn=-50.0)
        torch.testing.assert_close(model.transform(g, x), change_contrast(g, x, everywhere))
        show(model, acted=-50.0, drawn=-50.0)
        torch.testing.assert_close(model.transform(g, x), x)
        show(model, acted=50.0, drawn=50.0, logits=2.0)
        drawn = torch.full_like(x, 2.0).sigmoid()
        torch.testing.assert_close(model.transform(g, x), drawn)


def test_where_the_acted_picture_shows_two_elements_in_a_row_are_their_product():
    model, G = acted_unet().double(), Affine()
    show(model, acted=50.0, drawn=-50.0)
    x = 0.2 + 0.6 * torch.rand(4, 1, 16, 16, dtype=torch.float64)
    g, h = (0.5 * G.log(G.sample(2, 4).double())).unbind(0)
    g, h = G.exp(g), G.exp(h)
    with torch.no_grad():
        twice = model.transform(h, model.transform(g, x))
        once = model.transform(G.compose(h, g), x)
    inside = (model.transform(g, x) - 0.5).abs() < 0.498
    torch.testing.assert_close(twice[inside], once[inside])


def test_an_acted_picture_needs_no_carried_one_and_no_logits():
    shape = {"size": 16, "widths": (8, 8), "acted_picture": 1}
    encoder, decoder = UNetEncoder(2, [], **shape), UNetDecoder(2, [], **shape)
    x = torch.rand(2, 1, 16, 16)
    z = encoder(x)
    assert torch.equal(z["acted_picture"], x)
    last = decoder.to_picture[2]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.25, -50.0]))
    torch.testing.assert_close(decoder(z), x)


def test_logits_are_finite_at_black_and_white():
    model = acted_unet()
    x = (torch.rand(2, 1, 16, 16) > 0.5).float().requires_grad_()
    moved = model.transform(Affine().sample(2), x)
    moved.sum().backward()
    assert moved.isfinite().all()
    assert x.grad.isfinite().all()


def test_every_parameter_is_used():
    model = unet(SO2(), "3x0 + 2x1", ("2x1", "", "3x0"), size=16, widths=(8, 8, 8))
    model.transform(SO2().sample(2), torch.rand(2, 1, 16, 16)).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: UNetEncoder(4, [1] * 4), "at most 3 numbers of skip channels"),
        (lambda: UNetDecoder(4, [-1]), "at most 3 numbers of skip channels.*got"),
        (lambda: UNetEncoder(4, [], stride=3), "UNetEncoder: expected a stride of 1 or 2, got 3"),
        (lambda: UNetDecoder(4, [], size=20, stride=2), "expected a size divisible by 8"),
        (lambda: UNetEncoder(4, [], size=30), "UNetEncoder: expected a size divisible by 4"),
        (lambda: UNetEncoder(4, [], widths=(12,)), "widths that are multiples of 8"),
        (lambda: UNetEncoder(4, [])(torch.zeros(1, 3, 28, 28)), r"x of shape \(n, 1, 28, 28\)"),
        (lambda: UNetDecoder(4, [2])({"code": torch.zeros(1, 4)}), "parts .*'skip0'.*got"),
        (lambda: UNetDecoder(4, [])({"code": torch.zeros(1, 5)}), r"code of shape \(\*batch, 4\)"),
        (
            lambda: UNetDecoder(4, [2])(
                {"code": torch.zeros(1, 4), "skip0": torch.zeros(1, 3, 28, 28)}
            ),
            r"skip0 of shape \(\*batch, 2, _, _\), got \(1, 3, 28, 28\)",
        ),
        (
            lambda: UNetEncoder(4, [], coordinates="logits"),
            "UNetEncoder: expected coordinates to be one of intensity, logit.*did you mean 'logit'",
        ),
        (
            lambda: UNetDecoder(4, [], out_channels=3, acted_picture=2),
            "UNetDecoder: expected acted_picture of at least the 3 channels of a picture, or 0",
        ),
        (
            lambda: UNetDecoder(4, [], acted_picture=2)({"code": torch.zeros(1, 4)}),
            r"parts \['acted_picture', 'code'\], got",
        ),
        (
            lambda: UNetDecoder(4, [], acted_picture=2)(
                {"code": torch.zeros(1, 4), "acted_picture": torch.zeros(1, 3, 28, 28)}
            ),
            r"acted_picture of shape \(\*batch, 2, _, _\), got \(1, 3, 28, 28\)",
        ),
        (lambda: UNetDecoder(4, [])(torch.zeros(1, 4)), "a dict with the parts .*got Tensor"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
