"""Choices as files give them, and the labels that name one of them."""

from __future__ import annotations

from typing import Any

import pytest

from bertkit.data.columns.choices import FEWER, TWICE, choices, right, texts
from bertkit.data.columns.column import Column
from bertkit.data.dataset import load
from bertkit.data.read.rows import Unusable
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock

COLUMNS = (Column("text", "text"), Column("choices", "choices"), Column("label", "choice", answer=True))


def refusal(call: Any, *arguments: Any) -> str:
    with pytest.raises(Unusable) as caught:
        call(*arguments)
    assert caught.value.problem.remedy
    return str(caught.value)


@pytest.mark.parametrize("value", [["a", " b"], '["a", " b"]'])
def test_choices_are_kept_as_they_are(value: Any) -> None:
    assert choices(value) == ["a", " b"]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "is missing"),
        ("", "is missing"),
        ("a|b", "is not a list of choices: found a text ('a|b')"),
        ("7", "is not a list of choices: found a number (7)"),
        ({"text": ["a", "b"]}, "is not a list of choices: found an object ({'text': ['a', 'b']})"),
        ([], "holds no choice"),
        (["a"], "holds only one choice: 'a'"),
        (["a", " "], "holds an empty choice: number 2 of 2"),
        (["a", None, "c"], "holds an empty choice: number 2 of 3"),
        (["a", 5], "holds a choice that is not a text: number 2 of 2 is a number (5)"),
    ],
)
def test_what_is_no_choices(value: Any, what: str) -> None:
    assert refusal(choices, value) == what


def test_texts_are_one_or_more() -> None:
    assert texts('["a"]') == ["a"]
    assert refusal(texts, "not json") == "is not a list of texts: found a text ('not json')"
    assert refusal(texts, []) == "holds no text"
    assert refusal(texts, ["a", ""]) == "holds an empty text: number 2 of 2"


@pytest.mark.parametrize(
    ("label", "texts", "number"),
    [
        (1, ["a", "b"], 1),
        ("1", ["a", "b"], 1),
        (" b ", ["a", "b"], 1),
        ("the  cat", ["a", " the cat"], 1),
        ("7", ["5", "7"], 1),
        ("0", ["0", "1"], 0),
        ("-1", ["3", "-1"], 1),
        (1, ["1", "2"], 1),
    ],
)
def test_a_label_is_a_number_or_a_text(label: int | str, texts: list[str], number: int) -> None:
    assert right(label, texts) == number


@pytest.mark.parametrize(
    ("label", "texts", "what"),
    [
        (2, ["a", "b"], "is the number of no choice: 2, expected 0 to 1"),
        ("-2", ["a", "b"], "is the number of no choice: -2, expected 0 to 1"),
        (7, ["5", "7"], "is the number of no choice: 7, expected 0 to 1"),
        ("B", ["one", "two"], "is none of the choices: 'B'"),
        (-1, ["a", "b"], "is -1, which marks a hidden label"),
        ("1", ["1", "2"], "is ambiguous: 1 is the text of choice 0 and the number of '2'"),
        ("a", ["a", "b", "a "], "names a duplicate choice: 'a'"),
        (2, ["a", "b", "a "], "names a duplicate choice: 'a '"),
    ],
)
def test_a_label_that_names_no_choice(label: int | str, texts: list[str], what: str) -> None:
    assert refusal(right, label, texts) == what


def test_a_column_for_each_choice(write, caplog: pytest.LogCaptureFixture) -> None:
    """Rows with fewer choices have empty cells at the end, and are counted."""
    path = write("a.csv", "text,e0,e1,e2,label\na,x,y,z,2\nb,x,y,,y\n")
    rows = load([path], COLUMNS, DataBlock(columns={"choices": ["e0", "e1", "e2"]}))
    assert list(rows["choices"]) == [["x", "y", "z"], ["x", "y"]]
    assert list(rows["label"]) == [2, 1]
    assert caplog.messages == [f"{FEWER}: 1 (a.csv:3)"]


def test_wrong_choices_that_are_equal_are_counted(write, caplog: pytest.LogCaptureFixture) -> None:
    path = write("a.jsonl", '{"text": "a", "choices": ["x", "y", "y"], "label": 0}\n')
    assert len(load([path], COLUMNS, DataBlock())) == 1
    assert caplog.messages == [f"{TWICE}: 1 (a.jsonl:1)"]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["e0", "e1", "e9"], r"no column 'e9' for choices.*'data\.columns\.choices=\[e0,e1,e2\]'"),
        (["e0", "e0"], r"data\.columns\.choices  e0 is already the column of choices"),
        (["e0"], r"a\.csv:2  choices \(columns e0\) holds only one choice: 'x'"),
        (["e0", "e2", "e1"], r"a\.csv:2  choices \(columns e0, e2, e1\) holds an empty choice: number 2 of 3"),
        ("none", r"no column 'none' for choices.*'data\.columns\.choices=\[e0,e1,e2\]'"),
    ],
)
def test_columns_that_hold_no_choices(write, named: Any, message: str) -> None:
    path = write("a.csv", "text,e0,e1,e2,label\na,x,y,,0\n")
    with pytest.raises(DataError, match=message):
        load([path], COLUMNS, DataBlock(columns={"choices": named}))


def test_one_column_is_not_a_list(write) -> None:
    path = write("a.csv", "text,choices,label\n")
    with pytest.raises(DataError, match=r"data\.columns\.text  is one column, not a list of them"):
        load([path], COLUMNS, DataBlock(columns={"text": ["a", "b"]}))


def test_rows_to_predict_need_no_label(write) -> None:
    path = write("a.jsonl", '{"text": "a", "choices": ["x", "y"], "label": -1}\n')
    rows = load([path], COLUMNS, DataBlock(), answers=False)
    assert "label" not in rows.column_names
