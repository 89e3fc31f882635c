"""Pictures in polar coordinates: turns act on the codes exactly, up to resampling."""

import math

import pytest
import torch

from groupae import O2, SO2, Cyclic, Dihedral, LatentActionAE, VectorAction, load, save
from groupae.data import rotate, smooth_pictures
from groupae.data.turned_pictures import picture_action
from groupae.models import PolarDecoder, PolarEncoder, export_transform
from groupae.models.polar import PolarGrid

CODES = {
    SO2(): "4x0 + 3x1 + 2x2 + 2x7",
    O2(): "4x0 + 1x0- + 3x1 + 2x2 + 2x7",
    Cyclic(4): "4x0 + 3x1 + 2x2",
    Dihedral(4): "4x0 + 1x0- + 3x1 + 2x2 + 1x2-",
}
SIZES = {"size": 16, "angles": 24, "width": 16, "blocks": 1}


def parts(group, channels=1, **sizes):
    torch.manual_seed(0)
    rho, shape = group.rep(CODES[group]), {**SIZES, **sizes}
    encoder = PolarEncoder(rho, in_channels=channels, **shape).double()
    decoder = PolarDecoder(rho, out_channels=channels, **shape).double()
    for parameter in (*encoder.parameters(), *decoder.parameters()):
        torch.nn.init.normal_(parameter, std=0.2)
    return rho, encoder, decoder


def quarter(group, mirrored):
    if isinstance(group, O2):
        sign = torch.tensor([math.pi / 2, -1.0 if mirrored else 1.0], dtype=torch.float64)
        return group.convert(sign, "angle_sign", "matrix")
    if isinstance(group, SO2):
        return torch.tensor(math.pi / 2, dtype=torch.float64)
    return torch.tensor(1 + mirrored * group.n)


@pytest.mark.parametrize("reach", [0.8, 1.0, 2**0.5])
@pytest.mark.parametrize("group", tuple(CODES), ids=str)
def test_quarter_turns_and_mirror_images_act_exactly(group, reach):
    rho, encoder, decoder = parts(group, channels=2, reach=reach)
    move, x = picture_action(group), torch.rand(5, 2, 16, 16, dtype=torch.float64)
    with torch.no_grad():
        z = encoder(x)
        y = decoder(z)
        assert min(z.std(), y.std()) > 0.1
        for mirrored in (False, True) if isinstance(group, (O2, Dihedral)) else (False,):
            g = quarter(group, mirrored)
            gs = g.expand(5, *g.shape)
            torch.testing.assert_close(encoder(move(gs, x)), rho.act(gs, z), rtol=0, atol=1e-11)
            torch.testing.assert_close(decoder(rho.act(gs, z)), move(gs, y), rtol=0, atol=1e-11)


def test_other_turns_of_a_smooth_picture_nearly():
    rho, encoder, _ = parts(SO2(), size=32, angles=32)
    generator = torch.Generator().manual_seed(0)
    x = smooth_pictures(20, 1, 32, 32, generator=generator).double()
    g = SO2().sample(20, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        z = encoder(x)
        moved = encoder(rotate(g, x, mode="fft"))
        assert (moved - rho.act(g, z)).norm() < 0.02 * (z - z.mean(0)).norm()


def test_a_smooth_picture_is_its_circles():
    grid = PolarGrid(32, radii=32, angles=64)
    x = smooth_pictures(5, 1, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    again = grid.from_polar(grid.to_polar(x))
    assert (again - x).abs().max() < 0.02
    ones = torch.ones(1, 1, 32, 64, dtype=torch.float64)
    torch.testing.assert_close(grid.from_polar(ones), torch.ones(1, 1, 32, 32, dtype=torch.float64))


@pytest.mark.parametrize("size", [1, 3, 12, 13])
@pytest.mark.parametrize("radii", [1, 2, 3, 9])
def test_a_turn_of_the_circles_is_a_turn_of_the_picture(radii, size):
    grid = PolarGrid(size, radii=radii, angles=16)
    y = torch.randn(2, 3, radii, 16, dtype=torch.float64)
    quarter = torch.full((2,), math.pi / 2, dtype=torch.float64)
    turned = rotate(quarter, grid.from_polar(y))
    torch.testing.assert_close(grid.from_polar(y.roll(4, -1)), turned, rtol=0, atol=1e-12)


def test_the_angle_is_that_of_rotate():
    grid = PolarGrid(21, radii=10, angles=12)
    x = torch.zeros(1, 1, 21, 21)
    x[..., 10, 16:19] = 1  # to the right
    assert grid.to_polar(x)[0, 0].sum(0).argmax() == 0
    turned = rotate(torch.tensor([math.pi / 3]), x)
    assert grid.to_polar(turned)[0, 0].sum(0).argmax() == 2


def test_a_model_is_saved_and_loaded(tmp_path):
    rho = SO2().rep("3x0 + 2x1")
    encoder, decoder = PolarEncoder(rho, **SIZES), PolarDecoder(rho, **SIZES)
    model = LatentActionAE(encoder, decoder, VectorAction(rho), "mse").eval()
    save(model, tmp_path / "model")
    x, g = torch.rand(4, 1, 16, 16), SO2().sample(4)
    assert torch.equal(load(tmp_path / "model").transform(g, x), model.transform(g, x))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"reach": 0}, r"reach in \(0, 2\]"),
        ({"reach": float("nan")}, r"reach in \(0, 2\]"),
        ({"radii": 0}, "radii"),
        ({"size": 2.5}, "size"),
        ({"angles": 14}, "more than 14 samples"),
    ],
)
@pytest.mark.parametrize("kind", [PolarEncoder, PolarDecoder])
def test_sizes_that_do_not_fit(kind, sizes, message):
    with pytest.raises(ValueError, match=message):
        kind(SO2().rep("1x7"), **{**SIZES, **sizes})


def test_pictures_and_codes_of_another_shape():
    _, encoder, decoder = parts(SO2())
    with pytest.raises(ValueError, match="channels of your pictures"):
        encoder(torch.zeros(2, 1, 28, 28, dtype=torch.float64))
    with pytest.raises(ValueError, match="length of the code"):
        decoder(torch.zeros(2, 3, dtype=torch.float64))


def test_a_model_is_exported_for_batches_of_any_size():
    rho = O2().rep("2x0 + 2x1")
    encoder, decoder = PolarEncoder(rho, **SIZES), PolarDecoder(rho, **SIZES)
    model = LatentActionAE(encoder, decoder, VectorAction(rho), "mse").eval()
    x, g = torch.rand(5, 1, 16, 16), O2().sample(5)
    program = export_transform(model, g[:2], x[:2])
    with torch.no_grad():
        torch.testing.assert_close(program.module()(g, x), model.transform(g, x))
