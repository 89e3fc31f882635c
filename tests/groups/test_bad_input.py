"""Bad input to groups gets one clear sentence."""

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, Product, get_group


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: get_group("so4"), ValueError, r"got 'so4'; did you mean 'so3'\?"),
        (lambda: get_group(7), TypeError, "get_group: expected the name of a group, got int"),
        (lambda: Cyclic(0), ValueError, "Cyclic: expected n to be an integer of at least 1, got 0"),
        (lambda: SO3(backend="numpy"), ValueError, "one of table, e3nn, got 'numpy'"),
        (lambda: SO2().elements(), TypeError, "finite group, got an infinite one; use grid"),
        (lambda: Cyclic(4).exp(torch.zeros(1)), TypeError, "no Lie algebra"),
        (lambda: Cyclic(4).log(torch.tensor(0)), TypeError, "no Lie algebra"),
        (
            lambda: Cyclic(4).interpolate(torch.tensor(0), torch.tensor(1), 0.5),
            TypeError,
            "no path between elements",
        ),
        (lambda: SO3().exp(torch.zeros(2)), ValueError, r"shape \(\*batch, 3\), got \(2,\)"),
        (lambda: SO3().regular(), ValueError, "cutoff, the highest degree"),
        (lambda: SO2().regular(), ValueError, "cutoff, the highest frequency"),
        (lambda: Affine().regular(2), TypeError, "got a non-compact one"),
        (lambda: SO2().convert(torch.zeros(1), "angle", "rpm"), ValueError, "got 'rpm'"),
        (
            lambda: Cyclic(4).convert(torch.tensor([0.3]), "angle", "index"),
            ValueError,
            "multiples of 2 pi / 4",
        ),
        (lambda: Product((SO2(),)), TypeError, r"use G \* H"),
        (lambda: (SO2() * SO3()).pack(torch.zeros(1)), ValueError, "2 elements, one of each"),
        (
            lambda: (SO2() * Cyclic(3)).log(torch.zeros(2)),
            TypeError,
            r"Lie groups for log, got the discrete C\(3\)",
        ),
        (lambda: (SO2() * Cyclic(3)).rep("2x1"), ValueError, r"such as \(0,0\), got '1'"),
    ],
)
def test_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    ("group", "g", "error", "words"),
    [
        (
            SO3(),
            torch.zeros(3),
            ValueError,
            r"SO\(3\): .* of shape \(\*batch, 3, 3\)",
        ),
        (
            SO2(),
            torch.tensor([1]),
            TypeError,
            r"floating dtype, got torch.int64; .*\.float",
        ),
        (Cyclic(4), torch.tensor([1.0]), TypeError, r"integer dtype, got torch.float32; .*\.long"),
        (Cyclic(4), torch.tensor([True]), TypeError, "integer dtype, got torch.bool"),
        (SO2(), 0.5, TypeError, r"a tensor \(\*batch,\), got float"),
    ],
)
def test_elements_of_the_wrong_kind(group, g, error, words):
    with pytest.raises(error, match=words):
        group.standard().act(g, torch.zeros(1, group.standard().dim))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: Affine().inverse(torch.zeros(3)),
            r"shape \(\*batch, 2\), got \(3,\)",
        ),
        (lambda: SO3().compose(torch.zeros(3), torch.zeros(3)), r"shape \(\*batch, 3, 3\)"),
        (lambda: SO3().log(torch.zeros(2)), r"shape \(\*batch, 3, 3\), got \(2,\)"),
        (lambda: Cyclic(4).compose(torch.tensor(1.5), torch.tensor(1)), "integer dtype"),
        (lambda: Cyclic(4).rep("1x1").character(torch.tensor([0.5])), "integer dtype"),
        (lambda: SO2().compose(torch.tensor(1), torch.tensor(0.5)), "floating dtype"),
        (lambda: SO2().rep("1x1").matrix(0.5), r"a tensor \(\*batch,\), got float"),
    ],
)
def test_group_operations_check_their_elements(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
