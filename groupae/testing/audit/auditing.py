"""Audit of a function: is it equivariant, and where is it lost?"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import ShapeError, check_count, expected
from groupae.groups import Group
from groupae.testing.audit.laws import LawBook
from groupae.testing.audit.layer_actions import LayerActions, check_layer_actions
from groupae.testing.audit.layers import LayerAudit
from groupae.testing.audit.recorder import choose_modules, evaluation_mode, restored_buffers
from groupae.testing.audit.report import AuditReport
from groupae.testing.audit.run import AuditRun
from groupae.testing.audit.sides import ActionLike, check_data, find_group, make_side
from groupae.testing.audit.structure import map_tensors, tensors
from groupae.testing.audit.subject import Subject, find_module

__all__ = ["audit"]

_OWNER = "audit"


def audit(
    f: Callable[[Any], Any],
    action_in: ActionLike,
    action_out: ActionLike | None,
    x: Any,
    *,
    group: Group | None = None,
    elements: Tensor | None = None,
    n_elements: int = 24,
    module: nn.Module | None = None,
    layers: str | Iterable[str] = "leaves",
    layer_actions: LayerActions = None,
    tolerance: float | None = None,
    approximate_tolerance: float = 0.1,
    evaluation: bool = True,
    needs_grad: bool = False,
) -> AuditReport:
    r"""Return which laws of equivariance a function keeps, and where they are lost.

    The law is ``f(g . x) = g . f(x)``. Errors are root mean squares in units of the standard
    deviation of the outputs; `groupae.testing.audit.ErrorSplit` defines the parts of an error.

    Args:
        f: The function or network, from a batch of ``n`` samples to a batch.
        action_in: Action on the inputs: a latent action such as `GridAction`, a `Representation`
            (on the last axis), ``"invariant"``, or a function of one element, shape
            ``element_shape``, and a batch.
        action_out: Action on the outputs. ``None`` fits the best linear one on every other sample
            by `groupae.fit_action`, and scores the rest.
        x: Samples, shape ``(n, ...)``, or a dict or tuple of tensors, as ``f`` takes them.
        group: The group, needed if both actions are functions or words.
        elements: Elements to use, shape ``(m, *element_shape)``. Unless given: all of a small
            finite group; else those that move the data without interpolation, a grid, and random
            ones. Of a group that is not compact they are random, and no average over the group is
            claimed.
        n_elements: Number of elements of the grid, or of random ones where there is no grid.
        module: The network whose layers are audited; ``f`` itself, or the network of which it is
            a method, unless given.
        layers: ``"leaves"`` for the innermost modules that return batches, or names of modules.
        layer_actions: Actions on the outputs of layers, where known: by name in a dict, by a
            function of name, module and output that may return ``None``, or ``"positions"``:
            feature maps are moved like the pictures, with scalar channels. For all others the
            best linear action is fitted.
        tolerance: Largest error allowed where the law is exact; the root of the dtype's ``eps``
            unless given (3e-4 in float32).
        approximate_tolerance: Largest error allowed where it can only hold approximately: between
            the exact elements, or under a fitted action.
        evaluation: Whether the network is audited in evaluation mode; its modes are restored,
            and its buffers where it is not.
        needs_grad: Whether ``f`` differentiates inside, as networks of forces do.

    Returns:
        The report. Per element it costs one call of ``f`` on ``n`` samples, and a second one if
        the element interpolates; twice that if actions on layers are known; and half a call more
        for ``action_out=None``.

    Raises:
        ValueError: If actions are of different groups, or a layer is unknown.
        ShapeError: If there are fewer than 2 samples, or ``f`` returns another number of samples.
        TypeError: If ``x`` or the outputs are not floating, or an action is none.

    Example:
        >>> from groupae import SO3
        >>> rho = SO3().rep("4x1")
        >>> report = audit(lambda z: z.relu(), rho, rho, torch.randn(32, 12))
        >>> report.passed, report.errors["equivariance"].error > 0.1
        (False, True)
    """
    start = time.perf_counter()
    _check_arguments(f, n_elements, tolerance, approximate_tolerance)
    group = find_group(_OWNER, group, action_in, action_out)
    side_in = make_side(_OWNER, "action_in", action_in, group)
    check_data(_OWNER, side_in, x)
    x = map_tensors(lambda _, part: part.detach(), x)
    n = len(tensors(x)[0])
    if n < 2:
        remedy = "errors are measured by the spread of the outputs over samples; 16 are better"
        raise ShapeError(expected(_OWNER, "at least 2 samples in x", n, remedy))
    check_layer_actions(_OWNER, layer_actions, side_in)
    root = find_module(f) if module is None else module
    if tolerance is None:
        floats = [part.dtype for part in tensors(x) if part.is_floating_point()]
        tolerance = math.sqrt(max(torch.finfo(d).eps for d in floats or [torch.float32]))
    run = AuditRun(
        Subject(_OWNER, f, needs_grad=needs_grad),
        side_in,
        x,
        LawBook(_OWNER, tolerance),
        LayerAudit(
            _OWNER,
            choose_modules(_OWNER, root, layers),
            layer_actions,
            group,
            side_in,
            tolerance,
            approximate_tolerance,
            only_leaves=layers == "leaves",
        ),
        approximate_tolerance,
    )
    if root is None:
        run.notes.append("f is no torch module, so no layers were audited; module= names one")
    with evaluation_mode(root) if evaluation else restored_buffers(root):
        report = run.report(action_out, elements, n_elements)
    return dataclasses.replace(report, seconds=time.perf_counter() - start)


def _check_arguments(
    f: object, n_elements: object, tolerance: object, approximate_tolerance: object
) -> None:
    """Raise unless the plain arguments are of the right kind."""
    if not callable(f) or isinstance(f, type):
        remedy = "a class is none; make an object of it" if isinstance(f, type) else ""
        raise TypeError(expected(_OWNER, "f as a function or module", repr(f), remedy))
    check_count(_OWNER, "n_elements", n_elements)
    allowed = {"tolerance": tolerance, "approximate_tolerance": approximate_tolerance}
    for name, value in allowed.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and value > 0):  # type: ignore[operator]  # is_number
            raise ValueError(expected(_OWNER, f"{name} as a number above 0", repr(value)))
