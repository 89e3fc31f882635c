"""Variables of OpenMP: set before torch is loaded, never in place of those of the user."""

import os
import platform
import subprocess
import sys

import pytest

from groupae._cores import Cores
from groupae._waiting import set_up_threads

ALL = Cores(8, 8)
OURS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "MALLOC_", "GLIBC_", "LD_PRELOAD")
ON_GLIBC = platform.libc_ver()[0] == "glibc"


def chosen(variables, cores=ALL, loaded=()):
    environ = dict(variables)
    names = set_up_threads(environ, cores=cores, loaded=loaded)
    assert {k: environ[k] for k in variables} == variables
    assert set(environ) == {*variables, *names}
    return {name: environ[name] for name in names}


def test_threads_spin_for_microseconds_while_they_wait():
    assert chosen({}) == {"GOMP_SPINCOUNT": "10000"}


@pytest.mark.parametrize("name", ["OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"])
def test_the_waiting_policy_of_the_user_stays(name):
    assert chosen({name: "7"}) == {}


@pytest.mark.parametrize(
    ("cores", "threads"),
    [(Cores(8, 8, 1.0), "1"), (Cores(8, 8, 2.6), "3"), (Cores(8, 2, 4.0), None), (ALL, None)],
)
def test_as_many_threads_as_a_quota_grants(cores, threads):
    assert chosen({}, cores).get("OMP_NUM_THREADS") == threads


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_the_number_of_threads_of_the_user_stays(name):
    assert chosen({name: "4"}, Cores(8, 8, 1.0)) == {"GOMP_SPINCOUNT": "10000"}


def test_nothing_is_set_once_torch_has_read_the_variables():
    assert chosen({}, Cores(8, 8, 1.0), loaded=("sys", "torch")) == {}


def info(variables=()):
    """Return the lines of ``groupae info`` in a new process."""
    free = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    command = [sys.executable, "-m", "groupae", "info"]
    environ = {**free, **dict(variables)}
    out = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
    return dict(line.split(maxsplit=1) for line in out.splitlines())


def test_info_tells_what_the_command_has_chosen():
    lines = info()
    assert lines["cores"].startswith(f"{Cores.of_process().allowed} of {os.cpu_count()}")
    assert lines["threads"] == str(Cores.of_process().usable)
    assert lines["waiting"].startswith("awake for microseconds")
    assert lines["memory"].startswith("up to 1 GiB" if ON_GLIBC else "freed as")


def test_info_tells_what_the_user_has_chosen():
    lines = info({"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "5", "MALLOC_TRIM_THRESHOLD_": "9"})
    assert lines["memory"] == "freed as the allocator does"
    assert lines["threads"] == "1"
    assert lines["waiting"] == "GOMP_SPINCOUNT=5, as set by the user"
