"""Signals on a circle: shifts and mirror images act on the codes exactly."""

import math

import pytest
import torch

from groupae import O2, SO2, SO3, Cyclic, Dihedral, LatentActionAE, VectorAction, load, save
from groupae.models import CircularDecoder, CircularEncoder
from groupae.models.circular import reversed_signal

LENGTH, CHANNELS = 24, 3
CODES = {
    SO2(): "3x0 + 2x1 + 2x5 + 1x11",
    O2(): "3x0 + 2x0- + 2x1 + 2x5",
    Cyclic(6): "2x0 + 3x1 + 2x2 + 1x3",
    Cyclic(24): "2x0 + 3x1 + 2x12",
    Dihedral(6): "2x0 + 1x0- + 2x2 + 2x3 + 1x3-",
}


def elements(group):
    """Return pairs of an element and what it does to signals."""
    steps = range(1, LENGTH) if isinstance(group, (SO2, O2)) else range(1, group.n)
    for j in steps:
        shift = j if isinstance(group, (SO2, O2)) else j * LENGTH // group.n
        angle = torch.tensor(2 * math.pi * j / LENGTH, dtype=torch.float64)
        for sign in (1, -1) if isinstance(group, (O2, Dihedral)) else (1,):
            if isinstance(group, O2):
                g = group.convert(
                    torch.stack([angle, angle.new_tensor(sign)]), "angle_sign", "matrix"
                )
            else:
                g = angle if isinstance(group, SO2) else torch.tensor(j + (sign < 0) * group.n)
            yield g, lambda x, n=shift, s=sign: (reversed_signal(x) if s < 0 else x).roll(n, -1)


def parts(group, **sizes):
    torch.manual_seed(0)
    rho = group.rep(CODES[group])
    shape = {"channels": CHANNELS, "length": LENGTH, "width": 16, **sizes}
    encoder, decoder = (
        CircularEncoder(rho, **shape).double(),
        CircularDecoder(rho, **shape).double(),
    )
    for parameter in (*encoder.parameters(), *decoder.parameters()):
        torch.nn.init.normal_(parameter, std=0.3)  # blocks are the identity as built
    return rho, encoder, decoder


@pytest.mark.parametrize("group", tuple(CODES), ids=str)
def test_shifts_and_mirror_images_act_exactly(group):
    rho, encoder, decoder = parts(group)
    x = torch.randn(4, CHANNELS, LENGTH, dtype=torch.float64)
    with torch.no_grad():
        z = encoder(x)
        y = decoder(z)
        assert z.std() > 0.1
        assert y.std() > 0.1
        for g, move in elements(group):
            torch.testing.assert_close(encoder(move(x)), rho.act(g[None], z), rtol=0, atol=1e-12)
            torch.testing.assert_close(decoder(rho.act(g[None], z)), move(y), rtol=0, atol=1e-12)


def test_angles_between_samples_cost_the_aliasing_of_the_nonlinearities_alone():
    rho, encoder, _ = parts(SO2(), blocks=0)
    spectrum = torch.randn(50, CHANNELS, 5, dtype=torch.complex128)
    angles = torch.rand(50, dtype=torch.float64) * 6
    phases = torch.exp(-1j * angles[:, None] * torch.arange(5))[:, None]

    def error(encoder):
        x, gx = (torch.fft.irfft(c, n=LENGTH) * LENGTH for c in (spectrum, spectrum * phases))
        z = encoder(x)
        return float((encoder(gx) - rho.act(angles, z)).norm() / z.norm())

    with torch.no_grad():
        assert 1e-6 < error(encoder) < 0.2
        encoder.head.zero_()
        assert error(encoder) < 1e-12  # the linear code of a band-limited signal is exact


def test_every_weight_is_trained():
    for group in CODES:
        _, encoder, decoder = parts(group)
        (
            decoder(encoder(torch.randn(4, CHANNELS, LENGTH, dtype=torch.float64))) ** 3
        ).sum().backward()
        for parameter in (*encoder.parameters(), *decoder.parameters()):
            assert parameter.grad.abs().sum() > 0


def test_a_model_is_saved_and_loaded(tmp_path):
    rho = O2().rep("3x0 + 2x1")
    shape = {"channels": 2, "length": 16, "width": 8}
    encoder, decoder = CircularEncoder(rho, **shape), CircularDecoder(rho, **shape)
    model = LatentActionAE(encoder, decoder, VectorAction(rho), "mse").eval()
    save(model, tmp_path / "model")
    x, g = torch.randn(4, 2, 16), O2().sample(4)
    assert torch.equal(load(tmp_path / "model").transform(g, x), model.transform(g, x))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda k: k(SO3().rep("2x1"), channels=1, length=16), ValueError, r"so2, o2, c\(n\) or"),
        (lambda k: k(SO2().rep("2x8"), channels=1, length=16), ValueError, "more than 16 samples"),
        (lambda k: k(Cyclic(5).rep("2x1"), channels=1, length=16), ValueError, "divisible by 5"),
        (lambda k: k("2x1", channels=1, length=16), TypeError, "a sum of irreps"),
        (lambda k: k(SO2().rep("2x1"), channels=0, length=16), ValueError, "channels"),
        (lambda k: k(SO2().rep("2x1"), channels=1, length=16, width=12), ValueError, "of 8"),
        (lambda k: k(SO2().rep("2x1"), channels=1, length=16, width=0), ValueError, "width to be"),
        (lambda k: k(SO2().rep("2x1"), channels=1, length=16, blocks=-1), ValueError, "from 0"),
    ],
)
@pytest.mark.parametrize("kind", [CircularEncoder, CircularDecoder])
def test_sizes_and_groups_that_do_not_fit(kind, make, error, message):
    with pytest.raises(error, match=message) as raised:
        make(kind)
    assert str(raised.value).startswith(f"{kind.__name__}: expected")


def test_signals_and_codes_of_another_shape():
    _, encoder, decoder = parts(SO2())
    with pytest.raises(ValueError, match="of your signals"):
        encoder(torch.zeros(2, CHANNELS, LENGTH + 1, dtype=torch.float64))
    with pytest.raises(ValueError, match="length of the code"):
        decoder(torch.zeros(2, 3, dtype=torch.float64))
