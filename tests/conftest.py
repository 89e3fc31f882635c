"""One thread a process: two 2-thread processes on two cores collapse. Every test draws alike."""

import contextlib
import importlib.metadata
import os

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings

import groupae.cli
from groupae.cli.main import main
from groupae.kernels.dispatch import forced_path

groupae.cli.main = main  # the first import of the module of that name puts it in its place
mpl.use("Agg")
torch.set_num_threads(1)
settings.register_profile("groupae", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("groupae")


@pytest.fixture(autouse=True, scope="session")
def _on_the_plain_way():
    """``GROUPAE_TEST_WAY=plain`` takes the plain way of the kernels in all tests."""
    way = os.environ.get("GROUPAE_TEST_WAY", "")
    assert way in ("", "plain"), way
    with forced_path(fast=False) if way else contextlib.nullcontext():
        yield


PACKAGES = {"objects": "pybullet", "Objects": "pybullet"}
"""Packages that data sets are read from, by the name that tests are parametrized by."""


@pytest.fixture(autouse=True)
def _skip_without_package(request):
    """Skip the tests of a data set whose package is missing, among those of all data sets."""
    if not hasattr(request.node, "callspec"):
        return
    for value in request.node.callspec.params.values():
        name = getattr(value, "__name__", value)
        if isinstance(name, str) and name in PACKAGES:
            try:
                importlib.metadata.distribution(PACKAGES[name])
            except importlib.metadata.PackageNotFoundError:
                pytest.skip(f"wants {PACKAGES[name]}")


@pytest.fixture(autouse=True)
def _seeded():
    """What a test draws without a generator does not depend on the tests before it."""
    torch.manual_seed(0)
