"""Memory kept between steps: thresholds of glibc, and a switch that leaves them alone."""

import ctypes

import pytest

from groupae.training.kept_memory import kept_memory


class _Libc:
    def __init__(self):
        self.calls = []

    def mallopt(self, threshold, size):
        self.calls.append((threshold, size))
        return int(size <= 2**25 or threshold == -1)

    def malloc_trim(self, pad):
        self.calls.append("trim")


def test_thresholds_are_raised_and_free_memory_is_given_back(monkeypatch):
    libc = _Libc()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
    with pytest.raises(KeyError), kept_memory():
        {}["missing"]
    assert libc.calls == [(-3, 2**30), (-3, 2**25), (-1, 2**30), "trim"]


def test_it_can_be_left_out(monkeypatch):
    monkeypatch.setenv("GROUPAE_KEEP_MEMORY", "0")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("libc was asked"))
    with kept_memory():
        pass


def test_another_libc_does_without(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    with kept_memory():
        pass
