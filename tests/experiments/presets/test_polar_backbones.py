"""The exactly equivariant presets: the same error for all elements, trained on few."""

import math

import pytest
import torch

from groupae import O2, SO2, SO3
from groupae.data import rotate, shift_phase
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.config import ModelConfig
from groupae.experiments.presets.polar_backbones import Circular, Polar
from groupae.experiments.presets.registry import get_experiment
from groupae.models import CircularDecoder, CircularEncoder, PolarDecoder, PolarEncoder
from groupae.protocols import PairBatch
from groupae.training import TrainingConfig, fit


class SmallTurns:
    """Pairs of digits turned by at most 15 degrees; the first view is upright to 45 degrees."""

    def __init__(self, originals):
        self.originals = originals

    def batch(self, step, size):
        generator = torch.Generator().manual_seed(step)
        index = torch.randint(len(self.originals), (size,), generator=generator)
        first = torch.rand(size, generator=generator) * math.pi / 4
        turn = (torch.rand(size, generator=generator) * 2 - 1) * math.pi / 12
        return turned(self.originals[index], first, turn)


def turned(x, first, turn):
    return PairBatch(rotate(first, x), turn, rotate(first + turn, x))


def test_the_error_outside_the_trained_turns_is_that_inside():
    experiment = get_experiment("rotated-digits")
    preset = experiment.presets["equivariant"].replace(widths=(16, 16), blocks=1)
    model = build_model(experiment.data, preset.model, seed=0)
    digits = experiment.data.load("train", size="tiny").originals
    training = TrainingConfig(steps=40, batch_size=16, optimizer="muon", learning_rate=1e-2)
    first = torch.linspace(0.1, 1.4, len(digits))
    fit(model, SmallTurns(digits), turned(digits, first, first / 10), training)

    def error(degrees, first):
        pairs = turned(digits, first, torch.full((len(digits),), math.radians(degrees)))
        with torch.no_grad():
            return float((model.transform(pairs.g, pairs.x1) - pairs.x2).square().mean())

    inside = error(7, first % 0.5)
    assert inside < 0.3 * float(digits.square().mean())
    for degrees in (38, 97, 173, 217):
        assert error(degrees, first) < 1.1 * inside
        assert error(degrees, first + 3) < 1.1 * inside


def test_a_config_names_circles_and_angles():
    config = ModelConfig(
        "polar", "2x0 + 1x1", {"mse": 1.0}, (8, 16), radii=5, angles=24, reach=2**0.5
    )
    data = get_experiment("rotated-digits").data
    model = build_model(data, config, seed=0)
    encoder, decoder = model.encoder, model.decoder
    assert isinstance(encoder, PolarEncoder)
    assert isinstance(decoder, PolarDecoder)
    for grid in (encoder.grid, decoder.grid):
        assert (grid.radii, grid.angles, grid.reach) == (5, 24, 2**0.5)
    assert (encoder.circular.width, decoder.circular.width) == (8, 16)


def test_radii_are_one_per_pixel_unless_given():
    encoder, _, _ = Polar(reach=2**0.5).build(SO2(), (1, 28, 28), "2x0 + 1x1")
    assert encoder.grid.radii == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"radii": -1}, "backbone 'polar': expected radii as a count from 0, got -1"),
        ({"radii": 2.0}, "radii as a count from 0, got 2.0"),
        ({"angles": 0}, "angles as a count from 1, got 0"),
        ({"reach": 0}, "reach as a number above 0, at most 2, got 0"),
        ({"reach": "1"}, "reach as a number above 0, at most 2, got '1'"),
        ({"backbone": "unet", "angles": 24}, "a backbone of polar for angles, got 'unet'"),
    ],
)
def test_bad_sizes_are_one_sentence(options, message):
    given = {"backbone": "polar", "representation": "2x0", "objective": {"mse": 1.0}, **options}
    with pytest.raises(ValueError, match=message):
        ModelConfig(**given)


def test_groups_and_data_without_circles_are_one_sentence():
    with pytest.raises(ValueError, match=r"so2, o2, c\(n\) or d\(n\), got SO\(3\)"):
        Polar().build(SO3(), (3, 16, 16), "2x0 + 1x1")
    with pytest.raises(ValueError, match="square pictures"):
        Polar().build(SO2(), (3, 16), "2x0 + 1x1")
    with pytest.raises(ValueError, match="widths of encoder and decoder"):
        Polar(widths=(8,)).build(SO2(), (3, 16, 16), "2x0 + 1x1")


def test_series_are_shifted_as_their_codes():
    rho = SO2().rep("2x0 + 2x1 + 1x7")
    encoder, decoder, _ = Circular(widths=(8, 16)).build(SO2(), (2, 16), "2x0 + 2x1 + 1x7")
    assert isinstance(encoder, CircularEncoder)
    assert isinstance(decoder, CircularDecoder)
    x, g = torch.randn(3, 2, 16), torch.full((3,), 2 * math.pi * 3 / 16)
    z = encoder(x)
    torch.testing.assert_close(encoder(shift_phase(g, x)), rho.act(g, z), rtol=0, atol=1e-4)
    torch.testing.assert_close(
        decoder(rho.act(g, z)), shift_phase(g, decoder(z)), atol=1e-4, rtol=0
    )


def test_series_of_another_shape_are_one_sentence():
    with pytest.raises(ValueError, match="backbone 'circular': expected series"):
        Circular().build(SO2(), (1, 28, 28), "2x0 + 1x1")
    with pytest.raises(ValueError, match="widths of encoder and decoder"):
        Circular(widths=(8,)).build(SO2(), (2, 16), "2x0 + 1x1")
    with pytest.raises(ValueError, match=r"CircularEncoder: expected a representation of so2"):
        Circular().build(O2() * SO2(), (2, 16), "2x(0,0) + 1x(1,1)")
