"""Paired differences of two models' answers."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.inference.differences import differences
from bertkit.metrics import find_metric
from bertkit.tasks.classify.task import Classify, ClassifyOptions

TASK = Classify(ClassifyOptions(), {"labels": ["a", "b"]})
ROWS = [{"text": "x", "label": label} for label in "aabb"]


def test_a_figure_and_its_test() -> None:
    metric = find_metric("accuracy", "labels")
    right, wrong = ([{"label": label} for label in labels] for labels in ("aabb", "aaba"))
    (one,) = differences(TASK, [right, wrong], ROWS, [metric, metric])
    assert (one.figure, one.one, one.other, one.test) == ("accuracy", 1.0, 0.75, "McNemar, exact")


def test_other_references_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    answers = [[{"label": "a"}] * 4] * 2
    references = iter(([0, 0, 1, 1], [0, 0, 1, 0]))
    monkeypatch.setattr(TASK, "compare", lambda *_: (np.zeros(4, dtype=int), np.array(next(references))))
    with pytest.raises(DataError, match="different right answers"):
        differences(TASK, answers, ROWS, [find_metric("accuracy", "labels")])
