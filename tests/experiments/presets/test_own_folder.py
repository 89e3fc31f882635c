import numpy as np
import pytest
from PIL import Image

from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.own_folder import _representation, own_folder
from groupae.groups import get_group

SPLITS = ("train", "validation", "test")


def _pictures(folder, count=10, size=16):
    rng = np.random.default_rng(0)
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (size, size), dtype=np.uint8)).save(
            folder / f"{i}.png"
        )


def _table(folder, heading="picture,original,element", ending="", step=90):
    lines = [f"{i}.png,{i // 2},{step * (i % 2)}{ending}" for i in range(10)]
    (folder / "elements.csv").write_text("\n".join([heading, *lines]))


@pytest.mark.parametrize(
    "group", ["so2", "SO(2)", "o2", "c(12)", "D(4)", "cyclic(1)", "translation"]
)
def test_plain_pictures_make_a_loss(tmp_path, group):
    _pictures(tmp_path)
    experiment = own_folder(tmp_path, group)
    model = build_model(experiment.data, experiment.preset("default").model, seed=0)
    train = experiment.data.load("train")
    assert all(value.isfinite() for value in model.loss(train.batch(0, 4)).values())
    assert "oracle: x1 itself turned" in experiment.references(train)


@pytest.mark.parametrize("group", ["so2", "so3"])
def test_table_is_split_by_original(tmp_path, group):
    _pictures(tmp_path)
    if group == "so2":
        _table(tmp_path)
        experiment = own_folder(tmp_path, group, "angle_deg")
    else:
        _table(tmp_path, "picture,original,element_x,element_y,element_z", ",0,0", step=1.5)
        experiment = own_folder(tmp_path, group, "rotvec")
    parts = [set(experiment.data.load(split).originals) for split in SPLITS]
    assert [len(part) for part in parts] == [3, 1, 1]
    assert set().union(*parts) == set("01234")
    build_model(experiment.data, experiment.preset("default").model, seed=0)


def test_bad_input(tmp_path):
    _pictures(tmp_path)
    with pytest.raises(ValueError, match="moves pictures"):
        own_folder(tmp_path, "affine")
    with pytest.raises(ValueError, match="a group to be one of"):
        own_folder(tmp_path, "so9")
    with pytest.raises(ValueError, match=r"a table .* for chart"):
        own_folder(tmp_path, "so2", "angle_deg")
    with pytest.raises(FileNotFoundError, match="a folder"):
        own_folder(tmp_path / "none", "so2")


def test_odd_sizes_name_the_remedy(tmp_path):
    _pictures(tmp_path, size=18)
    with pytest.raises(ValueError, match="pixels= resizes"):
        own_folder(tmp_path, "so2")
    assert own_folder(tmp_path, "so2", pixels=16).data.x_shape == (1, 16, 16)


@pytest.mark.parametrize("group", ["translation", "affine", "se2", "se3", "scaling", "d(5)", "o3"])
def test_every_group_has_a_representation(tmp_path, group):
    found = get_group("translation(2)" if group == "translation" else group)
    assert 40 < found.rep(_representation(found)).dim < 400
