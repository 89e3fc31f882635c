"""Figures that pages cite agree with the tables of results from which they are."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "docs").is_dir():  # an installed package has no documentation
    pytest.skip("no docs", allow_module_level=True)
METHODS = " ".join((ROOT / "docs/understand/which_method.rst").read_text("utf-8").split())
DATASETS = {
    "rotated digits": "rotated-digits",
    "blocked digits": "blocked-digits",
    "brain": "brain-contrast",
    "turntable, 32x32": "turntable",
    "sky planes, 32x32": "sky-planes",
}


def rows_of(path, name_at=0, value_at=1):
    """Return the second column of a Markdown table by the first, as numbers."""
    found = {}
    for line in (ROOT / path).read_text("utf-8").splitlines():
        cells = [cell.strip(" *") for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) > value_at and cells[value_at][:1].isdigit():
            found.setdefault(cells[name_at].split(" (")[0], float(cells[value_at].split()[0]))
    return found


def compared(dataset):
    return rows_of(f"docs/results/{dataset}/compare.md")


def benchmark():
    """Return the score of each task and model."""
    lines = (ROOT / "benchmarks/results/bench/bench.md").read_text("utf-8").splitlines()
    table = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    start = next(i for i, row in enumerate(table) if row[0] == "task")
    models, scores = table[start][2:], {}
    for task, _, *values in table[start + 2 :]:
        if task == "task":
            break
        for model, value in zip(models, values, strict=True):
            if value.strip("* ") not in ("", "-"):
                scores[task, model] = float(value.strip("* "))
    return scores


def near(cited, measured):
    """Return whether a figure with one digit is the measured one, rounded either way at a half."""
    return abs(float(cited) - measured) <= 0.0501


def test_the_table_of_all_systems_is_that_of_the_comparisons():
    text = (ROOT / "docs/results/reproduction.rst").read_text("utf-8")
    table = text[text.index("All systems\n---") : text.index(".. _rotated-digits-five-minutes:")]
    checked = 0
    for title, dataset in DATASETS.items():
        row = re.search(rf"\* - {title}\n((?: +- .*\n)+)", table).group(1)
        cells = [line.strip(" -*") for line in row.splitlines()]
        scores = compared(dataset)
        rival = {"Winter": "winter", "MAGANet, head": "maganet-head", "Dupont": "dupont"}
        figure, name = re.match(r"([\d.]+) \((.+)\)", cells[2]).groups()
        wanted = {
            "default": cells[0],
            "paper": cells[1],
            rival[name]: figure,
            "learned-mask": cells[3],
            "conditional": cells[4],
        }
        for model, cited in wanted.items():
            assert near(cited, scores[model]), (dataset, model)
            checked += 1
        published = {"winter", "maganet", "maganet-head", "dupont", "srt"} & set(scores)
        assert max(published, key=scores.get) == rival[name]
    assert checked == 25


@pytest.mark.parametrize(
    ("sentence", "task", "models"),
    [
        (
            r"asked outside: ([\d.]+) and ([\d.]+) dB; ``default`` ([\d.]+), \S+ ([\d.]+)",
            "rotated-digits/steps-15",
            ("equivariant", "small-steps", "default", "conditional"),
        ),
        (
            r"([\d.]+), ([\d.]+) and ([\d.]+) dB outside; control ([\d.]+)",
            "rotated-digits/wedge",
            ("equivariant", "default", "small-steps", "conditional"),
        ),
        (
            r"``equivariant`` ([\d.]+), ``default`` ([\d.]+), control ([\d.]+) dB; with all",
            "rotated-digits/few-350",
            ("equivariant", "default", "conditional"),
        ),
        (
            r"with all 3500 the last two have ([\d.]+) and ([\d.]+) ",
            "rotated-digits/whole",
            ("default", "conditional"),
        ),
    ],
)
def test_the_decisions_cite_the_benchmark(sentence, task, models):
    cited, scores = re.search(sentence, METHODS).groups(), benchmark()
    assert all(
        near(figure, scores[task, model]) for figure, model in zip(cited, models, strict=True)
    )


@pytest.mark.parametrize(
    ("sentence", "dataset", "models"),
    [
        (r"Blocked digits: ([\d.]+) dB; control ([\d.]+)", "blocked-digits", "default conditional"),
        (r"Turntable ([\d.]+) against ([\d.]+) dB", "turntable", "default conditional"),
        (r"sky planes ([\d.]+) against ([\d.]+) ", "sky-planes", "default conditional"),
        (r"Brains: ([\d.]+) dB .*?, default ([\d.]+)", "brain-contrast", "conditional default"),
        (r"whole pictures; ([\d.]+) dB on digits", "rotated-digits", "winter"),
        (r"any group; ([\d.]+) dB on brains", "brain-contrast", "maganet-head"),
        (r"turntable ([\d.]+) dB, sky planes 19", "turntable", "dupont"),
        (r"turntable ([\d.]+) dB, sky planes 16", "turntable", "srt"),
    ],
)
def test_the_decisions_cite_the_comparisons(sentence, dataset, models):
    cited, scores = re.search(sentence, METHODS).groups(), compared(dataset)
    assert all(
        near(figure, scores[model]) for figure, model in zip(cited, models.split(), strict=True)
    )


def test_the_number_of_findings_is_that_of_the_scripts():
    text = (ROOT / "docs/results/reliability.rst").read_text("utf-8")
    cited = int(re.search(r"(\d+) scripts in ``findings/``", text).group(1))
    assert 0 <= len(list((ROOT / "findings").glob("*.sh"))) - cited < 10
