"""Winter et al.: the pose turns with the picture, the code stays, the decoded picture is moved."""

import math

import pytest
import torch

from groupae import SO2, SO3, Cyclic, RotatedDigits
from groupae.data import rotate
from groupae.experiments.baselines.winter import OrbitAveragedEncoder, Winter, direction
from groupae.models import ConvEncoder, TransformModel
from groupae.objectives import log_mean_squared_error
from groupae.protocols import PairBatch

G = SO2()
QUARTER = math.pi / 2


def wrap(angle):
    return (angle + math.pi).remainder(2 * math.pi) - math.pi


def small(**options):
    torch.manual_seed(0)
    options = {"dim": 6, "encoder_widths": (8,), "decoder_widths": (8,), **options}
    return Winter(G, (1, 28, 28), rotate, **options)


@pytest.fixture(scope="module")
def digits():
    return RotatedDigits("train", size="tiny").batch(0, 8)


@pytest.mark.parametrize("turns", [4, 8, 12])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_quarter_turns_move_the_pose_and_leave_the_code(turns, quarters, digits):
    torch.manual_seed(1)
    encoder = OrbitAveragedEncoder(ConvEncoder(5 + 2, widths=(8, 16)), rotate, turns=turns)
    theta = torch.full((8,), quarters * QUARTER)
    with torch.no_grad():
        (code, v), (moved, w) = encoder(digits.x1), encoder(rotate(theta, digits.x1))
    assert code.std(0).min() > 1e-3  # a constant code would be invariant too
    torch.testing.assert_close(moved, code, atol=2e-5, rtol=0)
    torch.testing.assert_close(w, G.rep("1").act(theta, v), atol=2e-5, rtol=0)
    torch.testing.assert_close(
        wrap(direction(w) - direction(v) - theta), torch.zeros(8), atol=1e-3, rtol=0
    )


def test_quarter_turns_are_as_exact_as_float64(digits):
    torch.manual_seed(1)
    encoder = OrbitAveragedEncoder(ConvEncoder(5 + 2, widths=(8, 16)), rotate, turns=4).double()
    x, theta = digits.x1.double(), torch.full((8,), QUARTER, dtype=torch.float64)
    with torch.no_grad():
        (code, v), (moved, w) = encoder(x), encoder(rotate(theta, x))
    torch.testing.assert_close(moved, code, atol=1e-12, rtol=0)
    torch.testing.assert_close(w, G.rep("1").act(theta, v), atol=1e-12, rtol=0)


def test_more_turns_come_closer_to_all_angles(digits):
    x = torch.nn.functional.avg_pool2d(digits.x1, 5, 1, 2)  # smooth: turns without much loss
    theta = torch.full((8,), 0.3)
    errors = []
    for turns in (1, 4, 16):
        torch.manual_seed(2)
        encoder = OrbitAveragedEncoder(ConvEncoder(5 + 2, widths=(8,)), rotate, turns=turns)
        with torch.no_grad():
            (code, v), (moved, w) = encoder(x), encoder(rotate(theta, x))
        code_error = (moved - code).norm() / (code - code.mean(0)).norm()
        errors.append(code_error + (w - G.rep("1").act(theta, v)).norm() / v.norm())
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 0.5 * errors[1]


def test_what_it_draws_moves_with_g_and_with_the_picture(digits):
    model = small(turns=4)
    x, e = digits.x1, torch.zeros(8)
    with torch.no_grad():
        drawn = model.transform(e, x)
        quarter = torch.full((8,), QUARTER)
        for moved in (model.transform(quarter, x), model.transform(e, rotate(quarter, x))):
            torch.testing.assert_close(moved, rotate(quarter, drawn), atol=2e-3, rtol=0)
        # Prop. 4.2 of the paper: pose and code of x and of g x decode to one orbit
        code, pose = model.encode(x)
        torch.testing.assert_close(drawn, rotate(pose, model.decoder(code)))


def test_the_orbit_is_what_transform_says(digits):
    model = small()
    gs = G.sample(8, 3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        orbit = model.orbit(digits.x1, gs)
        for j in range(3):
            torch.testing.assert_close(orbit[:, j], model.transform(gs[:, j], digits.x1))


def test_it_estimates_quarter_turns_from_pairs(digits):
    theta = torch.full((8,), -QUARTER)
    estimate = small(turns=4).estimate(digits.x1, rotate(theta, digits.x1))
    torch.testing.assert_close(wrap(estimate - theta), torch.zeros(8), atol=1e-3, rtol=0)


def test_the_direction_is_that_of_atan2_and_so_is_its_gradient():
    v = torch.randn(50, 2, dtype=torch.float64).requires_grad_()
    torch.testing.assert_close(direction(v), torch.atan2(v[:, 1], v[:, 0]))
    with torch.no_grad():
        v /= v.norm(dim=-1, keepdim=True)
    (ours,) = torch.autograd.grad(direction(v).sum(), v)
    (theirs,) = torch.autograd.grad(torch.atan2(v[:, 1], v[:, 0]).sum(), v)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("length", [0.0, 1e-30, 1e-8, 1e-3])
def test_the_gradient_of_the_direction_is_bounded_near_zero(length):
    v = (torch.tensor([[0.6, 0.8], [-1.0, 0.0]]) * length).requires_grad_()
    angle = direction(v)
    torch.testing.assert_close(angle, torch.atan2(v[:, 1], v[:, 0]), atol=0, rtol=0)
    angle.sum().backward()
    torch.testing.assert_close(v.grad.norm(dim=-1), torch.full((2,), length / 0.1**2))


@pytest.mark.parametrize("learns_from_pairs", [True, False])
def test_the_loss_reaches_every_parameter(learns_from_pairs, digits):
    terms = {"log_mse": (2.0, log_mean_squared_error)}
    model = small(terms=terms, learns_from_pairs=learns_from_pairs)
    loss = model.loss(digits)
    assert list(loss) == ["log_mse"]
    loss["log_mse"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
    # residual blocks begin at the identity: only their last layer learns at first
    assert model.encoder.encoder.layers[-1].weight.grad.abs().min() > 0


def test_pairs_are_used_in_both_directions_and_only_if_asked(digits):
    model, own = small(), small(learns_from_pairs=False)
    turned = PairBatch(digits.x2, G.inverse(digits.g), digits.x1)
    torch.testing.assert_close(model.loss(digits), model.loss(turned))
    wrong = PairBatch(digits.x1, digits.g + 1, digits.x2)
    assert (model.loss(wrong)["reconstruction"] - model.loss(digits)["reconstruction"]).abs() > 1e-6
    assert own.loss(wrong) == own.loss(digits)
    assert own.loss(digits) != model.loss(digits)


def test_a_batch_is_overfitted(digits):
    model = small(dim=16, turns=4, decoder_widths=(16,))
    batch = digits[:4]
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    first = model.loss(batch)["reconstruction"].item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.loss(batch)["reconstruction"]
        loss.backward()
        optimizer.step()
    seen = torch.cat([batch.x1, batch.x2])
    blind = (seen - seen.mean(0)).square().mean().item()
    assert loss.item() < 0.1 * blind < first


def test_a_square_in_front_is_dragged_along():
    encoder = Corner()
    model = Winter(G, (1, 28, 28), rotate, encoder=encoder, decoder=Draw())
    x = torch.zeros(1, 1, 28, 28)
    x[..., 2:9, 20:27] = 1
    moved = model.transform(torch.tensor([QUARTER]), x)
    assert moved[..., 1:8, 2:9].min() == 1
    assert moved[..., 10:, :].max() == 0


class Corner(torch.nn.Module):
    """Encoder whose code is the picture and whose pose is the identity."""

    def forward(self, x):
        return x.flatten(1), torch.tensor([[1.0, 0.0]])


class Draw(torch.nn.Module):
    def forward(self, code):
        return code.view(-1, 1, 28, 28)


def test_what_it_needs_and_can_do():
    can = Winter.capabilities
    assert can.needs_data_action
    assert can.obstacle(G, has_data_action=True) is None
    assert "takes SO(2)" in can.obstacle(Cyclic(24), has_data_action=True)
    assert "act on the data" in can.obstacle(G, has_data_action=False)
    assert isinstance(small(), TransformModel)


@pytest.mark.parametrize("x_shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64)])
def test_predictions_have_the_shape_of_pictures(x_shape):
    model = Winter(G, x_shape, rotate, turns=2)
    assert model.transform(torch.zeros(2), torch.rand(2, *x_shape)).shape == (2, *x_shape)
    assert sum(p.numel() for p in model.parameters()) < 2e6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Winter(SO3(), (1, 28, 28), rotate), r"expected the group SO\(2\), got SO\(3\)"),
        (lambda: Winter(Cyclic(4), (1, 28, 28), rotate), r"Winter: .*, got C\(4\); its pose"),
        (lambda: small(turns=0), "OrbitAveragedEncoder: expected turns to be an integer"),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
