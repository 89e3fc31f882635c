"""Folders of pictures with a table: values are read exactly, errors name the line."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import SE2, SO2, SO3, Affine, Cyclic, FiniteGroup, MatrixLieGroup, Permutation, Scaling
from groupae.data import FolderPairs
from groupae.data.keys import keyed_generator
from groupae.data.written_elements import are_elements, parse_elements
from groupae.groups.registry import example_groups


def save(folder, name, value, size=(4, 4), mode="L"):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(folder / name)


def write(folder, text, name="elements.csv", encoding="utf-8"):
    (folder / name).write_text(text, encoding=encoding)


def make(folder, views, heading="picture,original,element", size=(4, 4)):
    """Write views (original, cells of the element, ...), each picture with its own grey."""
    lines = [heading]
    for i, (original, *cells) in enumerate(views):
        save(folder, f"pictures/{i}.png", i, size)
        lines.append(",".join([f"pictures/{i}.png", original, *map(str, cells)]))
    write(folder, "\n".join(lines))
    return folder


RAGGED = [("a", 0), ("a", 1), ("b", 5), ("a", 2), ("b", 0), ("c", 3), ("c", 4), ("b", 2), ("b", 1)]


@pytest.fixture
def ragged(tmp_path):
    return FolderPairs(make(tmp_path, RAGGED), Cyclic(6))


def of_original(values, pairs):
    """Return the original of each picture, from its grey."""
    grey = (values.flatten(1)[:, 0] * 255).round().long()
    return [RAGGED[i][0] for i in grey.tolist()], torch.tensor([RAGGED[i][1] for i in grey])


def test_pairs_are_two_views_of_one_original_and_their_relative_element(ragged):
    assert ragged.originals == ("a", "b", "c")
    for step in range(8):
        batch = ragged.batch(step, 6)
        one, j1 = of_original(batch.x1, ragged)
        other, j2 = of_original(batch.x2, ragged)
        assert one == other
        assert torch.equal((j1 + batch.g) % 6, j2)
        assert (batch.g != 0).all()  # two different views


def test_all_views_of_ragged_originals_are_used_alike(ragged):
    seen = ragged.views(torch.ones(4000, dtype=torch.int64), 2, keyed_generator(0))
    assert seen.x.shape == (2, 4000, 1, 4, 4)
    counts = seen.g.flatten().bincount(minlength=6)
    assert counts.tolist() == pytest.approx([2000, 2000, 2000, 0, 0, 2000], abs=150)
    joint = (seen.g[0] * 6 + seen.g[1]).bincount(minlength=36)
    assert joint[joint > 0].shape == (12,)  # all ordered pairs of two different views
    assert joint[joint > 0].double().std() < 60


def test_more_views_than_there_are_start_anew(ragged):
    seen = ragged.views(torch.tensor([0, 1, 2]), 6, keyed_generator(1))
    a, b, c = seen.g.T.tolist()
    assert sorted(a[:3]) == sorted(a[3:]) == [0, 1, 2]
    assert sorted(b[:4]) == [0, 1, 2, 5]
    assert len(set(b[4:])) == 2
    assert [sorted(c[i : i + 2]) for i in (0, 2, 4)] == [[3, 4]] * 3
    many = ragged.views(torch.full((200,), 2), 4, keyed_generator(2)).g
    assert 60 < (many[0] == many[2]).sum() < 140  # the second choice does not know the first


def test_an_orbit_goes_through_the_table(ragged):
    seen = ragged.orbit(torch.tensor([1, 2]), 4)
    assert seen.g.T.tolist() == [[5, 0, 2, 1], [3, 3, 4, 4]]


def test_trajectories_come_from_the_table(ragged):
    chains = ragged.trajectories(0, 5, 3)
    for t in range(3):
        one, j1 = of_original(chains.x[:, t], ragged)
        other, j2 = of_original(chains.x[:, t + 1], ragged)
        assert one == other
        assert torch.equal((j1 + chains.g[:, t]) % 6, j2)


def test_pictures_are_kept_as_they_are(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8)
    for i in range(2):
        Image.fromarray(pixels[i]).save(tmp_path / f"{i}.png")
    write(tmp_path, "picture,original,element\n0.png,a,0\n1.png,a,1")
    pairs = FolderPairs(tmp_path, Cyclic(2))
    assert pairs.pictures.dtype == torch.uint8
    assert np.array_equal(pairs.pictures.permute(0, 2, 3, 1).numpy(), pixels)
    seen = pairs.orbit(torch.tensor([0]), 2).x[:, 0]
    torch.testing.assert_close(seen.permute(0, 2, 3, 1) * 255, torch.from_numpy(pixels).float())


def test_photographs_are_shown_upright(tmp_path):
    """A camera held sideways says so in the file (Exif orientation 6: turn clockwise to view)."""
    pixels = np.zeros((4, 8), dtype=np.uint8)
    pixels[:, :2] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "0.png", exif=exif)
    Image.fromarray(np.rot90(pixels, -1).copy()).save(tmp_path / "1.png")
    write(tmp_path, "picture,original,element\n0.png,a,0\n1.png,a,0")
    first, second = FolderPairs(tmp_path, SO2()).pictures
    assert first.shape == (1, 8, 4)
    assert torch.equal(first, second)


def test_columns_have_any_order_and_names(tmp_path):
    rows = "b,0.png,0.5, 2.0,x\nb,1.png,0,1,x\n\na,2.png,1,4,y\na,3.png,0,1,y\n"
    write(tmp_path, "original,picture,shift,scale,label\n" + rows, "my.csv", "utf-8-sig")
    for i in range(4):
        save(tmp_path, f"{i}.png", i)
    pairs = FolderPairs(tmp_path, Affine(), "my.csv", elements=("scale", "shift"))
    assert pairs.elements.tolist() == [[2, 0.5], [1, 0], [4, 1], [1, 0]]
    assert pairs.originals == ("b", "a")
    assert pairs.classes == ("x", "y")
    assert pairs.labels.tolist() == [0, 1]
    assert pairs.fixed().label.tolist() == [0, 1]


def test_a_split_keeps_its_lines_and_the_numbers_of_classes(tmp_path):
    views = [("a", 0, "dog", "train"), ("a", 1, "dog", "train")]
    views += [("b", 2, "cat", "test"), ("b", 3, "cat", "test")]
    folder = make(tmp_path, views, "picture,original,element,label,split")
    assert len(FolderPairs(folder, Cyclic(4))) == 2
    test = FolderPairs(folder, Cyclic(4), split="test")
    assert test.originals == ("b",)
    assert test.classes == ("cat", "dog")
    assert FolderPairs(folder, Cyclic(4), split="train").labels.tolist() == [1]
    with pytest.raises(ValueError, match="split to be one of test, train, got 'tests'; did you"):
        FolderPairs(folder, Cyclic(4), split="tests")


def test_a_mode_turns_all_pictures_alike(tmp_path):
    save(tmp_path, "0.png", (255, 0, 0), mode="RGB")
    save(tmp_path, "1.png", 3)
    write(tmp_path, "picture,original,element\n0.png,a,0\n1.png,a,1")
    assert FolderPairs(tmp_path, Cyclic(2), mode="RGB").pictures.shape == (2, 3, 4, 4)
    grey = FolderPairs(tmp_path, Cyclic(2), mode="L").pictures
    assert grey[:, 0, 0, 0].tolist() == [76, 3]  # ITU-R 601: 0.299 of red


def test_matrices_stand_row_by_row(tmp_path):
    R = SO3().exp(torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64))
    rows = [("a", *np.eye(3).ravel()), ("a", *(round(x, 4) for x in R.flatten().tolist()))]
    heading = "picture,original," + ",".join(f"element_{i}{j}" for i in "123" for j in "123")
    pairs = FolderPairs(make(tmp_path, rows, heading), SO3())
    torch.testing.assert_close(pairs.elements[1].double(), R, atol=1e-4, rtol=0)
    assert pairs.elements.dtype == torch.float32
    off = pairs.elements[1].mT @ pairs.elements[1] - torch.eye(3)
    assert off.abs().max() < 1e-6  # brought back from rounding


def test_charts_say_how_elements_are_written(tmp_path):
    quat = [("a", 1, 0, 0, 0), ("a", math.sqrt(0.5), 0, 0, math.sqrt(0.5))]
    heading = "picture,original,element_w,element_x,element_y,element_z"
    pairs = FolderPairs(make(tmp_path, quat, heading), SO3(), chart="quat_wxyz")
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(pairs.elements[1], quarter)


# --- mistakes ----------------------------------------------------------------------------------
HEAD = "picture,original,element\n"
GOOD = HEAD + "0.png,a,0\n1.png,a,1\n"
WRONG = [
    ("", "with one column 'picture', got an empty file"),
    (HEAD, "a heading and one line per picture, got no lines"),
    ("file,original,element\n0.png,a,0", "one column 'picture', got the columns file, original"),
    ("picture,element\n0.png,0", "one column 'original', got the columns picture, element"),
    ("picture;original;element\n0.png;a;0", "got the columns picture;original;element"),
    ("picture,original,angle\n0.png,a,0", "begins with 'element', got the columns picture, or"),
    (GOOD + "2.png,b,1\n", r"line 4: expected at least two views of the original 'b', got only"),
    (GOOD + ",a,1\n", "line 4: expected a name in the column 'picture', got none"),
    (GOOD + "2.png, ,1\n", "line 4: expected a name in the column 'original', got none"),
    ("picture,original,element,element\n0.png,a,0,1\n", "one column 'element', got the columns"),
    (GOOD + "2.png,a\n", "line 4: expected 3 cells, got 2"),
    (GOOD + "2.png,a,1,2\n", "line 4: expected 3 cells, got 4"),
    (GOOD + "2.png,a,one\n", "line 4: expected a number in the column 'element', got 'one'"),
    (GOOD + "2.png,a,\n", "line 4: expected a number in the column 'element', got ''"),
    (GOOD + "2.png,a,nan\n", "line 4: expected a number in the column 'element', got 'nan'"),
    (GOOD + "2.png,a,4\n", r"line 4: expected an element of C\(4\), got 4"),
    (GOOD + "2.png,a,-1\n", r"line 4: expected an element of C\(4\), got -1"),
    (GOOD + "2.png,a,0.5\n", r"line 4: expected an element of C\(4\), got 0.5"),
    (GOOD + '"2\n.png",a,1\n', r"line 5: expected a picture '2\\n.png', got none; paths are rel"),
    (GOOD + "gone.png,a,1\n", "line 4: expected a picture 'gone.png', got none; paths are rela"),
    (
        GOOD + "text.png,a,1\n",
        r"line 4: expected a picture, got text.png that does not load "
        r"\(cannot identify image file\); copy it again",
    ),
    (GOOD + "half.png,a,1\n", "line 4: expected a picture, got half.png that does not load"),
    (GOOD + "deep.png,a,1\n", "8-bit integers like 0.png, got .* 16-bit integers in deep.png"),
    (
        GOOD + "wide.png,a,1\n",
        "line 4: expected 4x4 pixels of 1 channel of 8-bit integers like 0.png, got 5x4 pixels of",
    ),
    (
        GOOD + "red.png,a,1\n",
        'got 4x4 pixels of 3 channels of 8-bit integers in red.png; mode="L" or mode="RGB" turns',
    ),
    (
        HEAD + "deep.png,a,0\n1.png,a,1\n",
        "16-bit integers like deep.png, got .*; save all with one depth$",
    ),
    (
        HEAD + "deep.png,a,0\nred.png,a,1\n",
        'of 8-bit integers in red.png; save all with one depth, and mode="L" or mode="RGB" turns',
    ),
    (
        HEAD + "wide.png,a,0\nred.png,a,1\n",
        'red.png; crop or resize them, and mode="L" or mode="RGB" turns',
    ),
]


@pytest.fixture(scope="module")
def odd_pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    for i in range(3):
        save(folder, f"{i}.png", i)
    save(folder, "wide.png", 0, size=(5, 4))
    save(folder, "red.png", (255, 0, 0), mode="RGB")
    save(folder, "deep.png", 9, mode="I;16")
    (folder / "text.png").write_text("no picture")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "half.png")
    whole = (folder / "half.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize(("text", "sentence"), WRONG, ids=range(len(WRONG)))
def test_a_mistake_is_one_sentence_that_names_the_line(odd_pictures, text, sentence):
    write(odd_pictures, text)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence) as refused:
        FolderPairs(odd_pictures, Cyclic(4))
    assert "\n" not in str(refused.value)


def test_the_good_lines_alone_are_accepted(odd_pictures):
    write(odd_pictures, GOOD)
    assert len(FolderPairs(odd_pictures, Cyclic(4))) == 1


def test_other_mistakes_are_sentences(odd_pictures, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"a table .*elements.csv, got none; name the fol"):
        FolderPairs(tmp_path, Cyclic(4))
    (tmp_path / "elements.csv").write_bytes(b"picture,original,element\n\xff\xfe,a,0\n")
    with pytest.raises(ValueError, match=r"elements.csv: expected CSV in UTF-8, got"):
        FolderPairs(tmp_path, Cyclic(4))
    write(odd_pictures, GOOD)
    with pytest.raises(ValueError, match="a column 'split', got the columns picture, original, el"):
        FolderPairs(odd_pictures, Cyclic(4), split="train")
    with pytest.raises(ValueError, match="elements to be one of picture, original, element, got"):
        FolderPairs(odd_pictures, Cyclic(4), elements=["angle"])
    with pytest.raises(
        ValueError, match=r"SO\(3\): expected 9 numbers for an element as 'matrix', got 1"
    ):
        FolderPairs(odd_pictures, SO3())
    with pytest.raises(
        ValueError, match=r"a chart to be one of angle, angle_deg, .* got 'degrees'"
    ):
        FolderPairs(odd_pictures, SO2(), chart="degrees")
    with pytest.raises(ValueError, match="a chart of real numbers, got 'complex'"):
        FolderPairs(odd_pictures, SO2(), chart="complex")
    write(odd_pictures, "picture,original,element,label\n0.png,a,0,x\n1.png,a,1,y\n")
    with pytest.raises(ValueError, match="line 3: expected the label 'x' of the original 'a', got"):
        FolderPairs(odd_pictures, Cyclic(4))


def test_a_mode_is_one_of_two(odd_pictures):
    write(odd_pictures, GOOD)
    with pytest.raises(
        ValueError, match="FolderPairs: expected mode to be one of L, RGB, got 'CMY"
    ):
        FolderPairs(odd_pictures, Cyclic(4), mode="CMYK")


def test_a_quaternion_of_length_zero_names_its_line(odd_pictures):
    heading = "picture,original,element_w,element_x,element_y,element_z\n"
    write(odd_pictures, heading + "0.png,a,1,0,0,0\n1.png,a,0,0,0,0\n")
    sentence = r"line 3: expected an element of SO\(3\), got 0, 0, 0, 0"
    with pytest.raises(ValueError, match=sentence):
        FolderPairs(odd_pictures, SO3(), chart="quat_wxyz")


def test_a_picture_too_large_to_be_one_names_its_line(odd_pictures, monkeypatch):
    write(odd_pictures, GOOD)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)
    with pytest.raises(
        ValueError, match=r"line 2: expected a picture, got 0.png that does not load"
    ):
        FolderPairs(odd_pictures, Cyclic(4))


def test_angles_that_are_no_steps_name_their_line(odd_pictures):
    write(odd_pictures, HEAD + f"0.png,a,0\n1.png,a,{math.pi / 2}\n2.png,a,0.3\n")
    with pytest.raises(ValueError, match=r"line 4: expected an element of C\(4\), got 0.3"):
        FolderPairs(odd_pictures, Cyclic(4), chart="angle")


# --- membership --------------------------------------------------------------------------------
@pytest.mark.parametrize("group", example_groups(), ids=str)
def test_elements_are_read_back_from_their_numbers(group):
    g = group.sample(12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert bool(are_elements(group, g).all())
    read, is_one = parse_elements(group, g.reshape(12, -1).double())
    assert bool(is_one.all())
    assert bool(group.equal(read, g.to(read.dtype), 1e-4).all())
    for chart in group.charts[1:]:
        written = group.convert(g, group.charts[0], chart)
        if not written.is_complex():
            read, is_one = parse_elements(group, written.reshape(12, -1).double(), chart)
            assert bool(is_one.all()), chart
            assert bool(group.equal(read, g.to(read.dtype), 1e-4).all()), chart


def generator_of_sl2():
    return MatrixLieGroup(torch.tensor([[[1.0, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]]))


OUTSIDE = [
    (SO3(), 1.01 * torch.eye(3)),
    (SO3(), -torch.eye(3)),
    (SO3(), torch.zeros(3, 3)),
    (Scaling(), torch.tensor(0.0)),
    (Scaling(), torch.tensor(-1e-4)),
    (Affine(), torch.tensor([0.0, 1.0])),
    (Affine(), torch.tensor([-1.0, 1.0])),
    (SE2(), torch.diag(torch.tensor([1.0, 1.0, 2.0]))),
    (SE2(), torch.diag(torch.tensor([1.0, -1.0, 1.0]))),
    (Permutation(3), torch.tensor([0, 0, 1])),
    (Permutation(3), torch.tensor([1, 2, 3])),
    (FiniteGroup.from_table([[0, 1], [1, 0]]), torch.tensor(2)),
    (generator_of_sl2(), 2 * torch.eye(2)),
    (Cyclic(4) * SO2(), torch.tensor([0.5, 0.0])),
    (Cyclic(4) * SO2(), torch.tensor([4.0, 0.0])),
    (SO3() * Affine(), torch.cat([torch.eye(3).flatten(), torch.tensor([0.0, 0.0])])),
]


@pytest.mark.parametrize(("group", "g"), OUTSIDE, ids=lambda value: str(value)[:20])
def test_what_is_no_element_is_told_apart(group, g):
    g = g.double() if g.is_floating_point() else g
    batch = torch.stack([group.identity(dtype=torch.float64).to(g.dtype), g])
    assert are_elements(group, batch).tolist() == [True, False]


def test_an_angle_may_be_of_any_turn():
    g, is_one = parse_elements(SO2(), torch.tensor([[7.0], [-100.0]]))
    assert bool(is_one.all())
    torch.testing.assert_close(g.cos(), torch.tensor([7.0, -100.0]).cos(), atol=1e-5, rtol=0)
