"""The model of a run as a file that runs without groupae: ``torch.export``'s or ONNX."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from groupae._choices import Format
from groupae._files import write_durably
from groupae._validation import expected, unknown_choice
from groupae.experiments.runs.run import Run
from groupae.experiments.runs.run_folder import EXPORTS
from groupae.interop.onnx import check_onnx_installed, onnx_from_program, run_onnx
from groupae.models import TransformModule
from groupae.models.exporting import ExportError, export_transform, pt2_from_program

__all__ = ["Export", "Format", "export_run"]

_TRACED, _CHECKED = 2, 8
_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True)
class Export:
    """A file that has been written, and how far it is from the model.

    Args:
        path: The file.
        mebibytes: Its size.
        pairs: Number of held-out pairs on which it was checked.
        difference: The largest difference of a predicted number from the model's on them.
    """

    path: Path
    mebibytes: float
    pairs: int
    difference: float


def export_run(
    run: Run, model: TransformModule, *, format: Format = "pt2", out: Path | None = None
) -> Export:
    """Write a trained model's ``transform(g, x)`` for batches of any size, and check it.

    What is checked is the content of the file, as its readers see it, before it takes the place of
    an older one.

    Args:
        run: Where the held-out pairs are from.
        model: The trained model.
        format: ``"pt2"`` or ``"onnx"``.
        out: The file, with that ending; ``model.pt2`` or ``model.onnx`` in the run folder unless
            given.

    Raises:
        ValueError: If there is no such format, or the file's ending is another.
        ModuleNotFoundError: If ONNX is asked for and the extra ``onnx`` is not installed.
        ExportError: If the model cannot be written so, or gives other numbers then.
    """
    if format not in EXPORTS:
        raise ValueError(unknown_choice("export_run", "format", format, EXPORTS))
    path = run.path / EXPORTS[format] if out is None else Path(out)
    if path.suffix != f".{format}":
        remedy = "name another file, or another format"
        raise ValueError(expected("export_run", f"a file that ends in .{format}", path, remedy))
    if format == "onnx":
        check_onnx_installed()
    held_out = run.load("test").fixed(_TRACED + _CHECKED)
    traced, checked = held_out[:_TRACED], held_out[_TRACED:]
    content, read = _WRITERS[format](model, traced.g, traced.x1)
    with torch.no_grad():
        wanted = model.eval().transform(checked.g, checked.x1)
        difference = float((read(checked.g, checked.x1) - wanted).abs().max())
    if not difference <= _TOLERANCE * max(1.0, float(wanted.abs().max())):
        what = f"{format} to give the model's numbers"
        raise ExportError(expected(path, what, f"a difference of {difference:.1e}"))
    write_durably(path, content)
    return Export(path, len(content) / 2**20, len(checked), difference)


_Written = tuple[bytes, Callable[[Tensor, Tensor], Tensor]]


def _write_pt2(model: TransformModule, g: Tensor, x: Tensor) -> _Written:
    content = pt2_from_program(export_transform(model, g, x))
    return content, torch.export.load(io.BytesIO(content)).module()


def _write_onnx(model: TransformModule, g: Tensor, x: Tensor) -> _Written:
    content = onnx_from_program(export_transform(model, g, x))
    return content, lambda g, x: run_onnx(content, g, x)


_WRITERS = {"pt2": _write_pt2, "onnx": _write_onnx}
