"""Probes on features that hold the class or the pose, partly or not at all."""

import importlib
import math

import pytest
import torch

from groupae import O2, SO2, SO3, Affine, Cyclic, ShapeError, get_group
from groupae.metrics.leakage import class_skill, element_leakage

pytest.importorskip("sklearn")
GROUPS = (SO2(), SO3(), O2(), Cyclic(5), get_group("s(4)"), SO2() * Cyclic(3), Affine())
N = 400


def poses(group, n=N):
    draw = torch.Generator().manual_seed(2)
    return (group.sample(n, generator=draw, dtype=torch.float64) for _ in range(2))


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_an_element_is_read_from_poses_and_not_from_invariants(group):
    g, pose = poses(group)
    item = torch.randn(N, 4, dtype=torch.float64)
    clean = element_leakage(group, g, item, item)
    assert clean.shape == (N,)
    assert -0.1 < clean.mean() < 0.03
    matrices = [group.standard().matrix(h).flatten(1) for h in (pose, group.compose(g, pose))]
    y1, y2 = (torch.cat([item, matrix], 1) for matrix in matrices)
    leak = element_leakage(group, g, y1, y2).mean()
    if group.is_compact:
        assert leak > 0.85
    else:
        assert leak > 0.3  # a quotient of two poses is no polynomial


def test_elements_that_depend_on_the_item_do_not_count():
    item = torch.randn(N, 3)
    g = (2 * item[:, 0]).atan2(torch.ones(N))
    assert element_leakage(SO2(), g, item, item).mean() < 0.1


def test_a_small_leak_is_found_between_none_and_all():
    g, pose = poses(SO2())
    y1, y2 = (torch.stack([a.cos(), a.sin()], 1) for a in (pose, pose + g))
    leaks = [
        float(element_leakage(SO2(), g, *(y + s * torch.randn_like(y) for y in (y1, y2))).mean())
        for s in (0.1, 0.7, 5)
    ]
    assert leaks[0] > 0.9
    assert 0.1 < leaks[1] < 0.8
    assert abs(leaks[2]) < 0.1


def test_constant_features_leak_nothing_and_know_no_class():
    y, g = torch.full((60, 3), 2.5), SO2().sample(60)
    assert element_leakage(SO2(), g, y, y).mean() == pytest.approx(0, abs=0.05)
    assert class_skill(y, y, torch.arange(60) % 3).mean() == pytest.approx(0, abs=1e-9)


def test_classes_are_read_from_features_that_hold_them():
    label = torch.arange(300) % 3
    y = torch.eye(3)[label] + 0.05 * torch.randn(300, 3)
    assert class_skill(y, y, label).mean() == 1
    noise = torch.randn(300, 3)
    assert abs(class_skill(noise, noise, label).mean()) < 0.15
    shuffled = label[torch.randperm(300)]
    assert abs(class_skill(y, y, shuffled).mean()) < 0.15


def test_a_rare_class_counts_as_much_as_a_common_one():
    label = (torch.arange(200) < 20).long()
    y = torch.randn(200, 2)
    skill = class_skill(y, y, label)  # all are called common: one class of two
    assert skill.mean() == pytest.approx(0, abs=0.05)


def test_two_gaussians_have_the_skill_of_their_overlap():
    label = torch.arange(4000) % 2
    y = (2.0 * label - 1)[:, None] + torch.randn(4000, 1)
    best = math.erf(1 / math.sqrt(2))  # 2 Phi(1) - 1
    assert class_skill(y, y, label).mean() == pytest.approx(best, abs=0.03)


def test_both_data_of_a_pair_are_in_one_fold():
    """Features that name the pair do not help: labels are noise."""
    label, y = torch.randint(2, (100,)), torch.eye(100)
    assert class_skill(y, y, label).mean() < 0.2


def test_bad_features_are_refused():
    g, y, label = SO2().sample(20), torch.randn(20, 2), torch.arange(20) % 2
    with pytest.raises(ShapeError, match="at least one feature"):
        element_leakage(SO2(), g, y[:, :0], y[:, :0])
    with pytest.raises(ValueError, match="finite features"):
        class_skill(y / 0, y, label)
    with pytest.raises(ValueError, match="at least two classes"):
        class_skill(y, y, 0 * label)
    with pytest.raises(ValueError, match="at least 5 pairs of each class"):
        class_skill(y, y, torch.arange(20))
    with pytest.raises(ShapeError, match="one label for each"):
        class_skill(y, y, label[:3])
    with pytest.raises(ShapeError, match="at least 10 pairs"):
        element_leakage(SO2(), g[:4], y[:4], y[:4])


def test_scikit_learn_is_named_where_it_is_missing(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImportError, match="scikit-learn for probes"):
        class_skill(torch.randn(20, 2), torch.randn(20, 2), torch.arange(20) % 2)
