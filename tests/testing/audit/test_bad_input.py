import pytest
import torch
from torch import nn

from groupae import SO2, SO3, GridAction, ShapeError, Translation, audit

RHO = SO2().rep("1x0 + 1x1")
X = torch.randn(8, 3)


def same(x):
    return x


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: audit(same, RHO, SO3().rep("1x1"), X),
            ValueError,
            "actions of SO\\(2\\), got one",
        ),
        (lambda: audit(same, RHO, RHO, X, group=SO3()), ValueError, "got one of SO\\(2\\)"),
        (lambda: audit(same, same, "invariant", X), TypeError, "the group of the actions"),
        (lambda: audit(same, RHO, "equivariant", X), ValueError, "action or 'invariant'"),
        (lambda: audit(same, RHO, 3, X), TypeError, "action_out as a LatentAction"),
        (lambda: audit(same, RHO, RHO, X, group="so2"), TypeError, "get_group reads names"),
        (lambda: audit(same, RHO, RHO, X[:1]), ShapeError, "at least 2 samples"),
        (lambda: audit(same, RHO, RHO, X[:0]), ShapeError, "at least 2 samples"),
        (lambda: audit(same, RHO, RHO, X.long()), TypeError, "convert it with .float"),
        (lambda: audit(same, RHO, RHO, (X * 9).byte()), TypeError, "by .float\\(\\) / 255"),
        (lambda: audit(same, RHO, RHO, "x"), TypeError, "x to hold tensors"),
        (lambda: audit(same, RHO, RHO, X[:, :2]), ShapeError, "x of shape"),
        (lambda: audit(lambda x: x[:4], RHO, RHO, X), ShapeError, "one output for each of 8"),
        (lambda: audit(lambda x: x.sum(), RHO, RHO, X), ShapeError, "one output for each of 8"),
        (
            lambda: audit(lambda x: x.argmax(1), RHO, "invariant", X),
            TypeError,
            "scores or features",
        ),
        (
            lambda: audit(lambda x: None, RHO, "invariant", X),
            TypeError,
            "floating tensors, got None",
        ),
        (lambda: audit(same, RHO, RHO, X, n_elements=0), ValueError, "n_elements"),
        (
            lambda: audit(same, RHO, RHO, X, elements=torch.eye(2)[None]),
            ShapeError,
            "elements of shape \\(m\\)",
        ),
        (
            lambda: audit(same, RHO, RHO, X, elements=torch.zeros(3)),
            ValueError,
            "other than the identity",
        ),
        (lambda: audit(same, RHO, RHO, X, elements=[0.1]), TypeError, "elements as a tensor"),
        (lambda: audit(nn.Linear(3, 3), RHO, RHO, X, layers=None), TypeError, "layers=\\(\\)"),
        (
            lambda: audit(nn.Linear(3, 3), RHO, RHO, X, layers=["conv"]),
            ValueError,
            "a name of layers",
        ),
        (
            lambda: audit(nn.Linear(3, 3), RHO, RHO, X, layer_actions={"Liner": RHO}),
            ValueError,
            "did you mean 'Linear'",
        ),
        (
            lambda: audit(nn.Linear(3, 4), RHO, "invariant", X, layer_actions={"Linear": RHO}),
            ShapeError,
            "audit: layer Linear: ",
        ),
        (
            lambda: audit(same, RHO, RHO, X, layer_actions="places"),
            ValueError,
            "positions",
        ),
        (lambda: audit(same, RHO, RHO, X, layer_actions="positions"), ValueError, "GridAction"),
        (lambda: audit(same, RHO, RHO, X, layer_actions=3), TypeError, "layer_actions as a dict"),
        (
            lambda: audit(same, GridAction(Translation(2), (4, 4)), None, torch.randn(4, 1, 4, 4)),
            TypeError,
            "a compact group",
        ),
        (lambda: audit(lambda x: (x, x), RHO, None, X), TypeError, "one tensor from f"),
        (
            lambda: audit(lambda x: x.repeat(1, 2000), RHO, None, X),
            ShapeError,
            "at most 4096 numbers",
        ),
        (lambda: audit(lambda x: 0 * x, RHO, None, X), ValueError, "outputs that vary"),
        (lambda: audit(same, RHO, RHO, X, tolerance=0.0), ValueError, "tolerance"),
        (lambda: audit(3, RHO, RHO, X), TypeError, "f as a function"),
    ],
)
def test_one_clear_sentence(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert str(caught.value).startswith(("audit", "SO(2)", "Representation", "Irrep"))


def test_a_layer_that_is_not_called_is_left_out():
    net = nn.ModuleDict({"used": nn.Linear(4, 4), "idle": nn.Linear(4, 4)})
    report = audit(
        lambda x: net["used"](x),
        SO2().rep("2x1"),
        "invariant",
        torch.randn(16, 4),
        module=net,
        layers=["used", "idle"],
    )
    assert report.left_out == {"idle": "no call of it returned a batch"}
    assert report.layers[0].name == "used"
