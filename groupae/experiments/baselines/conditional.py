r"""Control without group structure: the decoder is conditioned on the element.

.. math:: \hat x = D(c(f(\rho(g)), E(x)))

Encoder and decoder are those of a model with a latent action, and the element is described as
there, by the entries of its matrices. Only the action is replaced, by a small network f that scales
and shifts every channel of the code (c). It can learn the action, even exactly, but is not bound
to: the identity may change the code, and two elements in succession need not be their product.

Conventions: axis 1 of a part holds its channels, for vectors and feature maps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.actions.codes import map_latent
from groupae.models import TransformModule
from groupae.objectives import CrossPrediction, PredictionTerm, Terms
from groupae.protocols import PairBatch
from groupae.representations import Representation

__all__ = ["Conditional"]


class Conditional(TransformModule):
    r"""Autoencoder whose code is scaled and shifted per channel, as a function of g.

    A channel z becomes :math:`z (1 + s(g)) + t(g)`, where s and t are linear in the entries of the
    matrices of ``rho`` and in one hidden layer on them. So with linear maps before and after it,
    it can represent all maps linear in both code and entries, including the action by ``rho``.

    Args:
        encoder: Any module from data to codes: a tensor, or a dict of named parts.
        decoder: Any module from codes to data.
        rho: Representation whose matrices describe g; more irreps resolve it more finely.
        channels: Length of axis 1 of the code, or of each named part. Other parts stay unchanged.
        hidden: Width of the hidden layer.
        terms: Loss terms by name, with weights; the mean squared error unless given.

    Raises:
        ValueError: If ``channels`` names no part.

    References:
        Perez, Strub, de Vries, Dumoulin & Courville, FiLM, AAAI 2018, for scales and shifts.

    Example:
        >>> from groupae import SO2
        >>> encoder, decoder = torch.nn.Linear(16, 8), torch.nn.Linear(8, 16)
        >>> model = Conditional(encoder, decoder, SO2().rep("1x1 + 1x2"), 8)
        >>> model.transform(torch.zeros(5), torch.randn(5, 16)).shape
        torch.Size([5, 16])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        rho: Representation,
        channels: int | Mapping[str, int],
        *,
        hidden: int = 128,
        terms: Terms[PredictionTerm] | None = None,
    ) -> None:
        super().__init__()
        check_count("Conditional", "hidden", hidden)
        parts = {"code": channels} if isinstance(channels, int) else dict(channels)
        if not parts:
            raise ValueError(expected("Conditional", "channels of at least one part", channels))
        for name, count in parts.items():
            check_count("Conditional", f"channels of {name}", count)
        self.group, self.encoder, self.decoder = rho.group, encoder, decoder
        self.entries: _Entries = _Entries(rho)
        self.hidden: nn.Sequential = nn.Sequential(nn.Linear(len(self.entries), hidden), nn.SiLU())
        width = len(self.entries) + hidden
        self.heads = nn.ModuleDict({name: nn.Linear(width, 2 * n) for name, n in parts.items()})
        self.objective: CrossPrediction = CrossPrediction(terms)

    def condition(self, g: Tensor, z: Any) -> Any:
        """Return a code, a tensor or a dict of named parts, with its channels scaled and shifted.

        Args:
            g: Elements, shape ``(n, *element_shape)``, or one element for all.
            z: The code, each part of shape ``(n, channels, ...)``.
        """
        entries = self.entries(g)
        features = torch.cat([entries, self.hidden(entries)], -1)
        if not isinstance(z, dict):
            return _scale_and_shift(self.heads["code"](features), z)
        told = {name: head(features) for name, head in self.heads.items()}
        return {n: _scale_and_shift(told[n], z[n]) if n in told else z[n] for n in z}

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        batch = self._check_call("transform(g, x)", g, x)
        return self._predicted(self.decoder(self.condition(g, self.encoder(x))), x, batch)

    @override
    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        gs = self._elements_of_each(gs, x)
        n, m = gs.shape[:2]
        z = map_latent(lambda part: part.repeat_interleave(m, 0), self.encoder(x))
        predictions = self.decoder(self.condition(gs.flatten(0, 1), z))
        return self._unflattened(predictions, x, n, m)

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        return self.objective(self, batch)


class _Entries(nn.Module):
    """Entries of the matrices of a representation that are not zero by construction."""

    places: Tensor

    def __init__(self, rho: Representation) -> None:
        super().__init__()
        self.rho = rho
        inside = torch.zeros(rho.dim, rho.dim, dtype=torch.bool)
        for block in rho.blocks:
            inside[block.slice, block.slice] = True
        self.register_buffer("places", inside.flatten().nonzero().squeeze(-1), persistent=False)

    def __len__(self) -> int:
        return len(self.places)

    @override
    def forward(self, g: Tensor) -> Tensor:
        """Return entries ``(*batch, n)`` of elements ``(*batch, *element_shape)``."""
        return self.rho.matrix(g).flatten(-2)[..., self.places]


def _scale_and_shift(out: Tensor, z: Tensor) -> Tensor:
    scale, shift = out.reshape(*out.shape, *(1,) * (z.ndim - 2)).chunk(2, out.ndim - 1)
    return z * (1 + scale) + shift
