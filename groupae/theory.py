r"""Theorems and counterexamples of the paper as functions.

The paper's claims (section 4) about a model ``x -> D(g . E(x))``:

* *Consistency* (Def. 4.1): ``D(z1) = D(z2)`` implies ``D(g.z1) = D(g.z2)`` for all g. A consistent
  decoder induces an action on its images (Prop. 4.2).
* ``E(D(z)) = z`` makes D injective, hence consistent with every action (Prop. 4.3).
* *Superset*: models of data-space actions are latent actions with a consistent decoder
  (`realise_data_action`, `realise_contrast`, `realise_canonicalisation`).
* *Strictness*: there are more (`digit_behind_block`).

References:
    Jin, Shrivastava & Fletcher, Learning Group Actions on Latent Representations, NeurIPS 2024.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import expected
from groupae.actions import (
    AffineAction,
    LatentAction,
    LeftMultiplication,
    PartsAction,
    VectorAction,
)
from groupae.actions.codes import map_latent
from groupae.groups import Cyclic, Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.matching import check_same_group
from groupae.metrics.consistency import consistency_gap
from groupae.metrics.latent_cycle import latent_cycle_error
from groupae.models import LatentActionAE
from groupae.representations import Representation

__all__ = [
    "HiddenFactor",
    "consistency_gap",
    "digit_behind_block",
    "fixed_vectors",
    "is_stabilised",
    "latent_cycle_error",
    "realise_canonicalisation",
    "realise_contrast",
    "realise_data_action",
]


class _Coordinates(nn.Module):
    """Change to the block coordinates of a representation, or back."""

    def __init__(self, rho: Representation, *, back: bool) -> None:
        super().__init__()
        self.rho = rho
        self.back = back

    @override
    def forward(self, x: Tensor) -> Tensor:
        return self.rho.from_blocks(x) if self.back else self.rho.to_blocks(x)


def realise_data_action(rho: Representation) -> LatentActionAE:
    r"""Return the latent model of a linear action on data, which proves the superset claim.

    Any linear action of a compact group is :math:`B_g = Q\,\rho_{\mathrm{irreps}}(g)\,Q^{-1}`
    with the irreps found by `Representation.decompose`. With :math:`E = Q^{-1}` and :math:`D = Q`
    the model is exact without training: :math:`D(g \cdot E(x)) = B_g x` and
    :math:`E(D(z)) = z`, so it is consistent.

    Args:
        rho: The action on data vectors, such as the permutation of pixels by quarter turns.

    Returns:
        A model of data of shape ``(n, rho.dim)``.

    Raises:
        TypeError: If the group is not compact.

    Example:
        >>> shifts = Cyclic(5).regular(on_elements=True)
        >>> model = realise_data_action(shifts)
        >>> x = torch.arange(5.0)[None]
        >>> model.transform(torch.tensor([1]), x).round().int().tolist()
        [[4, 0, 1, 2, 3]]
    """
    split = rho.decompose()
    plain = split.group.rep(str(split))
    encoder, decoder = _Coordinates(split, back=False), _Coordinates(split, back=True)
    return LatentActionAE(encoder, decoder, VectorAction(plain))


class _Sigmoid(nn.Module):
    @override
    def forward(self, z: Tensor) -> Tensor:
        return torch.sigmoid(z)


class _Logit(nn.Module):
    @override
    def forward(self, x: Tensor) -> Tensor:
        return torch.logit(x)


def realise_contrast(size: int) -> LatentActionAE:
    """Return the latent model of contrast and brightness on whole pictures.

    The data-space action of Aff+(1) is ``x -> sigmoid(a logit(x) + b)``; with E = logit and
    D = sigmoid it is the affine action on the code.

    Args:
        size: Number of pixels; data have shape ``(n, size)`` with values inside (0, 1).

    Example:
        >>> model = realise_contrast(3)
        >>> model.transform(torch.tensor([[1.0, 0.0]]), torch.full((1, 3), 0.25)).tolist()
        [[0.25, 0.25, 0.25]]
    """
    return LatentActionAE(_Logit(), _Sigmoid(), AffineAction(varying=size))


class _CodeAndPose(nn.Module):
    def __init__(self, code: Callable[[Tensor], Tensor], pose: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.code, self.pose = code, pose

    @override
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"code": self.code(x), "pose": self.pose(x)}


class _PoseDecoder(nn.Module):
    def __init__(
        self,
        canonical: Callable[[Tensor], Tensor],
        data_action: Callable[[Tensor, Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.canonical, self.data_action = canonical, data_action

    @override
    def forward(self, z: dict[str, Tensor]) -> Tensor:
        return self.data_action(z["pose"], self.canonical(z["code"]))


def realise_canonicalisation(
    group: Group,
    code: Callable[[Tensor], Tensor],
    pose: Callable[[Tensor], Tensor],
    canonical: Callable[[Tensor], Tensor],
    data_action: Callable[[Tensor, Tensor], Tensor],
) -> LatentActionAE:
    """Return a canonicalising model as a latent action: code ``(c, h)``, action ``(c, g h)``.

    Such models (Winter et al. 2022) find an invariant code and a pose, draw the canonical picture
    and move it by the pose with a known action on data.

    Args:
        group: The group.
        code: Invariant code of data, ``(n, *x_shape) -> (n, d)``.
        pose: Pose of data, one element per datum, with ``pose(g x) = g pose(x)``.
        canonical: Canonical data of a code.
        data_action: ``(g, x) -> g x`` on data.

    Raises:
        ValueError: If ``data_action`` is the method of an action of another group.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> G, turn = SO2(), VectorAction(SO2().rep("1x1"))
        >>> size = lambda x: x.norm(dim=-1, keepdim=True)
        >>> angle = lambda x: torch.atan2(x[:, 1], x[:, 0])
        >>> upright = lambda c: torch.cat([c, torch.zeros_like(c)], -1)
        >>> model = realise_canonicalisation(G, size, angle, upright, turn)
        >>> x = torch.tensor([[0.6, 0.8]])
        >>> model.transform(torch.tensor([0.5]), x).allclose(turn(torch.tensor([0.5]), x))
        True
    """
    check_same_group("realise_canonicalisation", "an action", group, data_action)
    action = PartsAction({"code": None, "pose": LeftMultiplication(group)})
    return LatentActionAE(_CodeAndPose(code, pose), _PoseDecoder(canonical, data_action), action)


@dataclasses.dataclass(frozen=True)
class HiddenFactor:
    """A decoder, two codes of one picture, and an element that makes their pictures differ.

    Args:
        decode: From codes ``(n, d)`` to pictures.
        action: The latent action.
        z1: One code, shape ``(1, d)``.
        z2: The other, ``decode(z2) = decode(z1)``.
        g: An element with ``decode(g.z1) != decode(g.z2)``, shape ``(1,)``.

    Example:
        >>> scene = digit_behind_block()
        >>> pictures = scene.decode(scene.z1), scene.decode(scene.z2)
        >>> torch.equal(*pictures)  # one picture, two codes
        True
        >>> moved = (scene.decode(scene.action(scene.g, z)) for z in (scene.z1, scene.z2))
        >>> torch.equal(*moved)
        False
    """

    decode: Callable[[Tensor], Tensor]
    action: LatentAction[Tensor]
    z1: Tensor
    z2: Tensor
    g: Tensor


def _ring_behind_block(z: Tensor) -> Tensor:
    """Return five pixels on a ring, of which a white block hides the first."""
    return torch.cat([torch.ones_like(z[..., :1]), z[..., 1:]], -1)


def digit_behind_block() -> HiddenFactor:
    """Return a smallest latent action that is no action on data (strictness).

    Five pixels on a ring, a digit of one pixel that turns by C_5, a block in front of the first
    pixel. While the digit is behind the block, a bright and a dark digit give one picture; one step
    further they give two. An action on pictures would map one picture to one picture.

    Example:
        >>> hidden = digit_behind_block()
        >>> torch.equal(hidden.decode(hidden.z1), hidden.decode(hidden.z2))
        True
    """
    action = VectorAction(Cyclic(5).regular(on_elements=True))
    bright = torch.tensor([[1.0, 0.0, 0.0, 0.0, 0.0]])
    return HiddenFactor(_ring_behind_block, action, bright, 0.5 * bright, torch.tensor([1]))


def is_stabilised(action: LatentAction[Any], z: Any, gs: Tensor, *, atol: float = 1e-5) -> Tensor:
    """Return the mask of elements that leave each code unchanged, shape ``(n, m)``.

    Args:
        action: The action.
        z: Codes, shape ``(n, ...)``.
        gs: Elements, shape ``(m, *element_shape)``.
        atol: Largest difference of an entry.
    """
    still = map_latent(lambda part: part.unsqueeze(1), z)
    return action.residual(action.orbit(z, gs), still).abs().amax(-1) <= atol


def fixed_vectors(rho: Representation, phi: Homomorphism) -> Tensor:
    """Return an orthonormal basis of the varying vectors that a subgroup fixes.

    If ``E(D(z)) = z`` an image and its code have the same stabiliser. An image with m-fold
    symmetry therefore needs varying codes fixed by C_m. Frequency 1 alone has none for m > 1, so
    the image's orbit collapses to a point; a frequency that m divides has two per copy.

    Args:
        rho: The latent representation.
        phi: The inclusion of the compact subgroup.

    Returns:
        Shape ``(k, rho.dim)``, float64.

    Example:
        >>> from groupae import SO2
        >>> [len(fixed_vectors(SO2().rep(t), SO2().subgroup("c(4)"))) for t in ("6x1", "6x1 + 1x4")]
        [0, 2]
    """
    if phi.target != rho.group:
        raise ValueError(expected("fixed_vectors", f"a subgroup of {rho.group}", phi))
    if not phi.source.is_compact:
        raise TypeError(expected("fixed_vectors", "a compact subgroup", phi))
    restricted = rho.restrict(phi)
    eye = torch.eye(rho.dim, dtype=torch.float64)
    fixed = restricted.from_blocks(eye[restricted.is_invariant()])
    whole = rho.decompose() if rho.group.is_compact else rho
    always = whole.from_blocks(eye[whole.is_invariant()])
    if len(always):
        orthonormal, _ = torch.linalg.qr(always.mT)
        fixed = fixed - fixed @ orthonormal @ orthonormal.mT
    _, values, rows = torch.linalg.svd(fixed, full_matrices=False)
    kept: Tensor = rows[values > 1e-9]
    return kept
