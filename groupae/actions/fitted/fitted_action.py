"""Result of a fit: the action that a code has, and how well each part of it transforms."""

from __future__ import annotations

import dataclasses
import itertools

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_axis_size, check_floating, expected
from groupae.actions.fitted.hidden import HiddenAction
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.kernels.dispatch import full_precision
from groupae.representations import Representation
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["FittedAction", "FittedCopy"]


@dataclasses.dataclass(frozen=True)
class FittedCopy:
    r"""One copy of an irrep that was looked for in a code.

    Args:
        irrep: Text of the irrep.
        residual: How far the copy is from transforming, on pairs held out,
            :math:`\mathrm{E}|W z_2 - \sigma(g) W z_1|^2 / \mathrm{E}|W z|^2`: 0 if exactly, 2 by
            chance.
        variance: Share of the variance of the code that the copy accounts for.
        is_used: Whether the copy is part of the representation.

    Example:
        >>> FittedCopy("1", residual=0.02, variance=0.3, is_used=True).irrep
        '1'
    """

    irrep: str
    residual: float
    variance: float
    is_used: bool


@dataclasses.dataclass(frozen=True, eq=False)
class FittedAction:
    """Action that a given code has, as found by `groupae.fit_action`.

    Args:
        group: The group.
        action: The action on the same code. The law holds exactly; the code transforms by it as
            far as the spectrum says. The remainder of the code is left as it is.
        spectrum: All copies that were looked at, by irrep and then from the best on.
        explained: Share of the variance of the code in the directions of the representation.
        held_out_error: Error of the prediction ``decode(rho(g) encode(z1))`` of ``z2`` on pairs
            held out, relative to the variance of the code: 0 is perfect, 1 as good as the mean.
        confusable: Pairs of irreps that the elements do not tell apart; the second was left out.
        split: Irreps that the elements split into smaller ones, for they are all of a subgroup;
            left out.
        pairs: Number of pairs that it was fitted to.
    """

    group: Group
    action: HiddenAction
    spectrum: tuple[FittedCopy, ...]
    explained: float
    held_out_error: float
    confusable: tuple[tuple[str, str], ...]
    split: tuple[str, ...]
    pairs: int
    _decoding: Tensor = dataclasses.field(repr=False)

    @property
    def representation(self) -> Representation:
        """The representation by which the features transform."""
        return self.action.rho

    def encode(self, z: Tensor) -> Tensor:
        """Return the features of codes, ``(n, representation.dim)``; they turn by `representation`.

        Args:
            z: Codes, shape ``(n, size)``.
        """
        return self.action.features(z).to(z.dtype)

    def decode(self, f: Tensor) -> Tensor:
        """Return the codes expected for features, by linear regression, shape ``(n, size)``.

        The part of a code that the features do not tell is put at its mean: after a large turn
        that is nearer to the truth than to leave it as it is, which `action` does.
        """
        owner = "FittedAction.decode"
        check_axis_size(owner, f, -1, self.representation.dim, "encode(z) gives features", name="f")
        check_floating(owner, "f", f)
        dtype = torch.promote_types(f.dtype, torch.float32)
        mean, decoding = (x.to(f.device, dtype) for x in (self.action.mean, self._decoding))
        with full_precision(f):
            return (mean + f.to(dtype) @ decoding.mT).to(f.dtype)

    def adapter(self, dtype: torch.dtype = torch.float32) -> tuple[nn.Linear, nn.Linear]:
        """Return `encode` and `decode` as linear layers, which can be trained further.

        With ``VectorAction(fitted.representation)`` between them they are the ends of a model:
        ``LatentActionAE.wrap`` takes a `FittedAction` for both.

        Example:
            >>> from groupae import SO2, fit_action
            >>> rho, generator = SO2().rep("2x1"), torch.Generator().manual_seed(0)
            >>> g = SO2().sample(64, generator=generator)
            >>> z = torch.randn(64, 4, generator=generator)
            >>> encode, decode = fit_action(SO2(), z, g, rho.act(g, z)).adapter()
            >>> decode(encode(z)).allclose(z, atol=1e-4)
            True
        """
        if not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
            raise TypeError(expected("FittedAction.adapter", "a floating dtype", repr(dtype)))
        analysis, mean = self.action.analysis, self.action.mean
        to = nn.Linear(analysis.shape[1], analysis.shape[0], dtype=dtype)
        back = nn.Linear(analysis.shape[0], analysis.shape[1], dtype=dtype)
        with torch.no_grad():
            to.weight.copy_(analysis)
            to.bias.copy_(-analysis @ mean)
            back.weight.copy_(self._decoding)
            back.bias.copy_(mean)
        return to, back

    def places_in(self, rho: Representation) -> Tensor:
        """Return the positions of the features in a code of a representation with more copies.

        Args:
            rho: A sum of irreps with at least as many copies of each.

        Raises:
            TypeError: If it is no sum of irreps.
            ValueError: If it has fewer copies.

        Example:
            >>> from groupae import SO2, fit_action
            >>> z, g, some = torch.randn(100, 2), SO2().sample(100), SO2().rep("1x1")
            >>> fit_action(SO2(), z, g, some.act(g, z)).places_in(SO2().rep("2x0 + 2x1"))
            tensor([2, 4])
        """
        irreps, found = self.group.irreps, self.representation
        assert isinstance(found, IrrepSum), "fit_action makes one"
        if not isinstance(rho, IrrepSum):
            what = "a sum of irreps, such as group.rep(...)"
            raise TypeError(expected("FittedAction.places_in", what, repr(rho)))
        left = {term.label: term.copies for term in found.terms}
        places: dict[IrrepLabel, Tensor] = {}
        start = 0
        for term in rho.terms:
            d = irreps.dim(term.label)
            block = torch.arange(start, start + d * term.copies).view(d, term.copies)
            start += d * term.copies
            taken = min(left.get(term.label, 0), term.copies)
            left[term.label] = left.get(term.label, 0) - taken
            before = places.get(term.label, block[:, :0])
            places[term.label] = torch.cat([before, block[:, :taken]], 1)
        if any(left.values()):
            what, got = f"a representation with all copies of {found}", rho
            raise ValueError(expected("FittedAction.places_in", what, got))
        return torch.cat([places[term.label].flatten() for term in found.terms])

    @override
    def __str__(self) -> str:
        size, dim = self.action.size, self.representation.dim
        lines = [
            f"{self.group} on codes of {size} numbers, fitted to {self.pairs} pairs",
            f"representation: {self.representation} ({dim} numbers, "
            f"{self.explained:.1%} of the variance)",
            f"error of predicted codes on held-out pairs: {self.held_out_error:.3f} of variance",
            "",
            "irrep  copies  residuals (0 exact, 2 chance)  next left out  variance",
        ]
        for irrep, group in itertools.groupby(self.spectrum, lambda copy: copy.irrep):
            copies = list(group)
            used = [copy for copy in copies if copy.is_used]
            left = [copy.residual for copy in copies if not copy.is_used]
            span = f"{used[0].residual:.3f} to {used[-1].residual:.3f}" if used else "-"
            best = f"{min(left):.2f}" if left else "-"
            share = sum(copy.variance for copy in used)
            lines.append(f"{irrep:5}  {len(used):6}  {span:29}  {best:13}  {share:8.1%}")
        lines += [
            f"irrep {second} was left out: on these elements it is like irrep {first}"
            for first, second in self.confusable
        ]
        lines += [
            f"irrep {irrep} was left out: these elements split it into smaller ones"
            for irrep in self.split
        ]
        return "\n".join(lines)

    __repr__ = __str__
