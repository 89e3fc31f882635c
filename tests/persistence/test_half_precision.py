"""Weights stored in half the bytes: rounded once, and float32 again after reading."""

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE
from groupae.persistence import load, save
from groupae.persistence.folder import verify

PRECISIONS = {"float16": 2.0**-11, "bfloat16": 2.0**-8}  # half the distance of neighbours at 1


def model_of(seed=0):
    torch.manual_seed(seed)
    return LatentActionAE.conv(SO2().rep("4x0 + 2x1"), (1, 8, 8), widths=(8,)).eval()


@pytest.mark.parametrize(("precision", "error"), PRECISIONS.items())
def test_weights_are_rounded_once_and_are_float32_again(tmp_path, precision, error):
    model = model_of()
    again = load(save(model, tmp_path / "model", precision=precision))
    dtype = getattr(torch, precision)
    for name, weight in model.state_dict().items():
        assert again.state_dict()[name].dtype == torch.float32
        assert torch.equal(again.state_dict()[name], weight.to(dtype).float())
        assert torch.allclose(again.state_dict()[name], weight, rtol=error, atol=1e-7)
    twice = load(save(again, tmp_path / "twice", precision=precision))
    for name, weight in again.state_dict().items():
        assert torch.equal(twice.state_dict()[name], weight)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_file_has_half_the_bytes(tmp_path, precision):
    sizes = [
        (save(model_of(), tmp_path / str(kind), precision=kind) / "model.safetensors").stat()
        for kind in (None, precision)
    ]
    assert sizes[1].st_size < 0.75 * sizes[0].st_size  # a header beside the weights


def test_without_it_nothing_is_rounded(tmp_path):
    model = model_of()
    again = load(save(model, tmp_path / "model"))
    for name, weight in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], weight)


def test_modes_ties_and_other_dtypes_stay(tmp_path):
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    model[1].running_mean = model[1].running_mean.double()
    model[1].eval()
    again = load(save(model, tmp_path / "model", precision="bfloat16"))
    assert again[2].weight is again[0].weight
    assert again[1].num_batches_tracked.dtype == torch.int64
    assert not again[1].training


def test_an_unknown_precision_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"precision to be one of float16, bfloat16, got 'float8'"):
        save(model_of(), tmp_path / "model", precision="float8")
    assert not (tmp_path / "model").exists()


def test_a_weight_too_large_for_float16_is_refused(tmp_path):
    model = nn.Linear(2, 2)
    nn.init.constant_(model.weight, 1e5)
    with pytest.raises(ValueError, match=r"weights of at most 65504, .* got 100000 in 'weight'"):
        save(model, tmp_path / "model", precision="float16")
    again = load(save(model, tmp_path / "m", precision="bfloat16"))
    assert again.weight[0, 0].item() == 99840


def test_weights_of_that_format_already_are_refused(tmp_path):
    model = nn.Linear(2, 2).to(torch.bfloat16)
    with pytest.raises(ValueError, match="no weight of bfloat16, got 'weight'"):
        save(model, tmp_path / "model", precision="bfloat16")


def test_version_0_6_refuses_the_description_and_verify_reads_it(tmp_path):
    folder = save(model_of(), tmp_path / "model", precision="float16")
    values, weights = verify(folder)
    assert values["groupae_model"] == 2
    assert values["weights"]["float32_stored_as"] == "float16"
    assert {weight.dtype for weight in weights.values()} == {torch.float32}
