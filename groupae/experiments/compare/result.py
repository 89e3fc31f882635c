"""Result of a trial: its scores, sizes and times, as a small file that is kept and shared.

No path of a machine is in it. It is sealed, and holds the SHA-256 of the predictions, so that a
changed file is found out.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from groupae._files import is_sealed, parse_json, sealed
from groupae.metrics import Estimate

__all__ = ["CellError", "CellResult", "Result", "ResultError"]

_VERSION = 1


class ResultError(ValueError):
    """Error for a result that is damaged, or of other settings than asked for.

    Example:
        >>> issubclass(ResultError, ValueError)
        True
    """


@dataclasses.dataclass(frozen=True)
class Result:
    """Result of a trial.

    Args:
        config: Data set, model and training, as plain data.
        scores: Mean and half width over the fixed test pairs, by the name of the score.
        parameters: Number of weights.
        steps: Steps taken.
        pairs: Training pairs seen, steps times batch size.
        best_step: Step of the weights that were evaluated.
        wall_seconds: Time from the first step to the last, validations included.
        cpu_seconds: Processor time of the same steps.
        peak_mebibytes: Peak memory of the process in training, MiB; ``None`` where the system
            does not report it.
        versions: Versions of groupae, torch and python.
        machine: Kind of processor and number of cores.
        date: End of the training, ISO 8601, UTC.
        predictions_sha256: SHA-256 of the file of predictions; empty if it was not recorded.

    Example:
        >>> figures = {"parameters": 9, "steps": 5, "pairs": 160, "best_step": 5, "date": "2026"}
        >>> Result({}, {}, **figures, wall_seconds=8.0, cpu_seconds=4.0).images_per_cpu_second
        80.0
    """

    config: Mapping[str, Any]
    scores: Mapping[str, Estimate]
    parameters: int
    steps: int
    pairs: int
    best_step: int
    wall_seconds: float
    cpu_seconds: float
    peak_mebibytes: float | None = None
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    machine: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    date: str = ""
    predictions_sha256: str = ""

    @property
    def images_per_cpu_second(self) -> float:
        """Training images (two per pair) per second of processor time, validations included."""
        return 2 * self.pairs / max(self.cpu_seconds, 1e-9)

    @property
    def seed(self) -> int:
        """Seed of the training."""
        return int(self.config["training"]["seed"])

    def to_json(self) -> bytes:
        """Return the content of the file."""
        values = {"groupae_cell": _VERSION, **dataclasses.asdict(self)}
        values["scores"] = {name: estimate.data() for name, estimate in self.scores.items()}
        values["images_per_cpu_second"] = round(self.images_per_cpu_second, 1)
        return json.dumps(sealed(values), indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes | str) -> Result:
        """Return the result that `to_json` wrote.

        Raises:
            ValueError: If it is no JSON, of another version, or was changed since.
            KeyError: If an entry is missing.
            TypeError: If an entry is of the wrong type.
        """
        values = _of_kind("content", parse_json(content), dict)
        if values["groupae_cell"] != _VERSION:
            raise ValueError(f"version {values['groupae_cell']!r:.60}")
        found: dict[str, Any] = {}
        for field in dataclasses.fields(cls):
            if field.name == "predictions_sha256" and field.name not in values:
                continue  # of groupae 0.1
            value = values[field.name]
            if value is not None or field.name != "peak_mebibytes":
                value = _of_kind(field.name, value, *_KINDS[field.name])
            found[field.name] = value
        found["scores"] = {name: _estimate(name, given) for name, given in found["scores"].items()}
        if not found["scores"]:
            raise TypeError("no scores")
        for name, version in found["versions"].items():
            _of_kind(f"a version of {name}", version, str)
        if not is_sealed(values):
            raise ValueError("one that was changed after it was written")
        return cls(**found)


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("config", "scores", "versions", "machine"), (dict,)),
    **dict.fromkeys(("parameters", "steps", "pairs", "best_step"), (int,)),
    **dict.fromkeys(("wall_seconds", "cpu_seconds", "peak_mebibytes"), (int, float)),
    **dict.fromkeys(("date", "predictions_sha256"), (str,)),
}


def _of_kind(name: str, value: Any, *kinds: type) -> Any:
    """Return a value that was read from a file, after checking its type.

    Raises:
        TypeError: If it is of another type; ``True`` and infinity are no numbers.
    """
    limit = sys.float_info.max
    is_beyond = isinstance(value, (int, float)) and not -limit <= value <= limit
    if isinstance(value, bool) or not isinstance(value, kinds) or is_beyond:
        raise TypeError(f"{name} that is {value!r:.60}")
    return value


def _estimate(name: str, value: Any) -> Estimate:
    given = _of_kind(f"the score {name}", value, dict)
    mean, half_width = given["mean"], given["half_width"]
    if not (isinstance(half_width, float) and math.isnan(half_width)):  # of one pair
        half_width = _of_kind(f"half_width of {name}", half_width, int, float)
    return Estimate(float(_of_kind(f"mean of {name}", mean, int, float)), float(half_width))


CellError, CellResult = ResultError, Result  # names until groupae 0.2
