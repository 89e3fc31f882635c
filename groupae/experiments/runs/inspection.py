"""Content of a run folder, or of a saved model, without running any of it.

Files are read as plain data and verified by their checksums. No model is built, no plug-in is
loaded, no weight is used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from groupae._files import is_sealed, read_json
from groupae._printable import counted
from groupae._validation import expected
from groupae.experiments.runs.run_config import CONFIG, read_yaml
from groupae.experiments.runs.run_folder import RESULT, is_locked
from groupae.persistence.folder import DESCRIPTION, WEIGHTS, verify
from groupae.persistence.zoo import is_zoo_name, read_card, zoo_folder, zoo_hint
from groupae.training import CheckpointError, load_checkpoint
from groupae.training.snapshot import verify_snapshot

__all__ = ["Inspection", "inspect_folder"]


@dataclasses.dataclass(frozen=True)
class Inspection:
    """Content of a folder, as lines of a table.

    Args:
        lines: What is there, each with its value.
        damages: One sentence for each part that is damaged.
    """

    lines: tuple[tuple[str, str], ...]
    damages: tuple[str, ...]


def inspect_folder(folder: Path | str) -> Inspection:
    """Return the content of the folder of a run or of a saved model; nothing of it is run.

    Args:
        folder: The folder, or ``"zoo:NAME"`` for a trained model of the package, with its card.

    Raises:
        FileNotFoundError: If the folder holds neither.
        ValueError: If no model of the zoo has the name.

    Example:
        >>> import tempfile, torch, groupae
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     place = groupae.save(torch.nn.Linear(2, 3), Path(folder) / "mine")
        ...     inspect_folder(place).lines[1]
        ('model', 'Linear')
    """
    lines: list[tuple[str, str]] = []
    damages: list[str] = []
    parts: tuple[Callable[[Path], Iterator[tuple[str, str]]], ...]
    if is_zoo_name(folder):
        lines, folder = list(_card(read_card(str(folder)))), zoo_folder(str(folder))
    folder = Path(folder)
    if (folder / CONFIG).is_file():
        parts = (_config, _checkpoints, _snapshots, _result)
    elif (folder / DESCRIPTION).is_file():
        parts = (_saved,)
    else:
        what = f"a run with {CONFIG} or a saved model with {DESCRIPTION}"
        remedy = zoo_hint(folder) or "name the folder that groupae train or groupae.save wrote"
        raise FileNotFoundError(expected(folder, what, "none", remedy))
    for part in parts:
        try:
            for name, value in part(folder):
                if name:
                    lines.append((name, value))
                else:
                    damages.append(value)
        except (ValueError, OSError) as error:
            damages.append(" ".join(str(error).split()))
    return Inspection(tuple(lines), tuple(damages))


def _config(folder: Path) -> Iterator[tuple[str, str]]:
    config = read_yaml(folder)
    state = "another process is at work on it" if is_locked(folder) else "no process is at work"
    yield "run", f"{folder}; {state}"
    sections = {name: config.get(name) for name in ("data", "model", "training", "own_folder")}
    data, model, training, own = (
        found if isinstance(found, dict) else {} for found in sections.values()
    )
    where = f", folder {data.get('folder')}" if data.get("folder") else ""
    moved = f", moved by {own.get('group')}" if own else ""
    yield "data", f"{config.get('experiment')}, {data.get('size')}{where}{moved}"
    name = model.get("backbone") or model.get("system")
    yield "model", f"preset {config.get('preset')}: {name}"
    if "representation" in model:
        yield "code", str(model["representation"])
    yield "budget", _budget(training)
    earlier = config.get("earlier")
    if isinstance(earlier, list) and earlier:
        yield "lengthened from", ", ".join(_budget(each) for each in earlier)
    shown = ("optimizer", "learning_rate", "batch_size", "seed")
    yield "training", ", ".join(f"{name} {training.get(name)}" for name in shown)


def _budget(training: Any) -> str:
    values = training if isinstance(training, dict) else {}
    for name, unit, more in (
        ("steps", "step", ""),
        ("cpu_minutes", "minute", " of processor time"),
    ):
        if values.get(name) is not None:
            return f"{_counted(values[name], unit)}{more}"
    return _counted(values.get("minutes"), "minute")


def _counted(value: object, noun: str) -> str:
    """Return a number of a file with its noun; what is no number is shown as it is."""
    return counted(value, noun) if isinstance(value, (int, float)) else f"{value} {noun}s"


def _checkpoints(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield a line per checkpoint; the name of a damaged one is empty."""
    for path in _numbered(folder / "checkpoints"):
        try:
            found = load_checkpoint(path)
        except CheckpointError as error:
            yield "", str(error)
            continue
        weights = [part for part in found.weights.values() if hasattr(part, "numel")]
        count = sum(part.numel() for part in weights)
        yield (
            f"checkpoint {path.name}",
            f"score {found.score:.4f}, {count:,} numbers, {_size(path)}",
        )


def _snapshots(folder: Path) -> Iterator[tuple[str, str]]:
    for path in _numbered(folder / "snapshots"):
        try:
            verify_snapshot(path)
        except CheckpointError as error:
            yield "", str(error)
        else:
            yield f"snapshot {path.name}", f"{_size(path)}; --resume goes on from the newest"


def _result(folder: Path) -> Iterator[tuple[str, str]]:
    file = folder / RESULT
    if not file.is_file():
        yield "result", "none: the training is not finished"
        return
    values = read_json(file)
    if not isinstance(values, dict) or not is_sealed(values):
        raise ValueError(expected(file, "the result that was written", "a changed one"))
    shown = ("steps", "seconds", "best_step", "validation_score")
    yield "result", ", ".join(f"{name} {values.get(name)}" for name in shown)


def _saved(folder: Path) -> Iterator[tuple[str, str]]:
    yield "saved model", str(folder)
    values, weights = verify(folder)
    model = values["model"] if isinstance(values.get("model"), dict) else {}
    yield "model", _kind(model)
    arguments = model.get("arguments")
    for name, part in arguments.items() if isinstance(arguments, dict) else ():
        yield name, _described(part)
    numbers = sum(part.numel() for part in weights.values())
    yield "weights", f"{len(weights)} tensors, {numbers:,} numbers, {_size(folder / WEIGHTS)}"


def _card(card: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield a line per entry of a card, but for sums and the config of the run."""
    for name, value in card.items():
        if name not in ("groupae_card", "sha256", "run", "result"):
            for i, line in enumerate(value if isinstance(value, list) else [value]):
                told = _CARD_LINES[name](line) if name in _CARD_LINES else _in_words(line)
                yield "" if i else name, told


def _data_line(data: dict[str, Any]) -> str:
    """Return in words on which data a model was trained."""
    shape = "x".join(map(str, data["shape"]))
    moved = f"{data['name']}, {data['size']}: {data['group']} on {shape}"
    return f"{moved}; {data['source']}; licence: {data['licence']}"


def _training_line(values: dict[str, Any]) -> str:
    """Return in words how long a model was trained."""
    steps, size = counted(values["steps"], "step"), counted(values["pairs_per_step"], "pair")
    threads = counted(values["threads"], "thread")
    spent = f"{values['processor_seconds']} processor seconds on {threads}"
    return (
        f"{steps} of {size}, seed {values['seed']}, {spent}; weights of step {values['best_step']}"
    )


def _scores_line(values: dict[str, Any]) -> str:
    """Return in words the scores of a card, with their intervals where they have one."""
    told = []
    for name, value in values.items():
        if isinstance(value, dict):
            low, high = value["interval"]
            told.append(f"{name} {value['mean']:.4g} ({low:.4g} to {high:.4g})")
        elif isinstance(value, float):
            told.append(f"{name} {value:.4g}")
    size = f", size {values['size']}" if "size" in values else ""
    pairs = counted(values["pairs"], "pair")
    return f"{', '.join(told)}; {pairs} of the {values['split']} split{size}"


def _precision_line(values: dict[str, Any]) -> str:
    """Return in words how weights are stored, and how much that changes the score."""
    changes = (f"{_in_words(v)}" for name, v in values.items() if name.startswith("change_of"))
    scores = (name[len("change_of_") :] for name in values if name.startswith("change_of"))
    told = (f"change of {name}: {v}" for name, v in zip(scores, changes, strict=True))
    return "; ".join([f"stored as {values['stored']}", *told])


_CARD_LINES: dict[str, Callable[[Any], str]] = {
    "data": _data_line,
    "training": _training_line,
    "parameters": lambda count: f"{count:,}",
    "scores": _scores_line,
    "check": _scores_line,
    "precision": _precision_line,
}


def _in_words(value: Any) -> str:
    """Return plain data in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {_in_words(v)}" for name, v in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_in_words, value))}]"
    return "none" if value is None else str(value)


def _described(part: Any) -> str:
    """Return a class with its plain arguments in a line."""
    if isinstance(part, dict) and isinstance(part.get("tuple"), list):
        return f"({', '.join(map(_described, part['tuple']))})"
    if not isinstance(part, dict):
        return str(part)
    kind = _kind(part)
    arguments = part.get("arguments")
    plain = arguments.items() if isinstance(arguments, dict) else ()
    inner = ", ".join(f"{name}={_described(value)}" for name, value in plain)
    of = part.get("of")
    group = f" of {of.get('group')}" if isinstance(of, dict) else ""
    return f"{kind}({inner})" if inner else f"{kind or part}{group}"


def _kind(part: dict[str, Any]) -> str:
    """Return the name of a class, layer, objective or representation in a description."""
    return next((value for value in part.values() if isinstance(value, str)), "")


def _numbered(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("step-*") if path.name[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def _size(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 2**20:.1f} MiB"
