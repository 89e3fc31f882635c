"""Texts of groups and representations beyond reason get one sentence, and soon."""

import time

import pytest

from groupae import SO2
from groupae.groups import get_group


def _cycle(points):
    return f"({' '.join(map(str, range(points)))})"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"cyclic({'9' * 30})", "numbers of fewer than 30 digits, got one of 30"),
        (f"so2 * s({'1' * 5000})", "numbers of fewer than 30 digits, got one of 5000"),
        ("(" * 21 + "so2" + ")" * 21, "at most 20 brackets that open in a row"),
        ("table" + "[" * 3000 + "0" + "]" * 3000, "at most 20 brackets that open in a row"),
        (f"<{_cycle(1500)}>", "at most 1333 elements of 1500 points, got more"),
        (f"<{_cycle(740)}, (0 1)>", "at most 2702 elements of 740 points, got more"),
        ("<(0 1), (2 3) on 900000>", "at most 2 elements of 900000 points, got more"),
        ("<(0 1) on 1000001>", "at most 1000000 points, got 1000001"),
        ("<(0 1 2 3 4 5 6 7), (0 1)>", "at most 5000 elements, got more"),
        ("translation(2) x| cyclic(1000000000000)", "at most 10000000 elements to list"),
    ],
)
def test_a_text_of_a_group_is_bounded(text, words):
    started = time.process_time()
    with pytest.raises(ValueError, match=": expected ") as caught:
        get_group(text)
    assert time.process_time() - started < 2
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


def test_long_cycles_within_the_limit_are_groups():
    group = get_group(f"<{_cycle(700)}>")
    assert group.order == 700
    assert get_group(str(group)) == group


@pytest.mark.parametrize(
    "text", ["1x" + "9" * 30, "9" * 5000 + "x1", "(" * 3000 + "1x1" + ")" * 3000]
)
def test_a_text_of_a_representation_is_bounded(text):
    started = time.process_time()
    with pytest.raises(ValueError, match=": expected "):
        SO2().rep(text)
    assert time.process_time() - started < 2
