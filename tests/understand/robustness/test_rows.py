"""Perturbed rows of every kind of column; they pass the checks of rows that are read from a file."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.column import Column
from bertkit.data.memory import table_of
from bertkit.recipe.schema import DataBlock
from bertkit.tasks.words import split
from bertkit.understand.robustness.perturbations.perturbation import Perturbation
from bertkit.understand.robustness.perturbations.table import PERTURBATIONS, named
from bertkit.understand.robustness.rows import RowEditor, WordPlace
from tests.helpers import make
from tests.understand.robustness.material import TEXTS, WORDS


def edited(task: str, row: dict[str, Any], name: str, **options: Any) -> dict[str, Any] | None:
    (one,) = named([name])
    result = RowEditor(make(task, {}).columns, **options).edit(row, one, 0)
    return result and result.values


def test_a_row_without_its_answer_has_it_in_the_same_text() -> None:
    """A neutral sentence stands before the context, not in the question."""
    new = edited("squad", {"question": "Who is it?", "context": "It is Anna."}, "sentence_before")
    assert new is not None
    assert new["question"] == "Who is it?"
    assert new["context"].endswith(" It is Anna.")


def ner_rows() -> list[dict[str, Any]]:
    """Every third word of each text is an entity, of one word or two."""
    rows = []
    for text in TEXTS:
        words = split(text)
        spans = [
            {"start": words[n][0], "end": words[min(n + n % 2, len(words) - 1)][1], "label": "X"}
            for n in range(0, len(words), 3)
        ]
        rows.append({"text": text, "spans": spans})
    return rows


def word_rows() -> list[dict[str, Any]]:
    return [{"tokens": words, "tags": [("B-X", "I-X", "O")[n % 3] for n in range(len(words))]} for words in WORDS]


def squad_rows() -> list[dict[str, Any]]:
    """Answers at every third word, two that overlap, and one without a place."""
    rows = []
    for text in TEXTS:
        words = split(text)
        places = [(words[n][0], words[min(n + n % 3, len(words) - 1)][1]) for n in range(0, len(words), 3)]
        answers = [{"text": text[a:b], "start": a} for a, b in places[:2]]
        answers.append({"text": "not there", "start": None})
        rows.append({"question": f"Who? {text}", "context": text, "answers": answers})
    return rows


@pytest.mark.parametrize("one", PERTURBATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize(("task", "rows"), [("ner", ner_rows), ("ner", word_rows), ("squad", squad_rows)])
def test_rows_are_as_those_of_a_file(one: Perturbation, task: str, rows: Any) -> None:
    """Read as a file is, a changed row is what it was: no answer is moved, no entity sorted or refused."""
    columns = make(task, {}).columns
    editor = RowEditor(columns, strength=0.5)
    changed = [new.values for n, row in enumerate(rows()) if (new := editor.edit(row, one, n)) is not None]
    if changed:
        read = table_of(changed, columns, DataBlock())
        names = [column.name for column in columns if column.name in changed[0]]
        assert [{name: row[name] for name in names} for row in read] == changed
    for row, new in zip(rows(), (editor.edit(row, one, n) for n, row in enumerate(rows())), strict=True):
        if new is not None and "answers" in row:
            for answer, old in zip(new.values["answers"], row["answers"], strict=True):
                start = answer["start"]
                assert (start is None) == (old["start"] is None)
                if start is not None:
                    assert new.values["context"][start : start + len(answer["text"])] == answer["text"] != ""


def test_a_row_is_left_as_it_is() -> None:
    row = {"text": "Berlin", "spans": [{"start": 0, "end": 6, "label": "LOC"}]}
    before = {"text": "Berlin", "spans": [{"start": 0, "end": 6, "label": "LOC"}]}
    new = edited("ner", row, "sentence_before")
    assert row == before
    assert new is not None
    start = new["spans"][0]["start"]
    assert new["text"][start:] == "Berlin"
    assert edited("ner", row, "expanded") is None


def test_the_seed_the_name_and_the_row_draw() -> None:
    columns, row = make("classify", {}).columns, {"text": "where is the parcel with the restaurant", "label": "x"}
    (one, other) = named(["typo_swap", "typo_keyboard"])

    def text(seed: int = 0, number: int = 0, perturbation: Perturbation = one) -> str:
        new = RowEditor(columns, seed=seed, strength=0.3).edit(row, perturbation, number)
        assert new
        return new.values["text"]

    assert text() == text()
    assert len({text(), text(seed=1), text(number=1), text(number=2), text(perturbation=other)}) == 5


def test_names_change_alike_in_all_texts_of_a_row() -> None:
    row = {
        "question": "Where does Anna live?",
        "context": "Anna lives in Paris.",
        "answers": [{"text": "Paris", "start": 14}],
    }
    new = edited("squad", row, "names_changed")
    assert new is not None
    name = new["context"].split()[0]
    assert name != "Anna"
    assert new["question"] == f"Where does {name} live?"
    city = new["answers"][0]["text"]
    assert city != "Paris"
    assert new["context"] == f"{name} lives in {city}."


def test_a_name_that_can_not_change_everywhere_changes_nowhere() -> None:
    """An answer without a place is only scored by its text, which stays."""
    answers = [{"text": "Paris", "start": 14}, {"text": "in Paris", "start": None}]
    row = {"question": "Where does Anna live?", "context": "Anna lives in Paris.", "answers": answers}
    assert edited("squad", row, "names_changed") is None
    new = edited("squad", row, "upper_case")
    assert new is not None
    assert new["context"] == "ANNA LIVES in Paris."


def test_a_name_that_is_a_part_of_an_entity_stays() -> None:
    row = {"text": "Paris Hilton is in Paris", "spans": [{"start": 0, "end": 12, "label": "PER"}]}
    new = edited("ner", row, "names_changed")
    assert new is not None
    assert new["text"].startswith("Paris Hilton is in ")
    assert not new["text"].endswith("Paris")


def test_words_of_chinese_are_one_text() -> None:
    row = {"tokens": list("他在北京。我们走了。"), "tags": ["O", "O", "B-LOC", "I-LOC", *["O"] * 6]}
    swapped = edited("ner", row, "sentences_swapped")
    assert swapped is not None
    assert "".join(swapped["tokens"]) == "我们走了。他在北京。"
    assert swapped["tags"][7:9] == ["B-LOC", "I-LOC"]
    named_ = edited("ner", row, "names_changed")
    assert named_ is not None
    assert named_["tags"] == row["tags"]
    assert named_["tokens"][2:4] != ["北", "京"]


def test_where_a_sentence_is_put() -> None:
    pair = edited("classify", {"text": "It rains.", "text_pair": "It is wet.", "label": "x"}, "sentence_before")
    assert pair is not None
    assert pair["text"].removesuffix("It rains.") == pair["text_pair"].removesuffix("It is wet.") != ""
    squad = edited("squad", {"question": "Who?", "context": "Anna.", "answers": []}, "sentence_before")
    assert squad is not None
    assert squad["question"] == "Who?"
    assert squad["context"] != "Anna."
    row = {"text": "It rains.", "question": "What?", "choices": ["wet", "dry"], "label": 0}
    choice = edited("choice", row, "sentence_after")
    assert choice is not None
    assert {name for name in row if choice[name] != row[name]} == {"text"}
    rerank = edited("rerank", {"query": "rain", "text": "It rains.", "score": 1.0}, "sentence_after", group_by="query")
    assert rerank is not None
    assert rerank["query"] == "rain"
    assert rerank["text"] != "It rains."


def test_choices_stay_different() -> None:
    row = {"text": "Who?", "choices": ["US", "us"], "label": 0}
    new = edited("choice", row, "lower_case")
    assert new is not None
    assert new["choices"] == ["US", "us"]
    new = edited("choice", {"text": "Who?", "choices": ["US", "They"], "label": 1}, "lower_case")
    assert new is not None
    assert new["choices"] == ["us", "they"]


def test_documents_of_a_query_share_a_draw() -> None:
    rows = [{"query": q, "text": t, "score": 1.0} for q, t in (("rain", "a"), ("sun", "b"), ("rain", "c"))]
    editor = RowEditor(make("rerank", {}).columns, group_by="query")
    assert editor.numbers(rows) == [0, 1, 0]
    assert RowEditor(make("classify", {}).columns).numbers(rows) == [0, 1, 2]


def test_lines_of_words_that_are_new_are_unknown() -> None:
    row = {"tokens": ["Anna", "sleeps"], "tags": ["B-PER", "O"], "lines": [3, 4]}
    new = edited("ner", row, "sentence_before")
    assert new is not None
    assert new["lines"] is None
    assert len(new["tags"]) == len(new["tokens"])
    new = edited("ner", row, "upper_case")
    assert new is not None
    assert new["lines"] == [3, 4]


def test_free_words() -> None:
    def words(text: str) -> list[tuple[int, int]]:
        return split(text)

    editor = RowEditor(make("squad", {}).columns)
    row = {"question": "Who?", "context": "Anna is", "answers": [{"text": "Anna", "start": 0}]}
    assert editor.free_words(row, words) == [
        WordPlace("question", 0, 3),
        WordPlace("question", 3, 4),
        WordPlace("context", 5, 7),
    ]
    editor = RowEditor(make("ner", {}).columns)
    assert editor.free_words({"tokens": ["Anna", "is"], "tags": ["B-PER", "O"]}, words) == [WordPlace("tokens", 5, 7)]


def test_columns_of_a_task_of_a_user() -> None:
    """Kinds decide, not names."""
    columns = (Column("head", "text"), Column("body", "text"), Column("found", "spans", answer=True))
    row = {"head": "Who?", "body": "Anna is", "found": [{"start": 0, "end": 4, "label": "P"}]}
    (one,) = named(["sentence_before"])
    new = RowEditor(columns).edit(row, one, 0)
    assert new is not None
    assert new.values["head"] == "Who?"
    span = new.values["found"][0]
    assert new.values["body"][span["start"] : span["end"]] == "Anna"
