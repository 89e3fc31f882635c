"""Properties of every data set: true pairs, keyed randomness, trajectories, masks."""

import math

import numpy as np
import pytest
import torch

from groupae import O2, O3, SO2, SO3, Affine, Cyclic, OrbitPairs, PairBatch
from groupae.data import FolderPairs, OrbitDataset, RecordedPairs, Resized, orbit_pairs
from groupae.data.keys import epoch_order, keyed_generator, split_indices
from groupae.groups.registry import example_groups

GROUPS = example_groups()


def elements_that_move(group, n=7, seed=0):
    """Return pairs whose data are elements of the group, moved by multiplication."""
    originals = group.sample(n, generator=torch.Generator().manual_seed(2), dtype=torch.float64)

    def sample(*batch, generator):
        return group.sample(*batch, generator=generator, dtype=torch.float64)

    labels = torch.arange(n) % 3
    return OrbitPairs(originals, group, group.compose, sample=sample, labels=labels, seed=seed)


def recorded(n=6, m=5, seed=0, **options):
    """Return pairs of pictures that hold their original (first pixel) and their view (second)."""
    pictures = np.zeros((n, m, 1, 2, 9), dtype=np.uint8)
    pictures[..., 0, 0] = np.arange(n)[:, None, None]
    pictures[..., 0, 1] = np.arange(m)[None, :, None]
    return RecordedPairs(pictures, torch.arange(m), Cyclic(m), seed=seed, **options)


def origin(x):
    return (x[..., 0, 0, 0] * 255).round().long()


def view(x):
    return (x[..., 0, 0, 1] * 255).round().long()


def square_waves(n=9, seed=0):
    """Return pairs of pictures with masks, with a frame that stays the same per original."""

    def act(j, scenes):
        return torch.stack([s.roll(int(k), -1) for k, s in zip(j, scenes, strict=True)])

    def show(scenes, generator):
        frame = torch.rand(1, scenes.shape[1], 1, 3, 4, generator=generator)
        return scenes[:, :, :1] + frame

    scenes = torch.zeros(n, 2, 3, 4)
    scenes[:, :, :, 0] = 1
    return OrbitPairs(
        scenes, Cyclic(4), act, show=show, mask=lambda s: s[:, :, 1:] > 0.5, seed=seed
    )


SOURCES = {
    "action": lambda seed=0: elements_that_move(SO3(), seed=seed),
    "recorded": lambda seed=0: recorded(seed=seed),
    "masked": lambda seed=0: square_waves(seed=seed),
}


@pytest.fixture(params=SOURCES, ids=str)
def make(request):
    return SOURCES[request.param]


# --- pairs and trajectories are true -----------------------------------------------------------
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_g_carries_the_first_to_the_second(group):
    for batch in (elements_that_move(group).batch(3, 16), elements_that_move(group).fixed()):
        assert bool(group.equal(group.compose(batch.g, batch.x1), batch.x2, 1e-6).all())


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_trajectories_are_chains(group):
    chains = elements_that_move(group).trajectories(step=1, size=5, length=4)
    assert chains.x.shape == (5, 5, *group.element_shape)
    assert chains.g.shape == (5, 4, *group.element_shape)
    assert chains.label.shape == (5,)
    reached = chains.x[:, 0]
    for t in range(4):
        reached = group.compose(chains.g[:, t], reached)
        assert bool(group.equal(reached, chains.x[:, t + 1], 1e-5).all())


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_moves_lead_from_the_first_view_and_steps_from_one_to_the_next(group):
    views = elements_that_move(group).views(torch.arange(6), 4, keyed_generator(3))
    moves, steps = views.moves(group), views.steps(group)
    assert moves.shape == (6, 4, *group.element_shape)
    assert steps.shape == (3, 6, *group.element_shape)
    reached = group.compose(moves, views.x[:1].transpose(0, 1).expand_as(moves))
    assert bool(group.equal(reached, views.x.transpose(0, 1), 1e-5).all())
    for t in range(3):
        one_on = group.compose(steps[t], moves[:, t])
        assert bool(group.equal(one_on, moves[:, t + 1], 1e-5).all())


def test_many_scenes_are_moved_in_parts_and_each_alone(monkeypatch):
    whole = elements_that_move(SO3(), n=20).fixed()
    monkeypatch.setattr(orbit_pairs, "_CHUNK", 7)
    asked = []

    def act(g, x):
        asked.append(len(g))
        return SO3().compose(g, x)

    source = elements_that_move(SO3(), n=20)
    source.act = act
    assert same(source.fixed(), whole)
    assert asked == [7, 7, 7, 7, 7, 5]


def test_recorded_pairs_are_two_different_views_of_one_original():
    source = recorded()
    for step in range(10):
        batch = source.batch(step, 4)
        assert torch.equal(origin(batch.x1), origin(batch.x2))
        assert torch.equal((view(batch.x1) + batch.g) % 5, view(batch.x2))
        assert (batch.g != 0).all()


def test_all_recorded_pairs_are_equally_likely():
    seen = recorded().views(torch.zeros(20_000, dtype=torch.int64), 2, keyed_generator(5))
    joint = (seen.g[0] * 5 + seen.g[1]).bincount(minlength=25)
    assert (joint > 0).sum() == 20
    assert (joint[joint > 0] / 1000 - 1).abs().max() < 0.15


def test_more_recorded_views_than_there_are_start_anew():
    seen = recorded().views(torch.arange(6), 12, keyed_generator(1))
    for chosen in seen.g.T:
        assert sorted(chosen[:5].tolist()) == sorted(chosen[5:10].tolist()) == list(range(5))


def test_equal_draws_have_one_order_on_every_machine(monkeypatch):
    """Without ``stable=True`` the order of equal numbers depends on the CPU."""
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.zeros(shape))
    seen = recorded(m=24).views(torch.arange(3), 24, keyed_generator(0))
    assert torch.equal(seen.g, torch.arange(24)[:, None].expand(24, 3))


def test_what_is_drawn_to_show_is_the_same_for_all_views_of_an_original():
    batch = square_waves().fixed()
    first, second = (x - (x >= 1).float() for x in (batch.x1, batch.x2))  # without what moves
    torch.testing.assert_close(first, second)
    assert len(first.flatten(1).unique(dim=0)) == len(batch)


# --- masks -------------------------------------------------------------------------------------
def test_the_mask_of_a_pair_is_that_of_the_second_picture():
    batch = square_waves().batch(0, 30)
    assert batch.mask.dtype == torch.bool
    assert batch.mask.shape == (30, 1, 3, 4)
    assert torch.equal(batch.mask, batch.x2 >= 1)
    assert not torch.equal(batch.mask, batch.x1 >= 1)


def test_recorded_masks_are_unpacked_beside_their_pictures():
    masks = torch.rand(6, 5, 2, 9, generator=torch.Generator().manual_seed(0)) > 0.5
    source = recorded(masks=np.packbits(masks.numpy(), axis=-1))
    batch = source.batch(0, 24)
    assert batch.mask.shape == (24, 1, 2, 9)
    assert torch.equal(batch.mask[:, 0], masks[origin(batch.x2), view(batch.x2)])


def test_batches_keep_what_belongs_together():
    n = torch.arange(5)
    x = n.view(5, 1, 1, 1).float()
    batch = PairBatch(x, n, -x, n, (n % 2 == 0).view(5, 1, 1, 1))
    chunks = list(batch.chunks(2))
    assert [len(part) for part in chunks] == [2, 2, 1]
    for part in (*chunks, batch[torch.tensor([4, 0, 3])], batch.to("cpu")):
        assert torch.equal(part.x1.flatten().long(), part.g)
        assert torch.equal(-part.x2, part.x1)
        assert torch.equal(part.label, part.g)
        assert torch.equal(part.mask.flatten(), part.g % 2 == 0)
    bare = PairBatch(x, n, x)
    assert bare[:2].mask is bare[:2].label is bare.to("cpu").mask is None


# --- randomness is keyed -----------------------------------------------------------------------
def same(a, b):
    return torch.equal(a.x1, b.x1) and torch.equal(a.g, b.g) and torch.equal(a.x2, b.x2)


def test_a_batch_is_a_function_of_seed_and_step(make):
    one, again, other = make(3), make(3), make(4)
    one.batch(0, 32)  # asking for another batch changes nothing
    one.fixed()
    assert same(one.batch(17, 32), again.batch(17, 32))
    assert not same(one.batch(17, 32), other.batch(17, 32))
    assert not torch.equal(one.batch(17, 32).g, one.batch(18, 32).g)


def test_fixed_pairs_are_fixed_and_one_an_original(make):
    source = make()
    assert same(source.fixed(), make().fixed())
    assert len(source.fixed()) == len(source)
    rounds = source.fixed(3 * len(source))
    assert len(rounds) == 3 * len(source)
    assert not torch.equal(rounds.g[: len(source)], rounds.g[len(source) : 2 * len(source)])


def test_few_fixed_pairs_are_of_originals_spread_evenly():
    source = elements_that_move(SO2(), n=8)
    source.labels = torch.arange(8)
    assert source.fixed(4).label.tolist() == [0, 2, 4, 6]
    assert source.fixed(8).label.tolist() == list(range(8))
    assert source.fixed(11).label.tolist() == [*range(8), 0, 1, 2]


def test_batches_fixed_pairs_and_trajectories_draw_apart():
    source = elements_that_move(SO2(), n=8)
    chains = source.trajectories(0, 8, 1)
    drawn = [source.batch(0, 8).g, source.fixed().g, chains.g[:, 0]]
    assert len({tuple(sorted(g.tolist())) for g in drawn}) == 3


def test_the_global_random_state_is_left_alone(make):
    # numpy's global state is touched on purpose: it is what must not change
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - the global state is what must not change
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - as above
    source = make()
    source.batch(0, 4)
    source.fixed()
    source.trajectories(0, 3, 2)
    source.orbit(torch.arange(2), 3)
    assert torch.equal(torch.get_rng_state(), before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002 - as above


def test_every_epoch_visits_each_original_once():
    source = recorded(n=10)
    visited = torch.cat([origin(source.batch(step, 3).x1) for step in range(10)])
    epochs = visited.split(10)
    assert [sorted(epoch.tolist()) for epoch in epochs] == [list(range(10))] * 3
    assert len({tuple(epoch.tolist()) for epoch in epochs}) == 3


def test_a_batch_may_be_larger_than_the_set():
    visited = origin(recorded(n=4).batch(0, 10).x1)
    assert sorted(visited[:4].tolist()) == sorted(visited[4:8].tolist()) == list(range(4))


def test_keys_are_independent_streams():
    drawn = [torch.rand(4, generator=keyed_generator(*key)) for key in ((0,), (1,), (0, 0), (0, 1))]
    assert len({tuple(values.tolist()) for values in drawn}) == 4
    assert torch.equal(torch.rand(4, generator=keyed_generator(0, 1)), drawn[3])


def test_keyed_numbers_are_the_same_on_every_machine():
    drawn = torch.randint(10**6, (4,), generator=keyed_generator(2024, 7))
    assert drawn.tolist() == [944919, 334593, 194501, 56259]
    assert epoch_order(7, 0, 7, 1, 2).tolist() == [5, 6, 4, 3, 0, 1, 2]


def test_parts_of_a_split_are_disjoint_and_complete():
    parts = split_indices(20, (12, 3, 5), 9)
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(20))
    assert all(torch.equal(part, part.sort().values) for part in parts)
    assert not torch.equal(split_indices(20, (12, 3, 5), 8)[0], parts[0])


# --- orbits for pictures -----------------------------------------------------------------------
def test_an_orbit_goes_once_round():
    views = elements_that_move(SO2()).orbit(torch.arange(3), 8)
    assert views.x.shape == views.g.shape == (8, 3)
    steps = views.steps(SO2())
    torch.testing.assert_close(steps, torch.full_like(steps, 2 * math.pi / 8))
    assert float(views.g[0].abs().max()) == 0


def test_an_orbit_under_a_finite_group_goes_through_its_elements():
    views = elements_that_move(Cyclic(6)).orbit(torch.arange(2), 6)
    assert torch.equal(views.g[:, 0], torch.arange(6))


@pytest.mark.parametrize("group", [O2(), O3()], ids=str)
def test_an_orbit_goes_round_on_both_sides_of_a_mirror(group):
    g = elements_that_move(group).orbit(torch.arange(1), 12).g[:, 0]
    assert torch.linalg.det(g).round().tolist() == [1] * 6 + [-1] * 6
    both_halves = group.compose(group.inverse(g[:-1]), g[1:])[[0, 6]]
    assert bool(torch.linalg.det(both_halves).sub(1).abs().max() < 1e-5)
    assert len({tuple(each.round(decimals=3).flatten().tolist()) for each in g}) == 12
    few = elements_that_move(group).orbit(torch.arange(1), 4).g[:, 0]
    assert torch.linalg.det(few).round().tolist() == [1] * 4


def test_an_orbit_under_a_group_without_end_comes_back():
    g = elements_that_move(Affine()).orbit(torch.arange(1), 12).g[:, 0]
    assert torch.equal(g[0], Affine().identity())
    assert float(g[:, 0].log().abs().max()) == pytest.approx(1)
    torch.testing.assert_close(g[6], g[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(g[1:3], g[[5, 4]], atol=1e-5, rtol=0)


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_orbits_start_where_the_originals_are(group):
    source = elements_that_move(group)
    views = source.orbit(torch.tensor([2, 0]), 5)
    assert views.g.shape == (5, 2, *group.element_shape)
    assert bool(group.equal(views.g[0], group.identity(2, dtype=views.g.dtype), 1e-5).all())
    moved = group.compose(views.g, source.originals[[2, 0]].to(views.g.dtype).expand_as(views.g))
    assert bool(group.equal(moved, views.x.to(moved.dtype), 1e-4).all())


def test_recorded_orbits_are_spread_in_the_order_of_recording():
    source = recorded(rows=torch.tensor([4, 1]))
    views = source.orbit(torch.tensor([0, 1]), 3)
    assert view(views.x).T.tolist() == [[0, 1, 3]] * 2
    assert origin(views.x)[0].tolist() == [4, 1]


# --- recorded views ----------------------------------------------------------------------------
def test_views_may_be_mapped_from_a_file(tmp_path):
    kept = recorded()
    np.save(tmp_path / "views.npy", kept.pictures)
    mapped = np.load(tmp_path / "views.npy", mmap_mode="r")
    again = RecordedPairs(mapped, torch.arange(5), Cyclic(5))
    assert same(kept.batch(4, 16), again.batch(4, 16))


def test_elements_may_differ_between_originals():
    elements = torch.stack([torch.arange(5), torch.arange(5).flip(0)])
    for rows, back, there in ((None, 1, 0), (torch.tensor([1, 0]), 0, 1)):
        source = RecordedPairs(recorded(n=2).pictures, elements, Cyclic(5), rows=rows)
        views = source.views(torch.tensor([back, there]), 3, keyed_generator(0))
        assert torch.equal(views.g[:, 0], 4 - view(views.x)[:, 0])
        assert torch.equal(views.g[:, 1], view(views.x)[:, 1])


def act_not(g, x):
    del g
    return x


PICTURES = np.zeros((3, 4, 1, 2, 9), dtype=np.uint8)
FOUR = torch.arange(4)
REFUSED = [
    (lambda: recorded(n=0), "RecordedPairs: expected at least one original, got none"),
    (
        lambda: recorded(seed=-1),
        "RecordedPairs: expected seed to be an integer of at least 0, got -1",
    ),
    (lambda: recorded(seed=1.5), "seed to be an integer of at least 0, got 1.5"),
    (lambda: recorded(rows=torch.tensor([0, 6])), "expected rows from 0 to 5, got 0 to 6"),
    (lambda: recorded().batch(-1, 2), "step to be an integer of at least 0, got -1"),
    (lambda: recorded().batch(0, 0), "RecordedPairs: expected size to be an integer of at least 1"),
    (lambda: recorded().trajectories(0, 0, 2), "size to be an integer of at least 1, got 0"),
    (lambda: recorded().orbit(FOUR, 0), "RecordedPairs: expected count to be an integer of at lea"),
    (
        lambda: square_waves().orbit(FOUR, 0),
        "OrbitPairs: expected count to be an integer of at lea",
    ),
    (
        lambda: list(square_waves().fixed().chunks(-1)),
        "size to be an integer of at least 1, got -1",
    ),
    (lambda: split_indices(5, (4, 2), 0), r"expected parts of at most 5 in all, got \(4, 2\)"),
    (
        lambda: RecordedPairs(PICTURES, FOUR + 1, Cyclic(4)),
        r"elements of C\(4\), got 1 that are none",
    ),
    (
        lambda: RecordedPairs(PICTURES, 2 * torch.eye(3).expand(3, 4, 3, 3), SO3()),
        r"elements of SO\(3\), got 12 that are none",
    ),
    (
        lambda: RecordedPairs(PICTURES, FOUR, Cyclic(4), masks=PICTURES[..., 0, :, :2] > 0),
        r"packed uint8 masks of shape \(3, 4, 2, 2\), got bool \(3, 4, 2, 2\); pack them with",
    ),
    (lambda: recorded(m=1), "at least two views of each original, got 1"),
    (lambda: recorded(labels=FOUR), r"labels of shape \(6,\), one per original, got \(4,\)"),
    (
        lambda: RecordedPairs(PICTURES[0], FOUR, Cyclic(4)),
        r"\(n, m, C, H, W\), such as uint8, got uint8 \(4, 1",
    ),
    (
        lambda: RecordedPairs(PICTURES * 1j, FOUR, Cyclic(4)),
        "pictures as real numbers of shape .* got complex128",
    ),
    (lambda: RecordedPairs(PICTURES, FOUR[:3], Cyclic(4)), r"\(4, \*\(\)\), got \(3,\)"),
    (lambda: RecordedPairs(PICTURES, FOUR.float(), SO3()), r"elements of shape .* got \(4,\)"),
    (
        lambda: RecordedPairs(PICTURES, FOUR, Cyclic(4), masks=PICTURES[:, :, 0]),
        r"packed uint8 masks of shape \(3, 4, 2, 2\), got uint8 \(3, 4, 2, 9\)",
    ),
    (
        lambda: OrbitPairs(torch.zeros(0, 3), SO2(), lambda g, x: x),
        "OrbitPairs: expected at least one original, got none",
    ),
    (
        lambda: OrbitPairs(torch.zeros(2, 3), SO2(), lambda g, x: x, labels=torch.zeros(3)),
        r"labels of shape \(2,\), one per original, got \(3,\)",
    ),
    (
        lambda: OrbitPairs(torch.zeros(2, 3), SO2(), lambda g, x: x[:1]).fixed(),
        r"act to return shape \(4, ...\), got \(1, 3\)",
    ),
    (
        lambda: OrbitPairs(torch.zeros(2, 3), SO2(), act_not, show=lambda s, _: s[0]).fixed(),
        r"show to return shape \(2, 2, ...\), got \(2, 3\)",
    ),
    (
        lambda: OrbitPairs(torch.zeros(2, 3), SO2(), act_not, mask=lambda s: s > 0).fixed(),
        r"mask to return shape \(2, 2, 1, ...\), got \(2, 2, 3\)",
    ),
    (lambda: recorded().trajectories(0, 3, 0), "length to be an integer of at least 1, got 0"),
    (lambda: recorded().fixed(0), "count to be an integer of at least 1, got 0"),
]


def test_bytes_may_become_numbers_when_they_are_shown():
    stored = torch.full((2, 3), 51, dtype=torch.uint8)
    pairs = OrbitPairs(stored, SO2(), act_not, show=lambda s, _: s.float() / 255)
    assert torch.equal(pairs.fixed().x1, torch.full((2, 3), 0.2))


@pytest.mark.parametrize("rows", [[4, 1], np.array([4, 1]), torch.tensor([4, 1]).byte()])
def test_rows_are_any_integers(rows):
    assert origin(recorded(rows=rows).fixed().x1).tolist() == [4, 1]


@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 2)])
def test_samples_of_another_shape_get_one_sentence(shape):
    pairs = OrbitPairs(
        torch.zeros(6, 3), SO2(), lambda g, x: x, sample=lambda m, n, generator: torch.zeros(shape)
    )
    with pytest.raises(ValueError, match=r"OrbitPairs: expected sample to return shape \(2, 6\)"):
        pairs.fixed()


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "f2", "f4", "f8"])
def test_recorded_pictures_of_any_depth_keep_their_values(dtype):
    """A4: by the rule of files, integers by the largest of their depth and floats as they are."""
    drawn = np.random.default_rng(0).normal(size=(3, 4, 1, 2, 9)) * 9000
    pictures = drawn.astype(dtype) if dtype[0] in "if" else abs(drawn).astype(dtype)
    seen = RecordedPairs(pictures, FOUR, Cyclic(4)).orbit(torch.arange(3), 4).x
    assert seen.dtype == torch.float32
    white = 1 if dtype[0] == "f" else np.iinfo(dtype).max
    wanted = torch.from_numpy(pictures.astype("f8") / white).transpose(0, 1)
    torch.testing.assert_close(seen.double(), wanted, atol=0, rtol=1e-6)


@pytest.mark.parametrize(("call", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_cannot_be_is_refused(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: OrbitPairs(np.zeros((2, 3)), SO2(), act_not),
            r"OrbitPairs: expected originals as a tensor .*, got ndarray; convert an array with",
        ),
        (
            lambda: OrbitPairs(torch.tensor(1.0), SO2(), act_not),
            "originals as a tensor .*, got a number",
        ),
        (
            lambda: OrbitPairs(torch.zeros(2, 3), SO2(), lambda g, x: None).fixed(),
            "OrbitPairs: expected act to return a tensor, got NoneType",
        ),
        (
            lambda: recorded(labels=[0] * 6),
            "RecordedPairs: expected labels to be a tensor, got list",
        ),
        (
            lambda: OrbitPairs(torch.zeros(2, 3, dtype=torch.uint8), SO2(), act_not),
            r"OrbitPairs: expected originals of a floating dtype, got torch.uint8; divide bytes by",
        ),
        (
            lambda: OrbitPairs(torch.zeros(2, 3) > 0, SO2(), act_not),
            "OrbitPairs: expected originals of a floating dtype, got torch.bool; x.float",
        ),
        (
            lambda: OrbitPairs(
                torch.zeros(2, 3, dtype=torch.uint8), SO2(), act_not, show=lambda s, _: s
            ).fixed(),
            "OrbitPairs: expected observations of a floating dtype, got torch.uint8; divide bytes",
        ),
        (
            lambda: RecordedPairs(torch.zeros(3, 4, 1, 2, 9), FOUR, Cyclic(4)),
            r"pictures as an array of numpy, got Tensor; convert a tensor with \.numpy\(\)",
        ),
        (
            lambda: RecordedPairs(PICTURES, FOUR.float(), Cyclic(4)),
            r"RecordedPairs: expected elements of an integer dtype, got torch.float32; .*\.long",
        ),
        (
            lambda: RecordedPairs(PICTURES.astype(np.int64), FOUR, Cyclic(4)),
            r"RecordedPairs: expected integers of the .* own depth, got int64; .*astype\(np\.uint8",
        ),
        (
            lambda: recorded(rows=torch.arange(6) > 2),
            r"RecordedPairs: expected rows as integers .*, got torch.bool \(6,\); .*nonzero\(\)",
        ),
        (
            lambda: recorded(rows=torch.tensor([0.0, 1.0])),
            r"RecordedPairs: expected rows as integers .*, got torch.float32 \(2,\)",
        ),
    ],
    ids=range(12),
)
def test_what_is_of_another_kind_is_refused(call, sentence):
    with pytest.raises(TypeError, match=sentence):
        call()


def test_a_data_set_stands_in_the_file_of_its_name():
    kinds = (FolderPairs, OrbitDataset, OrbitPairs, RecordedPairs, Resized)
    files = [kind.__module__.rpartition(".")[2] for kind in kinds]
    assert files == ["folder_pairs", "orbit_dataset", "orbit_pairs", "recorded_pairs", "resized"]
