from __future__ import annotations

import logging

import pytest

from bertkit.data.read.readers import read_records
from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock


def rows(path: str, **options: object) -> list[dict[str, str]]:
    return [record.values for record in read_records([path], DataBlock(**options))]


def message(path: str, **options: object) -> str:
    with pytest.raises(DataError) as caught:
        rows(path, **options)
    return str(caught.value)


def test_without_a_header_columns_are_called_by_their_numbers(write):
    path = write("a.tsv", "one\tx\ntwo\ty\n")
    assert rows(path, header=False) == [{"1": "one", "2": "x"}, {"1": "two", "2": "y"}]


def test_a_first_row_of_another_length_does_not_decide_on_the_columns(write):
    path = write("a.tsv", "a\tx\tmore\nb\ty\nc\tz\n")
    assert message(path, header=False).startswith("a.tsv:1  wrong number of fields: 3, expected 2 (1, 2)")
    assert rows(path, header=False, extra_columns="ignore")[0] == {"1": "a", "2": "x"}


def test_empty_last_columns_are_dropped_and_logged(write, caplog):
    path = write("a.csv", "text;label;;\na;x;;\nb;y;;\n")
    with caplog.at_level(logging.INFO, "bertkit"):
        assert rows(path, delimiter=";") == [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    assert caplog.messages == ["a.csv:1: the last 2 columns have no name; rows must have no value there"]
    assert rows(write("b.csv", "a;x;;\n"), delimiter=";", header=["text", "label"]) == [{"text": "a", "label": "x"}]


def test_a_value_in_a_column_without_a_name_is_not_dropped(write):
    path = write("a.csv", "text,label,\na,x,\nb,y,z\nc\n")
    assert message(path).split("\n") == [
        "a.csv:3  a value in a column that has no name: z; name it in the header; to leave it out: "
        "--set data.extra_columns=ignore",
        "a.csv:4  wrong number of fields: 1, expected 2 (text, label); quote a text that holds a newline",
    ]
    assert rows(path, bad_rows="skip") == [{"text": "a", "label": "x"}]


def test_extra_columns_are_left_out_or_joined_and_counted(write, caplog):
    path = write("a.tsv", "label\ttext\nx\ta\ny\tb\tc\td\nz\n")
    found = message(path).split("\n")
    assert found[0] == (
        "a.tsv:3  wrong number of fields: 4, expected 2 (label, text); does the last text hold the delimiter? then set "
        "data.extra_columns=join; to leave out the last fields: --set data.extra_columns=ignore"
    )
    assert message(path, extra_columns="ignore").startswith("a.tsv:4  wrong number of fields: 1")
    caplog.clear()
    assert rows(path, extra_columns="ignore", bad_rows="skip")[1] == {"label": "y", "text": "b"}
    assert rows(path, extra_columns="join", bad_rows="skip")[1] == {"label": "y", "text": "b\tc\td"}
    assert [line for line in caplog.messages if "more fields" in line] == [
        "rows with more fields than columns, the last ones left out: 1 (a.tsv:3)",
        "rows with more fields than columns, joined to the last column: 1 (a.tsv:3)",
    ]


def test_a_first_row_may_have_extra_columns_beside_a_given_header(write):
    path = write("a.csv", "a,x,1\nb,y\n")
    assert rows(path, header=["text", "label"], extra_columns="ignore")[0] == {"text": "a", "label": "x"}
    assert "name 3 columns: --set 'data.header=[text,label,column3]'" in message(path, header=["text", "label"])
