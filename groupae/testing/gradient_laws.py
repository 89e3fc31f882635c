r"""Laws of derivatives: agreement of all code paths and orders, also with finite differences.

An element and a code are functions of the same two parameters p, the element acts twice, and the
code depends on the element too:

.. math:: f(p) = \phi(g \cdot g \cdot z), \qquad g = g_0 \exp(p_1 a + p_2 b), \quad z = z(p, g).

So a path that counts shared history twice, or omits some of it, differs. `check_gradients`
compares the first derivatives and all second ones with those of plain operations (see
`groupae.kernels.dispatch.forced_path`), and those with central differences. Every pass takes all
samples at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.func import grad, jacfwd, jacrev, vmap

from groupae.groups import Group
from groupae.kernels.autograd import prepare_forward_mode
from groupae.kernels.dispatch import forced_path
from groupae.testing.report import LawBook
from groupae.testing.samples import largest, map_parts, parts, rows

__all__ = ["check_gradients"]

_LAWS = ("gradient_paths", "second_derivative", "vmap")
_MOST = 6  # number of samples, hard elements and random ones
_EACH = 2  # number of samples under vmap, which is slow
_STEP = 1e-5  # of differences: truncation and rounding errors are both below 1e-6


def check_gradients(
    book: LawBook,
    group: Group,
    g: Tensor,
    z: Any,
    act: Callable[[Tensor, Any], Any],
    *,
    second: bool = True,
) -> None:
    """Check the derivatives of an action.

    Args:
        book: Record of the laws ``gradient_paths`` (first derivatives agree),
            ``second_derivative`` (second ones agree in all orders) and ``vmap`` (both do, sample
            by sample).
        group: The acting group.
        g: Elements, shape ``(n, *element_shape)``.
        z: Codes of the same batch.
        act: Function from elements and codes, of any batch or none, to codes.
        second: Whether second derivatives are defined.
    """
    if not any(part.is_floating_point() for part in parts(z)):
        book.leave_out("no part of the codes is floating", *_LAWS)
        return
    prepare_forward_mode()  # jacfwd would warn of torch's own use of torch.jit
    few = slice(None, None, -(-len(g) // _MOST))
    path = _Path(group, act, g[few], rows(z, few))
    start = torch.tensor([[0.0, 0.0], [0.3, -0.2]], dtype=book.dtype)
    p = start.repeat(len(path.g), 1)[: len(path.g)]  # exp at 0, a hard place, and elsewhere
    laws = _LAWS if second else _LAWS[:1]
    if not second:
        book.leave_out("has_second_derivatives is False", *_LAWS[1:])
    with book.law(*laws):
        with forced_path(fast=False):
            wanted = _rows(path, p) if second else p
            w = _Wanted(book, path, p, _gradient(path, p), wanted, path.scale(p))
        _check_first(w)
        if second:
            _check_second(w)
            _check_each(w)


@dataclasses.dataclass(frozen=True)
class _Path:
    """A function of parameters ``(*batch, 2)`` with one number per sample."""

    group: Group
    act: Callable[[Tensor, Any], Any]
    g: Tensor
    z: Any

    def __call__(self, p: Tensor) -> Tensor:
        return self.at(p, self.g, self.z)

    def at(self, p: Tensor, g: Tensor, z: Any) -> Tensor:
        """Return the value at parameters for the given elements and codes."""
        g = self._element(p, g)
        weight = p[..., 1]
        if g.is_floating_point():
            entries = g.reshape(*p.shape[:-1], -1).cos()  # an angle may jump by 2 pi
            weight = weight + entries @ torch.linspace(-0.5, 0.5, entries.shape[-1], dtype=p.dtype)

        def depend(part: Tensor) -> Tensor:
            if not part.is_floating_point():
                return part
            more = (1,) * (part.ndim - weight.ndim)
            return part + weight.reshape(*weight.shape, *more) * part.cos()

        moved = self.act(g, self.act(g, map_parts(depend, z)))
        flat = torch.cat([part.reshape(*p.shape[:-1], -1) for part in _floating(moved)], -1)
        weights = torch.linspace(1, 2, flat.shape[-1], dtype=flat.dtype) / flat.shape[-1]
        return (flat + flat.square() / 4) @ weights + (p * 0).sum(-1)

    def alone(self, p: Tensor, g: Tensor, z: Any) -> Tensor:
        """Return the value of a batch of one."""
        return self.at(p, g, z).sum()

    def _element(self, p: Tensor, g: Tensor) -> Tensor:
        if not self.group.has_exp:
            return g
        axes = torch.linspace(-1, 1, 2 * self.group.lie_dim + 1, dtype=p.dtype)[1:].view(2, -1)
        return self.group.compose(g, self.group.exp(p @ axes))

    def scale(self, p: Tensor) -> Tensor:
        """Return the size of the summands, whose rounding errors remain in a small sum."""
        g = self._element(p, self.g)
        moved = self.act(g, self.act(g, self.z))
        return torch.stack([largest(part).square() for part in _floating(moved)]).amax(0)


def _floating(z: Any) -> list[Tensor]:
    return [part for part in parts(z) if part.is_floating_point()]


def _gradient(f: Callable[[Tensor], Tensor], p: Tensor, *, create_graph: bool = False) -> Tensor:
    leaf = p if p.requires_grad else p.clone().requires_grad_()
    (found,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=create_graph)
    return found


def _rows(f: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    """Return the second derivatives ``(n, 2, 2)`` by successive gradients of a gradient."""
    leaf = p.clone().requires_grad_()
    first = _gradient(f, leaf, create_graph=True)
    rows = [_once_more(part, leaf) for part in first.unbind(-1)]
    return torch.stack(rows, 1)


def _once_more(part: Tensor, leaf: Tensor) -> Tensor:
    (row,) = torch.autograd.grad(part.sum() + 0 * leaf.sum(), leaf, retain_graph=True)
    return row


def _rows_at_once(f: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    leaf = p.clone().requires_grad_()
    first = _gradient(f, leaf, create_graph=True) + 0 * leaf
    axes = torch.eye(2, dtype=p.dtype)[:, None].expand(2, *p.shape)
    (rows,) = torch.autograd.grad(first, leaf, axes, is_grads_batched=True)
    return rows.movedim(0, 1)


def _slopes(f: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    """Return the first derivatives by forward mode, for all samples at once."""
    found: Tensor = jacfwd(lambda shift: f(p + shift))(torch.zeros_like(p[0]))
    return found


def _sums(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    found: Callable[[Tensor], Tensor] = grad(lambda p: f(p).sum())
    return found


def _columns(derive: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    """Return the derivatives of a derivative ``(n, 2)`` by reverse mode."""

    def row(i: int) -> Tensor:
        return _sums(lambda q: derive(q)[:, i])(p)

    return torch.stack([row(0), row(1)], 1)


_ORDERS: dict[str, Callable[[Callable[[Tensor], Tensor], Tensor], Tensor]] = {
    "create_graph": _rows,
    "is_grads_batched": _rows_at_once,
    "jacfwd of jacfwd": lambda f, p: _slopes(lambda q: _slopes(f, q), p),
    "jacrev of jacfwd": lambda f, p: _columns(lambda q: _slopes(f, q), p),
}

_FEW_ORDERS = ("create_graph",)  # in other precisions, whose paths are the same
_PAIRS: tuple[tuple[Any, Any], ...] = (
    (jacfwd, jacfwd),
    (jacfwd, jacrev),
    (jacrev, jacfwd),
    (jacrev, jacrev),
)


@dataclasses.dataclass(frozen=True)
class _Wanted:
    """Reference derivatives by plain operations."""

    book: LawBook
    path: _Path
    p: Tensor
    first: Tensor
    second: Tensor
    scale: Tensor

    def compare(
        self, law: str, found: Tensor, wanted: Tensor, name: str, tolerance: float | None = None
    ) -> None:
        """Record errors relative to the largest derivative or summand of a sample."""
        found, wanted = found.detach().double(), wanted.detach().double()
        scale = torch.maximum(largest(wanted), self.scale[: len(wanted)])
        errors = (found - wanted).abs().reshape(len(wanted), -1).amax(-1) / scale
        at = self.path.g[: len(wanted)]
        self.book.measure(law, errors, at, tolerance=tolerance, note=f"by {name}")


def _check_first(w: _Wanted) -> None:
    law, path, p = "gradient_paths", w.path, w.p
    with w.book.law(law):
        value = path(p.clone().requires_grad_())
        with torch.no_grad():
            w.compare(law, path(p), value, "no_grad")
        w.compare(law, _gradient(path, p), w.first, "autograd")
        w.compare(law, _gradient(path, p, create_graph=True), w.first, "create_graph")
        w.compare(law, _sums(path)(p), w.first, "jacrev")
        w.compare(law, _slopes(path, p), w.first, "jacfwd")
        if w.book.dtype == torch.float64:
            differences = _differences(path, p)
            w.compare(law, differences, w.first, "differences", 1e-6 * w.book.error_growth)


def _check_second(w: _Wanted) -> None:
    law, path, p = "second_derivative", w.path, w.p
    with w.book.law(law):
        for name in _ORDERS if w.book.dtype == torch.float64 else _FEW_ORDERS:
            derive = _ORDERS[name]
            tolerance = w.book.tolerance * w.book.error_growth
            w.compare(law, derive(path, p), w.second, name, tolerance)
        if w.book.dtype == torch.float64:
            differences = _differences(lambda q: _gradient(path, q), p)
            w.compare(law, differences, w.second, "differences", 1e-6 * w.book.error_growth**2)


def _check_each(w: _Wanted) -> None:
    law, path = "vmap", w.path

    def alone(part: Tensor) -> Tensor:  # a batch of one, since jacfwd turns scalars into float64
        return part[:_EACH, None]

    some = (alone(w.p), alone(path.g), map_parts(alone, path.z))
    with w.book.law(law):
        for outer, inner in _PAIRS if w.book.dtype == torch.float64 else _PAIRS[:1]:
            second = vmap(outer(inner(path.alone)))(*some).reshape(-1, 2, 2)
            name = f"{outer.__name__} of {inner.__name__}"
            w.compare(law, second, w.second[:_EACH], name, w.book.tolerance * w.book.error_growth)


def _differences(f: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    """Return central differences along both parameters, on a last axis."""
    steps = _STEP * torch.eye(2, dtype=p.dtype)
    return torch.stack([f(p + step) - f(p - step) for step in steps], -1) / (2 * _STEP)
