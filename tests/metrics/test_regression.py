import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from sklearn import metrics as sk

from bertkit.metrics import METRICS


def score(name, predictions, references):
    return METRICS[name](predictions, references)[name]


def test_by_hand():
    predictions, references = [1, 2, 4], [1, 3, 2]
    assert score("mse", predictions, references) == pytest.approx((0 + 1 + 4) / 3)
    assert score("mae", predictions, references) == pytest.approx((0 + 1 + 2) / 3)
    # Deviations (-4, -1, 5)/3 and (-1, 1, 0): 3/3 / sqrt(42/9 * 2)
    assert score("pearson", predictions, references) == pytest.approx(1 / math.sqrt(42 / 9 * 2))
    assert score("spearman", predictions, references) == pytest.approx(1 - 6 * (0 + 1 + 1) / (3 * 8))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, (2, 8), elements=st.integers(-5, 5)))
def test_equal_to_scipy_and_sklearn(rows):
    predictions, references = rows
    assert score("mse", *rows) == pytest.approx(sk.mean_squared_error(references, predictions))
    assert score("mae", *rows) == pytest.approx(sk.mean_absolute_error(references, predictions))
    if np.ptp(predictions) and np.ptp(references):
        assert score("pearson", *rows) == pytest.approx(stats.pearsonr(*rows).statistic)
        assert score("spearman", *rows) == pytest.approx(stats.spearmanr(*rows).statistic)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
@pytest.mark.parametrize("rows", [([0.1, 0.1, 0.1], [1, 2, 3]), ([1, 2, 3], [0.1, 0.1, 0.1]), ([1], [1])])
def test_correlation_of_a_constant_is_nan_without_a_warning(name, rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(score(name, *rows))
