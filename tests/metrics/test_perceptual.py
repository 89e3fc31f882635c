"""Perceptual distances: their authors' numbers, laws, gradients, and errors of bad input."""

import copy
import importlib.metadata
import math
import pickle

import pytest
import torch
import torch.nn.functional as F

from groupae import RotatedDigits, ShapeError, TrainingConfig, evaluate, fit
from groupae.experiments.baselines import Unchanged
from groupae.experiments.runs.report import Report
from groupae.metrics import LPIPS, PSNR, ST_LPIPS, LPIPSDistance, STLPIPSDistance, perceptual_scores
from groupae.metrics.perceptual import _load
from groupae.protocols import PairBatch

TRUNK = "GROUPAE_LPIPS_TRUNK"


@pytest.fixture(autouse=True)
def _unnamed_trunk(monkeypatch):
    monkeypatch.delenv(TRUNK, raising=False)


def waves(n, size):
    """Return pictures by formula, so that their distances can be compared with other programs."""
    i = torch.arange(size, dtype=torch.float64) / size
    phases = [
        [(c + 1) * i + (k + 1) * i[:, None] + 0.1 * c * k for c in range(3)] for k in range(n)
    ]
    return torch.stack(
        [torch.stack([0.5 + 0.5 * (math.tau * p).sin() for p in k]) for k in phases]
    ).float()


def ruled(number, *shape):
    """Return weights by formula for the layer of that number."""
    count = torch.Size(shape).numel()
    i = torch.arange(count, dtype=torch.float64)
    if len(shape) == 1:
        return ((i + number).sin() * 0.01).float()
    return ((i * 0.7390851 + number).sin() * (6 * shape[0] / count) ** 0.5).float().view(shape)


KERNELS = {
    "alex": {
        0: (64, 3, 11),
        3: (192, 64, 5),
        6: (384, 192, 3),
        8: (256, 384, 3),
        10: (256, 256, 3),
    },
    "vgg": {
        **{0: (64, 3, 3), 2: (64, 64, 3), 5: (128, 64, 3), 7: (128, 128, 3), 10: (256, 128, 3)},
        **dict.fromkeys((12, 14), (256, 256, 3)),
        17: (512, 256, 3),
        **dict.fromkeys((19, 21, 24, 26, 28), (512, 512, 3)),
    },
}


@pytest.fixture(scope="module")
def trunks(tmp_path_factory):
    """Return files laid out as torchvision's; weights by formula stand in for ImageNet's."""
    folder = tmp_path_factory.mktemp("trunks")
    for net, kernels in KERNELS.items():
        state = {"classifier.0.weight": torch.zeros(2, 2)}
        for number, (width, channels, size) in kernels.items():
            state[f"features.{number}.weight"] = ruled(number, width, channels, size, size)
            state[f"features.{number}.bias"] = ruled(number, width)
        torch.save(state, folder / f"{net}.pth")
    return folder


@pytest.mark.parametrize(
    ("net", "size", "values"),
    [
        ("alex", 32, [0.2751586, 0.1007761]),
        ("alex", 64, [0.3655203, 0.3513762]),
        ("vgg", 32, [0.4262196, 0.2347881]),
        ("vgg", 64, [0.5368562, 0.6082085]),
    ],
)
def test_st_lpips_is_what_its_authors_compute(net, size, values):
    """From stlpips-pytorch 0.0.2, LPIPS(net, variant="shift_tolerant")(x, y, normalize=True)."""
    x, y = waves(4, size).split(2)
    torch.testing.assert_close(
        STLPIPSDistance(net)(x, y), torch.tensor(values), atol=1e-5, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("net", "size", "values"),
    [
        ("vgg", 32, [0.1684812, 0.1712508]),
        ("vgg", 64, [0.1535800, 0.1740764]),
        ("alex", 32, [0.0550049, 0.1526413]),
        ("alex", 64, [0.1810868, 0.1799990]),
    ],
)
def test_lpips_is_what_its_authors_compute(trunks, net, size, values):
    """From lpips 0.1.4, LPIPS(net)(x, y, normalize=True) with the trunk's weights by `ruled`."""
    x, y = waves(4, size).split(2)
    distance = LPIPSDistance(net, trunks / f"{net}.pth")
    torch.testing.assert_close(distance(x, y), torch.tensor(values), atol=1e-5, rtol=1e-5)


def every(trunks):
    return STLPIPSDistance(), LPIPSDistance("alex", str(trunks / "alex.pth"))


def test_equal_pictures_are_at_distance_zero_and_order_does_not_matter(trunks):
    x, y = waves(6, 33).split(3)
    for distance in every(trunks):
        assert distance(x, x).eq(0).all()
        assert distance(x, y).gt(0).all()
        torch.testing.assert_close(distance(x, y), distance(y, x), atol=1e-6, rtol=1e-6)


def test_distance_grows_with_noise(trunks):
    x = waves(4, 40)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    for distance in every(trunks):
        rows = torch.stack([distance((x + s * noise).clamp(0, 1), x) for s in (0.02, 0.08, 0.3)])
        assert (rows.diff(dim=0) > 0).all()


def test_pictures_do_not_see_each_other_and_grey_is_equal_colours(trunks):
    x, y = waves(6, 32).split(3)
    for distance in every(trunks):
        together, alone = (
            distance(x, y),
            torch.cat([distance(x[i : i + 1], y[i : i + 1]) for i in range(3)]),
        )
        torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)
        grey_x, grey_y = x[:, :1], y[:, :1]
        repeated = distance(grey_x.repeat(1, 3, 1, 1), grey_y.repeat(1, 3, 1, 1))
        assert distance(grey_x, grey_y).equal(repeated)


def test_one_pixel_counts_little_beside_another_digit():
    data = RotatedDigits("test")
    firsts = [(data.labels == digit).nonzero()[0, 0] for digit in range(10)]
    x = F.pad(data.originals[torch.stack(firsts)], (2, 2, 2, 2))
    distance = STLPIPSDistance()
    moved, other = distance(x.roll(1, dims=-1), x), distance(x.roll(1, dims=0), x)
    assert moved.mean() < 0.25 * other.mean()
    assert moved.max() < other.min()


def test_the_gradient_goes_to_the_prediction_only_and_leads_closer(trunks):
    for distance in every(trunks):
        target = waves(2, 32).requires_grad_()
        prediction = (0.5 * target.detach() + 0.2).requires_grad_()
        before = distance(prediction, target)
        before.sum().backward()
        assert target.grad is None
        assert prediction.grad.isfinite().all()
        step = 0.01 * prediction.grad / prediction.grad.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        assert (distance(prediction - step, target) < before).all()


def test_the_gradient_is_finite_on_flat_and_on_equal_pictures(trunks):
    for distance in every(trunks):
        for value in (0.0, 0.5, 1.0):
            prediction = torch.full((1, 3, 32, 32), value, requires_grad=True)
            distance(prediction, waves(1, 32)).sum().backward()
            assert prediction.grad.isfinite().all()
        prediction = waves(1, 32).requires_grad_()
        distance(prediction, waves(1, 32)).sum().backward()
        assert prediction.grad.eq(0).all()


def test_the_network_is_frozen_shared_and_loaded_without_chance():
    _load.cache_clear()
    x, y = waves(2, 32).split(1)
    state = torch.get_rng_state()
    with torch.inference_mode():
        STLPIPSDistance()(x, y)
    assert torch.get_rng_state().equal(state)
    network = _load(STLPIPSDistance(), x.device)
    assert network is _load(STLPIPSDistance("alex"), x.device)
    assert not any(p.requires_grad for p in network.parameters())
    assert not any(module.training for module in network.train().modules())
    STLPIPSDistance()(x.requires_grad_(), y).sum().backward()  # though first used in inference mode


def test_the_number_depends_on_no_setting(trunks):
    x, y = waves(2, 32).split(1)
    for distance in every(trunks):
        wanted = distance(x, y)
        _load.cache_clear()
        torch.set_default_dtype(torch.float64)
        try:
            with torch.autocast("cpu", torch.bfloat16):
                got = distance(x.double(), y.double())
        finally:
            torch.set_default_dtype(torch.float32)
        assert got.dtype == torch.float32
        torch.testing.assert_close(got, wanted)


def test_distances_and_scores_are_plain_values(trunks):
    for distance in every(trunks):
        assert pickle.loads(pickle.dumps(distance)) == copy.deepcopy(distance) == distance
        assert hash(distance) == hash(copy.deepcopy(distance))
        assert distance.score == pickle.loads(pickle.dumps(distance.score))
    assert STLPIPSDistance() != STLPIPSDistance("vgg")


def test_scores_have_names_and_say_that_lower_is_better():
    distances = [d(net) for d in (STLPIPSDistance, LPIPSDistance) for net in ("alex", "vgg")]
    scores = [distance.score for distance in distances]
    assert len({score.name for score in scores}) == len({score.title for score in scores}) == 4
    assert all(score.lower_is_better for score in scores)
    assert (ST_LPIPS.title, LPIPS.title, ST_LPIPS.digits) == ("ST-LPIPS", "LPIPS (VGG)", 3)
    assert (ST_LPIPS.heading, PSNR.heading) == ("ST-LPIPS ↓", "PSNR (dB)")
    assert not PSNR.lower_is_better


def test_evaluation_judges_by_it_and_the_report_says_so():
    x = waves(120, 32)
    pairs = PairBatch(2 * x - 0.5, torch.zeros(120), x)
    estimates = evaluate(Unchanged(), pairs, (PSNR, ST_LPIPS))
    wanted = STLPIPSDistance()(pairs.x1.clamp(0, 1), x)
    assert estimates["st_lpips"].mean == pytest.approx(float(wanted.mean()), rel=1e-5)
    report = Report("t", (PSNR, ST_LPIPS), {"x1": estimates}, {}, 120).markdown()
    assert "| PSNR (dB) | ST-LPIPS ↓ |" in report


def test_training_refuses_a_score_where_lower_is_better():
    data = RotatedDigits("validation")
    with pytest.raises(
        ValueError, match=r"^fit: expected a score where larger is better, got 'st_"
    ):
        fit(torch.nn.Linear(1, 1), data, data.fixed()[:2], TrainingConfig(steps=1), score=ST_LPIPS)


def test_which_scores_a_table_has(trunks, monkeypatch):
    colour = (3, 32, 32)
    assert perceptual_scores(colour) == (ST_LPIPS,)
    monkeypatch.setenv(TRUNK, str(trunks / "vgg.pth"))
    assert perceptual_scores(colour) == (ST_LPIPS, LPIPS)
    assert [perceptual_scores(s) for s in ((1, 32, 32), (3, 31, 32), (24,))] == [(), (), ()]

    def nothing_installed(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "files", nothing_installed)
    assert perceptual_scores(colour) == ()


def test_the_environment_names_the_trunk(trunks, monkeypatch):
    x, y = waves(2, 32).split(1)
    monkeypatch.setenv(TRUNK, str(trunks / "vgg.pth"))
    assert LPIPSDistance()(x, y).equal(LPIPSDistance(trunk=trunks / "vgg.pth")(x, y))
    pairs = PairBatch(x, torch.zeros(1), y)
    assert evaluate(Unchanged(), pairs, [LPIPS])["lpips"].mean == pytest.approx(0.21, abs=0.2)


def test_bad_pictures_are_refused_in_one_sentence():
    distance, x = STLPIPSDistance(), torch.rand(2, 3, 32, 32)
    small = r"^ST-LPIPS: expected pictures of at least 32 x 32, got 28 x 28; judge smaller ones"
    with pytest.raises(ShapeError, match=small):
        distance(torch.rand(2, 1, 28, 28), torch.rand(2, 1, 28, 28))
    for wrong in (x[:1], x[0], x[:, :2]):
        with pytest.raises(ShapeError, match=r"\(n, C, H, W\) of one shape, C being 1 or 3, got"):
            distance(wrong, wrong if wrong.shape != (1, 3, 32, 32) else x)
    with pytest.raises(TypeError, match=r"ST-LPIPS: expected prediction of a floating dtype"):
        distance((255 * x).byte(), x)
    with pytest.raises(ValueError, match=r"STLPIPSDistance: expected net to be one of alex, vgg"):
        STLPIPSDistance("resnet")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    _load.cache_clear()
    x = waves(1, 32)
    for files, reason in ((missing, "to be installed"), (lambda _: None, "a version without it")):
        monkeypatch.setattr(importlib.metadata, "files", files)
        for distance, package, extra in (
            (STLPIPSDistance(), "stlpips-pytorch", "stlpips"),
            (LPIPSDistance(), "lpips", "lpips"),
        ):
            with pytest.raises(ModuleNotFoundError, match=reason) as refusal:
                distance(x, x)
            assert f"pip install --no-deps {package}, or groupae[{extra}]" in str(refusal.value)


def test_a_trunk_that_is_not_there_is_said_in_one_sentence(tmp_path):
    x = waves(1, 32)
    with pytest.raises(FileNotFoundError) as refusal:
        LPIPSDistance()(x, x)
    assert str(refusal.value) == (
        "LPIPS (VGG): expected a file with torchvision's weights of VGG16, got none; nothing is "
        "downloaded: name one by trunk= or in GROUPAE_LPIPS_TRUNK, or use ST-LPIPS"
    )
    with pytest.raises(FileNotFoundError, match=r"got .*, which is no file; nothing is downloaded"):
        LPIPSDistance("alex", tmp_path)(x, x)


class Spy:
    def __reduce__(self):
        return print, ("code ran",)


def test_a_trunk_that_is_something_else_is_refused(trunks, tmp_path, capsys):
    x, file = waves(1, 32), tmp_path / "trunk.pth"
    whole = (trunks / "alex.pth").read_bytes()
    for content in (
        b"",
        b"no weights",
        b"\x80\x02.",
        whole[: len(whole) // 2],
        pickle.dumps(Spy(), protocol=2),
    ):
        file.write_bytes(content)
        with pytest.raises(
            ValueError, match=r"^LPIPS \(AlexNet\): expected weights saved by torch"
        ):
            LPIPSDistance("alex", file)(x, x)
    torch.save(Spy(), file)
    with pytest.raises(ValueError, match=r"cannot be read"):
        LPIPSDistance("alex", file)(x, x)
    assert capsys.readouterr().out == ""
    torch.save([torch.zeros(2)], file)
    with pytest.raises(ValueError, match=r"expected a dict of weights in .*, got list"):
        LPIPSDistance("alex", file)(x, x)
    with pytest.raises(ValueError, match=r"weights of AlexNet in .*vgg.pth and .*alex.pth, got "):
        LPIPSDistance("alex", trunks / "vgg.pth")(x, x)
