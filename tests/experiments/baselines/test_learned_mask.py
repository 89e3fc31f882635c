"""Learned mask: its published objective, a weakness of it, and the remedy."""

import pytest
import torch
from torch import nn

from groupae import SO2, SO3, LatentActionAE, PairBatch, SplitAction, VectorAction
from groupae.experiments.baselines import LearnedMask
from groupae.experiments.baselines.learned_mask import equivariance_error, invariance_error
from groupae.models import Capabilities, TransformModel
from groupae.objectives import CrossReconstruction
from groupae.testing import check_action

G = SO2()
FACTORS = G.rep("2x0 + 1x1")


def set_mask(model, logits):
    with torch.no_grad():
        model.action.logits.copy_(torch.as_tensor(logits, dtype=torch.float32))
    return model


def pairs(n, generator, basis=None):
    """Return two invariant numbers and a direction, mixed by a basis."""
    basis = torch.eye(4, dtype=torch.float64) if basis is None else basis
    x = torch.randn(n, 4, generator=generator, dtype=torch.float64)
    x[:, 2:] = nn.functional.normalize(x[:, 2:], dim=1)
    g = G.sample(n, generator=generator, dtype=torch.float64)
    x1, x2 = (x @ basis.T, FACTORS.act(g, x) @ basis.T)
    return PairBatch(x1.to(basis.dtype), g, x2.to(basis.dtype))


class Written(nn.Module):
    """Codes written by hand: the direction in one copy, the two numbers in the other."""

    def __init__(self, encode, decode, logits):
        super().__init__()
        self.action = set_mask(LearnedMask(G, (1, 4, 4), "2x1", widths=(8, 8)), logits).action
        self.encode, self.decode = encode, decode


def complex_pair(x):
    return torch.complex(x[:, 2], x[:, 3]), torch.complex(x[:, 0], x[:, 1])


def interleave(a, b):
    return torch.stack([a.real, b.real, a.imag, b.imag], 1)


def halves(z):
    return torch.complex(z[:, 0], z[:, 2]), torch.complex(z[:, 1], z[:, 3])


def unwrite(direction, numbers):
    return torch.stack([numbers.real, numbers.imag, direction.real, direction.imag], 1)


ALL = Written(
    lambda x: interleave(*(lambda v, s: (v, v * s))(*complex_pair(x))),
    lambda z: unwrite(*(lambda v, b: (v, b / v))(*halves(z))),
    [1, 1],
)
RIGHT = Written(lambda x: interleave(*complex_pair(x)), lambda z: unwrite(*halves(z)), [1, -1])


def test_a_mask_of_ones_is_as_good_as_the_right_one():
    """The weakness: invariants as lengths and relative angles of copies that all turn."""
    batch = pairs(50, torch.Generator().manual_seed(0))
    published = LearnedMask(G, (1, 4, 4), "2x1", widths=(8, 8)).objective
    for model, share in ((ALL, 1.0), (RIGHT, 0.5)):
        terms = published(model, batch)
        assert sorted(terms) == ["equivariance", "invariance", "reconstruction"]
        assert all(float(term.detach()) < 1e-24 for term in terms.values())
        acted = model.action.is_acted_on().float().mean()
        assert float(acted) == share
    wrong = Written(RIGHT.encode, RIGHT.decode, [1, 1])
    assert float(sum(published(wrong, batch).values()).detach()) > 0.1


def test_sparsity_prefers_the_right_mask():
    batch = pairs(50, torch.Generator().manual_seed(0))
    priced = LearnedMask(G, (1, 4, 4), "2x1", widths=(8, 8), sparsity=0.1).objective
    losses = [float(sum(priced(model, batch).values()).detach()) for model in (ALL, RIGHT)]
    assert losses[1] < losses[0] - 0.02


def perceptron(inner, outer):
    layers = [nn.Linear(inner, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU()]
    return nn.Sequential(*layers, nn.Linear(48, outer))


def learn(logits, steps=400, **options):
    """Return a model of orbits trained from a mask, and its last terms."""
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(4, 4, generator=generator))[0]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        parts = {"encoder": perceptron(4, 8), "decoder": perceptron(8, 4)}
    model = set_mask(LearnedMask(G, (1, 2, 2), "4x1", **parts, **options), logits)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        batch = pairs(128, generator, basis.double())
        batch = PairBatch(batch.x1.float(), batch.g.float(), batch.x2.float())
        terms = model.loss(batch)
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
        schedule.step()
    return model, {name: float(term.detach()) for name, term in terms.items()}


def test_training_leaves_the_hole_open_and_sparsity_closes_it():
    """A mask of ones stays so without sparsity; with it, one copy of four turns."""
    model, terms = learn([0.5] * 4)
    assert model.action.is_acted_on().all()
    assert terms["reconstruction"] + terms["invariance"] + terms["equivariance"] < 0.005
    model, terms = learn([0.5] * 4, sparsity=0.1)
    assert int(model.action.is_acted_on().sum()) == 1
    assert terms["reconstruction"] < 0.005


def test_from_half_the_mask_sparsity_finds_the_split_with_normalised_terms():
    model, terms = learn([0.3, 0.3, -0.3, -0.3], sparsity=0.3, normalised=True)
    assert int(model.action.is_acted_on().sum()) == 1
    assert terms["reconstruction"] < 0.02
    batch = pairs(64, torch.Generator().manual_seed(1))
    assert model.encode(batch.x1.float()).var(0).mean() > 0.1  # not pulled together


def linear_model(normalised, scale=1.0):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        encoder, decoder = nn.Linear(4, 8), nn.Linear(8, 4)
        nn.init.zeros_(encoder.bias)
    with torch.no_grad():
        encoder.weight.mul_(scale)
    parts = {"encoder": encoder, "decoder": decoder}
    model = LearnedMask(G, (1, 2, 2), "1x0 + 2x1 + 1x2 + 1x0", **parts, normalised=normalised)
    return set_mask(model, [1.0, -1.0, 1.0])


def test_the_terms_are_those_of_the_paper():
    """Values and gradients by hand, g applied to masked codes, both directions."""
    batch = pairs(6, torch.Generator().manual_seed(2))
    model = linear_model(normalised=False).double()
    terms = model.loss(batch)
    (terms["invariance"] + terms["equivariance"]).backward()
    found = model.encoder.weight.grad.clone()
    model.encoder.weight.grad = None
    mask, rho = torch.tensor([0.0, 1, 0, 1, 0, 1, 1, 0]).double(), model.action.rho
    z1, z2 = model.encode(batch.x1), model.encode(batch.x2)
    still = [((1 - mask) * (a - b.detach())).square() for a, b in ((z1, z2), (z2, z1))]
    varying = [
        (rho.act(g, mask * a) - mask * b.detach()).square()
        for g, a, b in ((batch.g, z1, z2), (-batch.g, z2, z1))
    ]
    by_hand = [torch.cat(still).mean(), torch.cat(varying).mean()]
    torch.testing.assert_close(terms["invariance"], by_hand[0])
    torch.testing.assert_close(terms["equivariance"], by_hand[1])
    sum(by_hand).backward()
    torch.testing.assert_close(found, model.encoder.weight.grad)


@pytest.mark.parametrize(("normalised", "factor"), [(False, 0.01), (True, 1.0)])
def test_latent_terms_shrink_with_the_code_unless_normalised(normalised, factor):
    batch = pairs(20, torch.Generator().manual_seed(2))
    batch = PairBatch(batch.x1.float(), batch.g.float(), batch.x2.float())
    large, small = (linear_model(normalised, scale).loss(batch) for scale in (1.0, 0.1))
    for name in ("invariance", "equivariance"):
        assert float(large[name].detach()) > 0.01
        torch.testing.assert_close(small[name], factor * large[name], rtol=1e-3, atol=0)


def test_normalised_terms_leave_the_scale_alone():
    batch = pairs(20, torch.Generator().manual_seed(2))
    for normalised, is_zero in ((True, True), (False, False)):
        model = linear_model(normalised).double()
        terms = model.loss(batch)
        (terms["invariance"] + terms["equivariance"]).backward()
        slope = (model.encoder.weight.grad * model.encoder.weight).sum()  # along the scale
        assert (abs(float(slope.detach())) < 1e-12) == is_zero


def conv(**options):
    return LearnedMask(G, (1, 8, 8), "4x1 + 2x2", widths=(8, 16), **options)


@pytest.mark.parametrize("options", [{}, {"sparsity": 0.1, "normalised": True}])
def test_it_is_a_model_like_the_others(options):
    model = conv(**options)
    assert isinstance(model, TransformModel)
    assert model.capabilities == Capabilities()
    x, g = torch.rand(5, 1, 8, 8), G.sample(5)
    assert model.transform(g, x).shape == x.shape
    terms = model.loss(PairBatch(x, g, x.flip(0)))
    assert ("sparsity" in terms) == bool(options)
    assert all(torch.isfinite(term) for term in terms.values())
    # a branch that starts at zero has no gradient before its last layer in the first step
    sum(terms.values()).backward()
    assert all(p.grad is not None for p in model.parameters())
    assert model.action.logits.grad.abs().min() > 0
    check_action(model.action).raise_if_failed()


def test_it_moves_pictures_as_its_mask_says():
    model = set_mask(conv(), [-1.0] * 6)
    x, g = torch.rand(5, 1, 8, 8), G.sample(5)
    still = model.transform(G.identity(5), x)
    assert torch.equal(model.transform(g, x), still)
    set_mask(model, [1.0] * 6)
    assert not torch.allclose(model.transform(g, x), still, atol=1e-3)


def test_one_batch_is_overfitted():
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = conv()
    x1, x2 = torch.rand(2, 6, 1, 8, 8, generator=generator)
    batch = PairBatch(x1, G.sample(6, generator=generator), x2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(80):
        terms = model.loss(batch)
        optimizer.zero_grad()
        sum(terms.values()).backward()
        optimizer.step()
    assert terms["reconstruction"] < 0.2 * (x1 - x2).square().mean()


def test_another_action_is_refused():
    objective = CrossReconstruction({"invariance": (1.0, invariance_error)})
    again = CrossReconstruction({"equivariance": (1.0, equivariance_error)})
    batch = pairs(3, torch.Generator().manual_seed(0))
    for terms in (objective, again):
        action = VectorAction(G.rep("2x1"))
        model = LatentActionAE(nn.Identity(), nn.Identity(), action, terms)
        with pytest.raises(TypeError, match="LearnedMask: expected a SplitAction as the action"):
            model.loss(batch)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: LearnedMask(G, (1, 8, 8), "4x0", widths=(8,)), "an irrep to act by"),
        (lambda: LearnedMask(G, (1, 8, 9), "4x1"), r"square pictures .* got \(1, 8, 9\)"),
        (lambda: conv(sparsity=-1.0), "sparsity of at least zero, got -1.0"),
        (
            lambda: LearnedMask(G, (1, 8, 8), SO3().rep("1x1")),
            r"a representation of SO\(2\), got one of SO\(3\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_representation_may_be_given_as_one():
    rho = G.rep("4x1")
    model = LearnedMask(G, (1, 8, 8), rho, widths=(8,), threshold=0.4, start=-0.1)
    assert isinstance(model.action, SplitAction)
    assert model.action.rho == rho
    assert model.action.is_acted_on().all()
