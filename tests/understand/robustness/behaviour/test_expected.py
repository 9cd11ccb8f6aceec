"""What a test expects, as the answer of a row."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.understand.robustness.behaviour.expected import (
    Unexpected,
    entities_of,
    has_answer,
    row_of,
    spans_column,
    with_answer,
)
from bertkit.understand.robustness.behaviour.templates import Slot, WordList
from tests.helpers import make


def columns(task: str, options: dict[str, Any] | None = None) -> tuple[Column, ...]:
    return make(task, options or {}).columns


def test_a_row() -> None:
    assert row_of("a", columns("classify")) == {"text": "a"}
    assert row_of("a", columns("ner")) == {"text": "a"}
    assert row_of({"text": "a", "label": "x"}, columns("classify")) == {"text": "a", "label": "x"}
    with pytest.raises(Unexpected, match="txt: the task has no such column; known: label, text, text_pair"):
        row_of({"txt": "a"}, columns("classify"))
    with pytest.raises(Unexpected, match="is not a whole row; write a mapping of question, context"):
        row_of("a", columns("squad"))


@pytest.mark.parametrize(
    ("task", "row", "expect", "answer"),
    [
        ("classify", {"text": "a"}, "x", {"label": "x"}),
        ("choice", {"text": "a", "choices": ["b", "c"]}, "c", {"label": "c"}),
        ("regress", {"text": "a"}, 3.5, {"score": 3.5}),
        ("ner", {"tokens": ["Anna"]}, ["B-PER"], {"tags": ["B-PER"]}),
        ("ner", {"text": "in Berlin"}, {"Berlin": "LOC"}, {"spans": [{"start": 3, "end": 9, "label": "LOC"}]}),
        ("ner", {"text": "in Berlin"}, {}, {"spans": []}),
        (
            "ner",
            {"text": "Li and Li"},
            [{"text": "Li", "type": "PER", "start": 7}, {"text": "Li", "type": "PER", "start": 0}],
            {"spans": [{"start": 0, "end": 2, "label": "PER"}, {"start": 7, "end": 9, "label": "PER"}]},
        ),
        ("squad", {"question": "?", "context": "in Rome"}, "Rome", {"answers": [{"text": "Rome", "start": 3}]}),
        ("squad", {"question": "?", "context": "in Rome"}, "", {"answers": []}),
        (
            "squad",
            {"question": "?", "context": "in Rome"},
            ["Rome", "in Rome"],
            {"answers": [{"text": "Rome", "start": 3}, {"text": "in Rome", "start": 0}]},
        ),
    ],
)
def test_answers_by_kind(task: str, row: dict[str, Any], expect: Any, answer: dict[str, Any]) -> None:
    assert with_answer(row, expect, columns(task)) == {**row, **answer}


def test_several_labels() -> None:
    own = columns("classify", {"multi_label": True})
    assert with_answer({"text": "a"}, ["x", "y"], own) == {"text": "a", "label": ["x", "y"]}
    with pytest.raises(Unexpected, match=r"is no list; write expect: \[one, two\]"):
        with_answer({"text": "a"}, "x", own)


@pytest.mark.parametrize(
    ("task", "row", "expect", "message"),
    [
        ("classify", {"text": "a"}, ["x"], "is no label"),
        ("regress", {"text": "a"}, "x", "is no number"),
        ("regress", {"text": "a"}, True, "is no number"),
        ("ner", {"text": "Li and Li"}, {"Li": "PER"}, "stands 2 times in the text"),
        ("ner", {"text": "a"}, {"Li": "PER"}, "stands 0 times in the text; write it as it stands there"),
        ("ner", {"text": "a"}, "PER", "is no entity"),
        ("ner", {"text": "a Li"}, [{"text": "Li", "type": "PER", "start": 0}], "does not stand at 0"),
        ("ner", {"tokens": ["a"]}, "B-PER", "is no list"),
        ("squad", {"question": "?", "context": "a"}, "b", "does not stand in the text"),
        ("squad", {"question": "?", "context": "a"}, 3, "is no text"),
    ],
)
def test_what_can_be_no_answer(task: str, row: dict[str, Any], expect: Any, message: str) -> None:
    with pytest.raises(Unexpected, match=message):
        with_answer(row, expect, columns(task))


def test_filled_words_that_are_entities() -> None:
    lists = {"city": WordList(("Rome",), "LOC"), "day": WordList(("May",))}
    slots = [Slot("city2", 0, 4), Slot("day", 5, 8)]
    assert entities_of(slots, lists) == [{"start": 0, "end": 4, "label": "LOC"}]


def test_answers_in_rows() -> None:
    assert has_answer({"text": "a", "label": "x"}, columns("classify"))
    assert not has_answer({"text": "a"}, columns("classify"))
    assert spans_column({"text": "a"}, columns("ner")) == (Column("spans", "spans", False, True), "text")
    assert spans_column({"tokens": ["a"]}, columns("ner")) is None
