"""Evaluation of a model: one table, intervals by bootstrap, reasons for what is left out."""

import json
import math

import pytest
import torch

from groupae import SO2, LatentActionAE, PairBatch, PartsAction, VectorAction, evaluate
from groupae.metrics import (
    MODEL_SCORES,
    PSNR,
    SCORES,
    Estimate,
    Evaluated,
    Evaluation,
    ModelScore,
    Need,
)
from groupae.metrics.estimate import bootstrap_interval


def linear_model(seed=0):
    torch.manual_seed(seed)
    action = VectorAction(SO2().rep("2x0 + 3x1"))
    return LatentActionAE(torch.nn.Linear(6, 8), torch.nn.Linear(8, 6), action)


def vectors(n=20, **parts):
    generator = torch.Generator().manual_seed(0)
    x1, x2 = torch.randn(2, n, 6, generator=generator)
    return PairBatch(x1, SO2().sample(n, generator=generator), x2, **parts)


def test_the_bootstrap_of_a_mean_agrees_with_the_normal_interval():
    x = torch.randn(400, generator=torch.Generator().manual_seed(0))
    estimate = Estimate.of(x, resamples=4000)
    low, high = estimate.interval
    assert (high - low) / 2 == pytest.approx(estimate.half_width, rel=0.05)
    assert low < estimate.mean < high


def test_the_bootstrap_covers_the_truth_in_95_of_100_samples():
    generator = torch.Generator().manual_seed(1)
    rows = torch.rand(200, 60, 2, generator=generator)  # ratio of two means, 1

    def ratio(means):
        return means[..., 0] / means[..., 1]

    limits = [bootstrap_interval(r, ratio, resamples=400) for r in rows]
    covered = sum(low <= 1 <= high for low, high in limits)
    assert 180 <= covered <= 198


def test_a_combination_of_means_has_its_jackknife_interval():
    x = torch.rand(50, 1, generator=torch.Generator().manual_seed(0))
    combined = Estimate.of(x, combine=lambda means: means[..., 0])
    plain = Estimate.of(x[:, 0])
    assert combined.mean == pytest.approx(plain.mean)
    assert combined.half_width == pytest.approx(plain.half_width)


def test_one_item_has_no_interval():
    low, high = Estimate.of(torch.ones(1), resamples=10).interval
    assert math.isnan(low)
    assert math.isnan(high)


def test_intervals_do_not_depend_on_the_state_of_torch():
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        found.append(evaluate(linear_model(), vectors()))
    assert dict(found[0]) == dict(found[1])
    other = evaluate(linear_model(), vectors(), seed=1)
    assert other["relative_snr"].interval != found[0]["relative_snr"].interval
    assert other["relative_snr"].mean == found[0]["relative_snr"].mean


def test_codes_and_predictions_are_computed_once_in_chunks():
    model, sizes = linear_model(), []
    model.encoder.register_forward_hook(lambda _, x, z: sizes.append(len(z)))
    evaluated = Evaluated(model, vectors(), batch_size=8)
    for _ in range(2):
        torch.testing.assert_close(evaluated.z2, model.encoder(evaluated.pairs.x2).detach())
        torch.testing.assert_close(
            evaluated.moved, model.action(evaluated.pairs.g, evaluated.z1.clone())
        )
    assert sizes.count(8) == 4
    assert sizes.count(4) == 2
    assert not evaluated.z1.requires_grad


def test_a_module_is_in_evaluation_mode_only_meanwhile():
    model = linear_model()
    model.encoder = torch.nn.Sequential(torch.nn.Dropout(0.5), model.encoder)
    evaluated = Evaluated(model.train(), vectors())
    torch.testing.assert_close(evaluated.encode(evaluated.pairs.x1), evaluated.z1)
    assert model.encoder.training


def test_codes_of_named_parts():
    class Split(torch.nn.Module):
        def forward(self, x):
            return {"still": x[:, :2], "moving": x[:, 2:]}

    class Join(torch.nn.Module):
        def forward(self, z):
            return torch.cat([z["still"], z["moving"]], 1)

    action = PartsAction({"still": None, "moving": VectorAction(SO2().rep("2x1"))})
    evaluated = Evaluated(LatentActionAE(Split(), Join(), action), vectors(), batch_size=7)
    assert evaluated.moved["moving"].shape == (20, 4)
    torch.testing.assert_close(evaluated.decode(evaluated.moved), evaluated.prediction)


def test_predictions_alone_do_not_pay_for_codes():
    model, calls = linear_model(), []
    model.encoder.register_forward_hook(lambda *_: calls.append(1))
    found = evaluate(model, vectors(), "relative_snr")
    assert len(calls) == 1
    assert found.left_out == {}


def test_a_score_of_ones_own_names_needs_and_is_left_out_or_refused():
    labelled = Need("labels", "the pairs have no labels", lambda e: e.labels is not None)
    mine = ModelScore("mine", "mine", 2, lambda e: e.labels.double(), needs=(labelled,))
    labels = torch.arange(20)
    assert evaluate(linear_model(), vectors(label=labels), mine)["mine"].mean == 9.5
    with pytest.raises(ValueError, match="'mine' applies to, got others: the pairs have no labels"):
        evaluate(linear_model(), vectors(), mine)


@pytest.mark.parametrize(
    ("value", "got"),
    [(torch.zeros(3, 2), r"\(3, 2\)"), (torch.zeros(()), r"\(\)"), (1.0, "float")],
)
def test_a_score_returns_a_row_per_item(value, got):
    score = ModelScore("mine", "mine", 2, lambda e: value)
    with pytest.raises((ValueError, TypeError), match=rf"score 'mine': expected .* got {got}"):
        evaluate(linear_model(), vectors(), score)


def test_scores_of_models_do_not_choose_weights():
    from groupae.metrics.registry import parse_scores

    mine = ModelScore("mine", "mine", 2, lambda e: e.labels)
    with pytest.raises(ValueError, match="fit: expected a score of predictions"):
        parse_scores("fit", [mine], vectors())


def test_an_unknown_name_lists_all_scores():
    with pytest.raises(ValueError, match=r"evaluate: .*psnr.*did you mean 'psnr'"):
        evaluate(linear_model(), vectors(), "pnsr")


def test_the_table_and_its_json():
    x = torch.rand(6, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    model = LatentActionAE(
        torch.nn.Flatten(), torch.nn.Unflatten(1, (1, 12, 12)), VectorAction(SO2().rep("144x0"))
    )
    found = evaluate(model, PairBatch(x, torch.zeros(6), x.flip(0)), [PSNR, "ssim"])
    lines = str(found).splitlines()
    assert "95 % interval" in lines[0] + lines[1]
    assert any("PSNR (dB)" in line and "[" in line for line in lines)
    stored = json.loads(found.to_json())
    assert stored["scores"]["psnr"]["value"] == found["psnr"].mean
    assert stored["scores"]["ssim"]["interval"] == list(found["ssim"].interval)
    assert stored["pairs"] == stored["scores"]["psnr"]["items"] == 6


def test_every_score_says_what_it_is():
    for name, score in {**SCORES, **MODEL_SCORES}.items():
        assert name == score.name
        assert score.definition
        assert score.source
        assert score.range[0] < score.range[1]


class Noisy(LatentActionAE):
    def encode(self, x):
        return super().encode(x) + 0.1 * torch.randn(len(x), 8)


def test_a_model_that_draws_has_the_same_scores_twice_and_leaves_the_state_of_torch():
    model = linear_model()
    noisy = Noisy(model.encoder, model.decoder, model.action)
    state = torch.get_rng_state()
    first = evaluate(noisy, vectors(), resamples=0)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(7)
    second = evaluate(noisy, vectors(), resamples=0)
    assert first.to_json() == second.to_json()


class Gaps(LatentActionAE):
    def encode(self, x):
        z = super().encode(x)
        return torch.cat([torch.full_like(z[:1], torch.nan), z[1:]])


def test_reasons_are_the_true_ones():
    model = linear_model()
    found = evaluate(Gaps(model.encoder, model.decoder, model.action), vectors(), resamples=0)
    assert found.left_out["code_homomorphism_error"] == "some codes are NaN or infinite"
    assert found.left_out["code_drift_10_error"] == "some codes are NaN or infinite"

    class Still:
        def transform(self, g, x):
            return x

    found = evaluate(Still(), vectors(), resamples=0)
    assert "know their group" in found.left_out["lie_derivative_error"]


@pytest.mark.parametrize("scores", [None, "relative_equivariance_error", "relative_snr"])
def test_data_of_another_dtype_than_the_weights(scores):
    pairs = vectors()
    wide = PairBatch(pairs.x1.double(), pairs.g.double(), pairs.x2.double())
    with pytest.raises(TypeError, match=r"dtype of its weights, torch\.float32"):
        evaluate(linear_model(), wide, scores)


def test_huge_numbers_are_short():
    found = Evaluation((PSNR,), {"psnr": Estimate(6.7e56, 1.0, (2.7522, 2e57))}, pairs=9)
    assert "6.7e+56" in str(found)
    assert "[2.75, 2.0e+57]" in str(found)


class Doubling(LatentActionAE):
    def encode(self, x):
        return super().encode(x.mul_(2))


def test_a_model_that_changes_its_input_in_place_leaves_the_pairs_as_they_are():
    model, pairs = linear_model(), vectors()
    before = pairs.x1.clone()
    doubling = Doubling(model.encoder, model.decoder, model.action)
    first = evaluate(doubling, pairs, resamples=0)
    assert torch.equal(pairs.x1, before)
    alone = evaluate(doubling, pairs, "relative_snr", resamples=0)
    assert first["relative_snr"].mean == alone["relative_snr"].mean


class Pairing(LatentActionAE):
    def transform(self, g, x):
        return x, x


def test_a_class_or_a_tuple_is_refused_in_one_sentence():
    with pytest.raises(TypeError, match="the class LatentActionAE; make an object"):
        evaluate(LatentActionAE, vectors())
    model = linear_model()
    for scores in (None, "relative_snr", "identity_error"):
        with pytest.raises(TypeError, match="Pairing: expected transform to return"):
            evaluate(Pairing(model.encoder, model.decoder, model.action), vectors(), scores)
