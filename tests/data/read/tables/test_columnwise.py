from __future__ import annotations

import pytest

from bertkit.data.read.json_text import Repeated, parse
from bertkit.data.read.tables.columnwise import rows_of

ROWS = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]


@pytest.mark.parametrize(
    "value",
    [
        {"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}},
        {"text": {"7": "a", "3": "b"}, "label": {"7": "x", "3": "y"}},  # an index of rows that were drawn
        {"text": {"7": "a", "3": "b"}, "label": {"3": "y", "7": "x"}},
        {"text": ["a", "b"], "label": ["x", "y"]},
        {"0": ROWS[0], "1": ROWS[1]},
        {"columns": ["text", "label"], "index": [0, 1], "data": [["a", "x"], ["b", "y"]]},
        {"columns": ["text", "label"], "data": [["a", "x"], ["b", "y"]]},
        {"index": [0, 1], "columns": ["text", "label"], "data": [["a", "x"], ["b", "y"]], "index_names": [None],
         "column_names": [None]},
    ],
)  # fmt: skip
def test_a_table(value) -> None:
    assert rows_of(value, lists=False) == ROWS


def test_what_pandas_writes() -> None:
    import pandas as pd

    frame = pd.DataFrame(ROWS)
    for orient in ("columns", "index", "split"):
        assert rows_of(parse(frame.to_json(orient=orient)), lists=False) == ROWS
    for form in ("dict", "list", "split", "tight"):
        value = frame.to_dict(form)
        if form == "dict":
            value = {name: {str(key): cell for key, cell in column.items()} for name, column in value.items()}
        assert rows_of(value, lists=False) == ROWS


def test_columns_of_lists_and_of_objects() -> None:
    words = {"tokens": [["a", "b"], ["c"]], "tags": [["O", "O"], ["O"]]}
    assert rows_of(words, lists=False) == [
        {"tokens": ["a", "b"], "tags": ["O", "O"]},
        {"tokens": ["c"], "tags": ["O"]},
    ]
    answers = {"question": ["q", "r"], "answers": [{"text": []}, {"text": []}]}
    assert len(rows_of(answers, lists=False) or []) == 2


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"text": "a", "label": "x"},
        {"train": ROWS, "dev": ROWS},  # splits, by chance of one length
        {"train": ROWS},
        {"text": ["a", "b"], "label": ["x"]},
        {"text": ["a"]},
        {"text": {"0": "a"}, "label": {"1": "x"}},
        {"text": {"a": "a"}, "label": {"a": "x"}},
        {"text": {}, "label": {}},
        {"columns": [["a", "b"]], "data": {}},
        {"columns": ["a", "a"], "data": []},
    ],
)
def test_no_table(value) -> None:
    assert rows_of(value, lists=False) is None


def test_lists_whose_columns_the_recipe_names_are_splits() -> None:
    assert rows_of({"train": [["a", "x"]], "dev": [["b", "y"]]}, lists=True) is None


def test_a_row_of_another_length_stays_a_list() -> None:
    assert rows_of({"columns": ["text", "label"], "data": [["a"]]}, lists=False) == [["a"]]


def test_a_key_twice_is_kept_for_the_message() -> None:
    (row,) = rows_of(parse('{"text": {"0": "a", "0": "b"}, "label": {"0": "x"}}'), lists=False) or []
    assert isinstance(row, Repeated)
