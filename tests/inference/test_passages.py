"""Passages of one question: the best one, and its share of the probability over all."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.errors import DataError
from bertkit.inference import passages


def row(q: str, score: float, none: float | None, *texts: float) -> dict[str, Any]:
    n_best: list[dict[str, Any]] = [{"text": f"text {i}", "probability": p} for i, p in enumerate(texts)]
    if none is None:
        return {"q": q, "score": score, "n_best": n_best}
    n_best.append({"text": "", "probability": none})
    return {"q": q, "score": score, "no_answer_probability": none, "n_best": n_best}


def test_shares_are_one_softmax_with_one_no_answer() -> None:
    # Odds against no answer: 2 and 1 in the first passage, 0.25 in the second; with no answer's own 1 that makes 4.25.
    assert passages.shares([row("a", 0, 0.25, 0.5, 0.25), row("a", 0, 0.8, 0.2)]) == pytest.approx([2 / 4.25, 1 / 17])
    (alone,) = passages.shares([row("a", 0, 0.25, 0.5, 0.25)])
    assert alone == pytest.approx(0.5)
    assert passages.shares([row("a", 0, 0.0, 1.0), row("a", 0, 1.0)]) == pytest.approx([1.0, 0.0])
    assert passages.shares([row("a", 0, None, 1.0)]) == passages.shares([]) == []


def test_the_best_row_of_each_value() -> None:
    rows = [row("a", 1, 0.25, 0.75), row("b", 3, 0.5, 0.5), row("a", 2, 0.2, 0.8)]
    best = passages.best_of(rows, "q")
    assert [(found["q"], found["score"]) for found in best] == [("a", 2), ("b", 3)]
    assert [found["share"] for found in best] == pytest.approx([4 / 8, 1 / 2])
    assert passages.best_of([row("a", 1, None, 1.0)], "q") == [row("a", 1, None, 1.0)]
    assert passages.best_of([], "q") == []


def test_what_can_not_be_compared() -> None:
    with pytest.raises(DataError, match="passage: no such column"):
        passages.best_of([row("a", 1, 0.5, 0.5)], "passage")
    with pytest.raises(DataError, match="no score to compare"):
        passages.best_of([{"q": "a", "label": "x"}], "q")
    with pytest.raises(DataError, match="already has the column share"):
        passages.best_of([{**row("a", 1, 0.5, 0.5), "share": 7}], "q")
