"""escnn's groups, representations and field types, both ways, by the same matrices.

Runs where escnn is installed: `make test-escnn`.
"""

import importlib.util
import math
import pickle
import statistics
import time
from collections import Counter

import numpy as np
import pytest
import torch

from groupae import O2, O3, SO2, SO3, ChannelAction, Cyclic, Dihedral, GridAction, Permutation
from groupae.groups import FiniteGroup, Icosahedral, Octahedral
from groupae.interop.escnn import (
    element_from_escnn,
    element_to_escnn,
    field_type_from_representation,
    field_type_to_representation,
    grid_action_from_field_type,
    group_from_escnn,
    group_to_escnn,
    matrices_from_escnn,
    representation_from_escnn,
    representation_to_escnn,
)
from groupae.representations import Fields
from groupae.testing import check_action, check_group, check_representation

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("escnn") is None, reason="escnn is not installed"),
    # without Fortran; coefficients are then found numerically
    pytest.mark.filterwarnings("ignore:`py3nj` package not found:UserWarning"),
]

NATIVE = {
    "C1": (lambda eg: eg.cyclic_group(1), Cyclic(1)),
    "C2": (lambda eg: eg.cyclic_group(2), Cyclic(2)),
    "C7": (lambda eg: eg.cyclic_group(7), Cyclic(7)),
    "C8": (lambda eg: eg.cyclic_group(8), Cyclic(8)),
    "D1": (lambda eg: eg.dihedral_group(1), Dihedral(1)),
    "D2": (lambda eg: eg.dihedral_group(2), Dihedral(2)),
    "D5": (lambda eg: eg.dihedral_group(5), Dihedral(5)),
    "D6": (lambda eg: eg.dihedral_group(6), Dihedral(6)),
    "octahedral": (lambda eg: eg.octa_group(), Octahedral()),
    "icosahedral": (lambda eg: eg.ico_group(), Icosahedral()),
    "SO2": (lambda eg: eg.so2_group(5), SO2()),
    "O2": (lambda eg: eg.o2_group(5), O2()),
    "SO3": (lambda eg: eg.so3_group(6), SO3()),
    "O3": (lambda eg: eg.o3_group(4), O3()),
    "C2 x SO2": (lambda eg: eg.cylinder_group(3), Cyclic(2) * SO2()),
    "C2 x O2": (lambda eg: eg.full_cylinder_group(2), Cyclic(2) * O2()),
    "SO3 x C3": (lambda eg: eg.direct_product(eg.so3_group(2), eg.cyclic_group(3)), None),
    "SO2 x SO2": (lambda eg: eg.direct_product(eg.so2_group(2), eg.so2_group(2)), None),
}
TABULATED = {
    "klein4": lambda eg: eg.klein4_group(),
    "C2 x C4": lambda eg: eg.cylinder_discrete_group(4),
    "C2 x D3": lambda eg: eg.full_cylinder_discrete_group(3),
    "C4 x C4": lambda eg: eg.direct_product(eg.cyclic_group(4), eg.cyclic_group(4)),
    "full octahedral": lambda eg: eg.full_octa_group(),
}
BUILDERS = {**{name: build for name, (build, _) in NATIVE.items()}, **TABULATED}


@pytest.fixture(scope="module")
def eg():
    return pytest.importorskip("escnn.group")


def draw(group, n, seed=0):
    """Return random elements of an escnn group, keyed: it draws from numpy's global state."""
    np.random.seed(seed)  # noqa: NPY002 - escnn samples from numpy's global state
    return [group.sample() for _ in range(n)]


def evaluate(rho, elements):
    return torch.from_numpy(np.stack([rho(g) for g in elements]).astype(float))


def in_their_basis(theirs):
    rho, basis = representation_from_escnn(theirs)
    return rho.change_basis(basis)


def some_representations(group):
    """Return irreps, a tensor product and, for small groups, the regular representation."""
    irreps = group.irreps()
    found = irreps[:12]
    if not group.continuous and group.order() <= 24:  # escnn takes half a minute for 120
        found = [*found, group.regular_representation]
    psi = irreps[min(1, len(irreps) - 1)]
    return [*found, psi.tensor(psi)]


# --- groups and elements ------------------------------------------------------------------------
@pytest.mark.parametrize("name", NATIVE)
def test_known_groups_are_ours(eg, name):
    build, ours = NATIVE[name]
    found = group_from_escnn(build(eg))
    if ours is not None:
        assert found == ours
    assert group_to_escnn(found) == build(eg)
    assert group_from_escnn(group_to_escnn(found)) == found


@pytest.mark.parametrize("name", TABULATED)
def test_other_finite_groups_are_tabulated(eg, name):
    theirs = TABULATED[name](eg)
    found = group_from_escnn(theirs)
    assert isinstance(found, FiniteGroup)
    assert found.order == theirs.order()
    assert group_from_escnn(TABULATED[name](eg)) == found
    if name != "C4 x C4":  # escnn has no function of its own for it
        assert group_to_escnn(found) == theirs
    if found.order < 100:
        report = check_group(found)
        assert report.passed, report


@pytest.mark.parametrize("name", BUILDERS)
def test_elements_keep_products_and_inverses_and_come_back(eg, name):
    theirs = BUILDERS[name](eg)
    ours = group_from_escnn(theirs)
    a, b = draw(theirs, 12), draw(theirs, 12, seed=1)
    g, h = (element_from_escnn(x, torch.float64) for x in (a, b))
    assert g.shape == (12, *ours.element_shape)
    products = element_from_escnn([x @ y for x, y in zip(a, b, strict=True)], torch.float64)
    inverses = element_from_escnn([~x for x in a], torch.float64)
    for found, wanted in ((ours.compose(g, h), products), (ours.inverse(g), inverses)):
        assert ours.distance(found, wanted).max() < 1e-12
    identity = element_from_escnn(theirs.identity, torch.float64)
    assert ours.distance(identity, ours.identity(dtype=torch.float64)) == 0
    if name != "C4 x C4":
        assert element_to_escnn(ours, g) == a


def nested_shape(lists):
    if not isinstance(lists, list):
        return ()
    return (len(lists), *(nested_shape(lists[0]) if lists else ()))


@pytest.mark.parametrize("shape", [(), (1,), (3, 1, 2), (0,), (2, 0)])
def test_batches_are_nested_lists(eg, shape):

    for group in (Cyclic(5), SO2(), SO3(), Cyclic(2) * SO2()):
        g = group.sample(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        theirs = element_to_escnn(group, g)
        assert nested_shape(theirs) == shape
        if 0 not in shape:
            back = element_from_escnn(theirs, torch.float64)
            assert back.shape == g.shape
            assert group.distance(back, g).max() < 1e-14


def test_dtype_of_elements(eg):
    assert element_from_escnn(eg.so3_group(1).identity).dtype == torch.float32
    assert element_from_escnn(eg.cyclic_group(3).identity, torch.float64).dtype == torch.int64
    single = SO3().sample(4, generator=torch.Generator().manual_seed(0))
    back = element_from_escnn(element_to_escnn(SO3(), single))
    torch.testing.assert_close(back, single, atol=1e-6, rtol=0)


# --- representations ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", BUILDERS)
def test_representations_have_the_same_matrices_both_ways(eg, name):
    theirs = BUILDERS[name](eg)
    elements = draw(theirs, 10)
    g = element_from_escnn(elements, torch.float64)
    for rho in some_representations(theirs):
        ours = in_their_basis(rho)
        wanted = evaluate(rho, elements)
        torch.testing.assert_close(ours.matrix(g, torch.float64), wanted, atol=1e-12, rtol=0)
        back = representation_to_escnn(ours, theirs)
        torch.testing.assert_close(evaluate(back, elements), wanted, atol=1e-12, rtol=0)
        assert Counter(back.irreps) == Counter(rho.irreps)


@pytest.mark.parametrize("name", ["D6", "O3", "SO3", "SO2 x SO2", "icosahedral"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_what_comes_back_keeps_the_laws(eg, name, dtype):
    theirs = BUILDERS[name](eg)
    irreps = theirs.irreps()
    chosen = [irreps[i % len(irreps)] for i in (0, 1, 3, 3, 4)]
    rho, basis = representation_from_escnn(eg.directsum(chosen))
    for candidate in (rho, rho.change_basis(basis)):
        report = check_representation(candidate, dtype=dtype)
        assert report.passed, report


@pytest.mark.parametrize("name", ["C8", "D5", "SO2", "O2", "SO3", "O3"])
def test_our_irreps_are_theirs_up_to_a_turn(eg, name):
    """The same label, the same character; and equal matrices become the very irrep."""
    theirs = BUILDERS[name](eg)
    ours = group_from_escnn(theirs)
    elements = draw(theirs, 20)
    g = element_from_escnn(elements, torch.float64)
    irreps = theirs.irreps()
    for psi in irreps:
        rho, basis = representation_from_escnn(psi)
        torch.testing.assert_close(basis.mT @ basis, torch.eye(psi.size).double())
        character = torch.tensor([float(psi.character(e)) for e in elements], dtype=torch.float64)
        torch.testing.assert_close(rho.character(g, torch.float64), character, atol=1e-12, rtol=0)
        kind = {1: "R", 2: "C", 4: "H"}[ours.irreps.commutant_dim(rho.labels[0])]
        assert kind == psi.type
        assert representation_to_escnn(rho.change_basis(basis)) is not None
    if name in ("C8", "D5", "SO2", "O2"):  # no turn at all
        for psi in irreps:
            rho, basis = representation_from_escnn(psi)
            assert (basis - torch.eye(psi.size)).abs().max() < 1e-14
            assert representation_to_escnn(rho, theirs) == psi


def test_labels_agree_with_escnn_s_names(eg):
    def label(psi):
        return str(representation_from_escnn(psi)[0])

    assert [label(eg.so3_group(3).irrep(k)) for k in range(4)] == ["1x0", "1x1", "1x2", "1x3"]
    o3 = eg.o3_group(2)
    assert [label(o3.irrep(j, k)) for j, k in ((0, 0), (1, 0), (0, 1), (1, 1), (1, 2))] == [
        "1x0e",
        "1x0o",
        "1x1e",
        "1x1o",
        "1x2o",
    ]
    d6 = eg.dihedral_group(6)
    pairs = ((0, 0), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    assert [label(d6.irrep(*pair)) for pair in pairs] == [
        "1x0",
        "1x0-",
        "1x1",
        "1x2",
        "1x3",
        "1x3-",
    ]


def test_polyhedral_groups_are_the_same_rotations(eg):
    for theirs in (eg.octa_group(), eg.ico_group()):
        group = group_from_escnn(theirs)
        matrices = torch.from_numpy(np.stack([g.to("MAT") for g in theirs.elements]))
        ours = group.convert(element_from_escnn(theirs.elements), "index", "matrix")
        torch.testing.assert_close(ours, matrices, atol=1e-14, rtol=0)


def test_icosahedral_irreps_have_the_characters_of_escnn_and_of_the_printed_table(eg):
    ico, group = eg.ico_group(), Icosahedral()
    g = element_from_escnn(ico.elements)

    def rounded(values):
        return tuple(round(float(value), 6) + 0.0 for value in values)

    ours = {
        rounded(group.irrep(label).character(g, torch.float64)) for label in group.irreps.labels()
    }
    assert ours == {rounded(psi.character(e) for e in ico.elements) for psi in ico.irreps()}
    golden = (1 + math.sqrt(5)) / 2  # the columns 1, (12)(34), (123), (12345), (13524) of A_5
    printed = [
        (1, 1, 1, 1, 1),
        (3, -1, 0, golden, 1 - golden),
        (3, -1, 0, 1 - golden, golden),
        (4, 0, 1, -1, -1),
        (5, 1, -1, 0, 0),
    ]
    assert {tuple(sorted(set(row))) for row in ours} == {
        tuple(sorted(set(rounded(row)))) for row in printed
    }


def test_any_sum_product_or_basis_of_ours_becomes_theirs(eg):
    generator = torch.Generator().manual_seed(0)
    so3, c8 = SO3(), Cyclic(8)
    l1 = so3.rep("1x1")
    skewed = torch.randn(7, 7, generator=generator, dtype=torch.float64)
    for rho in (
        so3.rep("3x0 + 2x1 + 1x3"),
        l1 * so3.rep("1x2"),
        l1.symmetric_square(),
        so3.rep("2x1 + 1x0").change_basis(skewed),
        c8.regular() + 2 * c8.rep("1x3") * c8.rep("1x1"),
        O2().rep("2x0- + 3x2 + 1x0"),
        Dihedral(4).rep("1x2- + 2x1 + 1x2"),
        (Cyclic(2) * SO2()).rep("2x(1,0) + 3x(0,2)"),
        (SO2() * SO2()).rep("2x(1,2) + 1x(0,1)"),
    ):
        g = rho.group.sample(8, generator=generator, dtype=torch.float64)
        theirs = representation_to_escnn(rho)
        assert isinstance(theirs, eg.Representation)
        found = evaluate(theirs, element_to_escnn(rho.group, g))
        torch.testing.assert_close(found, rho.matrix(g, torch.float64), atol=1e-12, rtol=1e-12)
        again = in_their_basis(theirs)
        torch.testing.assert_close(again.matrix(g, torch.float64), found, atol=1e-12, rtol=1e-12)


def test_names_differ_with_the_basis(eg):
    """escnn caches kernels by the names of representations."""

    generator = torch.Generator().manual_seed(0)
    rho = SO3().rep("1x1 + 1x0")
    bases = [torch.linalg.qr(torch.randn(4, 4, generator=generator).double())[0] for _ in range(2)]
    names = {representation_to_escnn(rho.change_basis(basis)).name for basis in bases}
    assert len(names) == 2
    assert representation_to_escnn(rho.change_basis(bases[0])) == representation_to_escnn(
        rho.change_basis(bases[0])
    )


def test_quotient_and_induced_representations(eg):
    theirs = eg.dihedral_group(6)
    elements = theirs.elements
    g = element_from_escnn(elements)
    for rho in (
        theirs.quotient_representation((0, 1)),
        theirs.induced_representation((None, 6), eg.cyclic_group(6).irrep(2)),
        eg.o3_group(3).irrep(1, 3).restrict((False, False, 6)),
    ):
        where = elements if rho.group == theirs else rho.group.elements
        found = in_their_basis(rho).matrix(g if where is elements else element_from_escnn(where))
        torch.testing.assert_close(found.double(), evaluate(rho, where), atol=1e-5, rtol=0)


# --- field types --------------------------------------------------------------------------------
def field_types(eg):
    """Return field types over several spaces."""
    import escnn.gspaces as gs
    import escnn.nn as enn

    rot, flip = gs.rot2dOnR2(8), gs.flipRot2dOnR2(3)
    space, point = gs.rot3dOnR3(), gs.no_base_space(gs.rot3dOnR3().fibergroup)
    regular = rot.regular_repr
    return [
        enn.FieldType(rot, 3 * [regular] + 2 * [rot.trivial_repr] + [rot.irrep(1), regular]),
        enn.FieldType(flip, [flip.regular_repr] * 2 + [flip.irrep(1, 1)] * 3),
        enn.FieldType(space, [space.irrep(0)] * 4 + [space.irrep(1)] * 2 + [space.irrep(2)]),
        enn.FieldType(point, [point.irrep(1).tensor(point.irrep(1)), point.irrep(0)]),
    ]


@pytest.mark.parametrize("which", range(4))
def test_field_types_act_on_the_same_channels_both_ways(eg, which):
    theirs = field_types(eg)[which]
    ours = field_type_to_representation(theirs, fibres_only=True)
    assert ours.dim == theirs.size
    elements = draw(theirs.fibergroup, 4)
    g = element_from_escnn(elements, torch.float64)
    x = torch.randn(4, theirs.size, 2, 2, generator=torch.Generator().manual_seed(0))
    moved = ours.act(g, x.double(), dim=1)
    wanted = [
        theirs.transform_fibers(x[i : i + 1], element)[0] for i, element in enumerate(elements)
    ]
    torch.testing.assert_close(moved.float(), torch.stack(wanted), atol=1e-5, rtol=0)
    back = field_type_from_representation(theirs.gspace, ours, fibres_only=True)
    assert [f.size for f in back.representations] == [f.size for f in theirs.representations]
    for element in elements:
        matrix = back.representation(element)
        np.testing.assert_allclose(matrix, theirs.representation(element), atol=1e-12)
    report = check_representation(ours)
    assert report.passed, report


QUARTERS = [(turn, "radians") for turn in (0.0, np.pi / 2, np.pi, 3 * np.pi / 2)]
FLIPS = [((flip, turn), "radians") for flip in (0, 1) for turn, _ in QUARTERS]
# A space, elements that carry a grid to itself (all unless given), and whether our group of that
# name moves points as the space does; it is None where ours does not act on such grids at all.
SPACES = {
    "C(4)": (lambda gs: gs.rot2dOnR2(4), None, True),
    "SO(2)": (lambda gs: gs.rot2dOnR2(-1), QUARTERS, True),
    "D(4)": (lambda gs: gs.flipRot2dOnR2(4), None, False),
    "D(4) about x": (lambda gs: gs.flipRot2dOnR2(4, axis=0.0), None, True),
    "D(4) about a diagonal": (lambda gs: gs.flipRot2dOnR2(4, axis=np.pi / 4), None, False),
    "D(2)": (lambda gs: gs.flipRot2dOnR2(2), None, False),
    "O(2)": (lambda gs: gs.flipRot2dOnR2(-1), FLIPS, False),
    "O(2) about x": (lambda gs: gs.flipRot2dOnR2(-1, axis=0.0), FLIPS, True),
    "flips": (lambda gs: gs.flip2dOnR2(), None, False),
    "flips about x": (lambda gs: gs.flip2dOnR2(axis=0.0), None, False),
    "nothing": (lambda gs: gs.trivialOnR2(), None, True),
    "cube": (lambda gs: gs.octaOnR3(), None, False),
    "inversion": (lambda gs: gs.invOnR3(), None, None),
    "mirror": (lambda gs: gs.mirOnR3(), None, None),
    "C(4) about z": (lambda gs: gs.rot2dOnR3(4), None, None),
    "D(4) in space": (lambda gs: gs.dihedralOnR3(4), None, None),
}


@pytest.mark.parametrize("name", SPACES)
def test_feature_maps_move_as_theirs_do(eg, name):
    """A22: on `flipRot2dOnR2` reflections differed, which are about y there and about x here."""
    import escnn.gspaces as gs
    import escnn.nn as enn

    make, chosen, is_ours = SPACES[name]
    space = make(gs)
    fields = [space.trivial_repr, space.basespace_action]
    if not space.fibergroup.continuous:
        fields.append(space.regular_repr)
    theirs = enn.FieldType(space, fields)
    size = (5,) * space.dimensionality
    elements = (
        list(space.fibergroup.elements)
        if chosen is None
        else [space.fibergroup.element(*one) for one in chosen]
    )
    x = torch.randn(1, theirs.size, *size, generator=torch.Generator().manual_seed(0))
    action = grid_action_from_field_type(theirs, size)
    g = element_from_escnn(elements)
    wanted = torch.cat([enn.GeometricTensor(x, theirs).transform(e).tensor for e in elements])
    moved = action(g, x.expand(len(elements), *x.shape[1:]))
    torch.testing.assert_close(moved, wanted, atol=1e-4, rtol=0)
    if is_ours is False:
        with pytest.raises(
            ValueError, match=r"a space that moves points as our .*, got .*grid_act"
        ):
            field_type_to_representation(theirs)
        with pytest.raises(
            ValueError, match=r"a space that moves points as our .*, got .*grid_act"
        ):
            field_type_from_representation(space, action.channels)
        return
    rho = field_type_to_representation(theirs)
    if is_ours:
        ours = GridAction(rho.group, size, channels=rho)(g, x.expand(len(elements), *x.shape[1:]))
        torch.testing.assert_close(ours, wanted, atol=1e-4, rtol=0)
    else:  # our group of that name does not act on space
        with pytest.raises((ValueError, TypeError), match=r"expected a (group|standard)"):
            GridAction(rho.group, size, channels=rho)


def test_a_flip_about_another_axis_keeps_the_laws(eg):
    import escnn.gspaces as gs
    import escnn.nn as enn

    for space in (gs.flipRot2dOnR2(4), gs.flipRot2dOnR2(3, axis=0.3), gs.octaOnR3()):
        theirs = enn.FieldType(space, [space.trivial_repr, space.basespace_action])
        report = check_action(grid_action_from_field_type(theirs, (6,) * space.dimensionality))
        assert report.passed, report


def test_a_convolution_of_theirs_is_equivariant_under_our_grid_action(eg):
    import escnn.gspaces as gs
    import escnn.nn as enn

    space = gs.flipRot2dOnR2(4)
    into = enn.FieldType(space, [space.trivial_repr] * 2)
    out = enn.FieldType(space, [space.irrep(1, 1), space.regular_repr])
    torch.manual_seed(0)
    layer = enn.R2Conv(into, out, kernel_size=3, padding=1, bias=False).eval()
    x = torch.randn(1, into.size, 7, 7)
    before, after = (grid_action_from_field_type(t, (7, 7)) for t in (into, out))
    g = before.group.elements()
    moved = before(g, x.expand(len(g), *x.shape[1:]))
    of_moved = layer(enn.GeometricTensor(moved, into)).tensor
    made = layer(enn.GeometricTensor(x, into)).tensor.expand(len(g), *of_moved.shape[1:])
    torch.testing.assert_close(of_moved, after(g, made), atol=1e-4, rtol=0)
    assert of_moved.std() > 1e-2


def test_ours_becomes_fields_in_the_order_of_the_channels(eg):
    import escnn.gspaces as gs

    space = gs.rot2dOnR2(-1)
    group = group_from_escnn(space.fibergroup)
    rho = group.rep("1x0 + 1x2") + Fields(group, group.rep("1x1"), 3) + group.rep("2x3")
    theirs = field_type_from_representation(space, rho)
    assert [f.size for f in theirs.representations] == [1, 2, 2, 2, 2, 4]
    assert all(f in space.fibergroup.irreps() for f in theirs.representations[:-1])
    for element in draw(space.fibergroup, 5):
        wanted = rho.matrix(element_from_escnn(element, torch.float64))
        np.testing.assert_allclose(theirs.representation(element), wanted, atol=1e-12)


def test_a_layer_of_theirs_is_equivariant_under_our_actions(eg):
    import escnn.gspaces as gs
    import escnn.nn as enn

    point = gs.no_base_space(eg.o3_group(3))
    into = field_type_from_representation(point, Fields(O3(), O3().rep("1x0e + 1x1o"), 4))
    out = field_type_from_representation(point, O3().rep("2x0e + 3x1o + 1x2e"))
    torch.manual_seed(0)
    layer = enn.Linear(into, out, bias=False).eval()
    rho, sigma = field_type_to_representation(into), field_type_to_representation(out)
    g = O3().sample(6, generator=torch.Generator().manual_seed(0))
    x = torch.randn(6, rho.dim)

    def apply(v):
        return layer(enn.GeometricTensor(v, into)).tensor

    moved = apply(rho.act(g, x))
    torch.testing.assert_close(moved, sigma.act(g, apply(x)), atol=1e-5, rtol=1e-4)
    assert apply(x).abs().max() > 1e-3


def test_nothing_of_escnn_is_kept(eg):
    rho = field_type_to_representation(field_types(eg)[0])
    action = ChannelAction(rho)
    report = check_action(action)
    assert report.passed, report
    data = pickle.dumps(action)
    assert b"escnn" not in data.replace(b"groupae.interop.escnn", b"")
    assert pickle.loads(data).rho == rho


# --- speed --------------------------------------------------------------------------------------
def seconds(call, repeats):
    """Return the median time of a call after one to warm up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def test_a_batch_is_a_hundred_times_faster_than_a_loop_over_escnn(eg, capsys):
    group = eg.so3_group(3)
    theirs = eg.directsum([group.irrep(k) for k in range(4) for _ in range(2 * k + 1)])
    assert theirs.size == 84
    elements = draw(group, 256)
    rho, basis = representation_from_escnn(theirs)
    sigma = rho.change_basis(basis)
    g = element_from_escnn(elements)
    x = torch.randn(256, 84, generator=torch.Generator().manual_seed(0))
    vectors = x.double().numpy()

    def loop():
        return np.stack([theirs(e) @ v for e, v in zip(elements, vectors, strict=True)])

    np.testing.assert_allclose(sigma.act(g, x), loop(), atol=1e-4)
    slow = seconds(loop, 3)
    ours, in_basis = (seconds(lambda rep=rep: rep.act(g, x), 30) for rep in (rho, sigma))
    with capsys.disabled():
        print(  # noqa: T201 - the ratio is what this test is for
            f"\n256 elements at dim 84 of SO(3): escnn loop {1e3 * slow:.0f} ms; ours"
            f" {1e3 * ours:.2f} ms, {slow / ours:.0f} times faster; in escnn's basis"
            f" {1e3 * in_basis:.2f} ms, {slow / in_basis:.0f} times faster"
        )
    assert slow / ours > 100
    assert slow / in_basis > 50  # two dense changes of basis in addition


# --- bad input ----------------------------------------------------------------------------------
def foreign(eg):
    """Return a continuous group of a user's own, with its elements as escnn's SO(2) has them."""

    class Circle(eg.SO2):
        pass

    return Circle(2)


def test_other_continuous_groups_are_evaluated_one_by_one_with_a_warning(eg):
    group = foreign(eg)
    with pytest.raises(TypeError) as caught:
        representation_from_escnn(group.irrep(1))
    assert "matrices_from_escnn evaluates its representations one element at" in str(caught.value)
    elements = [group.element(0.1 * i, "radians") for i in range(3)]
    with pytest.warns(UserWarning, match="escnn evaluates one element at a time"):
        found = matrices_from_escnn(group.irrep(2), elements)
    wanted = SO2().rep("1x2").matrix(0.1 * torch.arange(3).double())
    torch.testing.assert_close(found, wanted)


BAD = [
    (lambda eg: group_from_escnn("C4"), TypeError, "expected an escnn.group.Group, got str"),
    (lambda eg: group_to_escnn(Permutation(3)), ValueError, "a group that escnn has, got"),
    (lambda eg: element_from_escnn([]), TypeError, "elements of an escnn group, got none"),
    (lambda eg: element_from_escnn([3]), TypeError, "elements of an escnn group, got int"),
    (
        lambda eg: element_from_escnn([eg.cyclic_group(n).identity for n in (2, 3)]),
        ValueError,
        "expected elements of C2, got of others too",
    ),
    (
        lambda eg: element_from_escnn([[eg.cyclic_group(2).identity], []]),
        ValueError,
        "nested lists of equal lengths",
    ),
    (
        lambda eg: element_to_escnn(SO3(), -torch.eye(3)),
        ValueError,
        "expected matrices that are elements of SO(3), got one off by 2",
    ),
    (lambda eg: element_to_escnn(O2(), torch.eye(3)), ValueError, "elements of shape"),
    (
        lambda eg: element_to_escnn(Octahedral(), torch.tensor([0, 24])),
        ValueError,
        "elements of Octahedral, got one at a distance of 1",
    ),
    (
        lambda eg: element_to_escnn(SO2(), torch.tensor([0.0, math.inf])),
        ValueError,
        "finite numbers, got inf or nan",
    ),
    (lambda eg: representation_from_escnn(SO3()), TypeError, "an escnn.group.Representation"),
    (lambda eg: field_type_to_representation(SO3()), TypeError, "an escnn.nn.FieldType"),
    (
        lambda eg: field_type_from_representation(eg, SO3().rep("1x1")),
        TypeError,
        "an escnn.gspaces.GSpace",
    ),
    (
        lambda eg: field_type_from_representation(r2(), SO3().rep("1x1")),
        ValueError,
        "a representation of C(4), the fibre group of",
    ),
    (
        lambda eg: Fields(SO2(), SO2().rep("1x1"), 0),
        ValueError,
        "copies to be an integer of at least 1, got 0",
    ),
]


def r2():
    import escnn.gspaces

    return escnn.gspaces.rot2dOnR2(4)


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_input_is_answered_with_a_sentence(eg, call, error, message):
    with pytest.raises(error) as caught:
        call(eg)
    assert message in str(caught.value)
