r"""Plain autoencoder of augmented data, whose action is found afterwards.

Encoder E and decoder D are those of a model with a latent action, and are trained to reconstruct
all poses of all data, :math:`D(E(x)) = x`, without any element. Then `groupae.fit_action` finds, on
codes of training pairs, the features W that turn by a representation, and the regression V back:

.. math:: \hat x = D\big(\bar z + V \rho(g)\, W (E(x) - \bar z)\big)

So it asks how much of an action a code has by itself. The features are in the state of the model,
with zeros for copies that its code lacks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.actions import VectorAction
from groupae.actions.fitted import FittedAction, fit_action
from groupae.models import Capabilities, LatentActionAE
from groupae.objectives import CrossPrediction, PredictionTerm, Terms
from groupae.protocols import PairBatch, PairSource, check_pairs
from groupae.representations import Representation

__all__ = ["PlainAutoencoder"]

_BATCH = 512  # pairs encoded at once


class PlainAutoencoder(LatentActionAE):
    """Autoencoder trained without elements, with the action that its code has by itself.

    `groupae.fit` calls ``set_closed_form_parts`` before each validation. Until then all features
    are 0.

    Args:
        encoder: Any module from data to codes ``(n, size)``.
        decoder: Any module from such codes to data.
        rho: Largest representation of the features: at most as many copies of each irrep are used.
        size: Length of a code.
        pairs: Number of training pairs to which the action is fitted.
        max_residual: Largest residual of a copy that is used, as in `groupae.fit_action`.
        terms: Loss terms of the reconstruction by name, with weights; the mean squared error unless
            given.

    Raises:
        ValueError: If the group is not compact, so that no action can be fitted.

    Example:
        >>> from groupae import SO2, OrbitPairs
        >>> rho = SO2().rep("1x0 + 1x2")
        >>> train = OrbitPairs(torch.randn(400, 3), SO2(), rho.act)  # rho acts on them
        >>> model = PlainAutoencoder(torch.nn.Identity(), torch.nn.Identity(), rho, 3)
        >>> fitted = model.set_closed_form_parts(train)
        >>> batch = train.fixed()
        >>> torch.allclose(model.transform(batch.g, batch.x1), batch.x2, atol=1e-3)
        True
    """

    capabilities = Capabilities(needs_compact_group=True)

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        rho: Representation,
        size: int,
        *,
        pairs: int = 4000,
        max_residual: float = 1.5,
        terms: Terms[PredictionTerm] | None = None,
    ) -> None:
        if not rho.group.is_compact:
            remedy = "no action can be fitted to the codes of others"
            raise ValueError(expected("PlainAutoencoder", "a compact group", rho.group, remedy))
        check_count("PlainAutoencoder", "size", size)
        check_count("PlainAutoencoder", "pairs", pairs)
        to, back = _FixedLinear(size, rho.dim), _FixedLinear(rho.dim, size)
        super().__init__(
            nn.Sequential(encoder, to), nn.Sequential(back, decoder), VectorAction(rho)
        )
        self.rho, self.size = rho, size
        self.pairs, self.max_residual = pairs, max_residual
        self.reconstruction: CrossPrediction = CrossPrediction(terms)

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return the terms of the reconstruction of all data of the pairs; no element enters."""
        check_pairs("PlainAutoencoder.loss", batch, self)
        x = torch.cat([batch.x1, batch.x2])
        plain = self._plain_decoder(self._plain_encoder(x))
        return self.reconstruction.compare(self._predicted(plain, x), x)

    def set_closed_form_parts(self, pairs: PairSource) -> FittedAction:
        """Fit the action to the codes of the first training pairs; return the fit.

        Args:
            pairs: Source of training pairs.

        Raises:
            ValueError: If the codes do not vary, or there are fewer than 16 pairs.

        Warns:
            UserWarning: If the elements of the pairs do not tell irreps apart, or no copy is found.
        """
        modes = {part: part.training for part in self.modules()}
        self.eval()
        try:
            codes = self._codes(pairs)
        finally:
            for part, mode in modes.items():
                part.training = mode
        options = {"representation": self.rho, "max_residual": self.max_residual}
        # options of several types in one dictionary
        fitted = fit_action(self.group, *codes, **options)  # type: ignore[arg-type]
        self._take(fitted)
        return fitted

    @property
    def _plain_encoder(self) -> nn.Module:
        return self.encoder[0]  # type: ignore[index, no-any-return]  # Sequential, by __init__

    @property
    def _plain_decoder(self) -> nn.Module:
        return self.decoder[1]  # type: ignore[index, no-any-return]  # Sequential too

    @torch.no_grad()
    def _codes(self, pairs: PairSource) -> tuple[Tensor, Tensor, Tensor]:
        """Return the codes and elements of the first training pairs."""
        weight = next(self.parameters(), torch.zeros(()))
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        seen = step = 0
        while seen < self.pairs:  # a loader has batches of its own size
            batch = pairs.batch(step, min(_BATCH, self.pairs - seen))
            x = (part.to(weight.device) for part in (batch.x1, batch.x2))
            z1, z2 = map(self._plain_encoder, x)
            parts.append((z1, batch.g.to(z1.device), z2))
            seen, step = seen + len(z1), step + 1
        z1, g, z2 = map(torch.cat, zip(*parts, strict=True))
        return z1, g, z2

    @torch.no_grad()
    def _take(self, fitted: FittedAction) -> None:
        """Set the maps to features and back, with zeros for copies that were not found."""
        to, back = fitted.adapter(torch.float64)
        places = fitted.places_in(self.rho)
        features, codes = self.encoder[1], self.decoder[0]  # type: ignore[index]  # both Sequential
        for part in (features, codes):
            part.weight.zero_()
            part.bias.zero_()
        features.weight[places], features.bias[places] = (
            to.weight.to(features.weight),
            to.bias.to(features.bias),
        )
        codes.weight[:, places] = back.weight.to(codes.weight)
        codes.bias.copy_(back.bias)


class _FixedLinear(nn.Module):
    """Linear map whose weights are part of the state but not trained; 0 at first."""

    weight: Tensor
    bias: Tensor

    def __init__(self, size: int, out: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(out, size))
        self.register_buffer("bias", torch.zeros(out))

    @override
    def forward(self, z: Tensor) -> Tensor:
        return nn.functional.linear(z, self.weight, self.bias)
