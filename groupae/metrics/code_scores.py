"""Scores of latent codes: do they move rightly, know the item, and keep pose and item apart?"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from groupae.actions import LatentAction
from groupae.metrics.code_needs import (
    ALIGN,
    CLASSES,
    ELEMENTS,
    FINITE,
    FOLDED,
    INVARIANTS,
    PAIRS,
    PROBES,
    STANDARD,
    VARYING,
    invariants_of_pairs,
)
from groupae.metrics.consistency import picture_distance
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.invariance import invariance_ratio
from groupae.metrics.latent_cycle import code_cycle_error
from groupae.metrics.leakage import class_skill, element_leakage
from groupae.metrics.needs import ACTION, DATA_ACTION, DECODER, LABELS, RECOMBINATIONS, SWAP
from groupae.metrics.pose import (
    Change,
    code_change,
    pose_error,
    symmetric_pose_error,
    typical_change,
)
from groupae.metrics.relative_equivariance import relative_equivariance_error
from groupae.metrics.retrieval import Ranks, orbit_ranks, retrieval_ranks
from groupae.metrics.scores import ModelScore
from groupae.metrics.swap_cycle import swap_cycle_error, swap_twice
from groupae.metrics.swap_error import swap_error

__all__ = ["CODE_SCORES"]


# --- computed once ----------------------------------------------------------------------------
def _action(e: Evaluated) -> LatentAction[Any]:
    assert e.action is not None
    return e.action


def _codes(e: Evaluated) -> tuple[Tensor, Any, Any]:
    """Return elements and both codes on the model's device."""
    return e.placed(e.pairs.g), e.placed(e.z1), e.placed(e.z2)


def _ranks(e: Evaluated) -> Ranks:
    return retrieval_ranks(e.moved, e.z2)


def _invariant_ranks(e: Evaluated) -> Ranks:
    return retrieval_ranks(*e.cached(invariants_of_pairs))


def _estimates(e: Evaluated) -> Tensor:
    """Return the elements that carry the first codes nearest to the second."""
    found: Tensor = e.in_chunks(_action(e).align, e.z1, e.z2)
    return found.to(e.pairs.g.dtype)


def _decoded(e: Evaluated) -> Tensor:
    return e.decode(e.z1)


def _again(e: Evaluated) -> Any:
    """Return the codes of the reconstructions."""
    return e.encode(e.cached(_decoded))


# --- scores -----------------------------------------------------------------------------------
def _equivariance(e: Evaluated) -> Tensor:
    return relative_equivariance_error(_action(e), *_codes(e))


def _orbit_retrieval(e: Evaluated) -> Tensor:
    _, z1, z2 = _codes(e)
    return orbit_ranks(_action(e), z1, z2).reciprocal()


def _class_skill(e: Evaluated) -> Tensor:
    assert e.labels is not None
    return class_skill(*e.cached(invariants_of_pairs), e.labels, seed=e.seed)


def _leakage(e: Evaluated) -> Tensor:
    return element_leakage(_action(e).group, e.pairs.g, *e.cached(invariants_of_pairs), seed=e.seed)


def _pose(e: Evaluated) -> Tensor:
    return pose_error(_action(e).group, e.pairs.g, e.cached(_estimates))


def _pose_r2(e: Evaluated) -> Tensor:
    """Return squared errors and deviations of the matrices of estimated elements."""
    standard = _action(e).group.standard()
    target, found = (standard.matrix(g).double() for g in (e.pairs.g, e.cached(_estimates)))
    parts = (found - target, target - target.mean(0))
    return torch.stack([part.square().sum((1, 2)) for part in parts], 1)


def _code_pose(e: Evaluated) -> Tensor:
    g, z1, _ = _codes(e)
    change = code_change(_action(e), z1)
    found = e.placed(e.cached(_estimates))
    return symmetric_pose_error(_action(e).group, g, found, change, typical_change(change, g))


def _data_pose(e: Evaluated) -> Tensor:
    g, change = e.pairs.g, _data_change(e)
    scale = typical_change(change, g).mean()
    return symmetric_pose_error(_action(e).group, g, e.cached(_estimates), change, scale)


def _data_change(e: Evaluated) -> Change:
    x, move = e.pairs.x1, e.data_action
    assert move is not None

    def change(g: Tensor) -> Tensor:
        return (move(g, x) - x).flatten(1).square().sum(1)

    return change


def _consistency(e: Evaluated) -> Tensor:
    again = e.cached(_again)
    moved = e.decode(e.act(e.pairs.g, again))
    together = picture_distance(e.cached(_decoded), e.decode(again))
    return torch.stack([picture_distance(e.decode(e.moved), moved), together], 1)


def _explained(means: Tensor) -> Tensor:
    """Return the share of a variance that is explained, given mean error and variance."""
    error, spread = means.unbind(-1)
    return 1 - error / spread


def _ratio(means: Tensor) -> Tensor:
    """Return the quotient of two means, 0 where the first is."""
    above, below = means.unbind(-1)
    return torch.where(above == 0, 0.0, above / below)


def _cycle(e: Evaluated) -> Tensor:
    return code_cycle_error(e.z1, e.cached(_again))


def _swap_cycle(e: Evaluated) -> Tensor:
    action = _action(e)
    z1 = e.placed(e.z1)
    returned = swap_twice(action, lambda z: e.placed(e.encode(e.decode(z))), z1)
    return swap_cycle_error(action, z1, returned)


def _swap(e: Evaluated) -> Tensor:
    """Return the errors by the reading of the data that the model follows best."""
    model: Any = e.model
    errors = [
        swap_error(e.in_chunks(model.swap, data.x, data.y), data.x, data.y, data.truth)
        for data in e.recombinations
    ]
    return min(errors, key=lambda error: float(error.mean()))


_HIGGINS = "Higgins et al., Towards a definition of disentangled representations, 2018"
_KIPF = "Kipf et al., Contrastive learning of structured world models, ICLR 2020"
_PAPER = "Jin, Shrivastava & Fletcher, NeurIPS 2024"
_POSE = "Hodaň, Matas & Obdržálek, ECCV Workshops 2016"
_PROBE = "Alain & Bengio, Understanding intermediate layers using linear classifier probes, 2016"

CODE_SCORES: tuple[ModelScore, ...] = (
    ModelScore(
        "relative_equivariance_error",
        "relative equivariance error",
        3,
        _equivariance,
        needs=(ACTION, PAIRS, ELEMENTS),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Mean of |g z1 - z2|^2 over its mean with the elements of other pairs: 0 if "
        "equivariant; 1 at chance, for a code that has collapsed or is constant along orbits, and "
        "for an action that does nothing. It does not tell whether the code knows the item.",
        source="numerator: Keurti et al., Homomorphism Autoencoder, ICML 2023; compare D_LSBD of "
        "Tonnaer et al., ICML 2022",
    ),
    ModelScore(
        "invariance_ratio",
        "invariance ratio",
        3,
        lambda e: invariance_ratio(*e.cached(invariants_of_pairs)),
        needs=(ACTION, PAIRS, INVARIANTS),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Mean squared variation of the invariant entries within pairs over that between "
        "items: 0 if invariant, 1 at chance and for invariants that have collapsed. It does not "
        "tell whether the invariants are complete.",
        source="one minus the intraclass correlation of Fisher, 1925",
    ),
    ModelScore(
        "retrieval_score",
        "retrieval along orbits, MRR",
        3,
        lambda e: e.cached(_ranks).reciprocal(),
        needs=(ACTION, PAIRS),
        range=(0, 1),
        definition="Mean reciprocal rank of z2 among the codes z2 of all pairs by distance from "
        "g z1, ties by expectation: 1 is perfect; (1 + 1/2 + ... + 1/n) / n is chance and the "
        "score of a collapsed code. Blind to errors that are small against distances of items.",
        source=_KIPF,
    ),
    ModelScore(
        "retrieval_hit_1",
        "retrieval along orbits, hit at 1",
        3,
        lambda e: e.cached(_ranks).hits(1),
        needs=(ACTION, PAIRS),
        range=(0, 1),
        definition="Share of pairs whose z2 is nearest to g z1 among the codes z2 of all pairs, "
        "ties by expectation; chance is 1/n.",
        source=_KIPF,
    ),
    ModelScore(
        "retrieval_hit_5",
        "retrieval along orbits, hit at 5",
        3,
        lambda e: e.cached(_ranks).hits(5),
        needs=(ACTION, PAIRS),
        range=(0, 1),
        definition="Share of pairs whose z2 is among the five nearest to g z1 of the codes z2 of "
        "all pairs, ties by expectation; chance is 5/n.",
        source=_KIPF,
    ),
    ModelScore(
        "invariant_retrieval_score",
        "retrieval by invariants, MRR",
        3,
        lambda e: e.cached(_invariant_ranks).reciprocal(),
        needs=(ACTION, PAIRS, INVARIANTS),
        range=(0, 1),
        definition="Mean reciprocal rank of the invariant entries of z2 among those of all pairs "
        "by distance from those of z1; chance as for retrieval_score. Low also if the invariants "
        "are few.",
        source=_KIPF,
    ),
    ModelScore(
        "orbit_retrieval_score",
        "retrieval by distance of orbits, MRR",
        3,
        _orbit_retrieval,
        needs=(ACTION, PAIRS, ALIGN),
        range=(0, 1),
        definition="Mean reciprocal rank of z2 among itself and 19 other items by the distance "
        "from the orbit of z1, without elements; chance is 0.18 from 20 pairs on.",
        source=_KIPF,
    ),
    ModelScore(
        "class_skill",
        "class from invariants",
        3,
        _class_skill,
        needs=(ACTION, PAIRS, INVARIANTS, LABELS, CLASSES, PROBES, FINITE),
        range=(-1, 1),
        definition="Balanced accuracy of logistic regression from the invariant entries to the "
        "class, cross-validated by pair and stretched so that chance is 0 and all right is 1. "
        "High is good. A class that is not linearly separable scores too low.",
        source=_PROBE,
    ),
    ModelScore(
        "element_leakage",
        "element from invariants",
        3,
        _leakage,
        needs=(ACTION, INVARIANTS, ELEMENTS, FOLDED, STANDARD, PROBES, FINITE),
        lower_is_better=True,
        range=(-math.inf, 1),
        definition="Share of the variance of the element's standard matrix that a ridge regression "
        "reads from the invariant entries of both data and their products, beyond the mean and the "
        "first datum alone; cross-validated by pair. 0 or slightly less is good, 1 is a full leak.",
        source=f"{_PROBE}; {_HIGGINS}",
    ),
    ModelScore(
        "pose_error",
        "pose error",
        3,
        _pose,
        needs=(ACTION, ALIGN),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Mean distance of the element that carries z1 nearest to z2 from the true one, "
        "in the unit of the group's distance (radians for rotations, steps, moved points; 0 or 1 "
        "for tables). Chance is pi/2 for SO(2). Data with a symmetry raise it.",
        source=_POSE,
    ),
    ModelScore(
        "symmetric_pose_error",
        "pose error up to symmetry of the code",
        3,
        _code_pose,
        needs=(ACTION, ALIGN, PAIRS, ELEMENTS),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Pose error, least over the elements under which the code z1 returns to a tenth "
        "of its typical squared change. A code that has lost part of the pose takes it for a "
        "symmetry: read it beside pose_error.",
        source=_POSE,
    ),
    ModelScore(
        "data_pose_error",
        "pose error up to symmetry of the data",
        3,
        _data_pose,
        needs=(ACTION, ALIGN, PAIRS, ELEMENTS, DATA_ACTION),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Pose error, least over the elements under which x1 itself returns to a tenth "
        "of the typical squared change of the data.",
        source=_POSE,
    ),
    ModelScore(
        "pose_r2",
        "R2 of the pose",
        3,
        _pose_r2,
        combine=_explained,
        needs=(ACTION, ALIGN, PAIRS, ELEMENTS, STANDARD),
        range=(-math.inf, 1.0),
        definition="1 - the squared error of the element that carries z1 nearest to z2 over the "
        "variance of the true one, both as matrices in the standard representation: 1 is perfect, "
        "0 the mean matrix, about -1 a random element of a compact group.",
        source="Garrido, Najman & LeCun, ICML 2023, of a regression on codes",
    ),
    ModelScore(
        "consistency_gap",
        "consistency gap",
        2,
        _consistency,
        combine=_ratio,
        needs=(ACTION, DECODER),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Mean |D(g z) - D(g z')| over mean |D(z) - D(z')| for z' = E(D(z)): 1 for "
        "isometries of data, large if a prediction depends on more than the picture shows. A lower "
        "bound of groupae.metrics.consistency_gap; a quotient of rounding errors if E(D(z)) = z.",
        source=f"{_PAPER}, Def. 4.1",
    ),
    ModelScore(
        "latent_cycle_error",
        "latent cycle error",
        3,
        _cycle,
        needs=(ACTION, DECODER, PAIRS),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Mean |z - E(D(z))| over the mean distance of a code from the mean code: 0 "
        "makes the decoder consistent with every action; 1 is chance and the score of a collapsed "
        "code.",
        source=f"{_PAPER}, Prop. 4.3",
    ),
    ModelScore(
        "swap_cycle_error",
        "error of two swaps",
        3,
        _swap_cycle,
        needs=(ACTION, DECODER, PAIRS, INVARIANTS, VARYING),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Squared error of codes after two swaps with other items, each decoded and "
        "encoded, over that of pairs of different items; mean of the invariant and the varying "
        "part. 0 is perfect, 1 is chance; a part that has collapsed counts 1/2. It does not tell "
        "whether the parts mean what they should.",
        source="groupae; compare Jha et al., Cycle-consistent variational autoencoders, ECCV 2018",
    ),
    ModelScore(
        "swap_error",
        "error of swaps",
        3,
        _swap,
        needs=(SWAP, RECOMBINATIONS),
        lower_is_better=True,
        range=(0, math.inf),
        definition="Squared error of the swap of two data over that of the nearer of both data, "
        "left unchanged, by the reading of a swap that the model follows best: 0 is perfect, 1 is "
        "no better than doing nothing, and the score of a reading by which a swap is x or y.",
        source="groupae",
    ),
)
"""Scores of latent codes."""
