from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from bertkit.metrics.reliability.detection import area, best_threshold, false_positives, threshold_at


def test_equals_scikit_learn() -> None:
    draw = np.random.default_rng(2)
    outside = draw.random(500) < 0.2
    scores = draw.normal(size=500) + outside
    assert area(scores, outside) == pytest.approx(roc_auc_score(outside, scores))
    false, true, _ = roc_curve(outside, scores, drop_intermediate=False)
    assert false_positives(scores, outside) == pytest.approx(false[true >= 0.95][0])


def test_by_hand() -> None:
    scores, outside = np.array([5.0, 4, 3, 2, 1]), np.array([True, False, True, False, False])
    assert false_positives(scores, outside, caught=0.5) == 0.0
    assert false_positives(scores, outside) == pytest.approx(1 / 3)
    assert area(scores, outside) == pytest.approx(5 / 6)


def test_one_kind_alone_is_undefined() -> None:
    assert math.isnan(false_positives(np.arange(3.0), np.zeros(3, dtype=bool)))
    assert math.isnan(area(np.arange(3.0), np.ones(3, dtype=bool)))


def test_the_best_threshold_lies_between_divided_rows() -> None:
    scores, outside = np.arange(20.0), np.arange(20) >= 15
    assert best_threshold(scores, outside, threshold_at(scores[~outside], 0.8)) == 14.5
    assert best_threshold(scores, outside, 16.2) == 16.2  # not below what lets enough rows through


@pytest.mark.parametrize(("coverage", "kept"), [(0.95, 19), (0.5, 10), (0.01, 1)])
def test_a_threshold_lets_a_share_through(coverage: float, kept: int) -> None:
    scores = np.random.default_rng(3).permutation(20).astype(float)
    assert (scores <= threshold_at(scores, coverage)).sum() == kept
