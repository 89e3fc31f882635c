"""MAGANet: F is invertible, latent steps add up, and both ways to give an element work."""

import math

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic
from groupae._validation import ShapeError
from groupae.experiments.baselines import MAGANet, MAGANetHead
from groupae.experiments.baselines.maganet import AdditiveFlowDecoder, Glow, ReferenceBank
from groupae.experiments.baselines.maganet.glow import ActNorm, InvertibleConv
from groupae.models import Capabilities
from groupae.protocols import PairBatch

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}
SIZES = ((1, 28, 28), (1, 96, 96), (3, 32, 32), (3, 64, 64))
SMALL = {"encoder_widths": (8,), "widths": (8, 8)}


def pairs(group, x_shape, n=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x1, x2 = torch.rand(2, n, *x_shape, generator=generator)
    return PairBatch(x1, group.sample(n, generator=generator), x2)


def quarter_turns(n=16):
    """Return smooth random pictures and their quarter turns, by Cyclic(4)."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(n, 1, 4, 4, generator=generator)
    x = torch.nn.functional.interpolate(coarse, size=(8, 8), mode="bilinear")
    g = torch.arange(n) % 4
    turned = torch.stack([torch.rot90(a, int(k), (1, 2)) for a, k in zip(x, g, strict=True)])
    return PairBatch(x, g, turned)


def train(model, batch, steps, rate=1e-2):
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(steps):
        loss = sum(model.loss(batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def randomised(module, scale=0.1):
    """Move every weight from its initial value, where couplings add 0."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(scale * torch.randn_like(parameter))
    return module


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


# --- the invertible network ---------------------------------------------------------------------
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_the_flow_can_be_undone(shape, dtype):
    decoder = AdditiveFlowDecoder(shape, 10).to(dtype)
    x = torch.rand(2, *shape, dtype=dtype)
    decoder.flow.initialise(x)
    randomised(decoder.flow, 0.01)
    with torch.no_grad():
        y = decoder.flow(x)
        assert y[0].numel() == x[0].numel()
        assert (decoder.flow.inverse(y) - x).abs().max() < TOLERANCE[dtype]
        assert (decoder.flow(decoder.flow.inverse(y)) - y).abs().max() < 10 * TOLERANCE[dtype]


def test_no_pictures_are_no_features_and_back():
    flow = Glow(3, 16, widths=(4, 4))
    features = flow(torch.zeros(0, 3, 16, 16))
    assert features.shape == (0, 48, 4, 4)
    assert flow.inverse(features).shape == (0, 3, 16, 16)


def test_the_flow_is_not_linear():
    flow = randomised(Glow(1, 8, widths=(8,)))
    x, y = torch.rand(2, 1, 1, 8, 8)
    middle = (flow(x) + flow(y)) / 2
    assert (flow((x + y) / 2) - middle).abs().max() > 1e-3


def test_the_jacobian_of_a_flow_is_that_of_its_parts():
    """No coupling changes volume: log|det| is that of scales and diagonals, per pixel."""
    flow = randomised(Glow(1, 4, widths=(8, 8), steps=2)).double()
    x = torch.rand(1, 1, 4, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(flow, x).reshape(16, 16)
    total = 0.0
    for layer in flow.layers:
        if isinstance(layer, ActNorm):
            total += (16 // len(layer.log_scale)) * float(layer.log_scale.detach().sum())
        if isinstance(layer, InvertibleConv):
            diagonal = layer.log_diagonal.detach()
            total += (16 // len(diagonal)) * float(diagonal.sum())
    assert torch.linalg.slogdet(jacobian).logabsdet.item() == pytest.approx(total, abs=1e-9)


def test_a_convolution_starts_as_a_rotation():
    conv = InvertibleConv(12).double()
    weight = conv(torch.eye(12, dtype=torch.float64)[:, :, None, None])[..., 0, 0]
    assert torch.allclose(weight @ weight.T, torch.eye(12, dtype=torch.float64), atol=1e-6)


def test_act_norm_makes_channels_normal():
    norm, x = ActNorm(3), 4 + 3 * torch.randn(16, 3, 5, 5)
    norm.initialise(x)
    assert norm(x).mean((0, 2, 3)).abs().max() < 1e-5
    assert (norm(x).std((0, 2, 3), correction=0) - 1).abs().max() < 1e-5
    norm.initialise(torch.ones(2, 3, 5, 5))
    assert torch.isfinite(norm.log_scale).all()


# --- latent steps -------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_steps_are_an_action_of_the_vectors(dtype):
    decoder = randomised(AdditiveFlowDecoder((1, 28, 28), 10), 0.02).to(dtype)
    x = torch.rand(3, 1, 28, 28, dtype=dtype)
    a, b = torch.randn(2, 3, 10, dtype=dtype)
    with torch.no_grad():
        assert (decoder(x, torch.zeros_like(a)) - x).abs().max() < TOLERANCE[dtype]
        twice, once = decoder(decoder(x, a), b), decoder(x, a + b)
        assert (once - x).abs().max() > 0.05
        assert (twice - once).abs().max() < 10 * TOLERANCE[dtype] * once.abs().max()


def test_pictures_of_one_code_are_not_moved():
    """``z2 - z1 = 0``: an empty bank, and the identity of the group for the head."""
    x = torch.rand(3, 1, 8, 8)
    bank, head = MAGANet(SO2(), (1, 8, 8), **SMALL), MAGANetHead(SO2(), (1, 8, 8), **SMALL)
    for model, g in ((bank, torch.randn(3)), (head, torch.zeros(3))):
        with torch.no_grad():
            assert (randomised(model, 0.05).eval().transform(g, x) - x).abs().max() < 1e-5


# --- the bank -----------------------------------------------------------------------------------
def test_the_bank_finds_the_pair_of_the_nearest_element():
    for group in (SO2(), SO3(), Cyclic(24), Affine()):
        bank = ReferenceBank(group, 3, size=20, candidates=1)
        g = group.sample(20) if group.order is None else torch.arange(20)
        z1, z2 = torch.randn(2, 20, 3)
        bank.store(g, z1, z2)
        order = torch.randperm(20)
        assert torch.allclose(bank(g[order], torch.zeros(20, 3)), (z2 - z1)[order])


def test_nearness_is_that_of_the_group():
    bank = ReferenceBank(SO2(), 1, size=2, candidates=1)
    bank.store(torch.tensor([3.1, 2.0]), torch.zeros(2, 1), torch.tensor([[1.0], [2.0]]))
    assert bank(torch.tensor([-3.1]), torch.zeros(1, 1)).item() == 1.0


def test_the_start_decides_among_candidates():
    g, starts = torch.tensor([0.5, 0.6, 2.0]), torch.tensor([[0.0], [5.0], [9.0]])
    for candidates, step in ((1, 1.0), (2, 2.0), (3, 3.0)):
        bank = ReferenceBank(SO2(), 1, size=3, candidates=candidates)
        bank.store(g, starts, starts + torch.tensor([[1.0], [2.0], [3.0]]))
        assert bank(torch.tensor([0.5]), torch.tensor([[8.0]])).item() == step


def test_the_bank_keeps_the_last_pairs_and_is_saved():
    bank = ReferenceBank(Cyclic(24), 1, size=4, candidates=1)
    for start in (0, 3):
        g = torch.arange(start, start + 3)
        bank.store(g, torch.zeros(3, 1), g[:, None].float())
    assert sorted(bank.elements.tolist()) == [2, 3, 4, 5]
    assert bank(torch.tensor([2, 3, 4, 5]), torch.zeros(4, 1)).flatten().tolist() == [2, 3, 4, 5]
    other = ReferenceBank(Cyclic(24), 1, size=4, candidates=1)
    other.load_state_dict(bank.state_dict())
    assert torch.equal(other.elements, bank.elements)
    bank.store(torch.arange(10), torch.zeros(10, 1), torch.zeros(10, 1))
    assert sorted(bank.elements.tolist()) == [6, 7, 8, 9]


def test_only_training_fills_the_bank():
    model, batch = MAGANet(SO2(), (1, 8, 8), **SMALL), pairs(SO2(), (1, 8, 8))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    first, again = (model.eval().loss(batch)["reconstruction"] for _ in range(2))
    assert first == again
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    model.train().loss(batch)
    assert model.bank.place == 8
    assert bool(model.decoder.flow.initialised)
    assert torch.equal(model.bank.elements[:4], batch.g)
    assert torch.allclose(model.bank.elements[4:8], SO2().inverse(batch.g))
    z1, z2 = model.encode(batch.x1), model.encode(batch.x2)
    assert torch.allclose(model.bank.steps[:4], z2 - z1, atol=1e-6)
    assert torch.allclose(model.bank.steps[4:8], z1 - z2, atol=1e-6)


# --- the models ---------------------------------------------------------------------------------
@pytest.mark.parametrize("model_class", [MAGANet, MAGANetHead])
@pytest.mark.parametrize(
    ("group", "shape"),
    [(SO2(), SIZES[0]), (Affine(), SIZES[1]), (SO3(), SIZES[2]), (Cyclic(24), SIZES[3])],
    ids=str,
)
def test_every_data_set_of_the_paper(model_class, group, shape):
    model, x = model_class(group, shape), torch.rand(2, *shape)
    assert model.capabilities == Capabilities()
    gs = group.sample(2, 3)
    with torch.no_grad():
        assert model.transform(gs[:, 0], x).shape == x.shape
        orbit = model.orbit(x, gs)
        assert torch.allclose(orbit[:, 1], model.transform(gs[:, 1], x), atol=1e-5)
    assert orbit.shape == (2, 3, *shape)


@pytest.mark.parametrize("model_class", [MAGANet, MAGANetHead])
def test_losses_reach_every_weight(model_class):
    batch = pairs(SO3(), (3, 16, 16))
    model = randomised(model_class(SO3(), (3, 16, 16), **SMALL), 0.02)
    terms = model.loss(batch)
    is_head = model_class is MAGANetHead
    assert set(terms) == {"reconstruction"} | (set() if is_head else {"divergence", "latent"})
    assert all(torch.isfinite(term) and term > 0 for term in terms.values())
    sum(terms.values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().max() > 0, name


def test_the_divergence_is_that_of_normal_distributions():
    """Against `torch.distributions`; a standard normal posterior has none."""
    model = MAGANet(SO2(), (1, 8, 8), beta=64.0, **SMALL).eval()
    batch = pairs(SO2(), (1, 8, 8))
    mean, log_variance = model.posterior(torch.cat([batch.x1, batch.x2]))
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    standard = torch.distributions.Normal(torch.zeros(10), torch.ones(10))
    exact = torch.distributions.kl_divergence(posterior, standard).sum(-1).mean()
    assert torch.allclose(model.loss(batch)["divergence"], exact, rtol=1e-5)


def test_noise_is_keyed():
    """The same weights draw the same noise whatever the global state; the next call another."""
    batch, losses = pairs(SO2(), (1, 8, 8)), []
    model = MAGANet(SO2(), (1, 8, 8), **SMALL)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    for seed in (1, 2):
        model.load_state_dict(start)
        torch.manual_seed(seed)
        state = torch.get_rng_state()
        losses.append([model.loss(batch)["latent"].item() for _ in range(2)])
        assert torch.equal(torch.get_rng_state(), state)
    assert losses[0] == losses[1]
    assert losses[0][0] != losses[0][1]


def test_the_head_overfits_one_batch():
    """Its flow is still invertible."""
    batch = quarter_turns()
    model = train(MAGANetHead(Cyclic(4), (1, 8, 8), head_width=64, steps=1, **SMALL), batch, 100)
    with torch.no_grad():
        error = (model.transform(batch.g, batch.x1) - batch.x2).square().mean()
        wrong = (model.transform((batch.g + 1) % 4, batch.x1) - batch.x2).square().mean()
        flow = model.decoder.flow
        assert (flow.inverse(flow(batch.x1)) - batch.x1).abs().max() < 1e-5
        exact = flow.double().inverse(flow(batch.x1.double()))
        assert (exact - batch.x1).abs().max() < 1e-10
    still = (batch.x1 - batch.x2).square().mean()
    assert error < 0.2 * still
    assert wrong > 3 * error


def test_the_bank_overfits_one_batch():
    """Of pairs seen in training, element and code together find the pair itself."""
    batch = quarter_turns()
    model = MAGANet(Cyclic(4), (1, 8, 8), beta=1e-3, pairs=32, candidates=8, steps=1, **SMALL)
    train(model, batch, 100)
    with torch.no_grad():
        error = (model.transform(batch.g, batch.x1) - batch.x2).square().mean()
        wrong = (model.transform((batch.g + 1) % 4, batch.x1) - batch.x2).square().mean()
    assert error < 0.4 * (batch.x1 - batch.x2).square().mean()
    assert wrong > 2 * error


# --- bad input ----------------------------------------------------------------------------------
def test_bad_input_is_told_in_one_sentence():
    with pytest.raises(ValueError, match=r"Glow: expected a size divisible by 8, .* got 28; use"):
        AdditiveFlowDecoder((1, 28, 28), 10, widths=(8, 8, 8))
    with pytest.raises(ValueError, match="expected square pictures of an even size, got 28 x 32"):
        AdditiveFlowDecoder((1, 28, 32), 10)
    with pytest.raises(ValueError, match=r"MAGANetHead: expected features of SO\(2\), got those"):
        MAGANetHead(SO2(), (1, 8, 8), features=SO3().standard(), **SMALL)
    with pytest.raises(ValueError, match="candidates to be an integer of at least 1, got 0"):
        MAGANet(SO2(), (1, 8, 8), candidates=0, **SMALL)
    with pytest.raises(ShapeError, match=r"expected step of shape \(\*batch, 10\)"):
        AdditiveFlowDecoder((1, 8, 8), 10)(torch.rand(2, 1, 8, 8), torch.zeros(2, 9))
    assert math.isfinite(float(MAGANet(SO2(), (1, 8, 8), **SMALL).noise_key))
