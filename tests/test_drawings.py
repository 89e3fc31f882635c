"""The drawings of the documentation: well-formed, described, true to the library, readable."""

import base64
import io
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "docs" / "_extensions"))

pytest.importorskip("sphinx")
drawings = pytest.importorskip("drawings")

SVG = "{http://www.w3.org/2000/svg}"


def parsed(name):
    return ElementTree.fromstring(drawings.DRAWINGS[name]()).find(f"{SVG}svg")


def pictures(root):
    data = [image.get("href").split(",")[1] for image in root.iter(f"{SVG}image")]
    return [matplotlib.image.imread(io.BytesIO(base64.b64decode(part)))[..., 0] for part in data]


@pytest.mark.parametrize("name", sorted(drawings.DRAWINGS))
def test_a_drawing_is_described_small_and_takes_the_colour_of_the_text(name):
    root = parsed(name)
    assert len(root.get("aria-label")) > 40
    assert len(drawings.DRAWINGS[name]()) < 30_000
    assert {text.get("fill") for text in root.iter(f"{SVG}text")} == {"currentColor"}


@pytest.mark.parametrize("name", sorted(drawings.DRAWINGS))
def test_letters_stay_inside_and_are_not_too_small(name):
    root = parsed(name)
    _, _, width, height = map(float, root.get("viewBox").split())
    for text in root.iter(f"{SVG}text"):
        assert 0 <= float(text.get("x")) <= width
        assert 0 < float(text.get("y")) <= height
        assert int(text.get("font-size")) >= 13


def test_a_positive_angle_turns_counter_clockwise():
    before, after = pictures(parsed("angle"))
    np.testing.assert_allclose(after, np.rot90(before), atol=0.01)  # rot90 is counter-clockwise


def test_the_order_of_two_elements_matters():
    root = parsed("composition")
    (start, flipped, first), (again, turned, second) = np.split(np.stack(pictures(root)), 2)
    np.testing.assert_array_equal(start, again)
    np.testing.assert_array_equal(first, np.rot90(flipped))
    np.testing.assert_array_equal(turned, np.rot90(start))
    assert not np.array_equal(first, second)


def test_the_model_in_the_drawing_of_the_idea_turns_the_digit():
    x, predicted, truth = pictures(parsed("square"))
    assert np.square(predicted - truth).mean() < 0.01 < 0.05 < np.square(x - truth).mean()
