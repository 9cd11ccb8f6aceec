"""Known answers, worked by hand: label 2 is out of scope."""

from __future__ import annotations

import math

from bertkit.tasks.classify.out_of_scope.metrics import metrics


def test_known_answers() -> None:
    accuracy, recall = metrics(2)
    predictions, references = [0, 2, 1, 2, 0], [0, 1, 1, 2, 2]
    assert accuracy(predictions, references) == {"in_scope_accuracy": 2 / 3}
    assert recall(predictions, references) == {"out_of_scope_recall": 1 / 2}


def test_without_such_rows_a_figure_is_undefined() -> None:
    accuracy, recall = metrics(2)
    assert math.isnan(accuracy([2], [2])["in_scope_accuracy"])
    assert math.isnan(recall([0], [1])["out_of_scope_recall"])


def test_scores_are_judged_where_there_are_some() -> None:
    *_, auc, fpr = metrics(2, scored=True)
    scores, outside = [5.0, 4.0, 3.0, 2.0, 1.0], [1, 0, 1, 0, 0]
    assert auc(scores, outside)["out_of_scope_auc"] == 5 / 6
    assert fpr(scores, outside)["out_of_scope_fpr95"] == 1 / 3
    assert not fpr.greater_is_better
