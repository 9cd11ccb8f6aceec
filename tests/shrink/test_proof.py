"""What an export is held against."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import RunError
from bertkit.metrics import find_metric
from bertkit.shrink.proof import check_equal, largest_differences, mean_change, points

INF = float("inf")


def test_largest_differences_are_of_all_examples() -> None:
    one = {"logits": [np.array([1.0, 2.0]), np.array([3.0])], "start": np.array([1.0, -INF])}
    other = {"logits": [np.array([1.0, 2.5]), np.array([2.0])], "start": np.array([1.0, -INF])}
    assert largest_differences(one, other) == {"logits": 1.0, "start": 0.0}
    assert largest_differences(one, {**other, "start": np.array([-INF, 0.0])})["start"] == INF
    assert largest_differences({"a": [np.zeros(2)]}, {"a": [np.zeros(3)]}) == {"a": INF}
    assert largest_differences({"a": []}, {"a": []}) == {"a": 0.0}


def test_one_example_in_a_hundred_may_differ() -> None:
    """Where two places tie, another order of sums may choose the other one."""
    outputs = {"places": [np.zeros(3)] * 200, "crf_start": np.ones(4)}
    two = {**outputs, "places": [np.full(3, 9.0)] * 2 + [np.zeros(3)] * 198}
    check_equal(outputs, two)
    three = {**outputs, "places": [np.full(3, 9.0)] * 3 + [np.zeros(3)] * 197}
    with pytest.raises(RunError, match="3 of 200 examples have other outputs than the model"):
        check_equal(outputs, three)
    with pytest.raises(RunError, match="200 of 200"):
        check_equal(outputs, {**outputs, "places": [np.full(3, np.nan)] * 200})


def test_change_is_in_units_of_the_output() -> None:
    one = {"a": [np.array([10.0, -10.0])], "b": [np.array([1.0, -INF])]}
    other = {"a": [np.array([11.0, -9.0])], "b": [np.array([1.1, -INF])]}
    assert mean_change(one, other) == pytest.approx(0.2)
    assert mean_change(one, one) == 0


@pytest.mark.parametrize(
    ("name", "takes", "before", "after", "expected"),
    [
        ("accuracy", "labels", 0.925, 0.920, 0.5),
        ("accuracy", "labels", 0.920, 0.925, -0.5),
        ("mse", "scores", 4.0, 4.5, 0.5),
        ("mse", "scores", 0.5, 0.51, 1.0),
        ("accuracy", "labels", float("nan"), 0.5, 0.0),
    ],
)
def test_points(name: str, takes: str, before: float, after: float, expected: float) -> None:
    metric = find_metric(name, takes)  # type: ignore[arg-type]
    key = metric.keys[0]
    assert points(metric, {key: before}, {key: after}) == pytest.approx(expected)
