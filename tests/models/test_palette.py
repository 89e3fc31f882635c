"""Palette: colours as functions of the code, mixed at each pixel."""

import pytest
import torch

from groupae.models import ConvDecoder, Palette, UNetDecoder


def test_a_pixel_with_all_of_one_share_has_that_colour_and_what_was_drawn():
    palette = Palette(5, channels=3, colours=4)
    z = torch.randn(2, 5)
    choice = torch.randint(4, (2, 6, 7))
    drawn = torch.rand(2, 3, 6, 7)
    shares = torch.nn.functional.one_hot(choice, 4).movedim(-1, 1) * 1e4
    colours = palette.colours(z)
    wanted = torch.stack([row[:, places] for row, places in zip(colours, choice, strict=True)])
    torch.testing.assert_close(palette(torch.cat([drawn, shares], 1), z), drawn + wanted)


def test_a_mixture_lies_between_the_colours():
    palette = Palette(5, channels=3, colours=4)
    z, maps = torch.randn(2, 5), 3 * torch.randn(2, 7, 6, 6)
    maps[:, :3] = 0
    low, high = palette.colours(z).aminmax(dim=-1)
    mixed = palette(maps, z).flatten(2)
    assert (mixed >= low[..., None] - 1e-6).all()
    assert (mixed <= high[..., None] + 1e-6).all()


@pytest.mark.parametrize("x", ["vector", "parts"])
def test_a_decoder_with_a_palette_uses_every_weight(x):
    if x == "vector":
        decoder, z = ConvDecoder(6, out_channels=3, size=16, widths=(8, 8), colours=4), None
    else:
        shape = {"size": 16, "widths": (8, 8), "colours": 4, "draws_over_picture": True}
        decoder = UNetDecoder(6, [2], out_channels=3, **shape)
        z = {"skip0": torch.rand(2, 2, 16, 16), "picture": torch.rand(2, 3, 16, 16)}
    code = torch.randn(2, 6)
    picture = decoder(code if z is None else {"code": code, **z})
    assert picture.shape == (2, 3, 16, 16)
    picture.square().sum().backward()
    assert all(p.grad is not None for p in decoder.parameters())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Palette(5, channels=3, colours=0), "Palette: expected colours to be an integer"),
        (lambda: ConvDecoder(4, colours=-1), "expected colours to be an integer of at least 1"),
        (
            lambda: Palette(5, channels=3, colours=2)(torch.zeros(1, 4, 2, 2), torch.zeros(1, 5)),
            r"Palette: expected maps of shape \(\*batch, 5, _, _\), got \(1, 4, 2, 2\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
