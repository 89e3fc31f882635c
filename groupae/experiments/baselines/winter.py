r"""Autoencoder of Winter et al., whose group acts on the decoded picture.

.. math:: \hat x = \psi(x) \cdot D(\eta(x)), \qquad
    \eta(g \cdot x) = \eta(x), \quad \psi(g \cdot x) = g\, \psi(x)

The code is invariant, and the decoder draws all pictures of an orbit in one pose, which the group
then turns. So the group must act on pictures, and all parts of them move: a square in front of a
digit moves with it.

Convention: the pose is the direction of a 2-vector, which turns with the picture; angles in
radians, counter-clockwise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.groups import SO2, Group
from groupae.groups.constants import Constant
from groupae.groups.matching import check_same_group
from groupae.models import Capabilities, ConvDecoder, ConvEncoder, TransformModule
from groupae.objectives import CrossPrediction, PredictionTerm, Terms
from groupae.protocols import PairBatch, check_pairs

__all__ = ["OrbitAveragedEncoder", "Winter", "direction"]


def direction(v: Tensor, *, floor: float = 0.1) -> Tensor:
    r"""Return the angle of 2-vectors, with a gradient that is finite everywhere.

    The gradient of the angle is :math:`(-v_2, v_1) / |v|^2` and grows without bound as the vector
    vanishes; here the angle is exact, and its gradient is divided by at least ``floor ** 2``.

    Args:
        v: Vectors, shape ``(*batch, 2)``.
        floor: Length below which the gradient falls to zero with the vector.

    Returns:
        Angles in ``[-pi, pi]``, shape ``(*batch,)``; 0 for the vector of length zero.

    Example:
        >>> v = torch.tensor([[0.0, 2.0], [0.0, 0.0]], requires_grad=True)
        >>> direction(v).sum().backward()
        >>> v.grad.abs().tolist()
        [[0.5, 0.0], [0.0, 0.0]]
    """
    x, y = v.unbind(-1)
    x0, y0 = x.detach(), y.detach()
    slope = 1 / (x0.square() + y0.square()).clamp_min(floor**2)
    # its value is 0; it provides the gradient
    tangent = (x0 * (y - y0) - y0 * (x - x0)) * slope
    return torch.atan2(y0, x0) + tangent


class OrbitAveragedEncoder(nn.Module):
    r"""Encoder made equivariant by averaging over turned pictures.

    .. math:: \eta(x) = \frac1n \sum_k c(g_k^{-1} x), \qquad
        v(x) = \frac1n \sum_k R(g_k)\, w(g_k^{-1} x), \qquad g_k = 2 \pi k / n

    Both are as exact as rotation of pictures: exact for quarter turns if ``turns`` is a multiple
    of 4, else up to interpolation between the ``turns`` angles.

    Args:
        encoder: Any module from pictures to ``(n, dim + 2)``: the code and a 2-vector.
        act: Action of SO(2) on pictures.
        turns: Number of angles.

    Example:
        >>> from groupae.data import rotate
        >>> encoder = OrbitAveragedEncoder(ConvEncoder(5 + 2, widths=(8,)), rotate, turns=4)
        >>> [tuple(part.shape) for part in encoder(torch.rand(3, 1, 28, 28))]
        [(3, 5), (3, 2)]
    """

    def __init__(
        self, encoder: nn.Module, act: Callable[[Tensor, Tensor], Tensor], *, turns: int = 8
    ) -> None:
        super().__init__()
        check_count("OrbitAveragedEncoder", "turns", turns)
        check_same_group("OrbitAveragedEncoder", "an action", SO2(), act)
        self.encoder, self.act = encoder, act
        angles = torch.arange(turns, dtype=torch.float64) * (2 * math.pi / turns)
        self.angles: Constant = Constant(angles)
        self.rotations: Constant = Constant(SO2().rep("1").matrix(angles))

    @override
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes ``(n, dim)`` and 2-vectors ``(n, 2)`` of pictures."""
        turns = len(self.angles)
        angles = self.angles.like(x).repeat_interleave(x.shape[0])
        turned = self.act(-angles, x.repeat(turns, *(1,) * (x.ndim - 1)))
        out = self.encoder(turned).unflatten(0, (turns, x.shape[0]))
        vectors = torch.einsum("kij,knj->ni", self.rotations.like(out), out[..., -2:])
        return out[..., :-2].mean(0), vectors / turns


class Winter(TransformModule):
    r"""Autoencoder with invariant code and pose: ``transform(g, x)`` is ``(g psi(x)) . D(eta(x))``.

    The original is trained without g, to reconstruct ``x``. Here pairs are known, and by default it
    is trained like all other systems: to predict ``x2`` from ``x1`` by ``g``, and back.

    Args:
        group: SO(2).
        x_shape: Shape of a picture, ``(C, size, size)``.
        act: Action on pictures, with gradients to the angles, such as `groupae.data.rotate`.
        encoder: Any module from pictures to an invariant code ``(n, dim)`` and a 2-vector
            ``(n, 2)`` that turns with the picture; an `OrbitAveragedEncoder` around a
            `ConvEncoder` unless given. The original's is steerable, with 32 scalar and 32
            frequency-1 fields per layer: `groupae.interop.steerable.steerable_encoder`.
        decoder: Any module from codes to pictures; a `ConvDecoder` unless given.
        dim: Length of the code; the original's is 32.
        turns: Number of angles over which the default encoder averages.
        encoder_widths: Channels of the default encoder at each resolution.
        decoder_widths: Channels of the default decoder at each resolution.
        learns_from_pairs: Whether to train on pairs; else on reconstruction, like the original.
        terms: Loss terms by name, with weights; the mean squared error unless given.

    Raises:
        ValueError: If the group is not SO(2), since the pose is an angle.

    References:
        Winter, Bertolini, Le, Noé & Clevert, Unsupervised learning of group invariant and
        equivariant representations, NeurIPS 2022.

    Example:
        >>> from groupae.data import rotate
        >>> model = Winter(SO2(), (1, 28, 28), rotate)
        >>> model.transform(torch.zeros(2), torch.rand(2, 1, 28, 28)).shape
        torch.Size([2, 1, 28, 28])
    """

    capabilities = Capabilities(groups=("SO(2)",), needs_data_action=True)

    def __init__(
        self,
        group: Group,
        x_shape: Sequence[int],
        act: Callable[[Tensor, Tensor], Tensor],
        *,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
        dim: int = 32,
        turns: int = 8,
        encoder_widths: Sequence[int] = (16, 32),
        decoder_widths: Sequence[int] = (32, 64),
        learns_from_pairs: bool = True,
        terms: Terms[PredictionTerm] | None = None,
    ) -> None:
        super().__init__()
        if group != SO2():
            remedy = "its pose is an angle and turns the decoded picture"
            raise ValueError(expected("Winter", "the group SO(2)", group, remedy))
        check_same_group("Winter", "an action", group, act)
        channels, size = x_shape[0], x_shape[-1]
        if encoder is None:
            trunk = ConvEncoder(dim + 2, in_channels=channels, size=size, widths=encoder_widths)
            encoder = OrbitAveragedEncoder(trunk, act, turns=turns)
        self.group, self.act, self.encoder = group, act, encoder
        self.decoder = decoder or ConvDecoder(
            dim, out_channels=channels, size=size, widths=decoder_widths
        )
        self.learns_from_pairs, self.objective = learns_from_pairs, CrossPrediction(terms)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the invariant code ``(n, dim)`` and the pose, angles ``(n,)``."""
        code, vector = self.encoder(x)
        return code, direction(vector)

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        batch = self._check_call("transform(g, x)", g, x)
        code, pose = self.encode(x)
        return self._predicted(self.act(self.group.compose(g, pose), self.decoder(code)), x, batch)

    @override
    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        gs = self._elements_of_each(gs, x)
        code, pose = self.encode(x)
        drawn = self.decoder(code).repeat_interleave(gs.shape[1], 0)
        moved = self.act(self.group.compose(gs, pose.unsqueeze(1)).flatten(), drawn)
        return self._unflattened(moved, x, *gs.shape)

    def estimate(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the element that carries ``x1`` to ``x2``, by their poses; shape ``(n,)``."""
        poses = (self.encode(x)[1] for x in (x2, x1))
        return self.group.compose(next(poses), self.group.inverse(next(poses)))

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        check_pairs("Winter.loss", batch, self)
        if self.learns_from_pairs:
            return self.objective(self, batch)
        x = torch.cat([batch.x1, batch.x2])
        stay = self.group.identity(len(x), dtype=x.dtype, device=x.device)
        return self.objective.compare(self.transform(stay, x), x)
