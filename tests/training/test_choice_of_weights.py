"""The score that chooses the weights suits data of any range, sign, unit and kind."""

import dataclasses
import warnings

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.metrics import CHAMFER, PSNR, SNR, Score, default_scores, evaluate
from groupae.protocols import PairBatch
from groupae.training import Callback

RHO = SO2().rep("2x0 + 3x1")
CONFIG = TrainingConfig(steps=50, batch_size=16, learning_rate=1e-2, validations=2)


def source(scale=1.0, offset=0.0, *, shape=(8,), dtype=torch.float32, seed=0, n=128):
    """Data of a hidden action, standard normal but for scale and offset, in any shape."""
    generator = torch.Generator().manual_seed(seed)
    originals = torch.randn(n, 8, generator=generator, dtype=torch.float64)

    def act(g, x):
        moved = RHO.act(g.double(), (x.flatten(1).double() - offset) / scale) * scale + offset
        return moved.to(dtype).unflatten(1, shape)

    originals = (originals * scale + offset).to(dtype).unflatten(1, shape)
    return OrbitPairs(originals, SO2(), act)


class Scaled(nn.Module):
    """A linear layer between numbers of another unit: what a sensible user would normalise by."""

    def __init__(self, inner, outer, scale, offset, dtype):
        super().__init__()
        self.layer = nn.Linear(8, 8, dtype=dtype)
        self.shape, self.numbers = outer, (scale, offset)
        self.decodes = inner == "code"

    def forward(self, x):
        scale, offset = self.numbers
        if self.decodes:
            return (self.layer(x) * scale + offset).unflatten(1, self.shape)
        return self.layer((x.flatten(1) - offset) / scale)


def model(scale=1.0, offset=0.0, *, shape=(8,), dtype=torch.float32):
    torch.manual_seed(0)
    encoder = Scaled("data", None, scale, offset, dtype)
    decoder = Scaled("code", shape, scale, offset, dtype)

    def loss(ae, batch):  # relative, so that one learning rate serves all units
        prediction = ae.transform(batch.g.to(dtype), batch.x1)
        return {"relative": ((prediction - batch.x2) / scale).square().mean()}

    return LatentActionAE(encoder, decoder, VectorAction(RHO), loss)


UNITS = {
    "[-1, 1]": (0.3, 0.0),
    "[-1, 0]": (0.1, -0.5),
    "[0, 255]": (40.0, 128.0),
    "standardised": (1.0, 0.0),
    "millions": (1e6, 0.0),
    "millions and an offset": (1e4, 1e6),
    "tiny": (1e-6, 0.0),
    "tiny in [0, 1]": (1e-7, 5e-7),
}
SHAPES = {"vectors": (8,), "pictures": (1, 2, 4), "points": (4, 2), "series": (2, 4)}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_training_moves_the_score_whatever_the_unit(unit, shape):
    train = source(*unit, shape=shape)
    held_back = source(*unit, shape=shape, seed=1, n=48)
    ae = model(*unit, shape=shape)
    before = {name: weight.clone() for name, weight in ae.state_dict().items()}
    result = fit(ae, train, held_back.fixed(), CONFIG)  # a warning would be an error
    assert result.best_step == 50
    assert any(not torch.equal(before[name], w) for name, w in ae.state_dict().items())
    again = evaluate(ae, held_back, result.score)[result.score].mean
    assert again == pytest.approx(result.validation_score, abs=1e-3)


def test_float64_data_and_model():
    train = source(0.1, -0.5, dtype=torch.float64)
    sample = SO2().sample
    train._sample = lambda *batch, generator: sample(*batch, generator=generator).double()
    result = fit(model(0.1, -0.5, dtype=torch.float64), train, train.fixed(32), CONFIG)
    assert result.best_step == 50


def pairs(x):
    return PairBatch(x, torch.zeros(len(x)), x)


G = torch.Generator().manual_seed(0)
NORMAL = torch.randn(20, 3, 16, 16, generator=G)
UNIT = torch.rand(20, 3, 16, 16, generator=G)
KINDS = {
    "pictures": (UNIT, ["psnr", "ssim"]),
    "small pictures": (UNIT[..., :8, :8], ["psnr"]),
    "narrow pictures": (UNIT[..., :10], ["psnr"]),
    "volumes": (UNIT[:, :, None].expand(-1, -1, 4, -1, -1), ["psnr"]),
    "pictures in [-1, 1]": (2 * UNIT - 1, ["relative_snr"]),
    "pictures in [-1, 0]": (UNIT - 1, ["relative_snr"]),
    "pictures in [0, 255]": (255 * UNIT, ["relative_snr"]),
    "standardised pictures": (NORMAL, ["relative_snr"]),
    "pictures that resampling overshot": (1.12 * UNIT - 0.06, ["psnr", "ssim"]),
    "small values about zero": (0.2 * UNIT - 0.1, ["relative_snr"]),
    "nearly black pictures": (1e-4 * UNIT, ["relative_snr"]),
    "one picture 20 times": (UNIT[:1].expand(20, -1, -1, -1), ["psnr", "ssim"]),
    "black pictures": (0 * UNIT, ["psnr", "ssim"]),
    "vectors": (NORMAL.flatten(1), ["relative_snr"]),
    "vectors in [0, 1]": (UNIT.flatten(1), ["relative_snr"]),
    "points of space": (NORMAL.reshape(20, 256, 3), ["chamfer"]),
    "points of the plane": (NORMAL.reshape(20, 384, 2), ["chamfer"]),
    "tiny points": (1e-6 * NORMAL.reshape(20, 256, 3), ["relative_chamfer"]),
    "series": (NORMAL.reshape(20, 3, 256), ["snr"]),
    "series far from zero": (NORMAL.reshape(20, 3, 256) + 1e4, ["relative_snr"]),
    "channels that cancel": (NORMAL[:, :2, 0] + torch.tensor([[9.0], [-9.0]]), ["relative_snr"]),
    "one pair": (NORMAL[:1].flatten(1), ["relative_snr"]),
}


@pytest.mark.parametrize(("x", "names"), KINDS.values(), ids=KINDS)
def test_default_scores_go_by_the_kind_of_data(x, names):
    class Half:
        def transform(self, g, x):
            return x / 2 if float(x.abs().max()) else x + 1e-3

    assert [score.name for score in default_scores(pairs(x))] == names
    found = evaluate(Half(), pairs(x))
    assert list(found) == names
    for dtype in (torch.float32, torch.float64):
        right = evaluate(Same(), pairs(x.to(dtype)))
        assert all(-1e9 < found[name].mean < right[name].mean for name in names)


@pytest.mark.parametrize("unit", [1e-25, 1e-12, 1.0, 1e12, 1e25])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(768,), (256, 3), (3, 256), (3, 16, 16)], ids=str)
def test_default_scores_are_finite_and_ordered_in_any_unit_and_precision(shape, dtype, unit):
    x = (NORMAL.reshape(20, *shape) * unit).to(dtype)
    if not torch.isfinite(x).all() or float(x.abs().max()) == 0:
        x = NORMAL.reshape(20, *shape).to(dtype)  # no such unit in half precision

    class Off:
        def transform(self, g, data):
            return (data.double() * self.share).to(dtype)

    scores = []
    for Off.share in (0.1, 0.5, 0.9, 1.0):
        (estimate,) = evaluate(Off(), pairs(x)).values()
        scores.append(estimate.mean)
    assert all(abs(score) < 200 for score in scores)
    assert scores == sorted(scores)
    assert len(set(scores)) == 4


class Same:
    def transform(self, g, x):
        return x


def test_the_relative_score_is_zero_for_the_mean_and_knows_no_unit():
    x = NORMAL.flatten(1).double()

    class Mean:
        def transform(self, g, y):
            return 0 * y + mean

    for scale, offset in ((1.0, 0.0), (1e6, 0.0), (1e-9, 3e-9), (1.0, 1e5)):
        data = pairs(scale * x + offset)
        mean = data.x2.mean(0)
        (score,) = default_scores(data)
        error = (data.x2 - mean).square().mean(1) / (data.x2 - mean).square().mean()
        wanted = float((-10 * error.log10()).mean())  # an average of logarithms: 0 but for that
        assert evaluate(Mean(), data, [score])[score.name].mean == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("name", ["psnr", "ssim", "own_psnr", "seen_psnr"])
def test_a_score_of_pictures_in_0_1_refuses_other_data(name):
    x = 2 * UNIT - 1
    data = PairBatch(x, torch.zeros(20), x, mask=x[:, :1] > 0)
    words = rf"'{name}': expected data in \[0, 1\], got values from -1 to 0.9998; .* 'relative_snr'"
    with pytest.raises(ValueError, match=words):
        evaluate(Same(), data, [name])


def test_psnr_has_no_floor_where_resampling_overshot_the_range():
    x = 1.12 * UNIT - 0.06
    assert evaluate(Same(), pairs(x), "psnr")["psnr"].mean == 100
    outside = PairBatch(x + 5.0, torch.zeros(20), UNIT)  # predictions are clamped as ever
    clamped = evaluate(Same(), PairBatch(torch.ones_like(UNIT), torch.zeros(20), UNIT), "psnr")
    assert evaluate(Same(), outside, "psnr")["psnr"].mean == pytest.approx(clamped["psnr"].mean)


@pytest.mark.parametrize("name", ["psnr", "ssim", "own_psnr", "seen_psnr"])
def test_scores_do_not_depend_on_the_size_of_batches(name):
    x = UNIT.clone()
    x[0, 0, 0, :2] = torch.tensor([1.06, -0.05])  # overshot by resampling
    x[-1] = 0
    x[-1, 0, 0, :2] = torch.tensor([0.01, -0.002])  # nearly black, overshot too
    data = PairBatch(x + 0.2 * NORMAL, torch.zeros(20), x, mask=x[:, :1] > 0.5)
    assert [score.name for score in default_scores(data)] == ["psnr", "ssim"]
    whole, *parts = (evaluate(Same(), data, name, batch_size=n)[name].mean for n in (20, 19, 7, 1))
    assert parts == pytest.approx([whole] * 3, rel=1e-5)


@pytest.mark.parametrize("name", ["psnr", "ssim"])
def test_pictures_that_were_resampled_bicubically_can_have_psnr(name):
    black_and_white = (NORMAL > 0).float()
    grid = nn.functional.affine_grid(
        torch.tensor([[[0.7, -0.7, 0.1], [0.7, 0.7, 0.1]]]).expand(20, 2, 3), NORMAL.shape,
        align_corners=False,
    )  # fmt: skip
    x = nn.functional.grid_sample(black_and_white, grid, mode="bicubic", align_corners=False)
    assert x.min() < -0.2
    assert x.max() > 1.2
    assert evaluate(Same(), pairs(x), name)[name].mean == pytest.approx(
        100 if name == "psnr" else 1
    )


def test_a_datum_may_be_one_number():
    x = torch.arange(20.0)
    (score,) = default_scores(pairs(x))
    assert score.name == "relative_snr"
    assert evaluate(Same(), PairBatch(x + x.std(correction=0), torch.zeros(20), x))[
        "relative_snr"
    ].mean == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("values", [0.5, [0.5] * 20, torch.zeros(20).numpy()])
def test_a_score_that_returns_no_tensor_gets_one_sentence(values):
    score = Score("mine", "mine", 1, lambda prediction, batch: values)
    with pytest.raises(TypeError, match=r"^score 'mine': expected a tensor of one number per pair"):
        evaluate(Same(), pairs(NORMAL), score)


# --- no progress is said -----------------------------------------------------------------------
def test_weights_that_no_validation_found_better_are_announced():
    train, validation = source(), source(seed=1).fixed(32)
    ae = model()
    before = {name: weight.clone() for name, weight in ae.state_dict().items()}
    worse = Score("worse", "worse", 2, lambda p, b: -p.new_tensor(next(count)).expand(len(b)))
    count = iter(range(1, 100))
    words = (
        r"fit: expected a validation better than the untrained model's worse of -1, got none in "
    )
    with pytest.warns(UserWarning, match=words + "50 steps; it holds its untrained weights: train"):
        result = fit(ae, train, validation, CONFIG, score=worse)
    assert result.best_step == 0
    assert all(torch.equal(before[name], weight) for name, weight in ae.state_dict().items())


def test_a_score_that_never_moves_is_announced():
    train, validation = source(), source(seed=1).fixed(32)
    still = Score("still", "still", 2, lambda p, b: p.new_ones(len(b)))
    with pytest.warns(UserWarning, match=r"the score does not move, .* score='relative_snr'"):
        assert fit(model(), train, validation, CONFIG, score=still).best_step == 0


def test_a_score_of_the_users_that_is_nan_stops_with_its_name():
    train, validation = source(), source(seed=1).fixed(32)
    broken = Score("mine", "mine", 2, lambda p, b: p.new_full((len(b),), float("nan")))
    with pytest.raises(RuntimeError, match=r"a finite mine, got nan; .* or in the score itself"):
        fit(model(), train, validation, CONFIG, score=broken)


def test_a_score_where_lower_is_better_is_refused():
    distance = dataclasses.replace(PSNR, name="distance", lower_is_better=True)
    with pytest.raises(ValueError, match="a score where larger is better, got 'distance'"):
        fit(model(), source(), source(seed=1).fixed(8), CONFIG, score=distance)


def test_a_named_score_is_the_one_that_is_used():
    class Names(Callback):
        def on_start(self, state):
            self.name = state.score.name

    listens = Names()
    train, validation = source(shape=(4, 2)), source(shape=(4, 2), seed=1).fixed(8)
    config = dataclasses.replace(CONFIG, steps=20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for score, name in (("snr", "snr"), (SNR, "snr"), (CHAMFER, "chamfer"), (None, "chamfer")):
            result = fit(
                model(shape=(4, 2)), train, validation, config, score=score, callbacks=listens
            )
            assert result.score == listens.name == name
