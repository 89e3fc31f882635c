"""Indices among floats: dtypes that cannot hold them are widened where made, refused where used."""

import pytest
import torch

from groupae import SO2, Cyclic, Dihedral, Permutation, Product, Semidirect, Translation, get_group

MIXED = (
    SO2() * Cyclic(1000),
    SO2() * Cyclic(8),
    Translation(2) * Permutation(3) * Dihedral(300),
    Semidirect(Translation(2), Cyclic(720)),
    SO2() * (Cyclic(301) * Cyclic(2)),
    Product((Semidirect(Translation(2), Cyclic(4)), SO2())),
)
LARGE = (SO2() * Cyclic(2**25), Translation(1) * Dihedral(2**24), SO2() * (Cyclic(2**30) * SO2()))
mixed = pytest.mark.parametrize("group", MIXED, ids=str)
large = pytest.mark.parametrize("group", LARGE, ids=str)
halves = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)


def last(group):
    """Return an element with the largest index in each place."""
    parts = []
    for part in group.parts:
        one = part.identity(dtype=torch.float64)
        parts.append(one + part.order - 1 if part.has_integer_elements and not one.ndim else one)
    return group.pack(*parts)


@mixed
@halves
def test_half_precision_is_widened_where_elements_are_made(group, dtype):
    generator = torch.Generator().manual_seed(0)
    made = (group.sample(9, generator=generator, dtype=dtype), group.identity(2, dtype=dtype))
    for g in (*made, group.hard_elements(dtype)):
        assert g.dtype == torch.float32
        assert torch.equal(group.pack(*group.unpack(g)), g)


@halves
def test_packing_keeps_an_index_that_half_precision_cannot_hold(dtype):
    group = SO2() * Cyclic(1000)
    g = group.pack(torch.tensor(0.5, dtype=dtype), torch.tensor(301))
    assert g[1] == 301
    assert group.unpack(g)[1] == 301


@mixed
@halves
def test_half_precision_is_refused_where_elements_are_used(group, dtype):
    g = group.sample(3, dtype=torch.float32).to(dtype)
    wide = group.sample(3, dtype=torch.float32)
    calls = [group.inverse, group.unpack, group.project, group.representatives]
    calls += [lambda g: group.compose(g, wide), lambda g: group.compose(wide, g)]
    calls += [lambda g: group.distance(g, wide), lambda g: group.trivial().matrix(g)]
    for call in calls:
        with pytest.raises(
            TypeError, match=r"at least torch.float32, .*got torch\..*a cast rounds"
        ):
            call(g)


@large
def test_indices_beyond_single_precision_take_double(group):
    assert group.identity(2).dtype == torch.float64
    assert group.sample(2, dtype=torch.float32).dtype == torch.float64
    g = last(group)
    assert g.dtype == torch.float64
    assert group.distance(group.compose(g, group.inverse(g)), group.identity()) == 0
    with pytest.raises(TypeError, match=r"at least torch.float64, .*got torch.float32"):
        group.inverse(g.float())


@pytest.mark.parametrize("group", [SO2() * Cyclic(2**24), SO2() * Dihedral(2**23)], ids=str)
def test_single_precision_holds_what_it_can(group):
    g = last(group).float()
    assert group.unpack(g)[1] == 2**24 - 1
    assert torch.equal(group.compose(g, group.identity()), g)


@pytest.mark.parametrize("text", ["cyclic(301) * cyclic(2)", "permutation(3) * cyclic(5)"])
@halves
def test_products_of_indices_stay_integers(text, dtype):
    group = get_group(text)
    assert group.sample(2, dtype=dtype).dtype == group.identity(dtype=dtype).dtype == torch.int64


@pytest.mark.parametrize("text", ["so2 * so3", "translation(2) x| so2", "so2", "se3", "affine"])
@halves
def test_groups_without_indices_take_half_precision(text, dtype):
    group = get_group(text)
    g = group.sample(3, dtype=torch.float32).to(dtype)
    assert group.compose(g, g).dtype == dtype
    assert group.inverse(g).dtype == dtype
    assert group.project(g).dtype == dtype
    assert group.log(g).dtype == dtype
    assert (group.distance(group.project(g), g) <= 8 * torch.finfo(dtype).eps).all()
