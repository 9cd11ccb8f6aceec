from __future__ import annotations

import math

import numpy as np
import pytest

from bertkit.metrics.reliability.coverage import (
    CoveragePoint,
    area_under_errors,
    at_threshold,
    coverage_curve,
    error_interval,
    thinned,
    threshold_for,
)

CONFIDENCE = np.array([0.9, 0.5, 0.7, 0.7, 0.2])
RIGHT = np.array([True, False, True, False, False])


def test_a_point_for_each_confidence() -> None:
    assert coverage_curve(CONFIDENCE, RIGHT) == [
        CoveragePoint(0.9, 1, 0),
        CoveragePoint(0.7, 3, 1),
        CoveragePoint(0.5, 4, 2),
        CoveragePoint(0.0, 5, 3),
    ]


def test_answers_without_confidence_are_always_given() -> None:
    curve = coverage_curve(np.array([np.nan, 0.5]), np.array([False, True]))
    assert curve[0].answered == 1 and curve[0].wrong == 1 and curve[0].threshold > 1
    assert at_threshold(np.array([np.nan, 0.5]), np.array([False, True]), 0.6) == CoveragePoint(0.6, 1, 1)


def test_all_without_confidence_and_no_rows() -> None:
    assert coverage_curve(np.full(3, np.nan), np.ones(3, dtype=bool)) == [CoveragePoint(0.0, 3, 0)]
    assert coverage_curve(np.array([]), np.array([])) == []
    assert math.isnan(area_under_errors([]))


def test_the_threshold_answers_most_rows() -> None:
    curve = coverage_curve(CONFIDENCE, RIGHT)
    assert threshold_for(curve, 0.0) == CoveragePoint(0.9, 1, 0)
    assert threshold_for(curve, 0.4) == CoveragePoint(0.7, 3, 1)
    assert threshold_for(curve, 0.6) == CoveragePoint(0.0, 5, 3)
    assert threshold_for(coverage_curve(CONFIDENCE, ~np.ones(5, dtype=bool)), 0.5) is None


def test_a_curve_is_thinned_to_what_thresholds_need() -> None:
    draw = np.random.default_rng(0)
    confidence = draw.random(5000)
    curve = coverage_curve(confidence, draw.random(5000) < confidence)
    full = thinned(curve, 10**6)
    for error in (0.05, 0.1, 0.2, 0.3, 0.5):
        assert threshold_for(full, error) == threshold_for(curve, error)
    some = thinned(curve)
    assert len(some) <= 400 and some[-1] == curve[-1]
    for error in (0.1, 0.2, 0.3):
        near, best = threshold_for(some, error), threshold_for(curve, error)
        assert near and best and near.error <= error and near.answered > 0.97 * best.answered


def test_the_threshold_answers_the_rows_that_it_says() -> None:
    point = threshold_for(coverage_curve(CONFIDENCE, RIGHT), 0.4)
    assert point and at_threshold(CONFIDENCE, RIGHT, point.threshold) == point


def test_known_intervals() -> None:
    """Clopper & Pearson: 0 of 10 has an upper bound of 1 - 0.025^(1/10)."""
    assert error_interval(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1))
    assert error_interval(10, 10) == pytest.approx((0.025**0.1, 1.0))
    assert error_interval(2, 100) == pytest.approx((0.00243, 0.07038), abs=1e-5)
    assert error_interval(0, 0) == (0.0, 1.0)


def test_area() -> None:
    """Errors 0 for the first row, 1/3 for the next two, then 1/2 and 3/5."""
    assert area_under_errors(coverage_curve(CONFIDENCE, RIGHT)) == pytest.approx((0 + 2 / 3 + 1 / 2 + 3 / 5) / 5)
