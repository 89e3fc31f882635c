"""Digits: embedded, downloaded and read; rotated, and rotated behind a square."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
import torch

from groupae import RotatedDigits
from groupae.data import rotate
from groupae.experiments.datasets.blocked_digits import BlockedDigits
from groupae.experiments.datasets.cache import CacheError
from groupae.experiments.datasets.originals import mnist
from groupae.metrics import psnr_score

SETS = (RotatedDigits, BlockedDigits)
SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize("digits", SETS)
def test_the_split_is_disjoint_and_complete(digits):
    parts = [digits(split) for split in SPLITS]
    assert [len(part) for part in parts] == [3500, 500, 1000]
    rows = torch.cat([part.originals.flatten(1) for part in parts])
    assert len(torch.unique(rows, dim=0)) == 5000
    assert parts[2].labels.bincount(minlength=10).min() > 60
    assert digits("test", seed=5).labels.equal(parts[2].labels)


@pytest.mark.parametrize("digits", SETS)
def test_tiny_is_the_beginning_of_small(digits):
    tiny, small = digits("train", size="tiny"), digits("train")
    assert len(tiny) == 100
    assert tiny.originals.equal(small.originals[:100])
    assert tiny.labels.equal(small.labels[:100])


@pytest.mark.parametrize("digits", SETS)
def test_unknown_options_are_refused(digits):
    name = digits.__name__
    with pytest.raises(ValueError, match=f"{name}: expected split to be .* got 'dev'"):
        digits("dev")
    with pytest.raises(ValueError, match=f"{name}: expected size to be .* got 'large'"):
        digits("test", size="large")


def test_the_test_pairs_are_these():
    """Published figures were measured on them, so no change of code may change them."""
    pairs = RotatedDigits("test").fixed()
    labels = hashlib.sha256(pairs.label.numpy().tobytes()).hexdigest()
    assert labels.startswith("7e1f18b899443d64")
    assert pairs.g[:4].tolist() == pytest.approx([-2.02916, -1.88797, -2.68317, 1.48346], abs=1e-5)
    assert pairs.x1.mean().item() == pytest.approx(0.1316135, abs=1e-6)
    assert pairs.x2.mean().item() == pytest.approx(0.1316140, abs=1e-6)
    oracle = psnr_score(rotate(pairs.g, pairs.x1), pairs.x2).mean()
    assert oracle.item() == pytest.approx(30.63, abs=0.005)


def test_pairs_carry_the_relative_angle():
    """x1 turned by g is x2 up to one more interpolation."""
    pairs = RotatedDigits("test").fixed()
    error = (rotate(pairs.g, pairs.x1) - pairs.x2).square().mean()
    wrong = (rotate(-pairs.g, pairs.x1) - pairs.x2).square().mean()
    assert error < 0.003
    assert wrong > 10 * error


@pytest.mark.parametrize("digits", SETS)
def test_angles_are_uniform(digits):
    g = digits("test").fixed().g.double()
    assert abs(torch.stack([g.cos(), g.sin()]).mean(1)).max() < 0.07


def squares(x: torch.Tensor) -> torch.Tensor:
    """Return whether 7 x 7 pixels are white, by upper left corner: bool (..., 22, 22)."""
    return x.unfold(-2, 7, 1).unfold(-2, 7, 1).amin((-2, -1)) == 1


@pytest.fixture(scope="module")
def blocked_views():
    data = BlockedDigits("train")
    seen = data.views(torch.arange(3000), 3, torch.Generator().manual_seed(0))
    return data, seen, squares(seen.x.amin(0)).flatten(1)


def test_one_square_stands_still_with_probability_four_fifths(blocked_views):
    _, _, places = blocked_views
    counts = places.sum(1)
    assert set(counts.tolist()) == {0, 1}
    assert abs(counts.double().mean() - 0.8) < 0.03  # four standard deviations


def test_squares_are_anywhere_in_the_picture(blocked_views):
    _, _, places = blocked_views
    hits = places.sum(0).view(22, 22)
    assert hits.sum(0).min() > 60
    assert hits.sum(1).min() > 60
    assert hits[0, 0] + hits[0, 21] + hits[21, 0] + hits[21, 21] > 4


def test_the_digit_turns_behind_the_square(blocked_views):
    data, seen, places = blocked_views
    turned = rotate(seen.g.flatten(), data.originals[:3000].repeat(3, 1, 1, 1)).view_as(seen.x)
    free = places.sum(1) == 0
    assert torch.equal(seen.x[:, free], turned[:, free])
    first = places.long().argmax(1)
    rows, columns = torch.arange(28)[:, None], torch.arange(28)
    top, left = (first // 22)[:, None, None], (first % 22)[:, None, None]
    inside = (rows >= top) & (rows < top + 7) & (columns >= left) & (columns < left + 7)
    hidden = (inside & ~free[:, None, None]).unsqueeze(1).expand_as(turned)
    assert torch.equal(seen.x, torch.where(hidden, torch.ones(()), turned))


def test_squares_are_drawn_again_for_each_step_and_the_same_for_each_seed():
    first, again = BlockedDigits("train", seed=3), BlockedDigits("train", seed=3)
    first.batch(0, 8)
    assert torch.equal(first.batch(5, 64).x1, again.batch(5, 64).x1)
    fixed, other = BlockedDigits("test").fixed(), BlockedDigits("test", seed=1).fixed()
    assert not torch.equal(squares(fixed.x1), squares(other.x1))


def write_idx(path, array, *, is_gzipped=True, magic=(0, 0, 8)):
    data = bytes([*magic, array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape)
    data += array.astype(np.uint8).tobytes()
    path.parent.mkdir(exist_ok=True)
    if is_gzipped:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(data))
    else:
        path.write_bytes(data)


@pytest.fixture
def folder(tmp_path):
    """Write a small MNIST, whose picture ``i`` has one grey, ``i``, and the label ``i % 10``."""
    for name, n, is_gzipped in (("train", 80, True), ("t10k", 20, False)):
        grey = np.broadcast_to(np.arange(n)[:, None, None], (n, 28, 28))
        images, labels = f"{name}-images-idx3-ubyte", f"{name}-labels-idx1-ubyte"
        write_idx(tmp_path / "mnist" / images, grey, is_gzipped=is_gzipped)
        write_idx(tmp_path / "mnist" / labels, np.arange(n) % 10, is_gzipped=is_gzipped)
    return tmp_path / "mnist"


@pytest.mark.parametrize("digits", SETS)
@pytest.mark.parametrize("size", ["small", "full"])
def test_a_folder_keeps_its_own_split(digits, size, folder):
    train, validation, test = (digits(split, size=size, folder=folder) for split in SPLITS)
    assert [len(train), len(validation), len(test)] == [70, 10, 20]
    greys = (torch.cat([train.originals, validation.originals])[:, 0, 0, 0] * 255).round().long()
    assert sorted(greys.tolist()) == list(range(80))
    assert (greys % 10).equal(torch.cat([train.labels, validation.labels]))
    assert (test.originals[:, 0, 5, 5] * 255).round().tolist() == list(range(20))
    assert test.labels.tolist() == [i % 10 for i in range(20)]


def test_a_tiny_folder_is_the_beginning(folder):
    many = np.zeros((150, 28, 28))
    write_idx(folder / "t10k-images-idx3-ubyte", many, is_gzipped=False)
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(150), is_gzipped=False)
    assert len(RotatedDigits("test", size="tiny", folder=folder)) == 100


def test_a_missing_folder_and_missing_files_are_told(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a folder with the four idx files, got"):
        RotatedDigits("test", folder=tmp_path / "nowhere")
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte or .*gz, got neither"):
        RotatedDigits("test", folder=folder)
    assert len(RotatedDigits("train", folder=folder)) == 70


@pytest.mark.parametrize("kept", [0, 3, 30, -5])
def test_half_copied_files_are_told(folder, kept):
    for name in ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"):
        file = folder / name
        file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz: expected .*copy it again"):
        RotatedDigits("train", folder=folder)
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte: expected .*copy it again"):
        RotatedDigits("test", folder=folder)


def test_corrupt_gzip_is_told(folder):
    file = folder / "train-images-idx3-ubyte.gz"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(bytes(data))
    with pytest.raises(ValueError, match="a whole gzip file"):
        RotatedDigits("train", folder=folder)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("images-idx3", np.zeros((20, 32, 32)), r"pictures of shape \(n, 28, 28\), got \(20, 32"),
        ("images-idx3", np.zeros((0, 28, 28)), r"pictures of shape \(n, 28, 28\), got \(0, 28"),
        ("images-idx3", np.zeros((21, 28, 28)), r"21 labels, one for each .* got \(20,\)"),
        ("labels-idx1", np.full(20, 10), r"labels in 0..9, got 10"),
        ("labels-idx1", np.zeros((20, 1)), r"20 labels, one for each picture .* got \(20, 1\)"),
    ],
)
def test_files_of_something_else_are_told(folder, name, array, message):
    write_idx(folder / f"t10k-{name}-ubyte", array, is_gzipped=False)
    with pytest.raises(ValueError, match=message):
        RotatedDigits("test", folder=folder)


def test_negative_lengths_are_told(folder):
    heading = bytes([0, 0, 8, 3]) + struct.pack(">3i", -1, -28, 28)
    (folder / "t10k-images-idx3-ubyte").write_bytes(heading + bytes(28 * 28))
    with pytest.raises(ValueError, match=r"bytes after the heading, for shape \(-1, -28, 28\)"):
        RotatedDigits("test", folder=folder)


def test_other_types_of_numbers_are_told(folder):
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(20), is_gzipped=False, magic=(0, 0, 13))
    with pytest.raises(ValueError, match="an idx file of unsigned bytes"):
        RotatedDigits("test", folder=folder)


@pytest.fixture
def retrievals(monkeypatch, tmp_path, folder):
    """Serve a small MNIST by the second mirror only."""
    pooch = pytest.importorskip("pooch")
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path / "cache"))
    asked, second = [], mnist._MIRRORS[1]

    def retrieve(url, known_hash, fname, path):
        asked.append((url, known_hash))
        if not url.startswith(second):
            raise OSError("no route\nto host")
        path.mkdir(parents=True, exist_ok=True)
        source = folder / fname
        plain = folder / source.stem
        data = source.read_bytes() if source.exists() else gzip.compress(plain.read_bytes())
        (path / fname).write_bytes(data)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    return asked


def test_full_is_downloaded_to_the_cache_and_verified(retrievals, tmp_path):
    assert len(RotatedDigits("validation", size="full")) == 10
    assert len(list((tmp_path / "cache" / "mnist").iterdir())) == 4
    assert {url.rsplit("/", 1)[1] for url, _ in retrievals} == {
        f"{name}.gz" for name in mnist._SHA256
    }
    digests = {known for _, known in retrievals}
    assert len(digests) == 4
    assert all(len(bytes.fromhex(known.removeprefix("sha256:"))) == 32 for known in digests)


def test_no_network_is_told_in_one_sentence(retrievals, monkeypatch):
    monkeypatch.setattr(mnist, "_MIRRORS", mnist._MIRRORS[:1])
    with pytest.raises(CacheError, match=r"to download train-images.*, got no route to host; down"):
        RotatedDigits("train", size="full")


def test_nothing_is_downloaded_unless_asked(retrievals, folder):
    RotatedDigits("train")
    RotatedDigits("train", size="full", folder=folder)
    assert not retrievals
