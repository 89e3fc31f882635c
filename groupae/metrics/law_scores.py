"""Scores of the laws of an action, on data and on codes.

The law is that of a left action: ``T(e, x) = D(E(x))``, ``T(h, T(g, x)) = T(hg, x)``. Each score is
a squared distance over the spread of all data (or codes), so that 0 is exact and 2 is the
distance of two unrelated ones. A model that ignores the element obeys every law: the faithfulness
scores tell it from one that acts.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae.groups import Group
from groupae.groups.base import MOST_LISTED
from groupae.metrics.evaluated import Evaluated
from groupae.metrics.needs import (
    ACTION,
    DECODER,
    FINITE_CODES,
    GROUP,
    MOVED_DATA,
    SPREAD_OF_CODES,
    Need,
)
from groupae.metrics.scores import ModelScore

__all__ = ["LAW_SCORES", "passes", "root_of_identity"]

_ERRORS = (0.0, math.inf)
_HAE = "Keurti et al., Homomorphism Autoencoder, ICML 2023 (the law, here relative to the spread)"
_OWN = "groupae"
_MOST_STEPS = 12  # of a closure: more steps leave fewer items for the same cost


def passes(evaluated: Evaluated, steps: float, *, most: float = 3.0, least: int = 3) -> int:
    """Return the number of pairs that take ``steps`` passes each for the cost of three over all.

    Args:
        evaluated: Model and pairs.
        steps: Passes through the model per pair.
        most: Passes over the data that may be spent.
        least: Smallest number of pairs, if there are as many.

    Example:
        >>> from groupae import PairBatch
        >>> x = torch.zeros(1000, 2)
        >>> evaluated = Evaluated(None, PairBatch(x, torch.zeros(1000), x))
        >>> passes(evaluated, 1), passes(evaluated, 100), passes(evaluated, 10_000)
        (1000, 30, 3)
    """
    n = len(evaluated)
    return max(min(n, int(most * n / steps)), min(n, least))


def root_of_identity(group: Group, dtype: torch.dtype) -> tuple[Tensor, int] | None:
    """Return an element and its order n > 1, ``None`` if none is known.

    Of a finite group it is one of the largest order up to 12 (of the smallest one if all are
    larger). Of a Lie group it is a sixth of a closed loop ``exp(2 pi X)`` along an axis of the
    algebra, if there is one.

    Example:
        >>> from groupae import SO2, Dihedral, Translation
        >>> root_of_identity(SO2(), torch.float64)[1], root_of_identity(Dihedral(4), torch.int64)[1]
        (6, 4)
        >>> root_of_identity(Translation(2), torch.float64) is None
        True
    """
    if group.order is not None:
        return _element_of_finite_order(group, dtype) if group.order <= MOST_LISTED else None
    if not group.has_exp or not group.lie_dim:
        return None
    loops = 2 * math.pi * torch.eye(group.lie_dim, dtype=torch.float64)
    start = group.identity(dtype=torch.float64)
    closed = group.equal(group.exp(loops), start, atol=1e-9)
    moving = ~group.equal(group.exp(loops / 6), start, atol=1e-3)
    axes = (closed & moving).nonzero()[:, 0]
    return None if not len(axes) else (group.exp(loops[axes[0]] / 6).to(dtype), 6)


def _element_of_finite_order(group: Group, dtype: torch.dtype) -> tuple[Tensor, int] | None:
    """Return an element of the largest order up to 12, or of the smallest beyond."""
    every = group.elements()
    power, start = every, group.identity(dtype=every.dtype)
    orders = torch.zeros(len(every), dtype=torch.int64)
    for n in range(1, len(every) + 1):
        orders[(orders == 0) & group.equal(power, start)] = n
        if bool((orders > 0).all()) or (n >= _MOST_STEPS and bool((orders > 1).any())):
            break
        power = group.compose(power, every)
    largest = int(orders.max())
    if largest < 2:
        return None
    element = every[int(orders.argmax())]
    return element if group.has_integer_elements else element.to(dtype), largest


def _reconstruction(evaluated: Evaluated) -> Tensor:
    return evaluated.data_error(evaluated.unmoved, evaluated.pairs.x1)


def _identity(evaluated: Evaluated) -> Tensor:
    return evaluated.data_error(evaluated.unmoved, evaluated.decode(evaluated.z1))


def _inverse(evaluated: Evaluated) -> Tensor:
    assert evaluated.group is not None
    back = evaluated.transform(evaluated.group.inverse(evaluated.pairs.g), evaluated.prediction)
    return evaluated.data_error(back, evaluated.unmoved)


def _homomorphism(evaluated: Evaluated) -> Tensor:
    assert evaluated.group is not None
    g, h = evaluated.pairs.g, evaluated.other_elements
    twice = evaluated.transform(h, evaluated.prediction)
    once = evaluated.transform(evaluated.group.compose(h, g), evaluated.pairs.x1)
    return evaluated.data_error(twice, once)


def _homomorphism_of_codes(evaluated: Evaluated) -> Tensor:
    assert evaluated.group is not None
    g, h = evaluated.pairs.g, evaluated.other_elements
    twice = evaluated.act(h, evaluated.moved)
    once = evaluated.act(evaluated.group.compose(h, g), evaluated.z1)
    return evaluated.code_error(twice, once)


def _root(evaluated: Evaluated) -> tuple[Tensor, int] | None:
    group = evaluated.group
    return None if group is None else root_of_identity(group, evaluated.pairs.g.dtype)


def _closure(evaluated: Evaluated) -> Tensor:
    found = evaluated.cached(_root)
    assert found is not None
    root, order = found
    n = passes(evaluated, order, most=2)  # and one for the identity
    x = evaluated.pairs.x1[:n]
    g = root.to(x.device).expand(n, *root.shape)
    for _ in range(order):
        x = evaluated.transform(g, x)
    return evaluated.data_error(x, evaluated.unmoved[:n])


def _closure_of_codes(evaluated: Evaluated) -> Tensor:
    found = evaluated.cached(_root)
    assert found is not None
    root, order = found
    z = evaluated.z1
    g = root.to(evaluated.pairs.g.device).expand(len(evaluated), *root.shape)
    for _ in range(order):
        z = evaluated.act(g, z)
    return evaluated.code_error(z, evaluated.z1)


def _faithfulness(evaluated: Evaluated) -> Tensor:
    moved = evaluated.data_error(evaluated.prediction, evaluated.unmoved)
    truth = evaluated.data_error(evaluated.pairs.x2, evaluated.pairs.x1)
    return torch.stack([moved, truth], 1)


def _faithfulness_of_codes(evaluated: Evaluated) -> Tensor:
    return evaluated.code_error(evaluated.moved, evaluated.z1) / 2


def _skill(evaluated: Evaluated) -> Tensor:
    x2 = evaluated.pairs.x2
    error = evaluated.data_error(evaluated.prediction, x2)
    return torch.stack([error, evaluated.data_error(evaluated.pairs.x1, x2)], 1)


def _ratio(means: Tensor) -> Tensor:
    return means[..., 0] / means[..., 1]


def _one_minus_ratio(means: Tensor) -> Tensor:
    return 1 - _ratio(means)


_CLOSED_LOOP = Need(
    "closed loop",
    "no element of the group is known to have a finite order",
    lambda e: e.cached(_root) is not None,
)
_CODES = (ACTION, FINITE_CODES, SPREAD_OF_CODES)

SKILL = ModelScore(
    "skill_score",
    "skill over doing nothing",
    3,
    _skill,
    combine=_one_minus_ratio,
    needs=(MOVED_DATA,),
    range=(-math.inf, 1.0),
    definition="1 - E|T(g, x1) - x2|^2 / E|x1 - x2|^2: 0 for x1 unchanged, 1 for perfect",
    source="Murphy, Skill scores based on the mean square error, Monthly Weather Review 1988",
)
RECONSTRUCTION = ModelScore(
    "reconstruction_error",
    "reconstruction",
    4,
    _reconstruction,
    needs=(GROUP,),
    lower_is_better=True,
    range=_ERRORS,
    definition="|T(e, x1) - x1|^2 over the spread of data, with the identity e",
    source=_OWN,
)
IDENTITY = ModelScore(
    "identity_error",
    "identity",
    4,
    _identity,
    needs=(GROUP, DECODER),
    lower_is_better=True,
    range=_ERRORS,
    definition="|T(e, x1) - D(E(x1))|^2 over the spread of data, with the identity e",
    source=_HAE,
)
INVERSE = ModelScore(
    "inverse_error",
    "inverse",
    4,
    _inverse,
    needs=(GROUP,),
    lower_is_better=True,
    range=_ERRORS,
    definition="|T(g^-1, T(g, x1)) - T(e, x1)|^2 over the spread of data",
    source=_HAE,
)
HOMOMORPHISM = ModelScore(
    "homomorphism_error",
    "two steps against one",
    4,
    _homomorphism,
    needs=(GROUP,),
    lower_is_better=True,
    range=_ERRORS,
    definition="|T(h, T(g, x1)) - T(hg, x1)|^2 over the spread of data; h is the g of another pair",
    source=_HAE,
)
CODE_HOMOMORPHISM = ModelScore(
    "code_homomorphism_error",
    "two steps against one, codes",
    4,
    _homomorphism_of_codes,
    needs=(GROUP, *_CODES),
    lower_is_better=True,
    range=_ERRORS,
    definition="|h.(g.z1) - (hg).z1|^2 over the spread of codes; h is the g of another pair",
    source=_HAE,
)
CLOSURE = ModelScore(
    "closure_error",
    "closure of order n",
    4,
    _closure,
    needs=(GROUP, _CLOSED_LOOP),
    lower_is_better=True,
    range=_ERRORS,
    definition=(
        "|T(a, ... T(a, x1)) - T(e, x1)|^2 over the spread of data after n steps by an element of "
        "order n, on so many pairs that it costs three passes"
    ),
    source=_OWN,
)
CODE_CLOSURE = ModelScore(
    "code_closure_error",
    "closure of order n, codes",
    4,
    _closure_of_codes,
    needs=(GROUP, *_CODES, _CLOSED_LOOP),
    lower_is_better=True,
    range=_ERRORS,
    definition="|a. ... a.z1 - z1|^2 over the spread of codes after n steps by an a of order n",
    source=_OWN,
)
FAITHFULNESS = ModelScore(
    "faithfulness_score",
    "faithfulness",
    3,
    _faithfulness,
    combine=_ratio,
    needs=(GROUP, MOVED_DATA),
    range=_ERRORS,
    definition="E|T(g, x1) - T(e, x1)|^2 / E|x2 - x1|^2: 0 for doing nothing, 1 as the data move",
    source=_OWN,
)
CODE_FAITHFULNESS = ModelScore(
    "code_faithfulness_score",
    "faithfulness, codes",
    3,
    _faithfulness_of_codes,
    needs=_CODES,
    range=_ERRORS,
    definition="|g.z1 - z1|^2 over twice the spread of codes: 0 for doing nothing, 1 at strangers",
    source=_OWN,
)

LAW_SCORES: tuple[ModelScore, ...] = (
    SKILL,
    FAITHFULNESS,
    CODE_FAITHFULNESS,
    RECONSTRUCTION,
    IDENTITY,
    INVERSE,
    HOMOMORPHISM,
    CODE_HOMOMORPHISM,
    CLOSURE,
    CODE_CLOSURE,
)
"""Scores of the laws of an action, in the order of a table."""
