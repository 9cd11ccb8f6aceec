"""Rows of an index: types of columns, and documents that can not be used."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bertkit.errors import DataError
from bertkit.recipe.schema import DataBlock
from bertkit.search.index.building import add, build
from bertkit.search.index.rows import Documents
from bertkit.search.index.store import Store
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
        ([{"id": "a", "text": "x", "bertkit_row": 1}], {}, "a column is called bertkit_row"),
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
