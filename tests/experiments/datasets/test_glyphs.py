"""Glyphs: drawn the same every time, split by shape, with the symmetries they really have."""

import hashlib
import string
import unicodedata

import numpy as np
import pytest
import torch

from groupae import O2, SO2, Glyphs
from groupae.data import rotate
from groupae.experiments.datasets.originals import fonts
from groupae.experiments.datasets.originals.fonts import draw_glyphs, font_file
from groupae.metrics import psnr_score

SPLITS = ("train", "validation", "test")
SIZES = {"train": 2591, "validation": 293, "test": 824}


@pytest.fixture(scope="module")
def parts():
    return {split: Glyphs(split) for split in SPLITS}


def joined(parts, name):
    return torch.cat([getattr(data, name) for data in parts.values()])


def of(data, character, font="DejaVuSans"):
    """Return the row of a character in a font."""
    is_it = (data.codes == ord(character)) & (data.fonts == data.font_names.index(font))
    return int(is_it.nonzero()[0, 0]) if is_it.any() else None


def glyph(parts, character, font="DejaVuSans"):
    """Return picture, split and symmetry order of a character in a font."""
    for split, data in parts.items():
        row = of(data, character, font)
        if row is not None:
            return data.originals[row], split, int(data.symmetry_orders[row])
    raise AssertionError(f"no {character} in {font}")


def test_the_splits_have_fixed_sizes_and_no_picture_twice(parts):
    assert {split: len(data) for split, data in parts.items()} == SIZES
    x = joined(parts, "originals").flatten(1)
    assert len(torch.unique(x, dim=0)) == len(x) == sum(SIZES.values())
    assert Glyphs("test", seed=3).codes.equal(parts["test"].codes)


def test_the_class_is_the_letter(parts):
    classes = parts["train"].classes
    assert set(string.ascii_letters + string.digits) <= set(classes)
    assert chr(0x391) not in classes  # Greek Alpha looks like Latin A
    assert set(map(chr, (0x394, 0x3A3, 0x3A9, 0x3BB))) <= set(classes)  # Delta, Sigma, Omega
    assert all(c.isalpha() or c.isdecimal() for c in classes)
    for data in parts.values():
        assert data.classes == classes
        for code, label in zip(data.codes.tolist(), data.labels.tolist(), strict=True):
            letter = unicodedata.normalize("NFKC", chr(code))
            assert classes[label] == letter or (ord(letter) >= 0x391 and classes[label] < "{")
    train = parts["train"]
    assert train.labels.bincount(minlength=len(classes)).min() > 0
    row = train.fonts == train.font_names.index("STIXGeneral fraktur")
    assert set(train.codes[row].tolist()) & set(range(0x1D504, 0x1D538))


def test_no_shape_is_in_two_splits(parts):
    """Glyphs of test and training differ in every pose, turned or mirrored."""
    train, test = parts["train"], parts["test"]
    rows = torch.arange(0, len(test), 29)
    seen = test.originals[rows]
    energy = train.originals.square().sum((1, 2, 3))
    most = torch.zeros(len(rows), len(train))
    for flipped in (seen, seen.flip(-2)):
        for k in range(72):
            turned = rotate(torch.full((len(rows),), k * torch.pi / 36), flipped)
            most = most.maximum(turned.flatten(1) @ train.originals.flatten(1).T)
    distance = (seen.square().sum((1, 2, 3))[:, None] + energy - 2 * most) / energy
    assert distance.min() > 0.02


def test_forms_of_a_letter_in_one_family_stay_together(parts):
    for letter in "AGRkg":
        for names in (
            ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique"),
            ("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol"),
            ("cmr10", "cmb10"),
        ):
            assert len({glyph(parts, letter, name)[1] for name in names}) == 1
    for group in ("dpqb", "nu", "69"):
        assert len({glyph(parts, letter)[1] for letter in group}) == 1


def test_orders_are_those_of_the_pictures(parts):
    x, orders = joined(parts, "originals"), joined(parts, "symmetry_orders")
    energy = x.square().sum((1, 2, 3))
    for n in orders.unique().tolist():
        rows = orders == n
        turned = rotate(torch.full((int(rows.sum()),), 2 * torch.pi / n), x[rows])
        assert ((turned - x[rows]).square().sum((1, 2, 3)) / energy[rows]).max() < 0.03
    rows = orders == 1
    turned = rotate(torch.full((int(rows.sum()),), torch.pi), x[rows])
    assert ((turned - x[rows]).square().sum((1, 2, 3)) / energy[rows]).min() >= 0.0299


def test_known_letters_have_their_symmetry(parts):
    for letter in "IOZNz0o":
        assert glyph(parts, letter)[2] == 2, letter
    assert glyph(parts, "H", "STIXGeneral")[2] == 2
    assert glyph(parts, "H", "DejaVuSans")[2] == 1  # its bar is above the middle
    for letter in "AFGJLPQRTUVYEKMaefg24579":
        assert glyph(parts, letter)[2] == 1, letter


@pytest.mark.parametrize("reflections", [False, True])
def test_the_second_view_is_the_first_moved(reflections):
    data = Glyphs("test", size="tiny", reflections=reflections)
    assert data.group == (O2() if reflections else SO2())
    pairs = data.fixed()
    assert pairs.x1.shape == (100, 1, 28, 28)
    exact = psnr_score(data.data_action(pairs.g, pairs.x1), pairs.x2).mean()
    wrong = psnr_score(data.data_action(data.group.inverse(pairs.g), pairs.x1), pairs.x2).mean()
    assert exact > 24
    assert wrong < exact - 8


def test_no_rotation_cuts_a_glyph(parts):
    offset = torch.arange(28) - 13.5
    outside = (offset**2 + offset[:, None] ** 2).sqrt() > 13.5
    for data in parts.values():
        assert data.originals[..., outside].max() <= 25 / 255
        assert data.originals.flatten(1).amax(1).min() > 0.2


def test_glyphs_are_drawn_the_same_every_time(parts):
    again = Glyphs("test")
    assert torch.equal(again.originals, parts["test"].originals)
    one = draw_glyphs(font_file("test", "cmr10"), [ord("g")])
    assert np.array_equal(one, draw_glyphs(font_file("test", "cmr10"), map(ord, "abg"))[2:])
    assert not draw_glyphs(font_file("test", "cmr10"), [ord(" ")]).any()
    assert draw_glyphs(font_file("test", "cmr10"), []).shape == (0, 28, 28)


def test_the_test_glyphs_are_these(parts):
    """Figures are measured on them; Pillow 11.0.0 and 13.0.0 draw the same bytes."""
    x = (parts["test"].originals * 255).round().to(torch.uint8)
    assert hashlib.sha256(x.numpy().tobytes()).hexdigest().startswith("358e6424614a22d3")


def test_tiny_is_of_small_and_full_has_all_scripts(parts):
    tiny = Glyphs("train", size="tiny")
    assert len(tiny) == 100
    assert set(tiny.codes.tolist()) <= set(parts["train"].codes.tolist())
    assert tiny.classes == parts["train"].classes
    full = Glyphs("validation", size="full")
    assert len(full) > 2000
    assert {"CYRILLIC", "ARABIC"} <= {
        unicodedata.name(chr(c)).split()[0] for c in full.codes.tolist()
    }


def test_a_subset_keeps_its_attributes(parts):
    data, rows = parts["test"], torch.arange(0, 800, 100)
    some = data.subset(rows)
    for name in ("originals", "labels", "fonts", "symmetry_orders", "codes"):
        assert torch.equal(getattr(some, name), getattr(data, name)[rows]), name


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"Glyphs: expected split to be .* got 'dev'"):
        Glyphs("dev")
    with pytest.raises(ValueError, match=r"Glyphs: expected size to be .* got 'large'"):
        Glyphs("test", size="large")
    with pytest.raises(ValueError, match="Glyphs: expected no folder, got 'fonts'"):
        Glyphs("test", folder="fonts")


def test_other_fonts_are_refused(monkeypatch):
    monkeypatch.setitem(fonts.FONTS, "cmr10", "0" * 64)
    with pytest.raises(ValueError, match=r"Glyphs: expected .*cmr10\.ttf .* 0000.* got 4dd9"):
        Glyphs("test", size="tiny")
