"""Extensions of the documentation, and folders of pictures as a reader of the pages has them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from groupae import RotatedDigits

EXTENSIONS = Path(__file__).parents[2] / "docs" / "_extensions"
sys.path.insert(0, str(EXTENSIONS))


@pytest.fixture(scope="session")
def digits():
    return (RotatedDigits("test").originals[:24, 0] * 255).byte().numpy()


@pytest.fixture
def photos(tmp_path, monkeypatch, digits):
    """A working directory with ``photos``, plain pictures, and ``views``, with a table."""
    monkeypatch.chdir(tmp_path)
    lines = ["picture,original,element,split"]
    for folder in ("photos", "views"):
        (tmp_path / folder).mkdir()
    for i, digit in enumerate(digits):
        Image.fromarray(digit).resize((48, 40)).save(tmp_path / f"photos/{i}.png")
        for k in range(4 if i < 12 else 0):
            Image.fromarray(np.rot90(digit, k)).save(tmp_path / f"views/{i}-{k}.png")
            split = ("train", "train", "validation", "test")[i % 4]
            lines.append(f"{i}-{k}.png,digit {i},{90 * k},{split}")
    (tmp_path / "views/elements.csv").write_text("\n".join(lines) + "\n")
    return tmp_path
