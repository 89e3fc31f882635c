r"""Learned mask of Swarnali, Zhang & Hossain, which selects the copies that are acted on.

A `groupae.LatentActionAE` whose action is a `groupae.SplitAction`, trained on

.. math:: |\hat x_2 - x_2|^2 + |z_i(x_1) - \mathrm{sg}\, z_i(x_2)|^2
    + |g \cdot z_v(x_1) - \mathrm{sg}\, z_v(x_2)|^2

in both directions, where :math:`z_v = M z`, :math:`z_i = (1 - M) z` and sg passes no gradient.

It has two weaknesses, each removed by an option:

* Leaving copies invariant gains nothing. Vectors that all turn still hold the invariants, in their
  lengths and relative angles. So every term can be zero with a mask of ones, and training keeps it.
  ``sparsity`` penalises the copies that are acted on.
* Both latent terms shrink with the scale of z, which nothing fixes: if codes are divided by ten and
  the decoder multiplies by ten, they are a hundredth. ``normalised`` divides them by the variance
  of z, with its gradient: over a constant, they would contract z the more the smaller it is, until
  the decoder gets no signal.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from torch import Tensor, nn

from groupae._validation import expected
from groupae.actions import SplitAction
from groupae.groups import Group
from groupae.models import ConvDecoder, ConvEncoder, LatentActionAE
from groupae.objectives import CrossPass, CrossReconstruction, mean_squared_error
from groupae.representations import Representation

__all__ = ["LearnedMask", "equivariance_error", "invariance_error", "varying_share"]


def _split(crossed: CrossPass) -> SplitAction:
    action = crossed.model.action
    if not isinstance(action, SplitAction):
        raise TypeError(expected("LearnedMask", "a SplitAction as the action", repr(action)))
    return action


def _mean_square(source: Tensor, target: Tensor, crossed: CrossPass, normalised: bool) -> Tensor:
    """Return the mean of ``|source - sg target|^2``, both divided by their spread if normalised."""
    if normalised:
        # with its gradient: over a constant, the terms contract z the more the smaller it is
        spread = crossed.code.var(0, correction=0).mean().sqrt()
        source, target = (x / spread for x in (source, target))
    return (source - target.detach()).square().mean()


def invariance_error(crossed: CrossPass, *, normalised: bool = False) -> Tensor:
    """Return the mean of ``|z_i(x1) - sg z_i(x2)|^2`` over pairs, directions and numbers.

    Args:
        crossed: A pass of a model whose action is a `groupae.SplitAction`.
        normalised: Divide codes by their standard deviation, so that their scale has no effect.
    """
    source, target = (_split(crossed).still(z) for z in (crossed.code, crossed.target_code))
    return _mean_square(source, target, crossed, normalised)


def equivariance_error(crossed: CrossPass, *, normalised: bool = False) -> Tensor:
    """Return the mean of ``|g . z_v(x1) - sg z_v(x2)|^2`` over pairs, directions and numbers.

    Args:
        crossed: A pass of a model whose action is a `groupae.SplitAction`.
        normalised: Divide codes by their standard deviation, so that their scale has no effect.
    """
    action, code, target = _split(crossed), crossed.code, crossed.target_code
    source, target = crossed.moved - action.still(code), target - action.still(target)
    return _mean_square(source, target, crossed, normalised)


def varying_share(crossed: CrossPass) -> Tensor:
    """Return the expected share of numbers acted on, among those that can be acted on."""
    action = _split(crossed)
    return action.expected_varying() / (~action.invariant_mask).sum()


def _objective(sparsity: float, normalised: bool) -> CrossReconstruction:
    terms: dict[str, tuple[float, Callable[[CrossPass], Tensor]]] = {
        "reconstruction": (1.0, mean_squared_error),
        "invariance": (1.0, functools.partial(invariance_error, normalised=normalised)),
        "equivariance": (1.0, functools.partial(equivariance_error, normalised=normalised)),
    }
    if sparsity:
        terms["sparsity"] = (sparsity, varying_share)
    return CrossReconstruction(terms)


class LearnedMask(LatentActionAE):
    """Autoencoder that learns which copies of the irreps its group acts on.

    Args:
        group: The acting group.
        x_shape: Shape of a picture, ``(channels, size, size)``; of any datum if encoder and decoder
            are given.
        representation: Representation if all copies are acted on, or its text. It needs no
            trivial irreps, since other copies are invariant.
        encoder: From pictures to codes; a `ConvEncoder` of the widths and blocks unless given.
        decoder: From codes to pictures; a `ConvDecoder` of them unless given.
        widths: Channels at each resolution.
        blocks: Residual blocks at each resolution.
        sparsity: Weight of the expected share of numbers acted on; 0 as published. 0.03 (0.3 if
            normalised) removes the first weakness.
        normalised: Whether the latent terms are relative to the variance of the codes.
        start: Logit of every copy at first. Near 0 copies drop out, perhaps all of them, before
            codes have learned to turn.
        threshold: Value of the sigmoid above which a copy is acted on.

    Raises:
        ValueError: If pictures are not square and a part is not given, the representation is of
            another group or trivial, or ``sparsity`` is negative.

    References:
        Swarnali, Zhang & Hossain, arXiv 2512.04015. The backbone is ours, and each term a mean
        over numbers or pixels.

    Example:
        >>> import torch
        >>> from groupae import SO2
        >>> model = LearnedMask(SO2(), (1, 28, 28), "4x1 + 2x2", widths=(8, 8), sparsity=0.1)
        >>> model.transform(torch.zeros(3), torch.rand(3, 1, 28, 28)).shape
        torch.Size([3, 1, 28, 28])
    """

    action: SplitAction

    def __init__(
        self,
        group: Group,
        x_shape: tuple[int, ...],
        representation: str | Representation,
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        widths: Sequence[int] = (32, 64),
        blocks: int = 1,
        sparsity: float = 0.0,
        normalised: bool = False,
        start: float = 1.0,
        threshold: float = 0.5,
    ) -> None:
        rho = group.rep(representation) if isinstance(representation, str) else representation
        if rho.group != group:
            form = f"a representation of {group}"
            raise ValueError(expected("LearnedMask", form, f"one of {rho.group}"))
        if not sparsity >= 0:
            raise ValueError(expected("LearnedMask", "sparsity of at least zero", sparsity))
        needs_pictures = encoder is None or decoder is None
        if needs_pictures and (len(x_shape) != 3 or x_shape[1] != x_shape[2]):
            raise ValueError(expected("LearnedMask", "square pictures (channels, n, n)", x_shape))
        if encoder is None:
            encoder = ConvEncoder(
                rho.dim, in_channels=x_shape[0], size=x_shape[1], widths=widths, blocks=blocks
            )
        if decoder is None:
            decoder = ConvDecoder(
                rho.dim, out_channels=x_shape[0], size=x_shape[1], widths=widths, blocks=blocks
            )
        action = SplitAction(rho, start=start, threshold=threshold)
        super().__init__(encoder, decoder, action, _objective(sparsity, normalised))
