"""What differentiates wrongly is rejected, though its values and first gradient are right."""

import dataclasses

import pytest
import torch
from torch import Tensor

from groupae import SO2, Cyclic, VectorAction
from groupae.groups import SO3
from groupae.representations import IrrepSum
from groupae.testing import check_action, check_representation

PLAIN = SO2().rep("2x0 + 3x1 + 1x2")


def turn(t, x):
    """Turn a vector ``(*batch, 2, m)`` by an angle ``(*batch)``; the right one."""
    c, s = t.cos()[..., None], t.sin()[..., None]
    u, v = x.unbind(-2)
    return torch.stack([c * u - s * v, s * u + c * v], -2)


def parts_of_gradient(t, x, grad):
    of_t = (turn(t + torch.pi / 2, x) * grad).sum((-2, -1))
    return of_t.sum_to_size(t.shape), turn(-t, grad).sum_to_size(x.shape)


class Stated(torch.autograd.Function):
    """The turn of a plane with all derivatives stated; mutants state one wrongly."""

    @staticmethod
    def forward(t, x):
        return turn(t, x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        return parts_of_gradient(*ctx.saved_tensors, grad)

    @staticmethod
    def vmap(info, in_dims, t, x):
        t, x = (y if d is None else y.movedim(d, 0) for y, d in zip((t, x), in_dims, strict=True))
        return turn(t, x), 0


class ConstantGradient(Stated):
    """Its gradient is right, but no function of anything: a second one is 0."""

    @staticmethod
    def backward(ctx, grad):
        t, x = (y.detach() for y in ctx.saved_tensors)
        return parts_of_gradient(t, x, grad.detach())


class CountsTwice(Stated):
    """Where it is differentiated further it follows its inputs to what they share."""

    @staticmethod
    def backward(ctx, grad):
        t, x = ctx.saved_tensors
        if not (torch.is_grad_enabled() and t.requires_grad and x.requires_grad):
            return parts_of_gradient(t, x, grad)
        with torch.enable_grad():
            return torch.autograd.grad(turn(t, x), (t, x), grad, create_graph=True)


class WrongSlope(Stated):
    """Its forward derivative forgets the vector."""

    @staticmethod
    def jvp(ctx, t_, x_):
        t, x = ctx.saved_tensors
        return turn(t + torch.pi / 2, x) * (0 if t_ is None else t_[..., None, None])


class StatedSlope(Stated):
    """All it states is right, but torch 2.13 makes 0 of a second forward derivative."""

    @staticmethod
    def jvp(ctx, t_, x_):
        t, x = ctx.saved_tensors
        slope = 0 if t_ is None else turn(t + torch.pi / 2, x) * t_[..., None, None]
        return slope + (0 if x_ is None else turn(t, x_))


class ReversedVmap(Stated):
    """Samples come back in another order."""

    @staticmethod
    def jvp(ctx, t_, x_):
        return StatedSlope.jvp(ctx, t_, x_)

    @staticmethod
    def vmap(info, in_dims, t, x):
        moved, axis = Stated.vmap(info, in_dims, t, x)
        return moved.flip(0), axis


@dataclasses.dataclass(frozen=True)
class Mutant(IrrepSum):
    """A sum of a plane that is turned by the given function."""

    turn: object = turn

    def _apply(self, g, x):
        planes = x.unflatten(-2, (2, -1)).flatten(-2)
        return self.turn(g, planes).reshape(
            *torch.broadcast_shapes(g.shape, x.shape[:-2]), *x.shape[-2:]
        )


def mutant(kind):
    plain = SO2().rep("3x1")
    function = kind if kind is turn else kind.apply
    return Mutant(plain.group, plain.terms, turn=function)


def gradient_failures(report):
    laws = {"gradient", "derivative", "gradient_paths", "second_derivative", "vmap"}
    return laws & set(report.failures)


@pytest.mark.parametrize(
    ("kind", "law"),
    [
        (ConstantGradient, "second_derivative"),
        (CountsTwice, "gradient_paths"),
        (WrongSlope, "gradient_paths"),
        (StatedSlope, "second_derivative"),
        (ReversedVmap, "vmap"),
        (Stated, "gradient_paths"),  # no forward mode at all, which `align` needs
    ],
)
def test_a_wrong_derivative_is_rejected_by_the_law_one_would_name(kind, law):
    for report in (check_representation(mutant(kind)), check_action(VectorAction(mutant(kind)))):
        assert law in report.failures
        assert not {"homomorphism", "composition", "derivative"} & set(report.failures)


def test_the_right_one_passes():
    assert not gradient_failures(check_representation(mutant(turn)))
    assert not gradient_failures(check_action(VectorAction(mutant(turn))))


class Forgets(VectorAction):
    """An action that forgets a path to the element, to the code or to what both share."""

    def __init__(self, forget):
        super().__init__(PLAIN)
        self.forget = forget

    def forward(self, g, z):
        return self.forget(super().forward, g, z)


def knows_who_asks(act, g, z):
    return act(g, z) if torch.is_grad_enabled() else act(g, 1.001 * z)


def detached_beyond_one(x: Tensor) -> Tensor:
    """Return the same, with a gradient that is constant."""

    class FirstOrderOnly(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return x.clone()

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, grad):
            return grad.detach()

        @staticmethod
        def jvp(ctx, tangent):
            return tangent.clone()

    return FirstOrderOnly.apply(x)


@pytest.mark.parametrize(
    ("forget", "law"),
    [
        (lambda act, g, z: act(g, detached_beyond_one(z)), "second_derivative"),
        (knows_who_asks, "gradient_paths"),
        (lambda act, g, z: act(g, z.detach()) if len(z) == 1 else act(g, z), "vmap"),
    ],
    ids=["differentiates once", "knows who asks", "forgets a code alone"],
)
def test_a_forgetful_action_is_rejected(forget, law):
    assert law in check_action(Forgets(forget)).failures


@pytest.mark.parametrize("rho", [SO3().rep("1x0 + 2x2"), Cyclic(5).rep("1x0 + 2x1")], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_laws_are_tried_in_both_precisions(rho, dtype):
    report = check_representation(rho, dtype=dtype)
    report.raise_if_failed()
    assert {"gradient_paths", "second_derivative", "vmap"} <= {r.law for r in report.results}
