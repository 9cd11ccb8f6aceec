"""Answers before and after a change."""

from __future__ import annotations

from typing import Any

import numpy as np

from bertkit.engine.examples import Encoded
from bertkit.inference.predictor import Prepared
from bertkit.inference.seen import Seen
from bertkit.understand.robustness.clean import CleanRows, judged_by_group, shown, tokens_of
from bertkit.understand.robustness.rows import EditedRow
from tests.helpers import make
from tests.understand.robustness.rule import RulePredictor, by_words, clean_rows

ROWS = [
    {"text": "where is my parcel", "label": "parcel"},
    {"text": "my money back", "label": "money"},
    {"text": "good morning", "label": "money"},
]


def test_only_changed_rows_are_asked_again() -> None:
    task, rule = by_words({"parcel": "parcel", "money": "money"}, "other")
    predictor: Any = RulePredictor(task, rule)
    clean = CleanRows(predictor, ROWS, right=True)
    assert [verdict.score for verdict in clean.verdicts or []] == [1, 1, 0]
    assert predictor.asked == 3
    replies = clean.ask(
        {0: EditedRow({**ROWS[0], "text": "WHERE is my parcel"}), 1: EditedRow({**ROWS[1], "text": "my mony"})}
    )
    assert predictor.asked == 5
    assert list(replies) == [0, 1]
    assert (replies[0].same, replies[0].same_tokens) == (True, True)
    assert (replies[1].same, replies[1].same_tokens) == (False, False)
    assert replies[1].verdict is not None
    assert (replies[1].verdict.predicted, replies[1].verdict.score) == ("other", 0)
    assert clean.ask({}) == {}


def test_without_right_answers() -> None:
    clean = clean_rows(by_words({"parcel": "parcel"}, "other"), [{"text": "parcel"}], right=False)
    assert clean.verdicts is None
    assert clean.text(0) == "parcel (0.90)"
    (reply,) = clean.ask({0: EditedRow({"text": "nothing"})}).values()
    assert reply.verdict is None
    assert reply.same is False


def test_rows_that_are_read_with_their_neighbours_are_all_asked_again(monkeypatch: Any) -> None:
    task, rule = by_words({"parcel": "parcel"}, "other")
    monkeypatch.setattr(task, "margin", lambda limit: 1)
    predictor: Any = RulePredictor(task, rule)
    clean = CleanRows(predictor, ROWS, right=False)
    assert list(clean.ask({1: EditedRow({**ROWS[1], "text": "parcel"})})) == [1]
    assert predictor.asked == 6


def test_a_document_is_judged_among_those_of_its_query() -> None:
    task = make("rerank", {})
    rows = [{"query": "rain", "text": text, "score": score} for text, score in (("wet wet", 1.0), ("wet", 0.0))]
    clean = clean_rows((task, lambda row: {"score": row["text"].count("wet") / 10, "logit": 0.0}), rows)
    assert [verdict.score for verdict in clean.verdicts or []] == [1, 1]
    (reply,) = clean.ask({0: EditedRow({**rows[0], "text": "dry"})}).values()
    assert reply.verdict is not None
    assert reply.verdict.score == 0
    assert reply.same is None


def test_tokens_of_all_windows() -> None:
    examples = [{"row": row, "input_ids": np.array(ids)} for row, ids in ((1, [5]), (0, [1, 2]), (1, [6, 7]))]
    one, other = tokens_of(Prepared([{}, {}], Encoded(examples), Seen()))
    assert one == np.array([1, 2]).tobytes()
    assert other == np.array([5]).tobytes() + b"|" + np.array([6, 7]).tobytes()


def test_the_texts_of_a_row() -> None:
    assert shown({"text": "a", "text_pair": "b", "label": "x"}, make("classify", {})) == "a | b"
    assert shown({"tokens": ["a", "b"], "tags": ["O", "O"]}, make("ner", {})) == "a b"
    assert shown({"tokens": ["北", "京"], "tags": ["O", "O"]}, make("ner", {})) == "北京"
    assert shown({"text": "a", "choices": ["x", "y"], "label": 0}, make("choice", {})) == "a | x / y"


def test_documents_of_a_query_with_one_grade_can_not_be_wrong() -> None:
    rows = [{"query": q, "text": t, "score": s} for q, t, s in (("a", "x", 1.0), ("a", "y", 1.0), ("b", "x", 1.0))]
    task = make("rerank", {})
    assert judged_by_group(rows, task) == [False] * 3
    assert judged_by_group([*rows, {"query": "a", "text": "z", "score": 0.0}], task) == [True, True, False, True]
    assert judged_by_group(rows, make("classify", {})) == [True] * 3
