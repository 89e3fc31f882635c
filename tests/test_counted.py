"""Numbers with their nouns: one function says them, in the singular after 1 only."""

import re
from pathlib import Path

import pytest

import groupae
from groupae._printable import counted
from groupae.cli.running import budget
from groupae.experiments.runs.inspection import _budget
from groupae.training import TrainingConfig

ROOT = Path(groupae.__file__).parent
NOUNS = "minutes|subjects|laws|steps|pairs|held-out pairs|seeds|calls|pictures|processor minutes"
BARE = re.compile(r"\{[^{}]*(?<!\.1f)\} (?:" + NOUNS + r")\b")
TOLD = [*ROOT.glob("cli/*.py"), *ROOT.glob("experiments/runs/*.py"), ROOT / "metrics/evaluation.py"]


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 pairs"), (1, "1 pair"), (1.0, "1 pair"), (2, "2 pairs"), (1.5, "1.5 pairs")],
)
def test_the_singular_is_after_one_only(count, told):
    assert counted(count, "pair") == told


def test_budgets_have_their_number():
    told = {
        "1 minute": {"minutes": 1.0},
        "2 minutes": {"minutes": 2.0},
        "1 step": {"steps": 1},
        "1 minute of processor time": {"cpu_minutes": 1.0},
    }
    for sentence, options in told.items():
        assert budget(TrainingConfig(**options)) == sentence
        assert _budget(options) == sentence
    assert _budget({}) == "None minutes"  # of a config that lacks it


@pytest.mark.parametrize("path", TOLD, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_printed_counts_by_that_function(path):
    assert not [line.strip() for line in path.read_text().splitlines() if BARE.search(line)]
