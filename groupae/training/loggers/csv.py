"""Metrics as a table in a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from groupae._files import write_durably
from groupae._validation import expected

__all__ = ["CSVLogger"]

_STEP = "step"


class CSVLogger:
    """Logger that writes one row per step to ``folder/metrics.csv``.

    Each row is in the file as soon as it is logged. A metric that appears later gets a new column
    on the right; where a step has no value, the cell is empty. Metrics of the last step are merged
    into its row. A resumed training drops the rows after its first step and a half-written last
    one. Nothing is written through a symbolic link of that name.

    Args:
        folder: Folder of the file; made if missing.

    Example:
        >>> import tempfile
        >>> logger = CSVLogger(tempfile.mkdtemp())
        >>> logger.log_metrics({"loss": 0.5}, step=1)
        >>> logger.log_metrics({"loss": 0.25, "validation_psnr": 20.0}, step=2)
        >>> print(logger.path.read_text(), end="")
        step,loss,validation_psnr
        1,0.5,
        2,0.25,20.0
    """

    def __init__(self, folder: Path | str) -> None:
        self.path: Path = Path(folder) / "metrics.csv"
        self._columns: list[str] = []
        self._row: dict[str, Any] = {}
        self._place = self._end = 0  # of the last row in the file, in bytes
        self._is_open = False

    def resume(self, step: int) -> None:
        """Keep the rows of the file up to a step."""
        self._open(must_be_new=False)
        self._columns, rows = self._read()
        if self._columns:
            self._rewrite([row for row in rows if int(row[_STEP]) <= step])

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write a row, or add to the last one if it is of the same step.

        Raises:
            FileExistsError: If the file has rows of another training.
        """
        if not self._is_open:
            self._open()
        last = self._row.get(_STEP, -1)
        values = {k: v.item() if isinstance(v, Tensor) else v for k, v in metrics.items()}
        row = {_STEP: last + 1 if step is None else step, **values}
        is_same = row[_STEP] == last
        if is_same:
            row = self._row | row
        new = [name for name in row if name not in self._columns]
        if new:
            rows = self._read()[1] if self._columns else []
            self._columns = [*self._columns, *new]
            self._rewrite(rows[:-1] if is_same else rows)
        self._append(row, replace=is_same and not new)

    def finalize(self, status: str) -> None:
        """Forget the file, so that the next training needs one of its own."""
        del status
        self._columns, self._row, self._is_open = [], {}, False

    # --- the file ----------------------------------------------------------------------------
    def _open(self, *, must_be_new: bool = True) -> None:
        self._columns, self._row = [], {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():
            self.path.unlink()
        if must_be_new and self.path.exists() and self.path.stat().st_size:
            remedy = "name another folder, or resume the training that wrote it"
            got = "one with the rows of another training"
            raise FileExistsError(expected("CSVLogger", f"{self.path} as a new file", got, remedy))
        self._is_open = True

    def _read(self) -> tuple[list[str], list[dict[str, Any]]]:
        """Return columns and whole rows of the file."""
        if not self.path.is_file():
            return [], []
        text = self.path.read_bytes().decode(errors="replace")
        lines = list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1], newline="")))
        if not lines:
            return [], []
        columns = lines[0]
        if _STEP not in columns:
            remedy = "name another folder"
            raise ValueError(expected(self.path, "a table with a column step", columns, remedy))
        rows: list[dict[str, Any]] = []
        for line in lines[1:]:
            row: dict[str, Any] = dict(zip(columns, line, strict=False))
            if len(line) == len(columns) and row[_STEP].isdecimal():
                rows.append(row | {_STEP: int(row[_STEP])})
        return columns, rows

    def _rewrite(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write the file anew; a crash leaves the old one or the new one."""
        lines = [self._line(dict(zip(self._columns, self._columns, strict=True)))]
        lines += [self._line(row) for row in rows]
        content = "".join(lines).encode()
        write_durably(self.path, content)
        self._end = len(content)
        if rows:
            self._row, self._place = rows[-1], self._end - len(lines[-1].encode())

    def _append(self, row: dict[str, Any], *, replace: bool) -> None:
        place = self._place if replace else self._end
        line = self._line(row).encode()
        with self.path.open("r+b") as stream:
            stream.seek(place)
            stream.truncate()  # also what a failed write has left
            stream.write(line)
        self._place, self._end, self._row = place, place + len(line), row

    def _line(self, row: Mapping[str, Any]) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow(row.get(name, "") for name in self._columns)
        return line.getvalue()
