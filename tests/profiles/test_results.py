"""Neighbours, tables and folders of profiles."""

import csv

import numpy as np
import pytest
from PIL import Image

from groupae import OrbitProfiler, RotatedDigits
from groupae.cli import main
from groupae.profiles import cut_out


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "cells"
    (place / "left").mkdir(parents=True)
    for i, digit in enumerate(RotatedDigits("test").originals[:12, 0]):
        pixels = (np.rot90(digit.numpy(), i) * 255).round().astype(np.uint8)
        Image.fromarray(pixels).save(place / ("left" if i % 2 else ".") / f"{i}.png")
    return place


def run(*words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code


def test_neighbours_are_the_nearest_others():
    x = np.random.default_rng(0).normal(size=(30, 40))
    twins = np.concatenate([x, np.roll(x, 5, 1)])
    profiles = OrbitProfiler(templates=4).fit(twins).profile(twins)
    nearest, apart = profiles.neighbours(2)
    assert nearest[:, 0].tolist() == [*range(30, 60), *range(30)]
    assert apart[:, 0].max() < 1e-4
    assert (apart[:, 1] > 0.1).all()
    direct = np.linalg.norm(profiles.vectors[nearest[:, 1]] - profiles.vectors, axis=1)
    np.testing.assert_allclose(apart[:, 1], direct)
    with pytest.raises(ValueError, match="below the number of items"):
        profiles.neighbours(60)


def test_a_folder_gets_table_canonical_pictures_and_neighbours(folder, capsys):
    assert run("profile", folder, "--group", "o2", "--templates", "4") == 0
    said = capsys.readouterr().out
    assert "12 pictures, 28 orientation-free numbers each (o2, closed_form)" in said
    place = folder.with_name("cells-profile")
    with (place / "profile.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["item"] for row in rows][:2] == ["0.png", "10.png"]
    assert list(rows[0])[:5] == ["item", "pose_deg", "pose_mirrored", "pose_sureness", "size"]
    canonical = {
        p.relative_to(place / "canonical").as_posix() for p in place.rglob("canonical/**/*.png")
    }
    assert canonical == {row["item"] for row in rows}
    with Image.open(place / "neighbours.png") as page:
        assert page.width > 300
    parquet = pytest.importorskip("pyarrow.parquet").read_table(place / "profile.parquet")
    assert parquet.column_names == list(rows[0])
    found = [float(row["template0_max"]) for row in rows]
    np.testing.assert_allclose(parquet["template0_max"].to_numpy(), found, atol=1e-7)
    first = (place / "profile.csv").read_bytes()
    assert run("profile", folder, "--group", "o2", "--templates", "4") == 2
    assert "--force" in capsys.readouterr().err
    assert run("profile", folder, "--group", "o2", "--templates", "4", "--force") == 0
    assert (place / "profile.csv").read_bytes() == first


@pytest.mark.parametrize("kind", ["outlines", "points", "series"])
def test_an_array_in_a_file_is_profiled(kind, tmp_path):
    shape = (8, 20) if kind == "series" else (8, 20, 2)
    np.save(tmp_path / "items.npy", np.random.default_rng(0).normal(size=shape))
    assert run("profile", tmp_path / "items.npy", "--kind", kind, "--neighbours", "2") == 0
    assert (tmp_path / "items-profile" / "canonical" / "7.png").is_file()


def test_the_folder_of_something_else_is_left_alone(folder, tmp_path, capsys):
    other = tmp_path / "mine"
    other.mkdir()
    (other / "README.md").write_text("Mine.")
    assert run("profile", folder, "--out", other, "--force", "--templates", "2") == 2
    assert "something else" in capsys.readouterr().err
    assert [p.name for p in other.iterdir()] == ["README.md"]


def test_cutouts_are_centred_masked_and_of_one_size():
    picture, labels = np.full((2, 40, 50), 0.5), np.zeros((40, 50), int)
    labels[5:10, 30:41], labels[20:31, 2:5] = 7, 2
    picture[:, 5:10, 30:41] = 1
    found = cut_out(picture, labels, 16)
    assert found.pictures.shape == (2, 2, 16, 16)
    assert found.labels.tolist() == [2, 7]
    assert found.sizes.tolist() == [33, 55]
    assert found.centroids.tolist() == [[3, 25], [35, 7]]
    np.testing.assert_allclose(found.pictures.sum((2, 3)), [[16.5, 16.5], [55, 55]])
    np.testing.assert_allclose(found.pictures, found.pictures[..., ::-1, ::-1], atol=1e-12)


def test_cutouts_can_be_rescaled_to_one_reach():
    labels = np.zeros((120, 120), int)
    y, x = np.mgrid[:120, :120]
    labels[np.hypot(x - 40, y - 40) < 30], labels[np.hypot(x - 100, y - 100) < 10] = 1, 2
    found = cut_out(np.ones((120, 120)), labels, 32, rescale=True)
    areas = found.pictures.sum((1, 2, 3))
    assert areas[0] == pytest.approx(areas[1], rel=0.1)
    assert found.sizes[0] > 8 * found.sizes[1]
