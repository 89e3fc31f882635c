"""Files of the public table: Markdown, JSON, CSV and pictures in one folder."""

from __future__ import annotations

import json
from pathlib import Path

from groupae._files import sweep, write_durably
from groupae.experiments.bench.board import Board
from groupae.experiments.bench.board_text import board_csv, board_markdown
from groupae.experiments.bench.pictures import bench_figures
from groupae.viz import save_figure

__all__ = ["write_board"]


def write_board(board: Board, folder: Path, *, draws: bool = True) -> list[Path]:
    """Write ``bench.md``, ``bench.json``, ``bench.csv`` and the pictures; return their paths.

    Each file is replaced whole. Pictures of tasks that are not in the board stay.

    Args:
        board: The board.
        folder: Folder, which is made if it is not there.
        draws: Whether pictures are drawn too.

    Raises:
        OSError: If a file cannot be written.

    Example:
        >>> import tempfile
        >>> from groupae.experiments.bench.result import BenchResult, Condition, ConditionResult
        >>> from groupae.experiments.bench.result import ScoreResult, TaskKey
        >>> task = TaskKey("glyphs", "steps", "small", 28, 5.0)
        >>> near = Condition("10 deg", 10.0, "deg", True)
        >>> found = (ConditionResult(near, {"psnr": ScoreResult(30.0, 29.0, 31.0, 9)}),)
        >>> board = Board.of([BenchResult(task, "mine", 0, found, {}, 9, 5, 300.0, {})])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [path.name for path in write_board(board, Path(folder), draws=False)]
        ['bench.md', 'bench.json', 'bench.csv']
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder, r"bench\.(md|json|csv)|.*\.png")
    data = json.dumps(board.data(), indent=1, allow_nan=False) + "\n"
    texts = {"md": board_markdown(board), "json": data, "csv": board_csv(board)}
    written = []
    for ending, text in texts.items():
        written.append(folder / f"bench.{ending}")
        write_durably(written[-1], text.encode())
    for name, figure in (bench_figures(board) if draws else {}).items():
        written.append(folder / f"{name}.png")
        save_figure(figure, written[-1])
    return written
