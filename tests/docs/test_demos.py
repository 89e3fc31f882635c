"""The directive ``demo`` shows a page that turns pictures, or a still picture where none can be."""

from pathlib import Path

import pytest

pytest.importorskip("sphinx")
pytest.importorskip("furo")
import demos
from sphinx.application import Sphinx

from groupae.demo import RuntimeMissingError

PAGE = """Demos
=====

.. demo:: blocked-digits
    :title: Digits "behind" a square

    A still orbit.

.. demo:: turntable
    :title: Views

    Still views.
"""


@pytest.fixture
def build(tmp_path):
    def run(**overrides):
        source = tmp_path / "source"
        source.mkdir()
        (source / "index.rst").write_text(PAGE)
        out = tmp_path / "out"
        options = {"extensions": ["demos", "gallery_option"], **overrides}
        folders = (source, None, out, tmp_path / "doctrees")
        app = Sphinx(*folders, "html", confoverrides=options, status=None, warning=None)
        app.build()
        return out, (out / "index.html").read_text()

    return run


@pytest.fixture(autouse=True)
def gallery_option(tmp_path, monkeypatch):
    """Stand for sphinx-gallery, which declares ``plot_gallery``."""
    text = "def setup(app): app.add_config_value('plot_gallery', True, '', [bool, str])"
    (tmp_path / "gallery_option.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.fixture
def written(monkeypatch):
    """Stand for ``groupae demo``, which takes half a minute, and return what was written."""
    names = []

    def write_one(name, folder):
        names.append(name)
        folder.mkdir(parents=True)
        (folder / "index.html").write_text('<!doctype html>\n<html lang="en">')
        (folder / "runtime.js").write_text("a runtime")

    monkeypatch.setattr(demos, "find_runtime", lambda: None)
    monkeypatch.setattr(demos, "_write_one", write_one)
    return names


def test_the_page_frames_the_demos_which_share_a_runtime(build, written):
    out, text = build()
    assert sorted(written) == ["blocked-digits", "turntable"]
    for name in written:
        folder = out / "demos" / name
        assert f'<iframe src="demos/{name}/index.html?compact"' in text
        assert f'<a href="demos/{name}/index.html">' in text
        assert not (folder / "runtime.js").exists()
        assert (
            '<html data-runtime="../runtime.js" lang="en">' in (folder / "index.html").read_text()
        )
    assert (out / "demos" / "runtime.js").read_text() == "a runtime"
    assert 'title="Digits &quot;behind&quot; a square" loading="lazy"' in text
    assert "A still orbit." not in text


def test_without_a_runtime_the_still_picture_is_shown_and_the_build_says_so(
    build, written, monkeypatch
):
    def find():
        raise RuntimeMissingError("groupae demo: expected to download, got no network")

    monkeypatch.setattr(demos, "find_runtime", find)
    said = []
    monkeypatch.setattr(demos.LOGGER, "info", lambda text, *args: said.append(text % args))
    out, text = build()
    assert "A still orbit." in text
    assert "iframe" not in text
    assert written == []
    assert not (out / "demos").exists()
    [line] = said
    assert line.startswith("demos: still pictures instead")
    assert "no network" in line


def test_the_quick_build_writes_no_demos(build, written):
    _, text = build(plot_gallery="0")
    assert "A still orbit." in text
    assert written == []


def test_a_demo_that_fails_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="expected the page of nothing, got groupae"):
        demos._write_one("nothing", tmp_path / "page")
    assert not Path(tmp_path / "page").exists()
