"""What must hold of the project's own files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = tuple(sorted(ROOT.glob("examples/plot_*.py")))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_has_no_plumbing(path):
    text = path.read_text()
    assert len(text.splitlines()) < 60
    for plumbing in ("argparse", "class ", "def ", "for epoch", ".backward("):
        assert plumbing not in text


def test_the_embedded_data_keep_their_notice():
    notice = (ROOT / "groupae/data/assets/NOTICE.md").read_text()
    for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"):
        assert name in notice


def test_versions_agree():
    import groupae

    declared = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared[1] == groupae.__version__
    assert f"version: {groupae.__version__}" in (ROOT / "CITATION.cff").read_text()
