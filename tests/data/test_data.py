"""Data: keyed randomness, true pairs."""

import pytest
import torch

from groupae import SO2, Cyclic, OrbitPairs, RotatedDigits
from groupae.data import keyed_generator, rotate


def test_a_batch_is_a_function_of_seed_and_step():
    one, again = RotatedDigits("train", seed=3), RotatedDigits("train", seed=3)
    other = RotatedDigits("train", seed=4)
    one.batch(0, 64)  # asking for another batch changes nothing
    first, second = one.batch(17, 64), again.batch(17, 64)
    assert torch.equal(first.x1, second.x1)
    assert torch.equal(first.g, second.g)
    assert not torch.equal(first.x1, other.batch(17, 64).x1)
    assert not torch.equal(first.g, one.batch(18, 64).g)


def test_every_epoch_visits_each_original_once():
    source = OrbitPairs(torch.arange(10.0)[:, None], Cyclic(1), lambda g, x: x, seed=0)
    visited = torch.cat([source.batch(step, 3).x1 for step in range(10)]).flatten()
    for epoch in visited.split(10):
        assert sorted(epoch.tolist()) == list(range(10))
    assert visited[:10].tolist() != visited[10:20].tolist()


def test_fixed_pairs_are_fixed():
    a, b = RotatedDigits("test").fixed(), RotatedDigits("test").fixed()
    assert torch.equal(a.x1, b.x1)
    assert torch.equal(a.g, b.g)
    assert float(a.g.double().sum()) == pytest.approx(float(b.g.double().sum()))


def test_keys_are_independent_streams():
    drawn = [torch.rand(4, generator=keyed_generator(*key)) for key in ((0,), (1,), (0, 0), (0, 1))]
    assert len({tuple(values.tolist()) for values in drawn}) == 4
    again = torch.rand(4, generator=keyed_generator(0, 1))
    assert torch.equal(again, drawn[3])


def test_batches_move_index_and_split():
    batch = RotatedDigits("validation").fixed()
    assert [len(part) for part in batch.chunks(200)] == [200, 200, 100]
    assert batch[:3].label.shape == (3,)
    assert batch.to("cpu").x2.device.type == "cpu"


def test_a_user_can_make_pairs_of_any_action():
    group = Cyclic(4)

    def quarter_turns(j, x):
        return torch.stack([torch.rot90(p, int(k), (-2, -1)) for k, p in zip(j, x, strict=True)])

    batch = OrbitPairs(torch.rand(6, 1, 5, 5), group, quarter_turns).batch(2, 4)
    assert torch.equal(quarter_turns(batch.g, batch.x1), batch.x2)


def test_no_pictures_are_refused():
    with pytest.raises(ValueError, match="at least one original"):
        OrbitPairs(torch.zeros(0, 1, 4, 4), SO2(), rotate)
