"""What each kind tells apart, and what not; values known by hand."""

import cmath
import math

import pytest
import torch

from groupae import O2, O3, SO2, SO3, Cyclic, Dihedral, VectorAction
from groupae.groups import FiniteGroup, Icosahedral
from groupae.representations.invariant_features import KINDS as EVERY_KIND
from groupae.representations.invariant_features import invariant_map
from groupae.representations.invariant_features.forms import commutant_units, trilinear_forms
from groupae.testing.catalogue import irreps_of

KINDS = EVERY_KIND[:3]  # of which each contains the one before
GROUPS = (SO2(), O2(), SO3(), Cyclic(5), Dihedral(4), Icosahedral())


def quaternions():
    return FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])


def difference(rho, z, w, kind):
    return float((rho.invariant_features(z, kind) - rho.invariant_features(w, kind)).abs().amax())


def separates(rho, z, w):
    """Return the kinds whose features of two codes differ."""
    return [kind for kind in KINDS if difference(rho, z, w, kind) > 1e-6]


def planes(*numbers):
    """Return a code of SO(2) with one copy per frequency from complex numbers."""
    return torch.tensor([x for a in numbers for x in (a.real, a.imag)], dtype=torch.float64)


def test_phases_of_frequencies_are_seen_by_the_bispectrum_alone():
    rho = SO2().rep("1x1 + 1x2")
    z, w = planes(1 + 2j, 0.5 - 1j), planes((1 + 2j) * cmath.exp(0.7j), 0.5 - 1j)
    assert separates(rho, z, w) == ["bispectrum"]
    turned = planes((1 + 2j) * cmath.exp(0.7j), (0.5 - 1j) * cmath.exp(1.4j))
    assert separates(rho, z, turned) == []


def test_angles_between_copies_are_seen_by_gram_and_not_by_power():
    rho = SO2().rep("2x1")
    z = torch.tensor([1.0, 2, 0, 0], dtype=torch.float64)  # copies (1, 0) and (2, 0)
    w = torch.tensor([1.0, 0, 0, 2], dtype=torch.float64)
    assert separates(rho, z, w) == ["gram", "bispectrum"]


def test_the_sense_of_two_vectors_is_an_invariant_of_turns_and_none_of_reflections():
    z = torch.tensor([1.0, 0, 0, 2], dtype=torch.float64)
    w = torch.tensor([1.0, 0, 0, -2], dtype=torch.float64)
    assert separates(SO2().rep("2x1"), z, w) == ["gram", "bispectrum"]
    assert separates(O2().rep("2x1"), z, w) == []


def test_handedness_of_three_vectors_is_seen_by_the_bispectrum_of_rotations_alone():
    z = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = torch.diag(torch.tensor([1.0, 1, -1], dtype=torch.float64)) @ z
    z, w = z.flatten(), w.flatten()
    assert separates(SO3().rep("3x1"), z, w) == ["bispectrum"]
    assert separates(O3().rep("3x1o"), z, w) == []
    assert separates(O3().rep("3x1o + 1x0o"), *(torch.cat([x, x.new_ones(1)]) for x in (z, w))) == (
        []  # three vectors and a pseudoscalar meet in degree 4 only
    )


def test_frequencies_without_a_sum_are_not_tied_by_three_factors():
    """Frequencies 2 and 3: their first common invariant has degree 5."""
    rho = SO2().rep("1x2 + 1x3")
    assert separates(rho, planes(1 + 0j, 1 + 0j), planes(1 + 0j, 1j)) == []


def test_known_values_for_turns():
    rho = SO2().rep("1x0 + 1x1 + 1x2 + 1x3")
    a = [None, 1 + 2j, -0.5 + 1j, 2 - 1j]
    found = dict(
        zip(
            rho.invariant_feature_names("bispectrum"),
            rho.invariant_features(
                torch.cat([torch.tensor([4.0], dtype=torch.float64), planes(*a[1:])]), "bispectrum"
            ).tolist(),
            strict=True,
        )
    )
    for j, k in ((1, 1), (1, 2)):
        product = a[j] * a[k] * a[j + k].conjugate()
        names = [f"T{n}({j}[0], {k}[0], {j + k}[0])" for n in (0, 1)]
        assert found[names[0]] == pytest.approx(product.real / 2)
        assert found[names[1]] == pytest.approx(-product.imag / 2)
    assert found["0[0]"] == 4.0
    assert found["<2[0], 2[0]>"] == pytest.approx(abs(a[2]) ** 2)
    assert len(found) == 1 + 3 + 4


def test_known_values_for_rotations():
    rho = SO3().rep("3x1")
    x = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = rho.invariant_features(x.flatten(), "bispectrum")
    assert found[-1].abs() == pytest.approx(float(torch.linalg.det(x).abs()) / math.sqrt(6))
    i, j = torch.triu_indices(3, 3)
    torch.testing.assert_close(found[:-1], (x.mT @ x)[i, j])


def test_the_imaginary_unit_turns_by_a_quarter():
    wanted = torch.tensor([[[0.0, -1], [1, 0]]], dtype=torch.float64)
    torch.testing.assert_close(commutant_units(SO2().irrep(3)).values, wanted)


def test_quaternions_have_three_units_and_four_inner_products():
    group = quaternions()
    irrep = group.irrep(4)
    assert group.irreps.commutant_dim(4) == 4
    j = commutant_units(irrep).values
    eye = torch.eye(4, dtype=torch.float64)
    for a in range(3):
        for b in range(3):
            wanted = -2 * eye if a == b else 0 * eye
            torch.testing.assert_close(j[a] @ j[b] + j[b] @ j[a], wanted)
    matrices = irrep.matrix(group.elements(), torch.float64)[:, None]
    torch.testing.assert_close(matrices @ j, j @ matrices)
    names = group.rep("2x4").invariant_feature_names("gram")
    assert len(names) == 3 + 3
    # q times another unit quaternion on the side that commutes is another orbit, of equal gram
    z = torch.randn(4, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    along = (eye + j[0] + j[1]) / math.sqrt(3)
    assert separates(group.rep("1x4"), z[:, 0], along @ z[:, 0]) == []
    assert separates(group.rep("2x4"), z.flatten(), (along @ z).flatten()) == ["gram", "bispectrum"]


@pytest.mark.parametrize("group", [*GROUPS, quaternions()], ids=str)
def test_forms_are_invariant_orthonormal_and_as_many_as_characters_say(group):
    irreps = irreps_of(group, cutoff=3, most=5)
    g = group.sample(6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for a in irreps:
        for b in irreps:
            for c in irreps:
                forms = trilinear_forms(a, b, c).values
                m = [rho.matrix(g, torch.float64) for rho in (a, b, c)]
                moved = torch.einsum("nijk,gia,gjb,gkc->gnabc", forms, *m)
                torch.testing.assert_close(moved, forms.expand_as(moved), rtol=0, atol=1e-11)
                flat = forms.flatten(1)
                torch.testing.assert_close(flat @ flat.mT, torch.eye(len(flat)).double())
                if group.order is not None:
                    every = group.elements()
                    traces = [rho.character(every, torch.float64) for rho in (a, b, c)]
                    assert len(forms) == round(float(torch.stack(traces).prod(0).mean()))


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_bispectrum_separates_generic_functions_on_the_group(group):
    """Codes with as many copies as the regular representation: random pairs of one gram."""
    rho = group.regular(None if group.order else 2)
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(rho.dim, generator=generator, dtype=torch.float64)
    w, start = z.clone(), 0  # another isometry for each irrep, which commutes with its commutant
    for block in rho.blocks:
        g = group.sample(generator=generator, dtype=torch.float64)
        w[block.slice] = rho.act(g, z)[block.slice]
        start = block.stop
    assert start == rho.dim
    assert VectorAction(rho).distance(z[None], w[None]) > 0.1
    assert separates(rho, z, w) == ["bispectrum"]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_random_pairs_of_orbits_have_other_features(group):
    rho = group.regular(None if group.order else 2)
    z, w = torch.randn(2, rho.dim, generator=torch.Generator().manual_seed(0)).double()
    assert separates(rho, z, w) == list(KINDS)


@pytest.mark.parametrize("products", [1, 7, 40])
def test_mixed_products_are_as_many_as_asked_and_invariant(products):
    rho = SO3().rep("1x0 + 4x1 + 3x2")
    features = invariant_map(rho, "bispectrum", products=products)
    every = invariant_map(rho, "bispectrum").count
    gram = invariant_map(rho, "gram").count
    counts = {"111": 4, "112": 10 * 3, "122": 4 * 3, "222": 10}
    assert features.count == gram + sum(min(products, n) for n in counts.values())
    assert every == gram + sum(counts.values())
    z = torch.randn(5, rho.dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = rho.group.sample(5, dtype=torch.float64)
    torch.testing.assert_close(features(z), features(rho.act(g, z)))
    assert len(set(features.names)) == features.count


def test_mixed_products_tell_what_all_products_tell():
    rho = SO2().rep("4x1 + 4x2")
    z = torch.randn(16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = torch.cat([rho.act(torch.tensor(0.3).double(), z)[:8], z[8:]])
    some = rho.invariant_features(torch.stack([z, w]), "bispectrum", products=3)
    assert (some[0] - some[1]).abs().amax() > 1e-3
    assert difference(rho, z, w, "gram") < 1e-12
