from __future__ import annotations

from datasets import Dataset

from bertkit.data.check.finding import Finding
from bertkit.data.check.texts import empty_texts, keys, places_of, texts_of, values
from bertkit.data.columns.column import Column

COLUMNS = (Column("tokens", "words"), Column("text", "text"), Column("choices", "choices"), Column("n", "number"))


def test_texts_of_each_kind_are_joined_and_made_normal() -> None:
    rows = [{"tokens": ["EU", "says"], "text": "A  b", "choices": ["x", "Y"], "n": 1.0}]
    for same in (rows, Dataset.from_list(rows)):
        texts = texts_of(same, COLUMNS)
        assert texts == {"tokens": ["EU says"], "text": ["A  b"], "choices": ["x Y"]}
        assert keys(texts) == [("eu says", "a b", "x y")]
    assert keys({}) == []


def test_columns_of_rows_that_are_read_on_access_are_not_looked_at() -> None:
    class Lazy:
        def __len__(self) -> int:
            return 2

    assert values(Lazy(), "text") is None
    assert texts_of(Lazy(), COLUMNS) == {}
    assert places_of(Lazy()) == ["row 1", "row 2"]
    assert values([{"a": 1}, {}], "a") is None


def test_a_row_is_empty_where_one_of_its_texts_is() -> None:
    assert empty_texts({"a": ["x", " "], "b": ["", "y"]}, ["1", "2"]) == Finding(2, ("1", "2"))
    assert empty_texts({}, ["1"]) == Finding()
