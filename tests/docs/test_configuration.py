"""The page of settings has each environment variable and each field."""

import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("sphinx")
from field_tables import config_of, field_rows

from groupae import TrainingConfig
from groupae.experiments.presets.config import BACKBONES, ModelConfig
from groupae.experiments.runs.run_config import RunConfig
from groupae.experiments.runs.run_options import Origin, OwnFolder, RunOptions

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/configuration.rst").read_text()
VARIABLE = re.compile(r"\bGROUPAE_[A-Z]+(?:_[A-Z]+)*\b")
SCRIPT_NAMES = {"GROUPAE_RUNTIME", "GROUPAE_MODEL"}  # of the page of groupae demo, in JavaScript


def variables_read():
    """Return the variables whose names are in texts of the code, and in the Makefile."""
    files = [ROOT / "hatch_build.py", ROOT / "Makefile", *ROOT.glob("examples/*.py")]
    files += [*ROOT.glob("groupae/**/*.py"), *ROOT.glob("tests/conftest.py"), ROOT / "docs/conf.py"]
    return {name for file in files for name in VARIABLE.findall(file.read_text())} - SCRIPT_NAMES


def test_the_page_has_each_variable_that_is_read_and_no_other():
    table = PAGE[PAGE.index(".. _environment-variables:") : PAGE.index("Variables of others")]
    assert variables_read() == set(re.findall(r"\* - ``(GROUPAE_\w+)``", table))


@pytest.mark.parametrize("kind", [TrainingConfig, ModelConfig])
def test_each_field_has_a_meaning_of_its_own(kind):
    rows = field_rows(kind, BACKBONES.values())
    meanings = [meaning for *_, meaning in rows]
    assert all(meanings)
    assert len(set(meanings)) == len(rows)


def test_the_config_on_the_page_is_read_as_one():
    found = RunConfig.parsed(yaml.safe_load(config_of("rotated-digits", "default")))
    assert found.preset_name == "default"


def test_each_section_that_a_config_may_have_is_on_the_page():
    options = RunOptions(
        own=OwnFolder("so2"),
        init=Origin("runs/first", 3, "0" * 64),
        earlier=({"steps": 3},),
        log=("csv",),
        snapshot_minutes=1.0,
        serial=1,
    )
    assert all(f"``{name}``" in PAGE for name in options.as_data())
