"""A picture whose name is longer than the system allows is a missing one."""

import pytest

from groupae import SO2
from groupae.data import FolderPairs


def test_a_name_that_is_too_long_gets_a_sentence(tmp_path):
    name = "a" * 5000
    table = f"picture,original,element\n{name},1,0\n{name},1,1\n"
    (tmp_path / "elements.csv").write_text(table)
    with pytest.raises(FileNotFoundError, match=r"expected a picture 'aaa.*, got none") as caught:
        FolderPairs(tmp_path, SO2())
    assert len(str(caught.value)) < 1000


def test_a_heading_gets_one_line_of_words(tmp_path):
    for heading, words in (("pic\x0bt\n", "columns pic t, original"), ("x" * 5000, "one of 5000")):
        (tmp_path / "elements.csv").write_text(f'"{heading}",original,element\na,1,0\n')
        with pytest.raises(ValueError, match=": expected ") as caught:
            FolderPairs(tmp_path, SO2())
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
