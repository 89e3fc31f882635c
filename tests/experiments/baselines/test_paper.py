"""Models of the paper: their sizes, and skips, carried or acted, as part of a group action."""

import itertools
import math
import re

import pytest
import torch
from torch import nn

from groupae import SO2, SO3, Affine, AffineAction, Cyclic, LatentActionAE
from groupae.experiments import get_backbone
from groupae.experiments.baselines.paper import PAPER_SCENE_WIDTHS
from groupae.experiments.presets.config import ModelConfig
from groupae.models import (
    AttentionSkip,
    PaperBrainDecoder,
    PaperBrainEncoder,
    PaperSceneDecoder,
    PaperSceneEncoder,
    paper_scene_parts,
)
from groupae.protocols import PairBatch
from groupae.testing import check_action, sample_elements

WIDTHS = (8, 8, 16, 16, 30)
SKIPS = {"none": None, "carried": None, "acted": "3x0 + 2x1"}


def scene(group=None, skip="carried", code="9x0 + 7x1", widths=WIDTHS):
    group = group or SO3()
    skip_rho = group.rep(SKIPS[skip]) if SKIPS[skip] else None
    parts = paper_scene_parts(group.rep(code), skip=skip, skip_rho=skip_rho, widths=widths)
    return LatentActionAE(*parts)


def brain(invariant=32, varying=32):
    dim = invariant + varying
    action = AffineAction(varying, invariant, axis=-3)
    return LatentActionAE(PaperBrainEncoder(dim), PaperBrainDecoder(dim), action)


def settled(model, x):
    """Return the model in double precision, evaluating with the statistics of ``x``."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    model.double()(model.action.group.identity(len(x)), x)
    return model.eval()


def size(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


def test_the_brain_model_has_the_size_of_its_description():
    """Twelve 3x3 kernels and two normalisations, counted by hand."""
    widths = [1, 32, 64, 64, 64, 64, 64, 64]
    there = sum(9 * a * b + b for a, b in itertools.pairwise(widths)) + 2 * 64
    widths = [64, 64, 64, 64, 64, 64, 32, 1]
    back = sum(9 * a * b + b for a, b in itertools.pairwise(widths)) + 2 * 64
    assert size(PaperBrainEncoder(), PaperBrainDecoder()) == there + back == 407_105
    assert brain().encode(torch.rand(2, 1, 96, 96)).shape == (2, 64, 3, 3)


def test_the_scene_model_has_the_shapes_of_its_description():
    encoder = PaperSceneEncoder()
    with torch.no_grad():
        z = encoder(torch.rand(1, 3, 64, 64))
    assert z["code"].shape == (1, 1020, 4, 4)
    assert z["skip"].shape == (1, 256, 16, 16)
    decoder = PaperSceneDecoder()
    with torch.no_grad():
        assert decoder(z).shape == (1, 3, 64, 64)
    assert size(encoder, decoder) == 28_392_903


@pytest.mark.parametrize("skip", tuple(SKIPS))
@pytest.mark.parametrize("pixels", [32, 64])
def test_scenes_of_several_sizes(skip, pixels):
    model, x = scene(skip=skip), torch.rand(2, 3, pixels, pixels)
    z = model.encode(x)
    assert z["code"].shape == (2, 30, pixels // 16, pixels // 16)
    if skip != "none":
        channels = 16 if skip == "carried" else 9
        assert z["skip"].shape == (2, channels, pixels // 4, pixels // 4)
    prediction = model.transform(SO3().sample(2), x)
    assert prediction.shape == x.shape
    assert prediction.min() >= 0
    assert prediction.max() <= 1


def test_the_compact_scene_model_has_about_a_million_parameters():
    widths = (16, 32, 64, 104, 144)
    for skip in SKIPS:
        assert size(scene(code="72x0 + 24x1", skip=skip, widths=widths)) == pytest.approx(
            1e6, rel=0.1
        )


@pytest.mark.parametrize("skip", tuple(SKIPS))
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(
    ("group", "code"), [(SO3(), "9x0 + 7x1"), (Cyclic(24), "10x0 + 10x1")], ids=str
)
def test_a_skip_is_part_of_a_group_action(group, code, skip, dtype):
    action = scene(group, skip, code).action
    check_action(action, dtype=dtype).raise_if_failed()


@pytest.mark.parametrize("skip", tuple(SKIPS))
def test_the_laws_hold_on_codes_of_the_shapes_of_pictures(skip):
    """A skip stands at its own resolution, and is acted on with the code."""
    model = scene(skip=skip)
    elements = sample_elements(SO3(), torch.float64)[:3]
    z = model.encode(torch.rand(9, 3, 32, 32))
    z = {name: torch.randn(part.shape, dtype=torch.float64) for name, part in z.items()}
    check_action(model.action, elements=elements, latent=z).raise_if_failed()


@pytest.mark.parametrize("skip", tuple(SKIPS))
def test_predictions_obey_the_group(skip):
    """``D(gh . E x)`` is reached in two moves; a full turn in 24 steps is none."""
    G = Cyclic(24)
    x = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    model = settled(scene(G, skip, "10x0 + 10x1"), x)
    g, h = torch.tensor([[5, 23], [22, 1]])
    with torch.no_grad():
        z = model.encode(x)
        twice = model.decode(model.action(g, model.action(h, z)))
        torch.testing.assert_close(model.transform(G.compose(g, h), x), twice)
        torch.testing.assert_close(model.transform(G.identity(2), x), model.decode(z))
        orbit = model.orbit(x, torch.arange(25) % 24)
        torch.testing.assert_close(orbit[:, 24], orbit[:, 0])
        torch.testing.assert_close(orbit[0, 5], model.transform(g[:1], x[:1])[0])
    assert (orbit[:, 1] - orbit[:, 0]).abs().max() > 1e-3


def test_what_an_acted_skip_adds():
    """With a carried skip only the code varies, with an acted one both do."""
    x, g = torch.rand(2, 3, 32, 32), SO3().sample(2)
    for skip, moves in (("carried", False), ("acted", True)):
        model = scene(skip=skip)
        z = model.encode(x)
        moved = model.action(g, z)
        assert torch.equal(moved["skip"], z["skip"]) != moves
        assert ("skip" in model.action.varying(z)) == moves
        torch.testing.assert_close(moved["code"][:, :9], z["code"][:, :9])


def test_attention_is_that_of_its_equation():
    x, skip = torch.randn(2, 5, 3, 3), torch.randn(2, 5, 4, 4)
    read = AttentionSkip(5, 5)(x, skip)
    scores = torch.einsum("ncq,nck->nqk", x.flatten(2), skip.flatten(2)) / math.sqrt(5)
    wanted = torch.einsum("nqk,nck->ncq", scores.softmax(-1), skip.flatten(2))
    torch.testing.assert_close(read.flatten(2), wanted)
    assert size(AttentionSkip(5, 5)) == 0
    assert AttentionSkip(5, 2)(x, skip[:, :2]).shape == (2, 2, 3, 3)


def test_brain_predictions_obey_the_group():
    G = Affine()
    x, (g, h) = torch.rand(2, 1, 64, 64, dtype=torch.float64), G.sample(2, 2, dtype=torch.float64)
    model = settled(brain(), x)
    with torch.no_grad():
        twice = model.decode(model.action(g, model.action(h, model.encode(x))))
        torch.testing.assert_close(model.transform(G.compose(g, h), x), twice)
        assert (twice - model.transform(g, x)).abs().max() > 1e-3
    check_action(model.action).raise_if_failed()


def _batch(group, x):
    return PairBatch(x, group.sample(len(x)), x.flip(0))


@pytest.mark.parametrize(
    ("model", "channels"),
    [
        *((scene(skip=skip), 3) for skip in SKIPS),
        (brain(), 1),
    ],
    ids=(*SKIPS, "brain"),
)
def test_every_parameter_learns(model, channels):
    x = torch.rand(2, channels, 32, 32)
    terms = model.loss(_batch(model.action.group, x))
    loss = sum(terms.values())
    assert torch.isfinite(loss)
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("skip", ["carried", "acted"])
def test_one_batch_of_scenes_is_overfitted(skip):
    """Return pictures unlike x1 and each other, known only by g: the code must carry them."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = scene(SO2(), skip, "10x0 + 10x1")
    coarse = torch.rand(2, 4, 3, 4, 4, generator=generator)
    x1, x2 = (nn.functional.interpolate(x, size=(32, 32)) for x in coarse)
    batch = PairBatch(x1, SO2().sample(4, generator=generator), x2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        loss = model.loss(batch)["reconstruction"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.2 * (x1 - x2).square().mean()


def config(representation, *, widths=WIDTHS, skips=()):
    return ModelConfig("paper_scene", representation, {"mse": 1.0}, widths, skips=skips)


@pytest.mark.parametrize(
    ("skips", "words"),
    [
        ((), r"^PartsAction\(code: ChannelAction\(SO\(3\), 9x0 \+ 7x1\)\)$"),
        (("",), r"9x0 \+ 7x1\)\)$"),
        (("16x0",), "skip: carried"),
        (("4x0 + 2x1",), r"skip: ChannelAction\(SO\(3\), 4x0 \+ 2x1\)"),
    ],
)
def test_the_scene_backbone_reads_its_skip(skips, words):
    parts = get_backbone("paper_scene")(SO3(), (3, 32, 32), config("9x0 + 7x1", skips=skips))
    assert re.search(words, repr(parts[2]))
    assert LatentActionAE(*parts).transform(SO3().sample(1), torch.rand(1, 3, 32, 32)).ndim == 4


def test_the_brain_backbone_reads_its_channels():
    *_, action = get_backbone("paper_brain")(Affine(), (1, 96, 96), config("16x0 + 48xaffine"))
    assert (int(action.invariant_mask.sum()), action.size, action.axis) == (16, 64, -3)


PAPER = {"rho": SO3().rep("9x0 + 7x1"), "widths": WIDTHS}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: PaperBrainEncoder()(torch.zeros(1, 1, 28, 28)), "H, W.*multiples of 32, got .*28"),
        (lambda: PaperBrainEncoder()(torch.zeros(1, 3, 96, 96)), r"\(n, 1, H, W\)"),
        (lambda: PaperBrainDecoder()(torch.zeros(1, 8, 3, 3)), r"z of shape \(\*batch, 64, _, _\)"),
        (lambda: PaperSceneEncoder(widths=(8, 8)), "PaperSceneEncoder: expected five widths"),
        (lambda: PaperSceneDecoder(widths=(8, 8)), "PaperSceneDecoder: expected five widths"),
        (
            lambda: PaperSceneEncoder(widths=WIDTHS)(torch.zeros(1, 3, 28, 28)),
            "sides multiples of 16, got",
        ),
        (
            lambda: PaperSceneDecoder(widths=WIDTHS)({"code": torch.zeros(1, 30, 2, 2)}),
            r"a dict with the parts \['code', 'skip'\], got \['code'\]",
        ),
        (
            lambda: PaperSceneDecoder(widths=WIDTHS, skip_channels=0)(
                {"code": torch.zeros(1, 31, 2, 2)}
            ),
            r"code of shape \(\*batch, 30, _, _\)",
        ),
        (
            lambda: paper_scene_parts(**PAPER, skip="taken"),
            "skip to be one of none, carried, acted",
        ),
        (lambda: paper_scene_parts(**PAPER, skip="acted"), "skip_rho for skip='acted'"),
        (
            lambda: paper_scene_parts(**PAPER, skip_rho=SO3().rep("1x1")),
            "skip_rho for skip='acted' and for no other, got skip='carried', skip_rho=1x1",
        ),
        (
            lambda: paper_scene_parts(SO3().rep("9x0 + 8x1")),
            r"degree 1020, got 9x0 \+ 8x1 of degree 33; the last width",
        ),
        (
            lambda: get_backbone("paper_scene")(
                SO3(), (3, 32, 32), config("9x0 + 7x1", skips=("1x1", "1x1"))
            ),
            "backbone 'paper_scene': expected one skip at most",
        ),
        (
            lambda: get_backbone("paper_scene")(
                SO3(), (3, 32, 32), config("9x0 + 7x1", skips=("8x0",))
            ),
            "a carried skip as wide as the feature it is, '16x0', got '8x0'",
        ),
        (
            lambda: get_backbone("paper_scene")(SO3(), (3, 32), config("9x0 + 7x1")),
            "'paper_scene': expected pict",
        ),
        (
            lambda: get_backbone("paper_brain")(Affine(), (1, 96, 96), config("8x0 + 8xstd")),
            "a representation such as '32x0 \\+ 32xaffine', got '8x0 \\+ 8xstd'",
        ),
        (lambda: get_backbone("paper_brain")(Affine(), (1, 96, 96), config("8x0")), "varying >= 1"),
        (
            lambda: get_backbone("paper_brain")(SO2(), (1, 96, 96), config("8x0 + 8xaffine")),
            r"the group Aff\+\(1\), got SO\(2\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_published_widths_divide_by_the_planes_and_spaces_acted_on():
    assert PAPER_SCENE_WIDTHS[-1] % 6 == 0
