"""Tables of laws: every error at its place, failures with a word, and what is left out said."""

import math

import pytest
import torch

from groupae.testing import LawReport, LawResult
from groupae.viz import plot_laws


def checked(subject, **in_tolerances):
    results = tuple(LawResult(law, error, 1.0) for law, error in in_tolerances.items())
    return LawReport(subject, torch.float32, results)


def cells(figure):
    (axes,) = figure.axes
    laws = [label.get_text() for label in axes.get_yticklabels()]
    found = {}
    for text in axes.texts:
        x, y = text.get_position()
        found[round(x), laws[round(y)]] = text.get_text()
    return found


def test_errors_stand_at_their_law_and_report():
    figure = plot_laws([checked("one", a=0.25, b=12345.0), checked("two", b=math.inf, c=0.0)])
    assert cells(figure) == {
        (0, "a"): "0.25",
        (0, "b"): "1.2e+04 ✗",
        (0, "c"): "-",
        (1, "a"): "-",
        (1, "b"): "inf ✗",
        (1, "c"): "0.00",
    }
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_xticklabels()] == ["one\nfloat32", "two\nfloat32"]
    assert axes.get_title() == "2 reports, 2 with laws that fail"
    assert axes.get_xlabel() == "largest error in units of the tolerance"


def test_of_many_reports_the_worst_are_drawn_in_order():
    reports = [checked(f"s{i}", a=i % 7 / 10) for i in range(12)]
    (axes,) = plot_laws(reports).axes
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert len(names) == 8
    assert names == sorted(names, key=lambda name: int(name[1:].split(",")[0]))
    assert "s6, float32" in names
    assert axes.get_title() == "12 reports, the 8 worst, all laws hold"


def test_no_report_is_a_sentence():
    with pytest.raises(ValueError, match="plot_laws: expected at least one report, got none"):
        plot_laws([])
