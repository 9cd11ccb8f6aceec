"""Intervals and tests of rankings draw queries, never single documents."""

from __future__ import annotations

import numpy as np
import pytest

from bertkit.errors import PluginError
from bertkit.metrics import METRICS, Metric, intervals
from bertkit.metrics.metric import means
from bertkit.metrics.paired import Effort, differences
from bertkit.metrics.ranking.queries import drawn_queries, query_numbers


def per_query(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of as many queries, whose reciprocal ranks are these: 1 relevant document among 20."""
    references = [[query, int(row == 0)] for query in range(len(values)) for row in range(20)]
    scores = [20.5 - 1 / value if row == 0 else 20.0 - row for value in values for row in range(20)]
    return np.array(scores), np.array(references)


def test_numbers_have_no_gaps() -> None:
    assert query_numbers(np.array([[9, 0], [3, 1], [9, 1]])).tolist() == [1, 0, 1]


def test_a_query_drawn_twice_is_two_queries() -> None:
    references = np.array([[5, 1], [4, 0], [5, 0], [4, 2]])
    at, sample = drawn_queries(references)(np.array([0, 2]))
    assert at.tolist() == [0, 2, 0, 2]
    assert sample.tolist() == [[0, 1], [0, 0], [1, 1], [1, 0]]
    assert references.tolist() == [[5, 1], [4, 0], [5, 0], [4, 2]]


def test_intervals_are_those_of_the_queries_figures() -> None:
    """A mean over 40 queries has the interval of 40 numbers, however many documents a query has."""
    values = [1 / rank for rank in np.random.default_rng(0).integers(1, 11, size=40)]
    scores, references = per_query(values)
    spans = intervals(METRICS["mrr@10"], scores, references)["mrr@10"]
    numbers = Metric("mean", lambda p, r: float(p.mean()), "scores", per_row=lambda p, r: p)
    assert spans == pytest.approx(intervals(numbers, values, values)["mean"])


def test_a_function_is_called_on_whole_queries() -> None:
    scores, references = per_query([1.0, 0.5, 0.25, 0.2, 0.125] * 4)
    own = Metric("own", lambda p, r: METRICS["mrr@10"](p, r)["mrr@10"], "ranking")
    ours = intervals(METRICS["mrr@10"], scores, references, samples=200)["mrr@10"]
    assert intervals(own, scores, references, samples=200)["own"] == pytest.approx(ours)


def test_shares_of_queries_have_wilsons_interval() -> None:
    scores, references = per_query([1.0] * 30)
    low, high = intervals(METRICS["recall@100"], scores, references)["recall@100"]
    assert (low, high) == (pytest.approx(0.8865, abs=1e-4), 1.0)  # 30 of 30


def test_queries_are_exchanged_as_a_whole() -> None:
    """Of eight queries four differ, all in favour of one model: 2 of 16 exchanges are as large."""
    scores, references = per_query([0.5] * 8)
    better, _ = per_query([1.0] * 4 + [0.5] * 4)
    for metric in (
        METRICS["mrr@10"],
        Metric("mrr@10", lambda p, r: METRICS["mrr@10"](p, r)["mrr@10"], "ranking"),
    ):
        (found,) = differences(metric, scores, better, references, Effort(50))
        assert (found.difference, found.p) == (pytest.approx(0.25), 2 / 16)
        assert found.test == "randomisation, all 16 exchanges"


def test_per_row_of_a_ranking_has_a_part_for_each_query() -> None:
    wrong = Metric("wrong", lambda p, r: 0.0, "ranking", per_row=lambda p, r: p, finish=means("wrong"))
    with pytest.raises(PluginError, match=r"shape \(4,\) for 2 queries; return an array \(query, part\)"):
        wrong.parts(np.zeros(4), np.array([[0, 1], [0, 0], [1, 0], [1, 1]]))
