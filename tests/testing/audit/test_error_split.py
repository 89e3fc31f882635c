import math

import pytest

from groupae.testing.audit import ErrorSplit

LEVELS = (0.0, 1e-12, 0.3, 1.0, 4.0, math.inf)


@pytest.mark.parametrize("exact", [None, *LEVELS])
@pytest.mark.parametrize("other", [None, *LEVELS])
@pytest.mark.parametrize("resampling", LEVELS)
def test_the_parts_are_not_negative_and_add_up(exact, other, resampling):
    split = ErrorSplit.of(exact=exact, other=other, resampling=resampling)
    assert min(split.resampling, split.discretisation, split.model) >= 0
    assert split.total == pytest.approx(max(exact or 0.0, other or 0.0))


def test_the_order_is_model_then_resampling_then_discretisation():
    split = ErrorSplit.of(exact=0.2, other=1.0, resampling=0.5)
    assert (split.model, split.resampling) == (0.2, 0.5)
    assert split.discretisation == pytest.approx(0.3)


def test_what_resampling_explains_is_at_most_what_is_left():
    assert ErrorSplit.of(exact=0.9, other=1.0, resampling=5.0).resampling == pytest.approx(0.1)


def test_without_exact_elements_the_rest_is_the_model():
    split = ErrorSplit.of(exact=None, other=1.0, resampling=0.25)
    assert (split.resampling, split.discretisation, split.model) == (0.25, 0.0, 0.75)
