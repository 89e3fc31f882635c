r"""The learned mask of Swarnali, Zhang & Hossain: which copies are acted on is learned, not given.

A `groupae.LatentActionAE` whose action is a `groupae.SplitAction`, trained on

.. math:: |\hat x_2 - x_2|^2 + |z_i(x_1) - \mathrm{sg}\, z_i(x_2)|^2
    + |g \cdot z_v(x_1) - \mathrm{sg}\, z_v(x_2)|^2

in both directions, where :math:`z_v = M z`, :math:`z_i = (1 - M) z` and sg passes no gradient.

Two holes of it are open unless closed by an option:

* Nothing is gained by leaving copies alone. Vectors that all turn hold what is invariant in their
  lengths and relative angles, so a mask of ones is as good as the right one: every term can be
  zero, and training leaves it at ones. ``sparsity`` puts a price on what is acted on.
* Both latent terms shrink with z, for nothing fixes its scale: dividing codes by ten, and having
  the decoder multiply by ten, divides them by a hundred. ``normalised`` takes them relative to the
  spread of z, which is no constant there: over a constant they pull z together the harder the
  smaller it is, until the decoder sees nothing.
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
    """Return the mean of ``|source - sg target|^2``, of both over their spread if normalised."""
    if normalised:
        # with its gradient: over a constant, the smaller z is the harder it is pulled together
        spread = crossed.code.var(0, correction=0).mean().sqrt()
        source, target = (x / spread for x in (source, target))
    return (source - target.detach()).square().mean()


def invariance_error(crossed: CrossPass, *, normalised: bool = False) -> Tensor:
    """Return the mean of ``|z_i(x1) - sg z_i(x2)|^2`` over pairs, directions and numbers.

    Args:
        crossed: A pass of a model whose action is a `groupae.SplitAction`.
        normalised: Divide codes by their standard deviation: their scale changes nothing.
    """
    source, target = (_split(crossed).still(z) for z in (crossed.code, crossed.target_code))
    return _mean_square(source, target, crossed, normalised)


def equivariance_error(crossed: CrossPass, *, normalised: bool = False) -> Tensor:
    """Return the mean of ``|g . z_v(x1) - sg z_v(x2)|^2`` over pairs, directions and numbers.

    Args:
        crossed: A pass of a model whose action is a `groupae.SplitAction`.
        normalised: Divide codes by their standard deviation: their scale changes nothing.
    """
    action, code, target = _split(crossed), crossed.code, crossed.target_code
    source, target = crossed.moved - action.still(code), target - action.still(target)
    return _mean_square(source, target, crossed, normalised)


def varying_share(crossed: CrossPass) -> Tensor:
    """Return the expected share of the numbers that are acted on, of those that can be."""
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
        x_shape: Shape of a picture, ``(channels, size, size)``.
        representation: What acts where all copies do, or its text. It needs no trivial irreps:
            copies left alone are invariant.
        encoder: From pictures to codes; a `ConvEncoder` of the widths and blocks unless given.
        decoder: From codes to pictures; a `ConvDecoder` of them unless given.
        widths: Channels at each resolution.
        blocks: Residual blocks at each resolution.
        sparsity: Weight of the expected share of numbers that are acted on; 0 as published, and
            0.03 (0.3 if normalised) closes the hole.
        normalised: Whether the latent terms are relative to the variance of the codes.
        start: Logit of every copy at first. Near 0 copies drop out, perhaps all of them, before
            codes have learned to turn.
        threshold: Of the sigmoid, above which a copy is acted on.

    Raises:
        ValueError: If the pictures are not square, the representation is of another group or acts
            by nothing, or ``sparsity`` is negative.

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
        if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
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
