"""Files inside installed packages: found without an import, refused where they differ."""

import hashlib
import sys

import pytest

from groupae.experiments.datasets.originals.packaged import packaged_file

CONTENT = b"1 2\n3 4\n"
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def outlines(tmp_path, monkeypatch):
    """Install a package `outlines` 3.1 that fails when imported, with one file of data."""
    package, metadata = tmp_path / "outlines", tmp_path / "outlines-3.1.dist-info"
    package.mkdir()
    metadata.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "cells.txt").write_bytes(CONTENT)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: outlines\nVersion: 3.1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return package


def test_a_file_is_found_without_an_import(outlines):
    file = packaged_file("Cells", "outlines", "outlines/cells.txt", SUM, extra="cells")
    assert file.read_bytes() == CONTENT
    assert file.parent == outlines
    assert "outlines" not in sys.modules


def test_a_release_may_have_another_known_sum(outlines):
    sums = ("0" * 64, SUM)
    assert packaged_file("Cells", "outlines", "outlines/cells.txt", sums, extra=None).is_file()


def test_another_sum_is_refused_and_both_are_named(outlines):
    (outlines / "cells.txt").write_bytes(b"5 6\n")
    other = hashlib.sha256(b"5 6\n").hexdigest()
    message = f"Cells: expected outlines/cells.txt .* {SUM}, got {other} in outlines 3.1; install"
    with pytest.raises(ValueError, match=message):
        packaged_file("Cells", "outlines", "outlines/cells.txt", SUM, extra="cells")


@pytest.mark.parametrize(
    ("extra", "remedy"),
    [
        ("cells", r"pip install 'groupae\[cells\]', or its files alone: pip install --no-deps abc"),
        (None, "got no such package; pip install --no-deps abc$"),
    ],
)
def test_a_missing_package_is_named_with_its_pip_line(extra, remedy):
    with pytest.raises(ModuleNotFoundError, match=remedy) as caught:
        packaged_file("Cells", "abc", "abc/cells.txt", SUM, extra=extra)
    assert caught.value.name == "abc"


def test_a_release_without_the_file_is_named(outlines):
    with pytest.raises(
        ModuleNotFoundError, match=r"contain outlines/no.txt, got outlines 3.1 with"
    ):
        packaged_file("Cells", "outlines", "outlines/no.txt", SUM, extra=None)
