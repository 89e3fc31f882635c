r"""MAGANet, which moves pictures by latent steps through an invertible network.

.. math:: \hat x_2 = F^{-1}(F(x_1) + A (z_2 - z_1)), \qquad z_i = E(x_i) \in R^d

The group that acts is :math:`(R^d, +)`; there is no input for g. There are two ways to predict
``g . x``:

* `MAGANet`: as published, the step is that of another pair with the same relative element, here
  from a bank of training pairs. The original also requires the same absolute element, which is
  unknown here: of the pairs with nearly the same g, the one with the nearest code is taken.
* `MAGANetHead`: a small network computes the step from g and ``z1``, trained for the prediction.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import expected
from groupae.experiments.baselines.maganet.additive_flow_decoder import AdditiveFlowDecoder
from groupae.experiments.baselines.maganet.reference_bank import ReferenceBank
from groupae.groups import Group
from groupae.models import ConvEncoder, TransformModule
from groupae.objectives import CrossPrediction, PredictionTerm, Terms
from groupae.protocols import PairBatch, both_directions, check_pairs
from groupae.representations import Representation

__all__ = ["MAGANet", "MAGANetHead"]


class _StepModel(TransformModule):
    """Base of models that predict by a latent step, a function of element and code."""

    decoder: AdditiveFlowDecoder

    @abc.abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""

    @abc.abstractmethod
    def step(self, g: Tensor, z: Tensor) -> Tensor:
        """Return the steps ``(n, dim)`` of elements ``(n, ...)`` at codes ``z``."""

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        self._check_call("transform(g, x)", g, x)
        z = self.encode(x)
        prediction: Tensor = self.decoder(
            x, self.step(g.expand(x.shape[0], *self.group.element_shape), z)
        )
        return prediction

    @override
    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        gs = self._elements_of_each(gs, x)
        m = gs.shape[1]
        z, features = self.encode(x), self.decoder.flow(x)
        step = self.step(gs.flatten(0, 1), z.repeat_interleave(m, 0))
        moved = self.decoder.draw(features.repeat_interleave(m, 0), step)
        return torch.unflatten(moved, 0, (len(x), m))

    def _prepare(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Return elements, pictures and targets of both directions; initialise F on the first."""
        check_pairs(f"{type(self).__name__}.loss", batch, self)
        g, x, target = both_directions(batch, self.group)
        if self.training and not self.decoder.flow.initialised:
            self.decoder.flow.initialise(x)
        return g, x, target


class MAGANet(_StepModel):
    r"""MAGANet as published, with the step for g looked up in a bank of training pairs.

    The loss is the reconstruction of each picture of a pair from the other and both codes, the
    divergence of the codes' posteriors from :math:`N(0, 1)`, and the distance of the prediction's
    code from the target's. Codes are noisy in training and posterior means otherwise. The bank
    holds the means of the last pairs trained on, both ways; they lag behind the encoder by as many
    steps as it takes to fill it.

    Our description of the original gives ``dim`` 10, 3 levels, 3 steps per level, and no widths;
    Glow's own couplings have 512 channels, ``widths=(512, 512, 512)``. The weights ``beta`` and
    ``gamma`` are our choice.

    Args:
        group: Any group with a distance.
        x_shape: Shape of a picture, ``(C, size, size)``.
        dim: Length d of the code.
        encoder_widths: Channels of the encoder, a `ConvEncoder`, at each resolution.
        widths: Channels inside the couplings of each level of F; 16, 32, 64 unless given (two
            levels for pictures that can be halved but twice, as 28 x 28).
        steps: Steps per level.
        beta: Weight of the divergence in nats, over the squared error summed over a picture.
        gamma: Weight of the squared distance of codes, over the same.
        pairs: Size of the bank.
        candidates: Number of pairs with nearest elements, among which the nearest code is taken.
            Of 4096 angles, 128 are within 6 degrees; of rotations in space, 128 are within 49
            degrees, and 8 within 19.
        terms: Loss terms of the reconstruction; the mean squared error unless given.

    References:
        Hwang et al., MAGANet: achieving combinatorial generalization by modeling a group action,
        ICML 2023.

    Example:
        >>> from groupae import SO2
        >>> model = MAGANet(SO2(), (1, 28, 28))
        >>> model.transform(torch.zeros(2), torch.rand(2, 1, 28, 28)).shape
        torch.Size([2, 1, 28, 28])
    """

    noise_key: Tensor

    def __init__(
        self,
        group: Group,
        x_shape: Sequence[int],
        *,
        dim: int = 10,
        encoder_widths: Sequence[int] = (32, 64),
        widths: Sequence[int] | None = None,
        steps: int = 3,
        beta: float = 0.03,
        gamma: float = 0.03,
        pairs: int = 4096,
        candidates: int = 128,
        terms: Terms[PredictionTerm] | None = None,
    ) -> None:
        super().__init__()
        self.group = group
        self.decoder = AdditiveFlowDecoder(x_shape, dim, widths=widths, steps=steps)
        self.encoder: ConvEncoder = ConvEncoder(
            2 * dim, in_channels=x_shape[0], size=x_shape[-1], widths=encoder_widths
        )
        self.bank: ReferenceBank = ReferenceBank(group, dim, size=pairs, candidates=candidates)
        self.beta, self.gamma = beta, gamma
        self.objective: CrossPrediction = CrossPrediction(terms)
        self.register_buffer("noise_key", torch.randint(2**31, ()))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return means and logarithms of variances of codes, each ``(n, dim)``."""
        mean, log_variance = self.encoder(x).chunk(2, -1)
        return mean, log_variance

    @override
    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    @override
    def step(self, g: Tensor, z: Tensor) -> Tensor:
        step: Tensor = self.bank(g, z)
        return step

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        g, x, target = self._prepare(batch)
        mean, log_variance = self.posterior(x)
        z = mean
        if self.training:
            self.bank.store(g, mean, mean.roll(len(batch), 0))
            z = mean + (log_variance / 2).exp() * self._noise(mean)
        z_target = z.roll(len(batch), 0)
        prediction = self.decoder(x, z_target - z)
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1).mean() / 2
        gap = (self.encode(prediction) - z_target).square().sum(-1).mean()
        return {
            **self.objective.compare(prediction, target),
            "divergence": self.beta / x[0].numel() * divergence,
            "latent": self.gamma / x[0].numel() * gap,
        }

    def _noise(self, like: Tensor) -> Tensor:
        """Return normal noise, a function of the seed of the weights and the number of calls."""
        generator = torch.Generator(like.device).manual_seed(int(self.noise_key))
        self.noise_key.add_(1)
        return torch.empty_like(like).normal_(generator=generator)


class MAGANetHead(_StepModel):
    r"""MAGANet with an input for g, whose head computes the step, trained end to end.

    .. math:: \hat x_2 = F^{-1}(F(x_1) + A (h(g, z_1) - h(e, z_1))), \qquad z_1 = E(x_1)

    The difference makes the identity of the group the identity on pictures. On a closed orbit, the
    step of g is not a constant vector, so the head reads ``z1`` too. There is no noise, and the
    prediction has the only loss term.

    Args:
        group: Any group with a representation.
        x_shape: Shape of a picture, ``(C, size, size)``.
        features: Representation whose matrix entries the head reads, or its text, such as
            ``"1x1 + 1x2"``; the standard one by default.
        dim: Length d of the code.
        head_width: Channels inside the head.
        encoder_widths: Channels of the encoder at each resolution.
        widths: Channels inside the couplings of each level of F, as in `MAGANet`.
        steps: Steps per level.
        terms: Loss terms; the mean squared error unless given.

    Raises:
        ValueError: If ``features`` represents another group.

    Example:
        >>> from groupae import SO2
        >>> model = MAGANetHead(SO2(), (1, 28, 28), features="1x1 + 1x2")
        >>> model.transform(torch.zeros(2), torch.rand(2, 1, 28, 28)).shape
        torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        group: Group,
        x_shape: Sequence[int],
        *,
        features: Representation | str | None = None,
        dim: int = 10,
        head_width: int = 128,
        encoder_widths: Sequence[int] = (32, 64),
        widths: Sequence[int] | None = None,
        steps: int = 3,
        terms: Terms[PredictionTerm] | None = None,
    ) -> None:
        super().__init__()
        rho = group.rep(features) if isinstance(features, str) else features or group.standard()
        if rho.group != group:
            what = f"features of {group}"
            raise ValueError(expected("MAGANetHead", what, f"those of {rho.group}"))
        self.group, self.rho = group, rho
        self.decoder = AdditiveFlowDecoder(x_shape, dim, widths=widths, steps=steps)
        self.encoder: ConvEncoder = ConvEncoder(
            dim, in_channels=x_shape[0], size=x_shape[-1], widths=encoder_widths
        )
        self.head: nn.Sequential = nn.Sequential(
            nn.Linear(rho.dim**2 + dim, head_width),
            nn.SiLU(),
            nn.Linear(head_width, head_width),
            nn.SiLU(),
            nn.Linear(head_width, dim, bias=False),
        )
        self.objective: CrossPrediction = CrossPrediction(terms)

    @override
    def encode(self, x: Tensor) -> Tensor:
        z: Tensor = self.encoder(x)
        return z

    @override
    def step(self, g: Tensor, z: Tensor) -> Tensor:
        stay = self.group.identity(g.shape[0], dtype=g.dtype, device=g.device)
        matrices = torch.cat([self.rho.matrix(g), self.rho.matrix(stay)])
        read = torch.cat([matrices.flatten(1).to(z.dtype), z.repeat(2, 1)], 1)
        moved, unmoved = self.head(read).unflatten(0, (2, -1)).unbind()
        step: Tensor = moved - unmoved
        return step

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        g, x, target = self._prepare(batch)
        return self.objective.compare(self.transform(g, x), target)
