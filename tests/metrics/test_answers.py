"""SQuAD's figures as metrics of rows: what the scorers give, under keys that a recipe can choose by."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bertkit.errors import DataError
from bertkit.metrics import METRICS, answers, find_metric, intervals

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


def test_best_threshold_is_that_of_every_one_tried() -> None:
    generator = np.random.default_rng(0)
    for _ in range(50):
        differences = generator.integers(-5, 6, 12).astype(float)
        gains = np.where(generator.random(12) < 0.5, -1.0, generator.random(12))
        threshold = answers.best_threshold(differences, gains)
        best = max(gains[differences <= t].sum() for t in [-99, *differences])
        assert gains[~(differences > threshold)].sum() == pytest.approx(best)


def test_best_threshold_where_none_or_all_are_to_be_answered() -> None:
    assert answers.best_threshold(np.array([1.0, 2.0]), np.array([-1.0, -1.0])) == 0.0
    assert answers.best_threshold(np.array([1.0, 2.0]), np.array([1.0, 0.5])) == 3.0
    assert answers.best_threshold(np.array([1.0, 2.0]), np.array([1.0, -1.0])) == 1.5


def candidate(text: str, score: float, confidence: float, answered: bool = True) -> dict[str, Any]:
    return {
        "answer": text if answered else "",
        "score": score,
        "confidence": confidence,
        "n_best": [{"text": ""}, {"text": text}],
    }


def test_the_best_figures_look_behind_the_threshold() -> None:
    predictions = [
        candidate("cat", 3.0, 0.5),
        candidate("the mat", 1.0, 0.5, answered=False),
        candidate("dog", 0.0, 0.5),
    ]
    golds = [["cat"], ["on the mat"], []]
    figures = answers.BEST(predictions, golds)
    assert figures == pytest.approx(
        {"best_exact": 200 / 3, "best_exact_thresh": -2.0, "best_f1": 100 * (2 + 2 / 3) / 3, "best_f1_thresh": -0.5}
    )


def test_calibration_error_of_answers() -> None:
    # In the bin of 0.8 one of two is right, in that of 0.3 the one that says no answer, rightly.
    predictions = [candidate("cat", 1, 0.8), candidate("mat", 1, 0.8), candidate("dog", -1, 0.3, answered=False)]
    figures = answers.CALIBRATION(predictions, [["cat"], ["hat"], []])
    assert figures == {"calibration_error": pytest.approx((2 * 0.3 + 0.7) / 3)}
    assert not answers.CALIBRATION.greater_is_better
    low, high = intervals(answers.CALIBRATION, predictions, [["cat"], ["hat"], []])["calibration_error"]
    assert low == 0  # three answers tell next to nothing
    assert figures["calibration_error"] <= high
