r"""Fit of an action to a given code, in closed form.

For each irrep the maps W of codes to it with :math:`W z_2 = \sigma(g) W z_1` as nearly as possible
solve a symmetric eigenvalue problem of second moments (`directions`). Copies are counted on pairs
held out: a copy is real if it transforms better there than chance. The copies of all irreps, best
first, are then put together until the code is full. Nothing is trained.

References:
    The equations are Schur's lemma for noisy data. Koyama et al., Neural Fourier Transform, ICLR
    2024, find linear actions of a latent space by simultaneous block diagonalisation instead.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.actions.fitted.arguments import (
    check_fit_arguments,
    check_largest,
    irreps_to_try,
)
from groupae.actions.fitted.assembly import assemble
from groupae.actions.fitted.fitted_action import FittedAction
from groupae.actions.fitted.moments import CodeBasis, code_basis
from groupae.actions.fitted.pairs import Pairs
from groupae.actions.fitted.phase_rate import are_small_turns
from groupae.actions.fitted.search import Search
from groupae.groups import Group
from groupae.representations import Representation

__all__ = ["fit_action"]

_OWNER, _LEAST = "fit_action", 16
_LEAST_SHARE = 1e-10  # of the largest variance, of a direction that is looked at
_FEWEST, _PAIRS = 64, 40  # directions looked at where turns are small; pairs for each
_PATIENCE = 3  # cutoffs in a row without copies before the search ends
_SPREAD = "elements that are spread over the whole group"


def fit_action(
    group: Group,
    z1: Tensor | Iterable[tuple[Tensor, Tensor, Tensor]],
    g: Tensor | None = None,
    z2: Tensor | None = None,
    *,
    cutoff: int | None = None,
    irreps: Sequence[str] | None = None,
    max_residual: float = 1.5,
    rank: int = 512,
    size: int | None = None,
    representation: Representation | None = None,
) -> FittedAction:
    r"""Return the action of a group that a given code already has, found in closed form.

    For every irrep :math:`\sigma` it looks for linear maps W with
    :math:`W z_2 = \sigma(g)\, W z_1` over the pairs: eigenvectors of one symmetric problem. The law
    of the result is exact; how well the code keeps to it is in the spectrum.

    Args:
        group: A compact group.
        z1: First codes, shape ``(n, d)``; or an iterable of triples ``(z1, g, z2)``, gone through
            three times or more, for codes that do not fit in memory. Each time it must give the
            same pairs in the same order.
        g: Elements that carry the first to the second, shape ``(n, *element_shape)``, best spread
            over the whole group; small ones tell irreps apart by their speed alone.
        z2: Second codes, shape ``(n, d)``.
        cutoff: Highest irrep tried (frequency, degree) where there are infinitely many; raised
            until no copies are found three times in a row, unless given.
        irreps: Texts of the irreps to try instead, such as ``["0", "1", "2"]``.
        max_residual: Largest residual of a copy that is used, on pairs held out: 0 is exact and 2
            is chance. A smaller one keeps fewer and cleaner copies, and leaves more of the code
            as it is. Where all elements are small, copies of neighbouring irreps move nearly alike:
            then 2 stands for the residual of a copy that is read as one of another irrep, 0.023
            for turns of at most 15 degrees.
        rank: Largest number of principal directions of the code that are looked at. The others are
            left as they are, as are those with less than 1e-10 of the largest variance: entries in
            very different units are scaled first. Where all elements are small turns, at most one
            for 40 pairs: any noisy direction then seems to transform.
        size: Largest number of features. Of the copies that are found, those mixtures are kept
            that tell most of the variance of the code, as in principal component analysis.
        representation: Largest representation of the features, instead of ``cutoff`` and
            ``irreps``: at most as many copies of each irrep, chosen in the same way.

    Returns:
        The representation, its place in the code and the spectrum.

    Raises:
        TypeError: If the group is not compact, so that it has no Haar average, or codes are no
            floating tensors.
        ShapeError: If shapes do not fit.
        ValueError: If codes are not finite or do not vary, there are fewer than 16 pairs, or an
            iterable gives other pairs on another pass.

    Warns:
        UserWarning: If there are fewer pairs than numbers in the code, if the elements do not tell
            irreps apart (multiples of 90 degrees: frequencies 1 and 3) or split them (rotations
            about one axis only), or if nothing was found.

    Example:
        >>> import torch
        >>> from groupae import SO2
        >>> rho, mix = SO2().rep("1x0 + 1x2"), torch.randn(3, 3)  # unknown to the fit
        >>> z, g = torch.randn(500, 3), SO2().sample(500)
        >>> fitted = fit_action(SO2(), z @ mix.T, g, rho.act(g, z) @ mix.T)
        >>> print(fitted.representation)
        1x0 + 1x2
        >>> torch.allclose(fitted.action(g, z @ mix.T), rho.act(g, z) @ mix.T, atol=1e-3)
        True
    """
    check_fit_arguments(_OWNER, group, cutoff, irreps, max_residual, rank)
    most = check_largest(_OWNER, group, size, representation, cutoff is None and irreps is None)
    if most is not None:
        irreps = [group.irreps.format(label) for label in most]
    # what is returned may be trained on, also where the codes were made for inference
    with torch.inference_mode(False), torch.no_grad(), torch.autocast("cpu", enabled=False):
        pairs = Pairs(_OWNER, group, z1, g, z2)
        basis = code_basis(_OWNER, pairs, rank, _LEAST_SHARE)
        if are_small_turns(group, basis.elements):
            basis = basis.leading(max(_FEWEST, basis.count // _PAIRS))
        _check_codes(basis)
        tried = irreps_to_try(_OWNER, group, cutoff, irreps, basis.rank)
        search = Search(group, pairs, basis, max_residual)
        missed = 0 if search.look_for(tried.first) else 1
        for more in tried.further:
            if missed == _PATIENCE:
                break
            missed = 0 if search.look_for(more) else missed + 1
        fitted = assemble(search, size, most)
    _warn(fitted, search)
    return fitted


def _warn(fitted: FittedAction, search: Search) -> None:
    left_out = [f"{b} (like {a})" for a, b in fitted.confusable]
    left_out += [f"{irrep} (split)" for irrep in fitted.split]
    if left_out:
        got = (
            "elements on which these irreps are like others, or split into smaller ones, and were "
        )
        remedy = "where all elements are of a subgroup, fit an action of that"
        message = expected(_OWNER, _SPREAD, f"{got}left out: {'; '.join(left_out)}", remedy)
        warnings.warn(message, stacklevel=3)
    if not any(candidates.count for candidates in search.found.values()):
        what, got = "codes in which some irrep transforms", "none better than chance"
        got += f" and with a residual below {2 - 2 * search.least:g}"
        remedy = "the action returned does nothing; are z1, g, z2 of the same pairs, z2 = g . z1?"
        warnings.warn(expected(_OWNER, what, got, remedy), stacklevel=3)


def _check_codes(basis: CodeBasis) -> None:
    if basis.rank == 0:
        what, got = "codes that vary", "the same code for all data: a collapsed encoder"
        raise ValueError(expected(_OWNER, what, got))
    if basis.count < _LEAST:
        raise ValueError(expected(_OWNER, f"at least {_LEAST} pairs", basis.count))
    if basis.count < basis.rank:
        what = f"at least as many pairs as numbers that vary, {basis.rank}"
        remedy = "copies may be missed; give more pairs, or a smaller rank"
        warnings.warn(expected(_OWNER, what, basis.count, remedy), stacklevel=3)
