"""Conversion of programs of ``torch.export`` to ONNX models, and evaluation of such models."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.export import ExportedProgram

from groupae._validation import expected
from groupae.interop.loading import load
from groupae.models.exporting import ExportError

__all__ = ["check_onnx_installed", "onnx_from_program", "run_onnx", "run_onnx_all"]

_REMEDY = "pip install 'groupae[onnx]', or pip install -e '.[onnx]' in a checkout"


def check_onnx_installed(owner: object = None) -> None:
    """Raise ``ModuleNotFoundError`` unless all packages for ONNX models are installed.

    Args:
        owner: Who needs them, the subject of the error; by default the module of the package.

    Example:
        >>> check_onnx_installed()
    """
    for library in ("onnx", "onnxscript", "onnxruntime"):
        load(library, _REMEDY, owner)


@contextlib.contextmanager
def _without_remarks() -> Iterator[None]:
    """Suppress the exporter's remarks on optional libraries and skipped steps."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings():
            # torch 2.13 copies its own trees in a manner that it deprecates, and says that an axis
            # which two inputs share keeps its name
            warnings.filterwarnings("ignore", ".*LeafSpec.*is deprecated", FutureWarning)
            warnings.filterwarnings("ignore", ".*axis name: batch will not be used", UserWarning)
            yield
    finally:
        logging.disable(before)


def onnx_from_program(program: ExportedProgram, *, output: str | Sequence[str] = "x_g") -> bytes:
    """Return a program as the bytes of an ONNX file, weights included.

    Args:
        program: What `groupae.models.export_transform` returns, or ``torch.export`` of an action.
            The first axis of its inputs, if it is free, is called ``batch``.
        output: Name of the output, or of each output in order; inputs keep their names.

    Raises:
        ModuleNotFoundError: If the extra ``onnx`` is not installed.
        ExportError: If ONNX lacks an operation, such as the exponential of a matrix.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> inputs, batch = (torch.zeros(2), torch.zeros(2, 4)), {0: torch.export.Dim("batch")}
        >>> action = VectorAction(SO2().rep("2x0 + 1x1"))
        >>> program = torch.export.export(action, inputs, dynamic_shapes=(batch, batch))
        >>> content = onnx_from_program(program, output="z_g")
        >>> run_onnx(content, torch.zeros(5), torch.ones(5, 4)).shape
        torch.Size([5, 4])
    """
    check_onnx_installed()
    inputs = len(program.graph_signature.user_inputs)
    try:
        with _without_remarks():
            converted = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                output_names=[output] if isinstance(output, str) else list(output),
                dynamic_shapes=({0: "batch"},) * inputs,  # how the free axes are called
            )
            assert converted is not None
            content: bytes = converted.model_proto.SerializeToString()
            return content
    except torch.onnx.OnnxExporterError as error:
        reason = next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)
        what = "a model of operations that ONNX has"
        raise ExportError(expected("onnx_from_program", what, f"the error: {reason}")) from error


def run_onnx(content: bytes, *inputs: Tensor) -> Tensor:
    """Return the first output of an ONNX model, evaluated by onnxruntime on the processor.

    Raises:
        ModuleNotFoundError: If the extra ``onnx`` is not installed.

    Example:
        >>> program = torch.export.export(torch.nn.ReLU(), (torch.zeros(2),))
        >>> run_onnx(onnx_from_program(program), torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return run_onnx_all(content, *inputs)[0]


def run_onnx_all(content: bytes, *inputs: Tensor) -> tuple[Tensor, ...]:
    """Return all outputs of an ONNX model, evaluated by onnxruntime on the processor.

    Raises:
        ModuleNotFoundError: If the extra ``onnx`` is not installed.

    Example:
        >>> program = torch.export.export(torch.nn.ReLU(), (torch.zeros(2),))
        >>> len(run_onnx_all(onnx_from_program(program), torch.tensor([-1.0, 2.0])))
        1
    """
    runtime = load("onnxruntime", _REMEDY)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    arrays = [x.detach().cpu().numpy() for x in inputs]
    return tuple(map(torch.from_numpy, session.run(None, dict(zip(names, arrays, strict=True)))))
