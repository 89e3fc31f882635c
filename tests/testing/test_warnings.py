"""Checks of laws give no warnings of torch to their caller."""

import subprocess
import sys

PROGRAM = """
import warnings
warnings.simplefilter("error")
from groupae import SO2, VectorAction
from groupae.testing import check_action
print(check_action(VectorAction(SO2().rep("2x0 + 1x1"))).passed)
"""


def test_a_process_that_checks_laws_meets_no_warning():
    """The first derivative in forward mode makes torch script its rules, and warn of that."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
