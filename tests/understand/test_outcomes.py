"""Rows by outcome, their order, and classes."""

from __future__ import annotations

from bertkit.tasks.task import Verdict
from bertkit.understand import outcomes
from tests.understand.compared import ONE, OTHER


def partly(*scores: float) -> list[Verdict]:
    return [Verdict("text", "right", f"answer {score}", score) for score in scores]


def test_counts_of_right_and_wrong_rows() -> None:
    counts = outcomes.count(ONE, OTHER)
    assert counts == {"both_right": 1, "only_one": 2, "only_other": 1, "both_wrong": 1, "same_answer": 2}


def test_counts_of_rows_that_are_partly_right() -> None:
    counts = outcomes.count(partly(0.5, 1, 0, 0.2), partly(0.4, 1, 0.1, 0.2))
    assert counts == {"one_better": 1, "other_better": 1, "alike": 2, "same_answer": 2}


def test_the_same_labels_in_another_order_are_the_same_answer() -> None:
    labels = frozenset({("a",), ("b",)})
    one, other = (Verdict("text", "a, b", answer, 1.0, None, labels, labels) for answer in ("a, b", "b, a"))
    assert outcomes.count([one], [other])["same_answer"] == 1


def test_rows_of_which_both_were_sure_stand_first() -> None:
    assert outcomes.ranked(ONE, OTHER) == [1, 2, 0]  # 0.9 + 0.8, 0.6 + 0.9, 0.5 + 0.4
    assert outcomes.ranked(ONE, ONE) == []


def test_rows_are_sorted_by_their_scores_first() -> None:
    assert outcomes.ranked(partly(0.5, 0, 0.3), partly(0.4, 1, 0.3)) == [1, 0]
    assert outcomes.ranked(partly(-0.5, -2), partly(-0.5, -1)) == [1]


def test_classes_that_one_of_the_two_found() -> None:
    assert outcomes.by_class(ONE, OTHER) == [("delivery", 2, 2, 0), ("refund", 1, 0, 1)]
    assert outcomes.by_class(partly(1), partly(0)) == []
