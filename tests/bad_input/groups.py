"""Bad input to groups and representations, by text and by call."""

import functools

import torch

from groupae import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    MatrixLieGroup,
    Permutation,
    Product,
    Semidirect,
    Translation,
    get_group,
)
from groupae.interop import e3nn, scipy
from groupae.representations import intertwiners
from tests.bad_input.rows import rows

ONE = torch.zeros(1)

BY_TEXT = {
    f"the text {text!r:.40}": (functools.partial(get_group, text), ValueError, words)
    for text, words in [
        ("so4", "did you mean 'so3'"),
        ("", "got ''"),
        ("c()", "c("),
        ("c(0)", "0"),
        ("c(-3)", "-3"),
        ("c(2.5)", "2.5"),
        ("so2 * ", "so2"),
        ("so2 x so3", "so2 x so3"),
        ("d(1)(2)", "d(1)(2)"),
        ("translation(0)", "0"),
        ("c(" + "9" * 5000 + ")", "expected"),
        ("(" * 2000 + "so2" + ")" * 2000, "expected"),
    ]
}

BY_CALL = {
    "a group by number": (lambda: get_group(7), TypeError, "the name of a group, got int"),
    "no turns": (lambda: Cyclic(0), ValueError, "n to be an integer of at least 1"),
    "half a turn": (lambda: Dihedral(2.5), ValueError, "n to be an integer of at least 1"),
    "translations of no axes": (lambda: Translation(0), ValueError, "at least 1"),
    "permutations of text": (lambda: Permutation("3"), ValueError, "an integer"),
    "another way to compute": (lambda: SO3(backend="numpy"), ValueError, "got 'numpy'"),
    "a product of one": (lambda: Product((SO2(),)), TypeError, "use G * H"),
    "a semidirect product of numbers": (lambda: Semidirect(2, 3), TypeError, "two groups, got 2"),
    "an algebra of vectors": (lambda: MatrixLieGroup([[1.0, 2.0]]), ValueError, "got (1, 2)"),
    "an algebra of nothing": (lambda: MatrixLieGroup([]), ValueError, "MatrixLieGroup"),
    "an algebra that is not closed": (
        lambda: MatrixLieGroup(
            [[[0.0, 1, 0], [0, 0, 0], [0, 0, 0]], [[0.0, 0, 0], [1, 0, 0], [0, 0, 0]]]
        ),
        ValueError,
        "MatrixLieGroup",
    ),
}

ELEMENTS = {
    "all elements of a circle": (lambda: SO2().elements(), TypeError, "use grid"),
    "an exponential of turns": (lambda: Cyclic(4).exp(ONE), TypeError, "no Lie algebra"),
    "a path between turns": (
        lambda: Cyclic(4).interpolate(torch.tensor(0), torch.tensor(1), 0.5),
        TypeError,
        "no path",
    ),
    "an exponential of two numbers": (
        lambda: SO3().exp(torch.zeros(2)),
        ValueError,
        "shape (*batch, 3), got (2,)",
    ),
    "a logarithm of vectors": (
        lambda: SO3().log(torch.zeros(3)),
        ValueError,
        "shape (*batch, 3, 3), got (3,)",
    ),
    "a composition of batches": (
        lambda: SO2().compose(torch.zeros(2), torch.zeros(3)),
        ValueError,
        "batch axes that broadcast",
    ),
    "a composition of indices": (
        lambda: SO2().compose(torch.tensor([1]), torch.zeros(1)),
        TypeError,
        "floating dtype, got torch.int64",
    ),
    "a composition of angles": (
        lambda: Cyclic(4).compose(torch.zeros(1), torch.zeros(1)),
        TypeError,
        "integer dtype, got torch.float32",
    ),
    "an inverse of a number": (lambda: SO2().inverse(0.5), TypeError, "got float"),
    "an inverse of truth": (
        lambda: Cyclic(4).inverse(torch.tensor([True])),
        TypeError,
        "torch.bool",
    ),
    "an inverse of an array": (lambda: SO2().inverse(ONE.numpy()), TypeError, "got ndarray"),
    "an inverse of nothing": (lambda: Affine().inverse(None), TypeError, "got NoneType"),
    "a distance of motions and turns": (
        lambda: SE2().distance(SE2().identity(2), SO2().identity(2)),
        ValueError,
        "shape",
    ),
    "a sample below zero": (lambda: SO2().sample(-1), ValueError, "expected"),
    "a sample of text": (lambda: SO3().sample("3"), ValueError, "got '3'"),
    "a grid of nothing": (lambda: SO2().grid(0), ValueError, "at least 1"),
    "a grid of half": (lambda: SO3().grid(2.5), ValueError, "integer"),
    "an unknown chart": (
        lambda: SO3().convert(torch.zeros(4), "quaternion", "rotvec"),
        ValueError,
        "'quaternion'",
    ),
    "a chart of too few numbers": (
        lambda: SO3().convert(torch.zeros(3), "quat_wxyz", "rotvec"),
        ValueError,
        "got (3,)",
    ),
    "a chart to nowhere": (lambda: SO2().convert(ONE, "angle", "deg"), ValueError, "'deg'"),
    "angles between the turns": (
        lambda: Cyclic(4).convert(torch.tensor([0.3]), "angle", "index"),
        ValueError,
        "multiples of 2 pi / 4",
    ),
    "a subgroup that is none": (lambda: SO2().subgroup("so3"), ValueError, "so3"),
    "a subgroup by number": (lambda: SO2().subgroup(4), TypeError, "int"),
    "a pack of one": (
        lambda: (SO2() * SO3()).pack(ONE),
        ValueError,
        "2 elements, one of each",
    ),
    "a logarithm of a discrete factor": (
        lambda: (SO2() * Cyclic(3)).log(torch.zeros(2)),
        TypeError,
        "the discrete C(3)",
    ),
    "matrices of scipy that are none": (
        lambda: scipy.rotation_to_scipy(torch.zeros(3)),
        ValueError,
        "(3,)",
    ),
    "rotations that are text": (lambda: scipy.rotation_from_scipy("z"), TypeError, "got str"),
}

REPRESENTATIONS = {
    f"{text!r} of {group}": (functools.partial(group.rep, text), ValueError, words)
    for group, text, words in [
        (SO2(), "", "got ''"),
        (SO2(), "2x", "2x"),
        (SO2(), "2x-1", "-1"),
        (SO2(), "-2x1", "-2x1"),
        (SO2(), "1.5x1", "1.5x1"),
        (SO2(), "2x1 ++ 3x0", "2x1 ++ 3x0"),
        (SO2(), "2y1", "2y1"),
        (SO2(), "0x1", "at least one copy"),
        (Cyclic(4), "1x7", "7"),
        (O2(), "1x1e", "1e"),
        (O3(), "1x1", "'1'"),
        (Dihedral(4), "1x9", "9"),
        (SO2() * Cyclic(3), "2x1", "(0,0)"),
        (Permutation(3), "1x(2,2)", "(2,2)"),
    ]
} | {
    "a representation by number": (lambda: SO2().rep(3), TypeError, "int"),
    "a regular one of the circle": (lambda: SO2().regular(), ValueError, "cutoff"),
    "a matrix of a number": (lambda: SO2().rep("1x1").matrix(0.5), TypeError, "got float"),
    "an act on too short vectors": (
        lambda: SO2().rep("2x1").act(ONE, torch.zeros(1, 3)),
        ValueError,
        "got (1, 3)",
    ),
    "an act on indices": (
        lambda: SO2().rep("1x1").act(ONE, torch.zeros(1, 2).long()),
        TypeError,
        "int64",
    ),
    "an act on a list": (
        lambda: SO2().rep("1x1").act(ONE, [[0.0, 1.0]]),
        TypeError,
        "got list",
    ),
    "an act along no axis": (
        lambda: SO2().rep("1x1").act(ONE, torch.zeros(1, 2), dim=5),
        ValueError,
        "axis",
    ),
    "an act of other batches": (
        lambda: SO2().rep("1x1").act(torch.zeros(3), torch.zeros(2, 2)),
        ValueError,
        "whose batch axes match g's",
    ),
    "a sum over two groups": (
        lambda: SO2().rep("1x1") + SO3().rep("1x1"),
        ValueError,
        "SO(3)",
    ),
    "copies below zero": (lambda: -2 * SO2().rep("1x1"), ValueError, "-2"),
    "a product of two groups": (
        lambda: SO2().rep("1x1") * SO3().rep("1x1"),
        ValueError,
        "SO(3)",
    ),
    "maps between two groups": (
        lambda: intertwiners(SO2().rep("1x1"), SO3().rep("1x1")),
        ValueError,
        "SO(3)",
    ),
    "irreps of e3nn without parity": (
        lambda: e3nn.irreps_from_e3nn("2x1"),
        ValueError,
        "2x1",
    ),
    "a plane for e3nn": (lambda: e3nn.irreps_to_e3nn(SO2().rep("1x1")), ValueError, "SO(2)"),
    "motions as elements": (
        lambda: SE3().standard().act(torch.zeros(2, 3), torch.zeros(4)),
        ValueError,
        "(2, 3)",
    ),
}

PLANES = SO2().rep("2x0 + 3x1")

INVARIANTS = {
    "invariants of a shear": (
        lambda: Affine().rep("1xstd").invariant_features(torch.zeros(3, 2)),
        TypeError,
        "invariant_features: expected a compact group, got Aff+(1)",
    ),
    "invariants of another length": (
        lambda: PLANES.invariant_features(torch.zeros(3, 7)),
        ValueError,
        "z of shape (*batch, 8), got (3, 7)",
    ),
    "invariants along another axis": (
        lambda: PLANES.invariant_features(torch.zeros(3, 8), dim=0),
        ValueError,
        "8 entries along axis 0, got (3, 8)",
    ),
    "invariants of whole numbers": (
        lambda: PLANES.invariant_features(torch.zeros(3, 8, dtype=torch.int64)),
        TypeError,
        "z of a floating dtype, got torch.int64",
    ),
    "invariants of a list": (
        lambda: PLANES.invariant_features([0.0] * 8),
        TypeError,
        "z to be a tensor, got list",
    ),
    "invariants of an unknown kind": (
        lambda: PLANES.invariant_features(torch.zeros(3, 8), "bispectra"),
        ValueError,
        "did you mean 'bispectrum'?",
    ),
    "invariants of no kind": (
        lambda: PLANES.invariant_feature_names(None),
        ValueError,
        "kind to be one of power, gram, bispectrum, max_filter",
    ),
    "no products": (
        lambda: PLANES.invariant_features(torch.zeros(3, 8), "bispectrum", products=0),
        ValueError,
        "products to be an integer of at least 1, got 0",
    ),
    "products of inner products": (
        lambda: PLANES.invariant_features(torch.zeros(3, 8), products=4),
        ValueError,
        "products only of kind 'bispectrum', got kind 'gram'",
    ),
}

INVARIANTS |= {
    "templates of another length": (
        lambda: PLANES.invariant_features(
            torch.zeros(3, 8), "max_filter", templates=torch.zeros(2, 7)
        ),
        ValueError,
        "templates of shape (*batch, 8), got (2, 7)",
    ),
    "one template": (
        lambda: PLANES.invariant_features(torch.zeros(8), "max_filter", templates=torch.zeros(8)),
        ValueError,
        "templates of shape (count, 8), got (8,)",
    ),
    "no template": (
        lambda: PLANES.invariant_features(torch.zeros(8), "max_filter", templates=0),
        ValueError,
        "templates to be an integer of at least 1, got 0",
    ),
    "templates of inner products": (
        lambda: PLANES.invariant_features(torch.zeros(8), "gram", templates=3),
        ValueError,
        "templates only of kind 'max_filter', got kind 'gram'",
    ),
}

TABLE = rows(BY_TEXT | BY_CALL | ELEMENTS | REPRESENTATIONS | INVARIANTS)
