"""Every form of rows in memory gives the rows of a list of dicts, or an error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from bertkit.data.columns.column import Column
from bertkit.data.memory import answered_rows, plain, rows_of, table_of
from bertkit.errors import DataError
from bertkit.inference.rows import as_row
from bertkit.recipe.schema import DataBlock
from tests.helpers import make

PAIR = make("classify", {}).columns
WORDS = make("ner", {}).columns
CHOICE = make("choice", {}).columns
ROWS = [{"text": "a", "text_pair": "b"}, {"text": "c", "text_pair": "d"}]
FRAME = pd.DataFrame(ROWS, index=[7, 3])


def rows(data: Any, columns: tuple[Column, ...] = PAIR) -> list[dict[str, Any]]:
    return [as_row(number, row, columns) for number, row in enumerate(rows_of(data, columns), 1)]


@pytest.mark.parametrize(
    "data",
    [
        ROWS,
        (row for row in ROWS),
        [("a", "b"), ["c", "d"]],
        np.array([["a", "b"], ["c", "d"]]),
        {"text": ["a", "c"], "text_pair": ("b", "d")},
        {"text": np.array(["a", "c"]), "text_pair": FRAME["text_pair"]},
        FRAME,
        [FRAME.iloc[0], FRAME.iloc[1]],
        Dataset.from_list(ROWS),
        Dataset.from_list(ROWS[::-1]).select([1, 0]),
        Dataset.from_list(ROWS).with_format("numpy"),
        Dataset.from_list(ROWS).to_iterable_dataset(),
        pa.Table.from_pylist(ROWS),
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_form_of_two_pairs(data: Any) -> None:
    assert rows(data) == ROWS


@pytest.mark.parametrize("data", ["hello", ["hello"], {"text": "hello"}, pd.Series(["hello"]), {"text": ["hello"]}])
def test_one_text_is_one_row(data: Any) -> None:
    assert rows(data) == [{"text": "hello"}]


def test_a_row_of_a_frame_is_one_row() -> None:
    assert rows(FRAME.iloc[1]) == [ROWS[1]]


def test_lists_of_words_and_choices() -> None:
    row = {"tokens": ["EU", "rejects"]}
    frame = pd.DataFrame([{"tokens": np.array(["EU", "rejects"])}])
    for data in (row, [row], {"tokens": [["EU", "rejects"]]}, frame):
        assert rows(data, WORDS) == [row]
    assert rows("Anna lives here", WORDS) == [{"text": "Anna lives here"}]
    choice = {"text": "a", "choices": ["b", "c"]}
    assert rows({"text": ["a"], "choices": [["b", "c"]]}, CHOICE) == rows(choice, CHOICE) == [choice]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (7, "int is not accepted; give a text, a list of rows, a DataFrame"),
        (None, "NoneType is not accepted"),
        (b"hello", "bytes is not accepted"),
        ({"a", "b"}, "set is not accepted"),
        ({"message": ["a"]}, "a dict with none of the columns text, text_pair"),
        (DatasetDict({"train": Dataset.from_list(ROWS)}), "a dict with none of the columns text, text_pair"),
        ({"text": ["a", "b"], "text_pair": ["c"]}, "columns of different lengths"),
        ({"text": ["a", "b"], "text_pair": "c"}, "columns of different lengths"),
        (pd.DataFrame({"message": ["a"]}), "row 1  no text; expected columns: text, text_pair"),
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "two columns with one name"),
        (pd.DataFrame({"text": ["a", None]}), "row 2  text is not a text"),
        ([["a", "b", "c"]], "not a row of this task"),
        (["a", "b\ud83d"], "row 2  text holds half a character"),
    ],
)
def test_what_is_not_accepted(data: Any, what: str) -> None:
    with pytest.raises(DataError) as caught:
        rows(data)
    assert what in str(caught.value)


def test_rows_with_answers_have_the_names_of_the_recipe_or_the_task() -> None:
    features = Features({"message": Value("string"), "label": ClassLabel(names=["no", "yes"])})
    data = Dataset.from_list([{"message": "a", "label": 1}, {"message": "b", "label": 0}], features=features)
    block = DataBlock(columns={"text": "message"})
    assert table_of(data, PAIR, block)["label"] == ["yes", "no"]
    assert table_of({"message": ["a"], "label": ["no"]}, PAIR, block)["text"] == ["a"]
    assert table_of(pd.DataFrame({"text": ["a"], "label": [1]}), PAIR, block)["label"] == ["1"]
    with pytest.raises(DataError, match="row 1  has no answer"):
        table_of(["a"], PAIR, block)
    with pytest.raises(DataError, match="row 2  label is missing"):
        table_of(pd.DataFrame({"text": ["a", "b"], "label": ["x", None]}), PAIR, block)


SINGLE = [{"text": "a", "label": "x"}, {"text": "c", "label": "y"}]
ANSWERED = pd.DataFrame(SINGLE, index=[9, 4])


class Polars:
    """What is used of a polars DataFrame."""

    columns = ("text", "label")

    def to_dicts(self) -> list[dict[str, Any]]:
        return SINGLE


@pytest.mark.parametrize(
    "data",
    [
        SINGLE,
        [("a", "x"), ["c", "y"]],
        np.array([["a", "x"], ["c", "y"]]),
        {"text": ["a", "c"], "label": ("x", "y")},
        ANSWERED,
        ANSWERED.astype({"label": "category"}),
        [row for _, row in ANSWERED.iterrows()],
        Dataset.from_list(SINGLE),
        pa.Table.from_pylist(SINGLE),
        Polars(),
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_form_of_rows_with_answers(data: Any) -> None:
    assert answered_rows(data, PAIR, DataBlock()) == SINGLE


def test_named_tuples_and_tuples_of_all_columns() -> None:
    found = answered_rows(ANSWERED.itertuples(), PAIR, DataBlock())
    assert found == [{"Index": 9, **SINGLE[0]}, {"Index": 4, **SINGLE[1]}]
    pairs = [("a", "b", "x")]
    assert answered_rows(pairs, PAIR, DataBlock()) == [{"text": "a", "text_pair": "b", "label": "x"}]
    named = answered_rows(pairs, PAIR, DataBlock(columns={"text": "message", "label": ["x", "y"]}))
    assert named == [{"message": "a", "text_pair": "b", "label": "x"}]
    texts = answered_rows(pd.Series(["a", "b"]), make("pretrain", {}).columns, DataBlock())
    assert texts == [{"text": "a"}, {"text": "b"}]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ([], "rows  there are none"),
        (pd.DataFrame({"text": [], "label": []}), "rows  there are none"),
        (["a"], "row 1  has no answer; give a dict with the columns text, text_pair, label"),
        ([("a", "x"), ("a", "b", "c", "d")], r"row 2  is no row with answers: \('a', 'b', 'c', 'd'\)"),
        ([("a", "x"), ()], r"row 2  is no row with answers: \(\)"),
        ([7], "row 1  is no row with answers: 7"),
    ],
)
def test_rows_without_answers(data: Any, what: str) -> None:
    with pytest.raises(DataError, match=what):
        answered_rows(data, PAIR, DataBlock())


def test_missing_values_are_none_and_numpy_is_gone() -> None:
    row = {
        0: np.float64(1.5),
        "b": float("nan"),
        "c": pd.NA,
        "d": pd.NaT,
        "e": np.array([np.array(["x"]), None], object),
    }
    assert plain(row) == {"0": 1.5, "b": None, "c": None, "d": None, "e": [["x"], None]}
    frame = pd.DataFrame({"text": ["a", "b"], "score": [1.0, None]})
    with pytest.raises(DataError, match="row 2  score is missing"):
        table_of(frame, make("regress", {}).columns, DataBlock())
    counted = table_of(frame, make("regress", {}).columns, DataBlock(bad_rows="skip"))
    assert counted["score"] == [1.0]
