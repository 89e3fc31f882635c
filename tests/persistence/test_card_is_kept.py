"""Saving over a model keeps the README.md that somebody wrote beside it."""

from groupae import SO2, LatentActionAE
from groupae.persistence import load, save


def test_a_readme_is_kept(tmp_path):
    model = LatentActionAE.conv(SO2().rep("4x0 + 2x1"), (1, 8, 8), widths=(8,))
    save(model, tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("a week of work")
    save(model, tmp_path / "model")
    assert (tmp_path / "model" / "README.md").read_text() == "a week of work"
    load(tmp_path / "model")
