"""Values and two derivatives across the borders of series, in both precisions."""

import math

import mpmath
import pytest
import torch

from groupae import SE2, SE3, SO3, Affine, get_group
from groupae.groups.lie import power_series as series

SIZES = [10.0**-k for k in range(8, 0, -1)] + [1.01e-4, 9.99e-4, 1.001e-3, 0.0999, 0.1001]
SIZES += [0.3, 0.499, 0.4999, 0.5, 0.5001, 0.501, 0.7, 0.999, 1.0, 1.001, 1.5, 2.0, 3.0]
precisions = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)

SCALARS = {
    "cos(t/2)": (lambda t: series.half_angle(t * t)[0], lambda t: mpmath.cos(t / 2)),
    "sin(t/2)/t": (lambda t: series.half_angle(t * t)[1], lambda t: mpmath.sin(t / 2) / t),
    "versine": (lambda t: series.versine_ratio(t * t), lambda t: (1 - mpmath.cos(t)) / t**2),
    "sine defect": (
        lambda t: series.sine_defect_ratio(t * t),
        lambda t: (t - mpmath.sin(t)) / t**3,
    ),
    "cotangent defect": (
        lambda t: series.cotangent_defect_ratio(t * t),
        lambda t: (1 - t / 2 * mpmath.cot(t / 2)) / t**2,
    ),
    "expm1(s)/s": (series.expm1_ratio, lambda s: mpmath.expm1(s) / s),
    "expm1(-s)/-s": (lambda s: series.expm1_ratio(-s), lambda s: mpmath.expm1(-s) / -s),
}


@pytest.mark.parametrize("name", SCALARS)
@precisions
def test_functions_that_divide_by_an_angle(name, dtype):
    ours, theirs = SCALARS[name]
    t = torch.tensor(SIZES, dtype=dtype, requires_grad=True)
    zero = torch.zeros(1, dtype=dtype, requires_grad=True)
    found, at_zero = ours(t), ours(zero)
    with mpmath.workdps(60):
        taylor = [mpmath.taylor(theirs, mpmath.mpf(float(x)), 2) for x in t.detach()]
    for order in range(3):
        wanted = [float(row[order]) * math.factorial(order) for row in taylor]
        wanted = torch.tensor(wanted, dtype=torch.float64)
        error = (found.double() - wanted).abs() / wanted.abs().clamp(min=1)
        worst = int(error.argmax())
        assert error[worst] < 64 * torch.finfo(dtype).eps, (order, float(t[worst]))
        assert at_zero.isfinite().all()
        (found,) = torch.autograd.grad(found.sum(), t, create_graph=True)
        (at_zero,) = torch.autograd.grad(at_zero.sum(), zero, create_graph=True)


VECTORS = {  # shifts of the size of one, turns and scalings of any size
    "SO(3)": ([], [0.48, -0.6, 0.64]),
    "SE(2)": ([0.7, -0.4], [1.0]),
    "SE(3)": ([0.7, -0.4, 0.3], [0.48, -0.6, 0.64]),
    "T(2) x| SO(2)": ([0.7, -0.4], [1.0]),
}


def vectors(name):
    """Return Lie-algebra vectors with parts of all sizes, float32, shape ``(n, lie_dim)``."""
    t = torch.tensor(SIZES)[:, None]
    if name == "Aff+(1)":
        return torch.cat([torch.cat([t, 0.8 + 0 * t], 1), torch.cat([-t, 0.8 + 0 * t], 1)])
    shift, turn = VECTORS[name]
    return torch.cat([torch.tensor(shift).expand(len(t), -1), t * torch.tensor(turn)], 1)


def jets(function, x):
    """Return value, first and second derivatives of a function of single vectors or elements."""
    slope = torch.func.jacrev(function)
    return [torch.vmap(f)(x).flatten(1) for f in (function, slope, torch.func.jacrev(slope))]


@pytest.mark.parametrize("name", [*VECTORS, "Aff+(1)"])
@pytest.mark.parametrize("method", ["exp", "log"])
def test_two_derivatives_in_single_precision_agree_with_double(name, method):
    group, x = get_group(name), vectors(name)
    if method == "log":
        x = group.exp(x.double()).float()
    function = getattr(group, method)
    found, wanted = jets(function, x), jets(function, x.double())
    for order in range(3):
        error = (found[order].double() - wanted[order]).abs().amax(1)
        error = error / wanted[order].abs().amax(1).clamp(min=1)
        worst = int(error.argmax())
        assert error[worst] < 64 * torch.finfo(torch.float32).eps, (order, x[worst])


def test_the_shift_of_the_affine_exponential_at_the_old_border():
    v = torch.tensor([1.01e-4, 1.0], requires_grad=True)
    (slope,) = torch.autograd.grad(Affine().exp(v)[1], v)
    assert abs(slope[0].item() - (0.5 + 1.01e-4 / 3)) < 1e-7


@pytest.mark.parametrize("group", [SO3(), SE2(), SE3(), Affine()], ids=str)
def test_second_derivatives_at_the_identity(group):
    v = torch.zeros(group.lie_dim, dtype=torch.float64)
    found = torch.autograd.functional.hessian(lambda v: group.log(group.exp(v)).square().sum(), v)
    torch.testing.assert_close(found, 2 * torch.eye(group.lie_dim, dtype=torch.float64))
