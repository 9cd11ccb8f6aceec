"""Scores before and after a change."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.understand.robustness.behaviour.direction import ComparedScores
from bertkit.understand.robustness.behaviour.expected import Unexpected
from tests.helpers import make
from tests.understand.robustness.rule import label_answer, ner_answer, ner_oracle, squad_answer

LABELS = ["a", "b"]


def test_the_probability_of_the_old_answer_is_followed() -> None:
    """The new answer is surer, but it is another one."""
    task = make("classify", {})
    task.state["labels"] = LABELS
    old, new = label_answer("a", LABELS, 0.6), label_answer("b", LABELS, 0.9)
    assert ComparedScores(task).both(None, ({}, old), ({}, new)) == (0.6, pytest.approx(0.1))
    assert ComparedScores(task).both("b", ({}, old), ({}, new)) == (pytest.approx(0.4), 0.9)
    with pytest.raises(Unexpected, match="c: no such answer"):
        ComparedScores(task).both("c", ({}, old), ({}, new))


def test_an_answer_in_one_row_alone() -> None:
    both = ComparedScores(make("squad", {})).both
    old, new = ({}, squad_answer("Rome", 0.7)), ({}, squad_answer("Oslo", 0.9))
    assert both("Rome", old, new) == (0.7, 0.0)
    assert both(None, old, new) == (0.7, 0.0)
    with pytest.raises(Unexpected, match="Paris: no such answer"):
        both("Paris", old, new)


def test_choices_by_their_texts() -> None:
    def answered(first: float) -> tuple[dict[str, Any], dict[str, Any]]:
        row = {"text": "a", "choices": ["yes", "no"]}
        best = int(first < 0.5)
        own = [first, 1 - first]
        return row, {"label": best, "text": row["choices"][best], "probability": own[best], "probabilities": own}

    both = ComparedScores(make("choice", {})).both
    assert both("yes", answered(0.75), answered(0.25)) == both(0, answered(0.75), answered(0.25)) == (0.75, 0.25)
    with pytest.raises(Unexpected, match="maybe: no such answer"):
        both("maybe", answered(0.75), answered(0.25))


def test_what_has_no_score() -> None:
    vector = {"vectors": [[0.1, 0.2]]}
    with pytest.raises(Unexpected, match="neither a confidence nor a number"):
        ComparedScores(make("embed", {})).both(None, ({}, vector), ({}, vector))
    task, _ = ner_oracle()
    found, none = ner_answer({"tokens": ["Anna"]}, ["B-PER"]), ner_answer({"tokens": ["Anna"]}, ["O"])
    assert ComparedScores(task).both(None, ({}, found), ({}, none)) == (0.9, 0.0)
    with pytest.raises(Unexpected, match="neither a confidence"):
        ComparedScores(task).both(None, ({}, none), ({}, none))
    with pytest.raises(Unexpected, match="no probabilities"):
        ComparedScores(make("regress", {})).both("x", ({}, {"score": 1.0}), ({}, {"score": 2.0}))
    assert ComparedScores(make("regress", {})).both(None, ({}, {"score": 1.0}), ({}, {"score": 2.0})) == (1.0, 2.0)
