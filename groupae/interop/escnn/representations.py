"""Conversion of representations between groupae and escnn, with equal matrices.

escnn writes a representation as ``Q (psi_1 + psi_2 + ...) Q^-1`` with its own irreps. Each of them
lies in one of ours: the average of ``rho(g) X psi(g)^-1`` over the group projects any X onto the
maps between the two, and by Schur's lemma such a map is an isometry up to scale. It is found once,
to rounding, and folded into Q. Nothing of escnn is left in the result.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import FiniteGroup, Group
from groupae.groups.constants import Constant
from groupae.interop.escnn.groups import (
    _bridge,
    _is_product,
    _to_elements,
    escnn_module,
    group_from_escnn,
    group_to_escnn,
)
from groupae.representations import IrrepSum, Representation, Summand, Term
from groupae.representations.algebra import Subrepresentation

if TYPE_CHECKING:
    from escnn.group import Group as EscnnGroup
    from escnn.group import GroupElement, IrreducibleRepresentation
    from escnn.group import Representation as EscnnRepresentation

__all__ = ["matrices_from_escnn", "representation_from_escnn", "representation_to_escnn"]

_SAMPLES = 16
_HIGHEST = 64


def representation_from_escnn(rho: EscnnRepresentation) -> tuple[Representation, Tensor]:
    """Return a sum of our irreps, and the basis in which it has escnn's matrices.

    Args:
        rho: An ``escnn.group.Representation`` of a group `group_from_escnn` knows.

    Returns:
        ``sigma, Q``, such that ``sigma.change_basis(Q)`` acts on escnn's vectors as escnn does.
        Equal irreps are gathered into one term. Q is float64, shape ``(dim, dim)``.

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If it is no representation of escnn's, or of a group that is not known here.
    """
    escnn = escnn_module("group")
    if not isinstance(rho, escnn.Representation):
        what = "an escnn.group.Representation"
        raise TypeError(expected("representation_from_escnn", what, type(rho).__name__))
    match = _Match(rho.group, group_from_escnn(rho.group))
    distinct = list(dict.fromkeys(rho.irreps))
    found = {name: match.ours(rho.group.irrep(*name)) for name in distinct}
    copies = {name: rho.irreps.count(name) for name in distinct}
    parts = (
        copies[name] * found[name][0] if copies[name] > 1 else found[name][0] for name in distinct
    )
    sigma = functools.reduce(operator.add, parts)

    # where the columns of the next copy of each irrep start, in our layout (irrep, copies)
    column, start = {}, 0
    for name in distinct:
        column[name] = start
        start += copies[name] * found[name][0].dim
    local = torch.zeros(rho.size, rho.size, dtype=torch.float64)
    row = 0
    for name in rho.irreps:
        part, turn = found[name]
        places = column[name] + copies[name] * torch.arange(part.dim)
        local[row : row + part.dim, places] = turn
        column[name] += 1
        row += part.dim
    return sigma, torch.from_numpy(np.asarray(rho.change_of_basis, dtype=np.float64)) @ local


def representation_to_escnn(
    rho: Representation, group: EscnnGroup | None = None
) -> EscnnRepresentation:
    """Return escnn's representation with the same matrices.

    Args:
        rho: Any representation of a compact group that escnn has.
        group: escnn's group to represent, if it is not to be that of `group_to_escnn`.

    Returns:
        escnn's irrep itself where the matrices are the same; else a representation with the change
        of basis, named after ``rho`` and the basis (escnn caches kernels by name).

    Raises:
        ModuleNotFoundError: If escnn is not installed.
        TypeError: If ``rho.group`` is not compact.
        ValueError: If escnn has no such group, or no such irreps.
    """
    escnn = escnn_module("group")
    theirs = group_to_escnn(rho.group) if group is None else group
    match = _Match(theirs, rho.group)
    names: list[tuple[Any, ...]] = []
    columns: list[Tensor] = []
    for leaf in _leaves(rho):
        for irrep, inside in match.theirs(leaf.part):
            names += [irrep.id] * (len(inside) * len(leaf.embeddings))
            columns += list((leaf.embeddings[:, None] @ inside).flatten(0, 1))
    basis = torch.cat(columns, 1)
    if basis.shape[1] != rho.dim:
        what = f"a sum of irreps of {theirs}"
        left = f"{rho.dim - basis.shape[1]} dimensions left over"
        raise ValueError(expected(f"representation_to_escnn({rho})", what, left))
    eye = torch.eye(rho.dim, dtype=torch.float64)
    if len(names) == 1 and bool((basis - eye).abs().max() < 1e-12):
        return theirs.irrep(*names[0])
    digest = hashlib.sha256(basis.round(decimals=6).add(0.0).numpy().tobytes()).hexdigest()[:8]
    orthogonal = bool((basis.mT @ basis - eye).abs().max() < 1e-12)
    return escnn.Representation(
        theirs,
        f"{rho} in basis {digest}".replace(".", "_"),  # escnn names buffers by it
        names,
        basis.numpy(),
        supported_nonlinearities=["norm", "gated"] if orthogonal else ["gated"],
        change_of_basis_inv=basis.mT.numpy() if orthogonal else None,
    )


def matrices_from_escnn(rho: EscnnRepresentation, elements: Sequence[GroupElement]) -> Tensor:
    """Return the matrices of any escnn representation, evaluated by escnn one at a time.

    For groups that `group_from_escnn` refuses; for others `representation_from_escnn` is some
    hundred times faster.

    Args:
        rho: The representation.
        elements: Elements of its group.

    Returns:
        Float64, shape ``(n, dim, dim)``; no gradients lead back.

    Warns:
        UserWarning: Always, for being slow.
    """
    escnn_module("group")
    slow = f"matrices_from_escnn({rho}): escnn evaluates one element at a time"
    warnings.warn(slow, UserWarning, stacklevel=2)
    return _stack(rho, elements)


def _stack(rho: EscnnRepresentation, elements: Sequence[GroupElement]) -> Tensor:
    matrices = [np.asarray(rho(element), dtype=np.float64) for element in elements]
    return torch.from_numpy(np.stack(matrices)) if matrices else torch.zeros(0, rho.size, rho.size)


class _Match:
    """Maps between the irreps of one group in both libraries, from matrices at some elements.

    All elements of a finite group, else random ones: enough to tell all irreps apart.
    """

    def __init__(self, theirs: EscnnGroup, ours: Group) -> None:
        self.group, self.escnn = ours, theirs
        if theirs.continuous:
            generator = torch.Generator().manual_seed(0)
            self.g = ours.sample(_SAMPLES, generator=generator, dtype=torch.float64)
        else:
            self.g = ours.elements()
        self.elements = _to_elements(theirs, ours, self.g)
        self._known: dict[Any, Tensor] = {}

    def _matrices(self, irrep: IrreducibleRepresentation) -> Tensor:
        if irrep.id not in self._known:
            self._known[irrep.id] = _stack(irrep, self.elements)
        return self._known[irrep.id]

    def ours(self, irrep: IrreducibleRepresentation) -> tuple[Representation, Tensor]:
        """Return ``rho, L`` with ``irrep(g) = L rho(g) L^T``."""
        psi = self._matrices(irrep)
        irreps = self.group.irreps
        cutoff = None if isinstance(self.group, FiniteGroup) else _highest_number(irrep.id)
        for label in sorted(irreps.labels(cutoff), key=irreps.dim):
            if irreps.dim(label) < irrep.size:
                continue
            rho = IrrepSum(self.group, (Term(1, label),))
            inside = _embeddings(rho.matrix(self.g, torch.float64), psi)
            if len(inside) and rho.dim == irrep.size:
                return rho, inside[0].mT
            if len(inside):  # a product of two irreps of complex type, which splits
                title = f"part {irrep.id[-1]} of {rho}"
                part = Subrepresentation(self.group, rho, Constant(inside[0]), title)
                return part, torch.eye(irrep.size, dtype=torch.float64)
        what = f"an irrep equivalent to escnn's {irrep}"
        raise ValueError(expected(self.group, what, "none with the same character"))

    def theirs(self, rho: Representation) -> Iterator[tuple[IrreducibleRepresentation, Tensor]]:
        """Yield escnn's irreps inside ``rho`` with their embeddings ``(copies, rho.dim, d)``."""
        matrices = rho.matrix(self.g, torch.float64)
        left = rho.dim
        for irrep in _irreps(self.escnn):
            if irrep.size <= left:
                inside = _embeddings(matrices, self._matrices(irrep))
                if len(inside):
                    left -= len(inside) * irrep.size
                    yield irrep, inside
            if not left:
                return


def _embeddings(rho: Tensor, psi: Tensor) -> Tensor:
    """Return isometries E with ``rho(g) E = E psi(g)``, one per copy of an irrep psi inside rho.

    The mean of ``rho(g) (x) psi(g)`` fixes the intertwiners and shrinks all else. Of the first
    copies the one nearest the unit matrix is taken, so that equal irreps are not turned.

    Args:
        rho: Matrices at the samples, shape ``(n, D, D)``, orthogonal.
        psi: Those of the irrep, shape ``(n, d, d)``.

    Returns:
        Shape ``(copies, D, d)``, images orthogonal to each other.
    """
    n, D, d = *rho.shape[:2], psi.shape[1]
    mean = torch.einsum("nij,nab->iajb", rho, psi).reshape(D * d, D * d) / n
    values, vectors = torch.linalg.eigh((mean + mean.mT) / 2)
    fixed = vectors[:, values > 1 - 1e-6].mT
    eye = torch.eye(D, d, dtype=torch.float64).flatten()
    candidates = torch.cat([((fixed @ eye) @ fixed)[None], fixed]).reshape(-1, D, d)
    found: list[Tensor] = []
    for x in candidates:
        for copy in found:
            x = x - copy @ (copy.mT @ x)
        scale = x.norm() / d**0.5
        if scale > 1e-2:
            u, _, vh = torch.linalg.svd(x / scale, full_matrices=False)
            found.append(u @ vh)
    return torch.stack(found) if found else torch.zeros(0, D, d, dtype=torch.float64)


def _leaves(rho: Representation) -> Iterator[Summand]:
    """Yield small orthogonal parts of few irreps each, with their embeddings."""
    for summand in rho.summands():
        part = summand.part
        if isinstance(part, (IrrepSum, Subrepresentation)) and part.is_orthogonal:
            yield summand
            continue
        for inner in part.decompose().summands():
            both = summand.embeddings[:, None] @ inner.embeddings
            yield Summand(inner.part, both.flatten(0, 1))


def _irreps(theirs: EscnnGroup) -> Iterator[IrreducibleRepresentation]:
    """Yield escnn's irreps of a group, low frequencies first."""
    if not theirs.continuous:
        yield from theirs.irreps()
        return
    for frequency in range(_HIGHEST + 1):
        for name in _names(theirs, frequency):
            yield theirs.irrep(*name)


def _names(theirs: EscnnGroup, k: int) -> list[tuple[Any, ...]]:
    """Return escnn's names of the irreps of highest frequency k."""
    if _is_product(theirs):
        return [
            (first.id, second.id, i)
            for a in range(k + 1)
            for b in range(k + 1)
            if max(a, b) == k
            for first in (theirs.G1.irrep(*name) for name in _names(theirs.G1, a))
            for second in (theirs.G2.irrep(*name) for name in _names(theirs.G2, b))
            for i in range(2 if first.type == second.type == "C" else 1)
        ]
    if not theirs.continuous:
        return [irrep.id for irrep in theirs.irreps()] if k == 0 else []
    bridge = _bridge(theirs)
    kind = bridge.theirs if bridge is not None else ""
    if kind == "O2":
        return [(1, k)] if k else [(0, 0), (1, 0)]
    return [(0, k), (1, k)] if kind == "O3" else [(k,)]


def _highest_number(name: Any) -> int:
    if isinstance(name, tuple):
        return max((_highest_number(part) for part in name), default=0)
    return int(name)
