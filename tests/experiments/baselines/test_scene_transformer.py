"""Scene representation transformer: elements enter only by the camera; it learns."""

import pytest
import torch

from groupae import SO2, SO3, Cyclic, PairBatch
from groupae.experiments.baselines import SceneTransformer
from groupae.experiments.baselines.scene_transformer import camera_rays, fourier_features
from groupae.models import TransformModel

COMPACT = {"widths": (16, 32), "layers": 1, "query_layers": 1, "heads": 2}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_order_of_tokens_says_nothing():
    model = SceneTransformer(SO3(), (3, 16, 16), **COMPACT)
    assert model.encode(torch.rand(2, 3, 16, 16, generator=generator())).shape == (2, 16, 32)
    tokens = torch.randn(2, 16, 32, generator=generator(1))
    rays = model.rays.expand(2, -1, -1, -1)
    shuffled = tokens[:, torch.randperm(16, generator=generator())]
    colors = model.decode(tokens, rays)
    torch.testing.assert_close(model.decode(shuffled, rays), colors, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(model.decode(tokens.roll(1, 0), rays), colors, atol=1e-2)


def test_it_can_be_made_in_another_precision():
    torch.set_default_dtype(torch.float64)
    try:
        model = SceneTransformer(SO3(), (3, 16, 16), **COMPACT)
    finally:
        torch.set_default_dtype(torch.float32)
    x = torch.rand(2, 3, 16, 16, generator=generator(), dtype=torch.float64)
    stay = SO3().identity(2, dtype=torch.float64)
    assert model.transform(stay, x).dtype == torch.float64
    assert model.loss(PairBatch(x, stay, x))["reconstruction"].dtype == torch.float64


@pytest.mark.parametrize("group", [SO3(), Cyclic(24)])
def test_an_element_moves_the_camera_and_nothing_else(group):
    model = SceneTransformer(group, (3, 16, 16), elevation_deg=20, **COMPACT)
    x = torch.rand(3, 3, 16, 16, generator=generator())
    g = group.sample(3, generator=generator(1))
    colors = model.decode(model.encode(x), model.turned(g, model.rays))
    wanted = colors.mT.unflatten(2, (16, 16))
    torch.testing.assert_close(model.transform(g, x), wanted)
    still = model.turned(group.identity(3), model.rays)
    torch.testing.assert_close(still, model.rays.expand_as(still))


def test_a_turned_ray_meets_the_still_scene_where_a_ray_meets_the_turned_one():
    model = SceneTransformer(SO3(), (3, 16, 16), elevation_deg=20, **COMPACT)
    g, h = SO3().sample(2, 4, generator=generator())
    R = model.turns(g)
    moved = (R[:, None] @ model.turned(g, model.rays).flatten(1, 2)[..., None]).squeeze(-1)
    rays = model.rays.flatten(0, 1).expand_as(moved)
    torch.testing.assert_close(moved, rays, atol=1e-6, rtol=1e-6)
    both = model.turned(SO3().compose(g, h), model.rays)
    torch.testing.assert_close(both, model.turned(h, model.turned(g, model.rays)))


def test_features_are_sines_and_cosines_at_doubled_frequencies():
    x = torch.tensor([0.3, -0.2], dtype=torch.float64)
    features = fourier_features(x, 2, 4.0)
    angle = torch.cat([x, 2 * x]) * (torch.pi / 2)
    torch.testing.assert_close(features, torch.cat([x, angle.sin(), angle.cos()]))


def test_rays_start_at_the_camera_and_fan_out():
    rays = camera_rays(2, reach=1.0)
    torch.testing.assert_close(rays[:, 1].norm(dim=-1), torch.ones(4))
    torch.testing.assert_close(rays[0, 1], torch.tensor([-0.5, 0.5, -1.0]) / 1.5**0.5)
    assert torch.equal(rays[:, 0], torch.tensor([0.0, 0.0, 1.0]).expand(4, 3))


def test_training_asks_for_every_pixel_in_turn():
    model = SceneTransformer(SO3(), (1, 8, 8), stride=2, **COMPACT)
    asked = [model._pixels(4)]
    assert torch.equal(asked[0].flatten().sort().values, torch.arange(64))
    batch = PairBatch(torch.zeros(2, 1, 8, 8), SO3().identity(2), torch.zeros(2, 1, 8, 8))
    for _ in range(3):
        model.loss(batch)
        asked.append(model._pixels(4))
    assert torch.equal(torch.cat([part[0] for part in asked]).sort().values, torch.arange(64))
    model.eval().loss(batch)
    assert torch.equal(model._pixels(4), asked[-1])


@pytest.mark.parametrize("stride", [1, 2])
def test_the_term_is_the_error_in_both_directions_and_reaches_every_weight(stride):
    model = SceneTransformer(Cyclic(24), (3, 16, 16), elevation_deg=30, stride=stride, **COMPACT)
    assert isinstance(model, TransformModel)
    x = torch.rand(2, 2, 3, 16, 16, generator=generator())
    batch = PairBatch(x[0], torch.tensor([3, 20]), x[1])
    pixels = model._pixels(4)
    loss = model.loss(batch)["reconstruction"]
    there, back = model.transform(batch.g, x[0]), model.transform(-batch.g % 24, x[1])
    errors = (torch.cat([there, back]) - torch.cat([x[1], x[0]])).square().flatten(2).mean(1)
    torch.testing.assert_close(loss, errors.gather(1, pixels).mean())
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in model.parameters())
    gs = torch.tensor([[0, 1, 2], [3, 4, 5]])
    orbit = model.orbit(x[0], gs)
    torch.testing.assert_close(orbit[1, 2:], model.transform(torch.tensor([5]), x[0, 1:]))


def test_large_pictures_are_decoded_in_parts():
    model = SceneTransformer(SO3(), (3, 64, 64), widths=(8, 16, 32), layers=1, heads=2)
    x = torch.rand(2, 3, 64, 64, generator=generator())
    g = SO3().sample(1, generator=generator())
    whole = model.decode(model.encode(x), model.turned(g.expand(2, 3, 3), model.rays))
    wanted = whole.mT.unflatten(2, (64, 64))
    torch.testing.assert_close(model.transform(g[0], x), wanted, atol=1e-5, rtol=1e-5)


def test_a_batch_is_learned():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SceneTransformer(SO3(), (3, 8, 8), **COMPACT)
    x = torch.rand(2, 4, 3, 4, 4, generator=generator())
    x = torch.nn.functional.interpolate(x.flatten(0, 1), scale_factor=2).unflatten(0, (2, 4))
    batch = PairBatch(x[0], SO3().sample(4, generator=generator(1)), x[1])
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    for _ in range(200):
        optimizer.zero_grad()
        sum(model.loss(batch).values()).backward()
        optimizer.step()
    error = (model.transform(batch.g, x[0]) - x[1]).square().mean()
    assert error < 0.5 * x[1].var()


def test_capabilities():
    obstacle = SceneTransformer.capabilities.obstacle
    assert obstacle(SO3(), has_data_action=False) is None
    assert obstacle(SO2(), has_data_action=True) == "takes SO(3) and C(24), not SO(2)"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: SceneTransformer(SO2(), (1, 28, 28)), "SceneTransformer: expected SO\\(3\\) or a"),
        (lambda: SceneTransformer(SO3(), (3, 32, 16)), "square pictures .*got \\(3, 32, 16\\)"),
        (lambda: SceneTransformer(SO3(), (3, 30, 30)), "a multiple of the patch, 4, .*got 30"),
        (lambda: SceneTransformer(SO3(), (3, 32, 32), stride=0), "stride to be an integer of at"),
        (lambda: SceneTransformer(SO3(), (3, 32, 32), stride=3), "and of stride 3, got 32"),
        (lambda: SceneTransformer(SO3(), (3, 32, 32), heads=3), "a multiple of 3 heads, got"),
        (
            lambda: SceneTransformer(SO3(), (3, 8, 8)).encode(torch.zeros(1, 3, 9, 9)),
            r"x of shape \(n, 3, 8, 8\), got \(1, 3, 9, 9\)",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call()
