"""Scores by name."""

import pytest
import torch

from groupae import PairBatch
from groupae.metrics import PSNR, RELATIVE_SCORES, SCORES, default_scores, get_score, relative_score


def pairs(x):
    return PairBatch(x, torch.zeros(len(x)), x)


@pytest.mark.parametrize("name", tuple(SCORES))
def test_a_score_is_found_by_its_own_name(name):
    score = get_score(name, pairs(torch.rand(4, 1, 16, 16)))
    assert score is SCORES[name]
    assert score.name == name


@pytest.mark.parametrize("name", tuple(RELATIVE_SCORES))
def test_a_relative_score_is_made_for_the_data(name):
    x = torch.rand(4, 9, 3)
    near, far = (get_score(name, pairs(scale * x)) for scale in (1, 100))
    assert near.name == far.name == name
    # the same error relative to the spread
    values = [
        score.function(scale * (x + 0.1), pairs(scale * x))
        for score, scale in ((near, 1), (far, 100))
    ]
    torch.testing.assert_close(*values)
    assert not torch.allclose(far.function(x + 0.1, pairs(x)), values[0])


def test_an_unknown_name_lists_the_choices():
    with pytest.raises(ValueError, match=r"get_score: .*psnr, ssim.*relative_snr.*mean 'psnr'"):
        get_score("pnsr", pairs(torch.rand(4, 1, 16, 16)))


def test_the_rule_chooses_among_them():
    vectors = pairs(torch.randn(9, 5))
    assert default_scores(pairs(torch.rand(9, 1, 8, 8))) == (PSNR,)
    assert [s.name for s in default_scores(vectors)] == [relative_score(vectors).name]
