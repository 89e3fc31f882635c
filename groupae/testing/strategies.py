"""Hypothesis strategies for groups, elements, representations and homomorphisms.

Elements include the hard ones of a group, which come first, so that failures shrink to the identity
if they can; pairs include an element with itself, its inverse and the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from groupae.groups import Cyclic, Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.registry import example_groups
from groupae.representations import Representation
from groupae.testing.catalogue import homomorphisms_of
from groupae.testing.extras import missing

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise missing("groupae.testing.strategies", "hypothesis", error) from error

__all__ = ["element_pairs", "elements", "groups", "homomorphisms", "representations"]


def groups() -> st.SearchStrategy[Group]:
    """Return built-in groups of every kind and products of two, cyclic ones first.

    Example:
        >>> from hypothesis import find
        >>> find(groups(), lambda group: True)  # the simplest
        Cyclic(n=1)
    """
    simple: st.SearchStrategy[Group] = st.one_of(
        st.integers(1, 12).map(Cyclic), st.sampled_from(example_groups())
    )
    return st.one_of(simple, st.tuples(simple, simple).map(lambda pair: pair[0] * pair[1]))


def homomorphisms() -> st.SearchStrategy[Homomorphism]:
    """Return inclusions of the named subgroups of built-in groups.

    Example:
        >>> from hypothesis import find
        >>> find(homomorphisms(), lambda phi: True)
        TabulatedHomomorphism(source=Cyclic(n=1), target=SO2(), images=Constant([0]))
    """
    return st.sampled_from([phi for group in example_groups() for phi in homomorphisms_of(group)])


@st.composite
def elements(
    draw: st.DrawFn,
    group: Group,
    *,
    size: int | None = None,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Return elements, shape ``(size, *element_shape)``, or one element if no size is given."""
    hard = group.hard_elements(dtype)

    def one() -> Tensor:
        if draw(st.booleans()):
            generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
            return group.sample(generator=generator, dtype=dtype)
        return hard[draw(st.integers(0, len(hard) - 1))]

    return one() if size is None else torch.stack([one() for _ in range(size)])


@st.composite
def element_pairs(
    draw: st.DrawFn, group: Group, *, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, Tensor]:
    """Return two elements, of which the second is often the identity, the first or its inverse."""
    g = draw(elements(group, dtype=dtype))
    kind = draw(st.sampled_from(["identity", "same", "inverse", "other"]))
    if kind == "other":
        return g, draw(elements(group, dtype=dtype))
    related = {"identity": group.identity(dtype=dtype), "same": g, "inverse": group.inverse(g)}
    return g, related[kind]


@st.composite
def representations(
    draw: st.DrawFn, group: Group, *, cutoff: int = 4, most_terms: int = 3, most_copies: int = 3
) -> Representation:
    """Return sums of at most ``most_terms`` irreps up to ``cutoff``, the trivial one first.

    Example:
        >>> from hypothesis import find; from groupae import SO2
        >>> find(representations(SO2()), lambda rho: rho.dim > 1)
        SO(2).rep('1x1')
    """
    labels = st.sampled_from(group.irreps.labels(cutoff))
    pairs = st.tuples(st.integers(1, most_copies), labels)
    terms = draw(st.lists(pairs, min_size=1, max_size=most_terms))
    return group.rep(" + ".join(f"{m}x{group.irreps.format(label)}" for m, label in terms))
