"""Action on a code whose coordinates are mixed: a representation behind a linear map."""

from __future__ import annotations

import functools

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_count, expected
from groupae.actions.align.overlap import Overlap, harmonic_overlap, in_irreps
from groupae.actions.base import LatentAction
from groupae.actions.description import Description, LatentRow, block_rows
from groupae.kernels.dispatch import full_precision
from groupae.representations import Representation

__all__ = ["HiddenAction"]


@configurable
class HiddenAction(LatentAction[Tensor]):
    r"""A representation on features of a code, :math:`f = W (z - \bar z)`; the rest stays.

    .. math:: g \cdot z = z + P\,(\rho(g) f - f), \qquad W P = 1

    It is an exact action whatever the data: the features turn by the representation, and the
    remainder of the code, :math:`(1 - P W)(z - \bar z)`, is left as it is. `groupae.fit_action`
    finds W and P for a given code. New ones read and write the first entries of the code.

    Args:
        rho: The representation, of at most ``size`` dimensions.
        size: Length of a code.

    Attributes:
        analysis: The matrix W, shape ``(rho.dim, size)``, float64.
        synthesis: The matrix P, shape ``(size, rho.dim)``, float64.
        mean: The mean code, shape ``(size,)``, float64.
        rest: Orthonormal basis of the kernel of W, shape ``(size, size - rho.dim)``, float64.

    Example:
        >>> from groupae import SO2
        >>> action = HiddenAction(SO2().rep("1x1"), size=3)
        >>> action(torch.tensor(torch.pi), torch.tensor([1.0, 2.0, 3.0])).round()
        tensor([-1., -2.,  3.])
    """

    analysis: Tensor
    synthesis: Tensor
    mean: Tensor
    rest: Tensor

    broadcasts = True

    def __init__(self, rho: Representation, size: int) -> None:
        owner = type(self).__name__
        if not isinstance(rho, Representation):
            raise TypeError(expected(owner, "a representation", repr(rho)))
        check_count(owner, "size", size)
        if rho.dim > size:
            what = f"a code of at least {rho.dim} numbers for {rho}"
            raise ShapeError(expected(owner, what, size, "leave out copies of irreps"))
        super().__init__(rho.group)
        self.rho, self.size = rho, size
        eye = torch.eye(size, dtype=torch.float64)
        self.register_buffer("analysis", eye[: rho.dim].clone())
        self.register_buffer("synthesis", eye[:, : rho.dim].clone())
        self.register_buffer("rest", eye[:, rho.dim :].clone())
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))

    @classmethod
    def of(cls, rho: Representation, analysis: Tensor, synthesis: Tensor, mean: Tensor) -> Self:
        """Return the action with the given matrices W and P and mean code.

        Raises:
            ShapeError: If a shape does not fit the representation.
            TypeError: If a matrix is no tensor.
            ValueError: If ``analysis @ synthesis`` is not the identity: the law would not hold.
        """
        for name, given in (("analysis", analysis), ("synthesis", synthesis), ("mean", mean)):
            if not isinstance(given, Tensor):
                got = type(given).__name__
                raise TypeError(expected(cls.__name__, f"{name} to be a tensor", got))
        action = cls(rho, mean.numel())
        for name, given in (("analysis", analysis), ("synthesis", synthesis), ("mean", mean)):
            shape = getattr(action, name).shape
            if given.shape != shape:
                what = f"{name} of shape {tuple(shape)}"
                raise ShapeError(expected(cls.__name__, what, tuple(given.shape)))
            setattr(action, name, given.detach().double().clone())
        error = (
            (action.analysis @ action.synthesis - torch.eye(rho.dim, dtype=torch.float64))
            .abs()
            .amax()
        )
        if not bool(error <= 1e-6):
            got = f"a difference of {float(error):.3g}"
            raise ValueError(expected(cls.__name__, "analysis @ synthesis to be the identity", got))
        _, _, rows = torch.linalg.svd(action.analysis)
        action.rest = rows[rho.dim :].mT.contiguous()
        return action

    @override
    def __repr__(self) -> str:
        return f"HiddenAction({self.group}, {self.rho}, size={self.size})"

    @property
    @override
    def code_shape(self) -> tuple[int]:
        """``(size,)``."""
        return (self.size,)

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the representation, times the condition of its features."""
        to, back = (
            torch.linalg.matrix_norm(m.double(), 2) for m in (self.analysis, self.synthesis)
        )
        return self.rho.error_growth * max(1, int(to * back + 0.5))

    # --- coordinates ------------------------------------------------------------------------
    def features(self, z: Tensor) -> Tensor:
        """Return ``W (z - mean)``, shape ``(*batch, rho.dim)``: they turn by the representation."""
        self.check_latent(z)
        dtype = self._dtype(z)
        with full_precision(z):
            return (self._wide(z) - self.mean.to(dtype)) @ self.analysis.to(dtype).mT

    def remainder(self, z: Tensor) -> Tensor:
        """Return what no element changes beside the features, ``(*batch, size - rho.dim)``.

        They are the coordinates of ``(1 - P W)(z - mean)`` in the basis ``rest``.
        """
        f, dtype = self.features(z), self._dtype(z)
        with full_precision(z):
            left = self._wide(z) - self.mean.to(dtype) - f @ self.synthesis.to(dtype).mT
            return left @ self.rest.to(dtype)

    def _dtype(self, z: Tensor) -> torch.dtype:
        return torch.promote_types(z.dtype, torch.float32)

    def _wide(self, z: Tensor) -> Tensor:
        return z.to(self._dtype(z))

    def _changed(self, z: Tensor, difference: Tensor) -> Tensor:
        """Return the code whose features differ from those of ``z`` by ``difference``."""
        with full_precision(z):
            moved = self._wide(z) + difference @ self.synthesis.to(difference.dtype).mT
        return moved.to(z.dtype)

    # --- the action -------------------------------------------------------------------------
    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``z + P (rho(g) f - f)``."""
        f = self.features(z)
        return self._changed(z, self.rho.act(g, f) - f)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the invariant features, then the remainder."""
        return torch.cat([self.rho.invariants(self.features(z)), self.remainder(z)], -1).to(z.dtype)

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the features that some element changes, in block coordinates."""
        return self.rho.varying(self.features(z)).to(z.dtype)

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the code with invariant features and remainder of ``z``, the others of ``w``."""
        f, h = self.features(z), self.features(w)
        return self._changed(z, self.rho.swap(f, h) - f)

    @override
    def residual(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the differences of features and of remainders."""
        f, rest = self.features(z) - self.features(w), self.remainder(z) - self.remainder(w)
        return torch.cat([f, rest], -1)

    @functools.cached_property
    def _split(self) -> Representation | None:
        return in_irreps(self.rho)

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap | None:
        """Return the Fourier coefficients of the score of the features."""
        if self._split is None:
            return None
        return harmonic_overlap(self._split, self.features(z), self.features(w), -1)

    @override
    def describe(self) -> Description:
        """Return a table with one line per term of the representation, and the remainder."""
        rows = block_rows(self.rho, "features ")
        rest = self.size - self.rho.dim
        if rest:
            rows += (LatentRow("remainder ", f"[{rest} of {self.size}]", "0", rest, True),)
        return Description(repr(self), rows)
