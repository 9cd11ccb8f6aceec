from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.tasks.confidence.abstention import by_row, curve_of, threshold_of
from bertkit.tasks.task import Verdict


def verdict(score: float, confidence: float | None) -> Verdict:
    return Verdict("", "", "", score, confidence)


VERDICTS = [verdict(1, 0.9), verdict(0.5, 0.6), verdict(1, 0.7), verdict(0, 0.2)]


def test_a_partly_right_answer_is_wrong() -> None:
    confidence, right = by_row(VERDICTS)
    assert confidence.tolist() == [0.9, 0.6, 0.7, 0.2] and right.tolist() == [True, False, True, False]


def test_the_kept_curve_has_what_thresholds_need() -> None:
    assert curve_of(VERDICTS) == [[0.7, 2, 0], [0.6, 3, 1], [0.0, 4, 2]]
    assert curve_of([verdict(-0.5, None)]) == [] and curve_of([]) == []


def test_thresholds() -> None:
    point, rows = threshold_of(curve_of(VERDICTS), 0.34, "metrics.json")
    assert point.threshold == 0.6 and rows == 4


@pytest.mark.parametrize(
    ("curve", "error", "message"),
    [
        ([[0.0, 4, 2]], 0.1, "0.1: no threshold reaches it: the lowest error on the validation rows is 50.0%"),
        ([], 0.1, "metrics.json  has no confidence of validation rows"),
        ([[0.0, 4, 2]], 1.0, "1: no share of the answers"),
        ([[0.0, 4, 2]], -0.1, "no share of the answers"),
        ([[0.0, 4, 2]], float("nan"), "no share of the answers"),
    ],
)
def test_mistakes(curve: list[list[float]], error: float, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        threshold_of(curve, error, "metrics.json")
