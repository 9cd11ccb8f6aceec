"""The no-answer threshold: tuned for F1, and what it makes of answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertkit.tasks.squad import threshold


def answer(text: str, score: float) -> dict[str, Any]:
    return {"score": score, "n_best": [{"text": text}, {"text": ""}]}


ANSWERS = [answer("Paris", 3.0), answer("Rome", 1.0), answer("Oslo", -2.0), answer("Bern", 0.5)]
GOLDS = [["Paris"], [], [], ["Bern"]]


def test_the_tuned_threshold_has_the_best_f1() -> None:
    """Answering all down to 0.5 is right twice and wrong once; answering Paris alone is right once and never wrong."""
    best = threshold.tuned(ANSWERS, GOLDS)

    def f1(limit: float) -> float:
        refused = threshold.refused(ANSWERS, limit)
        return float(threshold.correct(ANSWERS, GOLDS, refused).mean())

    assert f1(best) == max(f1(limit) for limit in np.arange(-4, 4, 0.1)) == 0.75


def test_without_a_threshold_every_question_is_answered() -> None:
    assert threshold.refused(ANSWERS, None).tolist() == [False] * 4
    assert threshold.correct(ANSWERS, GOLDS, np.zeros(4, bool)).tolist() == [1, 0, 0, 1]
    assert threshold.correct(ANSWERS, GOLDS, np.ones(4, bool)).tolist() == [0, 1, 1, 0]
