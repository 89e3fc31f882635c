"""Colours gathered from a picture are colours of its pixels, and decoders mix them as they are."""

import pytest
import torch

from groupae import SO2, LatentActionAE
from groupae.models import ColourPool, ConvDecoder, ConvEncoder, Palette, UNetDecoder, UNetEncoder

SHAPE = {"size": 16, "widths": (8, 16)}


def pictures(*shape, dtype=torch.float32):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1), dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [0, 1, 3])
def test_colours_lie_between_those_of_the_pixels(n, dtype):
    pool = ColourPool(8, colours=5).to(dtype)
    x, features = pictures(n, 3, 16, 16, dtype=dtype), 9 * pictures(n, 8, 4, 4, dtype=dtype)
    colours = pool(x, features.transpose(2, 3)).view(n, 3, 5)
    assert colours.dtype == dtype
    assert (colours >= x.flatten(2).amin(2, keepdim=True) - 1e-6).all()
    assert (colours <= x.flatten(2).amax(2, keepdim=True) + 1e-6).all()


def test_a_pool_that_looks_at_one_place_finds_its_colour():
    pool, features = ColourPool(2, colours=1), torch.zeros(1, 2, 4, 4)
    features[0, 0, 2, 1] = 1.0
    with torch.no_grad():
        pool.weights.weight.fill_(1e4)
    x = pictures(1, 3, 8, 8)
    torch.testing.assert_close(pool(x, features)[0], x[0, :, 4:6, 2:4].mean((1, 2)))


@pytest.mark.parametrize("kind", ["vector", "parts"])
def test_a_code_begins_with_the_colours_of_a_picture_of_one_colour(kind):
    colour = torch.tensor([0.2, 0.5, 0.9])
    x = colour.view(1, 3, 1, 1).expand(2, 3, 16, 16)
    if kind == "vector":
        code = ConvEncoder(20, in_channels=3, colours=4, **SHAPE)(x)
    else:
        code = UNetEncoder(20, [2], in_channels=3, colours=4, **SHAPE)(x)["code"]
    assert code.shape == (2, 20)
    torch.testing.assert_close(code[:, :12].view(2, 3, 4), colour.view(1, 3, 1).expand(2, 3, 4))


def test_a_palette_mixes_gathered_colours_black_and_white():
    palette = Palette(9, channels=3, colours=2, gathered=True)
    assert palette.maps == 3 + 2 + 2
    z, maps = torch.randn(1, 9), torch.zeros(1, 7, 2, 2)
    for place, share in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        maps[0, 3 + place, share[0], share[1]] = 1e4
    first, second, black, white = palette(maps, z).flatten(2).unbind(2)
    torch.testing.assert_close(first, z[:, [0, 2, 4]])
    torch.testing.assert_close(second, z[:, [1, 3, 5]])
    assert (black == 0).all()
    assert (white == 1).all()


@pytest.mark.parametrize("kind", ["vector", "parts"])
def test_every_weight_of_a_gathering_autoencoder_has_a_gradient(kind):
    x = pictures(2, 3, 16, 16)
    own, common = {"in_channels": 3, "colours": 4}, {"out_channels": 3, "colours": 4}
    if kind == "vector":
        encoder = ConvEncoder(20, **own, **SHAPE)
        decoder = ConvDecoder(20, **common, gathered=True, **SHAPE)
    else:
        encoder = UNetEncoder(20, [2], **own, **SHAPE)
        decoder = UNetDecoder(20, [2], **common, gathered=True, **SHAPE)
    (decoder(encoder(x)) - x).square().sum().backward()
    weights = [*encoder.parameters(), *decoder.parameters()]
    assert all(weight.grad is not None for weight in weights)


def test_an_autoencoder_keeps_gathered_colours_where_no_element_acts():
    rho = SO2().rep("7x0 + 3x1")
    ae = LatentActionAE.conv(rho, (3, 16, 16), widths=(8, 16), colours=2, gathers_colours=True)
    code = ae.encode(pictures(4, 3, 16, 16))
    assert torch.equal(ae.action(torch.tensor(1.0), code)[:, :7], code[:, :7])
    for text, words in (("2x1 + 6x0", "6 invariants, the gathered"), ("6x0", "and more, got 6x0")):
        with pytest.raises(ValueError, match=words):
            LatentActionAE.conv(
                SO2().rep(text), (3, 16, 16), widths=(8, 16), colours=2, gathers_colours=True
            )
    with pytest.raises(ValueError, match="conv: expected colours to gather, got 0; say how many"):
        LatentActionAE.conv(rho, (3, 16, 16), widths=(8, 16), gathers_colours=True)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ColourPool(8, colours=0), "ColourPool: expected colours to be an integer"),
        (
            lambda: ColourPool(2, colours=1)(torch.zeros(1, 3, 9, 9), torch.zeros(1, 2, 4, 4)),
            r"whose size is a multiple of 4 x 4, that of the maps, got \(1, 3, 9, 9\)",
        ),
        (
            lambda: ConvEncoder(12, in_channels=3, colours=4, **SHAPE),
            "ConvEncoder: expected a code of more than 3 x 4 numbers, its colours, got 12; take",
        ),
        (
            lambda: UNetEncoder(9, [2], in_channels=3, colours=-1, **SHAPE),
            "UNetEncoder: expected colours as a count from 0, got -1",
        ),
        (
            lambda: Palette(5, channels=3, colours=2, gathered=True),
            "Palette: expected dim of at least 3 x 2, the gathered colours, got 5",
        ),
        (
            lambda: ConvDecoder(9, gathered=True),
            "ConvDecoder: expected colours that are gathered, got 0",
        ),
        (
            lambda: UNetDecoder(9, [2], colours=1, gathered=True, coordinates="logit", **SHAPE),
            "'intensity' for colours that are gathered from a picture, got 'logit'",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
