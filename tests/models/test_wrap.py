"""Autoencoders made elsewhere, wrapped in a latent action."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from groupae import (
    SO2,
    SO3,
    ChannelAction,
    CrossReconstruction,
    Cyclic,
    LatentActionAE,
    LeftMultiplication,
    PairBatch,
    ShapeError,
    VectorAction,
    configurable,
    load,
    save,
)
from groupae.training import TrainingConfig, fit


class Plain(nn.Module):
    """An autoencoder that never heard of groups; ``form`` is the form of its answers."""

    def __init__(self, size=8, code=6, form="tensor"):
        super().__init__()
        self.inner = nn.Linear(size, code)
        self.statistics = nn.BatchNorm1d(code)
        self.outer = nn.Sequential(nn.Dropout(0.2), nn.Linear(code, size))
        self.form = form

    def encode(self, x):
        z = self.statistics(self.inner(x))
        if self.form == "latents":
            return SimpleNamespace(latents=z)
        posterior = SimpleNamespace(mode=lambda: z)
        if self.form == "latent_dist":
            return SimpleNamespace(latent_dist=posterior)
        return {"tensor": z, "tuple": (z, "more"), "posterior": (posterior,)}[self.form]

    def decode(self, z):
        x = self.outer(z)
        if self.form in ("latents", "latent_dist"):
            return SimpleNamespace(sample=x)
        return x if self.form == "tensor" else (x, "more")


class Spatial(nn.Module):
    """An autoencoder whose codes have positions."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Conv2d(1, 3, 2, 2), nn.ConvTranspose2d(3, 1, 2, 2)

    def encode(self, x):
        return self.inner(x)

    def decode(self, z):
        return self.outer(z)


@configurable
class Wrappable(Plain):
    """An autoencoder that a file may name."""


ACTION = VectorAction(SO2().rep("2x0 + 2x1"))
X = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))


class Pairs:
    """Vectors turned by a frequency-1 rotation of a plane seen through a fixed curved map."""

    group = SO2()

    def __init__(self):
        generator = torch.Generator().manual_seed(4)
        self.basis = torch.randn(4, 8, generator=generator)

    def data(self, angle, rest):
        seen = torch.stack([angle.cos(), angle.sin()], 1)
        return torch.tanh(torch.cat([seen, rest], 1) @ self.basis)

    def batch(self, step, size):
        generator = torch.Generator().manual_seed(step)
        start, g = (torch.rand(2, size, generator=generator) - 0.5) * 2 * torch.pi
        rest = torch.randn(size, 2, generator=generator) / 2
        return PairBatch(self.data(start, rest), g, self.data(start + g, rest))

    def fixed(self):
        return self.batch(10**6, 256)


PAIRS = Pairs()


def weights_of(model):
    return {name: w.clone() for name, w in model.state_dict().items()}


@pytest.mark.parametrize("form", ["tensor", "tuple", "posterior", "latents", "latent_dist"])
def test_any_form_of_code_and_data_is_read(form):
    plain = Plain(form=form).eval()
    same = copy.deepcopy(plain)
    same.form = "tensor"
    model = LatentActionAE.wrap(plain, ACTION, adapter="identity", example=X[:1])
    torch.testing.assert_close(model.reconstruct(X), same.decode(same.encode(X)))
    torch.testing.assert_close(model.encode(X), same.encode(X))
    z = ACTION(torch.ones(5), same.encode(X))
    torch.testing.assert_close(model.transform(torch.ones(5), X), same.decode(z))


@pytest.mark.parametrize("text", ["2x0 + 2x1", "1x0 + 1x1", "4x0 + 3x1"])
def test_the_linear_adapter_is_an_orthogonal_matrix_and_its_transpose(text):
    model = LatentActionAE.wrap(Plain(), VectorAction(SO2().rep(text)), code_shape=(6,))
    to, back = model.encoder.adapter, model.decoder.adapter
    n = min(6, model.action.size)
    torch.testing.assert_close(to.weight, back.weight.T)
    singular = torch.linalg.svdvals(to.weight)
    torch.testing.assert_close(singular, torch.ones(n))
    if model.action.size >= 6:  # nothing is lost: the data are those of the autoencoder
        plain = model.encoder.autoencoder
        torch.testing.assert_close(model.reconstruct(X), plain.decode(plain.encode(X)))


def test_codes_with_positions_are_mapped_at_each_position_alike():
    action, x = ChannelAction(Cyclic(4).rep("1x0 + 2x1")), torch.randn(2, 1, 8, 8)
    model = LatentActionAE.wrap(Spatial(), action, example=x[:1])
    assert isinstance(model.encoder.adapter, nn.Conv2d)
    assert model.encode(x).shape == (2, 5, 4, 4)
    torch.testing.assert_close(
        model.reconstruct(x), model.encoder.autoencoder.outer(model.encoder.autoencoder.inner(x))
    )
    assert model.transform(torch.tensor([1, 2]), x).shape == x.shape


def test_an_adapter_of_two_modules_is_taken_as_it_is():
    to, back = nn.Sequential(nn.Linear(6, 6), nn.ELU()), nn.Linear(6, 6)
    model = LatentActionAE.wrap(Plain(), ACTION, adapter=(to, back))
    assert model.encoder.adapter is to
    assert model.decoder.adapter is back


def test_the_code_is_scaled_as_the_config_says():
    plain = Plain().eval()
    given = LatentActionAE.wrap(plain, ACTION, adapter="identity", scale=0.5)
    torch.testing.assert_close(given.encode(X), plain.encode(X) / 2)
    plain.config = SimpleNamespace(scaling_factor=0.25, shift_factor=1.0)
    model = LatentActionAE.wrap(plain, ACTION, adapter="identity")
    torch.testing.assert_close(model.encode(X), (plain.encode(X) - 1) / 4)
    torch.testing.assert_close(model.reconstruct(X), plain.decode(plain.encode(X)))


@pytest.mark.parametrize("start", ["as made", "after eval", "after train"])
def test_a_frozen_autoencoder_is_bit_equal_after_a_training(start):
    plain = Plain()
    before = weights_of(plain)
    model = LatentActionAE.wrap(plain, ACTION, example=X[:1])
    model = {"as made": model, "after eval": model.eval(), "after train": model.train()}[start]
    adapters = weights_of(model.encoder.adapter), weights_of(model.decoder.adapter)
    fit(model, PAIRS, PAIRS.fixed(), TrainingConfig(steps=20, batch_size=16))
    assert model.encoder.autoencoder is model.decoder.autoencoder is plain
    assert not any(part.training for part in plain.modules())
    assert all(torch.equal(w, before[name]) for name, w in plain.state_dict().items())
    for part, old in zip((model.encoder, model.decoder), adapters, strict=True):
        assert not any(torch.equal(w, old[n]) for n, w in part.adapter.state_dict().items())


def test_a_frozen_decoder_passes_gradients_and_stays_in_evaluation_mode():
    model = LatentActionAE.wrap(Plain(), ACTION, example=X[:1]).train()
    assert model.training
    assert not any(part.training for part in model.encoder.autoencoder.modules())
    z = torch.randn(2, 6, requires_grad=True)
    model.decode(z).sum().backward()
    assert z.grad.abs().sum() > 0


def test_fine_tuning_moves_the_weights_of_the_autoencoder_too():
    plain = Plain()
    before = weights_of(plain)
    terms = {"mse": 1.0, "equivariance": 0.1}
    model = LatentActionAE.wrap(plain, ACTION, frozen=False, objective=terms, example=X[:1])
    assert all(part.training for part in model.modules())
    fit(model, PAIRS, PAIRS.fixed(), TrainingConfig(steps=60, batch_size=16, learning_rate=1e-2))
    assert not any(torch.equal(w, before[name]) for name, w in plain.state_dict().items())


def test_a_frozen_model_predicts_what_its_autoencoder_cannot():
    torch.manual_seed(0)
    plain = nn.Module()
    plain.encode, plain.decode = (
        nn.Sequential(nn.Linear(a, 64), nn.GELU(), nn.Linear(64, b)) for a, b in ((8, 16), (16, 8))
    )
    optimizer = torch.optim.Adam(plain.parameters(), 1e-2)
    for step in range(400):
        x = PAIRS.batch(step, 64).x1
        loss = (plain.decode(plain.encode(x)) - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    test = PAIRS.fixed()
    action = VectorAction(SO2().rep("4x0 + 3x1 + 2x2 + 1x3"))
    model = LatentActionAE.wrap(plain, action, example=test.x1[:1])
    at_first = (model.transform(test.g, test.x1) - test.x2).square().mean()
    fit(model, PAIRS, PAIRS.fixed(), TrainingConfig(steps=600, batch_size=64, learning_rate=1e-2))
    error = (model.transform(test.g, test.x1) - test.x2).square().mean()
    unchanged = (test.x1 - test.x2).square().mean()
    assert error < unchanged / 5, (error, unchanged)
    assert error < at_first / 5


def test_a_wrapped_model_is_saved_and_loaded(tmp_path):
    model = LatentActionAE.wrap(Wrappable(), ACTION, example=X[:1]).eval()
    save(model, tmp_path / "model")
    again = load(tmp_path / "model", classes=[Wrappable])
    torch.testing.assert_close(again.transform(torch.ones(5), X), model.transform(torch.ones(5), X))


def test_the_equivariance_term_is_relative_and_rewards_no_smaller_codes():
    torch.manual_seed(0)
    model = LatentActionAE.wrap(Plain(), ACTION, frozen=False, code_shape=(6,))
    scale = torch.ones((), requires_grad=True)
    encode = model.encode
    model.encode = lambda x: scale * encode(x)
    term = CrossReconstruction("equivariance")(model, PAIRS.batch(0, 32))["equivariance"]
    assert 0.5 < term < 5
    term.backward()
    assert scale.grad.abs() < 1e-5
    assert model.encoder.autoencoder.inner.weight.grad.abs().sum() > 0.01


def test_the_equivariance_term_of_exact_codes_is_zero():
    model = LatentActionAE(nn.Identity(), nn.Identity(), ACTION)
    x, g = torch.randn(9, 6), SO2().sample(9)
    exact = PairBatch(x, g, ACTION(g, x))
    objective = CrossReconstruction("equivariance")
    assert objective(model, exact)["equivariance"] < 1e-10
    unlike = PairBatch(x, g, x.roll(1, 0))
    z, w = ACTION(g, x), x.roll(1, 0)
    both = torch.cat([z - w, ACTION(-g, w) - x]).square().sum(1).mean()
    spread = 2 * x.var(0, correction=0).sum() / 2
    torch.testing.assert_close(objective(model, unlike)["equivariance"], both / spread)
    logarithm = CrossReconstruction("log_equivariance")
    torch.testing.assert_close(logarithm(model, unlike)["log_equivariance"], (both / spread).log())
    floor = logarithm(model, exact)["log_equivariance"]
    torch.testing.assert_close(floor, torch.tensor(1e-8).log())


def test_the_logarithm_of_the_equivariance_term_pulls_small_errors_as_much_as_large_ones():
    def pull(size):
        shift = torch.tensor(size, requires_grad=True)
        model = LatentActionAE(nn.Identity(), nn.Identity(), ACTION)
        model.encode = lambda x: x * (1 + shift * x.sign())  # exact without the shift
        x, g = torch.randn(64, 6, generator=torch.Generator().manual_seed(0)), SO2().sample(64)
        term = CrossReconstruction("log_equivariance")(model, PairBatch(x, g, ACTION(g, x)))
        term["log_equivariance"].backward()
        return float(shift.detach() * shift.grad)  # per relative change of the shift

    assert pull(1e-2) == pytest.approx(2, rel=0.1)  # the error is the square of the shift
    assert pull(1e-3) == pytest.approx(2, rel=0.1)


def wrapped(autoencoder=None, action=ACTION, **options):
    return LatentActionAE.wrap(autoencoder or Plain(), action, **options)


def answering(encode, decode=lambda z: z):
    plain = nn.Module()
    plain.encode, plain.decode = encode, decode
    return plain


@pytest.mark.parametrize(
    ("error", "message", "make"),
    [
        (TypeError, r"methods encode and decode .* got ReLU without", lambda: wrapped(nn.ReLU())),
        (TypeError, r"got SimpleNamespace", lambda: wrapped(SimpleNamespace(encode=1))),
        (TypeError, r"LatentAction, got IrrepSum", lambda: wrapped(action=ACTION.rho)),
        (TypeError, r"code_shape; give one datum, example=x\[:1\]", lambda: wrapped()),
        (
            TypeError,
            r"an adapter: None, \"identity\", or",
            lambda: wrapped(adapter=nn.Linear(2, 2)),
        ),
        (TypeError, r"frozen to be True or False", lambda: wrapped(frozen="no", example=X)),
        (ValueError, r"scale to be a positive number, got 0", lambda: wrapped(scale=0, example=X)),
        (ValueError, r"code_shape .* got 6", lambda: wrapped(code_shape=6)),
        (ShapeError, r"code_shape \(6,\)", lambda: wrapped(code_shape=(7,), example=X)),
        (TypeError, r"example to be a tensor", lambda: wrapped(example=[1.0])),
        (
            ShapeError,
            r"codes of shape \(d,\) .* got \(3, 4, 4\); ChannelAction",
            lambda: wrapped(Spatial(), example=torch.zeros(1, 1, 8, 8)),
        ),
        (
            TypeError,
            r"VectorAction or a ChannelAction for the linear adapter",
            lambda: wrapped(action=LeftMultiplication(SO3()), example=X),
        ),
        (
            ShapeError,
            r"VectorAction.* 5",
            lambda: wrapped(
                action=VectorAction(SO2().rep("1x0 + 2x1")), adapter="identity", example=X
            ),
        ),
        (
            ShapeError,
            r"data of the example's shape \(5, 8\), got \(5, 6\)",
            lambda: wrapped(answering(nn.Linear(8, 6)), adapter="identity", example=X),
        ),
        (
            TypeError,
            r"encode\(x\) .* floating tensor, .* got torch.int64",
            lambda: wrapped(answering(lambda x: x.long()), example=X),
        ),
        (
            TypeError,
            r"encode\(x\) .* got NoneType",
            lambda: wrapped(answering(lambda x: None), example=X),
        ),
        (
            TypeError,
            r"decode\(z\) .* got dict",
            lambda: wrapped(answering(nn.Linear(8, 6), lambda z: {}), example=X),
        ),
    ],
)
def test_bad_input_is_named_in_one_sentence(error, message, make):
    with pytest.raises(error, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_real_autoencoder_of_diffusers(frozen, tmp_path):
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    kl = diffusers.AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 8),
        latent_channels=3,
        norm_num_groups=4,
    )
    before, x = weights_of(kl), torch.rand(2, 1, 16, 16)
    action = ChannelAction(Cyclic(4).rep("1x0 + 1x1"))
    model = LatentActionAE.wrap(kl, action, frozen=frozen, example=x[:1])
    assert model.encoder.scale == kl.config.scaling_factor
    assert model.encode(x).shape == (2, 3, 8, 8)
    with torch.no_grad():
        z = kl.encode(x).latent_dist.mode()
        torch.testing.assert_close(
            model.eval().reconstruct(x), kl.decode(z).sample, atol=1e-4, rtol=1e-4
        )
    fit(
        model,
        TurnedPictures(),
        TurnedPictures().fixed(),
        TrainingConfig(steps=8, batch_size=4, learning_rate=1e-2),
    )
    kept = [torch.equal(w, before[name]) for name, w in kl.state_dict().items()]
    assert all(kept) if frozen else not any(kept)
    save(model, tmp_path / "model")
    again = load(tmp_path / "model", classes=[diffusers.AutoencoderKL])
    g = torch.tensor([1, 3])
    torch.testing.assert_close(again.transform(g, x), model.transform(g, x))


class TurnedPictures:
    """Random pictures and their quarter turns."""

    group = Cyclic(4)

    def batch(self, step, size):
        generator = torch.Generator().manual_seed(step)
        x, g = torch.rand(size, 1, 16, 16, generator=generator), torch.arange(size) % 4
        return PairBatch(
            x, g, torch.stack([a.rot90(int(k), (1, 2)) for a, k in zip(x, g, strict=True)])
        )

    def fixed(self):
        return self.batch(10**6, 4)
