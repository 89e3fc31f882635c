"""Optional libraries that are missing: the sentence says what to type, and that works."""

import re
import sys
from pathlib import Path

import pytest

from groupae.interop.escnn import group_from_escnn

ROOT = Path(__file__).parents[2]


def test_escnn_is_installed_by_two_commands(monkeypatch):
    """B7: its own requirements want Fortran, so an extra that names it ends among compilers."""
    monkeypatch.setitem(sys.modules, "escnn", None)
    monkeypatch.delitem(sys.modules, "escnn.group", raising=False)
    with pytest.raises(ModuleNotFoundError, match="escnn to be installed") as caught:
        group_from_escnn(None)
    extra, library = re.findall(r"pip install [^,]+", str(caught.value))
    assert extra == "pip install 'groupae[escnn]'"
    assert library == "pip install --no-deps escnn"


def test_the_extra_for_escnn_has_all_that_it_needs_but_what_is_built_with_fortran():
    [line] = re.findall(r"^escnn = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.M)
    names = re.findall(r'"([\w-]+)', line)
    assert names == ["autograd", "joblib", "lie-learn", "numpy", "pymanopt", "scipy"]
    pinned = (ROOT / "constraints-escnn.txt").read_text()
    assert all(f"\n{name}==" in pinned for name in [*names, "escnn"])
