"""Known answers, worked by hand: label 2 is out of scope."""

from __future__ import annotations

import math

from bertkit.tasks.classify.out_of_scope import metrics


def test_known_answers() -> None:
    accuracy, recall = metrics(2)
    predictions, references = [0, 2, 1, 2, 0], [0, 1, 1, 2, 2]
    assert accuracy(predictions, references) == {"in_scope_accuracy": 2 / 3}
    assert recall(predictions, references) == {"out_of_scope_recall": 1 / 2}


def test_without_such_rows_a_figure_is_undefined() -> None:
    accuracy, recall = metrics(2)
    assert math.isnan(accuracy([2], [2])["in_scope_accuracy"])
    assert math.isnan(recall([0], [1])["out_of_scope_recall"])
