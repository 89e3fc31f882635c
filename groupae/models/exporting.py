"""Export of a model's ``transform`` as a graph for batches of any size, by ``torch.export``.

A graph is a model's arithmetic without its Python: reading one needs neither groupae nor its
groups. Elements keep their chart: a graph takes angles where the model takes angles.
"""

from __future__ import annotations

import io
import warnings

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from typing_extensions import override

from groupae._validation import expected
from groupae.metrics.evaluation import evaluation_mode
from groupae.models.transform_module import TransformModule

__all__ = ["ExportError", "export_transform", "pt2_from_program"]


class ExportError(ValueError):
    """Error of a model that cannot be exported, or whose graph returns other numbers.

    Example:
        >>> issubclass(ExportError, ValueError)
        True
    """


class _Transform(nn.Module):
    """Module whose ``forward`` is ``transform``, as ``torch.export`` requires."""

    def __init__(self, model: TransformModule) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, g: Tensor, x: Tensor) -> Tensor:
        return self.model.transform(g, x)


def export_transform(model: TransformModule, g: Tensor, x: Tensor) -> ExportedProgram:
    """Return ``transform`` as a graph with inputs ``g`` and ``x`` and a free batch axis.

    Args:
        model: A model; it is exported in evaluation mode, on its own device.
        g: Any elements, shape ``(n, *element_shape)`` with n of at least 2.
        x: Any data, shape ``(n, *x_shape)``.

    Returns:
        The program. ``program.module()(g, x)`` runs it; `pt2_from_program` and
        `groupae.interop.onnx.onnx_from_program` return it as the content of a file.

    Raises:
        ExportError: If the model cannot be traced for batches of any size. Your own code must read
            the size as ``x.shape[0]``, for tracing fixes ``len(x)``.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> action = VectorAction(SO2().rep("2x0 + 1x1"))
        >>> ae = LatentActionAE(nn.Linear(9, 4), nn.Linear(4, 9), action)
        >>> program = export_transform(ae, torch.zeros(2), torch.zeros(2, 9))
        >>> program.module()(torch.zeros(5), torch.zeros(5, 9)).shape
        torch.Size([5, 9])
    """
    name = type(model).__name__
    if len(x) < 2 or len(g) != len(x):  # torch.export takes a size of 1 for a constant
        got = f"{len(g)} elements and {len(x)} data"
        raise ValueError(expected("export_transform", "as many elements as data, 2 or more", got))
    batch = {0: Dim("batch")}
    try:
        with torch.no_grad(), evaluation_mode(model):
            return torch.export.export(_Transform(model), (g, x), dynamic_shapes=(batch, batch))
    except Exception as error:  # torch raises many kinds, most of them without a public name
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = "a model that torch.export can trace for batches of any size"
        raise ExportError(expected(name, what, f"the error: {reason}")) from error


def pt2_from_program(program: ExportedProgram) -> bytes:
    """Return a program as the bytes of a file that ``torch.export.load`` reads.

    Example:
        >>> import io; import torch
        >>> program = torch.export.export(torch.nn.Linear(2, 3), (torch.zeros(1, 2),))
        >>> loaded = torch.export.load(io.BytesIO(pt2_from_program(program)))
        >>> loaded.module()(torch.zeros(1, 2)).shape
        torch.Size([1, 3])
    """
    stream = io.BytesIO()
    with warnings.catch_warnings():
        # torch 2.13 warns about each weight with its channels innermost in memory
        warnings.filterwarnings("ignore", "No complete tensor found", UserWarning)
        torch.export.save(program, stream)
    return stream.getvalue()
