"""Rows in memory are found by a name that says what they are, and only while they are held."""

from __future__ import annotations

import pytest

from bertkit.data.dataset import load
from bertkit.data.held import Held, held, lost, rows_named
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from tests.helpers import make

ROWS = [{"text": "a", "label": "x"}, {"text": "b", "label": ""}]
COLUMNS = make("classify", {}).columns


def test_a_name_is_that_of_the_rows_content() -> None:
    one = Held("train", ROWS, "list")
    assert one.name == Held("test", [dict(reversed(row.items())) for row in ROWS], "DataFrame").name
    assert one.name.startswith("memory:2-rows-")
    assert one.name != Held("train", ROWS[::-1], "list").name
    assert str(one) == "memory: 2 rows (list)"


def test_rows_are_read_as_those_of_a_file_with_the_split_as_their_place() -> None:
    one = Held("train", ROWS, "list")
    with held({one.name: one}), pytest.raises(DataError, match=r"^train\[row 2\]  label is missing"):
        load([one.name], COLUMNS, DataBlock())
    with held({one.name: one}):
        table = load([one.name], COLUMNS, DataBlock(bad_rows="skip"))
    assert table["place"] == ["train[row 1]"]


def test_rows_that_are_held_no_more() -> None:
    one, other = Held("train", ROWS, "list"), Held("test", ROWS[:1], "list")
    block = DataBlock(train=[one.name], test=[other.name], validation=["a.csv"])
    with held({one.name: one}):
        with held({other.name: other}):
            assert rows_named(one.name) is one
            assert lost(block) == []
        assert lost(block) == ["test"]
    assert lost(block) == ["train", "test"]
    with pytest.raises(DataError, match=r"memory:2-rows-.*in the memory of the program.*data=\.\.\."):
        load([one.name], COLUMNS, DataBlock())
