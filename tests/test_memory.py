"""Freed memory is kept by the command, unless the user has chosen an allocator."""

import ctypes
import os
import platform
import subprocess
import sys

import pytest

from groupae._memory import keep_freed_memory, kept_memory

CODE = """
import resource, sys
sys.argv[1] == "kept" and __import__("groupae._memory")._memory.keep_freed_memory({})
import torch
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [torch.ones(2**20) for _ in range(4)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.parametrize(
    "name", ["MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX", "GLIBC_TUNABLES", "LD_PRELOAD"]
)
def test_the_allocator_of_the_user_stays(name):
    assert keep_freed_memory({name: "1", "HOME": "/"}) is False


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_memory_that_is_kept_gives_no_page_faults():
    def faults(word):
        command = [sys.executable, "-c", CODE, word]
        environ = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "131072"}
        out = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
        return int(out.stdout)

    assert faults("kept") < 100
    assert faults("given back") > 5000  # 16 MB in pages of 4 kB, twenty times: 80000 at most


class _Libc:
    def __init__(self):
        self.calls = []

    def mallopt(self, threshold, size):
        self.calls.append((threshold, size))
        return 1

    def malloc_trim(self, pad):
        self.calls.append("trim")


@pytest.fixture
def no_choice(monkeypatch):
    for name in [n for n in os.environ if n.startswith(("MALLOC_", "GLIBC_TUN", "LD_PRELOAD"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("groupae._memory._WAS_SET", [])


@pytest.mark.usefixtures("no_choice")
class TestKeptMemory:
    def test_thresholds_are_raised_and_free_memory_is_given_back(self, monkeypatch):
        libc = _Libc()
        monkeypatch.setattr(ctypes, "CDLL", lambda name: libc)
        with pytest.raises(KeyError), kept_memory():
            {}["missing"]
        assert libc.calls == [(-3, 2**25), (-1, 2**30), "trim"]

    def test_it_can_be_left_out(self, monkeypatch):
        monkeypatch.setenv("GROUPAE_KEEP_MEMORY", "0")
        monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("libc was asked"))
        with kept_memory():
            pass

    def test_another_libc_does_without(self, monkeypatch):
        monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
        with kept_memory():
            pass
