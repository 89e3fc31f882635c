"""Data do not depend on torch settings of the process."""

import pickle

import pytest
import torch

from groupae.data import (
    BlockedDigits,
    BrainContrast,
    Molecules,
    PointClouds,
    RotatedDigits,
    Series,
    SkyPlanes,
    Turntable,
)
from groupae.experiments.datasets.fixed_settings import fixed_settings

PICTURES = (RotatedDigits, BlockedDigits, BrainContrast, Turntable, SkyPlanes)
SETS = (*PICTURES, PointClouds, Molecules, Series)


@pytest.fixture
def unusual():
    """Set float64 and two threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(threads)


def made(dataset, folder, monkeypatch):
    """Return all tensors of a batch, of fixed pairs, of trajectories and of an orbit."""
    monkeypatch.setenv("GROUPAE_CACHE", str(folder))
    source = dataset("test", size="tiny")
    batch, fixed, chains = source.batch(2, 9), source.fixed(), source.trajectories(1, 3, 2)
    orbit = source.orbit(torch.arange(2), 4)
    pairs = [part for b in (batch, fixed) for part in (b.x1, b.g, b.x2, b.mask)]
    return [*pairs, chains.x, chains.g, orbit.x, orbit.g, orbit.mask]


@pytest.fixture
def usual(request, tmp_path, monkeypatch):
    return made(request.param, tmp_path / "usual", monkeypatch)


@pytest.mark.parametrize(("usual", "dataset"), [(s, s) for s in SETS], indirect=["usual"])
def test_data_are_the_same_whatever_is_set(usual, dataset, unusual, tmp_path, monkeypatch):
    again = made(dataset, tmp_path / "unusual", monkeypatch)
    for one, other in zip(usual, again, strict=True):
        if one is None:
            assert other is None
        else:
            assert one.dtype == other.dtype
            assert torch.equal(one, other)
    assert torch.get_default_dtype() == torch.float64
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("dataset", SETS)
def test_data_sets_can_be_sent_to_other_processes(dataset, tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    source = dataset("test", size="tiny")
    again = pickle.loads(pickle.dumps(source))
    assert torch.equal(source.batch(1, 4).x2, again.batch(1, 4).x2)
    index = torch.arange(2)
    assert torch.equal(source.orbit(index, 3).x, again.orbit(index, 3).x)


def test_settings_come_back_after_an_error(unusual):
    @fixed_settings()
    def fail():
        assert torch.get_default_dtype() == torch.float32
        assert torch.get_num_threads() == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert torch.get_default_dtype() == torch.float64
    assert torch.get_num_threads() == 2


def test_contexts_that_overlap_leave_nothing_behind(unusual):
    one, other = fixed_settings(), fixed_settings()
    one.__enter__()
    other.__enter__()
    one.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    other.__exit__(None, None, None)
    assert torch.get_num_threads() == 2
    assert torch.get_default_dtype() == torch.float64
