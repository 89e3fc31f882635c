"""Heads from NIfTI files: layout, orientation, splits, and errors."""

import gzip
import sys

import numpy as np
import pytest
import torch

from groupae.experiments.datasets.brain_contrast import BrainContrast
from groupae.experiments.datasets.originals import nifti

nibabel = pytest.importorskip("nibabel")
SPLITS = ("train", "validation", "test")


def write(path, voxels, affine=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)


def head(grey=100):
    """Return a head in a box of (right, front, up) = 12 x 20 x 16 voxels, and its brain.

    The brain fills y = 6..13; the right half is darker and the top brighter, only in slice y = 9.
    """
    voxels = np.zeros((12, 20, 16), dtype=np.float32)
    voxels[2:10, 2:18, 2:14] = grey
    brain = np.zeros_like(voxels, dtype=np.uint8)
    brain[3:9, 6:14, 3:13] = 1
    voxels[6:10, 9, 2:14] = grey / 2
    voxels[2:10, 9, 12:14] = 2 * grey
    return voxels, brain


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write eight subjects, half of them in the layout of the Human Connectome Project."""
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path / "cache"))
    for i in range(8):
        voxels, brain = head(100 + i)
        where = tmp_path / "heads" / f"s{i}"
        if i % 2:
            write(where / "T1w" / "T1w_acpc_dc_restore.nii.gz", voxels)
            write(where / "T1w" / "T1w_acpc_dc_restore_brain.nii.gz", voxels * brain)
            write(where / "T1w" / "brainmask_fs.nii.gz", brain)
        else:
            write(where / "T1w.nii.gz", voxels)
            write(where / "brainmask.nii.gz", brain)
    (tmp_path / "heads" / "readme.txt").write_text("eight heads")
    return tmp_path / "heads"


def test_a_folder_is_split_by_subject(folder):
    parts = {split: nifti.read_heads(folder, split) for split in SPLITS}
    assert [len(parts[split][0]) for split in SPLITS] == [5, 1, 2]
    data = BrainContrast("train", folder=folder)
    assert len(data) == 5
    assert len(BrainContrast("train", size="tiny", folder=folder)) == 5
    pairs = data.fixed()
    assert pairs.x1.shape == (5, 1, 96, 96)
    assert torch.equal(pairs.x1[~pairs.mask], pairs.x2[~pairs.mask])


def test_a_folder_of_1113_subjects_is_split_as_in_the_paper(monkeypatch, tmp_path):
    files = nifti.Subject("s", tmp_path, tmp_path)
    monkeypatch.setattr(nifti, "find_subjects", lambda folder: [files] * 1113)
    counts = []

    def cached(subjects, split):
        counts.append(len(subjects))
        return {k: np.zeros((1, 96, w), np.uint8) for k, w in (("pictures", 96), ("masks", 12))}

    monkeypatch.setattr(nifti, "_cached", cached)
    for split in SPLITS:
        nifti.read_heads(tmp_path, split)
    assert counts == [770, 110, 233]


def test_the_picture_shows_the_middle_of_the_brain_the_top_up_and_the_left_at_the_left(folder):
    picture, brain = nifti.read_slice(nifti.find_subjects(folder)[0])
    # 12 x 16 voxels, 6 pixels each: 72 columns, with margins of 12
    assert picture[48, 12 + 6 * 4] == pytest.approx(0.5, abs=0.01)
    assert picture[48, 12 + 6 * 8] == pytest.approx(0.25, abs=0.01)
    assert picture[6 * 3, 48] == pytest.approx(1.0, abs=0.01)
    assert picture[:6].max() == picture[:, :12].max() == picture[:, 84:].max() == 0
    rows, columns = np.flatnonzero(brain.any(1)), np.flatnonzero(brain.any(0))
    assert (rows[0], rows[-1]) == pytest.approx((18, 77), abs=1)
    assert (columns[0], columns[-1]) == pytest.approx((12 + 18, 12 + 53), abs=1)


def test_orientation_is_that_of_the_affine(folder, tmp_path):
    """The same head stored with other axes, the first and the last of them reversed."""
    voxels, brain = head()
    stored = [v.transpose(2, 0, 1)[::-1, ::-1] for v in (voxels, brain)]
    affine = np.array([[0, -1, 0, 11], [0, 0, 1, 0], [-1, 0, 0, 15], [0, 0, 0, 1]], dtype=float)
    for name, v in zip(("T1w", "brainmask"), stored, strict=True):
        write(tmp_path / "turned" / f"{name}.nii", np.ascontiguousarray(v), affine)
    files = tmp_path / "turned" / "T1w.nii", tmp_path / "turned" / "brainmask.nii"
    turned = nifti.read_slice(nifti.Subject("turned", *files))
    for one, other in zip(turned, nifti.read_slice(nifti.find_subjects(folder)[0]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_voxels_of_other_sizes_keep_their_proportions(tmp_path):
    voxels, brain = head()
    for name, v in (("T1w", voxels), ("brainmask", brain)):
        write(tmp_path / f"{name}.nii.gz", v, np.diag([2.0, 1, 1, 1]))
    subject = nifti.Subject("wide", tmp_path / "T1w.nii.gz", tmp_path / "brainmask.nii.gz")
    picture, _ = nifti.read_slice(subject)
    lit = picture > 0.1
    assert np.flatnonzero(lit.any(0)).size == pytest.approx(8 * 2 * 4, abs=8)
    assert np.flatnonzero(lit.any(1)).size == pytest.approx(12 * 4, abs=4)


def save(path, voxels, affine, *, sform=4, qform=0, zooms=(1, 1, 1), slope=None):
    """Save voxels with the codes and the sizes as given, whether or not they agree."""
    image = nibabel.Nifti1Image(voxels, None)
    image.header.set_sform(affine, sform)
    if qform:
        image.header.set_qform(affine, qform)
    else:
        image.header["pixdim"][1:4] = zooms
    if slope:
        image.header.set_slope_inter(*slope)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.header.set_data_shape(voxels.shape)
    image.to_filename(path)


STORED = {
    "as it is": ((0, 1, 2), ()),
    "left to right": ((0, 1, 2), (0,)),
    "all reversed": ((0, 1, 2), (0, 1, 2)),
    "axes turned": ((2, 0, 1), (1,)),
    "axes swapped": ((1, 0, 2), (0, 2)),
}


def ball():
    grid = np.stack(np.meshgrid(*map(np.arange, (40, 40, 20)), indexing="ij"), -1)
    distance = (((grid - (19.5, 19.5, 9.5)) * (1, 1, 2)) ** 2).sum(-1)
    grey = np.where(grid[..., 0] < 20, 100, 60) - grid[..., 2]  # no mirror image of itself
    return np.where(distance < 256, grey, 0).astype(np.int16)


def placed(voxels, affine, order, flips):
    """Return voxels stored in another order, with the affine that puts them in the same place."""
    turned = np.flip(voxels.transpose(order), flips) if flips else voxels.transpose(order)
    change = np.zeros((4, 4))
    change[3, 3] = 1
    for new, old in enumerate(order):
        change[old, new] = -1 if new in flips else 1
        change[old, 3] = voxels.shape[old] - 1 if new in flips else 0
    return np.ascontiguousarray(turned), affine @ change


def read_ball(folder, order=(0, 1, 2), flips=(), affine=None, **how):
    affine = np.diag([1.0, 1, 2, 1]) if affine is None else affine
    voxels, placing = placed(ball(), affine, order, flips)
    save(folder / "T1w.nii", voxels, placing, **how)
    save(folder / "brainmask.nii", (voxels > 0).astype(np.uint8), placing, **how)
    return nifti.read_slice(nifti.Subject("s", folder / "T1w.nii", folder / "brainmask.nii"))


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("how", [{}, {"qform": 1}, {"sform": 0, "qform": 1}, {"zooms": (3, 1, 7)}])
def test_millimetres_are_those_of_the_affine(tmp_path, stored, how):
    """Else one ball has 38 x 80 or 76 x 80 pixels, depending on the stored voxels."""
    picture, brain = read_ball(tmp_path, *STORED[stored], **how)
    lit = picture > 0.2
    size = np.flatnonzero(lit.any(1)).size, np.flatnonzero(lit.any(0)).size
    assert size == pytest.approx((78, 78), abs=3)
    reference, part = read_ball(tmp_path)
    np.testing.assert_allclose(picture, reference, atol=1e-6)
    np.testing.assert_array_equal(brain, part)


def test_a_tilted_head_keeps_its_proportions(tmp_path):
    c, s = np.cos(0.3), np.sin(0.3)
    tilt = np.array([[c, -s, 0, 5], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    affine = tilt @ np.diag([1.0, 1, 2, 1])
    np.testing.assert_allclose(read_ball(tmp_path, affine=affine)[0], read_ball(tmp_path)[0])


def test_a_mask_may_be_stored_in_another_order(tmp_path):
    affine = np.diag([1.0, 1, 2, 1])
    save(tmp_path / "T1w.nii", ball(), affine)
    turned, placing = placed((ball() > 0).astype(np.uint8), affine, (2, 0, 1), (0, 2))
    save(tmp_path / "brainmask.nii", turned, placing, sform=0, qform=2)
    files = tmp_path / "T1w.nii", tmp_path / "brainmask.nii"
    picture, brain = nifti.read_slice(nifti.Subject("s", *files))
    assert (picture[brain] > 0.2).all()


def test_scaled_integers_and_series_of_one_are_read(tmp_path):
    affine = np.diag([1.0, 1, 2, 1])
    save(tmp_path / "T1w.nii", ball()[..., None], affine, slope=(0.5, 0))
    save(tmp_path / "brainmask.nii", (ball() > 0).astype(np.uint8), affine)
    files = tmp_path / "T1w.nii", tmp_path / "brainmask.nii"
    picture, _ = nifti.read_slice(nifti.Subject("s", *files))
    np.testing.assert_allclose(picture, read_ball(tmp_path / "plain")[0])


def test_a_file_that_does_not_say_how_it_lies_is_refused(tmp_path):
    """Nibabel then confuses left and right."""
    with pytest.raises(ValueError, match=r"T1w.nii: expected an affine, by an sform or qform code"):
        read_ball(tmp_path, sform=0)
    skew = np.eye(4)
    skew[0, 1] = 0.2
    with pytest.raises(ValueError, match=r"T1w.nii: expected axes at right angles, got a skew one"):
        read_ball(tmp_path, affine=skew)


def test_the_slice_shows_brain_even_if_there_is_a_gap_in_its_middle(tmp_path):
    voxels, brain = head()
    brain[:, 8:12] = 0
    write(tmp_path / "T1w.nii.gz", voxels)
    write(tmp_path / "brainmask.nii.gz", brain)
    files = tmp_path / "T1w.nii.gz", tmp_path / "brainmask.nii.gz"
    _, part = nifti.read_slice(nifti.Subject("two halves", *files))
    assert part.any()


def test_slices_are_read_once(folder, monkeypatch):
    first = nifti.read_heads(folder, "test")
    monkeypatch.setattr(nifti, "read_slice", None)
    again = nifti.read_heads(folder, "test")
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])


def spoil(folder, what):
    """Spoil one thing in a folder of heads."""
    head_file, mask_file = folder / "s0" / "T1w.nii.gz", folder / "s0" / "brainmask.nii.gz"
    voxels, brain = head()
    match what:
        case "no folder":
            folder.rename(folder.with_name("elsewhere"))
        case "no mask":
            mask_file.unlink()
        case "no head":
            head_file.unlink()
        case "two heads":
            write(head_file.with_name("T1w_again.nii.gz"), voxels)
        case "few":
            for i in range(2, 8):
                (folder / f"s{i}").rename(folder.parent / f"s{i}")
        case "shape":
            write(mask_file, brain[:, :-1])
        case "place":
            write(mask_file, brain, np.diag([1.0, 1, 2, 1]))
        case "empty mask":
            write(mask_file, 0 * brain)
        case "black":
            write(head_file, 0 * voxels)
        case "not finite":
            write(head_file, voxels * np.float32("nan"))
        case "four axes":
            write(head_file, voxels[..., None].repeat(2, -1))
        case "half":
            head_file.write_bytes(head_file.read_bytes()[: head_file.stat().st_size // 2])
        case "nothing":
            mask_file.write_bytes(b"")
        case "header":
            written = bytearray(gzip.decompress(head_file.read_bytes()))
            written[70] = 77  # no type of voxels
            head_file.write_bytes(gzip.compress(bytes(written)))
        case "axis":
            written = bytearray(gzip.decompress(mask_file.read_bytes()))
            written[43] = 255  # a negative length
            mask_file.write_bytes(gzip.compress(bytes(written)))
        case "colours":
            write(head_file, np.zeros(voxels.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")]))
        case "complex":
            write(head_file, voxels.astype(np.complex64))
        case "speck":
            brain = np.zeros((200, 4, 200), np.uint8)
            brain[100, 2, 100] = 1
            write(head_file, np.ones(brain.shape, np.float32))
            write(mask_file, brain)
        case "no nifti":
            mask_file.write_bytes(b"not a volume at all" * 40)


@pytest.mark.parametrize(
    ("what", "error", "sentence"),
    [
        ("no folder", FileNotFoundError, "a folder with one folder per subject, got .* not exist"),
        ("no mask", FileNotFoundError, r"s0: expected brainmask.*, here or in T1w, got none; copy"),
        ("no head", FileNotFoundError, r"s0: expected T1w.*nii.gz, here or in T1w, got none; copy"),
        ("two heads", ValueError, "s0: expected one T1w.*, got T1w.nii.gz, T1w_again.nii.gz; keep"),
        (
            "few",
            FileNotFoundError,
            "expected at least 3 folders in .*, one per subject, got 2; each",
        ),
        ("shape", ValueError, r"brainmask.*mask of the head's shape \(12, 20, 16\), got \(12, 19"),
        ("place", ValueError, "brainmask.* a mask in the place of T1w.*, got another affine; resa"),
        ("empty mask", ValueError, "brainmask.nii.gz: expected a mask with voxels above 0, got no"),
        ("black", ValueError, "T1w.nii.gz: expected a slice that is not black, got slice 9"),
        (
            "not finite",
            ValueError,
            "T1w.nii.gz: expected finite voxels, got 3840 that are not; set",
        ),
        (
            "header",
            ValueError,
            r"T1w.nii.gz: expected a whole NIfTI file, got .* \(data code 77 not",
        ),
        ("axis", ValueError, r"brainmask.nii.gz: expected a volume of three axes, got \(-244, 20"),
        ("colours", ValueError, "T1w.nii.gz: expected voxels of one real number each, got .*'R'"),
        ("complex", ValueError, "T1w.nii.gz: expected voxels of one real number each, got complex"),
        (
            "speck",
            ValueError,
            "brainmask.nii.gz: expected a mask of a brain, got 1 voxels in slice",
        ),
        ("four axes", ValueError, r"T1w.nii.gz: expected a volume of three axes, got \(12, 20, "),
        ("half", ValueError, "T1w.nii.gz: expected a whole NIfTI file, got .* bytes .*; copy it"),
        ("nothing", ValueError, "brainmask.nii.gz: expected a whole NIfTI file, got 0 bytes"),
        ("no nifti", ValueError, "brainmask.nii.gz: expected a whole NIfTI file, got 760 bytes"),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(folder, what, error, sentence):
    spoil(folder, what)
    with pytest.raises(error, match=sentence):
        [BrainContrast(split, folder=folder) for split in SPLITS]


def test_nibabel_is_asked_for_by_name(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ImportError, match=r"expected nibabel, got no such package; pip install 'g"):
        nifti.read_heads(folder, "test")
