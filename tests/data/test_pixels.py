"""Pictures of any depth are read without loss of values, or refused."""

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import SO2, Cyclic
from groupae.data import FolderPairs
from groupae.data.keys import keyed_generator
from groupae.data.pixels import read_pixels
from groupae.experiments.datasets.originals.pictures import read_crop, read_mask, read_square
from tests.data.picture_files import packed_png, png, tiff

SHAPE = (11, 13)  # no multiple of 8: the last passes of an interlaced PNG differ in size


def drawn(dtype, channels=1):
    dtype, generator = np.dtype(dtype), np.random.default_rng(0)
    if dtype.kind == "f":
        return generator.normal(size=(*SHAPE, channels)).astype(dtype)
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, (*SHAPE, channels), dtype, endpoint=True)


def read(folder, data, name="0.png"):
    (folder / name).write_bytes(data)
    return read_pixels("test", folder / name, name)


def table(folder, *names):
    lines = [f"{name},a,{i}" for i, name in enumerate(names)]
    (folder / "elements.csv").write_text("\n".join(["picture,original,element", *lines]))
    return folder


# --- every value arrives ------------------------------------------------------------------------
def test_all_65536_greys_arrive(tmp_path):
    """A4: ``mode="L"`` left 2 of 64 values, ``mode="RGB"`` as many."""
    greys = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    for name in ("0.png", "1.tif"):
        Image.fromarray(greys).save(tmp_path / name)
    for mode in (None, "L", "RGB"):
        pairs = FolderPairs(table(tmp_path, "0.png", "1.tif"), Cyclic(2), mode=mode)
        assert pairs.pictures.shape[1] == (3 if mode == "RGB" else 1)
        assert torch.equal(pairs.pictures[0], pairs.pictures[1])
        seen = pairs.fixed().x1[0, 0]
        assert len(seen.unique()) == 65536
        exact = torch.from_numpy(greys / np.float64(65535)).float()
        assert torch.equal(seen, exact)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pngs_keep_all_bits(tmp_path, dtype, channels, filtered, interlaced):
    values = drawn(dtype, channels)
    found = read(tmp_path, png(values, filtered=filtered, interlaced=interlaced))
    assert found.white == np.iinfo(dtype).max
    colors = 1 if channels < 3 else 3
    np.testing.assert_array_equal(found.values, values[..., :colors])
    if channels in (2, 4):
        np.testing.assert_array_equal(found.alpha, values[..., colors:] / found.white)
    else:
        assert found.alpha is None


GREYS = ["u1", "i1", "u2", "i2", "u4", "i4", "f4"]
NOT_READ = {">": ["u4"], "<": []}  # pillow says so, which is loud


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", GREYS)
def test_grey_tiffs_keep_all_bits(tmp_path, dtype, order, compressed):
    values = drawn(dtype)
    data = tiff(values, order=order, compressed=compressed)
    if dtype in NOT_READ[order]:
        with pytest.raises(ValueError, match=r"a picture, got 0.tif that does not load .*; copy"):
            read(tmp_path, data, "0.tif")
        return
    found = read(tmp_path, data, "0.tif")
    assert found.white == (None if dtype == "f4" else np.iinfo(dtype).max)
    np.testing.assert_array_equal(found.values, values)
    assert found.depth == {
        "u1": "8-bit integers", "i1": "signed 8-bit integers", "u2": "16-bit integers",
        "i2": "signed 16-bit integers", "u4": "32-bit integers", "i4": "signed 32-bit integers",
        "f4": "floats",
    }[dtype]  # fmt: skip


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("extra", [(), (0,), (1,), (2,)])
def test_tiffs_of_colours_keep_all_bits(tmp_path, dtype, order, compressed, extra):
    values = drawn(dtype, 3 + len(extra))
    if extra == (1,):  # colours are at most alpha
        values[..., :3] = values[..., :3] * (values[..., 3:] / np.iinfo(dtype).max)
    found = read(tmp_path, tiff(values, order=order, compressed=compressed, extra=extra), "0.tif")
    white = np.iinfo(dtype).max
    assert found.white == white
    if extra == (1,):
        assert np.abs(found.values * found.alpha - values[..., :3]).max() <= 1
    else:
        np.testing.assert_array_equal(found.values, values[..., :3])
    if extra in ((1,), (2,)):
        np.testing.assert_array_equal(found.alpha, values[..., 3:] / white)
    else:
        assert found.alpha is None


def test_tiffs_in_strips_keep_all_bits(tmp_path):
    values = drawn("u2", 3)
    for compressed in (False, True):
        data = tiff(values, compressed=compressed, rows=4)
        np.testing.assert_array_equal(read(tmp_path, data, "0.tif").values, values)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_white_that_is_stored_as_0_is_white(tmp_path, dtype, compressed):
    values = drawn(dtype)
    found = read(tmp_path, tiff(values, photometric=0, compressed=compressed), "0.tif")
    np.testing.assert_array_equal(found.values, np.iinfo(dtype).max - values)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_reach_from_black_to_white(tmp_path, bits):
    values = np.arange(2**bits).repeat(3)[None]
    seen = read(tmp_path, packed_png(values, bits)).over(1.0)
    assert seen.dtype == torch.uint8
    assert torch.equal(seen[0].long(), torch.from_numpy(values) * 255 // (2**bits - 1))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("dtype", "channels"), [("u1", 1), ("u2", 1), ("f4", 1), ("u2", 3)])
def test_pictures_of_any_depth_stand_upright(tmp_path, dtype, channels, orientation):
    values = drawn(dtype, channels)
    upright = {
        1: values, 2: values[:, ::-1], 3: values[::-1, ::-1], 4: values[::-1],
        5: values.swapaxes(0, 1), 6: np.rot90(values, -1),
        7: np.rot90(values.swapaxes(0, 1), 2), 8: np.rot90(values),
    }[orientation]  # fmt: skip
    for compressed in (False, True):
        data = tiff(values, orientation=orientation, compressed=compressed, order=">")
        np.testing.assert_array_equal(read(tmp_path, data, "0.tif").values, upright)


def test_palettes_are_colours_and_one_bit_is_grey(tmp_path):
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([0, 0, 0, 10, 20, 30])
    picture.save(tmp_path / "0.png")
    assert read_pixels("test", tmp_path / "0.png", 0).over(1.0)[:, 0, 0].tolist() == [10, 20, 30]
    Image.new("1", (4, 4), 1).save(tmp_path / "1.png")
    assert read_pixels("test", tmp_path / "1.png", 0).over(1.0).tolist() == [[[255] * 4] * 4]


@pytest.mark.parametrize(
    ("header", "dtype", "white"),
    [("P5", "u1", 255), ("P5", ">u2", 65535), ("P6", "u1", 255)],
)
def test_portable_maps_keep_all_bits(tmp_path, header, dtype, white):
    values = drawn(dtype.replace(">", ""), 1 if header == "P5" else 3)
    size = f"{SHAPE[1]} {SHAPE[0]}"
    head = f"{header}\n{size}\n{white}\n".encode()
    found = read(tmp_path, head + values.astype(dtype).tobytes(), "0.pnm")
    np.testing.assert_array_equal(found.values, values)
    assert found.white == white


# --- the rule -----------------------------------------------------------------------------------
@pytest.mark.parametrize(("dtype", "white"), [("u1", 255), ("u2", 65535), ("u4", 2**32 - 1)])
def test_integers_are_divided_by_the_largest_value(tmp_path, dtype, white):
    values = drawn(dtype)
    for i in range(2):
        (tmp_path / f"{i}.tif").write_bytes(tiff(values))
    pairs = FolderPairs(table(tmp_path, "0.tif", "1.tif"), SO2())
    seen = pairs.fixed().x1[0]
    assert seen.dtype == torch.float32
    expected = torch.from_numpy(values[..., 0] / white)
    torch.testing.assert_close(seen[0].double(), expected, atol=1e-7, rtol=1e-7)
    assert pairs.orbit(torch.tensor([0]), 2).x.dtype == torch.float32


@pytest.mark.parametrize(("dtype", "white"), [("i1", 127), ("i2", 32767), ("i4", 2**31 - 1)])
def test_signed_integers_keep_their_sign(tmp_path, dtype, white):
    values = drawn(dtype)
    seen = read(tmp_path, tiff(values), "0.tif").over(1.0)
    torch.testing.assert_close(seen[0].double(), torch.from_numpy(values[..., 0] / white))
    assert seen.min() < -0.5


def test_floats_stay_as_they_are(tmp_path):
    values = 1000 * drawn("f4")
    for i in range(2):
        (tmp_path / f"{i}.tif").write_bytes(tiff(values))
    pairs = FolderPairs(table(tmp_path, "0.tif", "1.tif"), Cyclic(2))
    assert torch.equal(pairs.fixed().x2[0, 0], torch.from_numpy(values[..., 0]))


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_mode_converts_channels_and_never_depth(tmp_path, dtype):
    values, white = drawn(dtype, 3), np.iinfo(dtype).max
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(values))
    folder = table(tmp_path, "0.png", "1.png")
    grey = FolderPairs(folder, Cyclic(2), mode="L").fixed().x1[0]
    luma = torch.from_numpy(values / white) @ torch.tensor([0.299, 0.587, 0.114]).double()
    torch.testing.assert_close(
        grey[0].double(), luma, atol=0.51 / 255 if white == 255 else 1e-5, rtol=0
    )
    if white == 255:
        by_pillow = np.asarray(Image.fromarray(values).convert("L"))
        assert np.array_equal(FolderPairs(folder, Cyclic(2), mode="L").pictures[0, 0], by_pillow)
    else:
        assert len(grey.unique()) > 130  # of 143 pixels
    colors = FolderPairs(folder, Cyclic(2), mode="RGB").fixed().x1[0]
    torch.testing.assert_close(
        colors.double(), torch.from_numpy(values / white).permute(2, 0, 1), atol=1e-7, rtol=0
    )


# --- transparency -------------------------------------------------------------------------------
def hidden(tmp_path, mode, shown, covered):
    """Write a picture whose left half is opaque and whose right half hides a colour."""
    picture = Image.new(mode, (4, 4), (*shown, 255))
    picture.paste((*covered, 0), (2, 0, 4, 4))
    picture.save(tmp_path / "0.png")


def keyed(tmp_path, mode, shown, covered):
    """Write a picture with one transparent value."""
    picture = Image.new(mode, (4, 4), shown)
    picture.paste(covered, (2, 0, 4, 4))
    picture.save(tmp_path / "0.png", transparency=covered)


def palette(tmp_path):
    picture = Image.new("P", (4, 4), 0)
    picture.paste(1, (2, 0, 4, 4))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.save(tmp_path / "0.png", transparency=b"\xff\x00")


TRANSPARENT = {
    "RGBA": lambda p: hidden(p, "RGBA", (255, 0, 0), (0, 255, 0)),
    "LA": lambda p: hidden(p, "LA", (76,), (200,)),
    "keyed grey": lambda p: keyed(p, "L", 76, 200),
    "keyed colour": lambda p: keyed(p, "RGB", (255, 0, 0), (0, 255, 0)),
    "palette": palette,
    "deep": lambda p: (p / "0.png").write_bytes(
        png(np.array([[[65535, 0, 0, 65535]] * 2 + [[0, 65535, 0, 0]] * 2] * 4, np.uint16))
    ),
    "deep grey": lambda p: (p / "0.png").write_bytes(
        png(np.array([[[19595, 65535]] * 2 + [[60000, 0]] * 2] * 4, np.uint16))
    ),
    "deep keyed grey": lambda p: (p / "0.png").write_bytes(
        png(np.array([[[19595]] * 2 + [[60001]] * 2] * 4, np.uint16), key=[60001])
    ),
    "deep keyed colour": lambda p: (p / "0.png").write_bytes(
        png(np.array([[[65535, 0, 0]] * 2 + [[1, 65534, 3]] * 2] * 4, np.uint16), key=[1, 65534, 3])
    ),
    "keyed 2 bits": lambda p: (p / "0.png").write_bytes(
        packed_png(np.array([[1, 1, 2, 2]] * 4), 2, key=2)
    ),
}  # fmt: skip


@pytest.mark.parametrize("ground", [1.0, 0.0, 0.25, (0.0, 0.0, 1.0)])
@pytest.mark.parametrize("mode", [None, "L", "RGB"])
@pytest.mark.parametrize("kind", TRANSPARENT)
def test_what_is_transparent_shows_the_ground(tmp_path, kind, mode, ground):
    """A18: hidden colours appeared."""
    TRANSPARENT[kind](tmp_path)
    table(tmp_path, "0.png", "0.png")
    x = FolderPairs(tmp_path, Cyclic(2), mode=mode, ground=ground).fixed().x1[0]
    from_grey = kind not in ("RGBA", "keyed colour", "palette", "deep", "deep keyed colour")
    assert len(x) == {None: 1 if from_grey else 3, "L": 1, "RGB": 3}[mode]
    behind = torch.tensor(np.broadcast_to(ground, (3,)))
    shown = torch.tensor([1 / 3 if kind == "keyed 2 bits" else 0.299])
    if len(x) == 1 or from_grey:
        behind = behind @ torch.tensor([[0.299], [0.587], [0.114]]).double()
    else:
        shown = torch.tensor([1.0, 0, 0])
    for column, wanted in ((0, shown), (1, shown), (2, behind), (3, behind)):
        pixels = x[:, :, column].double()
        tolerance = 0.51 / 255  # of 8 bits
        close = wanted.double()[:, None].expand(len(x), 4)
        torch.testing.assert_close(pixels, close, atol=tolerance, rtol=0)


def test_half_transparent_is_half_ground(tmp_path):
    values = np.full((4, 4, 4), (65535, 0, 0, 32768), np.uint16)
    seen = read(tmp_path, png(values)).over((0.0, 1.0, 0.0))
    assert seen[:, 0, 0].tolist() == pytest.approx([0.5, 0.5, 0.0], abs=1e-4)


@pytest.mark.parametrize("ground", ["white", None, (1, 0), float("nan"), (1, 2, "3")])
def test_a_ground_is_a_grey_or_a_colour(tmp_path, ground):
    TRANSPARENT["LA"](tmp_path)
    with pytest.raises(ValueError, match="FolderPairs: expected ground to be a grey or red, green"):
        FolderPairs(table(tmp_path, "0.png", "0.png"), Cyclic(2), ground=ground)


# --- the readers of originals ---------------------------------------------------------------------
def test_originals_are_rounded_to_bytes_by_the_rule(tmp_path):
    values = drawn("u2", 3)[:11, :11]
    (tmp_path / "0.png").write_bytes(png(values))
    colors, alpha = read_square("test", tmp_path / "0.png", 11)
    assert alpha is None
    np.testing.assert_array_equal(
        colors.permute(1, 2, 0), np.rint(values / 65535.0 * 255).astype(np.uint8)
    )
    deep = np.full((8, 8), 40000, np.uint16)
    Image.fromarray(deep).save(tmp_path / "1.png")
    assert read_square("test", tmp_path / "1.png", 4)[0].unique().tolist() == [156]  # 155.6


def test_crops_hide_what_is_transparent(tmp_path):
    picture = Image.new("RGBA", (90, 80), (255, 0, 0, 0))
    picture.save(tmp_path / "0.png")
    assert (read_crop("test", tmp_path / "0.png", 64, keyed_generator(0)) == 255).all()


def test_transparent_views_keep_their_colours_at_the_edge(tmp_path):
    TRANSPARENT["palette"](tmp_path)
    colors, alpha = read_square("test", tmp_path / "0.png", 4)
    assert colors[:, 0].tolist() == [[255] * 4, [0, 0, 255, 255], [0, 0, 255, 255]]
    assert alpha[0].tolist() == [255, 255, 0, 0]


@pytest.mark.parametrize(
    ("mode", "shown", "ground"),
    [
        ("L", 1, 0), ("1", 1, 0), ("I;16", 1, 0), ("RGB", (0, 255, 0), (0, 0, 0)),
        ("LA", (255, 255), (255, 0)), ("RGBA", (9, 9, 9, 255), (9, 9, 9, 0)),
    ],
)  # fmt: skip
def test_masks_are_what_is_neither_black_nor_transparent(tmp_path, mode, shown, ground):
    picture = Image.new(mode, (4, 4), ground)
    picture.paste(shown, (0, 0, 2, 4))
    picture.save(tmp_path / "0.png")
    assert read_mask("test", tmp_path / "0.png", 4).tolist() == [[True, True, False, False]] * 4


# --- what is refused ------------------------------------------------------------------------------
def stack(folder):
    pages = [Image.new("I;16", (4, 4), i) for i in range(3)]
    pages[0].save(folder / "0.tif", save_all=True, append_images=pages[1:])


def animation(folder):
    frames = [Image.new("L", (4, 4), 80 * i) for i in range(3)]
    frames[0].save(folder / "0.gif", save_all=True, append_images=frames[1:])


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


def infinite():
    values = drawn("f4")
    values[0, :2, 0] = np.nan, np.inf
    return values


REFUSED = [
    (stack, r"line 2: expected one picture per file, got 3 in 0.tif; save each by itself"),
    (animation, r"line 2: expected one picture per file, got 3 in 0.gif; save each by itself"),
    (write("0.tif", tiff(infinite())), r"finite values, got 2 that are not in 0.tif; replace"),
    (write("0.tif", tiff(drawn("f4", 3))), r"a picture, got 0.tif that does not load .*; copy it "),
    (write("0.tif", tiff(drawn("f8"))), r"a picture, got 0.tif that does not load .*; copy it "),
    (write("0.tif", tiff(drawn("f4"), photometric=0)), r"floats with 0 for black, got 0.tif"),
    (
        write("0.tif", tiff(drawn("u2", 3), planar=2, compressed=True)),
        r"colours pixel by pixel, got 0.tif with one plane per colour of 16 bits; save it as a PNG",
    ),
    (write("0.tif", tiff(drawn("u2", 3), planar=2)), r"colours pixel by pixel, got 0.tif with one"),
    (
        write("0.tif", tiff(drawn("u2", 4), photometric=5)),
        r"grey or colours, got 0.tif of mode CMYK; save it as a PNG of 8 or 16 bits",
    ),
    (
        write("0.ppm", b"P6\n2 1\n65535\n" + bytes(12)),
        r"colours of 8 bits, got 0.ppm, a PPM with values up to 65535; save it as a PNG",
    ),
    (
        lambda folder: Image.new("LAB", (4, 4)).save(folder / "0.tif"),
        r"grey or colours, got 0.tif of mode LAB; save it as a PNG of 8 or 16 bits",
    ),
    (
        lambda folder: Image.new("L", (4, 4)).save(folder / "0.pcx"),
        r"a picture in PNG, TIFF, .* or TGA, got 0.pcx in PCX; save it as a PNG of 8 or 16 bits",
    ),
]  # fmt: skip


@pytest.mark.parametrize("mode", [None, "L", "RGB"])
@pytest.mark.parametrize(("make", "sentence"), REFUSED, ids=range(len(REFUSED)))
def test_what_would_lose_values_is_refused(tmp_path, make, sentence, mode):
    make(tmp_path)
    [file] = tmp_path.iterdir()
    with pytest.raises(ValueError, match=sentence) as refused:
        FolderPairs(table(tmp_path, file.name, file.name), Cyclic(2), mode=mode)
    assert "\n" not in str(refused.value)


def test_inks_are_converted_where_a_mode_asks_for_it(tmp_path):
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "0.tif")
    table(tmp_path, "0.tif", "0.tif")
    with pytest.raises(ValueError, match='mode CMYK; mode="L" or mode="RGB" converts it'):
        FolderPairs(tmp_path, Cyclic(2))
    assert FolderPairs(tmp_path, Cyclic(2), mode="RGB").pictures[0, :, 0, 0].tolist() == [255, 0, 0]
    assert FolderPairs(tmp_path, Cyclic(2), mode="L").pictures[0, :, 0, 0].tolist() == [76]


def test_pictures_of_one_folder_have_one_depth(tmp_path):
    Image.new("I;16", (4, 4), 3).save(tmp_path / "0.png")
    Image.new("F", (4, 4), 0.5).save(tmp_path / "1.tif")
    sentence = "16-bit integers like 0.png, got .* of floats in 1.tif; save all with one depth"
    with pytest.raises(ValueError, match=sentence):
        FolderPairs(table(tmp_path, "0.png", "1.tif"), Cyclic(2), mode="L")
