"""The forms of answers and spans, in the files that hold them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from bertkit.data.columns import spans
from bertkit.data.dataset import load
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.data.read.test_conll import NER
from tests.data.read.test_squad import SQUAD

ONE = [{"text": "b", "start": 2}]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"text": ["b"], "answer_start": [2]}, ONE),
        ({"text": ["b", "a"], "answer_start": [2, 0]}, [*ONE, {"text": "a", "start": 0}]),
        ({"text": [], "answer_start": []}, []),
        ({"text": ["b"]}, [{"text": "b", "start": None}]),
        ([{"text": "b", "answer_start": None}], [{"text": "b", "start": None}]),
        ({"text": "b", "answer_start": 2}, ONE),
        ([{"text": "b", "answer_start": 2}], ONE),
        ([{"text": "b", "start": 2.0, "more": 1}], ONE),
        ('[{"text": "b", "start": 2}]', ONE),
        ('{"text": ["b"], "answer_start": [2]}', ONE),
        ([], []),
        ("[]", []),
        (" ", []),
        (None, []),
    ],
)
def test_forms_of_answers(value, found):
    assert spans.answers(value) == found


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("b", "is not JSON: Expecting value (column 1), in 'b'"),
        ("{'text': ['b']}", "is not JSON: Expecting property name enclosed in double quotes (column 2), in "),
        (3, "is not a list of answers: found a number"),
        (["b"], "holds an element that is not an answer: number 1 is a text"),
        ({"text": ["b"], "answer_start": []}, "has not one start per text: 1 in text, 0 in answer_start"),
        ([{"text": "b", "start": 2.5}], "holds an answer without a whole number as answer_start: number 1"),
        ([{"text": "b", "start": True}], "holds an answer without a whole number as answer_start: number 1"),
        (
            [{"text": "b", "start": float("nan")}],
            "holds an answer without a whole number as answer_start: number 1",
        ),
        ('[{"text": "b", "text": "a", "start": 2}]', "holds an object with a key twice: 'text'"),
    ],
)
def test_what_are_no_answers(value, what):
    with pytest.raises(Unusable) as caught:
        spans.answers(value)
    assert str(caught.value).startswith(what)


X = [{"start": 0, "end": 2, "label": "X"}]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([[0, 2, "X"]], X),
        ([{"start": 0, "end": 2, "label": "X"}], X),
        ([{"id": 1, "start_offset": 0, "end_offset": 2, "label": "X"}], X),
        ([{"start": 0, "end": 2, "type": "X", "text": "ab"}], [{**X[0], "mention": "ab"}]),
        (
            {"X": {"ab": [[0, 1]], "c": [[3, 3]]}},
            [{**X[0], "mention": "ab"}, {"start": 3, "end": 4, "label": "X", "mention": "c"}],
        ),
        ({}, []),
        ([], []),
        ('[[0, 2, "X"]]', X),
    ],
)
def test_forms_of_spans(value, found):
    assert spans.spans(value, str) == found


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "is missing"),
        ("", "is missing"),
        (1, "is not a list of spans: found a number"),
        (["X"], "holds an element that is not a span: number 1 is a text ('X')"),
        ([[0, 2]], "holds an element that is not a span: number 1 is a list ([0, 2])"),
        ([[0, "2", "X"]], "holds a span without a whole number as start and end: number 1 "),
        ({"X": [[0, 2]]}, "holds no mentions with their places: 'X' has a list"),
        ({"X": {"ab": [[0]]}}, "holds a span without a whole number as start and end: number 1 "),
        ('{"X": {"ab": [[0, 1]], "ab": [[3, 4]]}}', "holds an object with a key twice: 'ab'"),
    ],
)
def test_what_are_no_spans(value, what):
    with pytest.raises(Unusable) as caught:
        spans.spans(value, str)
    assert str(caught.value).startswith(what)


def jsonl(*rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def ner(path: str, *, answers: bool = True, **options: Any) -> list[dict[str, Any]]:
    return load([path], NER, DataBlock(**options), answers=answers).to_list()


def refused(path: str, **options: Any) -> str:
    with pytest.raises(DataError) as caught:
        ner(path, **options)
    return str(caught.value)


CLUENER = {"text": "浙商银行叶老桂", "label": {"name": {"叶老桂": [[4, 6]]}, "company": {"浙商银行": [[0, 3]]}}}


def test_cluener(write, caplog):
    caplog.set_level("INFO")
    (row, none) = ner(write("a.jsonl", jsonl(CLUENER, {"text": "好", "label": {}})))
    assert row == {
        "text": "浙商银行叶老桂",
        "spans": [{"start": 0, "end": 4, "label": "company"}, {"start": 4, "end": 7, "label": "name"}],
        "row": 1,
        "place": "a.jsonl:1",
    }
    assert none["spans"] == []
    assert caplog.messages == ["a.jsonl: spans are read from the column label"]


@pytest.mark.parametrize("name", ["spans", "entities", "label"])
def test_spans_by_the_names_that_they_go_by(write, name):
    assert ner(write("a.jsonl", jsonl({"text": "ab c", name: [[0, 2, "X"]]})))[0]["spans"] == X
    assert "spans" not in ner(write("a.jsonl", jsonl({"text": "ab c", name: [[0, 2, "X"]]})), answers=False)[0]


def test_another_name_is_named(write):
    path = write("a.jsonl", jsonl({"sentence": "ab c", "found": [[0, 2, "X"]], "label": {"y": 1}}))
    assert ner(path, columns={"text": "sentence", "spans": "found"})[0]["spans"] == X


def test_a_label_that_is_no_list_of_spans(write):
    assert "spans" not in ner(write("a.jsonl", jsonl({"text": "ab c", "label": "x"})))[0]
    words = {"tokens": ["a"], "tags": ["O"], "label": ["x"]}
    assert "spans" not in ner(write("b.jsonl", jsonl(words)))[0]


def test_words_and_tags_in_jsonl_csv_and_the_hubs_layout(write):
    found = {"tokens": ["a", "b"], "tags": ["O", "B-X"], "row": 1}
    assert ner(write("a.jsonl", jsonl({"tokens": ["a", "b"], "ner_tags": ["O", "B-X"]}))) == [
        {**found, "place": "a.jsonl:1"}
    ]
    cell = '"[""a"", ""b""]","[""O"", ""B-X""]"'
    assert ner(write("a.csv", f"tokens,tags\n{cell}\n")) == [{**found, "place": "a.csv:2"}]
    names = {"label_ids": True, "label_names": ["O", "B-X"]}
    assert ner(write("b.jsonl", jsonl({"tokens": ["a", "b"], "tags": [0, 1]})), **names) == [
        {**found, "place": "b.jsonl:1"}
    ]


def test_tags_of_a_parquet_file_with_class_names(write, tmp_path):
    from datasets import ClassLabel, Dataset, Features, List, Value

    write("x", "")
    features = Features({"tokens": List(Value("string")), "ner_tags": List(ClassLabel(names=["O", "B-X"]))})
    Dataset.from_dict({"tokens": [["a", "b"]], "ner_tags": [[0, 1]]}, features).to_parquet(tmp_path / "a.parquet")
    assert ner("a.parquet")[0]["tags"] == ["O", "B-X"]


BAD = {
    "fewer tags": (
        {"tokens": ["a", "b"], "tags": ["O"]},
        "a.jsonl:1  not as many tags as tokens: 1 tags, 2 tokens; each word",
    ),
    "no words": ({"tokens": [], "tags": []}, "a.jsonl:1  tokens has no words; every row needs one"),
    "an empty word": (
        {"tokens": ["a", " "], "tags": ["O", "O"]},
        "a.jsonl:1  tokens holds an empty word: word 2 is ' '",
    ),
    "a number": (
        {"tokens": ["a", 7], "tags": ["O", "O"]},
        "a.jsonl:1  tokens holds a word that is not a text: word 2 is a number (7)",
    ),
    "words in one text": ({"tokens": "a b", "tags": ["O", "O"]}, "a.jsonl:1  tokens is not JSON: Expecting value"),
    "an object": ({"tokens": {"a": 1}}, "a.jsonl:1  tokens is not a list of words: found an object"),
    "no tag": ({"tokens": ["a"], "tags": [None]}, "a.jsonl:1  tags holds an empty tag: that of word 1; a word outside"),
    "tags without words": ({"text": "a", "tags": ["O"]}, "a.jsonl:1  tags without words; name the column of the words"),
    "spans without a text": ({"tokens": ["a"], "spans": [[0, 1, "X"]]}, "a.jsonl:1  spans without their text; name"),
    "beyond the text": (
        {"text": "ab", "spans": [[1, 3, "X"]]},
        "a.jsonl:1  spans reaches beyond the text or is empty: 1 to 3, the text has 2 characters; correct it, or leave",
    ),
    "an empty span": (
        {"text": "ab", "spans": [[1, 1, "X"]]},
        "a.jsonl:1  spans reaches beyond the text or is empty: 1 to 1",
    ),
    "a negative start": (
        {"text": "ab", "spans": [[-1, 1, "X"]]},
        "a.jsonl:1  spans reaches beyond the text or is empty: -1",
    ),
    "no label": (
        {"text": "ab", "spans": [[0, 1, ""]]},
        "a.jsonl:1  spans holds a bad label: that of span 1 is missing",
    ),
    "another mention": (
        {**CLUENER, "label": {"name": {"叶老桂": [[3, 5]]}}},
        "a.jsonl:1  spans is not at its place: '叶老桂' at 3 to 6, where the text has '行叶老'; correct it, or leave",
    ),
    "neither words nor text": (
        {"sentence": "a"},
        "a.jsonl  no column for tokens or text; the columns here: sentence; "
        "name the one that holds it: --set data.columns.text=sentence",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows(write, name):
    row, expected = BAD[name]
    assert refused(write("a.jsonl", jsonl(row))).startswith(expected)


def test_answers_in_a_table(write):
    lines = io.StringIO()
    table = csv.writer(lines)
    table.writerow(["id", "question", "context", "answers"])
    table.writerow([1, "q", "a b", '{"text": ["b"], "answer_start": [2]}'])
    table.writerow([2, "q", "a b", ""])
    found = load([write("a.csv", lines.getvalue())], SQUAD, DataBlock())
    assert found["answers"][:] == [ONE, []]


def test_no_answer_in_the_first_row(write):
    none, one = (
        {"question": "q", "context": "a b", "answers": None},
        {"question": "q", "context": "a b", "answers": ONE},
    )
    assert load([write("a.jsonl", jsonl(none, one))], SQUAD, DataBlock())["answers"][:] == [[], ONE]
    with pytest.raises(DataError, match=r"b\.jsonl:2  answers is there, but not in the first row"):
        load([write("b.jsonl", jsonl({"question": "q", "context": "a b"}, one))], SQUAD, DataBlock())
