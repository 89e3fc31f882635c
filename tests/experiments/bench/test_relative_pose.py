"""Relative pose of held-out originals: what a model's codes know of it, with intervals."""

import pytest
import torch

from groupae import SO3, LatentActionAE, OrbitPairs, VectorAction
from groupae.experiments.bench.extra_scores import extra_scores
from groupae.experiments.bench.relative_pose import relative_pose_scores
from groupae.experiments.bench.task import BenchTask
from groupae.experiments.presets.building import build_model

RHO = SO3().rep("1x0 + 4x1")


class Code(torch.nn.Module):
    """Encoder that applies a function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Plain:
    """Model without an action."""

    def encode(self, x):
        return {"z": x, "y": 0 * x}


def data(n, seed, *, base=None):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 13, generator=generator) if base is None else base.expand(n, 13)
    return OrbitPairs(x, SO3(), RHO.act)


def model(function=lambda x: x):
    return LatentActionAE(Code(function), torch.nn.Identity(), VectorAction(RHO))


def test_a_perfect_model_scores_1_of_other_originals():
    base = torch.randn(13)
    found = relative_pose_scores(
        model(), data(50, 0, base=base), data(30, 1, base=base), views=6, resamples=100
    )
    assert list(found) == [
        "relative_pose_r2",
        "view_retrieval_score",
        "view_retrieval_hit_1",
        "view_retrieval_hit_5",
        "estimate_r2",
    ]
    for name, estimate in found.items():
        assert estimate.mean > 0.999, name
    low, high = found["estimate_r2"].interval
    assert low <= found["estimate_r2"].mean <= high


def test_estimates_need_no_common_frame():
    found = relative_pose_scores(model(), data(60, 0), data(40, 1), views=4, resamples=0)
    assert found["estimate_r2"].mean > 0.999
    assert found["relative_pose_r2"].mean < 0.95


def test_a_code_that_knows_nothing_is_at_chance():
    still = model(lambda x: torch.cat([x[:, :1], torch.randn(len(x), 12)], 1))
    found = relative_pose_scores(still, data(60, 0), data(60, 1), views=6, resamples=0)
    assert abs(found["relative_pose_r2"].mean) < 0.1
    assert found["estimate_r2"].mean < -0.5
    assert found["view_retrieval_score"].mean == pytest.approx(137 / 300, abs=0.06)


@pytest.mark.parametrize("name", ["objects"])
def test_the_benchmark_has_them_of_objects(name, tmp_path, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    task = BenchTask(name, "whole", 1.0, size="tiny", pixels=16)
    data = task.experiment.data
    built = build_model(data, task.experiment.presets["default"].model, seed=0)
    found = extra_scores(task, built)
    assert found["relative_pose_r2"][1] == 5
    assert abs(found["relative_pose_r2"][0].mean) < 1
    assert -2.5 < found["estimate_r2"][0].mean < 0.5
    assert extra_scores(BenchTask(name, "steps-45", 1.0, size="tiny", pixels=16), built) == {}


def test_a_model_without_action_is_read_as_a_whole():
    base = torch.randn(13)
    known, asked = data(50, 0, base=base), data(30, 1, base=base)
    found = relative_pose_scores(Plain(), known, asked, views=4, resamples=0)
    assert list(found) == ["relative_pose_r2"]
    assert found["relative_pose_r2"].mean > 0.999
    with pytest.raises(TypeError, match="relative_pose_scores: expected a model with encode"):
        relative_pose_scores(torch.nn.Identity(), known, asked)
