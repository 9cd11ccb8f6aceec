"""SQuAD's figures as metrics of rows: what the scorers give, under keys that a recipe can choose by."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.metrics import METRICS, find_metric, intervals

PREDICTIONS = ["the cat", "monday", "Paris", "no"]
REFERENCES = [["cat"], ["on monday"], ["Paris", "in Paris"], ["yes"]]


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.takes == "answers"])
def test_perfect_answers(name: str) -> None:
    metric = find_metric(name, "labels")
    figures = metric(["cat", "mat"], [["cat"], ["mat"]])
    assert [figures[key] for key in metric.keys] == [100.0, 100.0]


@pytest.mark.parametrize(("name", "keys"), [("squad", ("f1", "exact_match")), ("squad_v2", ("f1", "exact"))])
def test_figures_and_their_intervals(name: str, keys: tuple[str, str]) -> None:
    metric = find_metric(name, "answers")
    figures = metric(PREDICTIONS, REFERENCES)
    assert metric.keys == keys
    assert [figures[key] for key in keys] == pytest.approx([100 * (2 + 2 / 3) / 4, 50.0])
    spans = intervals(metric, PREDICTIONS, REFERENCES, samples=100)
    assert spans.keys() == set(keys)
    assert all(low <= figures[key] <= high for key, (low, high) in spans.items())


def test_questions_without_an_answer() -> None:
    figures = find_metric("squad_v2", "answers")(["", "cat"], [[], []])
    assert (figures["exact"], figures["NoAns_total"]) == (50.0, 2)
    with pytest.raises(DataError, match="have no list of texts"):
        find_metric("squad", "answers")(["", "cat"], [[], ["cat"]])
