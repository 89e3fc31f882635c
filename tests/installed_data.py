"""Marks that skip a test of a data set inside a package that is not installed."""

import pytest

from groupae.experiments.datasets.registry import DATASETS


def needs_packages(name):
    """Return the mark that skips a test of a data set whose package is not installed."""
    missing = DATASETS[name].missing_packages if name in DATASETS else ()
    return pytest.mark.skipif(bool(missing), reason=f"{name} needs {', '.join(missing)}")


def if_installed(names):
    """Return parameters, names or tuples that begin with a name, with marks to skip by."""
    rows = [name if isinstance(name, tuple) else (name,) for name in names]
    return [pytest.param(*row, marks=needs_packages(row[0])) for row in rows]
