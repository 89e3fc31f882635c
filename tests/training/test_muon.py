"""Muon against a plain implementation of its formulas, and products by another library."""

import contextlib
import copy

import pytest
import torch
from torch import nn

from groupae.training import TrainingConfig
from groupae.training.fast_products import fast_products, is_faster_by_onednn
from groupae.training.muon import Muon, orthogonalise
from groupae.training.optimizers import build_optimizers

_SHAPES = {
    "wide": (24, 80),
    "tall": (80, 24),
    "square": (24, 24),
    "kernel": (24, 8, 3, 3),
    "another kernel": (24, 8, 2, 2),
    "tall kernel": (90, 8, 3, 3),
    "kernel of volumes": (16, 4, 2, 2, 2),
    "one row": (1, 7),
    "as wide as libraries change": (72, 200),
}


def _plain_step(weight, average, gradient, lr, momentum, weight_decay):
    """Return the weight and average of one step by the formulas of Jordan and Liu, in float64."""
    average = momentum * average + (1 - momentum) * gradient
    ahead = momentum * average + (1 - momentum) * gradient
    x = ahead.flatten(1)
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    update = 0.2 * max(x.shape) ** 0.5 * x.reshape(weight.shape)
    return weight - lr * (weight_decay * weight + update), average


def _parameters(layout, dtype):
    generator = torch.Generator().manual_seed(0)
    found = []
    for shape in _SHAPES.values():
        parameter = nn.Parameter(torch.randn(shape, generator=generator, dtype=dtype))
        if len(shape) == 4 and layout == "channels innermost":
            parameter = nn.Parameter(parameter.detach().to(memory_format=torch.channels_last))
        if layout == "transposed":
            columns_first = parameter.detach().transpose(0, 1).contiguous()
            parameter = nn.Parameter(columns_first.transpose(0, 1))
        found.append(parameter)
    return found


def _set_gradients(parameters, step, scale=1.0):
    generator = torch.Generator().manual_seed(step)
    for parameter in parameters:
        shape, dtype = parameter.shape, parameter.dtype
        parameter.grad = scale * torch.randn(shape, generator=generator, dtype=dtype)


@pytest.mark.parametrize("layout", ["plain", "channels innermost", "transposed"])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 3e-5), (torch.float64, 1e-12)])
def test_steps_are_those_of_the_formulas(layout, dtype, error):
    parameters = _parameters(layout, dtype)
    optimizer = Muon(parameters, lr=0.1, momentum=0.9, weight_decay=0.01)
    weights = [parameter.detach().clone().double() for parameter in parameters]
    averages = [torch.zeros_like(weight) for weight in weights]
    for step in range(3):
        _set_gradients(parameters, step)
        optimizer.step()
        for i, parameter in enumerate(parameters):
            gradient = parameter.grad.double()
            weights[i], averages[i] = _plain_step(
                weights[i], averages[i], gradient, lr=0.1, momentum=0.9, weight_decay=0.01
            )
    for parameter, weight, average in zip(parameters, weights, averages, strict=True):
        torch.testing.assert_close(parameter.detach().double(), weight, rtol=error, atol=error)
        found = optimizer.state[parameter]["average"].double()
        torch.testing.assert_close(found, average, rtol=error, atol=error)


def test_weights_together_are_updated_as_each_alone():
    together, alone = _parameters("plain", torch.float32), _parameters("plain", torch.float32)
    optimizers = [Muon(together, lr=0.1), *(Muon([parameter], lr=0.1) for parameter in alone)]
    for step in range(3):
        _set_gradients(together, step)
        _set_gradients(alone, step)
        for optimizer in optimizers:
            optimizer.step()
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_a_batch_of_matrices_is_orthogonalised_as_each_alone():
    matrices = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    for batch in (matrices, matrices.mT):
        found = orthogonalise(batch)
        for index in torch.cartesian_prod(torch.arange(2), torch.arange(3)).tolist():
            torch.testing.assert_close(found[tuple(index)], orthogonalise(batch[tuple(index)]))


@pytest.mark.parametrize("scale", [0.0, 1e-12, 1e12])
def test_gradients_of_any_size_give_finite_updates(scale):
    parameters = _parameters("plain", torch.float32)
    before = [parameter.detach().clone() for parameter in parameters]
    _set_gradients(parameters, 0, scale)
    Muon(parameters, lr=0.1).step()
    for parameter, weight in zip(parameters, before, strict=True):
        assert parameter.isfinite().all()
        assert torch.equal(parameter, weight) == (scale == 0.0)


def test_weights_without_gradient_stay():
    first, second = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    first.grad = torch.ones(4, 4)
    Muon([first, second], lr=0.1, weight_decay=0.1).step()
    assert not torch.equal(first, torch.ones(4, 4))
    assert torch.equal(second, torch.ones(4, 4))


def test_a_state_stored_in_another_memory_format_resumes_bit_for_bit():
    """Files hold contiguous tensors; kernels may have their channels innermost."""
    parameters = _parameters("channels innermost", torch.float32)
    optimizer = Muon(parameters, lr=0.1)
    _set_gradients(parameters, 0)
    optimizer.step()
    resumed = [nn.Parameter(parameter.detach().clone()) for parameter in parameters]
    state = copy.deepcopy(optimizer.state_dict())
    assert all(set(each) == {"average"} for each in state["state"].values()), "as in version 0.5"
    for each in state["state"].values():
        each["average"] = each["average"].contiguous()
    other = Muon(resumed, lr=0.1)
    other.load_state_dict(state)
    for each, chosen in ((optimizer, parameters), (other, resumed)):
        for step in (1, 2):
            _set_gradients(chosen, step)
            each.step()
    for one, same in zip(parameters, resumed, strict=True):
        assert torch.equal(one, same)


def test_fast_products_are_products_in_float32():
    generator = torch.Generator().manual_seed(0)
    for sizes in ((300, 200, 100), (64, 64, 64), (1, 500, 3)):
        m, k, n = sizes
        left = torch.randn(m, k, generator=generator)
        right = torch.randn(k, n, generator=generator)
        with fast_products():
            found = left @ right
        exact = left.double() @ right.double()
        assert (found - exact).norm() / exact.norm() < 1e-6


def test_fast_products_put_the_setting_back_and_respect_one_of_the_user():
    setting = torch.backends.mkldnn.matmul
    assert setting.fp32_precision == "none"
    with contextlib.suppress(KeyError), fast_products():
        assert setting.fp32_precision == ("bf16" if is_faster_by_onednn() else "none")
        raise KeyError
    assert setting.fp32_precision == "none"
    setting.fp32_precision = "ieee"
    try:
        with fast_products():
            assert setting.fp32_precision == "ieee"
        assert setting.fp32_precision == "ieee"
    finally:
        setting.fp32_precision = "none"


def test_products_are_left_alone_where_bfloat16_would_be_taken(monkeypatch):
    module = "groupae.training.fast_products"
    monkeypatch.setattr(f"{module}._error_by_onednn", lambda: 3e-3)
    is_faster_by_onednn.cache_clear()
    try:
        assert not is_faster_by_onednn()
        with fast_products():
            assert torch.backends.mkldnn.matmul.fp32_precision == "none"
    finally:
        is_faster_by_onednn.cache_clear()


@pytest.mark.parametrize("found", [{}, {"cpu_name": "Intel(R) Xeon(R)", "avx512_f": True}])
def test_products_are_left_alone_on_other_processors(monkeypatch, found):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    is_faster_by_onednn.cache_clear()
    try:
        assert not is_faster_by_onednn()
    finally:
        is_faster_by_onednn.cache_clear()


@pytest.mark.parametrize("name", ["adam", "muon"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_adamw_in_one_pass_is_adamw(name, dtype):
    def parameters():
        generator = torch.Generator().manual_seed(0)
        shapes = [(7,), (3, 5), (2, 3, 3)]
        return [nn.Parameter(torch.randn(s, generator=generator, dtype=dtype)) for s in shapes]

    config = TrainingConfig(optimizer=name, learning_rate=0.1, weight_decay=0.01)
    ours, plain = parameters(), parameters()
    (found,) = build_optimizers(nn.ParameterList(ours), config)
    assert isinstance(found, torch.optim.AdamW)
    decay = 0.01 if name == "adam" else 0.0
    wanted = torch.optim.AdamW(plain, lr=0.1, weight_decay=decay, betas=(0.9, 0.99), fused=False)
    for step in range(4):
        for chosen, optimizer in ((ours, found), (plain, wanted)):
            _set_gradients(chosen, step)
            optimizer.step()
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_a_state_of_adamw_of_version_0_5_goes_on_with_its_bits():
    ours, plain = _parameters("plain", torch.float32), _parameters("plain", torch.float32)
    older = torch.optim.AdamW(plain, lr=0.1)
    _set_gradients(plain, 0)
    older.step()
    (found,) = build_optimizers(nn.ParameterList(ours), TrainingConfig())
    found.load_state_dict(copy.deepcopy(older.state_dict()))
    for one, other in zip(ours, plain, strict=True):
        one.data.copy_(other)
    for chosen, optimizer in ((ours, found), (plain, older)):
        _set_gradients(chosen, 1)
        optimizer.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, plain, strict=True))


def test_complex_weights_take_the_general_adamw():
    weight = nn.Parameter(torch.ones(3, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    (optimizer,) = build_optimizers(nn.ParameterList([weight]), TrainingConfig(learning_rate=0.1))
    optimizer.step()
    assert not torch.equal(weight, torch.ones_like(weight))
