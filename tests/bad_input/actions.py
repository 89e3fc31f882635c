"""Bad input to actions of groups on codes."""

import torch

from groupae import (
    SO2,
    SO3,
    AffineAction,
    ChannelAction,
    Cyclic,
    GridAction,
    LeftMultiplication,
    PartsAction,
    SetAction,
    SplitAction,
    TokenAction,
    Translation,
    VectorAction,
    fit_action,
)
from groupae.actions import HiddenAction, get_action
from tests.bad_input.rows import rows

RHO = SO2().rep("2x0 + 3x1")
G = torch.zeros(4)
Z = torch.zeros(4, 8)
VECTOR = VectorAction(RHO)
CODES = torch.arange(150.0).reshape(50, 3).sin()
ANGLES = torch.arange(50.0)

MADE = {
    "an action by number": (lambda: get_action(3), TypeError, "the name of an action, got int"),
    "an action nobody offers": (lambda: get_action("spin"), ValueError, "got 'spin'"),
    "a vector action of text": (lambda: VectorAction("2x0 + 3x1"), TypeError, "a representation"),
    "a vector action of a group": (lambda: VectorAction(SO2()), TypeError, "a representation"),
    "a channel action of nothing": (lambda: ChannelAction(None), TypeError, "a representation"),
    "channels before no axes": (
        lambda: ChannelAction(RHO, spatial_dims=-1),
        ValueError,
        "spatial_dims",
    ),
    "a grid action of text": (lambda: GridAction("so2", (8, 8)), TypeError, "a group"),
    "a grid of a wrong mode": (
        lambda: GridAction(SO2(), (8, 8), mode="cubic"),
        ValueError,
        "'cubic'",
    ),
    "a grid of no size": (lambda: GridAction(SO2(), (0, 8)), ValueError, "size"),
    "a grid of a number": (lambda: GridAction(SO2(), 8), TypeError, "size"),
    "a grid of three axes in the plane": (
        lambda: GridAction(SO2(), (8, 8, 8)),
        ValueError,
        "(8, 8, 8)",
    ),
    "channels of another group": (
        lambda: GridAction(SO2(), (8, 8), channels=SO3().rep("1x1")),
        ValueError,
        "channels of SO(2)",
    ),
    "sets of text": (lambda: SetAction("so3"), TypeError, "got str"),
    "features of a group": (lambda: SetAction(SO3(), SO3()), TypeError, "on features"),
    "features of another group": (
        lambda: SetAction(SO3(), SO2().rep("1x1")),
        ValueError,
        "SO(2)",
    ),
    "tokens of text": (lambda: TokenAction("1x1"), TypeError, "a representation"),
    "tokens of another group": (
        lambda: TokenAction(RHO, SO3().rep("1x1")),
        ValueError,
        "one of SO(3)",
    ),
    "a threshold of one": (
        lambda: SplitAction(RHO, threshold=1.0),
        ValueError,
        "a threshold between 0 and 1",
    ),
    "a start without end": (
        lambda: SplitAction(RHO, start=float("inf")),
        ValueError,
        "a finite start",
    ),
    "a split with nothing to move": (
        lambda: SplitAction(SO2().rep("8x0")),
        ValueError,
        "an irrep to act by",
    ),
    "no parts": (lambda: PartsAction({}), ValueError, "no action at all"),
    "parts of two groups": (
        lambda: PartsAction({"a": VECTOR, "b": VectorAction(SO3().rep("1x1"))}),
        ValueError,
        "actions of one group",
    ),
    "parts of text": (lambda: PartsAction({"a": "turn"}), TypeError, "got str"),
    "parts in a list": (lambda: PartsAction([VECTOR]), TypeError, "got list"),
    "an affine action on nothing": (lambda: AffineAction(0), ValueError, "varying >= 1"),
    "an affine action by text": (lambda: AffineAction("3"), TypeError, "varying"),
    "an affine axis from the start": (
        lambda: AffineAction(3, axis=1),
        ValueError,
        "a negative axis",
    ),
    "a multiplication by text": (lambda: LeftMultiplication("so2"), TypeError, "a group"),
}

CALLED = {
    "a code of another width": (lambda: VECTOR(G, torch.zeros(4, 7)), ValueError, "(4, 7)"),
    "a code of indices": (lambda: VECTOR(G, Z.long()), TypeError, "int64"),
    "a code in parts": (lambda: VECTOR(G, {"a": Z}), TypeError, "dict"),
    "a code as an array": (lambda: VECTOR(G, Z.numpy()), TypeError, "ndarray"),
    "no code": (lambda: VECTOR(G, None), TypeError, "NoneType"),
    "elements of other lengths": (
        lambda: VECTOR(torch.zeros(3), Z),
        ValueError,
        "batch axes match",
    ),
    "elements as indices": (lambda: VECTOR(G.long(), Z), TypeError, "floating dtype"),
    "elements as a list": (lambda: VECTOR([0.0] * 4, Z), TypeError, "got list"),
    "an inverse by indices": (lambda: VECTOR.inverse(G.long(), Z), TypeError, "floating dtype"),
    "an orbit of another width": (
        lambda: VECTOR.orbit(torch.zeros(4, 7), G),
        ValueError,
        "z of shape (*batch, 8)",
    ),
    "a swap of two widths": (
        lambda: VECTOR.swap(Z, torch.zeros(4, 7)),
        ValueError,
        "(4, 7)",
    ),
    "an alignment of two lengths": (
        lambda: VECTOR.align(Z, torch.zeros(3, 8)),
        ValueError,
        "batch axes that broadcast",
    ),
    "a distance of two widths": (
        lambda: VECTOR.distance(Z, torch.zeros(4, 7)),
        ValueError,
        "(4, 7)",
    ),
    "channels of another number": (
        lambda: ChannelAction(RHO)(G, torch.zeros(4, 7, 5, 5)),
        ValueError,
        "(4, 7, 5, 5)",
    ),
    "a picture of another size": (
        lambda: GridAction(SO2(), (8, 8))(G, torch.zeros(4, 1, 9, 9)),
        ValueError,
        "(4, 1, 9, 9)",
    ),
    "points of the plane in space": (
        lambda: SetAction(SO3())(torch.eye(3), {"points": torch.zeros(4, 9, 2)}),
        ValueError,
        "(4, 9, 2)",
    ),
    "a part that is missing": (
        lambda: PartsAction({"a": VECTOR, "b": None})(G, {"a": Z}),
        ValueError,
        "b",
    ),
    "a part too many": (
        lambda: PartsAction({"a": VECTOR})(G, {"a": Z, "c": Z}),
        ValueError,
        "c",
    ),
    "one code for parts": (lambda: PartsAction({"a": VECTOR})(G, Z), ValueError, "got Tensor"),
    "an element on the left of vectors": (
        lambda: LeftMultiplication(SO3())(torch.eye(3), torch.zeros(4, 3)),
        ValueError,
        "(4, 3)",
    ),
    "an affine code of another width": (
        lambda: AffineAction(3)(torch.zeros(4, 2), torch.zeros(4, 5)),
        ValueError,
        "(4, 5)",
    ),
    "turns by angles": (
        lambda: VectorAction(Cyclic(4).rep("1x1"))(torch.zeros(2), torch.zeros(2, 2)),
        TypeError,
        "integer dtype",
    ),
    "a shift of another number of axes": (
        lambda: VectorAction(Translation(2).rep("1x[1,0]"))(torch.zeros(2, 3), torch.zeros(2, 2)),
        ValueError,
        "(2, 3)",
    ),
}

FITTED_CODE = fit_action(SO2(), CODES[:, :2], ANGLES, SO2().rep("1x1").act(ANGLES, CODES[:, :2]))
FITTED = {
    "a fit without codes": (lambda: fit_action(SO2(), [], None, None), ValueError, "got none"),
    "a fit of a name": (lambda: fit_action("so2", CODES, ANGLES, CODES), TypeError, "a group"),
    "a fit of a group that is not compact": (
        lambda: fit_action(Translation(2), CODES, torch.zeros(50, 2), CODES),
        TypeError,
        "a compact group, which has a Haar average",
    ),
    "a fit of pictures": (
        lambda: fit_action(SO2(), CODES[:, None, None], ANGLES, CODES[:, None, None]),
        ValueError,
        "flatten(1)",
    ),
    "a fit of bytes": (
        lambda: fit_action(SO2(), CODES.byte(), ANGLES, CODES.byte()),
        TypeError,
        "floating",
    ),
    "a fit without second codes": (
        lambda: fit_action(SO2(), CODES, ANGLES),
        TypeError,
        "only some of them",
    ),
    "a fit of codes that end": (
        lambda: fit_action(SO2(), iter([(CODES, ANGLES, CODES)])),
        TypeError,
        "which can be gone through once",
    ),
    "a fit of a collapsed code": (
        lambda: fit_action(SO2(), torch.ones(50, 3), ANGLES, torch.ones(50, 3)),
        ValueError,
        "a collapsed encoder",
    ),
    "a fit of codes that are not finite": (
        lambda: fit_action(SO2(), CODES / 0, ANGLES, CODES),
        ValueError,
        "NaN or infinite",
    ),
    "a fit to three pairs": (
        lambda: fit_action(SO2(), CODES[:3], ANGLES[:3], CODES[:3]),
        ValueError,
        "at least 16 pairs, got 3",
    ),
    "a fit with fewer elements than codes": (
        lambda: fit_action(SO2(), CODES, ANGLES[:9], CODES),
        ValueError,
        "(50,), got (9,)",
    ),
    "a fit of an irrep larger than the code": (
        lambda: fit_action(SO3(), CODES, torch.eye(3).expand(50, 3, 3), CODES, irreps=["2"]),
        ValueError,
        "rank at least 5 for irrep 2, got 2",
    ),
    "a fit of irreps in one text": (
        lambda: fit_action(SO2(), CODES, ANGLES, CODES, irreps="0 1"),
        TypeError,
        "as a list",
    ),
    "a fit of an unknown irrep": (
        lambda: fit_action(SO2(), CODES, ANGLES, CODES, irreps=["x"]),
        ValueError,
        "'x'",
    ),
    "a fit with a cutoff and irreps": (
        lambda: fit_action(SO2(), CODES, ANGLES, CODES, cutoff=2, irreps=["0"]),
        ValueError,
        "got both",
    ),
    "a fit to chance": (
        lambda: fit_action(SO2(), CODES, ANGLES, CODES, max_residual=2.0),
        ValueError,
        "2 (chance), got 2.0",
    ),
    "a fit of rows of an array": (
        lambda: fit_action(SO2(), CODES.numpy()),
        TypeError,
        "triples (z1, g, z2) in the iterable, got ndarray",
    ),
    "a fit of batches without elements": (
        lambda: fit_action(SO2(), [(CODES, CODES)]),
        TypeError,
        "got tuple of 2",
    ),
    "a fit of codes of several sizes": (
        lambda: fit_action(SO2(), [(CODES, ANGLES, CODES), (CODES[:, :1], ANGLES, CODES[:, :1])]),
        ValueError,
        "3 numbers in all batches, got 1",
    ),
    "a fit of elements that are not finite": (
        lambda: fit_action(SO2(), CODES, ANGLES / 0, CODES),
        ValueError,
        "finite elements",
    ),
    "a fit of an irrep that is no text": (
        lambda: fit_action(SO2(), CODES, ANGLES, CODES, irreps=5),
        TypeError,
        "as a list",
    ),
    "features of another size": (lambda: FITTED_CODE.decode(CODES), ValueError, "(*batch, 2)"),
    "features that are integers": (
        lambda: FITTED_CODE.decode(CODES[:, :2].long()),
        TypeError,
        "floating",
    ),
    "an adapter of integers": (
        lambda: FITTED_CODE.adapter(torch.int64),
        TypeError,
        "a floating dtype, got torch.int64",
    ),
    "a hidden action larger than its code": (
        lambda: HiddenAction(RHO, 5),
        ValueError,
        "at least 8 numbers",
    ),
    "a hidden action of lists": (
        lambda: HiddenAction.of(RHO, [[1.0]], [[1.0]], [0.0]),
        TypeError,
        "analysis to be a tensor, got list",
    ),
    "a hidden action with a number as its mean": (
        lambda: HiddenAction.of(
            SO2().rep("1x0"), torch.ones(1, 1), torch.ones(1, 1), torch.ones(())
        ),
        ValueError,
        "mean of shape (1,), got ()",
    ),
    "a hidden action with features that overlap": (
        lambda: HiddenAction.of(RHO, torch.ones(8, 9), torch.ones(9, 8), torch.zeros(9)),
        ValueError,
        "to be the identity",
    ),
}

TABLE = rows(MADE | CALLED | FITTED)
