"""Which columns of an answer are written."""

from __future__ import annotations

import pytest

from bertkit.errors import DataError
from bertkit.inference.columns import AnswerColumns
from tests.helpers import make

ANSWER = {"label": "b", "probabilities": {"a": 0.2, "b": 0.8}, "logits": {"a": -1.0, "b": 1.0}}


def test_of_a_label() -> None:
    task = make("classify", {})
    answer = {"predicted_label": "b", "confidence": 0.8}
    every = {"probability_a": 0.2, "probability_b": 0.8}
    best = {"top_1": "b", "top_1_probability": 0.8, "top_2": "a", "top_2_probability": 0.2}
    assert AnswerColumns().of(task, ANSWER) == answer
    assert AnswerColumns("none").of(task, ANSWER) == {"predicted_label": "b"}
    assert AnswerColumns("all").of(task, ANSWER) == answer | every
    assert AnswerColumns(top_k=2).of(task, ANSWER) == answer | best
    assert AnswerColumns(top_k=3).of(task, ANSWER) == answer | best | {"top_3": None, "top_3_probability": None}
    found = AnswerColumns("all", 1, logits=True).of(task, ANSWER)
    assert list(found) == [*answer, "top_1", "top_1_probability", *every, "logit_a", "logit_b"]


def test_of_answers_without_candidates_or_confidence() -> None:
    task = make("regress", {})
    assert AnswerColumns("all").of(task, {"score": 1.5}) == {"predicted_score": 1.5}
    assert AnswerColumns().of(task, {"score": float("nan")}) == {"predicted_score": None}
    with pytest.raises(DataError, match="--top-k  the answers of this task have no candidates"):
        AnswerColumns(top_k=1).of(task, {"score": 1.5})


def test_a_row_without_an_entity_has_the_column_too() -> None:
    task = make("ner", {})
    answer = {"tags": ["O"], "words": ["a"], "probabilities": [0.9], "entities": []}
    assert AnswerColumns().of(task, answer) == {"predicted_tags": ["O"], "confidence": None}
    assert AnswerColumns("all").of(task, answer)["tag_probabilities"] == [0.9]
