"""A page holds graphs, pictures and runtime in classic scripts, and replaces nothing of others."""

import base64
import gzip
import json

import numpy as np
import pytest
import torch

from groupae import SO2, SO3, LatentActionAE, ShapeError
from groupae.demo import Facts, check_demo_folder, control_of, demo_folder, write_demo
from groupae.demo.demo_folder import _page_files
from groupae.demo.scripts import model_script
from groupae.interop.onnx import run_onnx, run_onnx_all


def read(script, name):
    """Return the value that a script sets, as the page reads it."""
    start, end = f"window.{name} = ", ";\n"
    text = script.decode("ascii")
    assert text.startswith(start)
    assert text.endswith(end)
    return json.loads(text[len(start) : -len(end)])


def unpacked(text):
    return gzip.decompress(base64.b64decode(text))


def test_a_page_has_all_that_a_browser_needs(small, package, tmp_path):
    model, x = small
    facts = Facts(title="Digits", summary="they turn", labels=["1", "7", "</script>"], split="test")
    demo = write_demo(model, x, tmp_path / "new/page", facts=facts, runtime=package)
    names = {path.name for path in demo.folder.iterdir()}
    assert names == {
        "index.html",
        "model.js",
        "runtime.js",
        "orbit.png",
        "LICENCES.txt",
        *(file.name for file in _page_files()),
    }
    size = sum(path.stat().st_size for path in demo.folder.iterdir())
    assert demo.megabytes == pytest.approx(size / 1e6)
    assert (demo.folder / "orbit.png").read_bytes()[:4] == b"\x89PNG"
    assert "Microsoft Corporation" in (demo.folder / "LICENCES.txt").read_text()

    runtime = read((demo.folder / "runtime.js").read_bytes(), "GROUPAE_RUNTIME")
    assert runtime["version"] == demo.runtime == "9.9.9"
    assert unpacked(runtime["loader"]) == b"export default 1;"
    assert unpacked(runtime["wasm"]) == b"\0asm"

    content = (demo.folder / "model.js").read_bytes()
    assert b"</" not in content
    found = read(content, "GROUPAE_MODEL")
    about = found["description"]
    assert about["pictures"] == {"count": 3, "labels": list(facts.labels), "split": "test"}
    assert (about["group"], about["x_shape"], about["code_size"]) == ("SO(2)", [1, 8, 8], 8)
    assert (about["parameters"], about["start"], len(about["orbit"]["p"])) == (1, [0.0], 12)
    assert about["orbit"]["titles"][:2] == ["0°", "30°"]
    assert about["difference"] == demo.difference

    levels = np.frombuffer(unpacked(found["pictures"]), np.uint8).reshape(3, 1, 8, 8)
    shown = torch.from_numpy(levels / np.float32(255))
    torch.testing.assert_close(shown, x, atol=0.51 / 255, rtol=0)
    graphs = {name: unpacked(text) for name, text in found["files"].items()}
    p = torch.tensor([[90.0]] * 3)
    turned = run_onnx_all(graphs["turn"], run_onnx(graphs["encode"], shown), p)[1]
    wanted = model.eval().transform(torch.full((3,), torch.pi / 2), shown)
    torch.testing.assert_close(turned, wanted, atol=2 / 255, rtol=0)


def test_drawing_makes_sense_on_small_dark_pictures_of_one_channel():
    dark = torch.zeros(2, 1, 8, 8)
    assert Facts()._is_drawing(dark, Facts._ground(dark))
    assert not Facts()._is_drawing(dark + 0.5, Facts._ground(dark + 0.5))
    assert not Facts()._is_drawing(dark.expand(2, 3, 8, 8), 0.0)
    assert not Facts()._is_drawing(torch.zeros(2, 1, 96, 96), 0.0)


def test_scripts_hold_no_numbers_that_json_lacks():
    with pytest.raises(ValueError, match="not JSON compliant"):
        model_script({"score": float("nan")}, {}, np.zeros(1, np.uint8))


# --- folders -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def graphs():
    """Graphs of a small model, which take seconds to make."""
    model = LatentActionAE.conv(SO2().rep("2x0 + 3x1"), (1, 8, 8), widths=(8,))
    return demo_folder.export_graphs(model, torch.rand(3, 1, 8, 8), demo_folder.control_of(SO2()))


@pytest.fixture
def written(tmp_path, monkeypatch, small, package, graphs):
    """A page whose graphs are made already, as are those of all later ones."""
    monkeypatch.setattr(demo_folder, "export_graphs", lambda *args, **options: graphs)
    folder = tmp_path / "page"
    write_demo(*small, folder, runtime=package)
    return folder


def test_a_page_is_replaced_only_when_asked(written, small, package):
    with pytest.raises(FileExistsError, match=r"; force \(--force\) replaces it"):
        write_demo(*small, written, runtime=package)
    (written / "index.html").write_text("changed by somebody")
    (written / "runtime.js").unlink()
    (written / ".model.js.4711.0123abcd.groupae").write_text("of a killed process")
    write_demo(*small, written, runtime=package, force=True)
    own = next(file for file in _page_files() if file.name == "index.html")
    assert (written / "index.html").read_bytes() == own.read_bytes()
    (written / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"page with thesis.tex; name another folder"):
        write_demo(*small, written, runtime=package, force=True)
    assert (written / "thesis.tex").read_text() == "years of work"


def test_a_page_that_fails_leaves_the_old_one(written, small, package, monkeypatch):
    before = {path.name: path.read_bytes() for path in written.iterdir()}

    def no_room(figure, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(demo_folder, "save_figure", no_room)
    with pytest.raises(OSError, match="No space left") as raised:
        write_demo(*small, written, runtime=package, force=True)
    assert raised.value.filename == str(written)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
    assert [path.name for path in written.parent.iterdir() if path.name[0] == "."] == []


@pytest.mark.parametrize("name", ["file", "others", "html"])
def test_folders_of_others_are_refused(name, tmp_path):
    (tmp_path / "file").write_text("")
    for folder, file in (("others", "a.txt"), ("html", "index.html")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text("")
    with pytest.raises(FileExistsError):
        check_demo_folder(tmp_path / name, force=True)
    (tmp_path / "empty").mkdir()
    assert check_demo_folder(tmp_path / "empty") == tmp_path / "empty"


@pytest.mark.parametrize(
    ("pictures", "facts", "error", "sentence"),
    [
        (torch.rand(3, 2, 128), None, ShapeError, "no outlines, points or series yet"),
        (
            torch.rand(3, 2, 8, 8),
            None,
            ShapeError,
            "(n, 1, H, W) or (n, 3, H, W), got (3, 2, 8, 8)",
        ),
        (torch.rand(1, 1, 8, 8), None, ShapeError, "2 to 64 pictures, got 1"),
        (torch.rand(3, 1, 8, 8) * 255, None, ValueError, "pictures in 0 to 1, got"),
        (torch.rand(3, 1, 8, 8), Facts(labels=["a"]), ShapeError, "one label for each of 3"),
        (torch.zeros(3, 1, 8, 8).byte(), None, TypeError, "by .float() / 255"),
        (torch.full((3, 1, 8, 8), torch.nan), None, ValueError, "finite pictures, got NaN"),
        (torch.rand(3, 1, 0, 8), None, ShapeError, "got (3, 1, 0, 8)"),
        (torch.rand(3, 1, 8, 8), Facts(range=(1, 0)), ValueError, "smaller number first, got 1 to"),
        (torch.rand(3, 1, 8, 8), "digits", TypeError, "facts as Facts(...), got 'digits'"),
        (torch.rand(3, 1, 9, 9), None, ShapeError, "x of shape (n, 1, 8, 8), got (3, 1, 9, 9)"),
    ],
)
def test_data_that_are_no_pictures_are_one_sentence(
    pictures, facts, error, sentence, small, package, tmp_path
):
    with pytest.raises(error) as raised:
        write_demo(small[0], pictures, tmp_path / "page", facts=facts, runtime=package)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "page").exists()


@pytest.mark.parametrize(
    ("control", "error", "sentence"),
    [
        ("slider", TypeError, "expected a control, such as Sliders, got 'slider'"),
        (control_of(SO3()), ShapeError, "elements of SO(2), each of shape (), got (3, 3)"),
    ],
)
def test_controls_that_do_not_fit_are_one_sentence(
    control, error, sentence, small, package, tmp_path
):
    with pytest.raises(error) as raised:
        write_demo(*small, tmp_path / "page", control=control, runtime=package)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_named_alone(small, package, tmp_path):
    with pytest.raises(OSError, match="File name too long") as raised:
        write_demo(*small, tmp_path / ("n" * 300), runtime=package)
    assert str(raised.value).endswith("nn'")  # not "-> None"


def test_other_ranges_are_shown_as_black_and_white(written, small, package):
    x = small[1] * 2 - 1
    x[0, 0, 0, :2] = torch.tensor([-1.0, 1.0])
    facts = Facts(range=(-1.0, 1.0))
    demo = write_demo(small[0], x, written, facts=facts, runtime=package, force=True)
    found = read((demo.folder / "model.js").read_bytes(), "GROUPAE_MODEL")
    assert found["description"]["range"] == [-1.0, 1.0]
    levels = np.frombuffer(unpacked(found["pictures"]), np.uint8).reshape(3, 1, 8, 8)
    assert levels[0, 0, 0, :2].tolist() == [0, 255]


def test_the_page_says_of_a_swap_only_what_holds_for_every_model():
    """Of blocked digits the invariants hold the square, and the rest the digit."""
    [page] = [file.read_text(encoding="utf-8") for file in _page_files() if file.suffix == ".html"]
    caption = page.partition('id="swap-title"')[2].partition("</p>")[0]
    assert "What each half holds is learned; <code>groupae swap</code> measures it." in caption
    assert "identity" not in caption
    assert "pose" not in caption
