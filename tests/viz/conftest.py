"""Figures are closed after each test: matplotlib warns of more than 20, in whatever order."""

import pytest
from matplotlib import pyplot as plt


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")
