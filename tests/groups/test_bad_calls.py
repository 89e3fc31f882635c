"""Bad input to every method of every group gets one sentence, never torch's own words."""

import re

import pytest
import torch

from groupae import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Cyclic,
    Dihedral,
    FiniteGroup,
    MatrixLieGroup,
    Octahedral,
    Permutation,
    Semidirect,
    ShapeError,
    Translation,
)
from groupae.groups.registry import example_groups

GROUPS = (*example_groups(), Cyclic(2) * Permutation(3), Semidirect(Translation(3), SO3()))
every_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group)[:30])


def refused(call, kind=(TypeError, ValueError)):
    with pytest.raises(kind) as caught:
        call()
    assert re.search(r"^\S.*: expected .+, got .+", str(caught.value)), str(caught.value)


def test_an_infinite_group_has_no_index_whatever_is_asked_for():
    for x in (None, 0.5, torch.tensor(1.7), torch.tensor(3)):
        refused(lambda x=x: SO3().index(x), TypeError)


def wrong_elements(group):
    """Return what is no batch of elements, by its form."""
    shape, integer = group.element_shape, group.has_integer_elements
    like = torch.int64 if integer else torch.float32
    yield from (None, 0.5, [1.0, 2.0], "x")
    yield torch.ones(2, *shape, dtype=torch.float32 if integer else torch.int64)
    yield torch.ones(2, *shape, dtype=torch.bool)
    yield torch.ones(2, *shape, dtype=torch.complex64)
    if shape:
        yield torch.ones(2, *shape[:-1], shape[-1] + 1, dtype=like)
        yield torch.tensor(1, dtype=like)


@every_group
def test_elements_of_another_form(group):
    good = group.sample(2)
    for x in wrong_elements(group):
        for method in (group.inverse, group.representatives):
            refused(lambda x=x, method=method: method(x))
        if not (
            isinstance(x, torch.Tensor) and group.has_integer_elements and x.dtype.is_floating_point
        ):
            refused(lambda x=x: group.project(x))
        for method in (group.compose, group.distance, group.equal, group.conjugate):
            refused(lambda x=x, method=method: method(x, good))
            refused(lambda x=x, method=method: method(good, x))
        if group.has_log:
            refused(lambda x=x: group.log(x))
            refused(lambda x=x: group.interpolate(x, good, 0.5))
        if group.order is not None:
            refused(lambda x=x: group.index(x))
        refused(lambda x=x: group.trivial().matrix(x))


@every_group
def test_batches_that_do_not_meet(group):
    g, h = group.sample(2), group.sample(3)
    for method in (group.compose, group.distance, group.equal, group.conjugate):
        refused(lambda method=method: method(g, h), ShapeError)
        assert len(method(g[:, None], h)) == 2


@every_group
def test_coordinates_of_another_form(group):
    if not group.has_exp:
        refused(lambda: group.exp(torch.zeros(3)), TypeError)
        return
    n = group.lie_dim
    wrong = (None, 0.5, [0.0] * n, torch.zeros(n + 1), torch.zeros(2, n + 2), torch.tensor(0.0))
    for v in (*wrong, *(torch.zeros(n, dtype=d) for d in (torch.int64, torch.bool, torch.cfloat))):
        refused(lambda v=v: group.exp(v))


@every_group
def test_sizes_and_dtypes_that_are_none(group):
    for make in (group.identity, group.sample):
        for batch in ((-1,), (2, -3), (2.0,), ((2, 3),), (None,), ("x",)):
            refused(lambda batch=batch, make=make: make(*batch), ValueError)
        if not group.has_integer_elements:
            for dtype in (torch.int64, torch.bool, torch.complex64, "float32"):
                refused(lambda dtype=dtype, make=make: make(2, dtype=dtype), TypeError)
        assert make(0, 2).shape == (0, 2, *group.element_shape)
    for generator in (0, "x"):
        refused(lambda generator=generator: group.sample(2, generator=generator), TypeError)
    if group.has_grid:
        for n in (0, -1, 2.0, None, "x", True):
            refused(lambda n=n: group.grid(n), ValueError)
        if not group.has_integer_elements:
            for dtype in (torch.int64, torch.bool, torch.complex64, "float32"):
                refused(lambda dtype=dtype: group.grid(1, dtype=dtype), TypeError)
    if group.has_log:
        g = group.identity(2)
        for t in (None, "x", 1j, [0.5], torch.tensor(1j)):
            refused(lambda t=t: group.interpolate(g, g, t), TypeError)
    if group.is_compact and group.has_irreps:
        for cutoff in (-1, 2.5, "x"):
            refused(lambda cutoff=cutoff: group.regular(cutoff), ValueError)
    refused(lambda: group * "so2", TypeError)


@pytest.mark.parametrize("group", [SO3(), O3(), O2(), SE2(), SE3(), SO3() * SO2()], ids=str)
@pytest.mark.parametrize("value", [torch.nan, torch.inf], ids=str)
def test_projecting_what_is_not_finite(group, value):
    x = group.sample(3)
    x[1].view(-1)[0] = value
    refused(lambda: group.project(x), ValueError)


DISCRETE = (Cyclic(5), Dihedral(3), Octahedral(), FiniteGroup.from_table([[0, 1], [1, 0]]))


@pytest.mark.parametrize("group", [*DISCRETE, Permutation(3)], ids=str)
def test_projecting_onto_indices(group):
    for value in (torch.nan, torch.inf):
        refused(lambda value=value: group.project(torch.full((3,), value)), ValueError)
    if group in DISCRETE:
        assert group.project(torch.tensor([0.6, 1.4, -0.2])).tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: FiniteGroup.from_matrices(torch.eye(2, dtype=torch.cfloat)[None]), "real numbers"),
        (lambda: FiniteGroup.from_matrices([[[1j]]]), "real numbers"),
        (lambda: FiniteGroup.from_permutations(torch.eye(2, dtype=torch.cfloat)), "real numbers"),
        (lambda: FiniteGroup.from_table(torch.zeros(1, 1, dtype=torch.cfloat)), "real numbers"),
        (lambda: FiniteGroup.from_matrices([[[float("nan")]]]), "finite"),
        (lambda: FiniteGroup.from_matrices([]), "shape"),
        (lambda: FiniteGroup.from_matrices(None), "numbers in nested lists"),
        (lambda: FiniteGroup.from_permutations([[0.5, 1.0]]), "whole numbers"),
        (lambda: FiniteGroup.from_permutations([]), "shape"),
        (
            lambda: MatrixLieGroup(torch.eye(2, dtype=torch.cfloat)[None]),
            ".*complex numbers; write",
        ),
        (lambda: MatrixLieGroup([[[1j]]]), ".*complex numbers; write"),
        (lambda: Cyclic(0), "at least 1, got 0"),
        (lambda: Cyclic(-3), "at least 1, got -3"),
        (lambda: Cyclic(2.0), "at least 1, got 2.0"),
        (lambda: Cyclic(True), "at least 1, got True"),
        (lambda: Dihedral(-1), "at least 1, got -1"),
        (lambda: Permutation(0), "at least 1, got 0"),
        (lambda: Permutation(2.5), "at least 1, got 2.5"),
        (lambda: Translation(-2), "at least 1, got -2"),
        (lambda: SO2() * "so3", "get_group reads names"),
    ],
)
def test_makers_of_groups(call, words):
    with pytest.raises((TypeError, ValueError), match=rf": expected .*({words})"):
        call()
