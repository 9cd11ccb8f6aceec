"""Rows of an index: types of columns, and documents that can not be used."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.building import add, build
from bertkit.search.index.rows import Documents, _kinds_of, _plain, as_kind
from bertkit.search.index.store import Store
from tests.helpers import write_csv
from tests.search.index.conftest import silent


def test_columns_keep_their_types(tmp_path: Path, model) -> None:
    table = pa.table(
        {
            "id": [1, 2, 3],
            "text": ["the cat", "a dog", "good bye"],
            "score": [1, 2.5, None],
            "day": [datetime.date(2026, 1, 2), None, datetime.date(2026, 3, 4)],
            "tags": [["a", "b"], [], None],
            "more": [{"x": 1}, None, {"x": 2}],
            "fine": [True, False, None],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    address = str(tmp_path / "index")
    some = Documents(str(tmp_path / "a.parquet"), DataBlock())
    build(address, some, model, silent)
    store = Store.open(address)
    row = store.known(["1"])["1"]
    assert (row["score"], row["day"], row["tags"], row["fine"]) == (1.0, datetime.date(2026, 1, 2), ["a", "b"], True)
    assert row["more"] == '{"x": 1}'
    assert len(store.rows("day > date '2026-02-01'")) == 1
    assert len(store.rows("score IS NULL")) == 1
    assert add(address, some, model, silent).known == 3


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([{"id": "a", "text": "x"}, {"id": "a", "text": "y"}], {}, "the id a stands at .*:1 too"),
        ([{"id": "a", "text": "x"}, {"text": "y"}], {}, "1 of 2 documents have no id"),
        ([{"id": "a", "text": "x"}, {"id": "b", "text": " "}], {}, "text.*is empty"),
        ([{"id": "a", "text": "x", "bertkit_row": 1}], {}, "can not have a column called 'bertkit_row'"),
        ([{"id": "a", "text": "x"}], {"title": "titel"}, "--title  titel: the documents have no such column"),
        ([{"id": "a", "text": "x", "b": 1}], {"columns": ("c",)}, "--columns  c: .*no such column"),
    ],
)
def test_documents_that_can_not_be_used(
    rows: list[dict[str, Any]], options: dict[str, Any], said: str, tmp_path: Path, model, documents
) -> None:
    with pytest.raises(DataError, match=said):
        build(str(tmp_path / "index"), documents(rows, "bad.jsonl", **options), model, silent)
    assert not (tmp_path / "index" / "documents.lance").exists()


def test_numbers_of_a_table_are_numbers(tmp_path: Path, model) -> None:
    """Also where some are missing; a text with zeros before it stays one."""
    rows = [
        ("a", "the cat", "2019", "1.5", "007", ""),
        ("b", "a dog", "", "2", "8", ""),
        ("c", "good", "2021", "x", "9", ""),
    ]
    file = write_csv(tmp_path / "a.csv", ("id", "text", "year", "mixed", "code", "none"), rows)
    address = str(tmp_path / "index")
    some = Documents(str(file), DataBlock())
    build(address, some, model, silent)
    store = Store.open(address)
    assert len(store.rows("year >= 2020")) == 1
    assert len(store.rows("year IS NULL")) == 1
    assert store.known(["a"])["a"] == {
        "id": "a",
        "text": "the cat",
        "year": 2019,
        "mixed": "1.5",
        "code": "007",
        "none": "",
        "bertkit_row": int(store.rows()[0]),
    }
    assert add(address, some, model, silent).known == 3
    wrong = write_csv(tmp_path / "b.csv", ("id", "text", "year"), [("d", "x", "2020"), ("e", "y", "soon")])
    with pytest.raises(DataError, match="document e: its year 'soon' is not int64"):
        add(address, Documents(str(wrong), DataBlock()), model, silent)
    assert Store.open(address).count() == 3


def test_values_that_no_two_readings_agree_on(tmp_path: Path, model) -> None:
    zone = datetime.timezone(datetime.timedelta(hours=1))
    table = pa.table(
        {
            "id": ["a"],
            "text": ["the cat"],
            "x": [float("nan")],
            "when": pa.array([datetime.datetime(2026, 3, 5, 1, tzinfo=zone)]),
            "price": pa.array([decimal.Decimal("1.50")]),
            "much": pa.array([2**63], pa.uint64()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    address = str(tmp_path / "index")
    some = Documents(str(tmp_path / "a.parquet"), DataBlock())
    build(address, some, model, silent)
    row = Store.open(address).known(["a"])["a"]
    assert (row["x"], row["when"], row["price"]) == (None, datetime.datetime(2026, 3, 5), 1.5)
    assert row["much"] == str(2**63)
    assert add(address, some, model, silent).known == 1


@pytest.mark.parametrize("name", ["a.b", "_rowid", "_Distance", "", "a`b", "Bertkit_Row", 'a"b'])
def test_names_that_a_table_can_not_have(name: str, tmp_path: Path, model, documents) -> None:
    with pytest.raises(DataError, match="an index can not have a column called"):
        build(str(tmp_path / "index"), documents([{"id": "a", "text": "x", name: 1}], "n.jsonl"), model, silent)


def test_a_second_column_of_the_text_or_the_id(tmp_path: Path, model, documents) -> None:
    rows = [{"key": "a", "body": "the cat", "id": "z", "n": 1}]
    mapping = {"text": "body", "id": "key"}
    with pytest.raises(DataError, match="has a further column called id"):
        build(str(tmp_path / "index"), documents(rows, "c.jsonl", mapping=mapping), model, silent)
    some = documents(rows, "c.jsonl", mapping=mapping, columns=("n",))
    build(str(tmp_path / "index"), some, model, silent)
    assert Store.open(str(tmp_path / "index")).columns == ["id", "text", "n"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1790000000000000001", int), ("9223372036854775807", int), ("9223372036854775808", str),
        ("12345678901234567890123", str), ("1.5", float), ("2e3", float), ("007", str), ("nan", str),
    ],
)  # fmt: skip
def test_numbers_of_tables_keep_their_digits(value: str, kind: type) -> None:
    assert _kinds_of(value, as_text=True) == {kind}


def test_texts_in_a_column_of_numbers() -> None:
    assert as_kind(" 12 ", pa.int64()) == 12
    assert as_kind("1.5", pa.float64()) == 1.5
    assert as_kind("3", pa.float64()) == 3.0
    for text, of in (("02139", pa.int64()), ("1.5", pa.int64()), ("nan", pa.float64()), ("1_0", pa.int64())):
        with pytest.raises(ValueError, match="is no number"):
            as_kind(text, of)


def test_times_of_pandas_and_dates_among_texts() -> None:
    time = pd.Timestamp("2024-05-06 07:08:09.123456789")
    assert _plain(time) == datetime.datetime(2024, 5, 6, 7, 8, 9, 123456)
    assert type(_plain(time)) is datetime.datetime
    assert as_kind(datetime.date(2020, 1, 1), pa.string()) == "2020-01-01"
