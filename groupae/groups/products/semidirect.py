"""Semidirect products of groups.

Conventions: ``(n1, h1)(n2, h2) = (n1 phi_h1(n2), h1 h2)``: the normal part first, the acting part
second, packed as in ``packed``. ``std`` is the homogeneous matrix ``[[rho(h), b], [0, 1]]``;
Lie-algebra coordinates are those of the normal part, then those of the acting one.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.irreps import Irreps
from groupae.groups.lie.matrix_log import exp_jacobian
from groupae.groups.lie.translation import Translation, homogeneous_matrix
from groupae.groups.lie_group import LieGroup
from groupae.groups.matrices import largest_entry
from groupae.groups.products.extension_irreps import ExtensionIrreps
from groupae.groups.products.packed import FinitePacked, Packed, are_finite, are_lie
from groupae.groups.samples import sample_elements
from groupae.kernels.dispatch import full_precision

if TYPE_CHECKING:
    from groupae.representations.base import Representation

__all__ = ["FiniteSemidirect", "LieSemidirect", "Semidirect"]


@dataclasses.dataclass(frozen=True)
class _SemidirectIrreps(ExtensionIrreps):
    group: Semidirect

    @property
    @override
    def quotient(self) -> Group:
        return self.group.acting

    @property
    @override
    def has_std(self) -> bool:
        return self.group.action is None

    @override
    def to_quotient(self, g: Tensor) -> Tensor:
        return self.group.unpack(g)[1]

    @override
    def homogeneous(self, g: Tensor, dtype: torch.dtype) -> Tensor:
        shift, h = self.group.unpack(g)
        return homogeneous_matrix(self.group.linear(h, dtype), shift.to(dtype))


@dataclasses.dataclass(frozen=True)
class Semidirect(Packed):
    """The semidirect product ``N x| H`` of a group with a group that acts on it.

    It lists the irreps of ``acting``, pulled back, and ``std`` for the standard action; it has
    others. A product of finite groups is a `FiniteSemidirect`, one of Lie groups by the standard
    action a `LieSemidirect`.

    Args:
        normal: The group acted on, N.
        acting: The group that acts, H.
        action: ``action(h, n)`` returns ``phi_h(n)`` for batches of elements whose batch axes lead
            and broadcast; defined at the top of a module, so that it can be pickled. ``None`` is
            the standard action: the standard matrices of H on the vectors of `Translation`.

    Raises:
        ValueError: If the action is not by automorphisms; the message names elements.

    Example:
        >>> from groupae import SO2, Translation
        >>> G = Semidirect(Translation(2), SO2())
        >>> quarter, east = torch.tensor(torch.pi / 2), torch.tensor([1.0, 0.0])
        >>> G.act(quarter, east).round().abs().tolist()
        [0.0, 1.0]
    """

    normal: Group
    acting: Group
    action: Callable[[Tensor, Tensor], Tensor] | None = None

    def __new__(
        cls,
        normal: Group | None = None,
        acting: Group | None = None,
        action: Callable[[Tensor, Tensor], Tensor] | None = None,
    ) -> Semidirect:
        """Return a product of the class that fits the parts (a copy is made without parts)."""
        if cls is Semidirect:
            if are_finite((normal, acting)):
                cls = FiniteSemidirect
            elif action is None and are_lie((normal, acting)):
                cls = LieSemidirect
        return super().__new__(cls)

    def __post_init__(self) -> None:
        for group in (self.normal, self.acting):
            if not isinstance(group, Group):
                raise TypeError(expected("Semidirect", "two groups", repr(group)))
        if self.action is None:
            self._check_standard()
        elif not callable(self.action):
            what = "an action (h, n) -> n or None"
            raise TypeError(expected("Semidirect", what, repr(self.action)))
        self._check_automorphisms()
        if self.has_exp:
            _ = self._generators  # computed now, since a graph cannot trace it

    def _check_standard(self) -> None:
        if not isinstance(self.normal, Translation):
            what = "the normal group to be Translation(n) for the standard action"
            remedy = "give an action (h, n) -> n"
            raise TypeError(expected("Semidirect", what, self.normal, remedy))
        size = self._standard.dim
        if size != self.normal.n:
            what = f"a group with standard matrices of size {self.normal.n} to act on {self.normal}"
            raise ValueError(expected("Semidirect", what, f"{self.acting} with size {size}"))

    def _check_automorphisms(self) -> None:
        n, h = sample_elements(self.normal), sample_elements(self.acting).unsqueeze(1)
        m, k = n.flip(0), h.flip(0)
        moved = self.act(h, n)
        if moved.shape != (len(h), *n.shape):
            what = f"an action whose batch axes broadcast, to {(len(h), *n.shape)}"
            raise ValueError(expected(self, what, tuple(moved.shape)))
        unmoved = self.act(self.acting.identity(dtype=torch.float64), n)
        self._require("phi_e(n) = n", unmoved.expand_as(moved), n, n=n)
        product, split = self.act(h, self.normal.compose(n, m)), self.act(h, m)
        law = "phi_h(n m) = phi_h(n) phi_h(m)"
        self._require(law, product, self.normal.compose(moved, split), h=h, n=n, m=m)
        product, split = self.act(self.acting.compose(h, k), n), self.act(h, self.act(k, n))
        self._require("phi_hk(n) = phi_h(phi_k(n))", product, split, h=h, k=k, n=n)
        other = self.act(self.acting.representatives(h), self.normal.representatives(n))
        self._require("one phi_h(n) in all coordinates", other, moved, h=h, n=n)

    def _require(self, law: str, found: Tensor, wanted: Tensor, **at: Tensor) -> None:
        error = self.normal.distance(found, wanted).double()
        error = torch.nan_to_num(error, nan=float("inf"))
        worst = int(error.argmax())
        if error.flatten()[worst] > 1e-6:
            row, column = divmod(worst, error.shape[1])
            elements = (x[row, 0] if name in "hk" else x[column] for name, x in at.items())
            names = zip(at, elements, strict=True)
            where = ", ".join(f"{name} = {x.tolist()}" for name, x in names)
            raise ValueError(expected(self, f"an action with {law}", f"a difference at {where}"))

    @property
    @override
    def parts(self) -> tuple[Group, ...]:
        """The normal and the acting group."""
        return self.normal, self.acting

    @property
    @override
    def name(self) -> str:
        """``N x| H``, with the action's name in ``<>`` unless it is the standard one."""
        normal, acting = (f"({p})" if isinstance(p, Packed) else str(p) for p in self.parts)
        if self.action is None:
            return f"{normal} x| {acting}"
        return f"{normal} x|<{getattr(self.action, '__name__', self.action)}> {acting}"

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether both parts are abelian and the action is trivial."""
        return self.normal.is_abelian and self.acting.is_abelian and self._acts_trivially

    @functools.cached_property
    def _acts_trivially(self) -> bool:
        n, h = sample_elements(self.normal), sample_elements(self.acting).unsqueeze(1)
        return bool((self.normal.distance(self.act(h, n), n) <= 1e-9).all())

    # --- representations --------------------------------------------------------------------
    @property
    @override
    def irreps(self) -> Irreps:
        """The irreps of the acting group, pulled back, and ``std`` for the standard action."""
        return _SemidirectIrreps(self) if self.has_irreps else super().irreps

    @property
    @override
    def has_irreps(self) -> bool:
        """Whether the acting group has irreps."""
        return self.acting.has_irreps

    @property
    @override
    def has_standard(self) -> bool:
        """Whether the action is the standard one, by matrices."""
        return self.action is None

    @property
    @override
    def has_exp(self) -> bool:
        """Whether both parts have an exponential and the action is the standard one."""
        # no super(): under torch.compile its property is always true
        return self.action is None and all(part.has_exp for part in self.parts)

    @property
    @override
    def has_log(self) -> bool:
        """Whether both parts have a logarithm and the action is the standard one."""
        return self.action is None and all(part.has_log for part in self.parts)

    @property
    @override
    def has_global_log(self) -> bool:
        """Whether the acting group has a global logarithm, without full turns of shifts."""
        return super().has_global_log and self._turns_less_than_once

    @functools.cached_property
    def _turns_less_than_once(self) -> bool:
        w = self.acting.log(sample_elements(self.acting, random=512))
        derivatives = torch.einsum("bk,kij->bij", w, self._generators)
        # complex, since LAPACK does not always converge for real matrices
        values = torch.linalg.eigvals(derivatives.to(torch.complex128))
        return bool(values.imag.abs().amax() < 1.9 * math.pi)

    @property
    @override
    def standard_text(self) -> str:
        """Homogeneous matrices.

        Raises:
            TypeError: If the action is not the standard one.
        """
        if self.action is not None:
            what = "the standard action on Translation(n) for standard()"
            raise TypeError(expected(self, what, "a custom one, which has no homogeneous matrices"))
        return "1xstd"

    @functools.cached_property
    def _standard(self) -> Representation:
        return self.acting.standard()

    def linear(self, h: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the matrices by which ``h`` acts on shifts, for the standard action."""
        return self._standard.matrix(h, dtype)

    def act(self, h: Tensor, n: Tensor) -> Tensor:
        """Return ``phi_h(n)``; batch axes broadcast. Indices are brought into range first."""
        if self.action is not None:
            return self.action(_in_range(self.acting, h), _in_range(self.normal, n))
        with full_precision(n):
            return (self.linear(h, n.dtype) @ n[..., None])[..., 0]

    # --- the group operations ---------------------------------------------------------------
    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``(n1 phi_h1(n2), h1 h2)``."""
        self.check_elements(g, h)
        (n1, h1), (n2, h2) = self.unpack(g), self.unpack(h)
        with full_precision(g):
            normal = self.normal.compose(n1, self.act(h1, n2))
        dtype = torch.promote_types(g.dtype, h.dtype)
        return self.pack(normal, self.acting.compose(h1, h2)).to(dtype)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return ``(phi_h^-1(n^-1), h^-1)``."""
        n, h = self.unpack(g)
        back = self.acting.inverse(h)
        with full_precision(g):
            normal = self.act(back, self.normal.inverse(n))
        return self.pack(normal, back).to(g.dtype)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the root of the sum of squared distances of the parts.

        Where the acting group is not compact, so that its matrices stretch, the distance of shifts
        is relative to the longer one, if that is longer than 1.
        """
        if self.action is not None or self.acting.is_compact:
            return super().distance(g, h)
        (b, left), (c, right) = self.unpack(g), self.unpack(h)
        lengths = [
            torch.linalg.vector_norm(x, dim=-1) for x in torch.broadcast_tensors(b, c, b - c)
        ]
        relative = lengths[2] / torch.maximum(lengths[0], lengths[1]).clamp(min=1)
        both = torch.broadcast_tensors(relative, self.acting.distance(left, right))
        length: Tensor = torch.linalg.vector_norm(torch.stack(both), dim=0)
        return length

    # --- Lie groups -------------------------------------------------------------------------
    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the exponential by homogeneous matrices, for the standard action."""
        self._require_lie("exp")
        what = "shifts, then the acting group's axes"
        self.check_coordinates(v, what)
        u, w = v.split((self.normal.lie_dim, self.acting.lie_dim), -1)
        with full_precision(v):
            shift = (self._mean(w) @ u[..., None])[..., 0]
        return self.pack(shift, self.acting.exp(w))

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the logarithm for the standard action, the inverse of `exp`.

        NaN where the acting part has none, and where its logarithm turns a plane of shifts by a
        full turn or more: then no exponential reaches most shifts.
        """
        self._require_lie("log")
        shift, h = self.unpack(g)
        w = self.acting.log(h)
        with full_precision(g):
            wide = torch.promote_types(g.dtype, torch.float32)  # no solver in half precision
            # no torch.linalg.solve: its second forward-mode derivative is wrong (torch 2.13)
            inverse: Tensor = torch.linalg.inv_ex(self._mean(w.to(wide))).inverse
            largest = largest_entry(inverse.detach())
            found = (largest < torch.finfo(wide).eps ** -0.75)[..., None]
            u = (inverse @ shift.to(wide)[..., None])[..., 0].to(g.dtype)
        return torch.where(found, torch.cat([u, w], -1), math.nan)

    @override
    def _require_lie(self, method: str) -> None:
        super()._require_lie(method)
        if self.action is not None:
            what = f"the standard action on Translation(n) for {method}"
            raise TypeError(expected(self, what, "a custom one, which has no homogeneous matrices"))

    @functools.cached_property
    def _generators(self) -> Tensor:
        """Derivatives of the standard matrices at the identity, ``(lie_dim, n, n)``."""
        with torch.inference_mode(mode=False):
            at = torch.zeros(self.acting.lie_dim, dtype=torch.float64)
            found: Tensor = torch.autograd.functional.jacobian(
                lambda v: self.linear(self.acting.exp(v), torch.float64), at
            )
        return found.movedim(-1, 0).contiguous()

    def _mean(self, w: Tensor) -> Tensor:
        """Return the mean of ``rho(exp(s w))`` over s in [0, 1]."""
        generators = self._generators.to(device=w.device, dtype=w.dtype)
        a = (w[..., None, None] * generators).sum(-3)
        return exp_jacobian(-a)


class FiniteSemidirect(Semidirect, FinitePacked):
    """A semidirect product of finite groups.

    Example:
        >>> from groupae import Cyclic, Semidirect
        >>> G = Semidirect(Cyclic(3), Cyclic(2), lambda h, n: torch.where(h == 1, -n % 3, n))
        >>> isinstance(G, FiniteSemidirect), G.order, G.is_abelian
        (True, 6, False)
    """


class LieSemidirect(Semidirect, LieGroup):
    """A semidirect product of Lie groups by the standard action.

    Example:
        >>> from groupae import SO2, Semidirect, Translation
        >>> G = Semidirect(Translation(2), SO2())
        >>> isinstance(G, LieSemidirect), G.lie_dim
        (True, 3)
    """


def _in_range(group: Group, g: Tensor) -> Tensor:
    return group.project(g) if group.has_integer_elements else g
