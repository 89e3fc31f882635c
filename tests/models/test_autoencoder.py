"""LatentActionAE: its contract for any encoder, decoder and action."""

import copy

import pytest
import torch
from torch import nn

from groupae import (
    SO2,
    SO3,
    ChannelAction,
    ConvDecoder,
    ConvEncoder,
    CrossReconstruction,
    Cyclic,
    LatentActionAE,
    PairBatch,
    PartsAction,
    TransformModel,
    VectorAction,
)
from groupae.experiments.baselines import Dupont, LearnedMask
from groupae.models import PaperDigitDecoder, PaperDigitEncoder
from groupae.objectives import latent_cycle, log_mean_squared_error, mean_squared_error


def identity_model(action):
    """E and D are the identity, so every prediction is the action itself."""
    return LatentActionAE(nn.Identity(), nn.Identity(), action)


@pytest.fixture
def plane():
    return identity_model(VectorAction(SO2().rep("1x0 + 2x1")))


def test_transform_decodes_the_moved_code(plane):
    g, x = SO2().sample(4), torch.randn(4, 5)
    torch.testing.assert_close(plane.transform(g, x), plane.action(g, x))
    torch.testing.assert_close(plane(g, x), plane.transform(g, x))


def test_orbit_has_a_row_a_picture_and_a_column_an_element(plane):
    x, gs = torch.randn(3, 5), SO2().grid(12).float()
    orbit = plane.orbit(x, gs)
    assert orbit.shape == (3, 12, 5)
    torch.testing.assert_close(orbit[:, 4], plane.transform(gs[4].expand(3), x))


def test_interpolate_walks_from_the_identity_to_g(plane):
    x, g = torch.randn(3, 5), SO2().sample(3)
    frames = plane.interpolate(x, g, steps=5)
    assert frames.shape == (3, 5, 5)
    torch.testing.assert_close(frames[:, 0], x)
    torch.testing.assert_close(frames[:, -1], plane.transform(g, x))
    torch.testing.assert_close(frames[:, 2], plane.transform(g / 2, x))


def test_interpolate_over_rotations_of_space():
    model = identity_model(VectorAction(SO3().rep("1x1 + 1x2")))
    x, g = torch.randn(2, 8), SO3().sample(2)
    frames = model.interpolate(x, g[0], steps=3)
    torch.testing.assert_close(frames[:, -1], model.transform(g[:1].expand(2, 3, 3), x))


def test_interpolate_says_why_a_finite_group_cannot():
    model = identity_model(VectorAction(Cyclic(4).rep("1x1")))
    with pytest.raises(TypeError, match=r"C\(4\): expected a Lie group for interpolate"):
        model.interpolate(torch.randn(2, 2), torch.tensor([1, 2]), steps=3)


def test_swap_joins_identity_of_one_and_pose_of_the_other(plane):
    x, y = torch.zeros(1, 5), torch.ones(1, 5)
    assert plane.swap(x, y).tolist() == [[0, 1, 1, 1, 1]]


class _Halves(nn.Module):
    """An encoder into named parts."""

    def forward(self, x):
        return {"pose": x[:, :4], "skip": x[:, 4:]}


class _Join(nn.Module):
    def forward(self, z):
        return torch.cat([z["pose"], z["skip"]], 1)


def test_a_code_of_named_parts_works_everywhere():
    action = PartsAction({"pose": VectorAction(SO2().rep("2x1")), "skip": None})
    model = LatentActionAE(_Halves(), _Join(), action)
    g, x = SO2().sample(3), torch.randn(3, 7)
    assert model.orbit(x, SO2().grid(5).float()).shape == (3, 5, 7)
    assert model.interpolate(x, g, steps=4).shape == (3, 4, 7)
    torch.testing.assert_close(model.transform(g, x)[:, 4:], x[:, 4:])
    terms = {"mse": (1.0, mean_squared_error), "cycle": (0.5, latent_cycle)}
    model.objective = CrossReconstruction(terms)
    loss = model.loss(PairBatch(x, g, model.transform(g, x)))
    assert float(loss["mse"]) < 1e-12
    assert float(loss["cycle"]) < 1e-12


def test_it_is_a_transform_model(plane):
    assert isinstance(plane, TransformModel)
    assert not plane.capabilities.needs_data_action


def test_describe_is_the_table_of_the_action(plane):
    assert "VectorAction(SO(2), 1x0 + 2x1)" in str(plane.describe())


def test_the_loss_is_zero_on_true_pairs_and_not_on_inverted_ones(plane):
    x1, g = torch.randn(6, 5), SO2().sample(6)
    x2 = plane.transform(g, x1)
    assert float(plane.loss(PairBatch(x1, g, x2))["reconstruction"]) < 1e-12
    assert float(plane.loss(PairBatch(x1, -g, x2))["reconstruction"]) > 0.1


def test_the_loss_is_symmetric_in_the_pair(plane):
    x1, x2, g = torch.randn(6, 5), torch.randn(6, 5), SO2().sample(6)
    there = plane.loss(PairBatch(x1, g, x2))["reconstruction"]
    back = plane.loss(PairBatch(x2, -g, x1))["reconstruction"]
    torch.testing.assert_close(there, back)


def test_log_mse_is_minus_the_psnr_up_to_a_factor():
    model = LatentActionAE(
        nn.Identity(),
        nn.Identity(),
        VectorAction(SO2().rep("5x0")),
        CrossReconstruction({"log": (1.0, lambda p: log_mean_squared_error(p, floor=0.0))}),
    )
    x1, x2 = torch.rand(2, 6, 5)
    value = float(model.loss(PairBatch(x1, SO2().sample(6), x2))["log"])
    errors = (x1 - x2).square().mean(1)
    assert value == pytest.approx(float(errors.log().mean()), rel=1e-5)


def test_conv_is_the_model_built_by_hand():
    rho, shape = SO2().rep("6x0 + 2x1"), {"size": 16, "widths": (8, 16, 24), "blocks": 2}
    torch.manual_seed(0)
    encoder = ConvEncoder(rho.dim, in_channels=3, **shape)
    decoder = ConvDecoder(rho.dim, out_channels=3, colours=4, **shape)
    by_hand = LatentActionAE(encoder, decoder, VectorAction(rho), "log_mse")
    torch.manual_seed(0)
    made = LatentActionAE.conv(
        rho, (3, 16, 16), widths=(8, 16, 24), blocks=2, colours=4, objective="log_mse"
    )
    assert str(made) == str(by_hand)
    assert made.objective.names == ("log_mse",)
    g, x = SO2().sample(2), torch.rand(2, 3, 16, 16)
    assert torch.equal(made.transform(g, x), by_hand.transform(g, x))


def test_conv_has_the_widths_of_the_backbones_by_default():
    torch.manual_seed(0)
    by_hand = LatentActionAE(ConvEncoder(5), ConvDecoder(5), VectorAction(SO2().rep("5x0")))
    torch.manual_seed(0)
    made = LatentActionAE.conv(SO2().rep("5x0"), torch.Size([1, 28, 28]))
    for ours, theirs in zip(made.parameters(), by_hand.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    assert made.objective.names == by_hand.objective.names


def test_conv_of_a_subclass_is_one():
    class Mine(LatentActionAE):
        pass

    made = Mine.conv(SO2().rep("2x0"), (1, 8, 8), widths=(8,), objective=lambda model, pairs: {})
    assert type(made) is Mine
    with pytest.raises(ValueError, match=r"Mine\.conv: expected x_shape"):
        Mine.conv(SO2().rep("2x0"), (1, 8, 9))


def test_the_loss_of_conv_falls():
    torch.manual_seed(0)
    model = LatentActionAE.conv(SO2().rep("8x0 + 6x1"), (1, 8, 8), widths=(16,))
    x1, g = torch.rand(8, 1, 8, 8), torch.full((8,), torch.pi)
    pairs = PairBatch(x1, g, x1.flip(2, 3))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        loss = sum(model.loss(pairs).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize(
    "x_shape", [(28, 28), (1, 28, 32), (64, 1, 28, 28), (1, 28.0, 28.0), (0, 28, 28), 28, None]
)
def test_conv_takes_square_pictures(x_shape):
    with pytest.raises(ValueError, match=r"conv: expected x_shape of square pictures"):
        LatentActionAE.conv(SO2().rep("5x0"), x_shape)


def test_conv_says_what_it_wants():
    with pytest.raises(TypeError, match="a representation, such as"):
        LatentActionAE.conv("8x0 + 6x1", (1, 28, 28))
    with pytest.raises(ValueError, match=r"a size divisible by 4.*use fewer widths"):
        LatentActionAE.conv(SO2().rep("5x0"), (1, 30, 30))


@pytest.mark.parametrize(("size", "channels", "widths"), [(28, 1, (32, 64)), (64, 3, (16, 24, 32))])
def test_backbones_mirror_each_other(size, channels, widths):
    encoder = ConvEncoder(40, in_channels=channels, size=size, widths=widths)
    decoder = ConvDecoder(40, out_channels=channels, size=size, widths=widths)
    x = torch.rand(2, channels, size, size)
    code = encoder(x)
    assert code.shape == (2, 40)
    assert decoder(code).shape == x.shape


def test_the_paper_model_has_the_size_of_its_description():
    pair = nn.ModuleList([PaperDigitEncoder(24), PaperDigitDecoder(24)])
    x = torch.rand(2, 1, 28, 28)
    prediction = pair[1](pair[0](x))
    assert prediction.shape == x.shape
    assert 0 <= prediction.min() <= prediction.max() <= 1
    assert sum(p.numel() for p in pair.parameters()) == pytest.approx(329_000, rel=0.01)


def test_a_model_is_deep_copied_and_its_state_saved_without_the_action():
    model = LatentActionAE(
        ConvEncoder(6, size=8, widths=(8,)),
        ConvDecoder(6, size=8, widths=(8,)),
        VectorAction(SO2().rep("2x0 + 2x1")),
    )
    again = copy.deepcopy(model)
    g, x = SO2().sample(2), torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(again.transform(g, x), model.transform(g, x))
    assert all(name.split(".")[0] in ("encoder", "decoder") for name in model.state_dict())


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: LatentActionAE(nn.Linear(5, 24), nn.Linear(20, 5), _so3_action()).transform(
                SO3().sample(64), torch.zeros(64, 5)
            ),
            ValueError,
            r"expected z of shape \(\*batch, 20\), got \(64, 24\); the encoder must end in 20",
        ),
        (
            lambda: ConvEncoder(8)(torch.zeros(2, 1, 32, 32)),
            ValueError,
            r"x of shape \(n, 1, 28, 28\), got \(2, 1, 32, 32\); give ConvEncoder the size",
        ),
        (
            lambda: PaperDigitEncoder(24)(torch.zeros(2, 3, 28, 28)),
            ValueError,
            r"x of shape \(n, 1, 28, 28\), got \(2, 3, 28, 28\)",
        ),
        (
            lambda: LatentActionAE(
                ConvEncoder(20), ConvDecoder(24), VectorAction(SO2().rep("20x0"))
            ).transform(SO2().sample(2), torch.zeros(2, 1, 28, 28)),
            ValueError,
            r"ConvDecoder: expected z of shape \(\*batch, 24\), got \(2, 20\)",
        ),
        (
            lambda: PaperDigitDecoder(24)(torch.zeros(2, 20)),
            ValueError,
            r"PaperDigitDecoder: expected z of shape \(\*batch, 24\), got \(2, 20\)",
        ),
        (
            lambda: identity_model(_so3_action()).encode([1.0]),
            TypeError,
            "x to be a tensor, got list",
        ),
        (
            lambda: LatentActionAE(nn.Identity(), _Halves(), _so3_action()).decode(
                torch.zeros(2, 20)
            ),
            TypeError,
            "the decoder to return a tensor, got dict",
        ),
        (lambda: ConvEncoder(8, size=30), ValueError, "a size divisible by 4.*got 30"),
        (lambda: ConvDecoder(8, widths=(12,)), ValueError, "multiples of 8, got"),
        (
            lambda: LatentActionAE(nn.Identity(), nn.Identity(), SO2()),
            TypeError,
            "the action to be a LatentAction, got SO2",
        ),
        (
            lambda: identity_model(_so3_action()).encode(torch.zeros(2, 20, dtype=torch.uint8)),
            TypeError,
            "x of a floating dtype, got torch.uint8",
        ),
        (
            lambda: identity_model(_so3_action()).transform(torch.zeros(2), torch.zeros(2, 20)),
            ValueError,
            r"SO\(3\): expected elements of shape \(\*batch, 3, 3\), got \(2,\)",
        ),
        (
            lambda: identity_model(_so3_action()).interpolate(
                torch.zeros(2, 20), SO3().sample(2), steps=1
            ),
            ValueError,
            "steps of at least 2, got 1",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def _so3_action():
    return VectorAction(SO3().rep("8x0 + 4x1"))


def test_a_feature_map_can_be_the_code():
    action = ChannelAction(Cyclic(4).rep("2x0 + 1x1"))
    model = LatentActionAE(nn.Conv2d(1, 4, 3), nn.ConvTranspose2d(4, 1, 3), action)
    x = torch.rand(3, 1, 9, 9)
    assert model.transform(torch.tensor([0, 1, 3]), x).shape == x.shape
    assert model.orbit(x, torch.arange(4)).shape == (3, 4, 1, 9, 9)


@pytest.mark.parametrize("kind", [LearnedMask, Dupont])
def test_a_subclass_made_from_other_parts_has_no_convolutional_form(kind):
    with pytest.raises(
        TypeError, match=rf"{kind.__name__}\.conv: expected a class made from encoder"
    ):
        kind.conv(SO2().rep("2x0"), (1, 8, 8))
