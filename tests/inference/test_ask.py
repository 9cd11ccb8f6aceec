"""Texts and questions one by one; passages of one question: the best one, and its share of the probability."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit import Predictor, Run
from bertkit.errors import DataError
from bertkit.inference.ask import ask_question, ask_texts, best_of, shares
from tests.helpers import make


def row(q: str, score: float, none: float | None, *texts: float) -> dict[str, Any]:
    n_best: list[dict[str, Any]] = [{"text": f"text {i}", "probability": p} for i, p in enumerate(texts)]
    if none is None:
        return {"q": q, "score": score, "n_best": n_best}
    n_best.append({"text": "", "probability": none})
    return {"q": q, "score": score, "no_answer_probability": none, "n_best": n_best}


def test_shares_are_one_softmax_with_one_no_answer() -> None:
    # Odds against no answer: 2 and 1 in the first passage, 0.25 in the second; with no answer's own 1 that makes 4.25.
    assert shares([row("a", 0, 0.25, 0.5, 0.25), row("a", 0, 0.8, 0.2)]) == pytest.approx([2 / 4.25, 1 / 17])
    (alone,) = shares([row("a", 0, 0.25, 0.5, 0.25)])
    assert alone == pytest.approx(0.5)
    assert shares([row("a", 0, 0.0, 1.0), row("a", 0, 1.0)]) == pytest.approx([1.0, 0.0])
    assert shares([row("a", 0, None, 1.0)]) is None
    assert shares([]) == []


def test_the_best_row_of_each_value() -> None:
    rows = [row("a", 1, 0.25, 0.75), row("b", 3, 0.5, 0.5), row("a", 2, 0.2, 0.8)]
    best = best_of(rows, "q")
    assert [(row["q"], row["score"]) for row in best] == [("a", 2), ("b", 3)]
    assert [row["share"] for row in best] == pytest.approx([4 / 8, 1 / 2])
    assert best_of([row("a", 1, None, 1.0)], "q") == [row("a", 1, None, 1.0)]
    assert best_of([], "q") == []


def test_what_can_not_be_compared() -> None:
    with pytest.raises(DataError, match="passage: no such column"):
        best_of([row("a", 1, 0.5, 0.5)], "passage")
    with pytest.raises(DataError, match="no score to compare"):
        best_of([{"q": "a", "label": "x"}], "q")
    with pytest.raises(DataError, match="already has the column share"):
        best_of([{**row("a", 1, 0.5, 0.5), "share": 7}], "q")


def test_texts_and_pairs(tiny_run: Run) -> None:
    predictor = Predictor.open(tiny_run)
    texts = ["hello", "good bye"]
    answered = ask_texts(predictor, texts)
    assert answered.rows == [{"text": "hello"}, {"text": "good bye"}]
    assert answered.answers == predictor.predict(texts)
    assert answered.shares is None
    pairs = ask_texts(predictor, texts, ["a", "b"])
    assert pairs.rows[1] == {"text": "good bye", "text_pair": "b"}
    assert pairs.answers == predictor.predict([("hello", "a"), ("good bye", "b")])
    with pytest.raises(DataError, match="--text-pair  number of second texts: 1, number of texts: 2; give one per"):
        ask_texts(predictor, texts, ["a"])
    with pytest.raises(DataError, match="--question  the task classify takes no question; expected columns: text, "):
        ask_question(predictor, "who?", ["a"])


class Oracle:
    """Answers questions with scores that are the lengths of their passages."""

    task = make("squad", {})
    recipe: Any = None

    def predict(self, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        return [row("q", len(one["context"]), 0.5, 0.5) for one in rows]


def test_passages_of_a_question_are_ranked() -> None:
    oracle: Any = Oracle()
    answered = ask_question(oracle, "who?", ["aa", "a", "aaa"])
    assert [one["context"] for one in answered.rows] == ["aaa", "aa", "a"]
    assert [answer["score"] for answer in answered.answers] == [3, 2, 1]
    assert answered.shares == pytest.approx([1 / 4] * 3)
    assert ask_question(oracle, "who?", ["aa"]).shares is None
