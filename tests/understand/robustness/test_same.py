"""Whether an answer stays, by the kinds of answers."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.tasks.task import Verdict
from bertkit.understand.robustness.edits import Edit, Edited
from bertkit.understand.robustness.rows import EditedRow
from bertkit.understand.robustness.same import SameAnswer, is_vector, label_column
from bertkit.understand.robustness.texts import EditedWords
from tests.helpers import make
from tests.understand.robustness.rule import label_answer, ner_answer, ner_oracle, squad_answer, squad_oracle

TEXT = "Anna lives in Berlin."


def same(task: Any, old: Any, new: Any, edited: EditedRow | None = None, row: Any = None, verdicts: Any = None) -> bool:
    return SameAnswer(task).same(old, new, edited or EditedRow({}), row or {}, verdicts)


def test_labels() -> None:
    task = make("classify", {})
    a, b = label_answer("a", ["a", "b"], 0.9), label_answer("a", ["a", "b"], 0.6)
    assert same(task, a, b)
    assert not same(task, a, label_answer("b", ["a", "b"]))


def test_verdicts_decide_where_answers_are_vectors() -> None:
    task = make("embed", {"loss": "supervised_contrastive"})
    x = frozenset({("x",)})
    verdicts = Verdict("t", "x", "x", 1.0, None, x, x), Verdict("t", "x", "x", 1.0, None, x, x)
    old, new = {"vectors": [[0.1, 0.2]]}, {"vectors": [[0.1, 0.3]]}
    assert same(task, old, new, verdicts=verdicts)
    assert not same(task, old, new)
    assert not same(task, old, new, verdicts=(verdicts[0], Verdict("t", "x", "y", 0.0)))


def test_entities_in_a_text_at_their_new_places() -> None:
    task, _ = ner_oracle()
    edited = Edited(TEXT, [Edit(0, 0, "Yes, "), Edit(15, 16, "o")])
    old = ner_answer({"text": TEXT}, ["B-PER", "O", "O", "B-LOC", "O"])
    row = EditedRow({"text": edited.text}, {"text": edited})
    moved = ner_answer({"text": edited.text}, ["O", "O", "B-PER", "O", "O", "B-LOC", "O"])
    other = ner_answer({"text": edited.text}, ["O", "O", "B-PER", "O", "B-LOC", "I-LOC", "O"])
    assert same(task, old, moved, row)
    assert not same(task, old, other, row)
    assert not same(task, old, ner_answer({"text": edited.text}, ["O"] * 7), row)


def test_tags_of_words_with_new_words_between() -> None:
    task, _ = ner_oracle()
    row = EditedRow({}, words={"tokens": EditedWords(["Oh", "Anna", "lives"], [None, 0, 1])})
    old = ner_answer({"tokens": ["Anna", "lives"]}, ["B-PER", "O"])
    assert same(task, old, ner_answer({"tokens": ["Oh", "Anna", "lives"]}, ["O", "B-PER", "O"]), row)
    assert not same(task, old, ner_answer({"tokens": ["Oh", "Anna", "lives"]}, ["B-PER", "I-PER", "O"]), row)
    assert same(task, old, ner_answer({"tokens": ["Anna", "LIVES"]}, ["B-PER", "O"]))


def test_answers_read_as_the_text_does_now() -> None:
    task, _ = squad_oracle()
    row = {"question": "?", "context": TEXT}
    edited = EditedRow({}, {"context": Edited(TEXT, [Edit(14, 20, "BERLIN")])})
    assert same(task, squad_answer("in Berlin"), squad_answer("in BERLIN"), edited, row)
    assert not same(task, squad_answer("in Berlin"), squad_answer("in Berlin"), edited, row)
    assert not same(task, squad_answer("in Berlin"), squad_answer("BERLIN"), edited, row)
    assert same(task, squad_answer(""), squad_answer(""), edited, row)
    assert same(task, squad_answer("Anna"), squad_answer("Anna"), EditedRow({}, {"question": Edited("?", [])}), row)


def test_choices_are_numbers() -> None:
    task = make("choice", {})
    old = {"label": 1, "text": "the parcel", "probability": 0.9}
    assert same(task, old, {"label": 1, "text": "THE PARCEL", "probability": 0.8})
    assert not same(task, old, {"label": 0, "text": "the parcel", "probability": 0.8})


@pytest.mark.parametrize(
    ("task", "compares"), [("classify", True), ("regress", False), ("rerank", False), ("ner", True)]
)
def test_numbers_are_not_compared(task: str, compares: bool) -> None:
    assert SameAnswer(make(task, {})).compares is compares


def test_the_column_of_labels() -> None:
    assert label_column(make("classify", {}).columns) == Column("label", "label", answer=True)
    assert label_column(make("ner", {}).columns) is None


def test_vectors() -> None:
    assert is_vector([0.1, 0.2])
    assert is_vector([[0.1], [0.2]])
    assert not any(map(is_vector, ([], ["a"], 0.5, "a", [{"start": 1}], [1])))
