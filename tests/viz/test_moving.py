"""Moving orbits: frames, cycles, files, and clear sentences where a file cannot be written."""

import shutil
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from groupae import SO2, SO3, Cyclic, LatentActionAE, VectorAction
from groupae.data import orbit_path
from groupae.viz import save_orbit

SHIFT = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("6x0")))
X = torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(0))
DIMMED = X[:, None] * torch.linspace(1, 0.2, 7).view(1, 7, 1, 1, 1)
GS = SO2().grid(7).float()


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_moving_orbit_has_a_frame_per_element_and_repeats_for_ever(tmp_path, ending):
    path = tmp_path / f"orbit.{ending}"
    save_orbit(SHIFT, X, path, GS, DIMMED, seconds=1.4)
    with Image.open(path) as found:
        assert found.n_frames == 7
        assert found.info["loop"] == 0
        lengths = []
        for k in range(7):
            found.seek(k)
            found.load()
            lengths.append(found.info["duration"])
    assert lengths == [200] * 7


def frame_of(path, k):
    with Image.open(path) as found:
        found.seek(k)
        return torch.frombuffer(bytearray(found.convert("RGB").tobytes()), dtype=torch.uint8).view(
            found.height, found.width, 3
        )


@pytest.mark.parametrize(("theme", "ground"), [("light", (255, 255, 255)), ("dark", (20, 23, 28))])
def test_grounds_are_exact_and_pictures_within_the_palette(tmp_path, theme, ground):
    path = tmp_path / "orbit.gif"
    save_orbit(SHIFT, X, path, GS, DIMMED, theme=theme, scale=4, colours=64)
    for k in (0, 3, 6):
        frame = frame_of(path, k)
        assert tuple(frame[0, 0].tolist()) == ground
        truth = DIMMED[0, k, 0].repeat_interleave(4, 0).repeat_interleave(4, 1)
        bottom = frame[-33:-9]  # a margin of 8, and one pixel so that the height is even
        left = int((bottom != torch.tensor(ground)).any(-1).all(0).nonzero()[0])
        shown = bottom[:, left : left + 24, 0].float() / 255
        assert (shown - truth).abs().max() < 0.06


def test_the_same_inputs_make_the_same_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        save_orbit(SHIFT, X, tmp_path / name, GS, DIMMED)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


@pytest.mark.parametrize("name", ["orbit.png", "orbit", "orbit.avi"])
def test_another_ending_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(ValueError, match=r"ends in \.gif, \.webp, \.mp4, got /.*orbit"):
        save_orbit(None, X, tmp_path / name)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seconds": 0}, "seconds above 0"),
        ({"scale": 0}, "scale to be an integer of at least 1"),
        ({"colours": 256}, "colours from 2 to 255"),
        ({"theme": "dim"}, "theme to be one of light, dark"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        save_orbit(SHIFT, X, tmp_path / "orbit.gif", GS, **options)
    assert not list(tmp_path.iterdir())


def test_without_ffmpeg_a_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(FileNotFoundError, match=r"ffmpeg on the path.*got neither; pip install"):
        save_orbit(SHIFT, X, tmp_path / "orbit.mp4", GS)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
def test_mp4_is_written_by_ffmpeg(tmp_path):
    path = tmp_path / "orbit.mp4"
    save_orbit(SHIFT, X, path, GS)
    content = path.read_bytes()
    assert content[4:8] == b"ftyp"
    assert content.index(b"moov") < content.index(b"mdat")  # plays before it is loaded
    save_orbit(SHIFT, X, path, GS)
    assert path.read_bytes() == content


@pytest.mark.parametrize("title", ["0°", "W" * 60, "30°\n(0.25, 0.33, -0.91) and more of it"])
def test_a_frame_is_as_wide_as_its_title(tmp_path, title):
    path = tmp_path / "orbit.gif"
    save_orbit(SHIFT, X[:1], path, GS, title=lambda g: title)
    frame = frame_of(path, 1)
    assert (frame[:, [0, 1, -2, -1]] == 255).all()
    assert (frame[:, 2:-2] != 255).any()


SHIPPED = sorted((Path(__file__).parents[2] / "docs/pictures").glob("orbit*.gif"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_moving_pictures_of_the_docs_are_small_and_fit_their_theme(path):
    assert len(SHIPPED) == 6
    assert path.stat().st_size < 200_000
    with Image.open(path) as found:
        assert found.n_frames in (24, 30)
        assert found.info["loop"] == 0
    is_dark = path.stem.endswith("-dark")
    assert tuple(frame_of(path, 11)[0, 0].tolist()) == ((20, 23, 28) if is_dark else (255,) * 3)


# --- paths ----------------------------------------------------------------------------------
def test_paths_of_compact_groups_close():
    for group in (SO2(), SO3()):
        path = orbit_path(group, 24)
        gaps = group.distance(path, path.roll(-1, 0))
        torch.testing.assert_close(gaps, torch.full((24,), 2 * torch.pi / 24), atol=1e-3, rtol=0)


def test_several_generators_follow_one_another():
    path = orbit_path(SO3(), 12, (0, 2))
    axes = SO3().log(path[[1, 7]].double())
    torch.testing.assert_close(axes, torch.tensor([[1.0, 0, 0], [0, 0, 1]]).double() * torch.pi / 3)
    assert torch.equal(path[[0, 6]], torch.eye(3).expand(2, 3, 3))


@pytest.mark.parametrize(
    ("group", "generators", "sentence"),
    [
        (SO3(), (3,), "generators from 0 to 2"),
        (SO3(), (), "generators from 0 to 2"),
        (Cyclic(4), (0,), "no generators"),
        (Cyclic(4) * SO2(), (0,), "no generators"),
    ],
)
def test_generators_that_a_group_lacks_are_refused(group, generators, sentence):
    with pytest.raises(ValueError, match=sentence):
        orbit_path(group, 12, generators)
