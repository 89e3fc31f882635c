"""Export of a trained run to a file that runs without groupae, by ``torch.export`` or ONNX."""

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

_TRACED, _CHECKED = 2, 8  # pairs; two, since torch.export treats a batch of one as a constant
_TOLERANCE = 1e-3  # relative; other kernels add float32 in another order


@dataclasses.dataclass(frozen=True)
class Export:
    """An exported file, and its difference from the model.

    Args:
        path: The file.
        mebibytes: Size of the file.
        pairs: Number of held-out pairs on which it was checked.
        difference: Largest difference between its predictions and the model's on them.

    Example:
        >>> Export(Path("model.pt2"), mebibytes=3.7, pairs=64, difference=1e-6).pairs
        64
    """

    path: Path
    mebibytes: float
    pairs: int
    difference: float


def export_run(
    run: Run, model: TransformModule, *, format: Format = "pt2", out: Path | None = None
) -> Export:
    """Write a trained model's ``transform(g, x)`` for batches of any size, and check it.

    The content of the file is read again and checked before it replaces an older file.

    Args:
        run: Run whose held-out pairs are used.
        model: The trained model.
        format: ``"pt2"`` or ``"onnx"``.
        out: The file, with that ending; by default ``model.pt2`` or ``model.onnx`` in the run
            folder.

    Raises:
        ValueError: If the format is unknown, or the file has another ending.
        ModuleNotFoundError: If ONNX is asked for and the extra ``onnx`` is not installed.
        ExportError: If the model cannot be exported, or the file computes other numbers.
    """
    if format not in EXPORTS:
        raise ValueError(unknown_choice("export_run", "format", format, EXPORTS))
    path = run.path / EXPORTS[format] if out is None else Path(out)
    if path.suffix != f".{format}":
        remedy = "name another file, or another format"
        raise ValueError(expected("export_run", f"a file that ends in .{format}", path, remedy))
    if format == "onnx":
        check_onnx_installed("groupae export --format onnx")
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
