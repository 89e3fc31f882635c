"""Splits of the benchmark: training sees what is allowed and no more, and tests ask all else."""

import math

import pytest
import torch

from groupae import SO2, OrbitPairs, RecordedPairs, Translation
from groupae.data import rotate
from groupae.experiments.bench import BenchTask, choose_tasks, get_split
from groupae.experiments.bench.splits import SPLITS
from groupae.experiments.bench.splits.compose import WalkEnds
from groupae.groups import O2, Cyclic


def _task(split, dataset="rotated-digits"):
    return BenchTask(dataset, split, 1.0, size="tiny", count=20)


def _degrees(g):
    return torch.rad2deg(SO2().distance(g, torch.tensor(0.0)))


@pytest.mark.parametrize("most", [15, 45])
def test_training_and_validation_see_small_steps_only(most):
    task = _task(f"steps-{most}")
    for pairs in (task.train(0).batch(0, 100), task.validation()):
        assert float(_degrees(pairs.g).max()) <= most + 0.1
    inside = [h.condition.value for h in task.conditions() if h.condition.is_inside]
    assert max(inside) == most


def test_angles_asked_are_those_of_the_pairs():
    for held_out in _task("steps-45").conditions():
        assert torch.allclose(
            _degrees(held_out.pairs.g), torch.tensor(held_out.condition.value), atol=0.1
        )
        moved = rotate(held_out.pairs.g, held_out.pairs.x1)
        assert float((moved - held_out.pairs.x2).square().mean()) < 0.01


def test_a_wedge_is_all_that_training_sees():
    """Digits are upright in the middle, so that poses are those of the views themselves."""
    split = get_split("wedge")
    line = torch.zeros(8, 1, 9, 9)
    line[:, :, :5, 4] = 1  # a hand at twelve o'clock
    data = OrbitPairs(line, SO2(), rotate)
    pairs = split.train(data, 0).batch(0, 8)
    assert float(_pointing(torch.cat([pairs.x1, pairs.x2])).abs().max()) < 50
    asked = {h.condition.value: h for h in split.conditions(lambda part: data, 8)}
    assert asked[90].condition.is_inside is False
    assert asked[45].condition.is_inside is True
    for value in (0, 60, 120, 180):
        assert torch.allclose(
            _pointing(asked[value].pairs.x2).abs(), torch.tensor(float(value)), atol=6
        )
        assert float(_pointing(asked[value].pairs.x1).abs().max()) < 50


def _pointing(x):
    """Return the angle of a hand from twelve o'clock, in degrees."""
    axis = torch.arange(9.0) - 4
    mass = x[:, 0]
    down, right = ((mass * axis[:, None]).sum((1, 2)), (mass * axis).sum((1, 2)))
    return torch.rad2deg(torch.atan2(right, -down))


def test_few_originals_are_drawn_by_the_seed():
    task = _task("few-10")
    first, again, other = (task.train(seed) for seed in (0, 0, 1))
    assert len(first) == 10
    assert torch.equal(first.originals, again.originals)
    assert not torch.equal(first.originals, other.originals)
    assert len(_task("few-1000").train(0)) == 100  # all that there are


@pytest.mark.parametrize("split", ["whole", "steps-45", "wedge", "few-10"])
def test_seeds_draw_other_pairs(split):
    """Intervals over seeds are over all that is drawn, not over weights alone."""
    first, again, other = (_task(split).train(seed).batch(0, 5) for seed in (0, 0, 1))
    assert torch.equal(first.x1, again.x1)
    assert torch.equal(first.g, again.g)
    assert not torch.equal(first.g, other.g)
    assert torch.equal(_task(split).validation().x1, _task(split).validation().x1)


def test_steps_of_a_walk_compose_to_its_ends():
    walks = WalkEnds(O2(), 0.3, 7)
    ends, steps = walks(2, 6), walks.steps(6)
    product = ends[0]
    for step in steps:
        product = O2().compose(step, product)
    assert torch.allclose(product, ends[1], atol=1e-5)
    for held_out in _task("compose-15").conditions():
        if held_out.steps is not None:
            total = held_out.steps.sum(0)
            off = SO2().distance(total, held_out.pairs.g)
            assert float(off.max()) < 1e-3
            assert float(_degrees(held_out.steps).max()) <= 15.1


def test_grid_and_between():
    asked = {h.condition.name: h.pairs.g for h in _task("between").conditions()}
    spacing = math.radians(15)
    rest = {name: torch.remainder(g / spacing + 1e-3, 1) for name, g in asked.items()}
    assert float(rest["0 deg off"].max()) < 0.01
    assert torch.allclose(rest["7.5 deg off"], torch.tensor(0.5), atol=0.01)


class _WithFactors(OrbitPairs):
    factor_names = ("labels", "sizes")
    per_original = ("sizes",)

    def __init__(self):
        labels = torch.arange(120) % 6
        super().__init__(torch.rand(120, 1, 4, 4), SO2(), rotate, labels=labels)
        self.sizes = torch.arange(120) // 6 % 4


def test_combinations_held_out_are_never_seen():
    split, data = get_split("combination"), _WithFactors()
    seen = split.train(data, 0)
    validation = split.restrict(data)
    trained = {*zip(seen.labels.tolist(), seen.sizes.tolist(), strict=True)}
    asked = {h.condition.name: h for h in split.conditions(lambda part: data, 200)}
    new = asked["combinations never seen"]
    assert len(new.pairs) == 30
    assert not new.condition.is_inside
    held_out = {(a, b) for a in range(6) for b in range(4)} - trained
    assert len(held_out) == 6
    assert not held_out & {*zip(validation.labels.tolist(), validation.sizes.tolist(), strict=True)}
    # each factor of a combination held out was seen, with another
    assert {a for a, _ in held_out} <= {a for a, _ in trained}
    assert {b for _, b in held_out} <= {b for _, b in trained}
    kept = asked["combinations seen"].pairs
    originals = {tuple(x.flatten().tolist()) for x in seen.originals}
    assert len(kept) == len(data) - 30 - len(seen)
    assert len(originals) == len(seen)


class _Letters(OrbitPairs):
    """One picture per letter and font, but for the last font, which repeats the first."""

    factor_names = ("labels", "fonts")
    per_original = ("fonts",)

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        pictures = torch.rand(6, 4, 1, 8, 8, generator=generator)
        pictures = torch.cat([pictures, torch.rot90(pictures[:, :1], 1, (3, 4))], 1)
        labels = torch.arange(6).repeat_interleave(5)
        super().__init__(pictures.flatten(0, 1), SO2(), rotate, labels=labels)
        self.fonts = torch.arange(5).repeat(6)


def test_pictures_that_coincide_with_one_held_out_are_not_trained_on():
    split, data = get_split("combination"), _Letters()
    seen = split.train(data, 0)
    trained = {*zip(seen.labels.tolist(), seen.fonts.tolist(), strict=True)}
    twins = {(a, b) for a in range(6) for b in (0, 4)}
    assert not {(a, 4 - b) for a, b in twins if (a + b) % 4 == 0} & trained
    assert {(a, b) for a in range(6) for b in (1, 2, 3) if (a + b) % 4} <= trained


def test_a_combination_with_one_original_is_not_asked_as_seen():
    data = _Letters()
    asked = get_split("combination").conditions(lambda part: data, 200)
    assert [held_out.condition.name for held_out in asked] == ["combinations never seen"]


def test_seen_combinations_are_trained_on_by_other_originals():
    split, data = get_split("combination"), _WithFactors()
    data = data.subset(torch.arange(0, 120, 2))
    seen = split.train(data, 0)
    trained = {*zip(seen.labels.tolist(), seen.sizes.tolist(), strict=True)}
    everything = {*zip(data.labels.tolist(), data.sizes.tolist(), strict=True)}
    assert trained == {(a, b) for a, b in everything if (a + b) % 4}


def test_more_originals_than_there_are_are_refused():
    assert choose_tasks("rotated-digits", "few-100", 1.0, size="tiny")
    with pytest.raises(ValueError, match="few-101: its training part has 100 originals"):
        choose_tasks("rotated-digits", "few-101", 1.0, size="tiny")


class _Symmetric(OrbitPairs):
    per_original = ("symmetry_orders",)

    def __init__(self):
        super().__init__(torch.rand(9, 1, 4, 4), SO2(), rotate)
        self.symmetry_orders = torch.tensor([1, 2, 1, 4, 1, 2, 1, 1, 1])


def test_symmetric_asks_by_order():
    asked = list(get_split("symmetric").conditions(lambda part: _Symmetric(), 100))
    assert [(h.condition.name, len(h.pairs)) for h in asked] == [
        ("no symmetry", 6),
        ("order 2", 2),
        ("order 4", 1),
    ]
    assert asked[1].orders.tolist() == [2, 2]


def test_originals_asked_are_not_those_trained_on():
    task = _task("steps-45")
    test, train = (task.load(part).originals.flatten(1) for part in ("test", "train"))
    assert not set(map(tuple, test.tolist())) & set(map(tuple, train.tolist()))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("step", "split"),
        ("steps-0", "above 0 and at most 180"),
        ("steps-x", "steps-NUMBER"),
        ("whole-3", "the split whole"),
        ("few-2.5", "whole number"),
        ("wedge-100", "at most 99"),
        ("compose-nan", "above 0"),
    ],
)
def test_unknown_splits_are_refused(name, message):
    with pytest.raises(ValueError, match=message):
        get_split(name)


@pytest.mark.parametrize(
    ("split", "message"),
    [("symmetric", "no known symmetry"), ("combination", "no two factors")],
)
def test_a_split_that_a_set_cannot_have_is_refused(split, message):
    with pytest.raises(ValueError, match=f"expected a split that rotated-digits can.*{message}"):
        choose_tasks("rotated-digits", split, 1.0, size="tiny")


def test_recorded_views_cannot_be_restricted():
    recorded = RecordedPairs(torch.zeros(3, 4, 1, 2, 2).numpy(), torch.arange(4), Cyclic(4))
    with pytest.raises(ValueError, match="its views are recorded"):
        get_split("steps-45").check("turntable", recorded)
    get_split("few-2").check("turntable", recorded)


@pytest.mark.parametrize("split", ["steps-45", "wedge", "between", "compose-15"])
def test_groups_without_angles_have_no_splits_by_angle(split):
    zoomed = OrbitPairs(torch.zeros(3, 2), Translation(2), lambda g, x: x + g)
    with pytest.raises(ValueError, match="has no angles"):
        get_split(split).check("zoomed", zoomed)


def test_every_split_states_its_question():
    for keyword in SPLITS:
        split = get_split(keyword)
        assert split.name.startswith(keyword)
        assert split.question
