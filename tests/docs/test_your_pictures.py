"""The page on pictures of one's own: its lines and programs, on two small folders."""

from groupae import SO2, FolderPairs, get_group
from groupae.data.turned_pictures import picture_action
from tests.docs.pages import PAGES, run_python, run_shell

PAGE = (PAGES / "guides/your_pictures.rst").read_text()


def test_both_folders_train_from_a_shell(photos, capsys):
    run_shell("guides/your_pictures", {"--minutes 2": "--steps 1 --threads 1 --batch-size 4"})
    printed = capsys.readouterr().out
    for name in ("photos", "views"):
        assert (photos / f"runs/{name}-001/orbit.png").is_file()
        assert f"runs/{name}-001/orbit.png" in printed
    for line in PAGE.split("    runs/photos-001/report.md\n")[1].splitlines()[:2]:
        assert line.strip() in printed


def test_the_program_trains_and_draws(photos):
    names = run_python("guides/your_pictures")
    assert names["train"].originals.shape[1:] == (1, 32, 32)
    assert (photos / "orbit.png").is_file()
    assert (photos / "pairs.png").is_file()


def test_views_are_as_the_comment_says(photos):
    views = FolderPairs("views", SO2(), chart="angle_deg", split="validation")
    assert len(views) == 3


def test_groups_and_charts_in_the_tables_exist():
    for text in ("so2", "o2", "c(4)", "c(8)", "d(4)"):
        assert f"``{text}``" in PAGE or f'``"{text}"``' in PAGE
        picture_action(get_group(text))
    assert {"matrix", "quat_wxyz", "rotvec", "euler_yxy"} == set(get_group("so3").charts)
    assert "index" in get_group("c(24)").charts
