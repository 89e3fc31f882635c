"""Metrics of a training as lines of JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typing_extensions import override

from groupae._files import parse_json, sweep, write_durably
from groupae._validation import check_count
from groupae.training.callbacks import Callback, TrainingState

__all__ = ["MetricsLog"]


class MetricsLog(Callback):
    """Metrics as JSON lines in a file: one every ``every`` steps and one per validation.

    A resumed training drops the lines of steps that it takes again, and any training drops a last
    line that was half written.

    Args:
        path: The file, ``metrics.jsonl``.
        every: Steps between lines.

    Raises:
        ValueError: If ``every`` is not at least 1.

    Example:
        >>> MetricsLog("run/metrics.jsonl", every=100).path.name
        'metrics.jsonl'
    """

    def __init__(self, path: Path | str, *, every: int = 20) -> None:
        check_count("MetricsLog", "every", every)
        self.path: Path = Path(path)
        self.every = every

    @override
    def on_start(self, state: TrainingState) -> None:
        """Delete lines that do not hold, and a symbolic link: nothing is written through it."""
        sweep(self.path.parent, re.escape(self.path.name))
        if self.path.is_symlink():
            self.path.unlink()
        if self.path.is_file():
            found = self.path.read_bytes()
            kept = _without_torn_line(found)
            if state.scores:
                validated = {step for step, _ in state.scores}
                lines = kept.splitlines(keepends=True)
                kept = b"".join(line for line in lines if _holds(line, state.step, validated))
            if kept != found:
                write_durably(self.path, kept)

    def _append(self, state: TrainingState, values: dict[str, float]) -> None:
        line = {"step": state.step, "seconds": round(state.seconds, 3), **values}
        try:
            with self.path.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError as error:
            error.filename = str(self.path)  # missing in the error of a full disk
            raise

    @override
    def on_step(self, state: TrainingState) -> None:
        """Write the loss terms, the learning rate and the number of threads."""
        if state.step % self.every == 0:
            facts = {"threads": state.threads, "learning_rate": state.learning_rate}
            self._append(state, {**facts, **state.terms})

    @override
    def on_validation(self, state: TrainingState) -> None:
        """Write the validation score."""
        self._append(state, {f"validation_{state.score.name}": state.validation_score})


def _without_torn_line(content: bytes) -> bytes:
    """Return lines of JSON without a last one that was cut short; all of them end in a newline."""
    head, newline, tail = content.rpartition(b"\n")
    try:
        return content if not tail or parse_json(tail) is None else content + b"\n"
    except ValueError:
        return head + newline


def _holds(line: bytes, last: int, validated: set[int]) -> bool:
    """Return whether a line is not about a step, or a validation, that a resumed training repeats.

    An interruption validates once more, which a training without interruption does not.
    """
    try:
        values = parse_json(line)
    except ValueError:
        return True  # not ours
    if not isinstance(values, dict) or not isinstance(values.get("step"), int):
        return True
    is_score = any(name.startswith("validation_") for name in values)
    return values["step"] in validated if is_score else values["step"] <= last
