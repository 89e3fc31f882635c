"""Closing of figures after each test, for matplotlib warns of more than 20 open ones."""

import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")
