"""What must hold of the project's own files."""

import inspect
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXAMPLES = tuple(sorted(ROOT.glob("examples/plot_*.py")))
HOUSES = ("groupae", "groupae/groups", "groupae/experiments")
FOLDERS = tuple(
    folder.parent for house in HOUSES for folder in sorted(ROOT.glob(f"{house}/*/__init__.py"))
)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_short_and_has_no_plumbing(path):
    text = path.read_text()
    assert len(text.splitlines()) < 60
    for plumbing in ("argparse", "class ", "for epoch", ".backward("):
        assert plumbing not in text
    # how a group of one's own acts on one's own data is no plumbing: that is the example
    assert text.count("def ") <= ("your_own_group" in path.name)


def test_the_page_of_examples_shows_each_once_with_a_caption():
    text = (ROOT / "docs/examples.rst").read_text()
    names = [path.stem for path in EXAMPLES]
    assert sorted(re.findall(r"figure:: gallery/images/thumb/sphx_glr_(\w+)_thumb", text)) == names
    assert sorted(re.findall(r"^        :doc:`gallery/(\w+)`\n\n        \w", text, re.M)) == names
    assert sorted(re.findall(r"^    gallery/(\w+)$", text, re.M)) == names


def test_the_api_names_every_public_package_once_and_nothing_that_moved():
    contents = yaml.safe_load((ROOT / "docs/reference/api.yaml").read_text())
    pages = [page for part in contents for page in part["pages"]]
    named = [name for page in pages for name in (*page["modules"], *page.get("workings", ()))]
    assert len(named) == len(set(named))
    paths = [ROOT.joinpath(*name.split(".")) for name in named]
    assert [p for p in paths if not p.with_suffix(".py").exists() and not p.is_dir()] == []
    public = {".".join(folder.relative_to(ROOT).parts) for folder in FOLDERS} - {"groupae.cli"}
    assert public <= set(named)


def test_the_architecture_names_every_folder():
    text = (ROOT / "docs/reference/architecture.rst").read_text()
    listed, above = set(), []
    for line in re.findall(r"^    ( *[a-z0-9_]+/)(?:  .*)?$", text, re.MULTILINE):
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [line.strip(" /")]
        listed.add(ROOT.joinpath(*above))
    assert set(FOLDERS) <= listed
    assert [folder for folder in listed if not folder.is_dir()] == []


@pytest.mark.filterwarnings("ignore:fit. expected a validation better than")  # after two steps
@pytest.mark.parametrize("page", ["docs/index.rst"])
def test_the_smallest_program_runs(page, capsys):
    text, end = (ROOT / page).read_text(), "print(model.describe())"
    program = inspect.cleandoc(text[text.index("import torch") : text.index(end)] + end)
    exec(program.replace("minutes=5", "steps=2"))
    assert "VectorAction(SO(2), 10x0 + 9x1 + 8x2 + 6x3)" in capsys.readouterr().out


def test_the_embedded_data_keep_their_notice():
    notice = (ROOT / "groupae/experiments/datasets/assets/NOTICE.md").read_text()
    for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "McConnell Brain Imaging Centre"):
        assert name in notice


def test_the_package_with_its_data_stays_small():
    """Trained models and the page of the demo have limits of their own, in their tests."""
    package = ROOT / "groupae"
    files = [path for path in package.rglob("*") if path.suffix != ".pyc"]
    others = (package / "zoo", package / "demo/page")
    own = [path for path in files if not any(other in path.parents for other in others)]
    assert sum(path.stat().st_size for path in own if path.is_file()) < 5_700_000


def test_versions_agree():
    import groupae

    declared = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared[1] == groupae.__version__
    assert f"version: {groupae.__version__}" in (ROOT / "CITATION.cff").read_text()
