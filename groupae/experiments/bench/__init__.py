"""The benchmark: where a latent action pays, and where it does not.

``splits`` has the questions, ``task`` a question to a data set, ``cell`` one training that is asked
it, ``benchmark`` all cells in a folder, ``plan`` which there are. ``result`` is the file of a cell,
``submission`` that of others' results; ``board`` is the table of both, ``pictures`` its curves.
"""

from groupae.experiments.bench.benchmark import BenchRun
from groupae.experiments.bench.board import Board
from groupae.experiments.bench.board_files import write_board
from groupae.experiments.bench.cell import BenchCell
from groupae.experiments.bench.plan import choose_models, choose_tasks
from groupae.experiments.bench.result import BenchResult
from groupae.experiments.bench.splits import GeneralisationSplit, get_split
from groupae.experiments.bench.submission import Submission, read_others, read_submissions
from groupae.experiments.bench.task import BenchTask

__all__ = [
    "BenchCell",
    "BenchResult",
    "BenchRun",
    "BenchTask",
    "Board",
    "GeneralisationSplit",
    "Submission",
    "choose_models",
    "choose_tasks",
    "get_split",
    "read_others",
    "read_submissions",
    "write_board",
]
