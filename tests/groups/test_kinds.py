"""What is made of finite groups is finite, of Lie groups a Lie group, of both neither."""

import copy
import dataclasses
import functools
import pickle

import pytest
import torch

from groupae import (
    O2,
    O3,
    SE2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    FiniteGroup,
    GridAction,
    MatrixLieGroup,
    Octahedral,
    Permutation,
    Product,
    Scaling,
    Semidirect,
    Tetrahedral,
    Translation,
    get_group,
)
from groupae.groups import LieGroup
from groupae.groups.registry import example_groups
from groupae.testing import assert_laws


def flipped(h, n):
    """Dihedral groups from turns: the flip inverts."""
    return torch.where(h % 2 == 1, -n, n) % 5


TABLE = FiniteGroup.from_table([[0, 1], [1, 0]])
LINES = MatrixLieGroup([[[0, -1], [1, 0]]])
FINITE = (
    Cyclic(2) * Cyclic(2),
    Cyclic(1) * Cyclic(3),
    Dihedral(3) * Permutation(3),
    Tetrahedral() * TABLE,
    Cyclic(2) * Cyclic(3) * Dihedral(2),
    Permutation(3) * Permutation(2),
    Semidirect(Cyclic(5), Cyclic(2), flipped),
    Semidirect(Cyclic(5), Cyclic(2), flipped) * Cyclic(2),
)
LIE = (
    SO2() * SO2(),
    SO3() * Affine() * Scaling(),
    O2() * O3(),
    LINES * Translation(2),
    Semidirect(Translation(3), SO3()),
    Semidirect(Translation(2), SO2()) * SE2(),
)
MIXED = (
    SO2() * Cyclic(3),
    Octahedral() * Translation(1),
    Semidirect(Translation(2), Cyclic(4)),
    Semidirect(Translation(2), SO2()) * Cyclic(2),
)
every = pytest.mark.parametrize("group", [*FINITE, *LIE, *MIXED], ids=str)
finite = pytest.mark.parametrize("group", FINITE, ids=str)


@every
def test_the_kind_is_that_of_the_parts(group):
    assert isinstance(group, FiniteGroup) is (group in FINITE)
    assert isinstance(group, LieGroup) is (group in LIE)
    assert group.is_discrete is (group in FINITE)
    assert (group.order is not None) is (group in FINITE)


@every
def test_copies_are_of_the_same_kind(group):
    copies = [copy.copy(group), copy.deepcopy(group), pickle.loads(pickle.dumps(group))]
    copies.append(dataclasses.replace(group))
    if "x|<" not in str(group):
        copies.append(get_group(str(group)))
        copies.append(get_group(group.to_config()))
    for found in copies:
        assert found == group
        assert hash(found) == hash(group)
        assert type(found) is type(group)


def test_a_class_of_ones_own_stays_what_it_is():
    class Mine(Product):
        pass

    assert type(Mine((Cyclic(2), Cyclic(2)))) is Mine
    assert Product((Cyclic(2), Cyclic(2))) == Cyclic(2) * Cyclic(2)


@finite
def test_elements_have_places(group):
    elements = group.elements()
    assert len(elements) == group.order
    assert torch.equal(group.index(elements), torch.arange(group.order))
    assert torch.equal(group.index(group.grid(group.order)), torch.arange(group.order))
    assert set(group.index(group.hard_elements()).tolist()) <= set(range(group.order))
    assert group.distance(elements[0], group.identity()) == 0
    assert_laws(group)


@pytest.mark.parametrize("group", example_groups(), ids=lambda G: str(G)[:40])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, None], ids=str)
def test_grids_and_elements_are_made_in_the_dtype_of_samples(group, dtype):
    wanted = group.sample(dtype=dtype).dtype
    made = {}
    if group.has_grid:
        made["grid"] = functools.partial(group.grid, min(3, group.order or 3))
    if (group.order or 1000) < 1000:
        made["elements"] = group.elements
    for make in made.values():
        g = make(dtype=dtype, device="cpu")
        assert g.dtype == (wanted if dtype else make().dtype)
        assert torch.equal(g, make().to(g.dtype))
        alike = make(dtype=dtype, device="meta")
        assert alike.is_meta
        assert (alike.shape, alike.dtype) == (g.shape, g.dtype)


@finite
def test_functions_on_the_elements_are_permuted(group):
    rho = group.regular(on_elements=True)
    g = group.elements()[-1]
    moved = rho.act(g, torch.arange(group.order, dtype=torch.float64))
    places = group.index(group.compose(g, group.elements()))
    assert torch.equal(moved[places], torch.arange(group.order, dtype=torch.float64))


def test_subgroups_and_cosets_of_a_product():
    group = Cyclic(2) * Cyclic(6)
    assert group.subgroup("1").source == Cyclic(6)
    phi = group.subgroup(torch.tensor([[0, 2], [1, 0]]))
    assert phi.source.order == 6
    assert len(phi.cosets()) == 2
    assert group.quotient(phi).dim == group.quotient(phi, on_cosets=True).dim == 2
    assert sum(b.dim * b.copies for b in group.regular().blocks) == 12


@pytest.mark.parametrize(
    ("group", "order"),
    [
        (Cyclic(2) * Cyclic(2), 4),  # diag(+-1, +-1)
        (Cyclic(4) * Cyclic(2), 8),
        (Cyclic(8) * Cyclic(2), 8),
        (Cyclic(3) * Cyclic(2), 2),
        (Dihedral(8) * Cyclic(2), 16),
    ],
    ids=str,
)
def test_a_grid_is_carried_to_itself_by_all_that_fit(group, order):
    size = (5,) * group.standard().dim
    phi = GridAction(group, size).exact_subgroup  # None: all of the group
    assert (group.order if phi is None else phi.source.order) == order


def test_products_of_many_do_not_fill_the_memory():
    many = SO3() * SO3() * SO3() * SO3() * SO3()  # 35^5 combinations of hard elements
    assert 64 <= len(many.hard_elements()) <= 128
    large = Permutation(9) * Permutation(9)
    assert len(large.hard_elements()) >= 64
    assert large.grid(5).shape == (5, 18)
    with pytest.raises(ValueError, match=r"S\(9\) \* S\(9\): expected at most 10000000 elements"):
        large.elements()
