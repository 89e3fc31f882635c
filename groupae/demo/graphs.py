"""Graphs of a model for a page, as ONNX files: ``encode``, ``turn`` and ``swap``.

Each graph is evaluated by onnxruntime and compared with the model before it is returned.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.demo.code_layout import CodeLayout
from groupae.demo.controls import Control
from groupae.interop.onnx import (
    check_onnx_installed,
    onnx_from_program,
    run_onnx,
    run_onnx_all,
)
from groupae.models.exporting import ExportError

__all__ = [
    "LARGEST_DIFFERENCE",
    "Graphs",
    "check_control",
    "check_has_parts",
    "export_graphs",
    "on_processor",
]

LARGEST_DIFFERENCE = 2 / 255
"""Largest difference of a picture from the model's, in units of the range of pictures."""

_ROUNDING = 0.5 / 255  # that a picture may change by rounding of the weights


@dataclasses.dataclass(frozen=True)
class Graphs:
    """ONNX files of a model, checked.

    Args:
        files: Content of each file, by the name of the graph.
        layout: Layout of flat codes.
        difference: Largest difference of a picture from the model's.
        precision: Format that weights are rounded to, or float32.

    Example:
        >>> [field.name for field in dataclasses.fields(Graphs)]
        ['files', 'layout', 'difference', 'precision']
    """

    files: dict[str, bytes]
    layout: CodeLayout
    difference: float
    precision: str


class _Graph(nn.Module):
    """Module that is exported: one step of the model on flat codes."""

    def __init__(self, model: Any, layout: CodeLayout, control: Control) -> None:
        super().__init__()
        self.model = model
        self.layout = layout
        self.control = control


class _Encode(_Graph):
    @override
    def forward(self, x: Tensor) -> Tensor:
        return self.layout.flatten(self.model.encode(x))


class _Turn(_Graph):
    @override
    def forward(self, z: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        moved = self.model.action(self.control.element(p), self.layout.unflatten(z))
        return self.layout.flatten(moved), self.model.decode(moved)


class _Swap(_Graph):
    @override
    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        pair = (self.layout.unflatten(z) for z in (z1, z2))
        return self.layout.flatten(self.model.action.swap(*pair))


_KINDS: dict[str, type[_Graph]] = {"encode": _Encode, "turn": _Turn, "swap": _Swap}
_OUTPUTS = {"encode": ["z"], "turn": ["z_g", "x_g"], "swap": ["z"]}


def export_graphs(model: nn.Module, x: Tensor, control: Control, *, scale: float = 1.0) -> Graphs:
    """Return the graphs of a model, checked on data.

    Weights are rounded to bfloat16 or float16, which halves the files, if no picture changes by
    more than half of one level of 255.

    Args:
        model: A model with ``encode``, ``action`` and ``decode``; it is not changed.
        x: Data to trace and check with, shape ``(n, *x_shape)``, n of at least 2.
        control: Control of its group.
        scale: Range of the data, the unit of differences.

    Raises:
        ModuleNotFoundError: If the extra ``onnx`` is not installed.
        ExportError: If the model cannot be exported, or a graph computes other numbers.

    Example:
        >>> from groupae import SO2, LatentActionAE
        >>> from groupae.demo import control_of
        >>> ae = LatentActionAE.conv(SO2().rep("2x0 + 3x1"), (1, 8, 8), widths=(8,))
        >>> sorted(export_graphs(ae, torch.rand(2, 1, 8, 8), control_of(SO2())).files)
        ['encode', 'swap', 'turn']
    """
    check_onnx_installed()
    check_has_parts("export_graphs", model)
    check_control("export_graphs", control, model)
    plain = on_processor(model)
    own, precision = _rounded(plain, x, control, scale)
    with torch.no_grad():
        layout = CodeLayout.of(own.encode(x))
        z, p = layout.flatten(own.encode(x)), _parameters(control, len(x))
    inputs = {"encode": (x,), "turn": (z, p), "swap": (z, z.flip(0))}
    files = {}
    for name, kind in _KINDS.items():
        graph = kind(own, layout, control).eval()
        files[name] = _file(type(model).__name__, graph, inputs[name], _OUTPUTS[name])
    try:
        difference = _difference(files, plain, x, control) / scale
    except Exception as error:  # onnxruntime raises kinds of its own
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = "graphs that onnxruntime can evaluate"
        raise ExportError(expected(type(model).__name__, what, f"the error: {reason}")) from error
    if not difference <= LARGEST_DIFFERENCE:
        what = f"graphs whose pictures differ from the model's by at most {LARGEST_DIFFERENCE:.4f}"
        raise ExportError(expected(type(model).__name__, what, f"{difference:.2g}"))
    return Graphs(files, layout, difference, precision)


def check_has_parts(owner: str, model: object) -> None:
    """Raise `TypeError` unless a model is a module with ``encode``, ``action`` and ``decode``."""
    missing = [name for name in ("encode", "action", "decode") if not hasattr(model, name)]
    if missing or not isinstance(model, nn.Module):
        what = "a torch.nn.Module with encode, action and decode, such as LatentActionAE"
        got = f"a {type(model).__name__}"
        got = f"{got} without {', '.join(missing)}" if missing else got
        raise TypeError(expected(owner, what, got))


def check_control(owner: str, control: object, model: Any) -> None:
    """Raise unless a control is one and its elements have the form of those of the model's group.

    Raises:
        TypeError: If it is no control, or gives elements of another dtype.
        ShapeError: If its elements have another shape.
    """
    if not isinstance(control, Control):
        what, remedy = "a control, such as Sliders", "control_of(group) makes one"
        raise TypeError(expected(owner, what, repr(control), remedy))
    g, group = control.element(_parameters(control, 1)), model.action.group
    if g.shape[1:] != group.element_shape:
        what = f"a control with elements of {group}, each of shape {group.element_shape}"
        raise ShapeError(expected(owner, what, tuple(g.shape[1:])))
    group.check_elements(g)


def on_processor(model: nn.Module) -> nn.Module:
    """Return a copy on the processor, of float32 and in evaluation mode."""
    return copy.deepcopy(model).cpu().float().eval()


def _rounded(model: Any, x: Tensor, control: Control, scale: float) -> tuple[Any, str]:
    """Return a copy with weights rounded to 16 bits if no picture shows it, and their format."""
    wanted = _turned(model, x, control)
    for dtype in (torch.bfloat16, torch.float16):
        own = copy.deepcopy(model)
        for weight in own.parameters():
            weight.data = weight.data.to(dtype).float()
        if float((_turned(own, x, control) - wanted).abs().max()) <= _ROUNDING * scale:
            return own, str(dtype).removeprefix("torch.")
    return model, "float32"


@torch.no_grad()
def _turned(model: Any, x: Tensor, control: Control) -> Tensor:
    """Return predictions of each datum under its own example of the control."""
    prediction: Tensor = model.decode(
        model.action(control.element(_parameters(control, len(x))), model.encode(x))
    )
    return prediction


def _parameters(control: Control, count: int) -> Tensor:
    """Return as many parameters, spread over the control."""
    rows = control.examples(count)
    return rows[torch.arange(count) % len(rows)].float()  # whatever torch's default dtype is


def _file(owner: str, graph: nn.Module, inputs: tuple[Tensor, ...], output: list[str]) -> bytes:
    try:
        with torch.no_grad():
            batch = {0: Dim("batch")}
            program = torch.export.export(graph, inputs, dynamic_shapes=(batch,) * len(inputs))
    except Exception as error:  # torch raises many kinds, most of them without a public name
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        what = "a model that torch.export can trace for batches of any size"
        remedy = "code of your own must read the size as x.shape[0], for tracing fixes len(x)"
        raise ExportError(expected(owner, what, f"the error: {reason}", remedy)) from error
    return onnx_from_program(program, output=output)


@torch.no_grad()
def _difference(files: dict[str, bytes], model: Any, x: Tensor, control: Control) -> float:
    """Return the largest difference of turned and swapped pictures from the model's."""
    p = _parameters(control, len(x))
    start = torch.tensor([control.start], dtype=p.dtype).repeat(len(x), 1)
    z = run_onnx(files["encode"], x)
    _, turned = run_onnx_all(files["turn"], z, p)
    _, swapped = run_onnx_all(files["turn"], run_onnx(files["swap"], z, z.flip(0)), start)
    codes = model.encode(x), model.encode(x.flip(0))
    swap = model.decode(model.action(control.element(start), model.action.swap(*codes)))
    gaps = (turned - _turned(model, x, control), swapped - swap)
    return max(float(gap.abs().max()) for gap in gaps)
